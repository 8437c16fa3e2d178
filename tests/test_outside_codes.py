# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Lists of codes that a source sends: shown where codes are mapped, never booked; dimensions proposed (O15, O16)."""

from datetime import date
from decimal import Decimal

from odoo.exceptions import AccessError, UserError
from odoo.tests import new_test_user

from ..simulators import wire
from .mapping_common import GROUP, MappingCommon


class TestOutsideCodes(MappingCommon):
    def tell_code(self, code="VAT20", catalogue="tax", version=1, **facts):
        kind = "reference_code" if catalogue else "dimension"
        document = {
            "kind": kind,
            "schema_version": "1",
            "source": {"system": "erp", "object_id": f"{catalogue or 'cc'}-{code}", "version": version},
            "occurred_at": self.clock.now.isoformat(),
            "code": code,
            "label": f"Label of {code}",
            **({"catalogue": catalogue} if catalogue else {"dimension": "Departments"}),
            **facts,
        }
        event_type = "reference.updated" if catalogue else "dimension.updated"
        body = wire.compact({"type": event_type, "timestamp": self.clock.now.isoformat(), "data": document})
        self.sent = getattr(self, "sent", 0) + 1
        _verdict, message = self.accept(
            self.partner_connection, body, {"webhook-id": f"msg_code_{self.sent}"}
        )
        self.drain(self.partner_connection)
        return message

    def code(self, code, kind="tax"):
        return self.env["integration.outside.code"].search(
            [("connection_id", "=", self.partner_connection.id), ("mapping", "=", kind), ("code", "=", code)]
        )

    def test_a_code_is_listed_with_what_the_source_says_of_it(self):
        moves = self.env["account.move"].search_count([])
        message = self.tell_code(
            label="Value added tax 20 %", rate_percent="20", parent="VAT", valid_from="2026-01-01"
        )
        self.assertEqual(self.outcome(message), ("done", None))
        code = self.code("VAT20")
        self.assertEqual(
            (code.display_name, code.rate_percent, code.parent_code, code.valid_from, code.is_mapped),
            ("VAT20 – Value added tax 20 %", "20", "VAT", date(2026, 1, 1), False),
        )
        self.assertEqual(self.became(message, "integration.outside.code"), code)
        self.assertEqual(self.env["account.move"].search_count([]), moves)
        mapping = self.env["integration.mapping"].new(
            {"connection_id": self.partner_connection.id, "mapping": "tax", "outside_value": "VAT20"}
        )
        self.assertEqual(mapping.outside_label, "Value added tax 20 %")
        change = self.propose(self.line("VAT20", tax_id=self.tax20.id))
        self.assertEqual(change.line_ids.outside_label, "Value added tax 20 %")

    def test_repeated_changed_and_late_versions(self):
        self.tell_code(version=2, label="Second")
        again = self.tell_code(version=2, label="Second")
        late = self.tell_code(version=1, label="First")
        self.assertEqual((again.status, late.status), ("done", "superseded"))
        self.assertEqual(self.code("VAT20").label, "Second")
        self.tell_code(version=3, label="Third")
        self.assertEqual(self.code("VAT20").mapped("label"), ["Third"])

    def test_a_mapping_whose_code_has_ended_is_flagged(self):
        self.tell_code("STD", valid_until="2020-12-31")
        mapping = self.mapping_of("STD")
        self.assertTrue(mapping.source_ended)
        Mapping = self.env["integration.mapping"]
        self.assertIn(mapping, Mapping.search([("source_ended", "=", True)]))
        self.assertNotIn(mapping, Mapping.search([("source_ended", "=", False)]))
        Code = self.env["integration.outside.code"]
        self.assertEqual(Code.search([("is_ended", "=", True), ("is_mapped", "=", True)]), self.code("STD"))
        self.assertFalse(Code.search([("is_mapped", "=", False)]))

    def test_codes_that_run_in_a_circle_are_not_taken(self):
        self.tell_code("A", "account", parent="B")
        self.tell_code("B", "account", parent="C")
        message = self.tell_code("C", "account", parent="A")
        self.assertEqual(self.outcome(message), ("parked", "code_circle"))
        self.assertFalse(self.code("C", "account"))
        self_reference = self.tell_code("D", "account", parent="D")
        self.assertEqual(self.outcome(self_reference), ("parked", "schema_violation"))

    def test_what_is_no_code_is_refused(self):
        cases = (
            {"catalogue": "colour"}, {"code": "*"}, {"code": "x" * 65}, {"label": "x" * 1001}, {"label": None},
            {"valid_from": "2026-02-01", "valid_until": "2026-01-01"}, {"rate_percent": "120"},
            {"rate_percent": "20,5"}, {"rate_percent": True}, {"colour": "red"},
        )  # fmt: skip
        for number, facts in enumerate(cases):
            message = self.tell_code(**{"code": f"BAD{number}", **facts})
            self.assertEqual(self.outcome(message), ("parked", "schema_violation"), facts)
        self.assertFalse(self.env["integration.outside.code"].search([]))

    def test_a_rate_that_is_written_as_a_number_is_read_digit_by_digit(self):
        self.assertEqual(self.outcome(self.tell_code(rate_percent=Decimal("20.10"))), ("done", None))
        self.assertEqual(self.code("VAT20").rate_percent, "20.10")

    def test_people_map_codes_and_do_not_rename_them(self):
        self.tell_code()
        code = self.code("VAT20")
        for user in (self.operator, self.administrator, self.auditor):
            with self.assertRaises(UserError):
                code.with_user(user).write({"label": "Mine"})
        action = code.with_user(self.operator).action_map()
        self.assertEqual(
            (action["res_model"], action["context"]["default_mapping"]), ("integration.mapping", "tax")
        )
        self.map_value("tax", "VAT20", self.tax20)
        self.env.invalidate_all()
        self.assertEqual((code.is_mapped, code.target), (True, self.tax20.display_name))

    def test_a_dimension_is_only_listed_unless_the_connection_proposes(self):
        self.tell_code("110", None)
        self.assertEqual((self.code("110", "analytic").dimension, self.code("110", "analytic").proposal),
                         ("Departments", False))  # fmt: skip
        self.assertFalse(self.env["account.analytic.account"].search([("code", "=", "110")]))

    def test_a_proposed_analytic_account_is_made_by_a_person(self):
        plan = self.env["account.analytic.plan"].create({"name": "Departments"})
        self.partner_connection.dimension_policy = "propose"
        for number in ("110", "120", "130"):
            self.tell_code(number, None, label=f"Department {number}")
        code = self.code("110", "analytic")
        self.assertEqual((code.proposal, code.plan_id), ("open", plan))
        self.assertFalse(self.env["account.analytic.account"].search([("code", "=", "110")]))
        for user in (self.auditor, self.administrator):
            with self.assertRaises(AccessError):
                code.with_user(user).action_make_analytic()
        code.with_user(self.operator).action_make_analytic()
        self.env.invalidate_all()
        account = self.env["account.analytic.account"].search([("code", "=", "110")])
        self.assertEqual(
            (account.name, account.plan_id, account.create_uid, account.company_id),
            ("Department 110", plan, self.operator, self.company),
        )
        self.assertEqual(code.proposal, "done")
        self.assertEqual(self.mapping_of("110", "analytic").analytic_distribution, {str(account.id): 100})
        with self.assertRaisesRegex(UserError, "decided already"):
            code.with_user(self.operator).action_make_analytic()
        other = self.code("120", "analytic").with_user(self.operator)
        other.action_decline()
        self.assertEqual(other.proposal, "declined")
        last = self.code("130", "analytic").with_user(self.operator)
        last.plan_id = False
        with self.assertRaisesRegex(UserError, "Choose the analytic plan"):
            last.action_make_analytic()

    def test_a_code_that_is_mapped_already_is_not_proposed(self):
        plan = self.env["account.analytic.plan"].create({"name": "Departments"})
        account = self.env["account.analytic.account"].create({"name": "N", "plan_id": plan.id})
        self.map_value("analytic", "110", {str(account.id): 100})
        self.partner_connection.dimension_policy = "propose"
        self.tell_code("110", None)
        self.assertFalse(self.code("110", "analytic").proposal)

    def test_another_company_sees_no_codes(self):
        self.tell_code()
        other = self.setup_other_company()["company"]
        foreigner = new_test_user(
            self.env,
            "code_foreigner",
            groups=GROUP % "operator",
            company_id=other.id,
            company_ids=[(6, 0, other.ids)],
        )
        self.assertFalse(self.env["integration.outside.code"].with_user(foreigner).search([]))
        with self.assertRaises(AccessError):
            self.code("VAT20").with_user(foreigner).action_map()
