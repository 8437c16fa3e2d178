# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
from odoo import api, models
from odoo.fields import Command

from ..known_code import is_known

# Extensions of the invoice line synchronisation whose effect on customer invoices is known. Any other one may
# add lines that complete lines would miss, so its presence means: take Odoo's standard path.
KNOWN_SYNC_MODULES = {"account"}


class IntegrationCompleteLines(models.AbstractModel):
    """Writes an invoice with all its lines at once: product, tax and payment term lines.

    Odoo's own tax engine and payment terms compute the lines; what is saved is the repeated synchronisation while
    lines are created. Where the result could differ from the standard path, ``_is_safe`` says no.
    """

    _name = "integration.complete.lines"
    _description = "Invoices with complete lines"

    @api.model
    def _is_safe(self, header):
        """Whether complete lines equal what the standard path would write for this document."""
        term = header["payment_term"]
        company = header["company"]
        if term and term.early_discount:
            return False
        if company.account_discount_expense_allocation_id or company.account_discount_income_allocation_id:
            return False
        if getattr(company, "account_storno", False):
            return False
        return self._sync_is_known()

    def _sync_is_known(self):
        return is_known(self.env["account.move"], {"_get_sync_stack"}, KNOWN_SYNC_MODULES)

    @api.model
    def _base_lines(self, header, lines):
        """Return the tax engine's base lines of a document.

        :param header: dict with move_type, partner, currency, company, rate (foreign per company currency).
        :param lines: dicts with name, product, quantity, price_unit, discount, taxes, account, analytic_distribution
            and optionally unit, manual_tax_amounts, manual_total_excluded_currency.
        """
        Tax = self.env["account.tax"]
        sign = 1 if header["move_type"] == "out_refund" else -1
        commercial = header["partner"].commercial_partner_id
        return [
            Tax._prepare_base_line_for_taxes_computation(
                None,
                product_id=line["product"],
                product_uom_id=self._unit(line),
                tax_ids=line["taxes"],
                price_unit=line["price_unit"],
                quantity=line["quantity"],
                discount=line["discount"],
                currency_id=header["currency"],
                rate=header["rate"],
                sign=sign,
                is_refund=header["move_type"] == "out_refund",
                partner_id=commercial,
                account_id=line["account"],
                analytic_distribution=line["analytic_distribution"] or False,
                manual_tax_amounts=line.get("manual_tax_amounts"),
                manual_total_excluded_currency=line.get("manual_total_excluded_currency"),
                name=line["name"],
            )
            for line in lines
        ]

    @api.model
    def _computed(self, header, lines):
        """Return the base lines with rounded tax details, as Odoo computes them."""
        Tax = self.env["account.tax"]
        base_lines = self._base_lines(header, lines)
        Tax._add_tax_details_in_base_lines(base_lines, header["company"])
        Tax._round_base_lines_tax_details(base_lines, header["company"])
        return base_lines

    @api.model
    def _line_commands(self, header, lines, base_lines):
        """Return ``line_ids`` commands for all lines of the document."""
        Tax = self.env["account.tax"]
        company, currency = header["company"], header["currency"]
        Tax._add_accounting_data_in_base_lines_tax_details(
            base_lines, company, include_caba_tags=header["tax_exigible"]
        )
        result = Tax._prepare_tax_lines(base_lines, company)
        commercial = header["partner"].commercial_partner_id
        common = {"partner_id": commercial.id, "currency_id": currency.id}
        values = []
        untaxed = untaxed_currency = tax = tax_currency = 0.0
        for line, (base_line, amounts) in zip(lines, result["base_lines_to_update"], strict=True):
            untaxed += amounts["balance"]
            untaxed_currency += amounts["amount_currency"]
            values.append({**common, **self._product_line(line, base_line), **amounts})
        for amounts in result["tax_lines_to_add"]:
            tax += amounts["balance"]
            tax_currency += amounts["amount_currency"]
            values.append({**common, **amounts, "display_type": "tax"})
        totals = (
            company.currency_id.round(untaxed),
            currency.round(untaxed_currency),
            company.currency_id.round(tax),
            currency.round(tax_currency),
        )
        values += [{**common, **term} for term in self._term_lines(header, *totals)]
        return [Command.create(line) for line in values]

    def _unit(self, line):
        """Return what the quantity counts: what the document says, else the product's own unit."""
        return line.get("unit") or line["product"].uom_id

    def _product_line(self, line, base_line):
        return {
            "display_type": "product",
            "name": line["name"],
            "product_id": line["product"].id,
            "product_uom_id": self._unit(line).id,
            "quantity": line["quantity"],
            "price_unit": line["price_unit"],
            "discount": line["discount"],
            "tax_ids": [Command.set(line["taxes"].ids)],
            "account_id": line["account"].id,
            "analytic_distribution": line["analytic_distribution"] or False,
            "extra_tax_data": self.env["account.tax"]._export_base_line_extra_tax_data(base_line) or False,
        }

    def _term_lines(self, header, untaxed, untaxed_currency, tax, tax_currency):
        """Return the receivable lines: what the customer owes, and when."""
        # The lines of a customer invoice are credits, so what is owed is the opposite of their sum.
        sign = 1 if header["move_type"] == "out_invoice" else -1
        account_id = header["receivable"].id
        if not header["payment_term"]:
            return [
                {
                    "display_type": "payment_term",
                    "account_id": account_id,
                    "date_maturity": header["due_date"],
                    "amount_currency": -(untaxed_currency + tax_currency),
                    "balance": -(untaxed + tax),
                }
            ]
        terms = header["payment_term"]._compute_terms(
            date_ref=header["invoice_date"],
            currency=header["currency"],
            company=header["company"],
            tax_amount=-tax,
            tax_amount_currency=-tax_currency,
            sign=sign,
            untaxed_amount=-untaxed,
            untaxed_amount_currency=-untaxed_currency,
        )
        merged = {}
        for term in terms["line_ids"]:
            line = merged.setdefault(
                term["date"],
                {
                    "display_type": "payment_term",
                    "account_id": account_id,
                    "date_maturity": term["date"],
                    "amount_currency": 0.0,
                    "balance": 0.0,
                },
            )
            line["amount_currency"] += term["foreign_amount"]
            line["balance"] += term["company_amount"]
        return list(merged.values())
