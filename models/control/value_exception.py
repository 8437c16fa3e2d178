# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""The exception of values that did not land: it closes when the last of them is decided."""

from odoo import fields, models
from odoo.exceptions import UserError

from ..governance.proposed_value import LIVE


class IntegrationException(models.Model):
    _inherit = "integration.exception"

    proposal_ids = fields.One2many("integration.proposed.value", "exception_id", string="Values to compare")

    def _waits_for_values(self):
        return self.sudo().filtered(
            lambda row: (
                row.state == "open" and row.proposal_ids.filtered(lambda proposal: proposal.state in LIVE)
            )
        )

    def action_open_values(self):
        """Button: show both values side by side, and decide."""
        self.ensure_one()
        action = self.env["ir.actions.actions"]._for_xml_id("finance_integration.action_proposed_value")
        return dict(action, domain=[("exception_id", "=", self.id)], context={"search_default_open": 1})

    def action_mark_resolved(self):
        if self._waits_for_values():
            raise UserError(
                self.env._("Values still wait for a decision. Compare them and choose for each whose counts.")
            )
        return super().action_mark_resolved()

    def _resolve_if_empty(self):
        return super(IntegrationException, self - self._waits_for_values())._resolve_if_empty()
