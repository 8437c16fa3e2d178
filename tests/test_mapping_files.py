# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Mappings from and to files: every problem with its line, all or nothing, under approval (M2, C4)."""

import base64
import csv
import io
from datetime import date

from odoo.exceptions import AccessError, UserError

from .mapping_common import MappingCommon

HEAD = "what,value,means,from,until,action\n"
APRIL = date(2026, 4, 1)


class TestMappingFiles(MappingCommon):
    def dialog(self, text=None, user=None, content=None):
        content = HEAD.encode() + text.encode() if content is None else content
        return (
            self.env["integration.mapping.file"]
            .with_user(user or self.administrator)
            .create(
                {
                    "connection_id": self.partner_connection.id,
                    "file": base64.b64encode(content) if content else False,
                    "file_name": "codes.csv",
                }
            )
        )

    def test_a_file_becomes_one_proposal_that_another_person_approves(self):
        code = self.income2.with_company(self.company).code
        dialog = self.dialog(
            f"tax,A,{self.tax20.name},,2026-03-31,\ntax,A,{self.tax15.name},2026-04-01,,\n"
            f"account,S,{code},,,set\ntax,*,{self.tax15.name},,,\ntax,STD,{self.tax15.name},,,\n"
        )
        dialog.action_check()
        self.assertEqual((dialog.state, len(dialog.problem_ids)), ("ready", 0))
        self.assertFalse(self.env["integration.mapping.change"].search_count([("origin", "=", "import")]))
        action = dialog.action_propose()
        change = self.env[action["res_model"]].browse(action["res_id"])
        self.assertEqual((change.origin, change.file_name, len(change.line_ids)), ("import", "codes.csv", 4))
        self.assertFalse(self.mapping_of("A"))
        change.with_user(self.administrator).reason = "The new list of the shop"
        self.approve(change.with_user(self.administrator))
        self.assertEqual(
            self.spans("A"),
            [(None, date(2026, 3, 31), self.tax20.display_name), (APRIL, None, self.tax15.display_name)],
        )
        self.assertEqual(self.meaning("S", APRIL, "account")[1], self.income2.display_name)
        self.assertEqual(self.meaning("ANY", APRIL)[0], "default")
        self.assertEqual(self.mapping_of("STD").version_count, 1)  # it was like this before

    def test_one_wrong_line_and_nothing_is_taken(self):
        self.income2.active = False
        self.env.flush_all()
        dialog = self.dialog(
            f"tax,A,{self.tax20.name},,,\n"
            "tax,B,No such tax,,,\n"
            "colour,C,x,,,\n"
            "tax,D,x,2026-13-01,,\n"
            "analytic,E,NOWHERE=50;,,,\n"
            "status,F,gone,,,\n"
            f"tax,A,{self.tax20.name},2026-01-01,,\n"
        )
        action = dialog.action_propose()
        self.assertEqual((action["res_id"], dialog.state), (dialog.id, "wrong"))
        told = [(row.line, row.value) for row in dialog.problem_ids]
        self.assertEqual(told, [(3, "B"), (4, "C"), (5, "D"), (6, "E"), (7, "F"), (8, "A")])
        self.assertFalse(self.env["integration.mapping.change"].search_count([]))
        self.assertFalse(self.mapping_of("A"))

    def test_files_that_cannot_be_read(self):
        for content, words in (
            (b"\xff\xfe\x00", "cannot be read"),
            (b"what;value\nx;y\n", "cannot be read"),
            (b"x" * 1_000_001, "1,000,000"),
            (HEAD.encode() + b"tax,A,x,,,\n" * 2001, "2,000 lines"),
        ):
            dialog = self.dialog(content=content)
            dialog.action_check()
            self.assertEqual(dialog.state, "wrong")
            self.assertIn(words, " ".join(dialog.problem_ids.mapped("problem")))
        with self.assertRaisesRegex(UserError, "Choose a file"):
            self.dialog(content=b"").action_check()

    def test_names_that_fit_several_records_or_another_company(self):
        self.tax15.copy({"name": "Twin"}), self.tax20.copy({"name": "Twin", "type_tax_use": "purchase"})
        other = self.setup_other_company()["company"]
        self.env["account.tax"].create({"name": "Foreign tax", "company_id": other.id})
        dialog = self.dialog("tax,A,Twin,,,\ntax,B,Foreign tax,,,\n")
        dialog.action_check()
        self.assertEqual(
            dialog.problem_ids.mapped("problem"),
            ["several are called “Twin”", "nothing is called “Foreign tax” here"],
        )

    def test_what_is_written_is_read_as_unchanged_and_runs_in_no_spreadsheet(self):
        plan = self.env["account.analytic.plan"].create({"name": "Departments"})
        one, two = self.env["account.analytic.account"].create(
            [{"name": name, "code": name[:1], "plan_id": plan.id} for name in ("North", "South")]
        )
        self.map_value("tax", "=1+1", self.tax20)
        self.map_value("tax", "@SUM(A1)", self.tax20, valid_from=APRIL)
        self.map_value("account", "+S", self.income2)
        self.map_value("analytic", "SPLIT", {str(one.id): 60, str(two.id): 40})
        dialog = self.dialog(content=b"", user=self.auditor)
        dialog.action_export()
        content = base64.b64decode(dialog.export)
        rows = list(csv.reader(io.StringIO(content.decode("utf-8-sig"))))
        self.assertEqual(len(rows), 6)
        self.assertFalse([cell for row in rows for cell in row if cell.startswith(("=", "+", "@"))])
        self.assertIn(["analytic", "SPLIT", "N=60; S=40", "", "", "set", ""], rows)
        again = self.dialog(content=content)
        again.action_check()
        self.assertEqual((again.state, again.problem_ids.mapped("problem")), ("same", []))
        exported = self.env["integration.audit.leaf"].search([("action", "=", "mapping.export")])
        self.assertEqual((len(exported), exported.user_id), (1, self.auditor))

    def test_an_auditor_exports_and_never_imports(self):
        dialog = self.dialog(f"tax,A,{self.tax20.name},,,\n", user=self.auditor)
        for refused in (dialog.action_check, dialog.action_propose):
            with self.assertRaises(AccessError):
                refused()
