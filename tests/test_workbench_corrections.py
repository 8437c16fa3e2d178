# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Duplicates, unknown customers, questions to the source (X2); corrections in a copy (X5, F6): also when forged."""

import hashlib
from datetime import date
from decimal import Decimal

from odoo.exceptions import AccessError, UserError

from ..simulators.partner import documents
from .common import ANNA
from .workbench_common import WorkbenchCommon


class TestDuplicatesAndParties(WorkbenchCommon):
    def test_both_are_compared_and_the_new_one_is_put_aside(self):
        move = self.issue("P-1")
        twin = self.document("P-1", "1000.00")
        twin["source"] = {**twin["source"], "object_id": "other-id"}
        message = self.send_partner("invoice.issued", twin)
        exception = message.exception_id.with_user(self.operator)
        self.assertEqual((exception.code, exception.fix), ("duplicate_number", "duplicate"))
        action = exception.action_compare()
        wizard = self.env["integration.compare"].with_user(self.operator).browse(action["res_id"])
        facts = {line.name: (line.in_books, line.came_in, line.differs) for line in wizard.line_ids}
        self.assertEqual(facts["Total"], ("1150.00", "1150.00", False))
        self.assertEqual(facts["Id at the source"], ("P-1", "other-id", True))
        self.assertEqual(wizard.action_open_booked()["res_id"], move.id)
        wizard.action_same()
        self.env.invalidate_all()
        self.assertEqual((message.status, exception.state), ("discarded", "resolved"))
        self.assertIn(move.name, message.discard_reason)

    def test_asking_the_source_is_recorded_and_sent(self):
        contact = self.env["res.partner"].create({"name": "Support", "email": "support@partner.example"})
        self.partner_connection.source_contact_id = contact
        document = self.document("P-1")
        document["lines"][0]["quantity"] = "many"
        message = self.send_partner("invoice.issued", document)
        exception = message.exception_id.with_user(self.operator)
        self.assertTrue(exception.may_ask_resend)
        exception.action_ask_resend()
        self.env.flush_all()
        self.assertEqual(exception.waits_for, "source")
        mail = self.env["mail.mail"].sudo().search([("recipient_ids", "in", contact.ids)])
        self.assertEqual(len(mail), 1)
        self.assertIn("invoice:P-1", mail.body)
        leaf = self.env["integration.audit.leaf"].search([("action", "=", "exception.ask_resend")])
        self.assertEqual((len(leaf), leaf.user_id), (1, self.operator))
        self.unmapped(1)
        with self.assertRaises(UserError):
            self.exceptions("mapping_missing").with_user(self.operator).action_ask_resend()

    def test_candidates_with_reasons(self):
        self.env["res.partner"].create(
            [
                {"name": "Annas Bakery Ltd", "email": "office@bakery.example"},
                {"name": "Somebody", "email": ANNA.email},
            ]
        )
        twin = self.env["res.partner"].create({"name": "Anna privately", "email": ANNA.email})
        message = self.send_partner("customer.updated", documents.customer(ANNA, self.clock.now))
        exception = message.exception_id.with_user(self.operator)
        self.assertEqual(exception.code, "partner_ambiguous")
        action = exception.action_show_candidates()
        wizard = self.env["integration.choose.party"].with_user(self.operator).browse(action["res_id"])
        self.assertEqual(wizard.outside_name, ANNA.name)
        reasons = {line.partner_id.name: (line.likelihood, line.reason) for line in wizard.line_ids}
        self.assertEqual(
            reasons["Annas Bakery Ltd"], ("likely", "same name, e-mail address at the same company")
        )
        self.assertEqual(reasons["Somebody"], ("likely", "same e-mail address"))
        wizard.line_ids.filtered(lambda line: line.partner_id == twin).action_choose()
        self.drain(self.partner_connection)
        self.assertEqual(self.became(message, "res.partner"), twin)

    def test_a_new_customer_is_made_from_what_the_source_says(self):
        self.env["res.partner"].create([{"name": name, "email": ANNA.email} for name in ("One", "Two")])
        message = self.send_partner("customer.updated", documents.customer(ANNA, self.clock.now))
        exception = message.exception_id.with_user(self.operator)
        action = exception.action_show_candidates()
        self.env["integration.choose.party"].with_user(self.operator).browse(action["res_id"]).action_create()
        self.drain(self.partner_connection)
        partner = self.became(message, "res.partner")
        self.assertEqual(
            (partner.name, partner.create_uid), (ANNA.name, self.partner_connection.service_user_id)
        )

    def test_a_contact_of_another_company_is_refused(self):
        self.env["res.partner"].create([{"name": name, "email": ANNA.email} for name in ("One", "Two")])
        message = self.send_partner("customer.updated", documents.customer(ANNA, self.clock.now))
        foreign = self.env["res.partner"].create(
            {"name": "Foreign", "company_id": self.setup_other_company()["company"].id}
        )
        with self.assertRaises(UserError):
            message.exception_id.with_user(self.operator)._choose_party(foreign.with_user(self.operator))


