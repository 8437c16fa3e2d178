# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
from odoo import api, models

# What makes another account of it: who changes this has not merely corrected a typing error.
DETAILS = frozenset({"acc_number", "partner_id", "bank_id", "acc_holder_name", "clearing_number"})


class ResPartnerBank(models.Model):
    """Who enters or changes a bank account, or approved its supplier, does not trust it (policy F21, C7).

    Enforced where the company refuses conflicting duties; recorded everywhere, without the number. Where the company
    guards its bank accounts, trusting one takes an approval besides (``models/odoo/res_partner_bank.py``).
    """

    _inherit = "res.partner.bank"

    @api.model_create_multi
    def create(self, vals_list):
        accounts = super().create(vals_list)
        accounts._integration_note("bank.create")
        trusted = accounts.filtered("allow_out_payment")
        trusted._integration_check_trust()
        trusted._integration_note("bank.trust")
        return accounts

    def write(self, vals):
        trusting = self.browse()
        if vals.get("allow_out_payment"):
            trusting = self.filtered(lambda account: not account.allow_out_payment)
        if DETAILS & vals.keys():
            self._integration_note("bank.change")
        trusting._integration_check_trust()
        distrusted = self.browse()
        if vals.get("allow_out_payment") is False:
            distrusted = self.filtered("allow_out_payment")
        result = super().write(
            vals
        )  # where the company guards its bank accounts, only an approval gets through
        trusting._integration_note("bank.trust")
        distrusted._integration_note("bank.distrust")
        return result

    def _integration_check_trust(self):
        """Refuse who has a hand in this account or its supplier already."""
        for account in self:
            company = account.company_id or self.env.company
            if company.sudo()._integration_separates_duties():
                self.env["integration.audit.leaf"]._check_segregation(
                    "bank.trust", account, account.partner_id.commercial_partner_id
                )

    def _integration_note(self, action):
        self.env["integration.audit.leaf"].sudo()._append(
            [
                {
                    "action": action,
                    "company_id": (account.company_id or self.env.company).id,
                    "res_model": account._name,
                    "res_id": account.id,
                    "user_id": self.env.uid,
                }
                for account in self
            ]
        )


class ResCompany(models.Model):
    _inherit = "res.company"

    def _integration_separates_duties(self):
        """Whether two acts of one person on one record are refused here although rights allow both."""
        self.ensure_one()
        policy = self.integration_segregation
        return policy == "strict" or (policy == "production" and self._integration_in_production())
