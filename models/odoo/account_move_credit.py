# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""What an issuer did to its customer's credit with a document, and how far that is matched (policy: Billing)."""

from odoo import fields, models


class AccountMove(models.Model):
    _inherit = "account.move"

    integration_credit_used = fields.Monetary(
        string="Set off against a credit",
        readonly=True,
        copy=False,
        help="Of an invoice: so much of it the issuer settled with a credit that it keeps for the customer. Of a "
        "credit note: so much of it stays with the customer as such a credit.",
    )
    integration_credit_left = fields.Monetary(string="Of that not matched yet", readonly=True, copy=False)
    integration_debt_left = fields.Monetary(
        string="Collected with a later document",
        readonly=True,
        copy=False,
        help="The issuer does not collect so much of this invoice by itself: it keeps it as a debt of the customer, "
        "and collects it with a later invoice or sets it off against a later credit.",
    )
    integration_debt_collects = fields.Monetary(
        string="Collects of older invoices",
        readonly=True,
        copy=False,
        help="So much of what the issuer collects or sets off with this document belongs to older invoices, and is "
        "not matched with them yet.",
    )
    _integration_debt_idx = models.Index(
        "(integration_connection_id, commercial_partner_id) "
        "WHERE integration_debt_left > 0 OR integration_debt_collects > 0"
    )
    _integration_credit_idx = models.Index(
        "(integration_connection_id, commercial_partner_id) WHERE integration_credit_left > 0"
    )

    def _integration_judge_credit(self):
        """Say what a person must look at: a credit that the issuer used and the books do not hold; else let it go."""
        self.ensure_one()
        left, currency = self.integration_credit_left, self.currency_id
        lines = self.line_ids.filtered(lambda line: line.display_type == "payment_term")
        still_open = sum(lines.mapped("amount_residual_currency"))
        cause = f"credit used by {self.integration_source_id}"
        exceptions = self.env["integration.exception"].sudo()
        if currency.compare_amounts(min(left, still_open), 0) > 0:
            exceptions._raise_cause(
                self.integration_connection_id,
                "billing_credit_missing",
                {
                    "amount": f"{left:.{currency.decimal_places}f} {currency.name}",
                    "number": self._integration_number(),
                    "customer": self.partner_id.display_name,
                    "move_id": self.id,
                },
                cause,
            )
            return
        exceptions._settle_cause(
            self.integration_connection_id,
            "billing_credit_missing",
            cause,
            self.env._("The credit is matched with the invoice, or nothing is open of it."),
        )
