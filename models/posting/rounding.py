# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""An issuer's total that a person has accepted: what is missing to it is a line without tax (policy F8, P9)."""

from odoo import models


class IntegrationPostingInvoice(models.AbstractModel):
    _inherit = "integration.posting.invoice"

    def _plan(self, work, document, lookups):
        result = super()._plan(work, document, lookups)
        granted = work.row.get("granted_total")
        if work.plan and granted and document.issuer == "source":
            self._add_rounding(work, granted)
        return result

    def _add_rounding(self, work, amount):
        """Plan a line over ``amount`` (signed, in the document's currency) on the account for rounding differences.

        No amount of the issuer is changed. The total is compared after posting as ever: where the difference has become
        another one in the meantime, the document stops once more.

        :raises MissingReferenceError: ``role_account_missing`` RND.
        """
        account_id = self.env["integration.role.account"]._resolver(work.connection)("RND")
        lines = work.plan["lines"]
        lines.append(
            {
                "name": self.env._("Difference to the issuer's total"),
                "product": self.env["product.product"],
                "quantity": 1.0,
                "price_unit": amount,
                "discount": 0.0,
                "taxes": self.env["account.tax"],
                "tax_by_code": {},
                "account": self.env["account.account"].browse(account_id),
                "analytic_distribution": None,
            }
        )
        work.plan["base_lines"] = self.env["integration.complete.lines"]._computed(work.plan["header"], lines)
