# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Who may trust a bank account of a supplier, and who may not because of what they did before (C7, F21)."""

from odoo.exceptions import UserError
from odoo.fields import Command
from odoo.tests import new_test_user

from ..hooks import uninstall_hook
from ..models.odoo import res_company_payee
from .access_common import AccessCommon

BANK_RIGHT = "account.group_validate_bank_account"


class TestBankDetails(AccessCommon):
    """Of a company that asks for no approvals of bank accounts; those that do: ``test_bank_details.py`` and below."""

    def setUp(self):
        super().setUp()
        self.guard(guarded=False)
        facts = {"company_id": self.company.id, "company_ids": [(6, 0, self.company.ids)]}
        groups = f"base.group_partner_manager,{BANK_RIGHT}"
        self.first = new_test_user(self.env, "bank_first", groups=groups, **facts)
        self.second = new_test_user(self.env, "bank_second", groups=groups, **facts)
        # Its accounts belong to its company.
        self.supplier = self.env["res.partner"].create({"name": "Supplier", "company_id": self.company.id})

    def account(self, user, **values):
        return (
            self.env["res.partner.bank"]
            .with_user(user)
            .create(
                {
                    "acc_number": "DE89370400440532013000",
                    "partner_id": self.supplier.id,
                    **values,
                }
            )
        )

    def guard(self, *, guarded):
        rules = self.company.sudo().with_context(integration_payee_rules=res_company_payee._KEY)
        rules.integration_bank_guard = guarded

    def test_settings_do_not_give_the_right_to_trust_bank_accounts(self):
        self.assertNotIn(self.env.ref(BANK_RIGHT), self.env.ref("base.group_system").all_implied_ids)
        settings = new_test_user(self.env, "settings_only", groups="base.group_system")
        self.assertFalse(settings.has_group(BANK_RIGHT))

    def test_odoo_s_update_gives_it_and_ours_takes_it_away_again(self):
        Groups = self.env["res.groups"].sudo()
        # What account's data does at each of its updates.
        self.env.ref(BANK_RIGHT).sudo().write(
            {"implied_by_ids": [Command.link(self.env.ref("base.group_system").id)]}
        )
        Groups._integration_split_bank_right()
        self.assertNotIn(self.env.ref(BANK_RIGHT), self.env.ref("base.group_system").implied_ids)
        self.assertTrue(
            self.env["integration.audit.leaf"].search_count([("action", "=", "access.bank_right_split")])
        )

    def test_uninstalling_gives_it_back(self):
        uninstall_hook(self.env)
        self.assertIn(self.env.ref(BANK_RIGHT), self.env.ref("base.group_system").implied_ids)
        self.assertFalse(self.stripe_connection.service_user_id.active)

    def test_no_service_user_trusts_a_bank_account(self):
        service = self.stripe_connection.service_user_id
        self.assertFalse(service.has_group(BANK_RIGHT))
        account = self.account(service, allow_out_payment=True)
        self.assertFalse(account.allow_out_payment)
        with self.assertRaises(UserError):
            account.with_user(service).write({"allow_out_payment": True})

    def test_who_entered_it_does_not_trust_it_with_real_books(self):
        account = self.account(self.first)
        self.in_production()
        with self.assert_refused("own account"):
            account.allow_out_payment = True
        account.with_user(self.second).allow_out_payment = True
        self.assertTrue(account.allow_out_payment)
        actions = self.env["integration.audit.leaf"].search(
            [("res_model", "=", "res.partner.bank"), ("res_id", "=", account.id)], order="id"
        )
        self.assertEqual(
            [(leaf.action, leaf.user_id) for leaf in actions],
            [("bank.create", self.first), ("bank.trust", self.second)],
        )

    def test_with_approvals_nobody_trusts_it_directly_and_the_approval_is_an_act_of_the_approver(self):
        account = self.account(self.first)
        self.guard(guarded=True)
        account.invalidate_recordset(["integration_governed"])
        for user in (self.first, self.second):
            with self.assert_refused(f"past the approval as {user.login}"):
                account.with_user(user).allow_out_payment = True
        approver = self.people["approver"]
        request = (
            account.with_user(self.first)
            .sudo()
            ._integration_ask(
                {"called_person": "Anna", "called_number": "+1"}, "Because", self.env["ir.attachment"]
            )
        )
        request.with_user(approver).action_approve()
        self.env.invalidate_all()
        self.assertTrue(account.allow_out_payment)
        trusts = self.env["integration.audit.leaf"].search(
            [("res_id", "=", account.id), ("action", "=", "bank.trust")]
        )
        self.assertEqual(trusts.user_id, approver)

    def test_entering_and_trusting_in_one_go_is_refused_too(self):
        self.in_production()
        with self.assertRaises(UserError), self.env.cr.savepoint():
            self.account(self.first, allow_out_payment=True)
        self.assertFalse(self.supplier.bank_ids)

    def test_who_changed_it_or_approved_its_supplier_does_not_trust_it(self):
        self.in_production()
        account = self.account(self.first)
        account.with_user(self.second).acc_number = "GB33BUKB20201555555555"
        with self.assert_refused("changed by the same person"):
            account.with_user(self.second).allow_out_payment = True
        third = new_test_user(
            self.env,
            "bank_third",
            groups=f"base.group_partner_manager,{BANK_RIGHT},account.group_account_manager",
            company_id=self.company.id,
            company_ids=[(6, 0, self.company.ids)],
        )
        self.supplier.with_user(third).integration_supplier_active = True
        with self.assert_refused("approved the supplier"):
            account.with_user(third).allow_out_payment = True

    def test_without_real_books_it_is_recorded_only(self):
        account = self.account(self.first)
        account.allow_out_payment = True
        account.allow_out_payment = False
        self.assertEqual(
            self.env["integration.audit.leaf"]
            .search([("res_model", "=", "res.partner.bank"), ("res_id", "=", account.id)], order="id")
            .mapped("action"),
            ["bank.create", "bank.trust", "bank.distrust"],
        )
        leaves = self.env["integration.audit.leaf"].search([("res_model", "=", "res.partner.bank")])
        self.assertNotIn("DE89", " ".join(leaf.detail or "" for leaf in leaves))
