# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
from odoo import api, models
from odoo.fields import Command

SYSTEM, TRUST = "base.group_system", "account.group_validate_bank_account"


class ResGroups(models.Model):
    """Who administers Odoo does not thereby approve bank details (policy F25).

    Odoo gives the right to trust bank accounts to everybody with the right to its settings, anew at each update of its
    accounting addon; updates of that addon update this one, too, whose data takes the right away again.
    """

    _inherit = "res.groups"

    @api.model
    def _integration_split_bank_right(self):
        """Take the implied right away; who shall trust bank accounts is given the right by name."""
        system, trust = self.env.ref(SYSTEM), self.env.ref(TRUST)
        if trust not in system.implied_ids:
            return
        system.sudo().write({"implied_ids": [Command.unlink(trust.id)]})
        self._integration_note_bank_right("access.bank_right_split")

    @api.model
    def _integration_join_bank_right(self):
        """Give back what Odoo's own data gives; called when the addon is uninstalled."""
        self.env.ref(SYSTEM).sudo().write({"implied_ids": [Command.link(self.env.ref(TRUST).id)]})

    @api.model
    def _integration_note_bank_right(self, action):
        self.env["integration.audit.leaf"].sudo()._append(
            [
                {
                    "action": action,
                    "res_model": self._name,
                    "res_id": self.env.ref(TRUST).id,
                    "user_id": self.env.uid,
                }
            ]
        )
