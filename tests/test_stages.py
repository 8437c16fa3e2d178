# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""The last stages of an event: told to its source, covered by a checkpoint that agrees (E4, policy F31)."""

import json
from datetime import date
from unittest.mock import patch

from odoo.tests import tagged

from ..engine.batch import ControlTotals
from ..simulators.partner import documents
from ..simulators.partner.signing import make_secret
from .common import ANNA, IntegrationCommon


class StagesCommon(IntegrationCommon):
    def stages(self, *messages):
        self.env.cr.flush()
        self.env.invalidate_all()
        return [message.stage for message in messages]

    def steps(self, message):
        """Return {stage: (tone, text)} as the form shows it."""
        self.env.invalidate_all()
        labels = dict(message._fields["stage"]._description_selection(self.env))
        shown = {step["title"]: (step["tone"], step["text"]) for step in message.stage_steps}
        return {stage: shown[label] for stage, label in labels.items()}


@tagged("post_install", "-at_install")
class TestStatementsCover(StagesCommon):
    """The day of a provider's balance."""

    def paid_day(self):
        """Let a customer pay, and the provider state its balance of that day; returns the payment's event."""
        self.stripe_connection.fetch_from = date(2026, 3, 2)
        charge = self.stripe.charge(10000, "usd", settled=True, metadata={})
        (paid,) = self.send_stripe().filtered(lambda row: row.effect_ids)
        self.pull_stripe()
        self.clock.advance(days=2)
        self.pull_stripe("balances")
        return charge, paid

    def statement(self, message):
        movement = self.env["integration.movement"].search([("message_id", "=", message.id)], limit=1)
        return self.env["integration.processor.statement"].search(
            [("connection_id", "=", self.stripe_connection.id), ("date", "=", movement.event_date)]
        )

    def test_a_day_that_agrees_covers_what_booked_it_and_what_told_it(self):
        _charge, paid = self.paid_day()
        statement = self.statement(paid)
        self.assertEqual(statement.state, "agrees")
        self.assertEqual(self.stages(paid, statement.message_id), ["reconciled", "reconciled"])
        self.assertEqual(paid.covered_by, f"integration.processor.statement,{statement.id}")
        self.assertTrue(paid.reconciled_at)
        self.assertEqual(paid.action_open_checkpoint()["res_id"], statement.id)
        self.assertEqual(
            self.steps(paid)["reconciled"],
            ("success", f"Covered by a checkpoint that agrees · {statement.display_name}"),
        )

    def test_a_day_that_does_not_agree_any_more_takes_it_back_visibly_and_gives_it_back(self):
        _charge, paid = self.paid_day()
        statement = self.statement(paid).with_env(self.root)
        agreed = statement.provider_closing
        statement.provider_closing = agreed + 1
        statement._compare()
        self.assertEqual(self.stages(paid), ["posted"])
        self.assertTrue(paid.uncovered_at)
        self.assertFalse(paid.reconciled_at)
        tone, text = self.steps(paid)["reconciled"]
        self.assertEqual(tone, "danger")
        self.assertIn("does not agree any more", text)
        self.assertIn(paid, self.env["integration.message"].search([("uncovered_at", "!=", False)]))
        leaf = self.env["integration.audit.leaf"].search([("action", "=", "checkpoint.uncovered")])
        self.assertEqual((leaf.res_model, leaf.res_id), (statement._name, statement.id))
        statement.provider_closing = agreed
        statement._compare()
        self.assertEqual(self.stages(paid), ["reconciled"])
        self.assertFalse(paid.uncovered_at)

    def test_a_movement_that_comes_late_uncovers_the_day_until_the_provider_states_it_anew(self):
        _charge, paid = self.paid_day()
        statement = self.statement(paid)
        self.assertEqual(self.stages(paid), ["reconciled"])
        movement = self.env["integration.movement"].search([("message_id", "=", paid.id)], limit=1)
        late = movement.with_env(self.root).copy({"movement_id": "late", "balance_transaction": False})
        statement.with_env(self.root)._touch(late)
        self.assertEqual((statement.state, self.stages(paid)), ("differs", ["posted"]))

    def test_an_event_of_which_one_day_does_not_agree_is_not_covered_by_another_checkpoint(self):
        _charge, paid = self.paid_day()
        statement = self.statement(paid).with_env(self.root)
        statement.provider_closing += 1
        statement._compare()
        batch = self.root["integration.batch"]._open(
            self.stripe_connection.with_env(self.root), "list", ControlTotals(1), kind="poll"
        )
        batch._add(ControlTotals(1), [paid.id])
        batch._close()
        self.assertEqual((batch.state, self.stages(paid)), ("complete", ["posted"]))

    def test_nothing_is_asked_per_event(self):
        """The statement of a day covers 1 and 40 events with the same number of statements to the database."""
        counts = []
        for number in (1, 40):
            messages = self.env["integration.message"]
            for _one in range(number):
                self.stripe.charge(1000, "usd", settled=True, metadata={})
            messages = self.send_stripe().filtered(lambda row: row.effect_ids)
            statement = self.root["integration.processor.statement"]._for_day(
                self.stripe_connection.balance_account_ids[:1].with_env(self.root),
                self.env["integration.movement"]
                .search([("message_id", "=", messages[0].id)], limit=1)
                .event_date,
            )
            statement.write({"as_of": "2026-03-02 00:00:00"})
            statement._compare()
            statement.provider_closing = statement.closing
            self.env.cr.flush()
            before = self.env.cr.sql_log_count
            statement._compare()
            self.env.cr.flush()
            counts.append(self.env.cr.sql_log_count - before)
            self.assertEqual(set(self.stages(*messages)), {"reconciled"})
            statement.write({"provider_closing": 0, "as_of": False, "state": "waiting"})
            self.clock.advance(days=1)
        self.assertLessEqual(counts[1], counts[0] + 2, counts)


