# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Who issues the invoices of a system that can issue some itself: one of the two, never both (policy, Billing)."""

from odoo import fields, models

from ...connectors.registry import all_connectors
from ...engine.preflight import Fact


class IntegrationConnection(models.Model):
    _inherit = "integration.connection"

    bills = fields.Boolean(compute="_compute_bills")
    billing_issuer = fields.Selection(
        [("source", "The outside system"), ("odoo", "Odoo")],
        string="Who issues the invoices",
        copy=False,
        tracking=True,
        help="The outside system: the invoices that it finalises are the legal ones, and are booked with their "
        "numbers, taxes and totals. Odoo: the invoices of the outside system only collect money for invoices of Odoo, "
        "whose number they carry; they are linked and never booked. Until somebody has chosen, nothing is booked.",
    )
    billing_products = fields.Boolean(
        string="Book by product",
        copy=False,
        tracking=True,
        help="Each product of the outside system is mapped to a product of Odoo, which decides the revenue account. "
        "Without it, all lines go to the income account of the journal for invoices issued by the source.",
    )

    def _compute_bills(self):
        specs = all_connectors()
        for connection in self:
            spec = connection.connector in specs and specs[connection.connector].spec
            connection.bills = bool(spec) and spec.bills

    def _settings(self):
        return super()._settings() | {
            "billing_issuer": self.billing_issuer or "",
            "billing_products": self.billing_products,
        }

    def _guide_points(self):
        points = super()._guide_points()
        if self._spec().bills and not self.billing_issuer:
            points.append((self.env._("who issues the invoices, where it sends any"), "books"))
        return points

    def _fact_billing(self, flows):
        needed = self._spec().bills and "invoice" in flows.mapped("kind")
        undecided = [] if self.billing_issuer else [self.env._("Nobody has chosen who issues the invoices.")]
        return Fact(needed=needed, problems=undecided)
