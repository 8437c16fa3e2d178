# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""A changed journal entry is reversed and booked anew under a second person, exactly as it was shown (X4, P4, F11)."""

from datetime import date, timedelta

from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged

from ..engine.error_catalogue import CODES
from ..engine.preview_words import WORDS
from .approval_common import ApprovalCommon
from .language_common import GERMAN, LanguageCommon
from .test_cancellations import DAY, CancellationsCommon

MARCH = date(2026, 3, 31)


class RebookingCommon(LanguageCommon, CancellationsCommon, ApprovalCommon):
    def changed(self, amount="120.00"):
        """An entry over 100.00 is booked, and its source tells another amount; returns (event, exception)."""
        self.entry("100.00")
        message = self.entry(amount, version=2)
        return message, self.exceptions("document_changed")

    def propose(self, exception, user=None, reason="Payroll corrected it"):
        """Fill in the reason that the button asks for; returns the request."""
        action = exception.with_user(user or self.operator).action_book_anew()
        self.assertEqual(action["res_model"], "integration.exception.step")
        values = {name.removeprefix("default_"): value for name, value in action["context"].items()}
        wizards = self.env["integration.exception.step"].with_user(user or self.operator)
        wizards.create({**values, "reason": reason}).action_ask()
        return self.requests(exception, "asked")

    def requests(self, exception, *states):
        return self.env["integration.change.request"].search(
            [("res_id", "=", exception.id), ("res_model", "=", exception._name), ("state", "in", states)]
        )

    def approve(self, request, user=None):
        request.with_user(user or self.ann).action_approve()
        self.env.invalidate_all()
        self.drain(self.partner_connection)

    def net(self, account):
        lines = self.entries().line_ids.filtered(lambda row: row.account_id == account)
        return round(sum(lines.mapped("balance")), 2)

    def assert_nothing_happened(self):
        self.env.invalidate_all()
        self.assertEqual(len(self.entries()), 1)
        self.assertEqual((self.net(self.debit), self.net(self.credit)), (100.0, -100.0))


