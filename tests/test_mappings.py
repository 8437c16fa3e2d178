# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""What a code means on a day, who may say so, and what was booked with which version (M2, X2, A5)."""

from datetime import date

import psycopg2

from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import new_test_user
from odoo.tools import mute_logger

from ..simulators import wire
from .mapping_common import GROUP, MappingCommon

APRIL = date(2026, 4, 1)


class TestStandingPolicy(MappingCommon):
    def test_a_new_value_counts_at_once_and_is_listed_for_review(self):
        mapping = self.map_value("tax", "NEW", self.tax20)
        [version] = mapping.version_ids
        self.assertEqual(
            (version.number, version.basis, version.user_id, version.state, version.tax_id),
            (1, "policy", self.operator, "used", self.tax20),
        )
        self.assertEqual(mapping.target, self.tax20.display_name)
        self.assertEqual(self.meaning("NEW", APRIL), ("exact", self.tax20.display_name))
        open_ones = (
            self.env["integration.mapping.version"]
            .with_user(self.approver)
            .search([("needs_review", "=", True)])
        )
        self.assertIn(version, open_ones)
        version.with_user(self.approver).action_review()
        self.assertEqual((version.reviewed_by_id, version.needs_review), (self.approver, False))
        actions = self.env["integration.audit.leaf"].search([("res_id", "in", (mapping.id, version.id))])
        self.assertLessEqual({"mapping.change", "mapping.review"}, set(actions.mapped("action")))

    def test_nobody_reviews_an_own_mapping_and_only_an_approver_does(self):
        mapping = self.map_value("tax", "NEW", self.tax20, user=self.approver)
        with self.assertRaisesRegex(UserError, "own mapping"):
            mapping.version_ids.with_user(self.approver).action_review()
        for user in (self.operator, self.administrator, self.auditor):
            with self.assertRaises(AccessError):
                mapping.version_ids.with_user(user).action_review()
        with self.assertRaises(psycopg2.IntegrityError), self.env.cr.savepoint(), mute_logger("odoo.sql_db"):
            self.env.cr.execute(
                "UPDATE integration_mapping_version SET reviewed_by_id = user_id WHERE id = %s",
                [mapping.version_ids.id],
            )

    def test_the_daily_cap_is_per_person_and_company(self):
        self.company.integration_mapping_cap = 2
        self.map_value("tax", "N1", self.tax20)
        self.map_value("tax", "N2", self.tax20)
        with self.assertRaisesRegex(UserError, "allows 2 a day"), self.env.cr.savepoint():
            self.map_value("tax", "N3", self.tax20)
        self.assertFalse(self.mapping_of("N3"))
        self.map_value("tax", "N3", self.tax20, user=self.operator2)
        self.company.integration_mapping_cap = 0
        with self.assertRaises(UserError):
            self.map_value("tax", "N4", self.tax20, user=self.operator2)
        with self.assertRaises(psycopg2.IntegrityError), self.env.cr.savepoint(), mute_logger("odoo.sql_db"):
            self.company.integration_mapping_cap = -1
            self.company.flush_recordset()

    def test_the_last_place_of_a_day_is_taken_once(self):
        version = self.map_value("tax", "N1", self.tax20).version_ids
        other = self.map_value("tax", "N2", self.tax20, user=self.operator2).version_ids
        with self.assertRaises(psycopg2.IntegrityError), self.env.cr.savepoint(), mute_logger("odoo.sql_db"):
            self.env.cr.execute(  # what a second transaction of the same person that saw the same count would write
                """INSERT INTO integration_mapping_version
                   (mapping_id, company_id, number, state, basis, user_id, policy_day, policy_slot)
                   VALUES (%s, %s, 9, 'replaced', 'policy', %s, %s, %s)""",
                [
                    other.mapping_id.id,
                    self.company.id,
                    version.user_id.id,
                    version.policy_day,
                    version.policy_slot,
                ],
            )

    def test_a_default_is_never_mapped_without_approval(self):
        for user in (self.operator, self.administrator, self.approver):
            with self.assertRaisesRegex(UserError, "proposed"), self.env.cr.savepoint():
                self.map_value("tax", "*", self.tax20, user=user)
        self.assertFalse(self.mapping_of("*"))

    def test_who_may_not_map(self):
        with self.assertRaises(AccessError):
            self.map_value("tax", "NEW", self.tax20, user=self.auditor)
        service = self.partner_connection.service_user_id
        with self.assertRaises(AccessError):
            self.map_value("tax", "NEW", self.tax20, user=service)

    def test_a_mapping_is_never_overwritten_or_deleted(self):
        mapping = self.mapping_of("STD")
        version = mapping.version_ids
        for user in (self.env.user, self.operator, self.administrator, self.approver):
            for record, values in (
                (mapping, {"tax_id": self.tax20.id}),
                (mapping, {"outside_value": "OTHER"}),
                (version, {"tax_id": self.tax20.id}),
                (version, {"valid_until": APRIL}),
                (version, {"state": "replaced"}),
            ):
                with self.assertRaises(UserError):
                    record.with_user(user).with_context(
                        integration_mapping=True, integration_mapping_version=True
                    ).write(values)
            for record in (mapping, version):
                with self.assertRaises(UserError):
                    record.with_user(user).unlink()
            with self.assertRaises(UserError):
                self.env["integration.mapping.version"].with_user(user).create(
                    {"mapping_id": mapping.id, "number": 2, "basis": "setup", "user_id": user.id}
                )
        with self.assertRaises(UserError):
            mapping.sudo().write({"outside_value": "OTHER"})
        self.assertEqual(self.meaning("STD", APRIL), ("exact", self.tax15.display_name))

    def test_the_database_refuses_what_a_version_must_not_become(self):
        version = self.mapping_of("STD").version_ids
        self.env.flush_all()
        for statement in (
            f"UPDATE integration_mapping_version SET tax_id = {self.tax20.id} WHERE id = {version.id}",
            f"UPDATE integration_mapping_version SET valid_from = '2026-04-01' WHERE id = {version.id}",
            f"UPDATE integration_mapping_version SET user_id = {self.operator.id} WHERE id = {version.id}",
            (
                "INSERT INTO integration_mapping_version (mapping_id, number, state, basis, user_id)"
                f" VALUES ({version.mapping_id.id}, 2, 'used', 'setup', {self.operator.id})"
            ),
            (
                "INSERT INTO integration_mapping_version (mapping_id, number, state, basis, user_id, approved_by_id)"
                f" VALUES ({version.mapping_id.id}, 2, 'replaced', 'approval', {self.operator.id}, {self.operator.id})"
            ),
        ):
            with (
                self.assertRaises(psycopg2.IntegrityError, msg=statement),
                self.env.cr.savepoint(),
                mute_logger("odoo.sql_db"),
            ):
                self.env.cr.execute(statement)

    def test_another_company_sees_and_maps_nothing(self):
        other = self.setup_other_company()["company"]
        foreigner = new_test_user(
            self.env,
            "map_foreigner",
            groups=f"{GROUP % 'operator'},{GROUP % 'administrator'}",
            company_id=other.id,
            company_ids=[(6, 0, other.ids)],
        )
        change = self.propose(self.line(tax_id=self.tax20.id))
        for model in ("integration.mapping", "integration.mapping.version", "integration.mapping.change",
                      "integration.mapping.change.line"):  # fmt: skip
            self.assertTrue(self.root[model].search_count([]), model)
            seen = self.env[model].with_user(foreigner).search([])
            self.assertFalse(seen.filtered(lambda row: row.company_id == self.company), model)
        with self.assertRaises(AccessError):
            self.map_value("tax", "NEW", self.tax20, user=foreigner)
        with self.assertRaises(AccessError):
            change.with_user(foreigner).action_ask()
        values = {"connection_id": self.partner_connection.id, "mapping": "tax", "outside_value": "STD"}
        with self.assertRaises(AccessError):
            self.env["integration.mapping.question"].with_user(foreigner).create(values).mapped("explanation")