@tagged("post_install", "-at_install")
class TestBatchesCover(StagesCommon):
    """Files and lists with control totals."""

    def batch(self, declared, *messages):
        batch = self.root["integration.batch"]._open(
            self.partner_connection.with_env(self.root), "file", declared, kind="file"
        )
        batch._add(ControlTotals(len(messages)), [message.id for message in messages])
        return batch

    def event(self, number):
        line = documents.Line("Advice", documents.Decimal(1), documents.Decimal("100.00"), ("STD",))
        document = documents.invoice(number, ANNA, [line], self.clock.now, due_date=self.clock.now.date())
        return self.send_partner("invoice.issued", document, drain=False)

    def test_a_complete_batch_covers_what_is_booked_of_it_before_and_after(self):
        first = self.event("B-1")
        self.drain(self.partner_connection)
        second = self.event("B-2")
        batch = self.batch(ControlTotals(2), first, second)
        batch._close()
        self.assertEqual(self.stages(first, second), ["reconciled", "received"])
        self.drain(self.partner_connection)
        self.assertEqual(self.stages(second), ["reconciled"])
        self.assertEqual(second.covered_by, f"integration.batch,{batch.id}")

    def test_totals_that_nobody_stated_and_an_accepted_batch_cover_nothing(self):
        for number, declared, state in (("B-3", None, "complete"), ("B-4", ControlTotals(2), "accepted")):
            with self.subTest(state=state):
                message = self.event(number)
                self.drain(self.partner_connection)
                batch = self.batch(declared, message)
                batch._close()
                if state == "accepted":
                    batch._move("accepted")
                self.assertEqual((batch.state, self.stages(message)), (state, ["posted"]))

    def test_an_event_that_is_not_booked_is_not_reconciled(self):
        self.forget_mapping("STD")
        message = self.event("B-5")
        self.drain(self.partner_connection)
        batch = self.batch(ControlTotals(1), message)
        batch._close()
        self.assertEqual((self.stages(message), message.status), (["transformed"], "parked"))
        self.assertEqual(self.steps(message)["posted"][0], "danger")


@tagged("post_install", "-at_install")
class TestReportedBack(StagesCommon):
    """The source hears of its invoice by our event, and confirms it."""

    def setUp(self):
        super().setUp()
        self._secret(self.partner_connection, "outbound_signature", make_secret("stages"))
        self.partner_connection.write(
            {"delivery_url": "http://127.0.0.1:9/hook", "allowed_hosts": "127.0.0.1"}
        )

    def told(self, move):
        return self.env["integration.message"].search(
            [("direction", "=", "out"), ("object_key", "=", f"invoice:{move.id}")]
        )

    def test_a_confirmed_report_acknowledges_the_event_and_no_other(self):
        move, other = self.issue("P-1"), self.issue("P-2")
        message, untold = move._integration_messages(), other._integration_messages()
        report = self.told(move).with_env(self.root)
        self.assertEqual(self.stages(message), ["posted"])
        self.root["integration.message"]._note_reports((report | self.told(other)).ids)
        self.assertEqual(self.stages(message), ["posted"], "nothing was confirmed yet")
        report._advance("acknowledged", "done")
        self.root["integration.message"]._note_reports((report | self.told(other)).ids)
        self.assertEqual(self.stages(message, untold), ["acknowledged", "posted"])
        self.assertEqual(message.state_label, "Posted, and the source was told")
        self.assertEqual(self.steps(message)["acknowledged"][0], "success")
        self.assertEqual(self.steps(untold)["acknowledged"][0], "muted")

    def test_a_report_that_comes_after_the_checkpoint_keeps_the_later_stage(self):
        move = self.issue("P-3")
        message = move._integration_messages()
        message.with_env(self.root)._advance("reconciled", "done")
        report = self.told(move).with_env(self.root)
        report._advance("acknowledged", "done")
        self.root["integration.message"]._note_reports(report.ids)
        self.assertEqual((self.stages(message), bool(message.acknowledged_at)), (["reconciled"], True))

    def test_a_batch_of_deliveries_notes_its_reports_at_its_end(self):
        delivery = self.root["integration.delivery"]
        move = self.issue("P-4")
        prepared = delivery._render(self.told(move).with_env(self.root))
        self.assertTrue(prepared.reports)
        batch = type("Batch", (), {"claim": None, "prepared": [prepared]})()
        with (
            patch.object(type(delivery), "_settle"),
            patch.object(type(self.root["integration.message"]), "_note_reports") as noted,
        ):
            delivery._finish_batch(self.partner_connection.id, batch)
        noted.assert_called_once_with([prepared.message_id])

    def test_the_stages_are_json_of_six(self):
        message = self.issue("P-5")._integration_messages()
        self.assertEqual(len(json.loads(json.dumps(message.stage_steps))), 6)
