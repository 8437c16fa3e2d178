# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Breakage of gift cards: proposed for a period, agreed by another person, booked once (policy F26)."""

from datetime import date
from decimal import Decimal

from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import new_test_user, tagged

from .shop_common import ShopCommon, item, tax


@tagged("post_install", "-at_install")
class TestGiftBreakage(ShopCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.ann = new_test_user(
            cls.env,
            "breakage_ann",
            groups="finance_integration.group_approver",
            company_id=cls.company.id,
            company_ids=[(6, 0, cls.company.ids)],
        )

    def setUp(self):
        super().setUp()
        self.send("orders/paid", self.order([item(1, "1000.00", gift_card=True)]))
        self.send("fulfillments/create", self.fulfilment(1, {1: 1}))
        self.send("orders/paid", self.order([item(2, "500.00", 1, [tax("100.00")])], 1002))

    def use(self, amount, transaction_id, day=6, kind="sale"):
        told = self.transaction(transaction_id, amount, "gift_card", kind, order_id=1002, day=day)
        self.assert_done(self.send("order_transactions/create", told))

    def proposal(self, day=date(2026, 3, 31), rate=10.0):
        return self.env["integration.gift.breakage"].create(
            {"connection_id": self.shop.id, "date": day, "rate": rate, "reason": "Cards of 2023"}
        )

    def approve(self, proposal):
        proposal.action_ask()
        request = self.env["integration.change.request"].search(
            [("res_model", "=", proposal._name), ("res_id", "=", proposal.id)], order="id desc", limit=1
        )
        self.assertEqual((request.kind, request.amount), ("entry", abs(proposal.amount)))
        with self.assertRaises(UserError):
            request.action_approve()
        self.assertEqual(proposal.state, "asked")
        request.with_user(self.ann).action_approve()
        self.env.invalidate_all()

    def test_what_is_earned_by_use_becomes_revenue_after_another_person_agreed(self):
        self.use("450.00", 8)
        proposal = self.proposal()
        self.assertEqual(
            (proposal.sold, proposal.redeemed, proposal.owed, proposal.amount), (1000.0, 450.0, 550.0, 50.0)
        )
        before = self.entries()
        self.approve(proposal)
        self.assertEqual((proposal.state, self.entries()), ("booked", before + 1))
        self.assertEqual(proposal.move_id.date, date(2026, 3, 31))
        self.assertEqual(self.balance(self.role("GIFT")), Decimal("-500.00"))
        self.assertEqual(self.balance(self.role("BREAKAGE")), Decimal("-50.00"))
        with self.assertRaises(UserError):
            proposal.rate = 20.0
        with self.assertRaises(UserError):
            proposal.unlink()

    def test_the_next_period_books_the_difference_and_takes_back_too_much(self):
        self.use("450.00", 8)
        self.approve(self.proposal())
        self.use("90.00", 9, day=20)
        with self.assertRaisesRegex(UserError, "nothing to book|booked already"):
            self.proposal(date(2026, 3, 15)).action_ask()
        later = self.proposal(date(2026, 4, 30))
        self.assertEqual((later.redeemed, later.booked_before, later.amount), (540.0, 50.0, 10.0))
        self.approve(later)
        lower = self.proposal(date(2026, 5, 31), rate=4.0)
        self.assertEqual((lower.booked_before, lower.amount), (60.0, -37.5))
        self.approve(lower)
        self.assertEqual(self.balance(self.role("BREAKAGE")), Decimal("-22.50"))
        self.assertEqual(self.balance(self.role("GIFT")), Decimal("-437.50"))

    def test_nothing_was_used_nothing_is_earned(self):
        proposal = self.proposal()
        self.assertEqual(proposal.amount, 0.0)
        with self.assertRaisesRegex(UserError, "nothing to book"):
            proposal.action_ask()
        self.assertEqual(self.balance(self.role("GIFT")), Decimal("-1000.00"))

    def test_what_changed_after_it_was_asked_for_is_not_booked(self):
        self.use("450.00", 8)
        proposal = self.proposal()
        proposal.action_ask()
        self.use("90.00", 9)
        request = self.env["integration.change.request"].search([("res_model", "=", proposal._name)])
        before = self.entries()
        with self.assertRaises(UserError):
            request.with_user(self.ann).action_approve()
        self.assertEqual(self.entries(), before)
        self.assertEqual(self.balance(self.role("BREAKAGE")), Decimal("0"))

    def test_never_more_than_is_owed_is_proposed(self):
        self.use("990.00", 8)
        self.assertEqual(self.proposal().amount, 10.0)

    def test_a_rate_that_cannot_be_is_refused_before_the_database_has_to(self):
        proposal = self.proposal()
        before = self.env["integration.gift.breakage"].search_count([])
        for rate in (0.0, -1.0, 100.0, 150.0, 1e30):
            with self.subTest(rate=rate), self.assertNoLogs("odoo.sql_db", level="ERROR"):
                with self.assertRaisesRegex(ValidationError, "below 100"):
                    self.proposal(date(2026, 4, 30), rate=rate)
                with self.assertRaisesRegex(ValidationError, "below 100"):
                    proposal.rate = rate
        self.assertEqual(self.env["integration.gift.breakage"].search_count([]), before)
        self.assertEqual(proposal.rate, 10.0)

    # -- a locked period ---------------------------------------------------------------------------------------

    def untouched(self, proposal, state, before):
        """Nothing of it is booked, and it can still be decided."""
        self.env.invalidate_all()
        self.assertEqual((proposal.state, proposal.move_id.id), (state, False))
        self.assertEqual(proposal.approved_amount, 0.0)
        self.assertEqual(self.entries(), before)
        self.assertEqual(self.balance(self.role("BREAKAGE")), Decimal("0"))
        self.assertEqual(self.balance(self.role("GIFT")), Decimal("-550.00"))

    def requests(self, proposal):
        return self.env["integration.change.request"].search(
            [("res_model", "=", proposal._name), ("res_id", "=", proposal.id)]
        )

    def test_for_a_locked_period_it_is_not_even_asked_for(self):
        self.use("450.00", 8)
        proposal, before = self.proposal(), self.entries()
        for lock in ("fiscalyear_lock_date", "hard_lock_date"):
            with self.subTest(lock=lock):
                savepoint = self.env.cr.savepoint()
                self.company.sudo()[lock] = date(2026, 3, 31)
                with self.assertRaisesRegex(UserError, "03/31/2026 is in a locked period of"):
                    proposal.action_ask()
                self.assertFalse(self.requests(proposal))
                self.untouched(proposal, "draft", before)
                savepoint.close(rollback=True)
                self.env.invalidate_all()
        # A lock before its day concerns it not.
        self.company.sudo().fiscalyear_lock_date = date(2026, 3, 30)
        proposal.action_ask()
        self.assertEqual(proposal.state, "asked")

    def test_locked_while_it_waits_nothing_is_booked_on_any_day(self):
        self.use("450.00", 8)
        proposal = self.proposal()
        proposal.action_ask()
        request, before = self.requests(proposal), self.entries()
        self.company.sudo().fiscalyear_lock_date = date(2026, 3, 31)
        with (
            self.assertRaisesRegex(UserError, "locked period.*have the period reopened"),
            self.env.cr.savepoint(),
        ):
            request.with_user(self.ann).action_approve()
        self.untouched(proposal, "asked", before)
        self.assertEqual(
            (request.state, request.approver_id.id, len(request.decision_ids)), ("asked", False, 0)
        )
        # Opened again, the same request is approved and booked on its own day.
        self.company.sudo().fiscalyear_lock_date = False
        request.with_user(self.ann).action_approve()
        self.env.invalidate_all()
        self.assertEqual((proposal.state, proposal.move_id.date), ("booked", date(2026, 3, 31)))
        self.assertEqual((self.entries(), proposal.approved_amount), (before + 1, 50.0))

    def test_without_an_account_it_says_which_and_books_nothing(self):
        self.use("450.00", 8)
        proposal = self.proposal()
        proposal.action_ask()
        request, before = self.requests(proposal), self.entries()
        breakage = self.root["integration.role.account"].search(
            [("company_id", "=", self.company.id), ("role", "=", "BREAKAGE")]
        )
        account = breakage.account_id
        breakage.unlink()
        with self.assertRaisesRegex(UserError, "Gift cards that will never be used"), self.env.cr.savepoint():
            request.with_user(self.ann).action_approve()
        self.env.invalidate_all()
        self.assertEqual((proposal.state, request.state, self.entries()), ("asked", "asked", before))
        self.assertEqual(self.balance(account), Decimal("0"))

    # -- people of another company -----------------------------------------------------------------------------

    def stranger(self, name, role):
        other = self.setup_other_company(name=f"Company of {name}")["company"]
        return new_test_user(
            self.env,
            f"breakage_{name}",
            groups=f"finance_integration.group_{role}",
            company_id=other.id,
            company_ids=[(6, 0, other.ids)],
        )

    def test_a_user_of_another_company_sees_proposes_and_asks_for_nothing(self):
        self.use("450.00", 8)
        proposal, before = self.proposal(), self.entries()
        eve = self.stranger("eve", "operator")
        theirs = self.env["integration.gift.breakage"].with_user(eve)
        self.assertFalse(theirs.search([]))
        mine = proposal.with_user(eve)
        for attempt in (
            lambda: mine.read(["amount"]),
            mine.action_ask,
            lambda: mine.write({"rate": 20.0}),
            mine.unlink,
            lambda: theirs.create(
                {
                    "connection_id": self.shop.id,
                    "date": date(2026, 4, 30),
                    "rate": 10.0,
                    "reason": "Not mine",
                }
            ),
        ):
            with self.assertRaises(UserError), self.env.cr.savepoint():
                attempt()
        self.untouched(proposal, "draft", before)
        self.assertEqual((proposal.rate, self.root["integration.gift.breakage"].search_count([])), (10.0, 1))
        self.assertFalse(self.requests(proposal))

    def test_an_approver_of_another_company_approves_and_refuses_nothing(self):
        self.use("450.00", 8)
        proposal = self.proposal()
        proposal.action_ask()
        request, before = self.requests(proposal), self.entries()
        mallory = self.stranger("mallory", "approver")
        theirs = request.with_user(mallory)
        self.assertFalse(theirs.search([("id", "=", request.id)]))
        for attempt in (theirs.action_approve, lambda: theirs.action_refuse("No")):
            with self.assertRaises(AccessError), self.env.cr.savepoint():
                attempt()
        # Nor does who works in both while the other one is switched on alone.
        mallory.sudo().company_ids |= self.company
        alone = theirs.with_context(allowed_company_ids=mallory.company_id.ids)
        with self.assertRaises(AccessError), self.env.cr.savepoint():
            alone.action_approve()
        self.untouched(proposal, "asked", before)
        self.assertEqual((request.state, len(request.decision_ids)), ("asked", 0))
        with self.assertRaisesRegex(UserError, "not one of this proposal"):
            proposal.sudo()._carry_out(request)
        self.untouched(proposal, "asked", before)
