# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Numbered events: what is missing is held for, asked for, and given up only by an approver (E3)."""

from contextlib import contextmanager
from unittest.mock import patch

from odoo import fields
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import new_test_user

from .common import ANNA, BEN
from .order_common import OrderCommon


class TestNumbering(OrderCommon):
    def setUp(self):
        super().setUp()
        self.flow.write({"numbering": "connection", "numbering_policy": "hold", "gap_hours": 4})
        self.env.flush_all()

    def numbered(self, number, object_id=None, drain=False, **facts):
        """Tell an invoice as the source's event ``number``."""
        series = facts.pop("series", None)
        document = self.document(object_id or f"N-{number}", **facts)
        document["source"]["sequence"] = number
        if series:
            document["source"]["series"] = series
        return self.tell(document, drain=drain)

    def gaps(self, state="open"):
        return [
            (gap.first_number, gap.last_number)
            for gap in self.env["integration.sequence.gap"].search(
                [("state", "=", state)], order="first_number"
            )
        ]

    def pass_deadline(self):
        late = fields.Datetime.subtract(fields.Datetime.now(), minutes=1)
        self.root["integration.sequence.gap"].search([("state", "=", "open")]).deadline = late
        self.env.flush_all()
        self.sweep()

    def approver(self):
        return new_test_user(
            self.env,
            login="approver-of-numbers",
            groups="finance_integration.group_approver",
            company_id=self.company.id,
            company_ids=[(6, 0, self.company.ids)],
        )

    def test_consecutive_numbers_wait_for_nothing(self):
        messages = [self.numbered(number) for number in range(40, 45)]
        self.work()
        self.assertEqual(self.states(*messages), ["done"] * 5, self.stopped())
        series = self.env["integration.series"].search([])
        self.assertEqual((series.lowest, series.highest, series.name), (40, 44, "all events"))
        self.assertEqual([message.sequence for message in messages], [40, 41, 42, 43, 44])
        self.assertFalse(self.gaps())

    def test_what_comes_after_a_missing_number_is_held_until_it_arrives(self):
        first, third, fourth = self.numbered(40), self.numbered(42), self.numbered(43)
        other = self.tell_customer(BEN)
        self.work()
        self.assertEqual(self.states(first, third, fourth, other), ["done", "held", "held", "done"])
        self.assertEqual((third.hold_reason, third.waits_for), ("number", "41"))
        self.assertEqual(third.state_label, "Waiting for event number 41")
        self.assertIn("number 41 has not arrived yet", third.waiting_text)
        self.assertEqual((self.gaps(), self.booked()), ([(41, 41)], ["N-40"]))
        self.assertEqual(third.attempt_count, 0)
        second = self.numbered(41)
        self.work()
        self.assertEqual(self.states(second, third, fourth), ["done"] * 3)
        self.assertEqual(self.booked(), ["N-40", "N-41", "N-42", "N-43"])
        self.assertEqual((self.gaps(), self.gaps("filled")), ([], [(41, 41)]))
        self.assertFalse(self.exceptions())

    def test_disorder_within_a_batch_is_no_gap(self):
        messages = [self.numbered(number, "N-1", version=number) for number in (43, 40, 42, 41)]
        self.work()
        # All of one object: applied in the order of their numbers.
        self.assertEqual(self.states(*messages[1:2]), ["done"])
        self.assertEqual(self.states(messages[0], *messages[2:]), ["parked"] * 3)
        self.assertEqual({message.error_code for message in messages[2:]}, {"document_changed"})
        self.assertFalse(self.gaps())

    def test_the_missing_number_of_an_object_is_not_held_back_by_the_later_one(self):
        """The later one is held, has the same object and came first: they must not wait for each other."""
        first = self.numbered(1, "N-1", version=1)
        later = self.numbered(3, "N-1", version=3)
        self.work()
        self.assertEqual(self.states(first, later), ["done", "held"])
        missing = self.numbered(2, "N-1", version=2)
        self.work()
        self.assertEqual((missing.status, missing.error_code), ("parked", "document_changed"))
        # Now in order: the later one waits for the object's earlier number, not the other way round.
        self.assertEqual((missing.number_state, later.status), ("counted", "parked"))
        self.assertEqual(self.booked(), ["N-1"])

    def test_an_event_that_is_held_back_has_arrived_all_the_same(self):
        """It waits behind a stopped event of its object: its number is no gap."""
        stopped = self.unknown_tax("N-1")
        self.work()
        behind, after = self.numbered(50, "N-1", version=None), self.numbered(51)
        self.work()
        self.assertEqual(self.states(stopped, behind, after), ["parked", "held", "done"])
        self.assertEqual((behind.hold_reason, behind.sequence), ("order", 50))
        self.assertFalse(self.gaps())

    def test_an_event_that_cannot_be_understood_has_arrived_all_the_same(self):
        document = self.document("N-1")
        document["source"]["sequence"] = 60
        document["total_gross"] = "1.00"
        broken = self.tell(document)
        after = self.numbered(61)
        self.work()
        self.assertEqual(self.states(broken, after), ["parked", "done"])
        self.assertFalse(self.gaps())

    def test_a_gap_that_is_not_filled_in_time_is_one_exception_that_names_its_numbers(self):
        first, later, last = self.numbered(40), self.numbered(44), self.numbered(46)
        self.work()
        self.assertEqual(self.gaps(), [(41, 43), (45, 45)])
        self.sweep()
        self.assertFalse(self.exceptions())
        self.pass_deadline()
        self.sweep()
        exceptions = self.exceptions("sequence_gap").sorted("id")
        self.assertEqual(len(exceptions), 2)
        self.assertIn("these did not arrive: 41 to 43 (all events)", exceptions[0].what)
        self.assertEqual(exceptions.mapped("missing_numbers"), ["41 to 43", "45"])
        self.assertEqual(self.states(first, later, last), ["done", "held", "held"])
        self.assertEqual(exceptions[0].held_count, 2)
        self.numbered(42)
        self.work()
        self.env.invalidate_all()
        self.assertEqual(exceptions[0].missing_numbers, "41, 43")
        for number in (41, 43):
            self.numbered(number)
        self.work()
        self.assertEqual(exceptions.mapped("state"), ["resolved", "open"])
        self.assertEqual(self.states(later, last), ["done", "held"])
        self.assertEqual(sorted(self.booked()), ["N-40", "N-41", "N-42", "N-43", "N-44"])

    def test_the_source_is_asked_and_the_owner_told(self):
        owner = new_test_user(self.env, login="owner-of-flow", groups="finance_integration.group_operator")
        self.flow.user_id = owner
        self.numbered(40)
        self.numbered(42)
        self.work()
        self.pass_deadline()
        exception = self.exceptions("sequence_gap")
        exception.action_ask_resend()
        note = exception.message_ids[0]
        self.assertIn("to send again: the events with the numbers 41 (all events)", note.body)
        self.assertIn(owner.partner_id, note.notified_partner_ids)
        self.assertTrue(exception.gap_ids.asked_at)
        leaf = self.env["integration.audit.leaf"].search([("action", "=", "exception.ask_resend")])
        self.assertEqual(len(leaf), 1)

    def test_only_an_approver_goes_on_without_and_says_why(self):
        self.numbered(40)
        later = self.numbered(42)
        self.work()
        self.pass_deadline()
        exception = self.exceptions("sequence_gap")
        exception.decision_reason = "The source skipped it"
        with self.assertRaises(AccessError):
            exception.action_go_without()
        with self.assertRaises(UserError):
            exception.action_mark_resolved()
        approver = self.approver()
        exception.decision_reason = False
        with self.assertRaises(UserError):
            exception.with_user(approver).action_go_without()
        self.assertEqual(self.states(later), ["held"])
        exception.with_user(approver).decision_reason = "The source skipped it"
        exception.with_user(approver).action_go_without()
        self.work()
        self.assertEqual(self.states(later), ["done"])
        self.assertEqual(exception.state, "resolved")
        gap = self.env["integration.sequence.gap"].search([])
        self.assertEqual(
            (gap.state, gap.waived_by_id, gap.reason), ("waived", approver, "The source skipped it")
        )
        leaf = self.env["integration.audit.leaf"].search([("action", "=", "exception.go_without")])
        self.assertEqual((leaf.user_id, leaf.detail), (approver, "The source skipped it"))
        # It comes all the same: booked, and nobody is asked again.
        late = self.numbered(41, drain=True)
        self.assertEqual(late.status, "done")
        self.assertFalse(self.exceptions())
        self.assertFalse(self.gaps())

    def test_a_number_that_comes_twice_stops_and_an_approver_may_book_it(self):
        first, second = self.numbered(40), self.numbered(40, "N-other")
        self.work()
        self.assertEqual(self.states(first, second), ["done", "parked"])
        self.assertEqual((second.error_code, second.number_state), ("sequence_repeated", "repeated"))
        self.assertEqual(self.booked(), ["N-40"])
        second.action_try_again()
        self.work()
        self.assertEqual(self.states(second), ["parked"])
        exception = self.exceptions("sequence_repeated").with_user(self.approver())
        exception.decision_reason = "Two documents, one number: confirmed by the source"
        exception.action_book_repeated()
        self.work()
        self.assertEqual(self.states(second), ["done"])
        self.assertEqual(self.booked(), ["N-40", "N-other"])
        self.assertFalse(self.exceptions())

    def test_a_source_that_counts_anew_is_noticed_and_its_numbering_accepted(self):
        old = [self.numbered(number, f"O-{number}") for number in (1, 2, 3)]
        self.work()
        new = [self.numbered(number, f"N-{number}") for number in (1, 2, 4)]
        self.work()
        self.assertEqual(self.states(*old), ["done"] * 3)
        self.assertEqual(self.states(*new), ["parked", "parked", "done"])
        self.assertEqual({message.error_code for message in new[:2]}, {"sequence_broken"})
        exception = self.exceptions("sequence_broken")
        self.assertEqual((len(exception), exception.held_count), (1, 2))
        action = exception.action_accept_numbering()
        values = {name.removeprefix("default_"): value for name, value in action["context"].items()}
        reason = {"reason": "The source was installed anew"}
        self.env["integration.exception.step"].create(values | reason).action_ask()
        self.work()
        self.assertEqual(self.states(*new), ["parked", "parked", "done"], "not before somebody else agrees")
        request = self.env["integration.change.request"].search(
            [("res_id", "=", exception.id), ("res_model", "=", exception._name)]
        )
        with self.assertRaises(UserError):
            request.action_approve()
        request.with_user(self.approver()).action_approve()
        self.env.invalidate_all()
        self.work()
        self.assertEqual(self.states(*new[:2]), ["done", "done"], self.stopped())
        series = self.env["integration.series"].search([])
        self.assertEqual((series.lowest, series.highest), (1, 2))
        self.assertEqual(self.states(self.numbered(3, "N-3", drain=True)), ["done"])
        self.assertFalse(self.exceptions())

    def test_a_flow_that_only_reports_books_everything_and_tells(self):
        self.flow.numbering_policy = "report"
        self.env.flush_all()
        messages = [self.numbered(40), self.numbered(42), self.numbered(42, "N-again")]
        self.work()
        self.assertEqual(self.states(*messages), ["done"] * 3, self.stopped())
        self.assertEqual(self.exceptions().mapped("code"), ["sequence_repeated"])
        self.pass_deadline()
        self.assertEqual(sorted(self.exceptions().mapped("code")), ["sequence_gap", "sequence_repeated"])
        self.numbered(41, drain=True)
        self.assertEqual(self.exceptions().mapped("code"), ["sequence_repeated"])

    def test_numberings_by_object_and_by_series_do_not_meet(self):
        self.flow.numbering = "object"
        self.env.flush_all()
        one = self.numbered(1, "A")
        other = self.numbered(7, "B", party=BEN)
        self.work()
        self.assertEqual(self.states(one, other), ["done", "done"])
        self.assertEqual(
            sorted(self.env["integration.series"].search([]).mapped("name")), ["invoice:A", "invoice:B"]
        )
        self.flow.numbering = "series"
        self.env.flush_all()
        first, skipped = self.numbered(1, "C", series="north"), self.numbered(3, "D", series="north")
        elsewhere = self.numbered(10, "E", series="south")
        self.work()
        self.assertEqual(self.states(first, skipped, elsewhere), ["done", "held", "done"])
        self.assertEqual(skipped.series_id.name, "north")

    def test_a_series_with_a_known_beginning_misses_what_comes_before_the_first(self):
        self.flow.numbering_start = 1
        self.env.flush_all()
        third = self.numbered(3)
        self.work()
        self.assertEqual((self.states(third), self.gaps()), (["held"], [(1, 2)]))
        for number in (2, 1):
            self.numbered(number)
        self.work()
        self.assertEqual(self.states(third), ["done"])
        self.assertEqual(sorted(self.booked()), ["N-1", "N-2", "N-3"])

    def test_the_counter_is_written_once_per_batch(self):
        for number in range(40, 60):
            self.numbered(number, party=ANNA)
        with self.statements_into("integration_series") as written:
            self.work()
        self.assertEqual(len(written), 1)

    @contextmanager
    def statements_into(self, table):
        """Collect the statements that write a table."""
        written, cursor_class = [], type(self.env.cr)
        original = cursor_class.execute

        def execute(cursor, query, *args, **kwargs):
            text = getattr(query, "code", query)
            if isinstance(text, str) and f"INSERT INTO {table}" in text:
                written.append(text)
            return original(cursor, query, *args, **kwargs)

        with patch.object(cursor_class, "execute", execute):
            yield written

    def test_settings_are_checked(self):
        with self.assertRaises(ValidationError):
            self.flow.gap_hours = 0
        with self.assertRaises(ValidationError):
            self.flow.numbering_start = -2
