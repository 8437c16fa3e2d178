# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
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
