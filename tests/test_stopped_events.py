# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Dead letters: why an event stopped, who looks after it, what is tried again by itself, and by whom (E5, E6)."""

from datetime import timedelta
from unittest.mock import patch

import psycopg2
from lxml import etree

from odoo import fields
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import Form, new_test_user
from odoo.tools import mute_logger

from ..engine.error_catalogue import CODES, RESOLUTIONS
from ..engine.errors import error as error_of
from ..models.messaging import drain_outcome
from ..simulators.partner import documents
from .common import ANNA, BEN, IntegrationCommon

GROUP = "finance_integration.group_%s"


class StoppedCommon(IntegrationCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        facts = {"company_id": cls.company.id, "company_ids": [(6, 0, cls.company.ids)]}
        cls.operator = new_test_user(cls.env, "st_operator", groups=GROUP % "operator", **facts)
        cls.auditor = new_test_user(cls.env, "st_auditor", groups=GROUP % "auditor", **facts)
        cls.administrator = new_test_user(
            cls.env, "st_administrator", groups=GROUP % "administrator", **facts
        )

    def bring(self, number, party=ANNA, tax=False, amount="100.00"):
        """Bring an invoice in without working it off; with ``tax`` it names a code that has lost its mapping."""
        if tax:
            self.forget_mapping("STD")
        line = documents.Line(
            "Advice", documents.Decimal(1), documents.Decimal(amount), ("STD",) if tax else ()
        )
        document = documents.invoice(number, party, [line], self.clock.now, due_date=self.clock.now.date())
        return self.send_partner("invoice.issued", document, drain=False)

    def failing(self, code, **params):
        """Let everything that is understood fail with an error of this code."""

        def fail(_drain, work):
            raise error_of(code, params=params)

        return patch.object(type(self.env["integration.drain"]), "_translate", fail)

    def make_due(self, message):
        message.with_env(self.root)._write({"due_at": message.received_at - timedelta(days=1)})
        self.env.flush_all()

    def die(self, message):
        """Let a passing problem use up all tries of an event; returns how many tries that took."""
        with self.failing("database_retry"):
            for number in range(1, 60):
                self.drain(self.partner_connection)
                if message.status == "dead":
                    return number
                self.make_due(message)
        return None


class TestErrorResolution(StoppedCommon):
    def test_every_code_of_the_catalogue_is_listed_as_it_is(self):
        rows = self.env["integration.error.resolution"].search([("known", "=", True)])
        self.assertEqual(set(rows.mapped("code")), set(CODES))
        for row in rows:
            resolution = RESOLUTIONS[row.code]
            self.assertEqual(
                (row.error_class, row.by_itself, row.back_off, row.actor, row.replay, row.affects_books),
                (resolution.error_class.value, resolution.by_itself, resolution.back_off, resolution.actor,
                 resolution.replay, resolution.affects_books),
            )  # fmt: skip
            self.assertEqual(row.title, CODES[row.code].title)
            self.assertNotIn("%(", row.sentence + row.next_step)

    def test_it_is_found_by_the_words_that_people_read(self):
        found = self.env["integration.error.resolution"].search([("title", "ilike", "mapping is MISSING")])
        self.assertEqual(found.mapped("code"), ["mapping_missing"])
        self.assertIn(
            "tax_difference",
            self.env["integration.error.resolution"].search([("sentence", "ilike", "tax")]).mapped("code"),
        )

    def test_it_is_read_only_for_everybody(self):
        row = self.env["integration.error.resolution"].search([("code", "=", "tax_difference")])
        for user in (self.operator, self.auditor, self.administrator):
            self.assertEqual(row.with_user(user).title, CODES["tax_difference"].title)
            with self.assertRaises(AccessError):
                row.with_user(user).write({"by_itself": True})

    def test_a_business_error_never_gets_retry_figures(self):
        flow = self.partner_connection.flow_ids.filtered(lambda row: row.kind == "invoice")
        Override = self.env["integration.retry.override"].with_user(self.administrator)
        offered = dict(Override.fields_get(["code"])["code"]["selection"])
        self.assertEqual(
            set(offered), {code for code, row in RESOLUTIONS.items() if row.back_off == "growing"}
        )
        for code in ("tax_difference", "mapping_missing", "schema_violation"):
            with self.assertRaises(ValidationError):
                Override.create({"flow_id": flow.id, "code": code})
        with self.assertRaises(AccessError):
            Override.with_user(self.operator).create(
                {"flow_id": flow.id, "code": "settlement_amount_unknown"}
            )
        with (
            self.assertRaises(psycopg2.errors.CheckViolation),
            mute_logger("odoo.sql_db"),
            self.cr.savepoint(),
        ):
            Override.create({"flow_id": flow.id, "code": "settlement_amount_unknown", "max_attempts": 51})
            self.env.flush_all()

    def test_figures_of_one_error_go_before_those_of_the_flow(self):
        flow = self.partner_connection.flow_ids.filtered(lambda row: row.kind == "invoice")
        before = flow._retry_policy()
        self.env["integration.retry.override"].with_user(self.administrator).create(
            {
                "flow_id": flow.id,
                "code": "settlement_amount_unknown",
                "max_attempts": 3,
                "first_delay_seconds": 60,
                "factor": 2,
                "cap_seconds": 90,
            }
        )
        policy = flow._retry_policy_for("settlement_amount_unknown")
        self.assertEqual(
            (policy.max_attempts, policy.base_seconds, policy.factor, policy.cap_seconds), (3, 60, 2, 90)
        )
        self.assertEqual(policy.retry_after_cap_seconds, before.retry_after_cap_seconds)
        self.assertEqual(flow._retry_policy_for("database_retry"), before)
        leaf = self.env["integration.audit.leaf"].search([("action", "=", "flow.retry_figures")])
        self.assertEqual((len(leaf), leaf.user_id), (1, self.administrator))
        message = self.bring("S-1")
        with (
            self.failing("settlement_amount_unknown", amount="1", currency="USD"),
            patch.object(drain_outcome.random, "random", return_value=1.0),
        ):
            before_seconds = fields.Datetime.now()
            self.drain(self.partner_connection)
            self.assertEqual(message.status, "waiting")
            self.assertLessEqual(abs((message.due_at - before_seconds).total_seconds() - 60), 5)
            for _try in range(2):
                self.make_due(message)
                self.drain(self.partner_connection)
        self.assertEqual((message.status, message.attempt_count), ("dead", 3))


class TestAttempts(StoppedCommon):
    def tries(self, message):
        return [(row.trigger, row.user_id, row.outcome) for row in message.attempt_ids.sorted("id")]

    def test_each_try_says_truthfully_why_it_was_made(self):
        nobody = self.env["res.users"]
        message = self.bring("S-1")
        with self.failing("database_retry"):
            self.drain(self.partner_connection)
            self.make_due(message)
            self.drain(self.partner_connection)
            message.with_user(self.operator).action_try_again()
            self.drain(self.partner_connection)
            self.make_due(message)
            self.drain(self.partner_connection)
        self.assertEqual(
            self.tries(message),
            [
                ("queue", nobody, "retry"),
                ("retry", nobody, "retry"),
                ("person", self.operator, "retry"),
                ("retry", nobody, "retry"),
            ],
        )
        self.assertFalse(message.next_trigger or message.trigger_user_id)

    def test_what_a_fix_lets_go_on_says_so_and_who_fixed_it(self):
        message = self.bring("S-1", tax=True)
        self.drain(self.partner_connection)
        self.assertEqual((message.status, message.error_code), ("parked", "mapping_missing"))
        self.env["integration.mapping"].with_user(self.operator).create(
            {
                "connection_id": self.partner_connection.id,
                "mapping": "tax",
                "outside_value": "STD",
                "tax_id": self.tax15.id,
            }
        )
        self.drain(self.partner_connection)
        last = message.attempt_ids.sorted("id")[-1]
        self.assertEqual((last.trigger, last.user_id), ("fix", self.operator))

    def test_the_scheduler_in_place_of_the_job_runner_is_told(self):
        self.registry_enter_test_mode()
        message = self.bring("S-1")
        message.with_env(self.root)._write({"received_at": fields.Datetime.now() - timedelta(hours=1)})
        self.env.flush_all()
        with patch.object(type(self.root["integration.fallback"]), "_cron_run"):  # it commits
            self.root["integration.sweep"]._cron_run()
        self.env.invalidate_all()
        self.assertEqual(message.status, "done")
        self.assertEqual(self.tries(message), [("sweep", self.env["res.users"], "done")])

    def test_who_waits_behind_a_failed_one_keeps_why_it_goes_on(self):
        first, second = self.bring("S-1", tax=True), self.bring("S-2", tax=True)
        second.with_env(self.root)._write({"object_key": first.object_key})
        self.env.flush_all()
        self.drain(self.partner_connection)
        self.assertEqual((first.status, second.status), ("parked", "held"))
        self.assertFalse(second.attempt_ids)


class TestStoppedEvents(StoppedCommon):
    def test_the_policy_is_spent_exactly_and_begins_anew_after_a_person(self):
        message = self.bring("S-1")
        tries = message.flow_id._retry_policy().max_attempts
        self.assertEqual(self.die(message), tries)
        self.assertEqual((message.attempt_count, message.exception_id.state), (tries, "open"))
        message.with_user(self.operator).action_try_again()
        self.assertEqual(self.die(message), tries)
        self.assertEqual(message.attempt_count, 2 * tries)

    def test_they_stand_by_reason_with_what_is_at_stake(self):
        fine, parked = self.bring("S-1", amount="250.00"), self.bring("S-2", BEN, tax=True)
        self.drain(self.partner_connection)
        dead = self.bring("S-3", amount="70.00")
        self.die(dead)
        self.assertEqual([row.status for row in (dead, parked, fine)], ["dead", "parked", "done"])
        Stopped = self.env["integration.stopped.event"].with_user(self.auditor)
        rows = Stopped.search([("connection_id", "=", self.partner_connection.id)])
        self.assertEqual(rows.message_id, parked + dead)
        by_message = {row.message_id: row for row in rows}
        self.assertEqual(
            (by_message[dead].error_class, by_message[dead].reason_id.code), ("transient", "database_retry")
        )
        self.assertEqual(by_message[parked].error_class, "reference")
        self.assertEqual(by_message[parked].amount, 115.0)
        self.assertEqual(by_message[parked].currency_id.name, "USD")
        self.assertEqual({row.age for row in rows}, {"1_day"})
        groups = Stopped._read_group(
            [("connection_id", "=", self.partner_connection.id)],
            ["reason_id", "currency_id"],
            ["amount:sum", "__count"],
        )
        sums = {(reason.code, currency.name): (total, count) for reason, currency, total, count in groups}
        self.assertEqual(sums["mapping_missing", "USD"], (115.0, 1))
        dead.with_env(self.root).attempt_ids._write({"started_at": fields.Datetime.now() - timedelta(days=8)})
        self.env.flush_all()
        self.env.invalidate_all()
        self.assertEqual(by_message[dead].age, "3_month")

    def test_putting_aside_asks_why_and_keeps_the_answer(self):
        message = self.bring("S-1", tax=True)
        self.drain(self.partner_connection)
        stopped = self.env["integration.stopped.event"].with_user(self.operator).browse(message.id)
        question = stopped.action_discard()
        self.assertEqual((question["res_model"], message.status), ("integration.put.aside", "parked"))
        with self.assertRaises(UserError):
            message.with_user(self.operator).action_discard("   ")
        self.assertEqual(message.status, "parked")
        form = Form(
            self.env["integration.put.aside"].with_user(self.operator).with_context(**question["context"])
        )
        form.reason = "Booked by hand in INV/7"
        form.save().action_put_aside()
        self.assertEqual((message.status, message.discard_reason), ("discarded", "Booked by hand in INV/7"))
        leaf = message.leaf_ids.filtered(lambda row: row.action == "message.discard_reason")
        self.assertEqual((leaf.detail, leaf.user_id), ("Booked by hand in INV/7", self.operator))
        self.assertIn("Booked by hand in INV/7", [row["text"] for row in message.timeline])
        self.assertFalse(stopped.exists().filtered(lambda row: row.message_id == message))
        self.assertFalse(self.env["account.move"].search_count([("ref", "=", "S-1")]))

    def test_somebody_looks_after_it(self):
        message = self.bring("S-1", tax=True)
        self.drain(self.partner_connection)
        stopped = self.env["integration.stopped.event"].browse(message.id)
        stopped.with_user(self.operator).action_assign_to_me()
        self.assertEqual(message.assigned_user_id, self.operator)
        with self.assertRaises(UserError):
            message.action_assign(self.auditor)
        with self.assertRaises(AccessError):
            message.with_user(self.auditor).action_assign(self.operator)
        question = stopped.with_user(self.operator).action_assign()
        form = Form(
            self.env["integration.assign.events"].with_user(self.operator).with_context(**question["context"])
        )
        form.save().action_assign()
        self.assertFalse(message.assigned_user_id)
        self.assertEqual(len(message.leaf_ids.filtered(lambda row: row.action == "message.assign")), 2)

    def test_another_company_sees_none(self):
        message = self.bring("S-1", tax=True)
        self.drain(self.partner_connection)
        other = self.setup_other_company()["company"]
        foreigner = new_test_user(
            self.env,
            "st_foreigner",
            groups=GROUP % "operator",
            company_id=other.id,
            company_ids=[(6, 0, other.ids)],
        )
        seen = self.env["integration.stopped.event"].with_user(foreigner).search([])
        self.assertNotIn(message, seen.sudo().message_id)


class TestScreens(StoppedCommon):
    def buttons(self, model, view_type, user):
        arch = self.env[model].with_user(user).get_view(view_type=view_type)["arch"]
        return {button.get("name") for button in etree.fromstring(arch).iter("button")}

    def test_who_only_looks_sees_no_button_that_writes(self):
        """Auditors and administrators open every screen and find nothing to press; an operator does."""
        writing = {
            "integration.stopped.event": {
                "list": {"action_try_again", "action_discard", "action_assign", "action_assign_to_me",
                         "action_plan_replay"},
                "kanban": set(),
                "pivot": set(),
            },
            "integration.replay": {
                "list": set(),
                "form": {"action_plan", "action_request", "action_run", "action_cancel", "action_look_again",
                         "action_choose_again"},
            },
            "integration.replay.line": {"list": set(), "form": set(), "pivot": set()},
            "integration.message": {
                "list": {"action_plan_replay", "action_discard"},
                "form": {"action_plan_replay", "action_discard"},
            },
            "integration.error.resolution": {"list": set(), "form": set()},
        }  # fmt: skip
        approving = {"action_approve", "action_open_refusal"}
        for model, views in writing.items():
            for view_type, names in views.items():
                for user in (self.auditor, self.administrator):
                    self.assertFalse(
                        self.buttons(model, view_type, user) & (names | approving), (model, view_type)
                    )
                seen = self.buttons(model, view_type, self.operator)
                self.assertLessEqual(names, seen, (model, view_type))
                self.assertFalse(seen & approving, (model, view_type))
        approver = new_test_user(
            self.env, "st_approver", groups=GROUP % "approver", company_id=self.company.id,
            company_ids=[(6, 0, self.company.ids)],
        )  # fmt: skip
        self.assertLessEqual(approving, self.buttons("integration.replay", "form", approver))

    def test_the_event_says_what_its_error_means(self):
        message = self.bring("S-1", tax=True)
        self.drain(self.partner_connection)
        self.assertEqual(message.reason_id.code, "mapping_missing")
        self.assertEqual(message.reason_id.with_user(self.auditor).stopped_count, 1)
        action = message.reason_id.action_open_stopped()
        found = self.env["integration.stopped.event"].search(action["domain"])
        self.assertEqual(found.message_id, message)