@tagged("post_install", "-at_install")
class TestRebooking(RebookingCommon):
    def test_it_waits_is_proposed_and_done_when_another_person_approves(self):
        message, exception = self.changed()
        self.assertEqual((message.status, exception.fix), ("parked", "anew"))
        origin = self.entries()
        request = self.propose(exception)
        self.assertEqual(
            (request.kind, request.amount, request.requester_id), ("entry", 120.0, self.operator)
        )
        self.assertEqual(request.reason, "Payroll corrected it")
        self.assert_nothing_happened()
        self.approve(request)
        self.assert_done(message)
        first, reversal, new = self.entries()
        self.assertEqual((first, reversal.reversed_entry_id), (origin, origin))
        self.assertEqual((new.integration_corrects_id, origin.integration_corrected_by_id), (origin, new))
        self.assertEqual((new.amount_total, new.date, reversal.date), (120.0, origin.date, origin.date))
        self.assertEqual((self.net(self.debit), self.net(self.credit)), (120.0, -120.0))
        self.assertEqual((message.rebooking_by_id, message.rebooking_request_id), (self.ann, request))
        self.assertEqual(self.became(message, "account.move"), reversal | new)
        self.assertEqual((request.state, exception.state), ("approved", "resolved"))
        self.assert_nothing_is_left(origin | reversal)
        self.assertEqual(
            [row for row in self.leaves(exception) if row[0] == "exception.book_anew"],
            [("exception.book_anew", self.ann)],
        )
        self.assertEqual(self.leaves(request), [("change.ask", self.operator), ("change.approve", self.ann)])

    def test_the_request_shows_every_line_as_the_drain_would_book_it(self):
        _message, exception = self.changed()
        preview = self.propose(exception).preview
        debit, credit = (
            f"{account.code} {account.name}"
            for account in (self.debit.with_company(self.company), self.credit.with_company(self.company))
        )
        lines = {
            entry["change"]: [(row["account"], row["debit"], row["credit"]) for row in entry["lines"]]
            for entry in preview["entries"]
        }
        self.assertEqual(
            lines,
            {
                "reversed": [(credit, "100.00", ""), (debit, "", "100.00")],
                "added": [(debit, "120.00", ""), (credit, "", "120.00")],
            },
        )
        per_account = {
            row["field"]: (row["before"], row["after"])
            for row in preview["rows"]
            if row["field"] in (debit, credit)
        }
        self.assertEqual(per_account, {debit: ("100.00", "120.00"), credit: ("-100.00", "-120.00")})
        days = [(row["before"], row["after"]) for row in preview["rows"] if row["field"].startswith("date")]
        self.assertEqual(days, [(DAY, DAY), (DAY, DAY)])
        self.assert_nothing_happened()

    def test_lines_that_come_out_as_before_are_named(self):
        extra = self.company_data["default_account_assets"]
        self.env["integration.mapping"].create(
            {
                "connection_id": self.partner_connection.id,
                "mapping": "account",
                "outside_value": extra.code,
                "account_id": extra.id,
            }
        )

        def lines(amount):
            return [
                {"account": self.debit.code, "debit": "60.00"},
                {"account": extra.code, "debit": amount},
                {"account": self.credit.code, "credit": str(60 + int(amount))},
            ]

        self.entry_of(lines("40"), 1)
        message = self.entry_of(lines("70"), 2)
        exception = self.exceptions("document_changed")
        request = self.propose(exception)
        same = [entry for entry in request.preview["entries"] if entry["change"] == "unchanged"]
        self.assertEqual([row["debit"] for entry in same for row in entry["lines"]], ["60.00"])
        self.assertIn("1 of 3", same[0]["title"])
        self.approve(request)
        self.assert_done(message)
        self.assertEqual((self.net(self.debit), self.net(extra), self.net(self.credit)), (60.0, 70.0, -130.0))

    def entry_of(self, lines, version):
        document = {
            "kind": "entry",
            "schema_version": "1",
            "source": {"system": "payroll", "object_id": "E-1", "version": version},
            "occurred_at": f"{DAY}T12:00:00Z",
            "reference": "PAY E-1",
            "date": DAY,
            "currency": "USD",
            "lines": lines,
        }
        return self.send("entry.reported", document)

    def test_who_asked_never_decides_neither_by_the_button_nor_by_call_nor_in_the_database(self):
        message, exception = self.changed()
        request = self.propose(exception, user=self.ann)
        with self.assertRaisesRegex(UserError, "own request"):
            request.with_user(self.ann).action_approve()
        with self.assertRaises(UserError):
            exception.with_user(self.ann)._carry_out(request.with_user(self.ann))
        self.refused_by_database(
            "INSERT INTO integration_approval_decision"
            " (request_id, company_id, tier, user_id, behalf_id, verdict, content_digest, decided_at)"
            " VALUES (%s, %s, 1, %s, %s, 'approve', %s, now())",
            request.id,
            self.company.id,
            self.ann.id,
            self.ann.id,
            request.content_digest,
        )
        self.refused_by_database(
            "UPDATE integration_change_request SET state = 'approved', approver_id = requester_id,"
            " decided_at = now() WHERE id = %s",
            request.id,
        )
        self.assertEqual((request.state, message.status), ("asked", "parked"))
        self.assert_nothing_happened()
        self.approve(request, self.ben)
        self.assert_done(message)

    def test_an_operator_proposes_and_does_not_approve(self):
        _message, exception = self.changed()
        request = self.propose(exception)
        other = self.person("rb_operator", "finance_integration.group_operator")
        with self.assertRaises(AccessError):
            request.with_user(other).action_approve()
        with self.assertRaises(AccessError):
            exception.with_user(self.auditor).action_book_anew()
        self.assert_nothing_happened()

    def test_a_message_that_names_an_approval_of_something_else_books_nothing(self):
        """Whoever writes the column by a way of their own: the drain asks the request itself."""
        message, exception = self.changed()
        request = self.propose(exception)
        message.sudo().rebooking_request_id = request
        message.sudo()._requeue("message.retry")
        self.drain(self.partner_connection)
        self.assertEqual((message.status, message.error_code), ("parked", "rebooking_outdated"))
        self.assert_nothing_happened()

    def test_approved_twice_is_booked_once(self):
        message, exception = self.changed()
        request = self.propose(exception)
        self.approve(request)
        with self.assertRaisesRegex(UserError, "decided already"):
            request.with_user(self.ben).action_approve()
        message.sudo()._requeue("message.retry")
        self.drain(self.partner_connection)
        self.assertEqual(len(self.entries()), 3)
        self.assertEqual(self.net(self.debit), 120.0)

    def test_a_reason_is_asked_for(self):
        _message, exception = self.changed()
        with self.assertRaisesRegex(UserError, "Say why"):
            self.propose(exception, reason=" ")
        self.assertFalse(self.requests(exception, "asked"))

    def test_refused_withdrawn_and_expired_leave_the_books_alone_and_can_be_asked_again(self):
        message, exception = self.changed()
        self.propose(exception).with_user(self.ann).action_refuse("Ask payroll first")
        self.assert_nothing_happened()
        self.propose(exception).with_user(self.operator).action_withdraw()
        self.assert_nothing_happened()
        request = self.propose(exception)
        self.env.flush_all()
        self.env.cr.execute("ALTER TABLE integration_change_request DISABLE TRIGGER USER")
        self.env.cr.execute(
            "UPDATE integration_change_request SET expires_at = expires_at - %s WHERE id = %s",
            [timedelta(days=8), request.id],
        )
        self.env.cr.execute("ALTER TABLE integration_change_request ENABLE TRIGGER USER")
        self.env.invalidate_all()
        with self.assertRaisesRegex(UserError, "time to decide is over"):
            request.with_user(self.ann).action_approve()
        self.root["integration.change.request"]._cron_look()
        self.assertEqual((request.state, exception.state), ("expired", "open"))
        self.assert_nothing_happened()
        self.approve(self.propose(exception))
        self.assert_done(message)
        states = self.requests(exception, "refused", "withdrawn", "expired", "approved").mapped("state")
        self.assertEqual(sorted(states), ["approved", "expired", "refused", "withdrawn"])

    def test_a_second_correction_replaces_the_first(self):
        self.entry("100.00")
        for version, amount in ((2, "120.00"), (3, "90.00")):
            self.entry(amount, version=version)
            self.approve(self.propose(self.exceptions("document_changed")))
        self.assertEqual(len(self.entries()), 5)
        self.assertEqual(self.net(self.debit), 90.0)


