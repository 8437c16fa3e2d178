# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Secrets of a connection that books real events change with a second person; a leaked one is ended at once.

Whoever knows an inbound secret can send events that are booked, whoever sets one can do so, too. What is typed is
encrypted at once and kept apart; it becomes the secret at the approval, and until then the old one stays.
"""

import hashlib
import json
import secrets
from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import NO_ACCESS

from ...engine import secret_reference
from ...engine.errors import IntegrationError
from ..messaging import key_ring
from ..messaging.credential import MAX_SECRET_CHARS
from ..messaging.error_words import in_words

# What decides which secret counts; ``reference`` is where a secret is kept outside, ``refresh_value`` a permission.
SECRET_FIELDS = ("value", "reference", "refresh_value")
# Where a secret is sent and as whom: whoever changes that has the secret sent to themselves.
USED_AT_FIELDS = (
    "kind", "client_id", "token_url", "scope", "audience", "subject", "jwt_key_id", "client_in_body",
)  # fmt: skip
# Only the holder of this object may set a secret without being asked.
_KEY = object()


class IntegrationCredential(models.Model):
    _inherit = "integration.credential"

    pending_ciphertext = fields.Char(groups=NO_ACCESS, copy=False)
    pending_hint = fields.Char(readonly=True, copy=False, string="Waits for approval")
    pending_reason = fields.Char(
        string="Why",
        copy=False,
        help="Why the secret is set or changed. Of a connection in production, another person decides about it.",
    )
    needs_approval = fields.Boolean(compute="_compute_needs_approval", string="Needs a second person")

    @api.depends("connection_id.environment", "connection_id.state", "connection_id.flow_ids.approved_by_id")
    def _compute_needs_approval(self):
        for credential in self:
            connection = credential.connection_id
            credential.needs_approval = bool(connection) and connection._secrets_need_approval()

    # -- guard -------------------------------------------------------------------------------------------------

    def _may_set_secret(self):
        return self.env.context.get("integration_credential_approval") is _KEY

    def _write_approved(self, values):
        """Write what only an approval, the end of a secret or a proposal may write."""
        return self.with_context(integration_credential_approval=_KEY).write(values)

    @api.model_create_multi
    def create(self, vals_list):
        if self._may_set_secret():
            return super().create(vals_list)
        Connection = self.env["integration.connection"]
        kept, shown = [], []
        for vals in vals_list:
            connection = Connection.browse(vals.get("connection_id")).sudo().exists()
            guarded = connection and connection._secrets_need_approval()
            secret = {name: vals[name] for name in SECRET_FIELDS if guarded and vals.get(name)}
            kept.append(secret)
            # A form sends the empty one of the two along.
            hidden = SECRET_FIELDS if secret else ()
            shown.append({name: value for name, value in vals.items() if name not in hidden})
        credentials = super().create(shown)
        for credential, secret in zip(credentials, kept, strict=True):
            if secret:
                credential._propose(secret)
        return credentials

    def write(self, vals):
        if self._may_set_secret():
            return super().write(vals)
        self._check_used_at(vals)
        if not self._touches_validity(vals):
            return super().write(vals)
        guarded = self.filtered(lambda credential: credential.sudo().connection_id._secrets_need_approval())
        if not guarded:
            return super().write(vals)
        if {"connection_id", "purpose"} & vals.keys():
            raise UserError(
                self.env._("A secret stays with its connection and purpose. Add a new one and end this one.")
            )
        if "reference" in vals and not vals["reference"] and guarded.filtered("reference"):
            raise UserError(self.env._("A secret cannot be empty. To stop using it, end it."))
        if self - guarded:
            super(IntegrationCredential, self - guarded).write(vals)
        secret = {name: vals[name] for name in SECRET_FIELDS if vals.get(name)}
        rest = {name: value for name, value in vals.items() if name not in SECRET_FIELDS}
        for credential in guarded:
            credential._check_validity(rest)
        result = super(IntegrationCredential, guarded).write(rest) if rest else True
        if secret:
            for credential in guarded:
                credential._propose(secret)
        return result

    @api.model
    def _touches_validity(self, vals):
        names = {*SECRET_FIELDS, "connection_id", "purpose", "valid_from", "valid_until"}
        return bool(names & vals.keys())

    def _check_used_at(self, vals):
        """Refuse to send a secret that was approved, or that waits, to another place or under another name.

        :raises UserError: it would.
        """
        names = [name for name in USED_AT_FIELDS if name in vals]
        for credential in self if names else self.browse():
            own = credential.sudo()
            guarded = own.connection_id._secrets_need_approval()
            if not guarded or not (own._has_secret() or own.pending_ciphertext):
                continue
            if changed := [name for name in names if (own[name] or False) != (vals[name] or False)]:
                labels = ", ".join(self._fields[name]._description_string(self.env) for name in changed)
                raise UserError(
                    self.env._(
                        "This connection books real events: where its secret is used, and as whom, does not change "
                        "(%s). Add a new one with these values; another person decides about it. Then end this one.",
                        labels,
                    )
                )

    def _check_validity(self, vals):
        """Refuse to let a secret be valid for longer; an earlier end is everybody's who sets up, at once."""
        if "valid_until" in vals:
            wanted = fields.Datetime.to_datetime(vals["valid_until"]) or None
            before = self.valid_until or None
            longer = before is not None and (wanted is None or wanted > before)
            if longer and self.sudo()._has_secret():
                raise UserError(
                    self.env._(
                        "A secret that ends is not made valid for longer. Enter it as a new one: another person "
                        "decides about it."
                    )
                )
            if wanted != before:
                self._record_end(wanted)
        if "valid_from" in vals and self.sudo()._has_secret():
            wanted = fields.Datetime.to_datetime(vals["valid_from"])
            if wanted and wanted < self.valid_from:
                raise UserError(self.env._("A secret does not become valid earlier than it was entered for."))

    def _has_secret(self):
        return bool(self.ciphertext or self.reference)

    def _record_end(self, until):
        self.env["integration.audit.leaf"]._record_change(
            self.connection_id, "credential.end", f"{self.display_name}: {until or ''}"
        )

    @api.ondelete(at_uninstall=False)
    def _record_removal(self):
        for credential in self.filtered("needs_approval"):
            self.env["integration.audit.leaf"]._record_change(
                credential.connection_id, "credential.remove", credential.display_name
            )

    def action_end_now(self):
        """Button: a leaked secret is no longer valid from this moment on. Nobody has to agree."""
        for credential in self:
            credential.check_access("write")
            now = fields.Datetime.now()
            credential._write_approved({"valid_until": now})
            credential._record_end(now)

    # -- asking ------------------------------------------------------------------------------------------------

    def _propose(self, secret, follows=None, overlap_days=0):
        """Keep a typed secret encrypted and apart, and ask another person to let it become valid.

        :param secret: what was typed: ``value``, or ``reference`` for one that is kept outside.
        :param follows: the secret after which this one comes; it ends ``overlap_days`` after the approval.
        :raises UserError: no reason is given, or another change of this secret waits already.
        """
        self.ensure_one()
        typed = {name: text.strip() for name, text in secret.items() if text.strip()}
        if not typed:
            raise UserError(self.env._("A secret cannot be empty. To stop using it, end it."))
        if not (self.pending_reason or "").strip():
            raise UserError(
                self.env._(
                    "This connection books real events: another person decides about its secrets. Say why in the "
                    "column “Why”."
                )
            )
        typed = self._moved_reference(typed)
        self._check_typed(typed)
        # What is random in it lets its digest stand in the request, telling nothing, whichever key encrypts it.
        kept = key_ring.encrypt(json.dumps({**typed, "salt": secrets.token_hex(16)}))
        self.sudo()._write_approved(
            {"pending_ciphertext": kept, "pending_hint": _hint(typed), **self._under_newest_key()}
        )
        words = dict(self._fields["purpose"]._description_selection(self.env))
        ends = {"ends": follows.id, "overlap_days": overlap_days} if follows else {}
        self.env["integration.change.request"]._ask(
            self,
            f"{self.connection_id.display_name}: {words.get(self.purpose, self.purpose)}",
            {"pending": self._pending_digest(), **ends},
            self.pending_reason,
            kind="credential",
            company=self.connection_id.company_id,
            barred=self.create_uid - self.env.ref("base.user_root"),
        )
        self.env["integration.audit.leaf"]._record_change(self.connection_id, "credential.propose")

    def _check_typed(self, typed):
        """Refuse what could never be used, while the person who enters it is still there."""
        if any(len(text) > MAX_SECRET_CHARS for text in typed.values()):
            raise UserError(self.env._("This is too long for a secret."))
        try:
            if typed.get("reference"):
                secret_reference.parse(typed["reference"])
            if typed.get("value"):
                self._check_form(typed["value"])
        except IntegrationError as error:
            raise UserError(in_words(self.env, error, error.detail)) from error

    def _under_newest_key(self):
        """Return what encrypts the secret in use with the key of the new one: a row is of one key (C2)."""
        newest, old = key_ring.newest(), self.sudo()
        if not old.ciphertext or old.key_fingerprint == newest:
            return {"key_fingerprint": newest}
        try:
            return {
                "ciphertext": key_ring.encrypt(key_ring.decrypt(old.ciphertext)),
                "key_fingerprint": newest,
            }
        except IntegrationError:  # no key of this server opens it: its key stays named
            return {}

    def _pending_digest(self):
        """Return the digest of what waits; empty where nothing does or nobody can read it."""
        kept = self.sudo().pending_ciphertext
        try:
            return _digest(key_ring.decrypt(kept)) if kept else ""
        except IntegrationError:
            return ""

    def _approval_preview(self, values):
        """Return which secret would take the place of which; the secrets themselves are never shown."""
        words = dict(self._fields["purpose"]._description_selection(self.env))
        follows = self.browse(values.get("ends")).exists()
        return {
            "rows": [
                {"field": "connection_id", "before": "", "after": self.connection_id.name},
                {"field": "purpose", "before": "", "after": words.get(self.purpose, self.purpose)},
                {"field": "hint", "before": self.hint or "", "after": self.pending_hint or ""},
                {"field": "valid_until", "before": "", "after": str(self.valid_until or "")},
                *self._used_at_rows(),
                *(
                    {
                        "field": "valid_until",
                        "label": self.env._("End of “%s”", old.display_name),
                        "before": str(old.valid_until or ""),
                        "after": self.env._("%s days after the approval", values.get("overlap_days", 0)),
                    }
                    for old in follows
                ),
            ],
            # Not the ciphertexts: they are encrypted anew while this waits (C2).
            "digest": f"{self.secret_set_at} {self.hint} {self.reference} {self._pending_digest()}",
        }

    def _used_at_rows(self):
        """Return where the secret would be used and as whom: the approver decides about that as well."""
        texts = self.env["integration.change.request"]
        return [
            {"field": name, "before": "", "after": texts._text(self, name, self[name])}
            for name in USED_AT_FIELDS
            if self[name]
        ]

    def _carry_out(self, request):
        """Let the approved secret become valid; called by integration.change.request."""
        self.ensure_one()
        kept = self.pending_ciphertext
        digest = self._pending_digest()
        if not (kept and request._approves(self) and digest and request.values.get("pending") == digest):
            raise UserError(self.env._("This approval is not one of this secret."))
        secret = json.loads(key_ring.decrypt(kept))
        secret = {name: secret[name] for name in SECRET_FIELDS if name in secret}
        self._write_approved(
            {**secret, "pending_ciphertext": False, "pending_hint": False, "pending_reason": False}
        )
        self._end_followed(request.values)
        self.env.registry.clear_cache()

    def _end_followed(self, values):
        """Let the secret end after which the approved one comes, as the request says."""
        for old in self.browse(values.get("ends")).exists():
            days = values.get("overlap_days", 0)
            until = fields.Datetime.now() + timedelta(days=days)
            if not old.valid_until or old.valid_until > until:
                old._write_approved({"valid_until": until})
            self.env["integration.audit.leaf"]._record_change(
                old, "credential.roll", f"overlap {days} days, followed by {self.id}"
            )

    def _approval_ended(self, _request):
        ended = {"pending_ciphertext": False, "pending_hint": False}
        for credential in self.sudo():
            unused = {} if credential.ciphertext else {"key_fingerprint": False}
            credential._write_approved({**ended, **unused})


class IntegrationConnection(models.Model):
    _inherit = "integration.connection"

    secrets_need_approval = fields.Boolean(compute="_compute_secrets_need_approval")

    @api.depends("environment", "state", "flow_ids.approved_by_id")
    def _compute_secrets_need_approval(self):
        for connection in self:
            connection.secrets_need_approval = connection._secrets_need_approval()

    def _secrets_need_approval(self):
        """Whether this connection books real events, or did: neither a pause nor another environment changes that."""
        self.ensure_one()
        in_use = self.environment == "production" and self.state != "draft"
        return in_use or bool(self.flow_ids.approved_by_id)


def _digest(text):
    return hashlib.sha256(text.encode()).hexdigest()


def _hint(typed):
    """Return what tells the typed secret apart, as it is shown of one that is in use."""
    if reference := typed.get("reference"):
        return f"{reference.partition(':')[0]}:…"
    text = typed.get("value") or typed.get("refresh_value")
    return f"…{text[-4:]}" if len(text) >= 16 and "-----" not in text else "…"
