# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""A payout consists of its movements to the cent, and is one line of the bank statement (R2, O7)."""

from datetime import date, datetime
from decimal import Decimal
from unittest.mock import patch

from psycopg2 import errors

from odoo.exceptions import UserError

from odoo.addons.queue_job.exception import RetryableJobError

from ..models.reports.definition import REPORTS, Scope
from .common import IntegrationCommon

# 1,150.00 less 33.65 fee, 200.00 less 6.10 fee, less a refund of 50.00
PAID_OUT = 1260.25


class PayoutCommon(IntegrationCommon):
    def setUp(self):
        super().setUp()
        self.bank = self.company_data["default_journal_bank"]
        self.stripe_connection.payout_journal_ids = self.bank
        self.invoice = self.issue("P-1001")  # 1,000.00 + 15 % = 1,150.00

    def earn(self):
        """Let two payments and a refund become available at the provider."""
        charge = self.stripe.charge(115000, "usd", settled=True, metadata={"invoice_number": "P-1001"})
        self.stripe.charge(20000, "usd", settled=True)
        self.clock.advance(days=3)
        self.stripe.refund(charge["id"], 5000)
        return charge

    def pay_out(self, tell=True):
        """Pay everything out, fetch it all; returns the payout."""
        self.earn()
        paid = self.stripe.pay_out("usd")
        self.stripe.complete_payout(paid["id"])
        if tell:
            self.send_stripe()
            self.pull_stripe()
            self.pull_stripe("payouts")
        return self.payout(paid["id"])

    def payout(self, payout_id):
        found = self.env["integration.payout"].search([("payout_id", "=", payout_id)])
        self.assertEqual(len(found), 1, self.stopped())
        return found

    def bank_line(self, amount, text="STRIPE TRANSFER", day=date(2026, 3, 6), journal=None):
        return self.env["account.bank.statement.line"].create(
            {
                "journal_id": (journal or self.bank).id,
                "date": day,
                "payment_ref": text,
                "amount": amount,
            }
        )

    def look(self):
        self.root["integration.payout.look"]._look(self.company.id)
        self.env.invalidate_all()

    def fail(self, payout):
        self.clock.advance(days=2)
        self.stripe.fail_payout(payout.payout_id)
        self.send_stripe()

    def transit(self):
        return self.balance(self.role("TRANSIT"))

    def suspense(self):
        return self.balance(self.bank.suspense_account_id)


