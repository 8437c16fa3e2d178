# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Replay: chosen, planned beforehand, worked off by the same drain, gone on with after a kill (E3, E6)."""

from contextlib import contextmanager
from datetime import timedelta
from unittest.mock import patch

import psycopg2

from odoo import fields
from odoo.exceptions import UserError
from odoo.tools import mute_logger

from ..models.replay import replay as replay_module
from ..models.replay import replay_plan, replay_run, replay_selection
from .common import BEN
from .replay_common import ReplayCommon


class TestReplay(ReplayCommon):
    def test_a_replay_is_a_new_event_with_the_same_bytes(self):
        message = self.invoice("R-1")
        self.drain(self.partner_connection)
        replay = self.run_replay(self.plan(message), drain=False)
        new = message.replay_ids
        self.assertEqual((replay.line_ids.became_id, new.replay_of_id), (new, message))
        self.assertEqual((new.origin, new.replayed_origin, new.status), ("replay", "push", "ready"))
        for name in (
            "object_key",
            "version",
            "body_digest",
            "correlation_id",
            "occurred_at",
            "lane_id",
            "flow_id",
        ):
            self.assertEqual(new[name], message[name], name)
        payloads = self.env["integration.payload"]
        raw = payloads._raw_by_message([message.id, new.id])
        self.assertEqual(raw[message.id], raw[new.id])
        headers = payloads.sudo().search([("message_id", "in", (message + new).ids)]).mapped("headers")
        self.assertEqual(headers[0], headers[1])
        self.drain(self.partner_connection)
        attempt = new.attempt_ids
        self.assertEqual(
            (attempt.trigger, attempt.user_id, attempt.outcome), ("replay", self.operator, "duplicate")
        )
        self.assertEqual((message.status, len(message.attempt_ids)), ("done", 1))
        actions = message.leaf_ids.mapped("action") + new.leaf_ids.mapped("action")
        self.assertIn("message.replayed", actions)
        self.assertIn("message.from_replay", actions)

    def test_an_event_whose_content_is_archived_is_replayed(self):
        message = self.invoice("R-1")
        self.drain(self.partner_connection)
        raw = self.env["integration.payload"]._raw_by_message([message.id])
        self.root["integration.archive"]._put_away(message.with_env(self.root))
        self.env.invalidate_all()
        self.assertFalse(self.env["integration.payload"].search_count([("message_id", "=", message.id)]))
        replay = self.run_replay(self.plan(message))
        self.assertEqual((replay.state, self.results(replay)), ("done", {message: "duplicate"}))
        new = message.replay_ids
        self.assertEqual(self.env["integration.payload"]._raw_by_message([new.id])[new.id], raw[message.id])

    def test_the_plan_shows_the_journal_lines_and_the_run_books_exactly_them(self):
        message = self.parked("R-7", amount="1000.00")
        self.give_mapping()
        self.assertEqual(message.status, "parked")
        replay = self.plan(message)
        line = replay.line_ids
        self.assertEqual((line.mode, line.outcome, line.planned_status), ("resume", "post", "parked"))
        debits = {row["debit"] for entry in line.entries for row in entry["lines"]}
        credited = {row["credit"] for entry in line.entries for row in entry["lines"]}
        self.assertIn("1150.00", debits)
        self.assertLessEqual({"1000.00", "150.00"}, credited)
        self.assertEqual(line.entry_line_count, sum(len(entry["lines"]) for entry in line.entries))
        self.assertIn("1150.00", line.entries_html)
        [total] = replay.totals
        self.assertEqual(
            (total["outcome"], total["currency"], total["events"], total["lines"]),
            ("post", "USD", 1, line.entry_line_count),
        )
        self.assertFalse(self.env["account.move"].search_count([("ref", "=", "R-7")]))
        self.run_replay(replay)
        move = self.became(message, "account.move")
        self.assertEqual(
            (message.status, move.amount_total, len(move.line_ids)), ("done", 1150.0, line.entry_line_count)
        )
        self.assertEqual((replay.state, line.result, line.became_id), ("done", "done", message))
        last = message.attempt_ids.sorted("id")[-1]
        self.assertEqual((last.trigger, last.user_id), ("replay", self.operator))

    def test_a_stopped_event_goes_on_before_those_that_wait_for_it(self):
        first = self.parked("R-1")
        second = self.invoice("R-2", amount="200.00")
        second.with_env(self.root)._write({"object_key": first.object_key})
        self.env.flush_all()
        self.drain(self.partner_connection)
        self.assertEqual(second.status, "held")
        self.give_mapping()
        replay = self.run_replay(self.plan(first))
        # The second says something else under the same version, which is seen only because the first came before it.
        self.assertEqual((first.status, second.status, replay.state), ("done", "parked", "done"))
        self.assertEqual(second.error_code, "version_conflict")
        self.assertFalse(first.replay_ids)
        ended = [message.attempt_ids.sorted("id")[-1].id for message in (first, second)]
        self.assertLess(ended[0], ended[1])

    def test_what_was_put_aside_is_booked_by_a_new_event(self):
        message = self.parked("R-1")
        message.action_discard("Not ours, or so we thought")
        self.give_mapping()
        replay = self.plan(message)
        self.assertEqual((replay.line_ids.mode, replay.line_ids.outcome), ("new", "post"))
        self.run_replay(replay)
        self.assertEqual((message.status, message.replay_ids.status), ("discarded", "done"))
        self.assertEqual(self.became(message.replay_ids, "account.move").amount_total, 115.0)
        self.assertFalse(message.effect_ids)

    def test_what_is_still_refused_ends_partly_and_is_brought_up_to_date_later(self):
        message = self.parked("R-1")
        replay = self.plan(message)
        self.assertEqual(
            (replay.line_ids.outcome, replay.line_ids.error_code), ("refused", "mapping_missing")
        )
        self.assertFalse(replay.needs_approval)
        self.run_replay(replay)
        self.assertEqual((replay.state, self.results(replay)), ("partly", {message: "parked"}))
        self.give_mapping()
        message.action_try_again()
        self.drain(self.partner_connection)
        replay.action_look_again()
        self.assertEqual((replay.state, self.results(replay)), ("done", {message: "done"}))

    def test_an_event_in_the_queue_is_left_alone(self):
        message = self.invoice("R-1")
        replay = self.plan(message)
        self.assertEqual((replay.line_ids.mode, replay.line_ids.outcome), ("skip", "on_its_way"))
        self.assertFalse(replay.needs_approval)
        replay.action_run()
        self.go_on(replay)
        self.assertEqual((replay.state, message.status), ("done", "ready"))
        self.assertFalse(message.replay_ids)


