# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""What was collected for another company is disputed: booked in both companies or in neither (F17, F19, R18)."""

from datetime import date
from decimal import Decimal
from unittest.mock import patch

from odoo.exceptions import AccessError, UserError
from odoo.tests import new_test_user

from .intercompany_common import IntercompanyCommon

ZERO, WHOLE = Decimal("0"), Decimal("115.00")


class DisputedCommon(IntercompanyCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.disputed = cls.account(cls.other, "Disputed receivables", "149800", "asset_current")
        cls.bad = cls.account(cls.other, "Bad debt", "649800", "expense", reconcile=False)
        for role, account in (("AR-DISP", cls.disputed), ("BAD", cls.bad)):
            cls.root["integration.role.account"].create(
                {"company_id": cls.other.id, "role": role, "account_id": account.id}
            )

    def send(self):
        self.send_stripe()
        self.pull_stripe()

    def collected(self, cents=11500, number="B-1"):
        """Return (invoice, charge) of money that was collected."""
        invoice = self.bill(number, amount=cents / 100)
        charge = self.stripe.charge(cents, "usd", metadata={"invoice_number": number}, settled=True)
        self.send()
        self.assertEqual(invoice.amount_residual, 0.0, self.stopped())
        self.clock.advance(days=1)
        return invoice, charge

    def dispute(self, charge, **facts):
        told = self.stripe.open_dispute(charge["id"], **facts)
        self.send()
        found = self.env["integration.dispute"].search([("dispute_id", "=", told["id"])])
        self.assertEqual(len(found), 1, self.stopped())
        return found

    def close(self, dispute, won):
        self.clock.advance(days=5)
        self.stripe.close_dispute(dispute.dispute_id, won=won)
        self.send()

    def stands(self):
        """Return (disputed here, owed here, due there, disputed there)."""
        accounts = (self.role("AR-DISP"), self.owed, self.due, self.disputed)
        return tuple(self.balance(account) for account in accounts)

    def theirs_asked(self):
        return self.root["integration.exception"].search(
            [("company_id", "=", self.other.id), ("state", "=", "open")]
        )


class TestDisputed(DisputedCommon):
    def test_both_companies_book_what_is_disputed_and_the_invoice_stays_paid(self):
        invoice, charge = self.collected()
        dispute = self.dispute(charge)
        first, row = self.collections()
        self.assertEqual(
            (row.kind, row.basis, row.amount, row.undoes_id), ("disputed", "origin", 115.0, first)
        )
        self.assertEqual((first.rest, dispute.collection_ids, dispute.open_amount), (0.0, row, 0.0))
        own, theirs = row.move_id, row.payee_move_id
        self.assertEqual(
            self.figures(own),
            {
                self.role("AR-DISP"): (-WHOLE, -WHOLE, self.env["res.partner"]),
                self.owed: (WHOLE, WHOLE, self.other.partner_id),
            },
        )
        self.assertEqual(
            self.figures(theirs),
            {
                self.due: (-WHOLE, -WHOLE, self.company.partner_id),
                self.disputed: (WHOLE, WHOLE, self.partner_a),
            },
        )
        for entry, company in ((own, self.company), (theirs, self.other)):
            self.assertEqual(
                (entry.state, entry.date, entry.company_id), ("posted", date(2026, 3, 3), company)
            )
        self.assertEqual(own.ref, theirs.ref)
        self.assertEqual(own.create_uid, self.stripe_connection.service_user_id)
        self.assertEqual(theirs.create_uid, self.agreement.payee_user_id)
        self.assertEqual(self.stands(), (ZERO, ZERO, ZERO, WHOLE))
        self.assertEqual(invoice.amount_residual, 0.0)
        self.assertIn(invoice.payment_state, ("paid", "in_payment"))
        # The fee of the dispute is the first company's, and the evidence is asked for there.
        self.assertEqual(self.balance(self.role("FEE-D")), Decimal("15.00"))
        self.assertEqual(self.exceptions().mapped("code"), ["dispute_opened"])
        self.assertFalse(self.theirs_asked())
        # Told again, nothing more.
        self.pull_stripe()
        self.assertEqual(self.between(), (2, 2))

    def test_won_it_comes_back_in_both(self):
        invoice, charge = self.collected()
        dispute = self.dispute(charge)
        self.close(dispute, won=True)
        rows = self.collections()
        self.assertEqual(rows.mapped("kind"), ["collected", "disputed", "dispute_returned"], self.stopped())
        self.assertEqual(rows.mapped("rest"), [115.0, 0.0, 115.0])
        self.assertEqual(rows[2].undoes_id, rows[1])
        self.assertEqual({rows[2].move_id.date, rows[2].payee_move_id.date}, {date(2026, 3, 8)})
        self.assertEqual(self.stands(), (ZERO, -WHOLE, WHOLE, ZERO))
        items = rows[1:].payee_move_id.line_ids.filtered(lambda line: line.account_id == self.disputed)
        self.assertEqual((len(items), all(line.reconciled for line in items)), (2, True))
        self.assertEqual((invoice.amount_residual, dispute.state), (0.0, "won"))
        self.assertEqual((self.exceptions().ids, self.theirs_asked().ids), ([], []))

    def test_a_part_is_disputed_and_won(self):
        invoice, charge = self.collected()
        dispute = self.dispute(charge, amount=4000)
        self.assertEqual(self.stands(), (ZERO, Decimal("-75.00"), Decimal("75.00"), Decimal("40.00")))
        self.close(dispute, won=True)
        self.assertEqual(self.stands(), (ZERO, -WHOLE, WHOLE, ZERO))
        self.assertEqual(invoice.amount_residual, 0.0)
        # What is left of it can still be sent back, and no more than that.
        self.stripe.refund(charge["id"])
        self.send()
        self.assertEqual(self.collections()[0].rest, 0.0)
        self.assertEqual(self.stands()[1:3], (ZERO, ZERO))

    def test_withdrawn_and_given_back_at_once_concerns_nobody_else(self):
        _invoice, charge = self.collected()
        told = self.stripe.open_dispute(charge["id"])
        self.clock.advance(days=5)
        self.stripe.close_dispute(told["id"], won=True)
        self.send()
        self.assertEqual(self.stands(), (ZERO, -WHOLE, WHOLE, ZERO))
        self.assertIn(self.between(), ((1, 1), (3, 3)))

    def test_a_dispute_before_its_payment(self):
        self.bill()
        charge = self.stripe.charge(11500, "usd", metadata={"invoice_number": "B-1"}, settled=True)
        late = self.stripe_events()
        told = self.stripe.open_dispute(charge["id"])
        self.send_stripe()
        self.assertEqual(self.between(), (0, 0))
        self.pull_stripe()
        self.send_stripe(late)
        self.assertEqual(self.collections().mapped("kind"), ["collected", "disputed"], self.stopped())
        self.assertEqual(self.stands(), (ZERO, ZERO, ZERO, WHOLE))
        self.assertTrue(self.movement("dispute", told["id"]).counterpart_id.reconciled)

    def test_collected_after_it_was_disputed(self):
        charge = self.stripe.charge(11500, "usd", metadata={"invoice_number": "B-1"}, settled=True)
        self.send()
        dispute = self.dispute(charge)
        self.assertEqual(self.stands(), (WHOLE, ZERO, ZERO, ZERO))
        invoice = self.bill()
        self.root["integration.waiting"]._apply(invoice.ids)
        self.env.invalidate_all()
        self.assertEqual(self.collections().mapped("kind"), ["collected", "disputed"])
        self.assertEqual(self.stands(), (ZERO, ZERO, ZERO, WHOLE))
        self.assertEqual((invoice.amount_residual, dispute.open_amount), (0.0, 0.0))

    def test_what_was_sent_back_before_is_not_booked_twice(self):
        _invoice, charge = self.collected()
        self.stripe.refund(charge["id"])
        self.send()
        self.assertEqual(self.between(), (2, 2))
        before = self.stands()
        self.dispute(charge, amount=11500)
        # The provider has the money twice: that is the first company's to defend.
        self.assertEqual(self.between(), (2, 2))
        self.assertEqual(self.stands(), (WHOLE, *before[1:]))
        self.assertIn("dispute_after_refund", self.exceptions().mapped("code"))

    def test_expected_losses_are_not_those_of_the_collecting_company(self):
        _invoice, charge = self.collected()
        self.dispute(charge)
        allowance = self.env["integration.dispute.allowance"].create(
            {"connection_id": self.stripe_connection.id, "date": date(2026, 3, 31), "rate": 100.0}
        )
        self.assertEqual((allowance.exposure, allowance.amount), (0.0, 0.0))


class TestRefused(DisputedCommon):
    def assert_neither(self, dispute, code, *words):
        """The money is booked here, nothing between the two, and somebody is asked."""
        exception = self.exceptions(code)
        self.assertEqual(len(exception), 1, self.exceptions().mapped("code"))
        for word in words:
            self.assertIn(word, exception.what)
        self.assertEqual(self.between(), (1, 1))
        self.assertEqual(self.stands(), (WHOLE, -WHOLE, WHOLE, ZERO))
        self.assertEqual(dispute.open_amount, 115.0)
        self.assertEqual(self.movement("dispute", dispute.dispute_id).move_id.state, "posted")
        return exception

    def test_without_an_account_there_neither_side_is_booked(self):
        row = self.root["integration.role.account"].search(
            [("company_id", "=", self.other.id), ("role", "=", "AR-DISP")]
        )
        row.unlink()
        _invoice, charge = self.collected()
        dispute = self.dispute(charge)
        exception = self.assert_neither(
            dispute, "collect_refused", "Anna GmbH has no account for “Disputed receivables”"
        )
        with self.assertRaisesRegex(UserError, "exception says why"), self.env.cr.savepoint():
            exception.with_user(self.operator).action_collect()
        self.root["integration.role.account"].create(
            {"company_id": self.other.id, "role": "AR-DISP", "account_id": self.disputed.id}
        )
        exception.with_user(self.operator).action_collect()
        self.env.invalidate_all()
        self.assertEqual(self.stands(), (ZERO, ZERO, ZERO, WHOLE))
        self.assertEqual((exception.state, self.between()), ("resolved", (2, 2)))

    def test_where_the_other_side_fails_this_one_is_taken_back(self):
        _invoice, charge = self.collected()
        posting = type(self.env["integration.posting.application"])

        def refuse(_self, pair, invoice, item):
            raise UserError("The other company says no")  # pylint: disable=translation-required

        with patch.object(posting, "_match_customer", refuse):
            dispute = self.dispute(charge)
            exception = self.assert_neither(dispute, "collect_refused", "The other company says no")
        # With the next word of the provider it is tried again.
        self.close(dispute, won=False)
        self.assertEqual((self.stands(), self.between()), ((ZERO, ZERO, ZERO, WHOLE), (2, 2)))
        self.assertEqual(exception.state, "resolved")

    def test_on_a_locked_day_another_person_decides_about_the_day(self):
        _invoice, charge = self.collected()
        self.other.sudo().fiscalyear_lock_date = date(2026, 3, 31)
        dispute = self.dispute(charge)
        exception = self.assert_neither(dispute, "collect_locked", "Anna GmbH")
        self.ask(exception.with_user(self.operator).action_collect())
        self.assertEqual(self.between(), (1, 1))
        self.decide(exception)
        self.assertEqual((self.stands(), self.between()), ((ZERO, ZERO, ZERO, WHOLE), (2, 2)))
        self.assertEqual(self.collections()[-1].date, date(2026, 4, 1))
        self.assertEqual(exception.state, "resolved")

    def test_won_while_it_waited_there_is_nothing_left_to_decide(self):
        _invoice, charge = self.collected()
        self.other.sudo().fiscalyear_lock_date = date(2026, 3, 31)
        dispute = self.dispute(charge)
        exception = self.assert_neither(dispute, "collect_locked")
        self.close(dispute, won=True)
        self.assertEqual((self.stands(), self.between()), ((ZERO, -WHOLE, WHOLE, ZERO), (1, 1)))
        self.assertEqual((exception.state, self.exceptions().ids), ("resolved", []))

    def test_what_does_not_tell_its_part_is_for_a_person(self):
        _invoice, charge = self.collected()
        own = self.issue("P-1", amount="100.00")
        self.collections().movement_id.sudo().invoice_ids = [(4, own.id)]
        dispute = self.dispute(charge, amount=4000)
        self.assertEqual(
            sorted(self.exceptions().mapped("code")), ["collect_dispute_unclear", "dispute_opened"]
        )
        self.assertEqual((self.between(), dispute.open_amount), ((1, 1), 40.0))


class TestLost(DisputedCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.decider = new_test_user(  # who decides about write-offs below 500 there
            cls.env,
            "ic_decider",
            groups="finance_integration.group_approver",
            company_id=cls.other.id,
            company_ids=[(6, 0, cls.other.ids)],
        )

    def won_after_all(self, dispute):
        """The provider takes back that it is lost; the money is not there yet."""
        self.clock.advance(days=1)
        told = self.stripe._held(self.stripe.disputes, dispute.dispute_id)
        told["status"] = "won"
        self.stripe._tell("charge.dispute.closed", told, {"status": "lost"})
        self.send_stripe()
        self.assertEqual(dispute.state, "won", self.stopped())

    def requests(self):
        return self.root["integration.change.request"].search([("res_model", "=", "integration.collection")])

    def lost(self):
        invoice, charge = self.collected()
        dispute = self.dispute(charge)
        self.close(dispute, won=False)
        return invoice, dispute, self.collections()[-1]

    def there(self, record, user=None):
        user = user or self.clerk
        return record.with_user(user).with_context(allowed_company_ids=self.other.ids)

    def test_the_other_company_is_told_and_books_the_loss_with_a_second_person(self):
        invoice, dispute, row = self.lost()
        self.assertEqual((dispute.state, dispute.open_amount), ("lost", 0.0))
        self.assertFalse(self.exceptions("dispute_lost"))
        asked = self.theirs_asked()
        self.assertEqual((asked.mapped("code"), asked.fix), (["collected_dispute_lost"], "disputed"))
        for word in ("$\xa0115.00", invoice.name, self.company.name):
            self.assertIn(word, asked.what)
        self.assertEqual(self.there(asked).action_open_disputed()["res_id"], row.id)
        self.assertEqual(self.there(row).disputed_open, 115.0)
        # Who works in the collecting company alone decides nothing about it, and does not see what is open there.
        own = row.with_user(self.operator2).with_context(allowed_company_ids=self.company.ids)
        self.assertEqual(own.disputed_open, 0.0)
        with self.assertRaisesRegex(UserError, "decided there"):
            own.action_book_loss()
        self.there(row).action_book_loss()
        request = self.root["integration.change.request"].search([("res_model", "=", row._name)])
        self.assertEqual((request.kind, request.amount, request.company_id), ("write_off", 115.0, self.other))
        with self.assertRaises(UserError), self.env.cr.savepoint():
            request.with_user(self.clerk).action_approve()
        self.assertEqual((self.balance(self.bad), row.loss_move_id.id), (ZERO, False))
        self.there(request, self.decider).action_approve()
        self.env.invalidate_all()
        entry = row.loss_move_id
        self.assertEqual(
            self.figures(entry),
            {
                self.bad: (WHOLE, WHOLE, self.partner_a),
                self.disputed: (-WHOLE, -WHOLE, self.partner_a),
            },
        )
        self.assertEqual((entry.date, entry.create_uid), (date(2026, 3, 8), self.agreement.payee_user_id))
        self.assertEqual(self.stands(), (ZERO, ZERO, ZERO, ZERO))
        self.assertEqual((asked.state, self.there(row).disputed_open), ("resolved", 0.0))
        self.assertEqual(invoice.amount_residual, 0.0)
        with self.assertRaisesRegex(UserError, "no lost money"):
            self.there(row).action_book_loss()

    def test_who_may_only_look_there_has_nothing_booked(self):
        invoice, _dispute, row = self.lost()
        self.credit(invoice, 115.0, date(2026, 3, 9))
        auditor = new_test_user(
            self.env,
            "ic_auditor",
            groups="finance_integration.group_auditor",
            company_id=self.other.id,
            company_ids=[(6, 0, self.other.ids)],
        )
        looking = self.there(row, auditor)
        self.assertEqual(looking.disputed_open, 115.0)
        for step in ("action_book_loss", "action_set_off", "_check_loss"):
            with self.subTest(step), self.assertRaises(AccessError), self.env.cr.savepoint():
                getattr(looking, step)()
        self.env.invalidate_all()
        self.assertEqual((self.requests().ids, self.stands()[3], self.between()), ([], WHOLE, (2, 2)))

    def test_won_after_all_an_approval_that_waits_books_nothing(self):
        _invoice, dispute, row = self.lost()
        self.there(row).action_book_loss()
        self.assertEqual((row.lost_on, len(self.theirs_asked())), (date(2026, 3, 8), 1))
        self.won_after_all(dispute)
        self.assertEqual((row.lost_on, self.theirs_asked().ids), (False, []))
        with self.assertRaisesRegex(UserError, "does not say any more"), self.env.cr.savepoint():
            self.there(self.requests(), self.decider).action_approve()
        self.env.invalidate_all()
        self.assertEqual((self.requests().state, row.loss_move_id.id), ("asked", False))
        self.assertEqual((self.balance(self.bad), self.stands()[3]), (ZERO, WHOLE))
        with self.assertRaisesRegex(UserError, "no lost money"):
            self.there(row).action_book_loss()

    def test_a_credit_note_is_set_off(self):
        invoice, _dispute, row = self.lost()
        with self.assertRaisesRegex(UserError, "No open credit note"):
            self.there(row).action_set_off()
        note = self.credit(invoice, 115.0, date(2026, 3, 9))
        self.there(row).action_set_off()
        self.env.invalidate_all()
        self.assertEqual((note.amount_residual, self.balance(self.bad)), (0.0, ZERO))
        self.assertEqual(self.stands(), (ZERO, ZERO, ZERO, ZERO))
        self.assertFalse(self.theirs_asked())

    def test_a_credit_note_over_a_part_leaves_the_rest(self):
        invoice, _dispute, row = self.lost()
        self.credit(invoice, 40.0, date(2026, 3, 9))
        self.there(row).action_set_off()
        self.env.invalidate_all()
        self.assertEqual((self.there(row).disputed_open, self.stands()[3]), (75.0, Decimal("75.00")))
        self.assertEqual(self.theirs_asked().mapped("code"), ["collected_dispute_lost"])

    def test_booked_by_hand_it_is_noticed(self):
        _invoice, _dispute, row = self.lost()
        item = row.sudo().payee_move_id.line_ids.filtered(lambda line: line.account_id == self.disputed)
        entry = self.env["account.move"].create(
            {
                "move_type": "entry",
                "journal_id": self.journal(self.other, "HAND").id,
                "date": date(2026, 3, 10),
                "line_ids": [
                    (0, 0, {"account_id": self.bad.id, "balance": 115.0}),
                    (0, 0, {"account_id": self.disputed.id, "balance": -115.0, "partner_id": self.partner_a.id}),
                ],
            }
        )  # fmt: skip
        entry._post(soft=False)
        (item | entry.line_ids.filtered(lambda line: line.account_id == self.disputed)).reconcile()
        self.root["integration.collection.agreement"]._compare_all()
        self.env.invalidate_all()
        self.assertFalse(self.theirs_asked())

    def test_without_an_account_for_bad_debt_nothing_is_booked(self):
        _invoice, _dispute, row = self.lost()
        self.root["integration.role.account"].search(
            [("company_id", "=", self.other.id), ("role", "=", "BAD")]
        ).unlink()
        self.there(row).action_book_loss()
        request = self.root["integration.change.request"].search([("res_model", "=", row._name)])
        with self.assertRaisesRegex(UserError, "no account for bad debt"), self.env.cr.savepoint():
            self.there(request, self.decider).action_approve()
        self.env.invalidate_all()
        self.assertEqual((request.state, row.loss_move_id.id, self.stands()[3]), ("asked", False, WHOLE))
