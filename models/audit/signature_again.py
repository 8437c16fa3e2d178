# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Years later: does the signature still hold over the bytes that are kept, with the secret that was valid then?"""

from datetime import timedelta, timezone

from odoo import models
from odoo.tools.translate import LazyTranslate

from ...engine.canonical_json import digest
from ...engine.errors import AuthorizationError, IntegrationError
from ...engine.signatures import SignedRequest, get_scheme

_lt = LazyTranslate(__name__)

# Between signing and storing lie the sender's repetitions and the waiting of the request.
SLACK_SECONDS = 60
SLACK = timedelta(seconds=SLACK_SECONDS)
OUTCOMES = {
    "holds": _lt(
        "The signature holds: these are the bytes that were signed, with a secret that was valid then."
    ),
    "broken": _lt("The signature does not hold over the bytes that are kept."),
    "changed": _lt("The bytes that are kept are not those that came in: they have another digest."),
    "secret_gone": _lt("The secret that was valid then is not here any more, so nothing can be said."),
    "secret_locked": _lt("The secret that was valid then is here, but this server has no key that opens it."),
    "content_locked": _lt("Its content is here, but this server has no key that opens it."),
    "unsigned": _lt("It was not signed: it was fetched from the source, read from a file or made here."),
    "proof_not_kept": _lt(
        "Who sent it was proved by a password or a client certificate; such a proof is never stored, so nothing can be "
        "said now."
    ),
    "certificate_gone": _lt(
        "It was signed with a certificate of the provider that is not kept here, so nothing can be said now."
    ),
    "content_gone": _lt("Its content is not kept any more; the digest in the audit trail is what is left."),
}


class IntegrationMessage(models.Model):
    _inherit = "integration.message"

    def action_verify_signature(self):
        """Button: verify the signature of this event again, say what came out, and write down that it was done."""
        self.ensure_one()
        self.check_access("read")
        outcome = self.sudo()._signature_again()
        self.env["integration.audit.leaf"].sudo()._record_messages(self, "payload.verify", outcome)
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {
                "type": {"holds": "success", "broken": "danger", "changed": "danger"}.get(outcome, "warning"),
                "message": self.env._(OUTCOMES[outcome]),  # pylint: disable=translation-not-lazy
                "sticky": True,
                "next": {"type": "ir.actions.client", "tag": "soft_reload"},
            },
        }

    def _signature_again(self):
        """Return a key of OUTCOMES."""
        self.ensure_one()
        if self.direction != "in" or self.origin != "push":
            return "unsigned"
        try:
            raw, headers = self._kept_content()
        except IntegrationError as error:
            return _why_not_opened(error)
        if not raw:
            return "content_gone"
        if digest(raw) != self.body_digest:
            return "changed"
        if self.batch_id.signed_headers:
            body, headers = self.batch_id._signed_body(), self.batch_id.signed_headers
            if raw not in body.split(b"\n"):
                return "changed" if body else "content_gone"
            raw = body
        return self._judge_signature(raw, headers) if headers else self._without_headers()

    def _without_headers(self):
        """Return what can be said of an event with which no header is kept."""
        keeps = any(get_scheme(code).kept_headers for code in self._schemes())
        return "unsigned" if keeps else "proof_not_kept"

    def _schemes(self):
        """Return the codes of the schemes by which the source may have signed this event, sorted."""
        return sorted({self.endpoint_id.scheme, *self.connection_id._spec().signature_schemes} - {False})

    def _certificate_hosts(self):
        return tuple((self.connection_id.allowed_hosts or "").split())

    def _kept_content(self):
        """Return (bytes, headers) as they came in, also from an archive."""
        payload = self.env["integration.payload"].search([("message_id", "=", self.id)], limit=1)
        raw = payload._raw_by_message(self.ids).get(self.id, b"")
        if payload:
            return raw, payload.headers or {}
        kept = self.archive_id._content_of(self.ids).get(self.id) if self.archive_id else None
        return raw, (kept and kept.headers) or {}

    def _judge_signature(self, raw, headers):
        received = self.received_at.replace(tzinfo=timezone.utc)
        secrets, locked = [], False
        for credential in self.connection_id.credential_ids:
            if credential.purpose != "inbound_signature" or not credential.ciphertext:
                continue
            if credential.secret_set_at and credential.secret_set_at > self.received_at + SLACK:
                continue  # entered later, in the place of another one
            try:
                secrets.append(credential._as_secret())
            except AuthorizationError:
                locked = True
        secrets = [
            secret for secret in secrets if secret.valid_at(received) or secret.valid_at(received - SLACK)
        ]
        if not secrets:
            return "secret_locked" if locked else "secret_gone"
        request = SignedRequest("POST", self.endpoint_id.url or "", list(headers.items()), raw)
        tolerance = self.connection_id._spec().clock_tolerance_seconds + SLACK_SECONDS
        for scheme in self._schemes():
            for secret in secrets:
                moment = received if secret.valid_at(received) else received - SLACK
                try:
                    if get_scheme(scheme).certificate_url(request, self._certificate_hosts()):
                        return "certificate_gone"
                    get_scheme(scheme).verify(request, [secret], moment, tolerance)
                except AuthorizationError:
                    continue
                return "holds"
        return "secret_locked" if locked else "broken"


def _why_not_opened(error):
    if not isinstance(error, AuthorizationError):
        return "content_gone"  # erased, or in an archive that is damaged
    # It is encrypted: it was altered, or its key is missing.
    return "changed" if error.detail == "InvalidTag" else "content_locked"
