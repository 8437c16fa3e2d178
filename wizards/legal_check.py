# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
from odoo import api, fields, models
from odoo.exceptions import UserError

from ..models.governance.legal_number import MONTHS_LOOKED_AT


class IntegrationLegalCheck(models.TransientModel):
    """The dialog in which the legal numbers of an issuer are checked for a span of days."""

    _name = "integration.legal.check"
    _description = "Check of legal numbers"

    connection_id = fields.Many2one(
        "integration.connection",
        required=True,
        string="Issuer",
        domain="[('company_id', 'in', allowed_company_ids)]",
    )
    date_from = fields.Date(required=True, default=lambda self: self._default_from(), string="Dated from")
    as_of = fields.Date(required=True, default=fields.Date.context_today, string="As of")

    @api.model
    def _default_from(self):
        return fields.Date.subtract(fields.Date.context_today(self), months=MONTHS_LOOKED_AT)

    def action_check(self):
        """Button: check, and show the series."""
        self.ensure_one()
        if self.date_from > self.as_of:
            raise UserError(self.env._("The span ends before it begins."))
        self.connection_id.check_access("read")
        self.env["integration.legal.series"].sudo()._check(
            self.connection_id.sudo(), self.date_from, self.as_of
        )
        action = self.env["ir.actions.actions"]._for_xml_id("finance_integration.action_legal_series")
        return dict(action, domain=[("connection_id", "=", self.connection_id.id)], target="main")
