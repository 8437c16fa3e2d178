# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Odoo refuses to match what is booked: the booking stands, the event is done, a person matches later (F1, R18)."""

from contextlib import contextmanager
from decimal import Decimal
from unittest.mock import patch

from odoo.exceptions import AccessError, UserError
from odoo.tests import new_test_user

from odoo.addons.account.models.account_move_line import AccountMoveLine

from .test_payouts import PAID_OUT, PayoutCommon


class MatchCommon(PayoutCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        facts = {"company_id": cls.company.id, "company_ids": [(6, 0, cls.company.ids)]}
        for name in ("operator", "auditor"):
            group = f"finance_integration.group_{name}"
            setattr(cls, name, new_test_user(cls.env, f"match_{name}", groups=group, **facts))

    @contextmanager
    def refused(self, account, reason="These items are locked."):
        """Let Odoo refuse to match items of an account."""
        matched = AccountMoveLine._reconcile_plan

        def refuse(lines, plan):
            if any(account in items.account_id for items in plan):
                raise UserError(reason)
            return matched(lines, plan)

        with patch.object(AccountMoveLine, "_reconcile_plan", refuse):
            yield


class TestPayoutNotMatched(MatchCommon):
    def came_back(self):
        payout = self.pay_out()
        with self.refused(self.role("TRANSIT")):
            self.fail(payout)
        return payout

    def test_the_return_is_booked_and_the_matching_waits(self):
        payout = self.came_back()
        self.assertFalse(self.stopped())
        self.assertEqual(payout.return_movement_id.settled_amount, PAID_OUT)
        self.assertEqual((payout.bank_state, self.transit()), ("transit", Decimal(0)))
        exception = self.exceptions("match_refused")
        self.assertEqual((len(exception), exception.fix), (1, "match"))
        self.assertIn("These items are locked.", exception.what)
        self.assertIn(payout.payout_id, exception.what)
        self.assertEqual((exception.at_stake, exception.stake_company), ("$\xa01,260.25", PAID_OUT))
        self.assertEqual(exception.books_from, payout.return_movement_id.event_date)
        with self.refused(self.role("TRANSIT")):
            self.look()
        self.assertEqual(self.exceptions("match_refused"), exception, "asked once")

    def test_match_now(self):
        payout = self.came_back()
        exception = self.exceptions("match_refused").with_user(self.operator)
        with (
            self.refused(self.role("TRANSIT"), "Still locked."),
            self.assertRaisesRegex(UserError, "Still locked"),
        ):
            exception.action_match_now()
        self.env.invalidate_all()
        self.assertEqual((exception.state, payout.movement_id.counterpart_id.reconciled), ("open", False))
        with self.assertRaises(AccessError):
            exception.with_user(self.auditor).action_match_now()
        exception.action_match_now()
        self.env.invalidate_all()
        self.assertEqual((payout.bank_state, exception.state), ("returned", "resolved"))
        self.assertTrue(payout.movement_id.counterpart_id.reconciled)
        self.assertEqual((exception.at_stake, exception.resolved_by_id), ("", self.operator))

    def test_the_next_comparison_tries_again(self):
        payout = self.came_back()
        exception = self.exceptions("match_refused")
        self.look()
        self.assertEqual((payout.bank_state, exception.state), ("returned", "resolved"))

    def test_matched_with_odoos_own_tools_it_closes_itself(self):
        payout = self.came_back()
        exception = self.exceptions("match_refused")
        (payout.movement_id.counterpart_id | payout.return_movement_id.counterpart_id).reconcile()
        self.root["integration.waiting"]._cron_notice()
        self.env.invalidate_all()
        self.assertEqual(exception.state, "resolved")

    def test_something_else_was_matched_with_a_part_meanwhile(self):
        payout = self.came_back()
        exception = self.exceptions("match_refused").with_user(self.operator)
        move = self.env["account.move"].create(
            {
                "journal_id": self.company_data["default_journal_misc"].id,
                "date": payout.date,
                "line_ids": [
                    (0, 0, {"account_id": self.role("TRANSIT").id, "balance": -60.25}),
                    (0, 0, {"account_id": self.company_data["default_account_expense"].id, "balance": 60.25}),
                ],
            }
        )
        move.action_post()
        own = move.line_ids.filtered(lambda line: line.account_id == self.role("TRANSIT"))
        (payout.movement_id.counterpart_id | own).reconcile()
        with self.assertRaisesRegex(UserError, "meanwhile"):
            exception.action_match_now()
        self.assertEqual(exception.state, "open")

    def test_a_payout_that_has_not_arrived_says_what_is_at_stake(self):
        payout = self.pay_out()
        with patch.object(type(payout), "_is_overdue", lambda _payout: True):
            self.look()
        exception = self.exceptions("payout_overdue")
        self.assertEqual(len(exception), 1)
        self.assertEqual((exception.at_stake, exception.stake_company), ("$\xa01,260.25", PAID_OUT))
        [stake] = exception.stake_ids
        self.assertEqual(
            (stake.currency_id, stake.amount, stake.document_count), (self.company.currency_id, PAID_OUT, 1)
        )
        self.bank_line(PAID_OUT)
        self.look()
        self.assertEqual((payout.bank_state, exception.state), ("matched", "resolved"))
        self.assertEqual((exception.at_stake, exception.stake_company), ("", 0.0))


class TestPayoutNotLettered(MatchCommon):
    """What a payout paid out is matched with it in the provider's journal; refused, it waits with a person."""

    def cash(self):
        return self.stripe_connection.balance_account_ids.journal_id.default_account_id

    def letter(self, payout):
        self.root["integration.payout.look"]._letter(payout.ids)
        self.env.invalidate_all()

    def refused_once(self):
        payout = self.pay_out()
        entries = self.env["account.move"].search_count([])
        with self.refused(self.cash()):
            self.letter(payout)
            self.letter(payout)
        self.assertEqual(self.env["account.move"].search_count([]), entries)
        self.assertEqual((payout.lettered, payout.composition), (False, "adds_up"))
        lines = self.env["account.move.line"].search([("account_id", "=", self.cash().id)])
        self.assertEqual((len(lines), set(lines.mapped("reconciled"))), (6, {False}))
        exception = self.exceptions("match_refused")
        self.assertEqual((len(exception), exception.fix, exception.at_stake), (1, "match", "$\xa01,260.25"))
        self.assertIn(f"(payout {payout.payout_id} and what it paid out)", exception.what)
        self.assertIn("These items are locked.", exception.what)
        self.assertFalse(self.stopped())
        return payout, exception, lines

    def test_it_waits_and_the_next_try_closes_it(self):
        payout, exception, lines = self.refused_once()
        self.letter(payout)
        self.assertEqual((payout.lettered, exception.state), (True, "resolved"))
        self.assertEqual(set(lines.mapped("reconciled")), {True})

    def test_match_now(self):
        payout, exception, lines = self.refused_once()
        with self.refused(self.cash(), "Still locked."), self.assertRaisesRegex(UserError, "Still locked"):
            exception.with_user(self.operator).action_match_now()
        self.assertEqual((exception.state, set(lines.mapped("reconciled"))), ("open", {False}))
        exception.with_user(self.operator).action_match_now()
        self.env.invalidate_all()
        self.assertEqual((payout.lettered, exception.state), (True, "resolved"))
        self.assertEqual(
            (set(lines.mapped("reconciled")), len(set(lines.mapped("matching_number")))), ({True}, 1)
        )

    def test_matched_with_odoos_own_tools_it_closes_itself(self):
        payout, exception, lines = self.refused_once()
        lines.reconcile()
        self.root["integration.waiting"]._cron_notice()
        self.env.invalidate_all()
        self.assertEqual((payout.lettered, exception.state), (True, "resolved"))


class TestDisputeNotMatched(MatchCommon):
    def test_what_was_given_back_is_booked_and_the_matching_waits(self):
        charge = self.stripe.charge(115000, "usd", settled=True, metadata={"invoice_number": "P-1001"})
        self.send_stripe()
        self.pull_stripe()
        self.clock.advance(days=1)
        told = self.stripe.open_dispute(charge["id"])
        self.send_stripe()
        self.pull_stripe()
        self.clock.advance(days=5)
        self.stripe.close_dispute(told["id"], won=True)
        with self.refused(self.role("AR-DISP"), "You may not match these."):
            self.send_stripe()
            self.pull_stripe()
        dispute = self.env["integration.dispute"].search([("dispute_id", "=", told["id"])])
        self.assertFalse(self.stopped())
        self.assertEqual((dispute.state, dispute.withdrawn, dispute.given_back), ("won", 1150.0, 1150.0))
        items = dispute.movement_ids.filtered(lambda row: row.type != "fee").counterpart_id
        self.assertEqual((set(items.mapped("reconciled")), sum(items.mapped("balance"))), ({False}, 0.0))
        exception = self.exceptions("match_refused")
        self.assertEqual((len(exception), exception.at_stake), (1, "$\xa01,150.00"))
        self.assertIn(dispute.dispute_id, exception.what)
        exception.with_user(self.operator).action_match_now()
        self.env.invalidate_all()
        self.assertEqual((set(items.mapped("reconciled")), exception.state), ({True}, "resolved"))
