# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
from odoo import api, fields, models
from odoo.exceptions import UserError


class IntegrationFlow(models.Model):
    """One object type moving one way over one connection."""

    _name = "integration.flow"
    _description = "Flow"
    _order = "connection_id, direction, kind"

    connection_id = fields.Many2one("integration.connection", required=True, ondelete="cascade", index=True)
    company_id = fields.Many2one(related="connection_id.company_id", store=True, index=True)
    direction = fields.Selection([("in", "In"), ("out", "Out")], required=True)
    kind = fields.Selection("_selection_kind", required=True, string="Carries")
    lane_id = fields.Many2one(
        "integration.lane",
        required=True,
        ondelete="restrict",
        help="Flows in one lane are worked off one after the other; flows in different lanes side by side.",
    )
    user_id = fields.Many2one(
        "res.users", string="Owner", help="Who looks after this flow and gets its exceptions."
    )
    sla_hours = fields.Integer(
        string="Resolve within (hours)", default=24, help="Due time of this flow's exceptions."
    )
    max_attempts = fields.Integer(
        string="Tries", default=8, help="Tries before an event is put aside as not deliverable."
    )

    _kind_unique = models.Constraint("UNIQUE(connection_id, direction, kind)", "This flow exists already.")

    @api.model
    def _selection_kind(self):
        _ = self.env._
        return [
            ("customer", _("Customers")),
            ("supplier", _("Suppliers")),
            ("product", _("Products")),
            ("invoice", _("Invoices and credit notes")),
            ("invoice_status", _("What became of invoices")),
            ("movement", _("Balance movements")),
            ("entry", _("Journal entries")),
            ("provider_balance", _("Provider balances")),
            ("settlement", _("Compositions of payouts")),
            ("bank_line", _("Bank lines")),
            ("bank_statement", _("Bank statements")),
            ("order", _("Orders")),
            ("fulfilment", _("Fulfilments")),
            ("order_refund", _("Refunds of orders")),
            ("order_payment", _("Payments of orders")),
            ("dimension", _("Analytic dimensions")),
            ("reference_code", _("Codes of the source")),
            ("event.invoice_posted", _("Invoice posted")),
            ("event.payment_settled", _("Payment settled")),
            ("event.payment_failed", _("Payment failed")),
        ]

    @api.depends("connection_id.name", "kind", "direction")
    def _compute_display_name(self):
        kinds = dict(self._selection_kind())
        for flow in self:
            flow.display_name = f"{flow.connection_id.name} · {kinds.get(flow.kind, flow.kind)}"

    def write(self, vals):
        result = super().write(vals)
        self.env.registry.clear_cache()
        return result

    @api.ondelete(at_uninstall=False)
    def _unlink_except_used(self):
        if self.env["integration.message"].sudo().search_count([("flow_id", "in", self.ids)], limit=1):
            raise UserError(
                self.env._(
                    "A flow that has carried events is evidence and cannot be deleted. Retire it instead."
                )
            )
