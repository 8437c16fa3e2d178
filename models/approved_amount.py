# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""A computed amount that is booked once another person has agreed to just this amount (X4)."""

from odoo import api, models
from odoo.exceptions import ValidationError


class IntegrationApprovedAmount(models.AbstractModel):
    """For models with ``state`` (draft, asked, booked), ``amount`` and ``company_currency_id``."""

    _name = "integration.approved.amount"
    _description = "Amount booked after approval"

    @api.model_create_multi
    def create(self, vals_list):
        self._check_rates(vals_list)
        return super().create(vals_list)

    def write(self, vals):
        self._check_rates([vals])
        return super().write(vals)

    def _check_rates(self, vals_list):
        """Refuse an impossible rate before the database does, whose refusal stands in the log as its error."""
        for vals in vals_list:
            problem = self._rate_problem(vals["rate"] or 0.0) if "rate" in vals else None
            if problem:
                raise ValidationError(problem)

    def _rate_problem(self, rate):
        """Return, in words, why a rate is impossible; None where it is not."""

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