class TestPayoutComposition(PayoutCommon):
    def test_it_adds_up_to_the_cent(self):
        payout = self.pay_out()
        self.assertEqual((payout.composition, payout.amount, payout.difference), ("adds_up", PAID_OUT, 0.0))
        self.assertEqual((payout.gross, payout.refunds, payout.fees), (1350.00, -50.00, -39.75))
        self.assertEqual((payout.composed, payout.booked), (PAID_OUT, PAID_OUT))
        self.assertEqual(
            sorted(
                payout.line_ids.mapped(lambda line: (line.type, line.gross, line.fee, line.net, line.state))
            ),
            [
                ("payment", 200.00, 6.10, 193.90, "booked"),
                ("payment", 1150.00, 33.65, 1116.35, "booked"),
                ("refund", -50.00, 0.00, -50.00, "booked"),
            ],
        )
        self.assertEqual(payout.movement_count, 5)  # two payments, two fees, one refund
        self.assertEqual(
            payout.line_ids.filtered(lambda line: line.gross == 1150.00).documents_text,
            self.invoice._integration_number(),
        )
        self.assertEqual(payout.arrival_date, date(2026, 3, 6))
        self.assertFalse(self.exceptions("payout_incomplete") | self.exceptions("payout_differs"))

    def test_told_again_nothing_changes(self):
        payout = self.pay_out()
        before = payout.line_ids
        self.stripe_connection.pull_cursor_ids.filtered(lambda row: row.pull == "payouts").position = {}
        self.pull_stripe("payouts")
        self.assertEqual(payout.line_ids, before)

    def test_what_is_missing_is_named_and_heals_itself(self):
        self.earn()
        self.stripe_events()  # nobody tells of these
        paid = self.stripe.pay_out("usd")
        self.stripe.complete_payout(paid["id"])
        self.send_stripe()
        self.pull_stripe("payouts")
        payout = self.payout(paid["id"])
        self.assertEqual((payout.composition, payout.booked), ("missing", 0.0))
        ids = payout.line_ids.mapped("ledger_id")
        self.assertEqual(payout.composition_text, ", ".join(ids))
        exception = self.exceptions("payout_incomplete")
        self.assertEqual(len(exception), 1)
        self.assertIn(ids[0], exception.what)
        self.pull_stripe()
        self.assertEqual(
            (payout.composition, payout.booked, exception.state), ("adds_up", PAID_OUT, "resolved")
        )

    def test_another_amount_in_the_books_is_named(self):
        payout = self.pay_out()
        line = payout.line_ids.filtered(lambda row: row.type == "refund")
        movement = line.movement_ids
        self.env.cr.execute(
            "UPDATE integration_movement SET settled_amount = -49.00 WHERE id = %s", [movement.id]
        )
        self.env.invalidate_all()
        payout.sudo()._compose()
        self.assertEqual((payout.composition, payout.booked), ("differs", 1261.25))
        self.assertEqual((payout.composition_text, line.state), (line.ledger_id, "differs"))
        self.assertEqual(len(self.exceptions("payout_differs")), 1)

    def test_a_payout_that_somebody_started_shows_what_moved_since_the_last_one(self):
        self.earn()
        paid = self.stripe.pay_out("usd", 100000)
        self.send_stripe()
        self.pull_stripe()
        self.pull_stripe("payouts")
        payout = self.payout(paid["id"])
        self.assertEqual((payout.told, payout.composition), (False, "computed"))
        self.assertEqual((payout.gross, payout.refunds, payout.fees), (1350.00, -50.00, -39.75))
        self.assertEqual(payout.carried, -260.25)  # stayed in the balance
        self.assertFalse(payout.line_ids)

    def test_the_provider_journal_is_lettered_payout_by_payout(self):
        payout = self.pay_out()
        self.root["integration.payout.look"]._letter(payout.ids)
        self.env.invalidate_all()
        self.assertTrue(payout.lettered)
        cash = self.stripe_connection.balance_account_ids.journal_id.default_account_id
        lines = self.env["account.move.line"].search([("account_id", "=", cash.id)])
        self.assertEqual(len(lines), 6)
        self.assertEqual(len(set(lines.mapped("matching_number"))), 1)
        self.assertTrue(all(lines.mapped("reconciled")))

    def test_an_earlier_payout_that_came_back_is_part_of_the_next_one(self):
        first = self.pay_out()
        self.fail(first)
        second = self.stripe.pay_out("usd")
        self.stripe.complete_payout(second["id"])
        self.send_stripe()
        self.pull_stripe()
        self.pull_stripe("payouts")
        payout = self.payout(second["id"])
        self.assertEqual((payout.composition, payout.amount), ("adds_up", PAID_OUT))
        self.assertEqual((payout.gross, payout.earlier_payouts), (0.0, PAID_OUT))