class TestBadInput(MappingCommon):
    def refused(self, words, kind, value, target, **facts):
        with self.assertRaisesRegex(ValidationError, words), self.env.cr.savepoint():
            self.map_value(kind, value, target, **facts)
        self.assertFalse(self.mapping_of((value or "").strip()[:200], kind))

    def test_values_that_nobody_can_read(self):
        self.refused("at most 255", "tax", "x" * 1_000_000, self.tax20)
        self.refused("line breaks", "tax", "a\nb", self.tax20)
        self.refused("which value", "tax", "   ", self.tax20)

    def test_a_value_that_looks_like_a_formula_is_a_value(self):
        mapping = self.map_value("tax", "  =SUM(A1)  ", self.tax20)
        self.assertEqual(mapping.outside_value, "=SUM(A1)")

    def test_what_is_missing_archived_or_of_another_company(self):
        nothing = False
        self.refused("not said", "tax", "NEW", nothing)
        self.tax20.active = False
        self.refused("archived", "tax", "NEW", self.tax20)
        foreign = self.env["account.account"].create(
            {
                "name": "Foreign", "code": "999001", "account_type": "income",
                "company_ids": [(6, 0, self.setup_other_company()["company"].ids)],
            }
        )  # fmt: skip
        with self.assertRaises(UserError), self.env.cr.savepoint():
            self.map_value("account", "NEW", foreign)
        with self.assertRaises(psycopg2.IntegrityError), self.env.cr.savepoint(), mute_logger("odoo.sql_db"):
            self.map_value("tax", "STD", self.tax15)

    def test_the_last_day_is_not_before_the_first(self):
        self.refused(
            "before the first", "tax", "NEW", self.tax20, valid_from=APRIL, valid_until=date(2026, 3, 31)
        )

    def test_an_analytic_distribution_is_whole_in_each_plan(self):
        plan, other = self.env["account.analytic.plan"].create(
            [{"name": "Departments"}, {"name": "Projects"}]
        )
        one, two = self.env["account.analytic.account"].create(
            [{"name": name, "plan_id": plan.id} for name in ("North", "South")]
        )
        project = self.env["account.analytic.account"].create({"name": "P", "plan_id": other.id})
        for distribution, words in (
            ({str(one.id): 60}, "100 %"),
            ({str(one.id): 60, str(two.id): 50}, "100 %"),
            ({f"{one.id},{two.id}": 100}, "two accounts of one plan"),
            ({f"{one.id},{project.id}": 60, str(two.id): 40}, "100 %"),
            ({"0": 100}, "does not exist"),
            ({"x": 100}, "not readable"),
            ({}, "not said"),
        ):
            self.refused(words, "analytic", "NEW", distribution)
        mapping = self.map_value("analytic", "NEW", {str(one.id): 60, str(two.id): 40})
        self.assertEqual(mapping.target, f"60 % {one.display_name}, 40 % {two.display_name}")