@tagged("post_install", "-at_install")
class TestOvertaken(RebookingCommon):
    def test_a_third_version_makes_the_request_stale_and_it_is_asked_anew(self):
        second, exception = self.changed()
        request = self.propose(exception)
        third = self.entry("90.00", version=3)
        self.assertEqual(third.status, "parked")
        self.assertTrue(request.is_stale)
        self.assertIn("ask for it anew", exception.request_text)
        with self.assertRaisesRegex(UserError, "has changed since"):
            request.with_user(self.ann).action_approve()
        self.assert_nothing_happened()
        again = self.propose(exception)
        self.assertEqual((request.state, again.state, again.amount), ("withdrawn", "asked", 100.0))
        self.approve(again)
        self.assert_done(third)
        self.assertEqual((len(self.entries()), self.net(self.debit)), (3, 90.0))
        self.assertFalse(second.effect_ids)
        self.assertNotEqual(second.status, "done")

    def test_a_third_version_that_is_not_read_yet_counts_as_well(self):
        _second, exception = self.changed()
        request = self.propose(exception)
        self.entry("90.00", version=3, drain=False)
        request.invalidate_recordset()
        self.assertTrue(request.is_stale)
        with self.assertRaisesRegex(UserError, "has changed since"):
            request.with_user(self.ann).action_approve()
        self.assert_nothing_happened()

    def test_an_entry_that_somebody_reversed_by_hand_meanwhile_is_not_reversed_again(self):
        _message, exception = self.changed()
        request = self.propose(exception)
        self.entries()._reverse_moves([{"date": date(2026, 3, 5)}], cancel=True)
        with self.assertRaisesRegex(UserError, "has changed since"):
            request.with_user(self.ann).action_approve()
        self.assertEqual(len(self.entries()), 1)

    def test_what_changes_between_approval_and_booking_is_not_booked(self):
        """The lock is set after the approval: nothing is booked on another day than the approved one."""
        message, exception = self.changed()
        request = self.propose(exception)
        request.with_user(self.ann).action_approve()
        self.company.sudo().fiscalyear_lock_date = MARCH
        self.drain(self.partner_connection)
        self.assertEqual((message.status, message.error_code), ("parked", "rebooking_outdated"))
        self.assert_nothing_happened()
        outdated = self.exceptions("rebooking_outdated")
        self.assertEqual((outdated.fix, exception.state), ("anew", "resolved"))
        self.approve(self.propose(outdated))
        self.assert_done(message)
        self.assertEqual([move.date for move in self.entries()][1:], [date(2026, 4, 1)] * 2)
        self.assertEqual(outdated.state, "resolved")

    def test_a_mapping_that_ends_after_the_approval_leaves_the_old_entry_alone(self):
        """Reversal and new entry are one step: what cannot be booked anew is not reversed either."""
        _message, exception = self.changed()
        request = self.propose(exception)
        request.with_user(self.ann).action_approve()
        self.end_mapping(self.credit)
        self.drain(self.partner_connection)
        self.assert_nothing_happened()


