# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
from decimal import Decimal

from odoo import api, models, tools


class ResCurrency(models.Model):
    _inherit = "res.currency"

    @api.model
    def _by_code(self, code):
        """Return the currency with this ISO 4217 code, also one that is not in use; none for an unknown code."""
        return self.browse(self._id_by_code(code) if code else None)

    @api.model
    @tools.ormcache("code", cache="stable")
    def _id_by_code(self, code):
        # Core clears this cache whenever a currency is made, changed or deleted.
        return self.sudo().with_context(active_test=False).search([("name", "=", code)], limit=1).id

    def _integration_exact(self, amount):
        """Return an amount that Odoo keeps as a float as the exact decimal which it stands for."""
        self.ensure_one()
        return Decimal(f"{self.round(amount or 0.0):.{self.decimal_places}f}")
