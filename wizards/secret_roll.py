# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import format_datetime

DEFAULT_OVERLAP_DAYS = 7


class IntegrationSecretRoll(models.TransientModel):
    """The dialog in which a secret is followed by a new one; both are valid for a while.

    A new secret never reaches a column of this table: what is typed goes on encrypted, what is made here is shown once.
    """

    _name = "integration.secret.roll"
    _description = "Change of a secret"

    credential_id = fields.Many2one("integration.credential", required=True, readonly=True)
    company_id = fields.Many2one(related="credential_id.company_id")
    old_hint = fields.Char(related="credential_id.hint", string="Old secret")
    last_seen_at = fields.Datetime(related="credential_id.last_seen_at")
    purpose = fields.Selection(related="credential_id.purpose")
    can_generate = fields.Boolean(compute="_compute_can_generate")
    made_by = fields.Selection(
        [
            ("hub", "Make a new one here and show it once"),
            ("outside", "I have a new one from the other system"),
        ],
        string="New secret",
        compute="_compute_made_by",
        store=True,
        precompute=True,
        readonly=False,
        required=True,
    )
    value = fields.Char(
        string="The new secret",
        compute="_compute_value",
        inverse="_inverse_value",
        help="Write-only, or where it is kept: env:FINANCE_SECRET_NAME, file:root/name, vault:mount/path#field.",
    )
    overlap_days = fields.Integer(
        string="Accept the old one for (days)",
        default=DEFAULT_OVERLAP_DAYS,
        help="Until then both are valid. 0 = the old one ends at once: for a secret that got into wrong hands.",
    )
    needs_approval = fields.Boolean(related="credential_id.needs_approval")
    reason = fields.Char(
        string="Why", help="This connection books real events: another person decides about its secrets."
    )
    shown_once = fields.Char(compute="_compute_shown_once", string="Copy it now; it is never shown again")
    new_credential_id = fields.Many2one("integration.credential", readonly=True)

    @api.depends("credential_id")
    def _compute_can_generate(self):
        for wizard in self:
            wizard.can_generate = bool(wizard.credential_id) and bool(wizard.credential_id._can_generate())

    @api.depends("can_generate")
    def _compute_made_by(self):
        for wizard in self:
            wizard.made_by = "hub" if wizard.can_generate else "outside"

    def _compute_value(self):
        for wizard in self:
            wizard.value = False

    def _inverse_value(self):
        """What was typed becomes the new secret at once: it is kept nowhere else."""
        for wizard in self:
            if text := (wizard.value or "").strip():
                wizard._become(text)

    @api.depends_context("integration_shown_secret")
    def _compute_shown_once(self):
        for wizard in self:
            wizard.shown_once = self.env.context.get("integration_shown_secret", False)

    def _become(self, text):
        self.credential_id._check_administrator()
        if self.new_credential_id:
            raise UserError(self.env._("This secret was rolled already."))
        self.new_credential_id = self.credential_id._roll(text, self.overlap_days, self.reason)

    def action_roll(self):
        """Button: make the change; a secret that was made here is shown once."""
        self.ensure_one()
        self.credential_id._check_administrator()
        if self.made_by == "hub":
            scheme = self.credential_id._can_generate()
            if not scheme:
                raise UserError(self.env._("The other system makes this secret. Enter what it shows."))
            secret = scheme.generate_secret()
            self._become(secret)
            return {
                "type": "ir.actions.act_window",
                "name": self.env._("The new secret"),
                "res_model": self._name,
                "res_id": self.id,
                "views": [(self.env.ref("finance_integration.secret_roll_view_shown").id, "form")],
                "target": "new",
                "context": {"integration_shown_secret": secret},
            }
        if not self.new_credential_id:
            raise UserError(self.env._("Enter the new secret."))
        if self.needs_approval:
            message = self.env._(
                "The new secret is used when another person has approved it; the old one until then."
            )
        else:
            until = format_datetime(self.env, self.credential_id.valid_until)
            message = self.env._("The new secret is in use; the old one is accepted until %s.", until)
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {
                "message": message,
                "type": "success",
                "sticky": False,
                "next": {"type": "ir.actions.act_window_close"},
            },
        }
