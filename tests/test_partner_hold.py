# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Credit hold and approval of partners: by company, stamped, by those who may (E12, R6)."""

from odoo.exceptions import AccessError, UserError
from odoo.tests import new_test_user

from .common import IntegrationCommon


class TestPartnerHold(IntegrationCommon):
    def setUp(self):
        super().setUp()
        self.partner = self.env["res.partner"].create({"name": "Anna's Bakery", "is_company": True})

    def test_a_hold_is_stamped_and_cleared_with_its_reason(self):
        contact = self.env["res.partner"].create({"name": "Anna", "parent_id": self.partner.id})
        contact._integration_set_credit_hold("Three invoices overdue")
        self.assertTrue(self.partner.integration_credit_hold)
        self.assertTrue(contact._integration_is_on_credit_hold())
        self.assertEqual(self.partner.integration_credit_hold_by_id, self.env.user)
        self.assertTrue(self.partner.integration_credit_hold_at)
        self.assertFalse(contact._integration_set_credit_hold("Again"))
        self.assertEqual(self.partner.integration_credit_hold_reason, "Three invoices overdue")
        contact._integration_clear_credit_hold()
        self.assertFalse(self.partner.integration_credit_hold)
        self.assertFalse(self.partner.integration_credit_hold_reason)
        self.assertFalse(self.partner.integration_credit_hold_at)
        leaves = self.env["integration.audit.leaf"].search(
            [("res_model", "=", "res.partner"), ("res_id", "=", self.partner.id)], order="id"
        )
        self.assertEqual(leaves.mapped("action"), ["partner.credit_hold_set", "partner.credit_hold_cleared"])

    def test_a_hold_is_one_companys_own(self):
        other = self.env["res.company"].create({"name": "Other company"})
        self.partner._integration_set_credit_hold("Overdue")
        self.assertFalse(self.partner.with_company(other).integration_credit_hold)

    def test_a_hold_is_set_on_the_company_and_needs_a_reason(self):
        contact = self.env["res.partner"].create({"name": "Anna", "parent_id": self.partner.id})
        with self.assertRaises(UserError):
            contact.integration_credit_hold = True
        with self.assertRaises(UserError):
            contact._integration_set_credit_hold("")
        self.assertFalse(self.partner.integration_credit_hold)

    def test_who_may_not_set_a_hold_or_approve(self):
        clerk = new_test_user(self.env, "fi_clerk", groups="base.group_user,base.group_partner_manager")
        with self.assertRaises(AccessError):
            self.partner.with_user(clerk).write({"integration_credit_hold": True})
        with self.assertRaises(AccessError):
            self.partner.with_user(clerk).write({"integration_customer_approved": True})
        self.assertFalse(self.partner.integration_credit_hold)
        self.assertFalse(self.partner.integration_customer_approved)

    def test_an_approval_is_stamped(self):
        self.partner.write({"integration_customer_approved": True, "integration_supplier_active": True})
        self.assertEqual(self.partner.integration_customer_approved_by_id, self.env.user)
        self.assertTrue(self.partner.integration_supplier_active_at)
        self.partner.integration_supplier_active = False
        self.assertFalse(self.partner.integration_supplier_active_at)
        self.assertTrue(self.partner.integration_customer_approved_at)
