# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Batches: totals side by side, visibly incomplete, decided by people; what waits for the whole is held (E9)."""

from decimal import Decimal

from odoo.exceptions import AccessError, UserError
from odoo.tests import new_test_user

from ..engine.batch import ControlTotals
from ..engine.lifecycle import IllegalTransition
from ..simulators.partner import documents
from .common import ANNA, IntegrationCommon


class BatchCommon(IntegrationCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        for value, account in (
            ("wages", cls.company_data["default_account_expense"]),
            ("net", cls.company_data["default_account_assets"]),
        ):
            cls.env["integration.mapping"].create(
                {
                    "connection_id": cls.partner_connection.id,
                    "mapping": "account",
                    "outside_value": value,
                    "account_id": account.id,
                }
            )
        facts = {"company_id": cls.company.id, "company_ids": [(6, 0, cls.company.ids)]}
        group = "finance_integration.group_%s"
        cls.operator = new_test_user(cls.env, "b_operator", groups=group % "operator", **facts)
        cls.approver = new_test_user(cls.env, "b_approver", groups=group % "approver", **facts)
        cls.auditor = new_test_user(cls.env, "b_auditor", groups=group % "auditor", **facts)

    def open(self, source="march.ndjson", declared=None, **facts):
        return self.root["integration.batch"]._open(
            self.partner_connection.with_env(self.root), source, declared, **facts
        )

    def entry(self, reference, amount="100.00", version=1):
        """Bring a journal entry in without working it off; returns its message."""
        document = {
            "kind": "entry",
            "schema_version": "1",
            "source": {"system": "payroll", "object_id": reference, "version": version},
            "occurred_at": self.clock.now.isoformat(),
            "reference": reference,
            "date": "2026-03-02",
            "currency": "USD",
            "lines": [{"account": "wages", "debit": amount}, {"account": "net", "credit": amount}],
        }
        return self.send_partner("entry.reported", document, drain=False)

    def invoice(self, number):
        line = documents.Line("Advice", Decimal(1), Decimal("100.00"))
        document = documents.invoice(number, ANNA, [line], self.clock.now, due_date=self.clock.now.date())
        return self.send_partner("invoice.issued", document, drain=False)

    def leaves(self, action):
        return self.env["integration.audit.leaf"].search([("action", "=", action)])


class TestBatches(BatchCommon):
    def test_a_batch_whose_totals_agree_is_complete(self):
        batch = self.open(declared={"count": 2, "sums": {"USD": "200.00"}})
        batch._add(ControlTotals(1, {"USD": Decimal("120.00")}), new_count=1)
        self.assertEqual((batch.state, batch.percent, batch.missing_count), ("receiving", 50, 1))
        batch._add({"count": 1, "sums": {"USD": "80.00"}}, repeated_count=1)
        self.assertEqual(batch._close(), "complete")
        self.assertEqual((batch.counted_count, batch.new_count, batch.repeated_count), (2, 1, 1))
        [total] = batch.total_ids
        self.assertEqual(
            (total.code, total.declared, total.counted, total.difference, total.differs),
            ("USD", "200.00", "200.00", "0.00", False),
        )
        self.assertFalse(batch.difference_text)
        self.assertFalse(self.exceptions())

    def test_a_batch_that_lacks_something_says_what_and_raises_one_exception(self):
        batch = self.open(declared={"count": 3, "sums": {"USD": "300.00", "EUR": "5.00"}})
        batch._add({"count": 2, "sums": {"USD": "250.10"}})
        self.assertEqual(batch._close(), "incomplete")
        self.assertEqual(batch.missing_count, 1)
        self.assertEqual(
            batch.difference_text.splitlines(),
            [
                "• 1 records are missing: the source says 3, 2 were read.",
                "• 5.00\xa0€ are missing: the source says 5.00\xa0€, 0.00\xa0€ were read.",
                "• $\xa049.90 are missing: the source says $\xa0300.00, $\xa0250.10 were read.",
            ],
        )
        [exception] = self.exceptions()
        self.assertEqual((exception.code, exception.batch_id), ("control_total_differs", batch))
        self.assertIn("3 records, 5.00\xa0€, $\xa0300.00", exception.what)
        self.assertIn("2 records, $\xa0250.10", exception.what)
        self.assertEqual(exception.fix, "batch")
        with self.assertRaises(UserError):
            exception.action_mark_resolved()
        exception._resolve_if_empty()
        self.assertEqual(exception.state, "open")

    def test_only_an_approver_accepts_with_a_reason_and_it_is_audited(self):
        batch = self.open(declared={"count": 2})
        batch._add({"count": 1})
        batch._close()
        exception = self.exceptions()
        with self.assertRaises(UserError):
            batch.with_user(self.approver).action_accept()
        batch.with_user(self.operator).reason = "The second record was a test"
        with self.assertRaises(AccessError):
            batch.with_user(self.operator).action_accept()
        self.assertEqual((batch.state, exception.state), ("incomplete", "open"))
        self.assertFalse(self.leaves("batch.accept"))
        batch.with_user(self.approver).action_accept()
        self.assertEqual((batch.state, exception.state), ("accepted", "resolved"))
        [leaf] = self.leaves("batch.accept")
        self.assertEqual(
            (leaf.user_id, leaf.detail, leaf.res_id),
            (self.approver, "The second record was a test", batch.id),
        )

    def test_people_write_the_reason_and_nothing_else(self):
        batch = self.open(declared={"count": 1})
        for values in ({"state": "complete"}, {"counted": {"count": 1}}, {"digest": "x"}):
            with self.assertRaises(AccessError):
                batch.with_user(self.operator).write(values)
        with self.assertRaises(AccessError):
            batch.with_user(self.auditor).write({"reason": "I may only look"})
        with self.assertRaises(UserError):
            batch.write({"state": "complete"})
        with self.assertRaises(UserError):
            batch.unlink()
        with self.assertRaises(IllegalTransition):
            batch._move("accepted")
        self.assertEqual(batch.state, "receiving")

    def test_what_was_sent_to_us_cannot_be_read_again_by_us(self):
        batch = self.open(declared={"count": 1})
        batch._close()
        batch.reason = "try"
        with self.assertRaises(UserError):
            batch.with_user(self.operator).action_read_again()
        self.assertEqual(batch.state, "incomplete")


class TestHeldUntilComplete(BatchCommon):
    """Entries wait for the whole; documents and money do not (policy per flow)."""

    def moves(self):
        return self.env["account.move"].search(
            [("integration_connection_id", "=", self.partner_connection.id), ("state", "=", "posted")]
        )

    def test_entries_are_held_until_the_batch_is_complete(self):
        batch = self.open(declared={"count": 2})
        first = self.entry("PAY-1")
        batch._add({"count": 1}, message_ids=first.ids)
        self.drain(self.partner_connection)
        self.assertEqual((first.status, len(self.moves())), ("ready", 0))
        second = self.entry("PAY-2")
        batch._add({"count": 1}, message_ids=second.ids)
        batch._close()
        self.drain(self.partner_connection)
        self.assertEqual((first + second).mapped("status"), ["done", "done"], self.stopped())
        self.assertEqual(len(self.moves()), 2)
        self.assertEqual((batch.booked_count, batch.open_count), (2, 0))

    def test_an_incomplete_batch_books_invoices_and_holds_entries_until_it_is_accepted(self):
        batch = self.open(declared={"count": 3})
        entry, invoice = self.entry("PAY-1"), self.invoice("B-1")
        batch._add({"count": 2}, message_ids=(entry + invoice).ids)
        self.assertEqual(batch._close(), "incomplete")
        self.drain(self.partner_connection)
        self.assertEqual((entry.status, invoice.status), ("ready", "done"), self.stopped())
        batch.reason = "Confirmed by telephone"
        batch.with_user(self.approver).action_accept()
        self.drain(self.partner_connection)
        self.assertEqual((entry.status, len(self.moves())), ("done", 2))

    def test_put_aside_books_nothing_more_and_lets_later_ones_go(self):
        batch = self.open(declared={"count": 3})
        held = self.entry("PAY-1")
        batch._add({"count": 1}, message_ids=held.ids)
        batch._close()
        later = self.entry("PAY-1", version=2)  # the same object, outside of the batch
        self.assertEqual(later.object_key, held.object_key)
        other = self.entry("PAY-2")
        self.drain(self.partner_connection)
        self.assertEqual((held.status, later.status, other.status), ("ready", "ready", "done"))
        batch.reason = "A test file"
        batch.with_user(self.operator).action_put_aside()
        self.assertEqual((batch.state, held.status), ("cancelled", "discarded"))
        self.assertFalse(self.exceptions("control_total_differs"))
        self.assertEqual(len(self.leaves("batch.put_aside")), 1)
        self.drain(self.partner_connection)
        self.assertEqual(later.status, "done", self.stopped())
        self.assertFalse(held.effect_ids)
        self.assertEqual(len(self.moves()), 2)

    def test_the_policy_of_a_flow_can_be_changed(self):
        flow = self.partner_connection.flow_ids.filtered(lambda row: row.kind == "entry")
        self.assertEqual(flow.batch_policy, "when_complete")
        flow.batch_policy = "at_once"
        flow.flush_recordset()
        batch = self.open(declared={"count": 2})
        message = self.entry("PAY-1")
        batch._add({"count": 1}, message_ids=message.ids)
        self.drain(self.partner_connection)
        self.assertEqual(message.status, "done", self.stopped())

    def test_the_rest_in_a_later_file_of_the_same_name_replaces_the_earlier(self):
        batch = self.open("payroll.csv", {"count": 2}, kind="file")
        first = self.entry("PAY-1")
        batch._add({"count": 1}, message_ids=first.ids)
        batch._close()
        again = self.open("payroll.csv", {"count": 2}, kind="file")
        second = self.entry("PAY-2")
        again._add({"count": 2}, message_ids=(first + second).ids)
        self.assertEqual(first.batch_id, again)
        self.assertEqual(again._close(), "complete")
        self.assertEqual(batch.state, "replaced")
        self.assertFalse(self.exceptions())
        self.drain(self.partner_connection)
        self.assertEqual(len(self.moves()), 2)