class TestPayoutAtTheBank(PayoutCommon):
    def test_a_certain_line_is_matched_by_itself(self):
        payout = self.pay_out()
        self.assertEqual((payout.bank_state, self.transit()), ("transit", Decimal("1260.25")))
        line = self.bank_line(PAID_OUT)
        self.assertEqual(self.suspense(), Decimal("-1260.25"))
        self.look()
        self.assertEqual((payout.bank_state, payout.bank_line_ids, payout.bank_rest), ("matched", line, 0.0))
        self.assertEqual((self.transit(), self.suspense(), payout.suspense), (Decimal(0), Decimal(0), 0.0))
        self.assertTrue(line.is_reconciled)
        self.assertEqual(len(line.move_id.line_ids), 2)
        self.assertFalse(payout.proposal_ids)

    def test_looking_again_changes_nothing(self):
        payout = self.pay_out()
        line = self.bank_line(PAID_OUT)
        self.look()
        entries = line.move_id.line_ids
        self.look()
        self.assertEqual((line.move_id.line_ids, payout.bank_state), (entries, "matched"))

    def test_without_a_named_bank_account_a_person_decides(self):
        self.stripe_connection.payout_journal_ids = False
        payout = self.pay_out()
        self.bank_line(PAID_OUT)
        self.look()
        self.assertEqual((payout.bank_state, self.transit()), ("proposed", Decimal("1260.25")))
        self.assertEqual(payout.proposal_ids.kind, "exact")

    def test_a_text_that_names_nobody_is_proposed(self):
        payout = self.pay_out()
        line = self.bank_line(PAID_OUT, "Transfer of Mr. Smith")
        self.look()
        self.assertEqual((payout.bank_state, self.suspense()), ("proposed", Decimal("-1260.25")))
        proposal = payout.proposal_ids
        self.assertEqual((proposal.kind, proposal.named, proposal.bank_line_ids), ("exact", "nothing", line))
        self.assertEqual(len(self.exceptions("payout_bank_unclear")), 1)
        proposal.action_refuse()
        self.look()
        self.assertEqual((payout.bank_state, self.exceptions("payout_bank_unclear").ids), ("transit", []))
        with self.assertRaises(UserError):
            proposal.action_match()
        self.assertEqual(self.suspense(), Decimal("-1260.25"))

    def test_two_lines_of_the_amount_are_for_a_person(self):
        payout = self.pay_out()
        first, second = self.bank_line(PAID_OUT), self.bank_line(PAID_OUT, day=date(2026, 3, 7))
        self.look()
        self.assertEqual((payout.bank_state, len(payout.proposal_ids)), ("proposed", 2))
        self.assertEqual(set(payout.proposal_ids.mapped("kind")), {"several"})
        exception = self.exceptions("payout_bank_unclear")
        chosen = payout.proposal_ids.filtered(lambda row: row.bank_line_ids == second)
        chosen.action_match()
        self.look()
        self.assertEqual((payout.bank_state, payout.bank_line_ids), ("matched", second))
        self.assertEqual((payout.matched_by_id, chosen.state), (self.env.user, "taken"))
        self.assertFalse(first.is_reconciled)
        self.assertEqual((exception.state, self.suspense()), ("resolved", Decimal("-1260.25")))

    def test_the_payouts_own_name_decides_among_equal_amounts(self):
        payout = self.pay_out()
        self.bank_line(PAID_OUT)
        named = self.bank_line(PAID_OUT, f"STRIPE {payout.payout_id}")
        self.look()
        self.assertEqual((payout.bank_state, payout.bank_line_ids), ("matched", named))

    def test_a_difference_stays_open_in_transit(self):
        payout = self.pay_out()
        line = self.bank_line(1250.25, f"STRIPE {payout.payout_id}")
        self.look()
        proposal = payout.proposal_ids
        self.assertEqual(
            (proposal.kind, proposal.difference, proposal.named), ("difference", -10.0, "payout")
        )
        self.assertFalse(line.is_reconciled)
        proposal.action_match()
        self.assertEqual((payout.bank_state, payout.bank_rest, payout.suspense), ("partly", 10.0, 0.0))
        self.assertEqual((self.transit(), self.suspense()), (Decimal("10.00"), Decimal(0)))

    def test_one_payout_in_two_bank_lines(self):
        payout = self.pay_out()
        lines = self.bank_line(1000.00) | self.bank_line(260.25)
        self.look()
        proposal = payout.proposal_ids
        self.assertEqual((proposal.kind, proposal.bank_line_ids), ("split", lines))
        proposal.action_match()
        self.assertEqual((payout.bank_state, payout.bank_line_ids), ("matched", lines))
        self.assertEqual((self.transit(), self.suspense()), (Decimal(0), Decimal(0)))

    def test_two_payouts_in_one_bank_line(self):
        first = self.pay_out()
        self.stripe.charge(10000, "usd", settled=True)  # 100.00 less 3.20
        self.clock.advance(days=3)
        paid = self.stripe.pay_out("usd")
        self.send_stripe()
        second = self.payout(paid["id"])
        line = self.bank_line(PAID_OUT + 96.80, day=date(2026, 3, 9))
        self.look()
        proposal = first.proposal_ids
        self.assertEqual((proposal.kind, proposal.payout_ids), ("merged", first | second))
        proposal.action_match()
        self.assertEqual((first.bank_state, second.bank_state), ("matched", "matched"))
        self.assertEqual((self.transit(), self.suspense()), (Decimal(0), Decimal(0)))
        self.assertEqual(len(line.move_id.line_ids), 3)

    def test_a_match_made_with_odoos_own_tools_is_noticed(self):
        payout = self.pay_out()
        line = self.bank_line(PAID_OUT, "Transfer")
        suspense = line._seek_for_lines()[1]
        suspense.with_context(skip_readonly_check=True).account_id = self.role("TRANSIT")
        (suspense | payout.movement_id.counterpart_id).reconcile()
        jobs = [("model_name", "=", "integration.payout.look"), ("method_name", "=", "_look")]
        self.env["queue.job"].sudo().search(jobs).unlink()
        self.root["integration.payout.look"]._sweep()
        self.env.invalidate_all()
        # The sweep itself touches no payout: what it would conflict with would undo the whole sweep.
        self.assertEqual(payout.bank_state, "transit")
        [job] = self.env["queue.job"].sudo().search(jobs)
        self.assertEqual((job.state, list(job.args)), ("pending", [self.company.id]))
        self.look()
        self.assertEqual((payout.bank_state, payout.bank_line_ids), ("matched", line))

    def test_a_comparison_that_met_another_one_comes_back(self):
        look = self.root["integration.payout.look"]
        conflict = errors.SerializationFailure("could not serialize access due to concurrent update")
        with patch.object(type(look), "_compare", side_effect=conflict), self.assertRaises(RetryableJobError):
            look._look(self.company.id)
        # In front of a person Odoo itself does it again: there it stays what it is.
        payout = self.pay_out()
        with (
            patch.object(type(look), "_compare", side_effect=conflict),
            self.assertRaises(errors.SerializationFailure),
        ):
            payout.action_look()

    def test_a_payout_in_another_currency_leaves_its_exchange_difference_to_odoo(self):
        euro = self.env.ref("base.EUR")
        euro.active = True
        self.env["res.currency.rate"].create(
            [
                {
                    "currency_id": euro.id,
                    "company_id": self.company.id,
                    "name": day,
                    "inverse_company_rate": rate,
                }
                for day, rate in ((date(2026, 3, 1), 1.20), (date(2026, 3, 6), 1.25))
            ]
        )
        self.stripe_connection._propose_balance_account(euro)
        bank = self.bank.copy({"name": "Bank EUR", "code": "BNKE", "currency_id": euro.id})
        self.stripe_connection.payout_journal_ids |= bank
        self.stripe.charge(10000, "eur", settled=True)  # 100.00 less 3.15
        self.clock.advance(days=3)
        paid = self.stripe.pay_out("eur")
        self.stripe.complete_payout(paid["id"])
        self.send_stripe()
        self.pull_stripe()
        self.pull_stripe("payouts")
        payout = self.payout(paid["id"])
        self.assertEqual((payout.composition, payout.amount, payout.currency_id), ("adds_up", 96.85, euro))
        self.assertEqual(self.transit(), Decimal("116.22"))  # at 1.20
        line = self.bank_line(96.85, journal=bank)
        self.look()
        self.assertEqual((payout.bank_state, payout.bank_line_ids), ("matched", line))
        self.assertEqual((self.transit(), payout.suspense), (Decimal("0.00"), 0.0))
        exchange = self.env["account.move.line"].search(
            [("journal_id", "=", self.company.currency_exchange_journal_id.id), ("balance", "!=", 0)]
        )
        # 121.06 arrived for what was worth 116.22
        self.assertEqual(sorted(exchange.mapped("balance")), [-4.84, 4.84])


