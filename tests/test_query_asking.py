# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Questions are answered signed, once, to those who may ask; what was answered is kept (E15, E7)."""

import importlib.util
import re
import tempfile
import time
from contextlib import closing
from pathlib import Path
from unittest.mock import patch

import psycopg2

from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.sql_db import db_connect
from odoo.tests import new_test_user, tagged
from odoo.tools import mute_logger

from ..controllers import reading
from ..engine.canonical_json import digest
from ..models.query.answer import IntegrationQueryAnswer
from ..models.query.asking import only_read
from ..models.query.questions import IntegrationQuestions
from ..simulators.partner import signing
from ..simulators.partner.signing import PartnerSigner, make_secret
from .common import PARTNER_SECRET
from .query_common import QueryCommon
from .signed_requests import dump

PARENT = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"


@tagged("post_install", "-at_install")
class TestAsking(QueryCommon):
    def test_the_same_question_has_the_same_answer(self):
        body = self.question(customer="C-1", query_id="q-same")
        first = self.ask(body, event_id="msg_1", X_Correlation_Id="order-1", traceparent=PARENT)
        self.anna.integration_credit_hold = True
        again = self.ask({**body, "occurred_at": "2026-03-02T16:00:05Z"}, event_id="msg_2")
        self.assertEqual(first.content, again.content)
        self.assertEqual(first.headers["webhook-id"], again.headers["webhook-id"])
        row = self.kept()
        self.assertEqual(len(row), 1)
        self.assertEqual(row.sudo().answer_text.encode(), first.content)
        self.assertEqual((row.correlation_id, row.trace_parent), ("order-1", PARENT))
        self.assertEqual(first.headers["X-Correlation-Id"], "order-1")
        leaf = self.env["integration.audit.leaf"].search([("res_model", "=", row._name)])
        self.assertEqual((leaf.res_id, leaf.action), (row.id, "query.answered"))
        self.assertEqual(leaf.subject_digest, digest(first.content))
        self.assertEqual(
            (leaf.correlation_id, leaf.user_id), ("order-1", self.partner_connection.service_user_id)
        )

    def test_another_question_under_the_same_id_is_refused(self):
        body = self.question(customer="C-1", query_id="q-same")
        self.answered(body)
        self.assert_refused(self.ask({**body, "customer": "C-2"}), 409, "query_id_conflict")
        self.assertEqual(len(self.kept()), 1)

    def test_an_id_is_used_up_after_the_window(self):
        body = self.question(customer="C-1", query_id="q-old")
        self.answered(body)
        real = IntegrationQueryAnswer._kept

        def long_ago(rows, connection_id, query_id):
            return (*real(rows, connection_id, query_id)[:3], 15.1)

        with patch.object(IntegrationQueryAnswer, "_kept", long_ago):
            self.assert_refused(self.ask(body), 409, "query_id_used")

    def test_twins_get_one_answer(self):
        """Who comes second, after the look and before the keeping of the first, is answered like the first."""
        body = self.question(customer="C-1", query_id="q-twin")
        real, looks = IntegrationQueryAnswer._kept, []

        def blind_at_first(rows, connection_id, query_id):
            looks.append(query_id)
            return None if len(looks) == 2 else real(rows, connection_id, query_id)

        first = self.ask(body)
        with patch.object(IntegrationQueryAnswer, "_kept", blind_at_first):
            looks.append("the first look of the first one")
            second = self.ask(body)
        self.assertEqual(first.content, second.content)
        self.assertEqual((len(looks), len(self.kept())), (3, 1))

    def test_signatures_are_checked_first(self):
        body = self.question(customer="C-1")
        stranger = PartnerSigner(make_secret("somebody else"))
        self.assert_refused(self.ask(body, signer=stranger), 401, "signature_invalid")
        self.assert_refused(self.ask(body, webhook_signature=None), 401, "signature_missing")
        self.assert_refused(self.ask(body, shift_seconds=-3600), 401, "signature_stale")
        self.assert_refused(self.ask(b"{", signer=stranger), 401, "signature_invalid")
        self.assertFalse(self.kept())
        self.env.invalidate_all()
        self.assertGreater(self.endpoint.refused_count, 0)

    def test_an_answer_is_signed_with_the_secret_for_what_we_send(self):
        out = make_secret("answers")
        self._secret(self.partner_connection, "outbound_signature", out)
        answer = self.ask(self.question(customer="C-1"))
        headers = {name.lower(): value for name, value in answer.headers.items()}
        signing.verify(headers, answer.content, [out], int(time.time()))
        with self.assertRaises(signing.BadSignatureError):
            signing.verify(headers, answer.content, [PARTNER_SECRET], int(time.time()))

    def test_a_flood_is_slowed_down(self):
        with patch.object(reading._buckets, "take", return_value=2_000_000_000):
            answer = self.ask(self.question(customer="C-1"))
        self.assert_refused(answer, 429, "rate_limited")
        self.assertFalse(self.kept())

    def test_bodies_that_are_no_question(self):
        good = self.question(customer="C-1")
        for body, code in (
            (b"hello", "invalid_json"),
            (b"\xef\xbb\xbf" + dump(good), "invalid_json"),
            (dump(good)[:-9], "invalid_json"),
            (dump(good).decode().encode("utf-16"), "invalid_json"),
            (b'{"kind": "query.credit", "customer": "\xff"}', "invalid_json"),
            (b'{"kind": "query.credit", "kind": "query.credit"}', "duplicate_key"),
            (b'{"a":' + b"[" * 5000 + b"]" * 5000 + b"}", "too_deep"),
            (b"[]", "unknown_question"),
            (b'"query.credit"', "unknown_question"),
            ({**good, "kind": "invoice"}, "unknown_question"),
            ({**good, "kind": "answer.credit"}, "unknown_question"),
            ({**good, "kind": ["query.credit"]}, "unknown_question"),
            ({**good, "schema_version": "9"}, "unknown_kind"),
            ({**good, "customer": 7}, "schema_violation"),
            ({**good, "customer": None}, "schema_violation"),
            ({**good, "customer": ""}, "schema_violation"),
            ({**good, "colour": "blue"}, "schema_violation"),
            ({**good, "source": {"system": "shop"}}, "schema_violation"),
            ({**good, "occurred_at": "yesterday"}, "schema_violation"),
            ({**good, "time_limit_ms": 5}, "schema_violation"),
            ({**good, "time_limit_ms": 60_000}, "schema_violation"),
            ({**good, "time_limit_ms": "500"}, "schema_violation"),
            ({**good, "purpose": "gift"}, "schema_violation"),
            ({**good, "amount": {"value": "-1.00", "currency": "USD"}}, "amount_sign"),
            ({**good, "amount": {"value": "0.001", "currency": "USD"}}, "amount_not_exact"),
            ({**good, "amount": {"value": "1", "currency": "XXQ"}}, "unknown_currency"),
            (self.question("invoice"), "schema_violation"),
            (self.question("invoice", number="1", invoice_id="2"), "schema_violation"),
        ):
            with self.subTest(body=str(body)[:60]):
                self.assert_refused(self.ask(body), 400, code)
        self.assertFalse(self.kept())
        self.assert_refused(self.ask(b" " * 20_001), 413, "body_too_large")
        self.assert_refused(self.ask(good, media_type="text/plain"), 415, "media_type")
        self.assert_refused(self.ask(b""), 400, "body_empty")
        self.assertEqual(self.answered(good)["decision"], "release")

    def test_who_may_ask(self):
        good = self.question(customer="C-1")
        stripe = self.stripe_connection.endpoint_ids
        self.assert_refused(self.ask(good, endpoint=stripe), 404, "unknown_address")
        self.flow("credit")._change_state("paused", "test")
        answer = self.ask(good)
        self.assert_refused(answer, 503, "not_live")
        self.assertEqual(answer.headers["Retry-After"], "60")
        self.flow("credit")._change_state("live", "test")
        self.partner_connection.action_pause()
        self.assert_refused(self.ask(good), 503, "not_live")
        self.partner_connection.action_activate()
        self.assertEqual(self.answered(good)["outcome"], "answered")
        self.endpoint.active = False
        self.assert_refused(self.ask(good), 404, "unknown_address")

    def test_what_the_service_user_may_not_read_is_not_answered(self):
        def forbidden(questions, connection, outside_id):
            raise AccessError("a secret of the inside")  # pylint: disable=translation-required

        with patch.object(IntegrationQuestions, "_customer", forbidden):
            answer = self.ask(self.question(customer="C-1"))
        self.assert_refused(answer, 503, "rights_missing")
        self.assertNotIn("secret of the inside", answer.text)
        self.assertFalse(self.kept())

    def test_the_flows_are_there_and_have_limits(self):
        flows = self.partner_connection.flow_ids.filtered("is_query")
        self.assertEqual(set(flows.mapped("kind")), {"query.credit", "query.invoice", "query.payment"})
        self.assertFalse(self.stripe_connection.flow_ids.filtered("is_query"))
        for values in ({"query_max_time_ms": 10}, {"query_max_time_ms": 60_000}, {"query_window_minutes": 0}):
            with self.assertRaises(ValidationError):
                flows[0].write(values)

    def test_the_example_of_the_documentation_works(self):
        """The text in docs/asking.md is run as it stands; only the sending goes through the test's own client."""
        text = (Path(__file__).resolve().parent.parent / "docs" / "asking.md").read_text(encoding="utf-8")
        [code] = re.findall(r"^```python\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "asking_example.py"
            path.write_text(code, encoding="utf-8")
            spec = importlib.util.spec_from_file_location(path.stem, path)
            example = importlib.util.module_from_spec(spec)
            spec.loader.exec_module(example)

        def send(url, headers, body):
            answer = self.url_open(url, data=body, headers=headers, method="POST")
            self.assertEqual(answer.status_code, 200, answer.text)
            return dict(answer.headers), answer.content

        url = f"/integration/v1/query/{self.endpoint.key}"
        self.assertTrue(example.may_ship(url, PARTNER_SECRET, "SO-1", "C-1", "10.00", send))
        self.anna.integration_credit_hold = True
        self.env.flush_all()
        self.assertTrue(
            example.may_ship(url, PARTNER_SECRET, "SO-1", "C-1", "10.00", send), "the same answer"
        )
        self.assertFalse(example.may_ship(url, PARTNER_SECRET, "SO-2", "C-1", "10.00", send))
        self.assertFalse(example.may_ship(url, PARTNER_SECRET, "SO-3", "a stranger", "10.00", send))

        def forged(url, headers, body):
            told, answer = send(url, headers, body)
            return told, answer.replace(b"stop", b"release")

        with self.assertRaises(ValueError):
            example.may_ship(url, PARTNER_SECRET, "SO-4", "C-1", "10.00", forged)


@tagged("post_install", "-at_install")
class TestKeptAnswers(QueryCommon):
    def test_they_cannot_be_changed(self):
        self.answered(self.question(customer="C-1"))
        row = self.kept().sudo()
        with self.assertRaises(UserError):
            row.write({"decision": "stop"})
        with self.assertRaises(UserError):
            row.unlink()
        for statement in (
            "UPDATE integration_query_answer SET decision = 'stop'",
            "DELETE FROM integration_query_answer",
            "TRUNCATE integration_query_answer",
        ):
            with (
                mute_logger("odoo.sql_db"),
                self.assertRaises(psycopg2.IntegrityError),
                self.env.cr.savepoint(),
            ):
                self.env.cr.execute(statement)
        self.assertEqual(self.kept().decision, "release")

    def test_they_go_when_their_retention_is_over(self):
        self.answered(self.question(customer="C-1"))
        pruned, more = self.root["integration.query.answer"]._prune()
        self.assertEqual((pruned, more, len(self.kept())), (0, False, 1))
        self.env.cr.execute(
            "ALTER TABLE integration_query_answer DISABLE TRIGGER integration_query_answer_row"
        )
        self.env.cr.execute("UPDATE integration_query_answer SET asked_at = asked_at - interval '401 days'")
        self.env.cr.execute(
            "ALTER TABLE integration_query_answer ENABLE TRIGGER integration_query_answer_row"
        )
        self.partner_connection.write({"legal_hold": True, "legal_hold_reason": "Court"})
        self.env.flush_all()
        self.assertEqual((self.root["integration.query.answer"]._prune()[0], len(self.kept())), (0, 1))
        self.partner_connection.legal_hold = False
        self.env.flush_all()
        self.assertEqual(self.root["integration.query.answer"]._prune()[0], 1)
        self.assertFalse(self.kept())
        with mute_logger("odoo.sql_db"), self.assertRaises(psycopg2.IntegrityError), self.env.cr.savepoint():
            self.answered(self.question(customer="C-1"))
            self.env.cr.execute("DELETE FROM integration_query_answer")

    def test_who_sees_them(self):
        self.answered(self.question(customer="C-1"))
        row = self.kept()
        other = self.env["res.company"].create({"name": "Another company"})
        auditor = new_test_user(
            self.env,
            "answers-auditor",
            groups="finance_integration.group_auditor",
            company_id=self.company.id,
            company_ids=[(6, 0, self.company.ids)],
        )
        stranger = new_test_user(
            self.env,
            "answers-stranger",
            groups="finance_integration.group_auditor",
            company_id=other.id,
            company_ids=[(6, 0, other.ids)],
        )
        person = new_test_user(self.env, "answers-person", groups="base.group_user")
        self.assertEqual(row.with_user(auditor).search([]), row)
        self.assertFalse(row.with_user(stranger).search([]))
        with self.assertRaises(AccessError):
            row.with_user(person).search([])
        action = row.with_user(auditor).action_open_subject()
        self.assertEqual((action["res_model"], action["res_id"]), ("res.partner", self.anna.id))

    def test_the_books_are_only_read(self):
        """The look-up's own transaction refuses to write, on a real cursor."""
        with closing(db_connect(self.env.cr.dbname).cursor()) as cr:
            only_read(cr)
            with mute_logger("odoo.sql_db"), self.assertRaises(psycopg2.errors.ReadOnlySqlTransaction):
                cr.execute("UPDATE res_partner SET name = name WHERE false")
            cr.rollback()
