# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL


class IntegrationAuditVerify(models.TransientModel):
    """The dialog in which a person says which part of the audit trail is verified."""

    _name = "integration.audit.verify"
    _description = "Verify the audit trail"

    scope = fields.Selection(
        [("all", "Everything"), ("period", "What was recorded in a period"), ("seals", "From seal to seal")],
        required=True,
        default="all",
        string="What",
    )
    from_date = fields.Date(string="From day")
    to_date = fields.Date(string="To day", help="This day included.")
    from_number = fields.Integer(string="From seal", default=1)
    to_number = fields.Integer(string="To seal", default=lambda self: self._newest())
    newest_number = fields.Integer(default=lambda self: self._newest(), readonly=True)

    @api.model
    def _newest(self):
        newest = self.env["integration.audit.seal"]._last_row()
        return newest["number"] if newest else 0

    def action_verify(self):
        """Button: verify, and open what was found."""
        self.ensure_one()
        verifications = self.env["integration.audit.verification"]
        if self.scope == "all":
            return verifications._start()._open()
        if self.scope == "period":
            first, last = self._seals_of_period()
        else:
            first, last = self.from_number, self.to_number
        if not 1 <= first <= last or last > self._newest():
            raise UserError(
                self.env._("There are seals 1 to %s; choose two of them in order.", self._newest())
            )
        return verifications._start(first, last)._open()

    def _seals_of_period(self):
        """Return the first and the last seal over entries that were recorded in the period (days in UTC)."""
        if not self.from_date or not self.to_date or self.from_date > self.to_date:
            raise UserError(self.env._("Say from which day to which day."))
        self.env.cr.execute(
            SQL(
                "SELECT min(id), max(id) FROM integration_audit_leaf WHERE recorded_at >= %s AND recorded_at < %s",
                self.from_date,
                fields.Date.add(self.to_date, days=1),
            )
        )
        first, last = self.env.cr.fetchone()
        if first is None:
            raise UserError(self.env._("Nothing was recorded in this period."))
        numbers = self.env["integration.audit.seal"]._numbers_covering(first, last)
        if not numbers[0]:
            raise UserError(
                self.env._("What was recorded in this period is not sealed yet. Press “Seal now” first.")
            )
        return numbers


class IntegrationAuditSealNow(models.TransientModel):
    """The dialog from which a person seals now, or says that the database was restored."""

    _name = "integration.audit.seal.now"
    _description = "Seal the audit trail"

    unsealed_count = fields.Integer(compute="_compute_unsealed", string="Entries without a seal")
    last_number = fields.Integer(compute="_compute_unsealed", string="Newest seal")
    needs_decision = fields.Boolean(compute="_compute_unsealed")
    reason = fields.Text()

    def _compute_unsealed(self):
        newest = self.env["integration.audit.seal"]._last_row()
        self.env.cr.execute(
            SQL(
                "SELECT count(*) FROM integration_audit_leaf WHERE id > %s",
                newest["last_id"] if newest else 0,
            )
        )
        [count] = self.env.cr.fetchone()
        differs = (
            self.env["integration.exception"]
            .sudo()
            .search_count([("code", "=", "seal_heads_differ"), ("state", "=", "open")], limit=1)
        )
        for dialog in self:
            dialog.unsealed_count = count
            dialog.last_number = newest["number"] if newest else 0
            dialog.needs_decision = bool(differs)

    def action_seal(self):
        """Button: seal what was recorded up to now."""
        self.check_access("write")
        made = self.env["integration.audit.sealer"].sudo()._run_and_tell()
        if made:
            return self._say("success", self.env._("%s new seals.", made))
        if made is None:
            return self._say("danger", self.env._("Nothing was sealed: see the exceptions."))
        return self._say(
            "info",
            self.env._(
                "There was nothing to seal, or entries are just being written. Try again in a minute."
            ),
        )

    def action_go_on(self):
        """Button: the database was restored on purpose; seal on under a new name."""
        self.check_access("write")
        if not self.env.user.has_group("finance_integration.group_administrator"):
            raise UserError(self.env._("Only an integration administrator may say so."))
        self.env["integration.audit.sealer"]._go_on_after_restore(self.reason)
        return self._say(
            "success", self.env._("Noted. What is recorded from now on is sealed under a new name.")
        )

    def _say(self, kind, message):
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {
                "type": kind,
                "message": message,
                "next": {"type": "ir.actions.client", "tag": "soft_reload"},
            },
        }