class TestResolution(MappingCommon):
    def test_the_day_of_the_document_decides_not_today(self):
        self.change_mapping(self.line(tax_id=self.tax20.id, valid_from=APRIL))
        self.assertEqual(
            self.spans("STD"),
            [(None, date(2026, 3, 31), self.tax15.display_name), (APRIL, None, self.tax20.display_name)],
        )
        old = self.tell("M-1", day=date(2026, 3, 31))
        new = self.tell("M-2", day=APRIL, rate="0.20")
        moves = self.became(old, "account.move"), self.became(new, "account.move")
        self.assertEqual([move.amount_tax for move in moves], [15.0, 20.0])
        self.assertEqual(moves[0].line_ids.tax_line_id, self.tax15)
        self.assertEqual(moves[1].line_ids.tax_line_id, self.tax20)

    def test_what_was_booked_names_the_versions_that_decided(self):
        first = self.mapping_of("STD").version_ids
        old = self.tell("M-1", day=date(2026, 3, 31))
        self.change_mapping(self.line(tax_id=self.tax20.id, valid_from=APRIL))
        second = self.mapping_of("STD").version_ids - first
        new = self.tell("M-2", day=APRIL, rate="0.20")
        self.assertEqual(
            old.effect_ids.filtered(lambda row: row.res_model == "account.move").mapped_by, first.ids
        )
        self.assertEqual(old.with_user(self.auditor).mapping_version_ids, first)
        self.assertEqual(new.with_user(self.auditor).mapping_version_ids, second)
        action = first.with_user(self.auditor).action_open_booked()
        self.assertEqual(self.env["integration.message"].search(action["domain"]), old)
        # What was booked is never changed: the old invoice still carries the old tax.
        self.assertEqual(self.became(old, "account.move").amount_tax, 15.0)

    def test_an_ended_value_stops_even_where_a_default_counts(self):
        self.change_mapping(self.line("*", tax_id=self.tax15.id), self.line(action="end", valid_from=APRIL))
        self.assertEqual(self.meaning("ODD", APRIL), ("default", self.tax15.display_name))
        self.assertEqual(self.meaning("STD", APRIL), ("expired", False))
        other, ended = self.tell("M-1", codes=("ODD",)), self.tell("M-2", day=APRIL)
        self.assertEqual(self.outcome(other), ("done", None))
        self.assertEqual(self.outcome(ended), ("parked", "mapping_expired"))
        action = ended.exception_id.with_user(self.operator).action_add_mapping()
        self.assertEqual(action["res_model"], "integration.mapping.change")
        self.change_mapping(self.line(tax_id=self.tax15.id, valid_from=APRIL))
        self.drain(self.partner_connection)
        self.assertEqual(self.outcome(ended), ("done", None))

    def test_an_archived_target_stops_before_anything_is_booked(self):
        account = self.income2
        self.map_value("account", "SALES", account)
        message = self.tell("M-1", line={"account": "SALES"}, drain=False)
        account.active = False
        self.env.flush_all()
        self.drain(self.partner_connection)
        self.assertEqual(self.outcome(message), ("parked", "mapping_target_archived"))
        self.assertFalse(self.env["account.move"].search_count([("ref", "=", "M-1")]))
        self.assertEqual(self.meaning("SALES", APRIL, "account")[0], "archived")
        self.change_mapping(self.line("SALES", "account", account_id=self.income.id))
        self.drain(self.partner_connection)
        move = self.became(message, "account.move")
        self.assertIn(self.income, move.line_ids.account_id)

    def test_only_what_waited_for_this_kind_of_mapping_goes_on(self):
        tax, account = self.tell("M-1", codes=("X",)), self.tell("M-2", line={"account": "X"})
        self.assertEqual(self.outcome(tax), ("parked", "mapping_missing"))
        self.assertEqual(self.outcome(account), ("parked", "mapping_missing"))
        self.map_value("tax", "X", self.tax15)
        self.assertEqual((tax.status, account.status), ("ready", "parked"))

    def test_shares_over_several_plans_reach_the_entry(self):
        plan, other = self.env["account.analytic.plan"].create(
            [{"name": "Departments"}, {"name": "Projects"}]
        )
        one, two = self.env["account.analytic.account"].create(
            [{"name": name, "plan_id": plan.id} for name in ("North", "South")]
        )
        project = self.env["account.analytic.account"].create({"name": "P", "plan_id": other.id})
        self.map_value("analytic", "SPLIT", {str(one.id): 60, str(two.id): 40})
        self.map_value("analytic", "PROJECT", {str(project.id): 100})
        self.map_value("analytic", "NORTH", {str(one.id): 100})
        move = self.became(self.tell("M-1", line={"analytic": ["SPLIT", "PROJECT"]}), "account.move")
        [line] = move.invoice_line_ids
        self.assertEqual(
            line.analytic_distribution, {f"{one.id},{project.id}": 60, f"{two.id},{project.id}": 40}
        )
        contradiction = self.tell("M-2", line={"analytic": ["SPLIT", "NORTH"]})
        self.assertEqual(self.outcome(contradiction), ("parked", "analytic_contradiction"))

    def test_a_currency_that_the_source_calls_otherwise(self):
        self.setup_other_currency("EUR")
        message = self.tell("M-1", currency="EUX")
        self.assertEqual(self.outcome(message), ("parked", "unknown_currency"))
        for user in (self.operator, self.administrator):
            with self.assertRaisesRegex(UserError, "decides about amounts"):
                self.map_value("currency", "EUX", self.env.ref("base.EUR"), user=user)
        euro = self.env.ref("base.EUR").id
        for code, words in (("USD", "means itself"), ("*", "no default")):
            with self.assertRaisesRegex(ValidationError, words):
                self.propose(self.line(code, "currency", currency_id=euro)).action_ask()
        self.change_mapping(self.line("EUX", "currency", currency_id=euro))
        message = self.tell("M-2", currency="EUX")
        move = self.became(message, "account.move")
        self.assertEqual((move.currency_id.name, move.amount_total), ("EUR", 115.0))
        self.assertTrue(message.mapping_version_ids.filtered(lambda row: row.mapping == "currency"))

    def test_a_status_word_and_a_country_of_the_source(self):
        self.change_mapping(self.line("closed", "status", status="archived"))
        self.map_value("country", "UK", self.env.ref("base.uk"))
        document = {
            "kind": "customer", "schema_version": "1", "source": {"system": "partner", "object_id": "C-9"},
            "occurred_at": self.clock.now.isoformat(), "name": "Closed Shop Ltd", "status": "closed",
            "address": {"city": "Leeds", "country": "UK"},
        }  # fmt: skip
        body = wire.compact(
            {"type": "customer.updated", "timestamp": document["occurred_at"], "data": document}
        )
        _verdict, message = self.accept(self.partner_connection, body, {"webhook-id": "msg_c9"})
        self.drain(self.partner_connection)
        partner = self.became(message, "res.partner")
        self.assertEqual((partner.active, partner.country_id.code), (False, "GB"))

    def test_a_document_of_another_legal_entity_is_refused(self):
        other = self.setup_other_company()["company"]
        self.change_mapping(
            self.line("US01", "company", legal_entity_id=self.company.id),
            self.line("DE01", "company", legal_entity_id=other.id),
        )

        def of(entity, number):
            message = self.tell(number, drain=False)
            raw = self.env["integration.payload"].sudo()._raw_by_message(message.ids)[message.id]
            told = raw.replace(b'"object_id":', f'"entity":"{entity}","object_id":'.encode(), 1)
            self.assertNotEqual(told, raw)
            self.env.cr.execute(
                "UPDATE integration_payload SET raw = %s WHERE message_id = %s", [told, message.id]
            )
            self.drain(self.partner_connection)
            return self.outcome(message)

        self.assertEqual(of("US01", "M-1"), ("done", None))
        self.assertEqual(of("DE01", "M-2"), ("parked", "wrong_company"))
        self.assertEqual(of("FR01", "M-3"), ("parked", "mapping_missing"))


