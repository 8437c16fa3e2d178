# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Money that an entry has moved out of suspense is matched there, so that nothing of it is listed as open (X2, P6)."""

from contextlib import contextmanager
from datetime import date
from decimal import Decimal
from unittest.mock import patch

from odoo.exceptions import UserError

from odoo.addons.account.models.account_move_line import AccountMoveLine

from ..models.reconciliation import waiting
from ..models.workbench import fix_match
from ..models.workbench.fix_match import IntegrationMovement
from .test_classification import ClassificationCommon


class TestMovedOn(ClassificationCommon):
    def lock(self):
        # Odoo itself sets no lock over money in suspense; a lock may still come with a restored or migrated database.
        self.env.flush_all()
        self.env.cr.execute(
            "UPDATE res_company SET fiscalyear_lock_date = '2026-03-31' WHERE id = %s", [self.company.id]
        )
        self.env.invalidate_all()

    def open_bank_lines(self):
        """Return what Odoo lists as not reconciled, and over which it sets no lock."""
        domain = self.company._get_unreconciled_statement_lines_domain(date(2026, 3, 31))
        return self.env["account.bank.statement.line"].search(domain)

    def left(self, account):
        lines = self.env["account.move.line"].search(
            [("account_id", "=", account.id), ("parent_state", "=", "posted"), ("reconciled", "=", False)]
        )
        return Decimal(str(round(sum(lines.mapped("amount_residual")), 2))), len(lines)

    def notice(self):
        self.root["integration.waiting"]._cron_notice()
        self.env.invalidate_all()

    def as_before(self):
        """Leave the account as it is, as versions before did."""
        return patch.object(IntegrationMovement, "_let_suspense_be_matched", lambda _self, _account: None)

    def moved(self):
        movement = self.strange(-700)
        self.assertIn(movement.statement_line_id, self.open_bank_lines())
        self.lock()
        self.say(movement, "fee")
        return movement

    def test_the_statement_line_is_reconciled_and_suspense_is_empty(self):
        movement = self.moved()
        suspense = self.suspense(movement)
        self.assertEqual(
            (self.balance(suspense), self.left(suspense)), (Decimal("0.00"), (Decimal("0.00"), 0))
        )
        self.assertTrue(movement.statement_line_id.is_reconciled)
        self.assertNotIn(movement.statement_line_id, self.open_bank_lines())
        self.assertEqual((movement.application, self.balance(self.role("FEE"))), ("applied", Decimal("7.00")))
        self.assertEqual(self.exceptions().ids, [])
        leaf = self.env["integration.audit.leaf"].search([("action", "=", "suspense.let_match")])
        self.assertEqual((leaf.user_id, leaf.detail), (self.operator, f"account.account,{suspense.id}"))
        self.notice()
        self.assertEqual(movement.application, "applied")

    def test_replaced_in_its_own_line_the_account_stays_as_it_is(self):
        movement = self.strange(-700)
        self.say(movement, "fee")
        self.assertFalse(self.suspense(movement).reconcile)
        self.assertTrue(movement.statement_line_id.is_reconciled)

    def test_taken_back_the_statement_lines_own_item_is_open_again(self):
        movement = self.moved()
        first = movement.move_id.line_ids.filtered(lambda row: row.account_id == self.suspense(movement))
        self.undo(movement).with_user(self.approver).action_approve()
        self.env.invalidate_all()
        self.assertEqual((movement.application, movement.counterpart_id), ("suspense", first))
        self.assertEqual(self.left(self.suspense(movement)), (Decimal("7.00"), 1))
        self.assertEqual(self.balance(self.role("FEE")), Decimal("0.00"))
        self.assertFalse(movement.statement_line_id.is_reconciled)
        self.notice()
        self.assertEqual(movement.application, "suspense")
        self.say(movement, "transfer")
        self.assertEqual(self.left(self.suspense(movement)), (Decimal("0.00"), 0))
        self.assertTrue(movement.statement_line_id.is_reconciled)
        self.assertEqual(self.balance(self.role("TRANSIT")), Decimal("7.00"))

    def test_taken_back_by_an_entry_what_was_replaced_is_asked_about_still(self):
        movement = self.strange(-700)
        self.say(movement, "fee")
        self.lock()
        self.undo(movement).with_user(self.approver).action_approve()
        self.env.invalidate_all()
        self.assertEqual(
            (movement.application, self.balance(self.suspense(movement))), ("suspense", Decimal("7.00"))
        )
        self.notice()
        self.assertEqual((movement.application, movement.exception_id.state), ("suspense", "open"))

    def test_an_account_that_allows_no_matching_is_asked_about_and_matched_by_a_button(self):
        with self.as_before():
            movement = self.moved()
        suspense = self.suspense(movement)
        self.assertEqual((movement.application, self.balance(self.role("FEE"))), ("applied", Decimal("7.00")))
        exception = self.exceptions("match_refused")
        self.assertEqual((len(exception), exception.fix, exception.at_stake), (1, "match", "$\xa07.00"))
        self.assertIn("its account allows no matching", exception.what)
        self.assertFalse(movement.statement_line_id.is_reconciled)
        self.notice()
        self.assertEqual((self.exceptions("match_refused"), exception.state), (exception, "open"))
        entries = self.env["account.move"].search_count([])
        exception.with_user(self.operator).action_match_now()
        self.env.invalidate_all()
        self.assertTrue(movement.statement_line_id.is_reconciled)
        self.assertEqual((exception.state, self.left(suspense)), ("resolved", (Decimal("0.00"), 0)))
        self.assertEqual(self.env["account.move"].search_count([]), entries, "matching books nothing")
        with self.assertRaises(UserError):
            exception.with_user(self.operator).action_match_now()

    def three(self):
        """Return three movements in suspense of which only the one between can go on."""
        movements = [self.strange(cents) for cents in (-700, -800, -900)]
        self.assertEqual(len({movement.id for movement in movements}), 3)
        return movements

    @contextmanager
    def refused(self, movements):
        """Let Odoo refuse to match what stands in suspense of these."""
        matched = AccountMoveLine._reconcile_plan
        theirs = [
            movement.move_id.line_ids.filtered(
                lambda row: row.account_id == row.journal_id.suspense_account_id
            )
            for movement in movements
        ]

        def refuse(lines, plan):
            if any(items & own for items in plan for own in theirs):
                raise UserError("These items are locked.")  # pylint: disable=translation-required
            return matched(lines, plan)

        with patch.object(AccountMoveLine, "_reconcile_plan", refuse):
            yield

    def test_what_odoo_refuses_does_not_hide_what_it_would_match(self):
        movements = self.three()
        with self.as_before():
            self.lock()
            for movement in movements:
                self.say(movement, "fee")
        self.suspense(movements[0]).reconcile = True
        first, _between, last = movements
        self.assertEqual(len(self.exceptions("match_refused")), 3)
        with self.refused((first, last)), patch.object(fix_match, "MAX_LOOKED_AT", 1):
            self.notice()
        self.assertEqual(
            [movement.statement_line_id.is_reconciled for movement in movements], [False, True, False]
        )
        self.assertEqual(len(self.exceptions("match_refused")), 2)

    def test_what_waits_for_a_person_does_not_hide_what_was_matched(self):
        movements = self.three()
        with self.as_before():
            self.lock()
            for movement in movements:
                self.say(movement, "fee")
        suspense = self.suspense(movements[0])
        suspense.reconcile = True
        own = (movements[1].move_id | movements[1].counterpart_id.move_id).line_ids
        own.filtered(lambda row: row.account_id == suspense).reconcile()
        with patch.object(fix_match, "MAX_LOOKED_AT", 1):
            self.root["integration.exception"]._settle_matched()
        self.env.invalidate_all()
        self.assertEqual(
            sorted(self.exceptions("match_refused").mapped("at_stake")), ["$\xa07.00", "$\xa09.00"]
        )

    def test_what_was_taken_back_does_not_hide_what_people_have_placed(self):
        first, between, last = self.three()
        for movement in (first, last):
            self.say(movement, "fee")
        suspense = self.suspense(between)
        suspense.reconcile = True
        item = between.counterpart_id
        self.assertEqual((item.account_id, item.move_id), (suspense, between.move_id))
        entry = self.env["account.move"].create(
            {
                "journal_id": self.company_data["default_journal_misc"].id,
                "date": between.event_date,
                "line_ids": [
                    (0, 0, {"account_id": suspense.id, "balance": -item.balance}),
                    (0, 0, {
                        "account_id": self.company_data["default_account_expense"].id, "balance": item.balance
                    }),
                ],
            }
        )  # fmt: skip
        entry.action_post()
        self.lock()
        for movement in (first, last):
            self.undo(movement).with_user(self.approver).action_approve()
        (item | entry.line_ids.filtered(lambda row: row.account_id == suspense)).reconcile()
        self.env.invalidate_all()
        self.assertEqual(
            [movement.statement_line_id.is_reconciled for movement in (first, between, last)], [True] * 3
        )
        with patch.object(waiting, "MAX_WAITING", 1):
            self.notice()
        self.assertEqual(
            [movement.application for movement in (first, between, last)],
            ["suspense", "applied", "suspense"],
        )

    def test_what_a_version_before_left_open_is_matched_by_itself(self):
        with self.as_before():
            movement = self.moved()
        exception = self.exceptions("match_refused")
        self.suspense(movement).reconcile = True  # as an accountant would
        self.notice()
        self.assertTrue(movement.statement_line_id.is_reconciled)
        self.assertEqual(
            (exception.state, self.left(self.suspense(movement))), ("resolved", (Decimal("0.00"), 0))
        )