class TestCorrection(WorkbenchCommon):
    def broken(self, **facts):
        """An invoice whose note is longer than agreed: the contract is broken by something harmless."""
        document = {**self.document("P-1"), "note": "x" * 1001, **facts}
        message = self.send_partner("invoice.issued", document)
        self.assertEqual((message.status, message.error_code), ("parked", "schema_violation"))
        return message

    def wizard(self, message, user=None):
        action = message.with_user(user or self.operator).action_correct()
        return self.env["integration.correct.event"].with_user(user or self.operator).browse(action["res_id"])

    def raw(self, message):
        return self.env["integration.payload"].sudo()._raw_by_message(message.ids)[message.id]

    def test_a_harmless_field_is_corrected_in_a_copy_and_goes_on(self):
        message = self.broken()
        before = self.raw(message)
        exception = message.exception_id
        wizard = self.wizard(message)
        self.assertNotIn("total_gross", wizard.line_ids.mapped("path"))
        line = wizard.line_ids.filtered(lambda row: row.path == "note")
        line.after = "See the contract"
        wizard.reason = "The note was pasted in twice"
        wizard.action_correct()
        self.drain(self.partner_connection)
        move = self.became(message, "account.move")
        self.assertEqual((message.status, move.amount_total, exception.state), ("done", 115.0, "resolved"))
        self.assertEqual(self.raw(message), before)
        correction = message.correction_id
        self.assertEqual(
            (correction.user_id, correction.reason), (self.operator, "The note was pasted in twice")
        )
        self.assertEqual(correction.original_digest, message.body_digest)
        self.assertIn("note: ", correction.edits_text)
        self.assertIn("See the contract", message.with_user(self.auditor).corrected_text)
        self.assertTrue(any("Corrected" in row["title"] for row in message.timeline))

    def test_facts_are_refused_whichever_way_they_come(self):
        message = self.broken()
        wizard = self.wizard(message)
        for path in (
            "total_gross",
            "lines[0].unit_price",
            "customer.name",
            "issue_date",
            "number",
            "currency",
        ):
            forged = (
                self.env["integration.correct.event.line"]
                .with_user(self.operator)
                .create(
                    {"wizard_id": wizard.id, "path": path, "before": "a", "after": "1.00", "direct": True}
                )
            )
            wizard.reason = "forged"
            with self.assertRaises(UserError), self.env.cr.savepoint():
                wizard.action_correct()
            forged.unlink()
        with self.assertRaises(UserError), self.env.cr.savepoint():
            message.exception_id.with_user(self.operator)._ask_step(
                "correct", {"message_id": message.id, "edits": [["total_gross", "1.00"]]}, "forged"
            )
        self.assertFalse(message.correction_ids)
        with self.assertRaises(UserError):
            self.env["integration.correction"].with_user(self.operator).create({"message_id": message.id})
        with self.assertRaises(UserError):
            self.env["integration.correction"].sudo().create({"message_id": message.id})

    def test_a_copy_that_was_tampered_with_is_refused_when_it_is_processed(self):
        message = self.broken()
        wizard = self.wizard(message)
        wizard.line_ids.filtered(lambda row: row.path == "note").after = "short"
        wizard.reason = "too long"
        wizard.action_correct()
        forged = message.correction_id.corrected_text.replace('"115.00"', '"15.00"')
        self.assertNotEqual(forged, message.correction_id.corrected_text)
        self.env.flush_all()
        self.env.cr.execute(
            "UPDATE integration_correction SET corrected_text = %s, corrected_digest = %s",
            [forged, hashlib.sha256(forged.encode()).hexdigest()],
        )
        self.env.invalidate_all()
        self.drain(self.partner_connection)
        self.assertEqual((message.status, message.error_code), ("parked", "field_not_editable"))
        self.assertFalse(self.env["account.move"].search_count([("ref", "=", "P-1")]))

    def test_a_correction_is_never_changed_or_deleted(self):
        message = self.broken()
        message.with_user(self.operator)._correct([["note", "short"]], "too long")
        correction = message.correction_id
        for change in (lambda: correction.sudo().write({"reason": "other"}), correction.sudo().unlink):
            with self.assertRaises(UserError):
                change()

    def test_what_decides_the_booking_needs_a_second_person(self):
        self.issue("P-0")
        note = documents.invoice(
            "C-1", ANNA, [documents.Line("Advice", Decimal(1), Decimal("100.00"))], self.clock.now,
            due_date=date(2026, 4, 1), credit_of="P-zero",
        )  # fmt: skip
        message = self.send_partner("credit_note.issued", note)
        message.sudo()._stop_waiting() if message.status == "held" else None
        self.env.invalidate_all()
        self.assertEqual(message.status, "parked")
        with self.assertRaisesRegex(UserError, "second person"):
            message.with_user(self.operator)._correct([["credit_of", "P-0"]], "a slip of the pen")
        wizard = self.wizard(message)
        wizard.line_ids.filtered(lambda row: row.path == "credit_of").after = "P-0"
        self.assertTrue(wizard.needs_approval)
        wizard.reason = "a slip of the pen"
        exception = message.exception_id
        wizard.action_correct()
        self.assertFalse(message.correction_id)
        self.decide(exception)
        self.drain(self.partner_connection)
        credit = self.became(message, "account.move")
        self.assertEqual(credit.reversed_entry_id.ref, "P-0")
        self.assertEqual(
            (message.correction_id.user_id, message.correction_id.approver_id), (self.operator, self.approver)
        )

    def test_no_reason_no_correction_and_a_finished_event_stays_as_it_is(self):
        message = self.broken()
        wizard = self.wizard(message)
        wizard.line_ids.filtered(lambda row: row.path == "note").after = "short"
        with self.assertRaisesRegex(UserError, "Say why"):
            wizard.action_correct()
        done = self.send_partner("invoice.issued", self.document("P-2"))
        with self.assertRaises(UserError):
            done.with_user(self.operator).action_correct()
        with self.assertRaises(AccessError):
            message.with_user(self.auditor).action_correct()

    def test_a_system_with_a_form_of_its_own_is_corrected_in_what_it_says(self):
        movement = self.pay(5000, metadata={"invoice_number": "nothing"})
        with self.assertRaises(UserError):  # booked: nothing is left to correct
            movement.message_id.with_user(self.operator).action_correct()