class TestSelection(ReplayCommon):
    def chosen(self, **facts):
        replay = self.env["integration.replay"].create(
            {"company_id": self.company.id, "scope": "filter", **facts}
        )
        return self.env["integration.message"].search(replay._selection_domain(), order="id")

    def test_by_conditions(self):
        stopped = self.parked("R-1", amount="500.00")
        done = self.invoice("R-2", BEN, amount="70.00")
        self.drain(self.partner_connection)
        self.stripe.charge(5000, "usd", metadata={})
        money = self.send_stripe()
        self.assertEqual(self.chosen(), stopped)
        self.assertEqual(self.chosen(error_code="mapping_missing"), stopped)
        self.assertFalse(self.chosen(error_code="tax_difference"))
        every = {"with_done": True, "with_dead": True, "with_parked": True}
        self.assertEqual(self.chosen(connection_ids=self.partner_connection.ids, **every), stopped + done)
        self.assertEqual(
            self.chosen(kind="movement", **every), money.filtered(lambda row: row.kind == "movement")
        )
        flow = self.partner_connection.flow_ids.filtered(lambda row: row.kind == "invoice")
        self.assertEqual(self.chosen(flow_ids=flow.ids, with_done=True, with_parked=False), done)
        usd = self.env.ref("base.USD").id
        between = {"connection_ids": self.partner_connection.ids, "currency_id": usd, **every}
        self.assertEqual(self.chosen(amount_from=60, amount_to=80, **between), done)
        self.assertEqual(self.chosen(amount_from=80, **between), stopped)
        self.assertFalse(self.chosen(direction="out", **every))

    def test_by_time(self):
        messages = self.env["integration.message"]
        for number in range(3):
            messages |= self.invoice(f"R-{number}")
        self.drain(self.partner_connection)
        start = fields.Datetime.now() - timedelta(days=10)
        for day, message in enumerate(messages):
            message.with_env(self.root)._write(
                {"received_at": start + timedelta(days=day), "occurred_at": start - timedelta(days=day)}
            )
        self.env.flush_all()
        span = {"scope": "window", "with_done": True, "connection_ids": self.partner_connection.ids}
        until = start + timedelta(days=2)
        self.assertEqual(self.chosen(window_from=start, window_to=until, **span), messages[:2])
        happened = {
            "window_from": start - timedelta(days=2),
            "window_to": start,
            "window_field": "occurred_at",
        }
        self.assertEqual(self.chosen(**happened, **span), messages[1:])
        replay = self.env["integration.replay"].create({"company_id": self.company.id, "reason": "x", **span})
        with self.assertRaisesRegex(UserError, "both its beginning and its end"):
            replay.action_plan()

    def test_too_many_are_refused_with_their_number(self):
        messages = self.invoice("R-1") + self.invoice("R-2") + self.invoice("R-3")
        self.drain(self.partner_connection)
        facts = {"company_id": self.company.id, "scope": "events", "event_ids": [(6, 0, messages.ids)]}
        replay = self.env["integration.replay"].create(facts)
        self.assertEqual(replay_module.MAX_EVENTS, 10_000)
        with (
            patch.object(replay_selection, "MAX_EVENTS", 2),
            self.assertRaisesRegex(UserError, r"^3 events .* 2 at"),
        ):
            replay.action_plan()
        self.assertEqual((replay.state, len(replay.line_ids)), ("draft", 0))

    def test_an_empty_choice_is_refused(self):
        replay = self.env["integration.replay"].create(
            {"company_id": self.company.id, "error_code": "tax_difference"}
        )
        with self.assertRaisesRegex(UserError, "No event"):
            replay.action_plan()

    def test_events_of_two_companies_are_two_replays(self):
        message = self.parked("R-1")
        action = message.with_user(self.operator).action_plan_replay()
        replay = self.env["integration.replay"].browse(action["res_id"])
        self.assertEqual(
            (replay.event_ids, replay.company_id, replay.chosen_count), (message, self.company, 1)
        )