class TestPayoutComesBack(PayoutCommon):
    def test_before_the_bank_had_it(self):
        payout = self.pay_out()
        self.fail(payout)
        self.assertEqual((payout.bank_state, self.transit()), ("returned", Decimal(0)))
        self.look()
        self.assertFalse(self.exceptions("payout_overdue"))

    def test_after_it_was_matched_the_banks_own_line_closes_it(self):
        payout = self.pay_out()
        self.bank_line(PAID_OUT)
        self.look()
        self.fail(payout)
        self.assertEqual((payout.bank_state, self.transit()), ("returning", Decimal("-1260.25")))
        exception = self.exceptions("payout_came_back")
        self.assertEqual(len(exception), 1)
        self.bank_line(-PAID_OUT, "STRIPE RETURN", day=date(2026, 3, 9))
        self.look()
        self.assertEqual((payout.bank_state, exception.state), ("returned", "resolved"))
        self.assertEqual((self.transit(), self.suspense()), (Decimal(0), Decimal(0)))

    def test_after_a_wrong_match_it_is_undone(self):
        payout = self.pay_out()
        line = self.bank_line(PAID_OUT)
        self.look()
        self.fail(payout)
        payout.action_undo_match()
        self.assertEqual((payout.bank_state, payout.bank_line_ids.ids), ("returned", []))
        self.assertFalse(line.is_reconciled)
        self.assertEqual((self.transit(), self.suspense()), (Decimal(0), Decimal("-1260.25")))

    def test_an_undone_match_is_on_its_way_again(self):
        payout = self.pay_out()
        self.bank_line(PAID_OUT)
        self.look()
        payout.action_undo_match()
        self.assertEqual((payout.bank_state, self.transit()), ("transit", Decimal("1260.25")))
        self.look()  # what a person took apart is not put together again
        self.assertEqual((payout.bank_state, self.transit()), ("transit", Decimal("1260.25")))