@tagged("post_install", "-at_install")
class TestLockedPeriod(RebookingCommon):
    def flow_of_entries(self):
        return self.partner_connection.flow_ids.filtered(
            lambda row: (row.kind, row.direction) == ("entry", "in")
        )

    def test_both_stand_on_the_first_open_day_as_the_request_says(self):
        self.entry("100.00")
        self.company.sudo().fiscalyear_lock_date = MARCH
        self.entry("120.00", version=2)
        request = self.propose(self.exceptions("document_changed"))
        self.assertEqual(request.kind, "entry")
        days = [row["after"] for row in request.preview["rows"] if row["field"].startswith("date")]
        self.assertEqual(days, ["2026-04-01", "2026-04-01"])
        self.assertIn("No lock date is changed", request.preview["notes"][0]["text"])
        self.assertIn("stays locked", request.summary)
        self.approve(request)
        self.assertEqual(
            [move.date for move in self.entries()], [date(2026, 3, 2), date(2026, 4, 1), date(2026, 4, 1)]
        )
        self.assertEqual(self.company.fiscalyear_lock_date, MARCH)

    def test_where_the_flow_stops_such_documents_an_exception_to_it_is_asked_of_two_people(self):
        self.flow_of_entries().sudo().late_policy = "stop"
        self.entry("100.00")
        self.company.sudo().fiscalyear_lock_date = MARCH
        message = self.entry("120.00", version=2)
        request = self.propose(self.exceptions("document_changed"))
        self.assertEqual((request.kind, request.approvals_needed), ("lock_waiver", 2))
        self.approve(request)
        self.assert_nothing_happened()
        self.approve(request, self.controller)
        self.assert_done(message)
        self.assertEqual([move.date for move in self.entries()][1:], [date(2026, 4, 1)] * 2)
        self.assertEqual(self.company.fiscalyear_lock_date, MARCH)


@tagged("post_install", "-at_install")
class TestRebookingWords(RebookingCommon):
    """What is asked for is kept in English, as evidence, and read in the language of whoever decides."""

    def test_every_sentence_of_the_preview_is_read_in_the_readers_language(self):
        self.entry("100.00")
        self.company.sudo().fiscalyear_lock_date = MARCH
        self.entry("120.00", version=2)
        request = self.propose(self.exceptions("document_changed"))
        kept = request.preview
        self.say_in_german(
            {
                WORDS["told_by"]: "Gemeldet von",
                WORDS["booked_entry"]: "Gebuchter Eintrag",
                WORDS["booked_anew"]: "storniert und neu gebucht",
                WORDS["accounting_date_of"]: "Buchungstag: %(what)s",
                WORDS["locked_note"]: "%(day)s ist gesperrt; %(entry)s wird am %(days)s berichtigt.",
            }
        )
        german = request.with_context(lang=GERMAN)
        read = str(german.preview_html)
        origin = self.entries()
        for words in (
            "Gemeldet von",
            "Gebuchter Eintrag",
            "storniert und neu gebucht",
            "Buchungstag: ",
            f"02.03.2026 ist gesperrt; {origin.name} wird am 01.04.2026 berichtigt.",
        ):
            self.assertIn(words, read)
        english = str(request.with_context(lang="en_US").preview_html)
        self.assertIn("Told by", english)
        self.assertIn("No lock date is changed", english)
        self.assertNotIn("Gemeldet", english)
        # Whoever reads it: what is compared and decided is the same, and not overtaken.
        self.assertEqual(request.preview, kept)
        self.assertFalse(german.is_stale)
        self.ann.sudo().lang = GERMAN
        self.approve(request)
        self.assertEqual((request.state, len(self.entries())), ("approved", 3))

    def test_what_an_older_request_says_stays_readable(self):
        _message, exception = self.changed()
        request = self.propose(exception)
        old = {"rows": [{"label": "Told by", "before": "", "after": "7"}], "notes": ["As it was said then."]}
        shown = str(request.new({"preview": old, "res_model": exception._name}).preview_html)
        for words in ("Told by", "7", "As it was said then."):
            self.assertIn(words, shown)

    def test_why_it_cannot_be_booked_is_said_in_the_readers_language(self):
        _message, exception = self.changed()
        self.entries().with_user(self.env.user).button_draft()
        sentence = CODES["cancellation_impossible"].sentence
        self.say_in_german({sentence: "Geht nicht: %(reason)s.", "it is not posted": "es ist nicht gebucht"})
        with self.assertRaisesRegex(UserError, "Geht nicht: es ist nicht gebucht"):
            exception.with_user(self.operator).with_context(lang=GERMAN)._rehearse_anew()
        with self.assertRaisesRegex(UserError, "it is not posted"):
            exception.with_user(self.operator)._rehearse_anew()
