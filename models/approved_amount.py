# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""A computed amount that is booked once another person has agreed to just this amount (X4)."""

from odoo import models


class IntegrationApprovedAmount(models.AbstractModel):
    """For models with ``state`` (draft, asked, booked), ``amount`` and ``company_currency_id``."""

    _name = "integration.approved.amount"
    _description = "Amount booked after approval"

    def _amount_text(self):
        return f"{self.amount:.{self.company_currency_id.decimal_places}f}"

    def _approval_preview(self, values):
        return {
            "rows": [{"field": "amount", "before": "", "after": self._amount_text()}],
            "digest": str(values),
        }

    def _approval_ended(self, _request):
        """It was refused, withdrawn or ran out of time."""
        self.sudo().filtered(lambda row: row.state == "asked").write({"state": "draft"})

    def _is_approved(self, request):
        """Return whether a second person has agreed to what it comes to now."""
        self.ensure_one()
        same = (request.values or {}).get("amount") == self._amount_text()
        return request._approves(self) and same and self.state == "asked"