class TestPayoutPaper(PayoutCommon):
    def test_the_paper_shows_documents_movements_payout_and_bank_line(self):
        payout = self.pay_out()
        self.bank_line(PAID_OUT, f"STRIPE {payout.payout_id}")
        self.look()
        html, _kind = self.env["ir.actions.report"]._render_qweb_html(
            "finance_integration.report_payout", payout.ids
        )
        text = " ".join(html.decode().split())
        for shown in ("1,260.25", "1,350.00", "39.75", payout.payout_id, self.invoice._integration_number()):
            self.assertIn(shown, text)
        self.assertIn(payout.bank_line_ids.move_id.name, text)

    def test_the_auditors_report_puts_both_sides_side_by_side(self):
        payout = self.pay_out()
        line = self.bank_line(PAID_OUT)
        self.look()
        report = REPORTS["payouts"]
        rows = self.env["integration.report"]._rows(report, self.scope())
        [row] = [
            dict(zip([str(self.env._(column.label)) for column in report.columns], found, strict=True))
            for found in rows
        ]
        self.assertEqual((row["Payout"], row["Composition"]), (payout.payout_id, "adds_up"))
        self.assertEqual((row["At the bank"], row["Days of the bank"]), ("matched", "2026-03-06"))
        self.assertIn(line.move_id.name, row["Bank lines"])
        self.assertEqual(
            [row[name] for name in ("Payments", "Refunds", "Fees", "Everything else", "Paid out")],
            [Decimal(text) for text in ("1350.00", "-50.00", "-39.75", "0.00", "1260.25")],
        )
        self.assertEqual((row["Amount of the bank lines"], row["Not at the bank"]), (Decimal("1260.25"), 0))

    def scope(self):
        return Scope(
            self.company.id,
            date(2026, 3, 1),
            date(2026, 3, 31),
            datetime(2026, 3, 1, 5),  # noqa: DTZ001 - naive UTC, as reports have it
            datetime(2026, 4, 1, 4),  # noqa: DTZ001
            datetime(2026, 4, 1, 4),  # noqa: DTZ001
            "America/New_York",
        )