class TestPortions(ReplayCommon):
    def setUp(self):
        super().setUp()
        self.messages = self.env["integration.message"]
        for number in range(7):
            self.messages |= self.invoice(f"R-{number}")
        self.drain(self.partner_connection)

    @contextmanager
    def portions_of(self, size):
        with patch.object(replay_plan, "PORTION", size), patch.object(replay_run, "PORTION", size):
            yield

    def kill_after(self, portions, replay):
        """Let the job die when it has committed so many portions: what a killed process leaves behind."""
        original = type(self.env["integration.replay"])._portion
        left = [portions]

        def portion(replay, registry, replay_id):
            if not left[0]:
                raise KeyboardInterrupt
            left[0] -= 1
            return original(replay, registry, replay_id)

        died = False
        with patch.object(type(self.env["integration.replay"]), "_portion", portion):
            try:  # assertRaises would take back what is committed
                self.go_on(replay)
            except KeyboardInterrupt:
                died = True
        self.env.invalidate_all()
        self.assertTrue(died)

    def test_a_killed_plan_is_gone_on_with(self):
        facts = {"company_id": self.company.id, "scope": "events", "event_ids": [(6, 0, self.messages.ids)]}
        replay = self.env["integration.replay"].create({"reason": "x", **facts})
        with self.portions_of(2):
            replay.action_plan()
            self.kill_after(2, replay)
            self.assertEqual((replay.state, replay.planned_count, replay.line_count), ("planning", 4, 7))
            self.assertAlmostEqual(replay.progress, 400 / 7)
            self.go_on(replay)
        self.assertEqual((replay.state, set(self.outcomes(replay).values())), ("planned", {"duplicate"}))

    def test_a_killed_run_is_gone_on_with_and_repeats_nothing(self):
        with self.portions_of(2):
            replay = self.approve(self.plan(self.messages))
            replay.action_run()
            self.kill_after(7, replay)  # four portions of checking, one step between, two of the run
            self.assertEqual((replay.state, replay.done_count), ("running", 4))
            self.root["integration.replay"]._sweep()
            job = self.env["queue.job"].sudo().search([("method_name", "=", "_go_on")])
            self.assertTrue(job.filtered(lambda row: row.records.id == replay.id))
            self.go_on(replay)
            self.go_on(replay)
        self.assertEqual(len(self.messages.replay_ids), 7)
        self.assertEqual([message.replay_count for message in self.messages], [1] * 7)
        self.drain(self.partner_connection)
        replay.action_look_again()
        self.assertEqual((replay.state, set(self.results(replay).values())), ("done", {"duplicate"}))

    def test_cancelling_stops_after_the_portion(self):
        with self.portions_of(2):
            replay = self.approve(self.plan(self.messages))
            replay.action_run()
            self.kill_after(7, replay)
            replay.action_cancel()
            self.assertEqual(self.go_on(replay), 0)
        self.assertEqual(
            (replay.state, replay.done_count, len(self.messages.replay_ids)), ("cancelled", 4, 4)
        )
        self.assertIn("3", replay.note)
        with self.assertRaises(UserError):
            replay.action_run()

    def test_a_second_job_leaves_while_the_first_is_at_it(self):
        replay = self.approve(self.plan(self.messages))
        replay.action_run()
        with replay_plan.exclusive(self.env.cr.dbname, replay_plan.LOCK_OFFSET + replay.id) as free:
            self.assertTrue(free)
            self.assertEqual(self.go_on(replay), 0)
        self.assertFalse(self.messages.replay_ids)

    def test_a_line_makes_one_event_whatever_happens(self):
        replay = self.run_replay(self.plan(self.messages))
        lines = replay.line_ids
        self.env.cr.execute(
            "UPDATE integration_replay_line SET became_id = NULL WHERE replay_id = %s", [replay.id]
        )
        with (
            self.assertRaises(psycopg2.errors.UniqueViolation),
            mute_logger("odoo.sql_db"),
            self.cr.savepoint(),
        ):
            replay.with_env(self.root)._repeat(lines.with_env(self.root))
        self.assertEqual(len(self.messages.replay_ids), 7)

    def test_what_nobody_foresaw_stops_it_visibly(self):
        replay = self.env["integration.replay"].create(
            {"company_id": self.company.id, "scope": "events", "event_ids": [(6, 0, self.messages.ids)]}
        )
        replay.action_plan()
        rehearsal = type(self.env["integration.rehearsal"])
        with patch.object(rehearsal, "_rehearse", side_effect=ZeroDivisionError("nobody foresaw this")):
            self.go_on(replay)
        self.assertEqual(replay.state, "draft")
        self.assertIn("nobody foresaw this", replay.note)
