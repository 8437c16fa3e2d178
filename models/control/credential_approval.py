# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Secrets of a connection that books real events change with a second person; a leaked one is ended at once.

Whoever knows an inbound secret can send events that are booked, whoever sets one can do so, too. What is typed is
encrypted at once and kept apart; it becomes the secret at the approval, and until then the old one stays.
"""

import hashlib
import json

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import NO_ACCESS

from ..messaging import key_ring

# What decides which secret counts; ``reference`` is where a secret is kept outside, for versions that know it.
SECRET_FIELDS = ("value", "reference")
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
            shown.append({name: value for name, value in vals.items() if name not in secret})
        credentials = super().create(shown)
        for credential, secret in zip(credentials, kept, strict=True):
            if secret:
                credential._propose(secret)
        return credentials

    def write(self, vals):
        if self._may_set_secret() or not self._touches_validity(vals):
            return super().write(vals)
        guarded = self.filtered(lambda credential: credential.sudo().connection_id._secrets_need_approval())
        if not guarded:
            return super().write(vals)
        if {"connection_id", "purpose"} & vals.keys():
            raise UserError(
                self.env._("A secret stays with its connection and purpose. Add a new one and end this one.")
            )
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
        return bool(self.ciphertext or ("reference" in self._fields and self.reference))

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

    def _propose(self, secret):
        """Keep a typed secret encrypted and apart, and ask another person to let it become valid.

        :param secret: what was typed: ``value``, or ``reference`` for one that is kept outside.
        :raises UserError: no reason is given, or another change of this secret waits already.
        """
        self.ensure_one()
        text = next(iter(secret.values()), "").strip()
        if not text:
            raise UserError(self.env._("A secret cannot be empty. To stop using it, end it."))
        if not (self.pending_reason or "").strip():
            raise UserError(
                self.env._(
                    "This connection books real events: another person decides about its secrets. Say why in the "
                    "column “Why”."
                )
            )
        kept = key_ring.encrypt(json.dumps(secret))
        hint = f"…{text[-4:]}" if len(text) >= 16 else "…"
        self.sudo()._write_approved({"pending_ciphertext": kept, "pending_hint": hint})
        words = dict(self._fields["purpose"]._description_selection(self.env))
        self.env["integration.change.request"]._ask(
            self,
            f"{self.connection_id.display_name}: {words.get(self.purpose, self.purpose)}",
            {"pending": _digest(kept)},
            self.pending_reason,
            kind="credential",
            company=self.connection_id.company_id,
            barred=self.create_uid - self.env.ref("base.user_root"),
        )
        self.env["integration.audit.leaf"]._record_change(self.connection_id, "credential.propose")

    def _approval_preview(self, _values):
        """Return which secret would take the place of which; the secrets themselves are never shown."""
        words = dict(self._fields["purpose"]._description_selection(self.env))
        return {
            "rows": [
                {"field": "connection_id", "before": "", "after": self.connection_id.name},
                {"field": "purpose", "before": "", "after": words.get(self.purpose, self.purpose)},
                {"field": "hint", "before": self.hint or "", "after": self.pending_hint or ""},
                {"field": "valid_until", "before": "", "after": str(self.valid_until or "")},
            ],
            "digest": f"{_digest(self.ciphertext)} {_digest(self.pending_ciphertext)}",
        }

    def _carry_out(self, request):
        """Let the approved secret become valid; called by integration.change.request."""
        self.ensure_one()
        kept = self.pending_ciphertext
        approved = request.state == "approved" and request.approver_id != request.requester_id
        about = (request.res_model, request.res_id) == (self._name, self.id)
        if not (kept and approved and about and request.values.get("pending") == _digest(kept)):
            raise UserError(self.env._("This approval is not one of this secret."))
        secret = json.loads(key_ring.decrypt(kept))
        self._write_approved(
            {**secret, "pending_ciphertext": False, "pending_hint": False, "pending_reason": False}
        )
        self.env.registry.clear_cache()

    def _approval_ended(self, _request):
        self._write_approved({"pending_ciphertext": False, "pending_hint": False})


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
    return hashlib.sha256((text or "").encode()).hexdigest()
