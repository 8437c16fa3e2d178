# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""The same for what the hub adds to Odoo's own records: signatures of approvals, where an entry comes from (C1)."""

from odoo import api, models

from ..governance import duplicate_merge
from .protected import _is_trusted, _read_only, refuse_forged, without_defaults


class ResPartner(models.Model):
    """Who approved a partner, or put it on hold, and when, is never written by hand, nor given as a default."""

    _inherit = "res.partner"

    @api.model
    def _integration_decisions(self):
        """Return what of a partner only a decision writes, be it a box that is ticked or its signature."""
        return _read_only(self) | {
            "integration_customer_approved",
            "integration_supplier_active",
            "integration_credit_hold",
            "integration_credit_hold_reason",
        }

    @api.model_create_multi
    def create(self, vals_list):
        if not _is_trusted(self.env):
            refuse_forged(self, set().union(*vals_list), _read_only(self))
        # A box given as a default would be ticked by nobody.
        return super(ResPartner, without_defaults(self, self._integration_decisions())).create(vals_list)

    def write(self, vals):
        if not _is_trusted(self.env):
            if self.env.context.get("integration_merge") is duplicate_merge._KEY:
                # Odoo writes every field there is: what was decided of the one that stays, stays as it is.
                vals = {name: vals[name] for name in vals.keys() - self._integration_decisions()}
            refuse_forged(self, vals.keys(), _read_only(self))
        return super().write(vals)


class AccountMove(models.Model):
    """From which event an entry comes is what auditors follow; only the hub says it."""

    _inherit = "account.move"

    @api.model_create_multi
    def create(self, vals_list):
        if not _is_trusted(self.env):
            refuse_forged(self, set().union(*vals_list), _read_only(self))
            return super(AccountMove, without_defaults(self, _read_only(self))).create(vals_list)
        return super().create(vals_list)

    def write(self, vals):
        if not _is_trusted(self.env):
            refuse_forged(self, vals.keys(), _read_only(self))
        return super().write(vals)
