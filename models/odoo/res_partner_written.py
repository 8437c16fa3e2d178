# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Contacts tell when something of them has changed that is written to an outside system (S1)."""

from odoo import api, models

from ...engine.owned_columns import CUSTOMER

# What may be written, and what decides whether it is.
WATCHED = frozenset(
    {
        *(
            column
            for part in ("name", "email", "phone", "language", "address", "tax_id")
            for column in CUSTOMER.columns[part]
        ),
        "active",
        "customer_rank",
        "company_id",
        "parent_id",
        "integration_customer_approved",
        "integration_customer_blocked",
    }
)


class ResPartner(models.Model):
    _inherit = "res.partner"

    @api.model_create_multi
    def create(self, vals_list):
        partners = super().create(vals_list)
        partners._integration_changed()
        return partners

    def write(self, vals):
        result = super().write(vals)
        if WATCHED & vals.keys():
            self._integration_changed()
        return result

    def _integration_changed(self):
        Copy = self.env["integration.customer.copy"]
        if Copy._writing():
            Copy._look_at(self.sudo())

    def _integration_written(self, part):
        """Return a part of this customer as an outside system is told it ('' or {} = nothing)."""
        self.ensure_one()
        if part == "language":
            return self.lang or ""
        if part == "tax_id":
            return {"number": self.vat or "", "country": self.country_id.code or ""}
        if part == "address":
            return {
                "street": self.street or "",
                "street2": self.street2 or "",
                "city": self.city or "",
                "zip": self.zip or "",
                "state": self.state_id.code or self.state_id.name or "",
                "country": self.country_id.code or "",
            }
        return self[part] or ""
