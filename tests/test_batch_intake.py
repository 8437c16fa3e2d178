# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Many events in one signed request: stored in one transaction, answered line by line, complete or visibly not (E9)."""

import json
from unittest.mock import patch

from odoo.tests import tagged

from ..controllers import reading
from ..engine import ndjson
from ..models.messaging import batch_intake
from ..simulators.partner.signing import PartnerSigner, make_secret
from .signed_requests import SignedRequests

PARENT = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"


@tagged("post_install", "-at_install")
class TestBatchIntake(SignedRequests):
    def setUp(self):
        super().setUp()
        self.sent = 0
        self.rung = self.startPatcher(
            patch("odoo.addons.finance_integration.controllers.batch.lane.ring_lanes")
        )

    def line(self, number, event_id=None, amount="100.00", **changes):
        """Return one event as a line; its id is ``evt-<number>`` unless another is given."""
        event = json.loads(self.invoice_event(number, amount).body)
        return json.dumps({"id": event_id or f"evt-{number}", **event, **changes}).encode()

    def trailer(self, **totals):
        return json.dumps({"control": totals}).encode()

    def send(self, *lines, batch_id=None, joined=b"\n", **options):
        self.sent += 1
        options.setdefault("media_type", ndjson.MEDIA_TYPE)
        path = f"/integration/v1/in/{options.pop('endpoint', self.endpoint).key}/batch"
        return self.post(path, joined.join(lines), batch_id or f"batch-{self.sent}", **options)

    def answered(self, *lines, **options):
        answer = self.send(*lines, **options)
        self.assertEqual(answer.status_code, 200, answer.text)
        return answer.json()

    def batch(self, said):
        self.env.invalidate_all()
        return self.env["integration.batch"].browse(said["batch"])

    # -- what is stored --------------------------------------------------------------------------------------

    def test_each_line_is_an_event_of_its_own(self):
        lines = [self.line(f"B-{number}") for number in range(5)]
        said = self.answered(*lines, X_Correlation_Id="run-1", traceparent=PARENT)
        self.assertEqual(
            {name: said[name] for name in ("status", "lines", "new", "duplicate", "conflict", "refused")},
            {"status": "complete", "lines": 5, "new": 5, "duplicate": 0, "conflict": 0, "refused": 0},
        )
        self.assertEqual((said["verdicts"], said["refusals"], said["repeated"]), ("nnnnn", {}, False))
        self.assertEqual(said["correlation_id"], "run-1")
        messages = self.stored()
        self.assertEqual(messages.mapped("event_id"), [f"evt-B-{number}" for number in range(5)])
        self.assertEqual(messages.mapped("object_key"), [f"invoice:B-{number}" for number in range(5)])
        self.assertEqual(set(messages.mapped("status")), {"ready"})
        self.assertEqual(messages.mapped("kind"), ["invoice"] * 5)
        self.assertEqual(set(messages.mapped("correlation_id")), {"run-1"})
        self.assertEqual(set(messages.mapped("trace_parent")), {PARENT})
        self.assertEqual(messages.batch_id, self.batch(said))
        self.assertEqual(
            self.env["integration.payload"]._raw_by_message(messages.ids),
            dict(zip(messages.ids, lines, strict=True)),
        )
        self.drain(self.partner_connection)
        self.assert_done(messages)
        self.assertEqual(self.env["account.move"].search_count([("integration_source_id", "like", "B-")]), 5)

    def test_what_was_signed_can_be_verified_again(self):
        said = self.answered(self.line("B-1"), b"not json", self.line("B-2"))
        batch = self.batch(said)
        self.assertEqual(batch._signed_body(), b"\n".join([self.line("B-1"), b"not json", self.line("B-2")]))
        self.assertTrue(batch._signature_holds())
        with patch.object(type(batch), "_signed_body", lambda row: b"something else"):
            self.assertFalse(batch._signature_holds())

    def test_the_same_request_again_is_recognised(self):
        lines = [self.line("B-1"), self.line("B-2")]
        first = self.answered(*lines, batch_id="same")
        again = self.answered(*lines, batch_id="same")
        self.assertEqual((again["verdicts"], again["repeated"]), ("dd", True))
        self.assertEqual(again["batch"], first["batch"])
        self.assertEqual(len(self.stored()), 2)
        self.assertEqual(self.env["integration.batch"].search_count([("kind", "=", "intake")]), 1)

    def test_known_and_new_events_in_one_batch(self):
        self.answered(self.line("B-1"))
        said = self.answered(self.line("B-1"), self.line("B-2"), self.line("B-2"))
        self.assertEqual((said["verdicts"], said["status"]), ("dnd", "complete"))
        self.assertEqual(len(self.stored()), 2)

    def test_an_event_sent_alone_is_known_in_a_batch_and_the_reverse(self):
        event = self.invoice_event("B-1")
        self.send_event(event)
        said = self.answered(self.line("B-1", event_id=event.id))
        self.assertEqual(said["verdicts"], "d")
        self.answered(self.line("B-2", event_id="evt-2"))
        alone = self.invoice_event("B-2")
        answer = self.post(f"/integration/v1/in/{self.endpoint.key}", alone.body, "evt-2")
        self.assertEqual(answer.json()["status"], "duplicate")
        self.assertEqual(len(self.stored()), 2)

    def test_another_content_under_a_known_id_is_a_conflict_also_inside_one_batch(self):
        self.answered(self.line("B-1"))
        said = self.answered(
            self.line("B-1", amount="200.00"), self.line("B-2"), self.line("B-2", amount="200.00")
        )
        self.assertEqual(said["verdicts"], "cnc")
        self.assertEqual(len(self.batch(said).message_ids), 3)
        self.assertEqual(self.stored().mapped("status"), ["ready", "ready", "parked", "parked"])
        self.assertEqual(set(self.exceptions("event_id_conflict").mapped("cause")), {"evt-B-1", "evt-B-2"})

    def test_too_many_conflicts_store_nothing(self):
        self.answered(*[self.line(f"B-{number}") for number in range(3)])
        changed = [self.line(f"B-{number}", amount="200.00") for number in range(3)]
        with patch.object(batch_intake, "MAX_CONFLICTS", 2):
            answer = self.send(*changed, self.line("B-9"))
        self.assert_refused(answer, 409, "batch_conflicts")
        self.assertEqual(len(self.stored()), 3)
        self.assertFalse(self.exceptions("event_id_conflict"))

    # -- what is not as it should be -------------------------------------------------------------------------

    def test_bad_lines_are_listed_and_the_others_stored(self):
        good = self.line("B-1")
        bad = {
            b"hello": "invalid_json",
            good[:40]: "invalid_json",
            b"\xff\xfe": "invalid_json",
            '{"id":"x","type":"é"}'.encode("latin-1"): "invalid_json",
            b'{"id":"1","id":"2"}': "duplicate_key",
            b'{"a":' + b"[" * 500 + b"]" * 500 + b"}": "too_deep",
            b'{"a":1e999999}': "number_out_of_range",
            b"[1, 2]": "schema_violation",
            b'"text"': "schema_violation",
            b"null": "schema_violation",
            self.line("B-2", id=None): "schema_violation",
            self.line("B-2", id=7): "schema_violation",
            self.line("B-2", id=""): "schema_violation",
            self.line("B-2", id="two words"): "schema_violation",
            self.line("B-2", id="i" * 256): "schema_violation",
            self.line("B-2", type=None): "schema_violation",
            self.line("B-2", timestamp="yesterday"): "date_invalid",
            b'{"a":"\\u0000"}': "invalid_json",
            b'{"pad":"' + b"x" * 1_000_000 + b'"}': "body_too_large",
        }
        said = self.answered(good, *bad, self.line("B-3"))
        self.assertEqual(said["verdicts"], "n" + "r" * len(bad) + "n")
        expected = {}
        for number, code in enumerate(bad.values(), start=2):
            expected.setdefault(code, []).append(number)
        self.assertEqual(said["refusals"], expected)
        self.assertEqual((said["status"], said["new"], said["refused"]), ("incomplete", 2, len(bad)))
        self.assertTrue(said["missing"])
        self.assertEqual(self.stored().mapped("event_id"), ["evt-B-1", "evt-B-3"])
        batch = self.batch(said)
        self.assertEqual((batch.state, batch.unreadable_count), ("incomplete", len(bad)))
        self.assertEqual(batch.exception_id.state, "open")

    def test_line_ends_and_empty_lines(self):
        lines = [self.line("B-1"), b"", self.line("B-2"), b"  ", b""]
        said = self.answered(*lines, joined=b"\r\n")
        self.assertEqual((said["verdicts"], said["status"]), ("nn", "complete"))
        again = self.answered(self.line("B-1"), self.line("B-2"))
        self.assertEqual(again["verdicts"], "dd", "the line end is no part of the event")
        self.assertNotEqual(again["batch"], said["batch"])

    def test_an_event_type_that_nobody_knows_waits_for_a_person(self):
        said = self.answered(self.line("B-1", type="moon.landed"))
        self.assertEqual(said["verdicts"], "n")
        self.drain(self.partner_connection)
        self.assertEqual(self.stored().error_code, "unknown_event_type")

    def test_bodies_that_are_no_batch(self):
        good = self.line("B-1")
        for body, status, code in (
            (b"", 400, "body_empty"),
            (b"\n\n", 400, "batch_empty"),
            (self.trailer(count=0), 400, "batch_empty"),
            (b"\xef\xbb\xbf" + good, 400, "batch_encoding"),
            (good.decode().encode("utf-16"), 400, "batch_encoding"),
            (good + b'\n{"control": 7}', 400, "batch_trailer"),
            (b"{}\n" * (ndjson.MAX_LINES + 2), 413, "batch_too_many_lines"),
            (b"\n" * 100_000, 413, "batch_too_many_lines"),
            (b"x" * (reading.MAX_BODY_BYTES + 1), 413, "body_too_large"),
        ):
            with self.subTest(code=code, length=len(body)):
                self.assert_refused(self.send(body), status, code)
        self.assert_refused(self.send(good, media_type="application/json"), 415, "media_type")
        self.assert_refused(self.send(good, Content_Encoding="gzip"), 415, "content_encoding")
        stripe = self.stripe_connection.endpoint_ids
        self.assert_refused(self.send(good, endpoint=stripe), 415, "batch_not_accepted")
        stranger = PartnerSigner(make_secret("somebody else"))
        self.assert_refused(self.send(good, signer=stranger), 401, "signature_invalid")
        self.assert_refused(self.send(b"hello", signer=stranger), 401, "signature_invalid")
        self.assertFalse(self.stored())
        self.assertFalse(self.env["integration.batch"].search([("kind", "=", "intake")]))
        self.env.invalidate_all()
        self.assertGreater(self.endpoint.refused_count, 0)

    def test_a_batch_costs_tokens_by_its_lines(self):
        taken = []

        def take(wanted):
            taken.extend(tokens for _name, _rate, _burst, tokens in wanted)
            return 0 if len(taken) < 3 else 7

        with patch.object(reading._buckets, "take", take):
            self.send(self.line("B-1"))
            self.send(*[b"{}"] * 1000)
            answer = self.send(self.line("B-2"))
        self.assertEqual(taken, [1, 11, 1])
        self.assert_refused(answer, 429, "rate_limited")

    def test_the_lines_of_a_batch_count_against_the_limit_of_their_flow(self):
        flow = self.endpoint.connection_id.flow_ids.filtered(
            lambda row: row.direction == "in" and row.kind == "invoice"
        )
        flow.inbound_rate_per_second = 2  # ten at once
        self.answered(*[self.line(f"L-{number}") for number in range(8)])
        refused = self.send(*[self.line(f"M-{number}") for number in range(3)])
        self.assert_refused(refused, 429, "rate_limited")
        self.assertEqual(refused.headers["Retry-After"], "1")
        self.assertEqual(len(self.stored()), 8)
        self.assertEqual(self.env["integration.batch"].search_count([("kind", "=", "intake")]), 1)
        # Two are left for this flow, and other flows have no part in it.
        self.answered(*[self.line(f"N-{number}") for number in range(2)])
        self.assertEqual(len(self.stored()), 10)

    def test_a_batch_larger_than_its_flow_takes_at_once_is_made_up_for(self):
        flow = self.endpoint.connection_id.flow_ids.filtered(
            lambda row: row.direction == "in" and row.kind == "invoice"
        )
        flow.inbound_rate_per_second = 2
        self.answered(*[self.line(f"L-{number}") for number in range(30)])  # twenty too many: ten seconds
        refused = self.send(self.line("M-1"))
        self.assert_refused(refused, 429, "rate_limited")
        self.assertIn(int(refused.headers["Retry-After"]), (10, 11))

    # -- control totals --------------------------------------------------------------------------------------

    def test_totals_that_agree(self):
        said = self.answered(
            self.line("B-1", amount="100.00"),
            self.line("B-2", amount="50.10"),
            self.trailer(count=2, sums={"USD": "172.62"}),  # with 15 % tax
        )
        self.assertEqual((said["status"], said["lines"], said["missing"]), ("complete", 2, []))
        batch = self.batch(said)
        self.assertEqual(batch.counted, {"count": 2, "sums": {"USD": "172.62"}})
        self.assertEqual(batch.declared, batch.counted)

    def test_totals_that_do_not_add_up_make_it_visibly_incomplete(self):
        for totals in (
            {"count": 3},
            {"count": 1, "sums": {"USD": "115.01"}},
            {"sums": {"EUR": "115.00"}},
            {"sums": {"USD": "115.00", "EUR": "1.00"}},
        ):
            with self.subTest(totals=totals):
                said = self.answered(self.line(f"B-{self.sent}"), self.trailer(**totals))
                self.assertEqual((said["status"], said["verdicts"]), ("incomplete", "n"))
                self.assertTrue(said["missing"])
                self.assertEqual(self.batch(said).exception_id.state, "open")
        self.assertEqual(len(self.stored()), 4, "what was acknowledged is stored")

    def test_totals_that_cannot_be_read_are_no_totals_that_agree(self):
        for totals in (
            {"count": "one"},
            {"sums": {"USD": "1e3"}},
            {"colour": "blue"},
            {"sums": {"XXQ": "1"}},
        ):
            with self.subTest(totals=totals):
                said = self.answered(self.line(f"B-{self.sent}"), self.trailer(**totals))
                self.assertEqual((said["status"], said["verdicts"]), ("incomplete", "n"))

    def test_a_repeated_line_counts_for_the_totals(self):
        self.answered(self.line("B-1"))
        said = self.answered(
            self.line("B-1"), self.line("B-2"), self.trailer(count=2, sums={"USD": "230.00"})
        )
        self.assertEqual((said["status"], said["verdicts"]), ("complete", "dn"))
        batch = self.batch(said)
        self.assertEqual((batch.new_count, batch.repeated_count), (1, 1))

    # -- many ------------------------------------------------------------------------------------------------

    def test_thousands_of_lines_keep_their_order(self):
        template = self.line("B-0").decode()
        lines = [
            template.replace("evt-B-0", f"evt-{number}").replace("B-0", f"B-{number}").encode()
            for number in range(4000)
        ]
        said = self.answered(*lines)
        self.assertEqual((said["new"], said["verdicts"]), (4000, "n" * 4000))
        self.env.cr.execute(
            "SELECT array_agg(event_id ORDER BY id) FROM integration_message WHERE batch_id = %s",
            [said["batch"]],
        )
        self.assertEqual(self.env.cr.fetchone()[0], [f"evt-{number}" for number in range(4000)])

    def test_odd_texts_survive_the_array(self):
        odd = 'a"b\\c{d},NULL é 🏦'
        said = self.answered(self.line("B-1", type=odd), self.line("B-2", event_id='NULL"\\,{}'))
        self.assertEqual(said["verdicts"], "nn")
        first, second = self.stored()
        self.assertEqual((first.event_type, second.event_id), (odd, 'NULL"\\,{}'))
