# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Fetched lists: the position moves only with what was stored; every run is a batch; bad sources are stopped (E9)."""

import dataclasses
import json
from datetime import date, timedelta
from decimal import Decimal
from unittest.mock import patch

from odoo import fields
from odoo.exceptions import AccessError, UserError
from odoo.tests import new_test_user

from ..connectors import registry
from ..connectors.base import HttpAnswer, HttpRequest, PullPage
from ..connectors.generic.connector import GenericConnector
from ..connectors.reading import read_answer
from ..engine.batch import read_totals
from ..models.messaging import http_client, pull_run
from ..models.messaging import pull as pull_module
from .common import IntegrationCommon

CODE = "test_list"


class ListConnector(GenericConnector):
    """A source with one list of movements; the test writes its pages."""

    spec = dataclasses.replace(GenericConnector.spec, code=CODE, name="List", pulls=("lines", "others"))

    def pull_request(self, pull, cursor, settings, secret):
        return HttpRequest("GET", f"https://list.example/{pull}?after={cursor.get('after', 0)}")

    def pull_page(self, pull, cursor, answer, settings=None):
        page = read_answer(answer)
        events = []
        for line in page["lines"]:
            body = {"type": "movement.reported", "timestamp": line["occurred_at"], "data": line}
            events.append((self.read_envelope(body, {"webhook-id": f"l-{line['movement_id']}"}), body))
        sums = {"USD": sum((Decimal(line["amount"]["value"]) for line in page["lines"]), Decimal(0))}
        return PullPage(
            events=events,
            cursor={"after": page["after"]},
            more=page["more"],
            order=page.get("order"),
            sums=sums,
            declared=read_totals(page.get("control")),
        )

    def pull_cursor_from(self, pull, instant):
        return {"after": 0, "from": instant.isoformat()}


def line(number, amount="10.00"):
    return {
        "kind": "movement",
        "schema_version": "1",
        "source": {"system": "list", "object_id": f"m-{number}"},
        "occurred_at": "2026-03-01T12:00:00Z",
        "movement_id": f"m-{number}",
        "type": "payment",
        "amount": {"value": amount, "currency": "USD"},
    }


class Source:
    """Answers in the place of the network; ``pages`` by the position that is asked for."""

    def __init__(self):
        self.pages = {}
        self.asked = []

    def page(self, after, numbers, following, more=True, **facts):
        body = {"lines": [line(number) for number in numbers], "after": following, "more": more, **facts}
        self.pages[after] = HttpAnswer(200, {}, json.dumps(body).encode())

    def fail(self, after, status, **headers):
        self.pages[after] = HttpAnswer(status, headers, b"{}")

    def send(self, request, _allowed_hosts=(), _max_answer_bytes=None):
        after = int(request.url.rpartition("=")[2])
        self.asked.append(after)
        return self.pages[after]


