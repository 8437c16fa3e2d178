# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Bank details of suppliers: untrusted until another person approved them with a call back (policy F21)."""

from datetime import timedelta
from unittest.mock import patch

from psycopg2 import IntegrityError

from odoo import fields
from odoo.exceptions import AccessError, UserError, ValidationError

from .approval_common import GROUP, ApprovalCommon

IBAN, OTHER_IBAN = "DE89370400440532013000", "FR7630006000011234567890189"
BILLS = "account.group_account_invoice,base.group_partner_manager"


class BankDetailsPeople(ApprovalCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.clerk = cls.person("bd_clerk", BILLS)
        cls.validator = cls.person("bd_validator", f"{BILLS},account.group_validate_bank_account")
        cls.supplier = cls.env["res.partner"].create(
            {"name": "Paper Mill", "is_company": True, "supplier_rank": 1, "phone": "+49 30 1234567"}
        )
        cls.env.flush_all()
        cls.env.cr.execute(
            "UPDATE res_partner SET create_date = create_date - interval '1 year' WHERE id = %s",
            [cls.supplier.id],
        )
        cls.env.invalidate_all()

    def account(self, number=IBAN, user=None):
        return (
            self.env["res.partner.bank"]
            .with_user(user or self.clerk)
            .create({"acc_number": number, "partner_id": self.supplier.id})
        )

    def call(self, bank, user=None, **facts):
        """Fill in the dialog of the call back and ask; returns the request."""
        paper = (
            self.env["ir.attachment"]
            .with_user(user or self.clerk)
            .create({"name": "note.txt", "raw": b"note"})
        )
        wizard = (
            self.env["integration.bank.approval"]
            .with_user(user or self.clerk)
            .create(
                {
                    "bank_id": bank.id,
                    "called_person": "Ms Berger",
                    "called_number": "+49 30 1234567",
                    "said": "Confirmed digit by digit",
                    "reason": "New bank",
                    "attachment_ids": [(6, 0, paper.ids)],
                    **facts,
                }
            )
        )
        wizard.action_ask()
        self.env.invalidate_all()
        return bank.integration_request_id

    def approved(self, number=IBAN):
        bank = self.account(number)
        self.call(bank).with_user(self.ann).action_approve()
        self.env.invalidate_all()
        return bank

    def report(self, bank):
        rows = self.env["integration.bank.change"].search([("bank_id", "=", bank.id)], order="id")
        return rows.mapped("what")

    def payment(self, bank, user=None):
        return (
            self.env["account.payment"]
            .with_user(user or self.clerk)
            .create(
                {
                    "payment_type": "outbound",
                    "partner_type": "supplier",
                    "partner_id": self.supplier.id,
                    "partner_bank_id": bank.id,
                    "amount": 10.0,
                    "journal_id": self.company_data["default_journal_bank"].id,
                }
            )
        )


class TestBankDetails(BankDetailsPeople):
    def test_a_new_account_is_trusted_by_the_approval_of_another_person(self):
        bank = self.account()
        self.assertEqual((bank.allow_out_payment, bank.integration_state), (False, "unchecked"))
        request = self.call(bank)
        self.assertEqual((bank.integration_state, request.kind), ("asked", "bank_detail"))
        self.assertIn(IBAN, request.preview_html)
        self.assertIn("Ms Berger", request.preview_html)
        self.assertTrue(request.attachment_ids)
        request.with_user(self.ann).action_approve()
        self.env.invalidate_all()
        self.assertTrue(bank.allow_out_payment)
        self.assertEqual((bank.integration_state, bank.integration_approved_by_id), ("approved", self.ann))
        self.assertEqual(self.report(bank), ["entered", "asked", "approved"])
        self.assertEqual(bank._integration_masked(), "…3000")

    def test_every_other_way_is_refused_in_plain_words(self):
        bank = self.account()
        for user in (self.validator, self.env.ref("base.user_admin"), self.env.ref("base.user_root")):
            for context in ({}, {"integration_bank_approval": True}):
                for record in (bank.with_user(user), bank.with_user(user).sudo()):
                    with self.assertRaisesRegex(ValidationError, "another person has approved it"):
                        record.with_context(**context).write({"allow_out_payment": True})
        with self.assertRaises(UserError):
            bank.write({"allow_out_payment": True})  # the clerk: core's own words
        with self.assertRaisesRegex(ValidationError, "another person has approved it"):
            bank.with_user(self.validator).create(
                {"acc_number": OTHER_IBAN, "partner_id": self.supplier.id, "allow_out_payment": True}
            )
        result = (
            self.env["res.partner.bank"]
            .with_user(self.validator)
            .load(
                ["acc_number", "partner_id/.id", "allow_out_payment"],
                [[OTHER_IBAN, str(self.supplier.id), "True"]],
            )
        )
        self.assertFalse(result["ids"])
        self.assertIn("another person has approved it", result["messages"][0]["message"])
        for forged in (
            {"integration_state": "approved"},
            {"integration_digest": "x"},
            {"integration_approved_by_id": 1},
        ):
            for record in (bank.with_user(self.validator), bank.sudo()):
                with self.assertRaises(ValidationError):
                    record.write(forged)
        born = (
            self.env["res.partner.bank"]
            .with_user(self.validator)
            .create(
                {"acc_number": OTHER_IBAN, "partner_id": self.supplier.id, "integration_state": "approved"}
            )
        )
        self.assertEqual(born.integration_state, "unchecked")
        self.assertFalse(bank.allow_out_payment or born.allow_out_payment)

    def test_creator_of_account_and_supplier_and_who_approved_the_supplier_do_not_approve(self):
        self.ann.sudo().group_ids |= self.env.ref("base.group_partner_manager")
        self.supplier.with_user(self.ben).sudo().integration_supplier_active = True
        self.assertEqual(self.supplier.integration_supplier_active_by_id, self.ben)
        bank = self.account(user=self.ann)
        request = self.call(bank)
        self.assertLessEqual(self.clerk | self.ann | self.ben | self.supplier.create_uid, request.barred_ids)
        for user in (self.ann, self.ben):
            with self.assertRaisesRegex(UserError, "prepared"):
                request.with_user(user).action_approve()
        self.assertFalse(bank.allow_out_payment)

    def test_a_call_that_proves_nothing(self):
        bank = self.account()
        for facts, words in (
            ({"called_number": "+49 170 9999999"}, "not on file"),
            ({"called_number": "call me"}, "Write the number"),
            ({"number_source": "register"}, "Say which"),
            ({"called_at": fields.Datetime.now() + timedelta(hours=1)}, "future"),
            ({"called_at": fields.Datetime.now() - timedelta(days=5)}, "before the account"),
            ({"attachment_ids": False}, "Attach"),
        ):
            with self.assertRaisesRegex(UserError, words):
                self.call(bank, **facts)
        self.assertEqual(bank.integration_state, "unchecked")
        request = self.call(
            bank, called_number="+49 170 9999999", number_source="contract", number_note="Of 2024"
        )
        self.assertEqual(request.state, "asked")

    def test_a_number_that_changed_shortly_before_is_not_known(self):
        self.supplier.phone = "+49 170 9999999"
        bank = self.account()
        with self.assertRaisesRegex(UserError, "not on file"):
            self.call(bank, called_number="+49 170 9999999")

    def test_changed_after_its_approval_it_is_frozen(self):
        bank = self.approved()
        with self.assertRaises(UserError):
            bank.with_user(self.clerk).acc_number = OTHER_IBAN  # core: a trusted account is not edited
        bank.sudo().acc_number = OTHER_IBAN
        self.assertEqual((bank.allow_out_payment, bank.integration_state), (False, "frozen"))
        self.assertEqual(self.report(bank)[-2:], ["changed", "frozen"])
        again = self.call(bank)
        again.with_user(self.ann).action_approve()
        self.env.invalidate_all()
        self.assertTrue(bank.allow_out_payment)
        bank.with_user(self.clerk).acc_holder_name = "Somebody else"
        self.assertEqual((bank.allow_out_payment, bank.integration_state), (False, "frozen"))

    def test_a_pending_account_that_changes_cannot_be_approved_as_it_was(self):
        bank = self.account()
        request = self.call(bank)
        bank.acc_number = OTHER_IBAN
        with self.assertRaisesRegex(UserError, "has changed since"):
            request.with_user(self.ann).action_approve()
        request.with_user(self.ann).action_refuse("Another number by now")
        self.env.invalidate_all()
        self.assertEqual((bank.allow_out_payment, bank.integration_state), (False, "unchecked"))
        self.assertEqual(self.report(bank)[-1], "not_approved")

    def test_payments_to_it_stop_at_once(self):
        bank = self.approved()
        bank.with_user(self.clerk).action_integration_stop()
        self.assertEqual((bank.allow_out_payment, self.report(bank)[-1]), (False, "stopped"))
        bank.action_archive()
        bank.action_unarchive()
        self.assertEqual(self.report(bank)[-2:], ["archived", "restored"])

    def test_who_approved_the_account_does_not_release_the_payment(self):
        self.ann.sudo().group_ids |= self.env.ref("account.group_account_invoice")
        bank = self.approved()
        payment = self.payment(bank)
        with self.assertRaisesRegex(UserError, "another person releases"):
            payment.with_user(self.ann).action_post()
        self.assertEqual(payment.state, "draft")
        payment.action_post()
        self.assertIn(payment.state, ("in_process", "paid"))
        self.assertTrue(payment.integration_young_account)
        self.assertIn(payment, self.env["account.payment"].search([("integration_young_account", "=", True)]))
        self.company.sudo().integration_bank_young_days = 30
        payment.date = fields.Date.today() + timedelta(days=31)
        self.assertNotIn(
            payment, self.env["account.payment"].search([("integration_young_account", "=", True)])
        )

    def test_a_way_of_paying_that_sends_money_needs_an_approved_account(self):
        payment = self.payment(self.account())
        needing = patch.object(
            type(payment), "_get_method_codes_needing_bank_account", lambda _self: ["manual"]
        )
        with needing:
            payment.invalidate_recordset()
            self.assertTrue(payment.require_partner_bank_account)
            for way in (
                payment.action_post,
                payment.action_validate,
                lambda: payment.write({"state": "paid"}),
            ):
                with self.assertRaises(UserError):
                    way()
        self.assertEqual(payment.state, "draft")

    def test_a_bank_that_was_altered_behind_the_account_stops_the_payment(self):
        house = self.env["res.bank"].create({"name": "House bank", "bic": "COBADEFFXXX"})
        bank = self.account()
        bank.bank_id = house
        self.call(bank).with_user(self.ann).action_approve()
        house.bic = "BNPAFRPPXXX"
        self.env.invalidate_all()
        with self.assertRaisesRegex(UserError, "no longer what was approved"):
            self.payment(bank).action_post()

    def test_details_from_outside_become_another_account_and_a_person_is_told(self):
        old = self.approved()
        service = self.partner_connection._as_service()
        supplier = self.supplier.with_env(service.env)
        Banks = service.env["res.partner.bank"]
        same, new = Banks._integration_receive(
            service, supplier, {"acc_number": "DE89 3704 0044 0532 0130 00"}
        )
        self.assertEqual((same, new), (old.with_env(service.env), False))
        bank, new = Banks._integration_receive(service, supplier, {"acc_number": OTHER_IBAN})
        self.assertTrue(new)
        self.assertFalse(bank.allow_out_payment)
        self.assertEqual(bank.integration_source, self.partner_connection.display_name)
        self.assertEqual(self.report(bank), ["received"])
        self.assertTrue(old.allow_out_payment, "what is approved stays as it is")
        exception = self.exceptions("bank_details_new")
        self.assertEqual(len(exception), 1)
        self.assertIn("Paper Mill", exception.what)
        self.assertNotIn(OTHER_IBAN, exception.what)
        self.assertFalse(service.env.user.has_group("account.group_validate_bank_account"))
        with self.assertRaises(UserError):
            bank.write({"allow_out_payment": True})

    def test_own_accounts_and_companies_that_do_not_want_it(self):
        own = self.env["res.partner.bank"].create(
            {"acc_number": "1", "partner_id": self.company.partner_id.id}
        )
        own.with_user(self.validator).sudo().write({"allow_out_payment": True})
        self.assertTrue(own.allow_out_payment)
        supplier = self.env["res.partner"].create({"name": "Local", "company_id": self.company.id})
        bank = self.env["res.partner.bank"].create({"acc_number": "2", "partner_id": supplier.id})
        self.assertTrue(bank.integration_governed)
        with self.assertRaisesRegex(ValidationError, "looser only with the approval"):
            self.company.sudo().integration_bank_guard = False
        wizard = (
            self.env["integration.payee.rules"]
            .with_user(self.administrator)
            .create(
                {"company_id": self.company.id, "integration_bank_guard": False, "reason": "No suppliers"}
            )
        )
        self.assertTrue(wizard.needs_approval)
        wizard.action_change()
        self.assertTrue(self.company.integration_bank_guard)
        request = self.env["integration.change.request"].search([("res_model", "=", "res.company")], limit=1)
        request.with_user(self.ann).action_approve()
        self.env.invalidate_all()
        self.assertFalse(self.company.integration_bank_guard)
        self.assertFalse(bank.integration_governed)
        bank.with_user(self.validator).write({"allow_out_payment": True})
        stricter = (
            self.env["integration.payee.rules"]
            .with_user(self.administrator)
            .create({"company_id": self.company.id, "integration_bank_guard": True, "reason": "Again"})
        )
        self.assertFalse(stricter.needs_approval)
        stricter.action_change()
        self.assertTrue(self.company.integration_bank_guard)
        with self.assertRaises(AccessError):
            self.company.with_user(self.operator)._integration_change_rules(
                {"integration_bank_guard": False}, "x"
            )

    def test_the_report_is_nobodys_to_write(self):
        bank = self.account()
        rows = self.env["integration.bank.change"].search([("bank_id", "=", bank.id)])
        for refused in (
            lambda: rows.sudo().write({"what": "approved"}),
            lambda: rows.sudo().unlink(),
            lambda: rows.sudo().create({"partner_id": self.supplier.id, "account": "x", "what": "approved"}),
        ):
            with self.assertRaises(UserError):
                refused()
        self.refused_by_database(
            "UPDATE integration_bank_change SET what = 'approved' WHERE id = %s",
            rows.id,
            error=IntegrityError,
        )
        self.refused_by_database(
            "DELETE FROM integration_bank_change WHERE id = %s", rows.id, error=IntegrityError
        )

    def test_a_clerk_without_rights_on_accounts_asks_nothing(self):
        bank = self.account()
        with self.assertRaises(AccessError):
            self.call(bank, user=self.person("bd_auditor", GROUP % "auditor"))
