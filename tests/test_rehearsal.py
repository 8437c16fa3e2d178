# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""The rehearsal computes exactly what the drain would do, and leaves nothing behind (E6, E13)."""

import json
from unittest.mock import patch

import psycopg2

from ..models.messaging import rehearsal as rehearsal_module
from ..simulators.partner import documents
from ..simulators.stripe.webhook import as_event
from .common import ANNA, BEN, IntegrationCommon


class RehearsalCommon(IntegrationCommon):
    def rehearse(self, messages):
        results = self.root["integration.rehearsal"]._rehearse(messages.ids)
        self.assertEqual([row["message_id"] for row in results], messages.ids)
        return results

    def invoice_event(self, number="R-1", party=ANNA, amount="1000.00", tax=True, **facts):
        line = documents.Line(
            "Advice", documents.Decimal(1), documents.Decimal(amount), ("STD",) if tax else ()
        )
        document = documents.invoice(
            number, party, [line], self.clock.now, due_date=self.clock.now.date(), **facts
        )
        return self.send_partner("invoice.issued", document, drain=False)

    def charge_event(self, number, amount=115000):
        self.stripe.charge(amount, "usd", metadata={"invoice_number": number})
        messages = self.env["integration.message"]
        for told in self.stripe_events():
            messages |= self.accept(self.stripe_connection, as_event(told).body)[1]
        return messages

    def table_counts(self):
        """Return {table: rows} of every table, exact."""
        self.env.cr.flush()
        self.env.cr.execute(
            "SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = current_schema::regnamespace"
        )
        tables = sorted(row[0] for row in self.env.cr.fetchall())
        query = " UNION ALL ".join(f"SELECT '{table}', count(*) FROM \"{table}\"" for table in tables)
        self.env.cr.execute(query)
        return dict(self.env.cr.fetchall())

    def digest_of(self, *tables):
        """Return what the rows of these tables hold, as one digest each."""
        digests = {}
        for table in tables:
            self.env.cr.execute(f'SELECT md5(string_agg(t::text, chr(10) ORDER BY t.id)) FROM "{table}" t')
            digests[table] = self.env.cr.fetchone()[0]
        return digests

    def numbering(self):
        """Return the state of every number that Odoo hands out, ids of rows apart."""
        self.env.cr.execute(
            "SELECT sequencename, last_value FROM pg_sequences WHERE sequencename LIKE 'ir_sequence%'"
        )
        numbers = dict(self.env.cr.fetchall())
        for sequence in self.env["ir.sequence"].sudo().search([]):
            numbers[sequence.id] = (sequence.implementation, sequence.number_next)
        return numbers


