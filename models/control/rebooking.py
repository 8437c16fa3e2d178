# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""The button with which an approver lets a changed journal entry be reversed and booked anew (policy P4)."""

from odoo import api, models
from odoo.exceptions import AccessError, UserError


class IntegrationException(models.Model):
    _inherit = "integration.exception"

    @api.depends("code", "state")
    def _compute_fix(self):
        """Only a journal entry is corrected: a legal document is credited, and issued anew under its own number."""
        result = super()._compute_fix()
        for exception in self.filtered(lambda row: row.code == "document_changed" and row.state == "open"):
            kinds = set(exception.sudo().message_ids_held.mapped("kind"))
            exception.fix = "anew" if kinds == {"entry"} else False
        return result

    def action_book_anew(self):
        """Button of an approver: reverse the booked entries, and book what the source says now."""
        self.check_access("write")
        if not self.env.user.has_group("finance_integration.group_approver"):
            raise AccessError(self.env._("Only an approver lets a booked entry be reversed and booked anew."))
        messages = self.sudo().message_ids_held.filtered(
            lambda row: row.kind == "entry" and row.error_code == "document_changed"
        )
        if not messages:
            raise UserError(self.env._("No changed journal entry waits here any more."))
        messages.write({"rebooking_by_id": self.env.uid})
        self.env["integration.audit.leaf"]._record_change(
            self, "exception.book_anew", ", ".join(messages.mapped("object_key"))
        )
        messages._requeue("message.book_anew")
        return self._told(self.env._("%s entries are being reversed and booked anew.", len(messages)))