class TestQuestion(MappingCommon):
    def test_each_answer_says_why(self):
        self.change_mapping(
            self.line("*", "account", account_id=self.income.id),
            self.line(action="end", valid_from=APRIL),
        )
        self.map_value("account", "OLD", self.income2)
        self.income2.active = False
        self.env.flush_all()
        for value, kind, day, verdict, words in (
            ("STD", "tax", date(2026, 3, 31), "exact", "version 1"),
            ("STD", "tax", APRIL, "expired", "until 03/31/2026"),
            ("ANY", "account", APRIL, "default", "approved it"),
            ("OLD", "account", APRIL, "archived", "archived"),
            ("ANY", "tax", APRIL, "missing", "Nobody has mapped"),
        ):
            question = (
                self.env["integration.mapping.question"]
                .with_user(self.operator)
                .create(
                    {
                        "connection_id": self.partner_connection.id,
                        "mapping": kind,
                        "outside_value": f" {value} ",
                        "day": day,
                    }
                )
            )
            self.assertEqual(question.verdict, verdict, value)
            self.assertIn(words, question.explanation)
            self.assertEqual(question.action_show()["res_id"], question.id)
            wanted = "integration.mapping" if value == "ANY" else "integration.mapping.change"
            self.assertEqual(question.action_map()["res_model"], wanted)
