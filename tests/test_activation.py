# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Customers and suppliers: proposed, checked, approved or blocked; who is not approved is not invoiced or paid (M7)."""

from odoo.exceptions import AccessError, UserError

from ..simulators.partner import documents
from .approval_common import CONTROLLER, GROUP, ApprovalCommon
from .common import ANNA


class TestActivation(ApprovalCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.clerk = cls.person("ac_clerk", "account.group_account_invoice,base.group_partner_manager")
        cls.adviser = cls.person("ac_adviser", f"{CONTROLLER},base.group_partner_manager")
        cls.partner = cls.env["res.partner"].create({"name": "Anna's Bakery", "is_company": True})

    def press(self, step, role="customer", user=None):
        partner = self.partner.with_user(user or self.clerk).with_context(integration_role=role)
        result = getattr(partner, f"action_integration_{step}")()
        self.env.invalidate_all()
        return result

    def block(self, role="customer", reason="Insolvent", user=None):
        action = self.press("block", role, user)
        wizard = (
            self.env["integration.partner.block"]
            .with_user(user or self.clerk)
            .with_context(**action["context"])
            .create({"reason": reason})
        )
        wizard.action_block()
        self.env.invalidate_all()

    def states(self):
        return self.partner.integration_customer_state, self.partner.integration_supplier_state

    def found(self, role, state):
        domain = [(f"integration_{role}_state", "=", state), ("id", "=", self.partner.id)]
        return bool(self.env["res.partner"].search(domain))

    def test_the_states_and_who_gives_them(self):
        self.assertEqual(self.states(), ("proposed", "proposed"))
        self.press("check")
        self.assertEqual(self.states(), ("checked", "proposed"))
        with self.assertRaises(AccessError):
            self.press("approve")
        self.press("approve", user=self.adviser)
        self.press("approve", "supplier", user=self.adviser)
        self.assertEqual(self.states(), ("approved", "approved"))
        self.assertTrue(
            self.partner.integration_customer_approved and self.partner.integration_supplier_active
        )
        self.assertEqual(self.partner.integration_customer_approved_by_id, self.adviser)
        self.block()
        self.assertEqual(self.states(), ("blocked", "approved"))
        self.assertFalse(self.partner.integration_customer_approved)
        with self.assertRaises(AccessError):
            self.press("unblock")
        with self.assertRaisesRegex(UserError, "end the block first"):
            self.press("approve", user=self.adviser)
        self.press("unblock", user=self.adviser)
        self.assertEqual(self.states(), ("proposed", "approved"), "it has to be approved again")
        self.assertFalse(self.partner.integration_customer_block_reason)
        actions = [action for action, _user in self.leaves(self.partner)]
        self.assertEqual(actions.count("partner.customer_state"), 3)
        for state in ("proposed", "checked", "approved", "blocked"):
            self.assertEqual(self.found("customer", state), state == "proposed")
            self.assertEqual(self.found("supplier", state), state == "approved")

    def test_what_was_approved_before_is_approved(self):
        self.partner.integration_customer_approved = True
        self.assertEqual(self.states(), ("approved", "proposed"))

    def test_who_may_not(self):
        stranger = self.person("ac_stranger", "base.group_user,base.group_partner_manager")
        for values in ({"integration_customer_checked": True}, {"integration_supplier_blocked": True}):
            with self.assertRaises(AccessError):
                self.partner.with_user(stranger).write(values)
            with self.assertRaises(AccessError):
                self.env["res.partner"].with_user(stranger).create({"name": "Mine", **values})
        with self.assertRaisesRegex(UserError, "Say why"):
            self.partner.with_user(self.clerk).integration_customer_blocked = True
        contact = self.env["res.partner"].create({"name": "Anna", "parent_id": self.partner.id})
        with self.assertRaisesRegex(UserError, "company itself"):
            contact.integration_customer_checked = True
        with self.assertRaisesRegex(UserError, "Choose"):
            self.partner.action_integration_check()

    def test_one_companys_own(self):
        other = self.env["res.company"].create({"name": "Other company"})
        self.block(user=self.adviser)
        self.assertEqual(self.partner.with_company(other).integration_customer_state, "proposed")

    # -- what is refused ---------------------------------------------------------------------------------------

    def bill(self, move_type="out_invoice", partner=None):
        return self.env["account.move"].create(
            {
                "move_type": move_type,
                "partner_id": (partner or self.partner).id,
                "invoice_date": "2026-03-02",
                "invoice_line_ids": [(0, 0, {"name": "Advice", "price_unit": 10.0, "tax_ids": []})],
            }
        )

    def test_nothing_is_invoiced_to_a_blocked_customer(self):
        contact = self.env["res.partner"].create({"name": "Anna", "parent_id": self.partner.id})
        self.block()
        for partner in (self.partner, contact):
            invoice = self.bill(partner=partner)
            self.assertIn("Insolvent", invoice.integration_partner_refusal)
            with self.assertRaisesRegex(UserError, "Insolvent"):
                invoice.action_post()
            self.assertEqual(invoice.state, "draft")
        self.bill("out_refund").action_post()
        self.bill("in_invoice").action_post()

    def test_an_unapproved_customer_is_refused_only_where_the_company_wants_it(self):
        self.bill().action_post()
        self.company.sudo().integration_customer_required = True
        invoice = self.bill()
        with self.assertRaisesRegex(UserError, "not approved as a customer yet"):
            invoice.action_post()
        self.press("approve", user=self.adviser)
        invoice.action_post()
        self.assertEqual(invoice.state, "posted")

    def test_orders(self):
        product = self.env["product.product"].create({"name": "Advice", "type": "service"})
        order = (
            self.env["sale.order"]
            .sudo()
            .create(
                {
                    "partner_id": self.partner.id,
                    "company_id": self.company.id,
                    "order_line": [(0, 0, {"product_id": product.id})],
                }
            )
        )
        self.block()
        with self.assertRaisesRegex(UserError, "Insolvent"):
            order.action_confirm()
        self.press("unblock", user=self.adviser)
        order.action_confirm()
        self.assertEqual(order.state, "sale")

    def payment(self, **facts):
        return self.env["account.payment"].create(
            {
                "payment_type": "outbound",
                "partner_type": "supplier",
                "partner_id": self.partner.id,
                "amount": 10.0,
                "journal_id": self.company_data["default_journal_bank"].id,
                **facts,
            }
        )

    def test_nothing_is_paid_to_a_blocked_supplier_whichever_way(self):
        self.block("supplier", "Fraud suspected")
        payment = self.payment()
        for way in (
            payment.action_post,
            payment.action_validate,
            lambda: payment.write({"state": "paid"}),
        ):
            with self.assertRaisesRegex(UserError, "Fraud suspected"):
                way()
        self.assertEqual(payment.state, "draft")
        for state in ("in_process", "paid"):
            with self.assertRaises(UserError):
                self.payment(state=state)
        self.payment(payment_type="inbound").action_post()
        bill = self.bill("in_invoice")
        bill.action_post()
        register = (
            self.env["account.payment.register"]
            .with_context(active_model="account.move", active_ids=bill.ids)
            .create({})
        )
        with self.assertRaisesRegex(UserError, "Fraud suspected"):
            register.action_create_payments()

    def test_an_unapproved_supplier_is_refused_only_where_the_company_wants_it(self):
        self.payment().action_post()
        self.company.sudo().integration_supplier_required = True
        with self.assertRaisesRegex(UserError, "not approved as a supplier yet"):
            self.payment().action_post()
        self.payment(partner_type="customer").action_post()  # a refund to a customer
        self.press("approve", "supplier", user=self.adviser)
        self.payment().action_post()

    # -- the hub -----------------------------------------------------------------------------------------------

    def requested(self, number):
        line = documents.Line("Advice", documents.Decimal(1), documents.Decimal("100.00"), ("STD",))
        document = documents.invoice_request(number, ANNA, [line], self.clock.now)
        return self.send_partner("invoice.requested", document)

    def test_an_event_waits_for_the_approval_and_goes_on_by_itself(self):
        self.company.sudo().integration_customer_required = True
        message = self.requested("R-1")
        self.assertEqual(
            (message.status, message.error_code), ("parked", "partner_blocked"), message.error_detail
        )
        exception = self.exceptions("partner_blocked")
        self.assertIn("Anna's Bakery", exception.what)
        self.assertEqual(exception.fix, "partner")
        action = exception.action_open_partner()
        self.assertEqual(action["res_model"], "res.partner")
        partner = self.env["res.partner"].browse(action["res_id"])
        self.assertEqual(partner.integration_customer_state, "proposed")
        partner.with_user(self.adviser).integration_customer_approved = True
        self.drain(self.partner_connection)
        self.assertEqual(message.status, "done", message.error_detail)
        self.assertEqual(self.became(message, "account.move").state, "posted")
        self.assertFalse(self.exceptions("partner_blocked"))

    def test_an_event_goes_on_when_the_rule_is_switched_off(self):
        self.company.sudo().integration_customer_required = True
        message = self.requested("R-1")
        partner = self.env["res.partner"].browse(
            self.exceptions("partner_blocked").action_open_partner()["res_id"]
        )
        self.assertEqual((message.status, message.error_code), ("parked", "partner_blocked"))
        request = self.company.with_user(self.adviser)._integration_change_rules(
            {"integration_customer_required": False}, "Too slow"
        )
        self.drain(self.partner_connection)
        self.assertEqual(
            (message.status, request.state), ("parked", "asked")
        )  # asked for is not switched off
        request.with_user(self.ann).action_approve()
        self.assertFalse(self.company.integration_customer_required)
        self.drain(self.partner_connection)
        self.assertEqual(message.status, "done", message.error_detail)
        self.assertEqual(self.became(message, "account.move").state, "posted")
        self.assertEqual(partner.integration_customer_state, "proposed")
        self.assertFalse(self.exceptions("partner_blocked"))

    def test_who_is_blocked_by_name_waits_on_when_the_rule_is_switched_off(self):
        self.company.sudo().integration_customer_required = True
        message = self.requested("R-1")
        partner = self.env["res.partner"].browse(
            self.exceptions("partner_blocked").action_open_partner()["res_id"]
        )
        partner.with_user(self.adviser).write(
            {"integration_customer_blocked": True, "integration_customer_block_reason": "Insolvent"}
        )
        request = self.company.with_user(self.adviser)._integration_change_rules(
            {"integration_customer_required": False}, "Too slow"
        )
        request.with_user(self.ann).action_approve()
        self.drain(self.partner_connection)
        self.assertEqual((message.status, message.error_code), ("parked", "partner_blocked"))
        self.assertEqual(len(self.exceptions("partner_blocked")), 1)

    def test_what_the_source_issued_and_money_that_moved_are_booked_all_the_same(self):
        self.issue("P-1")
        customer = self.env["res.partner"].search([("email", "=", ANNA.email)])
        customer.write(
            {"integration_customer_blocked": True, "integration_customer_block_reason": "Insolvent"}
        )
        self.assertEqual(self.issue("P-2").state, "posted")
        self.stripe.charge(115000, "usd", metadata={})
        self.assert_done(self.send_stripe())
        self.assertEqual(self.movement("payment", self.stripe_payment()).move_id.state, "posted")
        blocked = self.requested("R-1")
        self.assertEqual((blocked.status, blocked.error_code), ("parked", "partner_blocked"))
        customer.with_user(self.adviser).integration_customer_blocked = False
        self.drain(self.partner_connection)
        self.assertEqual(blocked.status, "done", "unblocked, and no approval is required here")

    def stripe_payment(self):
        return self.env["integration.movement"].search([("type", "=", "payment")], limit=1).movement_id

    def test_the_form_shows_it_to_those_who_work_with_it(self):
        arch = self.env["res.partner"].with_user(self.adviser).get_view(view_type="form")["arch"]
        for name in (
            "action_integration_check",
            "action_integration_approve",
            "action_integration_block",
            "action_integration_unblock",
        ):
            self.assertIn(name, arch)
        clerk = self.env["res.partner"].with_user(self.clerk).get_view(view_type="form")["arch"]
        self.assertNotIn("action_integration_approve", clerk)
        self.assertNotIn(GROUP % "approver", clerk)