class PullCommon(IntegrationCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        connector = ListConnector()
        registry.register(connector)
        cls.addClassCleanup(registry._contributed.pop, CODE)
        cls.connection = cls._connection(CODE, "List")
        cls._secret(cls.connection, "inbound_signature", "whsec_c2VjcmV0LXNlY3JldC1zZWNyZXQ=")
        cls._secret(cls.connection, "api", "key")
        cls.connection.action_activate()
        facts = {"company_id": cls.company.id, "company_ids": [(6, 0, cls.company.ids)]}
        group = "finance_integration.group_%s"
        cls.operator = new_test_user(cls.env, "p_operator", groups=group % "operator", **facts)
        cls.auditor = new_test_user(cls.env, "p_auditor", groups=group % "auditor", **facts)

    def setUp(self):
        super().setUp()
        self.registry_enter_test_mode()
        self.source = Source()
        self.startPatcher(patch.object(http_client, "send", self.source.send))

    def pull(self, pull="lines"):
        self.env.flush_all()
        stored = self.connection.with_env(self.root)._pull(pull)
        self.env.invalidate_all()
        return stored

    @property
    def cursor(self):
        return self.connection.pull_cursor_ids.filtered(lambda row: row.pull == "lines")

    def batches(self):
        return self.env["integration.batch"].search([("connection_id", "=", self.connection.id)], order="id")

    def messages(self):
        return self.env["integration.message"].search(
            [("connection_id", "=", self.connection.id)], order="id"
        )

    def jobs(self):
        return self.env["queue.job"].sudo().search([("method_name", "=", "_pull"), ("state", "=", "pending")])

    def killed_at(self, method, call):
        """Pull, and let the process die at the n-th call of a step, after its work and before its commit."""
        original = getattr(type(self.connection), method)
        calls = []

        def dying(connection, *arguments):
            result = original(connection, *arguments)
            calls.append(1)
            if len(calls) == call:
                connection.env.flush_all()
                raise KeyboardInterrupt
            return result

        died = False
        with patch.object(type(self.connection), method, dying):
            try:  # assertRaises would take back what was committed
                self.pull()
            except KeyboardInterrupt:
                died = True
        self.assertTrue(died)
        self.env.invalidate_all()


class TestPull(PullCommon):
    def test_a_run_is_a_batch_with_totals(self):
        self.source.page(0, [1, 2], 2)
        self.source.page(2, [3], 3, more=False, control={"count": 3, "sums": {"USD": "30.00"}})
        self.assertEqual(self.pull(), 3)
        [batch] = self.batches()
        self.assertEqual(
            (batch.kind, batch.source, batch.state, batch.counted_count, batch.new_count),
            ("poll", "lines", "complete", 3, 3),
        )
        self.assertEqual([(row.declared, row.counted) for row in batch.total_ids], [("30.00", "30.00")])
        self.assertEqual(batch.message_ids, self.messages())
        self.assertEqual((self.cursor.position, self.cursor.state), ({"after": 3}, "resting"))
        self.assertTrue(self.cursor.fetched_at)

    def test_nothing_new_makes_no_batch(self):
        self.source.page(0, [], 0, more=False)
        self.assertEqual(self.pull(), 0)
        self.assertFalse(self.batches())
        self.assertEqual(self.cursor.state, "resting")

    def test_what_overlaps_is_recognised_and_not_stored_again(self):
        self.source.page(0, [1, 2], 2, more=False)
        self.pull()
        self.source.page(2, [2, 3], 3, more=False)
        self.assertEqual(self.pull(), 1)
        first, second = self.batches()
        self.assertEqual((second.counted_count, second.new_count, second.repeated_count), (2, 1, 1))
        self.assertEqual((len(first.message_ids), len(second.message_ids)), (2, 1))
        self.assertEqual(len(self.messages()), 3)

    def test_killed_at_every_step_it_resumes_without_loss_and_without_duplicate(self):
        for after in range(5):
            self.source.page(after, [after], after + 1, more=after < 4)
        seen = []
        for method, call in (
            ("_pull_begin", 1),
            ("_store_page", 1),
            ("_pull_request", 2),
            ("_store_page", 2),
            ("_store_page", 3),
        ):
            self.killed_at(method, call)
            position = (self.cursor.position or {}).get("after", 0)
            seen.append(position)
            self.assertEqual(position, len(self.messages()), f"{method} {call}")
        self.assertEqual(seen, [0, 0, 1, 2, 4])
        self.pull()
        self.assertEqual(len(self.messages()), 5)
        self.assertEqual(self.messages().mapped("event_id"), [f"l-m-{number}" for number in range(5)])
        [batch] = self.batches()
        self.assertEqual((batch.state, batch.counted_count, batch.new_count), ("complete", 5, 5))
        self.assertEqual(batch.counted["sums"], {"USD": "50.00"})

    def test_totals_of_the_source_that_do_not_add_up_are_visible_and_read_again(self):
        self.source.page(0, [1], 1, more=False, control={"count": 2, "sums": {"USD": "20.00"}})
        self.pull()
        [batch] = self.batches()
        self.assertEqual((batch.state, batch.missing_count), ("incomplete", 1))
        self.assertEqual(self.exceptions().code, "control_total_differs")
        self.assertEqual(self.cursor.state, "resting")  # what comes later is fetched all the same
        self.source.page(0, [1, 2], 2, more=False, control={"count": 2, "sums": {"USD": "20.00"}})
        batch.with_user(self.operator).reason = "The source has corrected it"
        batch.with_user(self.operator).action_read_again()
        self.assertEqual((batch.state, batch.counted_count), ("receiving", 0))
        self.assertEqual(self.pull(), 1)
        self.assertEqual((batch.state, batch.counted_count, batch.new_count), ("complete", 2, 1))
        self.assertEqual(len(self.batches()), 1)
        self.assertFalse(self.exceptions())
        self.assertEqual(len(batch.message_ids), 2)

    def test_two_lists_of_one_connection_have_their_own_lock(self):
        locks = {self.connection._pull_lock(pull) for pull in ("lines", "others")}
        self.assertEqual(len(locks), 2)

    def test_a_run_that_is_too_long_goes_on_in_the_next_job(self):
        for after in range(4):
            self.source.page(after, [after], after + 1, more=after < 3)
        with patch.object(pull_module, "MAX_PAGES", 3):
            self.assertEqual(self.pull(), 3)
        self.assertEqual(self.jobs().mapped("args"), [["lines"]])
        [batch] = self.batches()
        self.assertEqual((batch.state, batch.counted_count), ("receiving", 3))
        self.assertEqual(self.pull(), 1)
        self.assertEqual((batch.state, batch.counted_count), ("complete", 4))


class TestBadSources(PullCommon):
    def assert_stopped(self, code, stored):
        self.assertEqual((self.cursor.state, self.cursor.error_code), ("stopped", code))
        batch = self.batches()[-1]
        self.assertEqual((batch.state, batch.problem_code), ("incomplete", code))
        [exception] = self.exceptions(code)
        self.assertEqual((exception.batch_id, exception.fix), (batch, "batch"))
        self.assertEqual(len(self.messages()), stored)
        asked = len(self.source.asked)
        self.pull()
        self.assertEqual(len(self.source.asked), asked)  # it is left alone until a person decides
        return batch

    def test_a_cursor_that_repeats_is_stopped_and_a_person_lets_it_go_on(self):
        self.source.page(0, [1], 1)
        self.source.page(1, [2], 2)
        self.source.page(2, [3], 1)
        self.assertEqual(self.pull(), 2)
        self.assertEqual(self.source.asked, [0, 1, 2])
        batch = self.assert_stopped("cursor_repeats", 2)
        self.assertEqual(self.cursor.position, {"after": 2})
        self.source.page(2, [3], 3, more=False)
        batch.reason = "They have repaired it"
        batch.with_user(self.operator).action_put_aside()
        self.assertEqual((batch.state, self.cursor.state), ("cancelled", "resting"))
        self.assertEqual(self.pull(), 1)
        self.assertEqual(self.batches()[-1].state, "complete")

    def test_a_cursor_that_does_not_move_is_stopped(self):
        self.source.page(0, [1], 1)
        self.source.page(1, [2], 1)
        self.assertEqual(self.pull(), 1)
        self.assert_stopped("cursor_repeats", 1)

    def test_a_cursor_that_goes_backwards_is_stopped_also_between_runs(self):
        self.source.page(0, [1], 1, more=False, order=500)
        self.pull()
        self.source.page(1, [2], 2, more=False, order=499)
        self.pull()
        self.assert_stopped("cursor_goes_back", 1)
        self.assertEqual(self.cursor.position, {"after": 1})

    def test_a_page_beyond_the_limits_is_not_used(self):
        self.source.page(0, [1, 2, 3], 3)
        with patch.object(pull_module, "MAX_PAGE_EVENTS", 2):
            self.pull()
        self.assert_stopped("page_too_large", 0)

    def test_an_answer_beyond_the_limits_is_not_used(self):
        self.source.page(0, [1, 2, 3], 3)
        with patch.object(pull_module, "MAX_PAGE_BYTES", 100):
            self.pull()
        self.assert_stopped("page_too_large", 0)

    def test_a_source_that_asks_for_a_pause_gets_it(self):
        self.source.page(0, [1], 1)
        self.source.fail(1, 429, **{"retry-after": "900"})
        before = fields.Datetime.now()
        self.assertEqual(self.pull(), 1)
        cursor = self.cursor
        self.assertEqual((cursor.state, cursor.error_code), ("waiting", "source_rate_limited"))
        self.assertGreaterEqual(cursor.not_before, before + timedelta(seconds=900))
        [batch] = self.batches()
        self.assertEqual(batch.state, "interrupted")
        [job] = self.jobs()
        self.assertGreaterEqual(job.eta, before + timedelta(seconds=899))
        self.pull()
        self.assertEqual(self.source.asked, [0, 1])
        with self.assertRaises(UserError):
            self.connection.with_user(self.operator)._fetch_for_person("I want it now")
        cursor.not_before = before
        self.source.page(1, [2], 2, more=False)
        self.assertEqual(self.pull(), 1)
        self.assertEqual((batch.state, batch.counted_count), ("complete", 2))
        self.assertEqual((cursor.state, cursor.failure_count), ("resting", 0))

    def test_a_pause_without_measure_is_clamped(self):
        self.source.fail(0, 429, **{"retry-after": "999999999"})
        self.pull()
        longest = fields.Datetime.now() + timedelta(seconds=21_601)
        self.assertLessEqual(self.cursor.not_before, longest)

    def test_somebody_hears_of_a_source_that_stays_down_and_it_closes_by_itself(self):
        self.source.fail(0, 503)
        for _try in range(pull_run.ALARM_AFTER_FAILURES):
            self.assertFalse(self.exceptions())
            self.cursor.not_before = False
            self.pull()
        [exception] = self.exceptions("source_unavailable")
        self.cursor.not_before = False
        self.source.page(0, [1], 1, more=False)
        self.pull()
        self.assertEqual(exception.state, "resolved")
        self.assertEqual(self.cursor.state, "resting")


class TestSchedule(PullCommon):
    def setUp(self):
        super().setUp()
        self.source.page(0, [], 0, more=False)
        self.jobs().unlink()

    def cron(self):
        self.jobs().unlink()
        self.root["integration.connection"]._cron_pull()
        return sorted(job.args[0] for job in self.jobs() if job.records.ids == self.connection.ids)

    def test_each_connection_has_its_own_schedule(self):
        self.assertEqual(self.cron(), ["lines", "others"])
        self.pull("lines")
        self.pull("others")
        self.assertEqual(self.cron(), [])
        self.cursor.started_at = fields.Datetime.now() - timedelta(minutes=16)
        self.assertEqual(self.cron(), ["lines"])
        self.connection.pull_every_minutes = 60
        self.assertEqual(self.cron(), [])
        self.connection.pull_every_minutes = 1
        self.assertEqual(self.cron(), ["lines"])

    def test_the_overlap_reaches_the_connector(self):
        self.assertEqual(self.connection._settings()["overlap_seconds"], 3600)
        self.connection.pull_overlap_minutes = 5
        self.assertEqual(self.connection._settings()["overlap_seconds"], 300)

    def test_a_person_fetches_again_from_a_date(self):
        self.source.page(0, [1, 2], 2, more=False)
        self.pull()
        self.source.asked.clear()
        wizard = self.env["integration.fetch"].with_user(self.operator)
        wizard = wizard.with_context(default_connection_id=self.connection.id)
        values = {"pull": "lines", "from_date": date(2026, 3, 2), "reason": "A line is missing"}
        wizard.create(values).action_fetch()
        # midnight in the time zone of the books
        self.assertEqual(str(self.cursor.restart_at), "2026-03-02 05:00:00")
        self.pull()
        self.assertEqual(self.source.asked, [0])
        self.assertFalse(self.cursor.restart_at)
        self.assertEqual((len(self.messages()), self.batches()[-1].repeated_count), (2, 2))
        [leaf] = self.env["integration.audit.leaf"].search([("action", "=", "pull.again")])
        self.assertEqual((leaf.user_id, leaf.detail), (self.operator, "lines 2026-03-02: A line is missing"))

    def test_only_people_who_may_and_who_say_why(self):
        with self.assertRaises(AccessError):
            self.connection.with_user(self.auditor)._fetch_for_person("curious")
        with self.assertRaises(UserError):
            self.connection.with_user(self.operator)._fetch_for_person("  ")
        self.assertFalse(self.jobs())
        self.connection.with_user(self.operator)._fetch_for_person("The owner asked")
        self.assertEqual(len(self.jobs()), 2)
        self.assertEqual(self.env["integration.audit.leaf"].search_count([("action", "=", "pull.now")]), 1)