class TestRehearsal(RehearsalCommon):
    def test_an_invoice_and_its_payment_are_computed_together(self):
        invoice = self.invoice_event("R-1")
        charge = self.charge_event("R-1")
        told = invoice | charge
        results = dict(zip(told.mapped("event_type"), self.rehearse(told), strict=True))
        result = results["invoice.issued"]
        self.assertEqual((result["outcome"], result["error_code"], result["held"]), ("post", None, False))
        (entry,) = result["entries"]
        self.assertEqual(
            (entry["ref"], entry["partner"], entry["state"], entry["total"], entry["date"]),
            ("R-1", "Anna's Bakery", "posted", "1150.00", "2026-03-02"),
        )
        self.assertEqual(
            sorted((line["debit"], line["credit"]) for line in entry["lines"]),
            [("0.00", "1000.00"), ("0.00", "150.00"), ("1150.00", "0.00")],
        )
        self.assertEqual(self.env["account.move"].search_count([("ref", "=", "R-1")]), 0)
        paid = [row for row in results.values() if row["kind"] == "movement" and row["applied"]]
        self.assertEqual(len(paid), 1, results)
        self.assertIn("R-1, 1150.00 USD would be matched", paid[0]["applied"][0])
        self.assertEqual([entry["total"] for entry in paid[0]["entries"]], ["1150.00"])

    def test_what_was_rehearsed_is_what_is_then_booked(self):
        message = self.invoice_event("R-2", BEN)
        (entry,) = self.rehearse(message)[0]["entries"]
        self.drain(self.partner_connection)
        move = self.became(message, "account.move")
        self.assertEqual(move.state, "posted")
        self.assertEqual(
            sorted((line["account_code"], line["debit"], line["credit"]) for line in entry["lines"]),
            sorted(
                (line.account_id.code, f"{line.debit:.2f}", f"{line.credit:.2f}") for line in move.line_ids
            ),
        )
        self.assertEqual((entry["date"], entry["journal_id"]), (move.date.isoformat(), move.journal_id.id))

    def test_nothing_is_left_behind(self):
        self.issue("R-0")
        told = self.invoice_event("R-1") | self.charge_event("R-1")
        told |= self.send_partner("customer.updated", documents.customer(BEN, self.clock.now), drain=False)
        told |= self.invoice_event("R-9", tax=False, amount="-5.00")
        self.env["integration.mapping"].search([]).flush_recordset()
        before = self.table_counts()
        kept = (
            "integration_message",
            "integration_payload",
            "account_move",
            "account_move_line",
            "res_partner",
        )
        content, numbers = self.digest_of(*kept), self.numbering()
        hooks = len(self.env.cr.postcommit._funcs)
        registry = self.env.registry
        registry.cache_invalidated.add("templates")
        invalidated = set(registry.cache_invalidated)
        results = self.rehearse(told)
        self.assertIn("post", [row["outcome"] for row in results])
        self.assertIn("refused", [row["outcome"] for row in results])
        self.assertEqual(self.table_counts(), before)
        self.assertEqual(self.digest_of(*kept), content)
        self.assertEqual(self.numbering(), numbers)
        self.assertEqual(len(self.env.cr.postcommit._funcs), hooks, "rings and mails would survive")
        self.assertEqual(registry.cache_invalidated, invalidated)
        self.assertFalse(self.env.cr.precommit.data.get("sequence.mixin"))
        self.assertEqual(self.rehearse(told), results, "a second time gives the same")
        self.drain(self.partner_connection)
        first, second = (
            self.env["account.move"].search([("ref", "=", ref)]).sequence_number for ref in ("R-0", "R-1")
        )
        self.assertEqual(second, first + 1, "no number was used up")

    def test_a_pending_change_of_the_caller_survives(self):
        message = self.invoice_event("R-1")
        self.partner_connection.outside_account = "acct_mine"
        hooks = self.env.cr.postcommit
        hooks.add(self.rehearse)
        count = len(hooks._funcs)
        self.rehearse(message)
        self.assertEqual(self.partner_connection.outside_account, "acct_mine")
        self.env.cr.execute(
            "SELECT outside_account FROM integration_connection WHERE id = %s", [self.partner_connection.id]
        )
        self.assertEqual(self.env.cr.fetchone()[0], "acct_mine")
        self.assertIs(self.env.cr.postcommit, hooks)
        self.assertEqual(len(hooks._funcs), count)
        hooks._funcs.pop()

    def test_what_is_booked_already_is_a_duplicate(self):
        message = self.invoice_event("R-1")
        customer = self.send_partner("customer.updated", documents.customer(BEN, self.clock.now), drain=False)
        self.drain(self.partner_connection)
        self.assertEqual((message | customer).mapped("status"), ["done", "done"])
        invoice, partner = self.rehearse(message | customer)
        self.assertEqual((invoice["outcome"], invoice["entries"]), ("duplicate", []))
        self.assertEqual((partner["outcome"], partner["entries"]), ("duplicate", []))
        self.assertEqual(len(message.effect_ids), 1)

    def test_a_refusal_says_what_is_missing_and_holds_back_only_its_own_object(self):
        self.forget_mapping("STD")
        message, other = self.invoice_event("R-1"), self.invoice_event("R-2", BEN, tax=False)
        refused, posted = self.rehearse(message | other)
        self.assertEqual(
            (refused["outcome"], refused["error_code"], refused["entries"]),
            ("refused", "mapping_missing", []),
        )
        self.assertTrue(refused["error_text"] and refused["next_step"])
        self.assertEqual((posted["outcome"], posted["held"]), ("post", False))
        self.drain(self.partner_connection)
        self.assertEqual(message.status, "parked")
        parked = self.rehearse(message)[0]
        self.assertEqual((parked["outcome"], parked["error_code"]), ("refused", "mapping_missing"))
        self.assertEqual(message.status, "parked")

    def test_what_the_database_refuses_is_an_answer_and_not_a_crash(self):
        first, second = self.invoice_event("R-1"), self.invoice_event("R-2", BEN)
        drain_class = type(self.root["integration.drain"])
        original = drain_class._write_effects

        def refuse(model, works):
            if works[0].message_id == first.id:
                raise psycopg2.errors.NotNullViolation("null value in a column")
            return original(model, works)

        with patch.object(drain_class, "_write_effects", refuse):
            refused, posted = self.rehearse(first | second)
        self.assertEqual((refused["outcome"], refused["error_code"]), ("refused", "internal_error"))
        self.assertEqual((posted["outcome"], len(posted["entries"])), ("post", 1))

    def test_a_pasted_payload_is_computed_and_not_stored(self):
        line = documents.Line("Advice", documents.Decimal(2), documents.Decimal("50.00"))
        document = documents.invoice("R-7", BEN, [line], self.clock.now, due_date=self.clock.now.date())
        raw = documents.as_event("tests", "invoice.issued", document).body
        before = self.table_counts()
        rehearsal = self.root["integration.rehearsal"]
        result = rehearsal._rehearse_payload(self.partner_connection, raw)
        self.assertEqual((result["message_id"], result["outcome"]), (None, "post"))
        self.assertEqual([entry["total"] for entry in result["entries"]], ["115.00"])
        for broken in (b"{", b"[]", json.dumps({"type": "invoice.issued"}).encode()):
            refused = rehearsal._rehearse_payload(self.partner_connection, broken)
            self.assertEqual((refused["outcome"], refused["entries"]), ("refused", []))
            self.assertTrue(refused["error_text"] and refused["next_step"])
        self.assertEqual(self.table_counts(), before)

    def test_a_payload_whose_event_is_stored_already_is_computed_all_the_same(self):
        message = self.invoice_event("R-1")
        raw = self.env["integration.payload"].sudo()._raw_by_message(message.ids)[message.id]
        event_id = {"webhook-id": message.event_id}
        result = self.root["integration.rehearsal"]._rehearse_payload(self.partner_connection, raw, event_id)
        self.assertEqual((result["outcome"], len(result["entries"])), ("post", 1))
        self.drain(self.partner_connection)
        result = self.root["integration.rehearsal"]._rehearse_payload(self.partner_connection, raw, event_id)
        self.assertEqual((result["outcome"], result["entries"]), ("duplicate", []))

    def test_too_many_at_once_are_refused(self):
        with (
            patch.object(rehearsal_module, "MAX_REHEARSED", 1),
            self.assertRaisesRegex(ValueError, "at most 1"),
        ):
            self.root["integration.rehearsal"]._rehearse([1, 2])
