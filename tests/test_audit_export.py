# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""What an auditor takes away can be verified without Odoo, shows no other company, and taking it is recorded (A4)."""

import csv
import importlib.util
import io
import json
import sys
from datetime import timedelta
from pathlib import Path
from unittest.mock import patch

from odoo import fields
from odoo.exceptions import AccessError, UserError
from odoo.tests import HttpCase, new_test_user, tagged

from ..models.audit import exporter, sealer
from .seal_common import SealCommon

TOOL = Path(__file__).resolve().parent.parent / "tools" / "verify_audit.py"


def _tool():
    spec = importlib.util.spec_from_file_location("verify_audit", TOOL)
    module = importlib.util.module_from_spec(spec)
    sys.modules["verify_audit"] = module
    spec.loader.exec_module(module)
    return module


@tagged("post_install", "-at_install")
class TestAuditExport(SealCommon):
    def setUp(self):
        super().setUp()
        self.tool = _tool()
        self.startPatcher(patch.object(exporter, "ENTRIES_AT_ONCE", 3))
        self.first = self.record(4, "=1+1")
        self.seal()
        self.second = self.record(4, "second")
        self.seal()
        self.auditor = self.person("export-auditor", "auditor")
        self.everywhere = self.person("export-all", "auditor", self.env["res.company"].search([]))

    def person(self, login, group, companies=None):
        companies = companies or self.company
        return new_test_user(
            self.env,
            login,
            f"finance_integration.group_{group}",
            company_id=companies[0].id,
            company_ids=[(6, 0, companies.ids)],
        )

    def export(self, user, **values):
        """Return the bytes of an export as the route sends them."""
        dialog = self.env["integration.audit.export"].with_user(user).create(values)
        self.assertEqual(dialog.action_export()["url"], f"/integration/audit/export/{dialog.id}")
        plan = dialog._plan()
        context = {"allowed_company_ids": user.company_ids.ids, "lang": "en_US"}
        self.env.flush_all()
        return b"".join(exporter.lines(self.registry, user.id, context, plan))

    def check(self, data, with_heads=True):
        """Verify the bytes with the offline tool; returns what it counted."""
        path = Path(self.folder.name) / "export.ndjson"
        path.write_bytes(data)
        [heads] = Path(self.folder.name).glob("seals-*.ndjson")
        return self.tool.verify(path, heads if with_heads else None)

    def test_everything(self):
        self.record(2)
        data = self.export(self.everywhere, content="whole", form="ndjson")
        count = self.check(data)
        total = self.root["integration.audit.leaf"].search_count([("action", "!=", "audit.export")])
        self.assertEqual((count.entries, count.hidden, count.heads), (total, 0, 2))
        self.assertGreaterEqual(count.unsealed, 2)
        self.assertTrue(json.loads(data.splitlines()[0])["complete"])
        leaf = self.root["integration.audit.leaf"].search([("action", "=", "audit.export")])
        self.assertEqual(leaf.user_id, self.everywhere)
        self.assertIn("whole, ndjson; begin to now", leaf.detail)

    def test_tampering_is_found_offline_too(self):
        for number, statement, words in (
            (self.first[1], "UPDATE integration_audit_leaf SET detail = 'x' WHERE id = %s", "was changed"),
            (self.second[0], "DELETE FROM integration_audit_leaf WHERE id = %s", "was deleted"),
        ):
            with self.subTest(words), self.env.cr.savepoint() as savepoint:
                self.tamper("integration_audit_leaf", statement, number)
                with self.assertRaisesRegex(self.tool.BrokenError, f"entry {number} .*{words}"):
                    self.check(self.export(self.everywhere, content="whole", form="ndjson"))
                savepoint.rollback()
                self.env.invalidate_all()
        self.tamper("integration_audit_seal", "DELETE FROM integration_audit_seal WHERE number = 2")
        data = self.export(self.everywhere, content="whole", form="ndjson")
        self.check(data, with_heads=False)
        with self.assertRaisesRegex(self.tool.BrokenError, "seal 2 was exported and is not there any more"):
            self.check(data)

    def test_what_is_chosen_carries_proofs(self):
        self.issue("P-1")
        self.seal()
        data = self.export(
            self.auditor, content="chosen", form="ndjson", connection_id=self.partner_connection.id
        )
        count = self.check(data)
        self.assertGreater(count.entries, 3)
        self.assertEqual(count.unsealed, 0)
        rows = [json.loads(line) for line in data.splitlines() if line.startswith(b'{"leaf"')]
        self.assertTrue(all(row["proof"] for row in rows))
        self.assertTrue(
            all(
                row["leaf"]["fields"]["connection_id"] == self.partner_connection.id
                or row["leaf"]["fields"]["res_id"] == self.partner_connection.id
                for row in rows
            )
        )
        data = self.export(
            self.auditor, content="chosen", form="ndjson", about_domain=[("id", "in", self.second[:2])]
        )
        self.assertEqual((self.check(data).entries, self.check(data).first), (2, 2))

    def test_a_long_trail_is_exported_in_portions(self):
        self.startPatcher(patch.object(sealer, "MAX_ENTRIES", 2))
        self.startPatcher(patch.object(exporter, "SEALS_AT_ONCE", 2))
        self.record(11)
        self.seal()
        count = self.check(self.export(self.everywhere, content="whole", form="ndjson"))
        self.assertEqual(count.seals, self.root["integration.audit.seal"].search_count([]))
        self.assertGreater(count.seals, 5)
        chosen = self.export(self.auditor, content="chosen", form="ndjson", company_id=self.company.id)
        self.assertGreater(self.check(chosen).entries, 11)

    def test_entries_of_another_company_are_counted_and_not_shown(self):
        other = self.setup_other_company()["company"]
        self.root["integration.audit.leaf"]._append(
            [{"action": "test.foreign", "company_id": other.id, "detail": "not for everybody"}]
        )
        self.record(1)
        self.seal()
        data = self.export(self.auditor, content="whole", form="ndjson")
        count = self.check(data)
        self.assertGreaterEqual(count.hidden, 1)
        self.assertNotIn(b"not for everybody", data)
        for form in ("ndjson", "csv"):
            self.assertNotIn(b"not for everybody", self.export(self.auditor, content="chosen", form=form))
        with self.assertRaises(UserError):
            self.export(self.auditor, content="chosen", form="csv", company_id=other.id)

    def test_a_spreadsheet(self):
        data = self.export(self.auditor, content="chosen", form="csv", company_id=self.company.id)
        self.assertTrue(data.startswith("\ufeff".encode()))
        rows = list(csv.reader(io.StringIO(data.decode("utf-8-sig"), newline="")))
        header, body = rows[0], rows[1:]
        self.assertEqual(header[:4], ["Entry", "Recorded (UTC)", "By", "What was done"])
        by_number = {row[0]: dict(zip(header, row, strict=True)) for row in body}
        row = by_number[str(self.first[0])]
        self.assertEqual(row["Concerns"], "'=1+1 0")
        self.assertEqual((row["Seal"], bool(row["Proof"])), ("1", True))
        self.assertEqual(row["Company"], self.company.name)
        whole = self.export(self.everywhere, content="whole", form="csv")
        lines = list(csv.reader(io.StringIO(whole.decode("utf-8-sig"), newline="")))
        total = self.root["integration.audit.leaf"].search_count([])
        self.assertEqual(len(lines), total)  # the header, and all but the entry about this export

    def test_a_period(self):
        today = fields.Date.today()
        data = self.export(
            self.everywhere,
            content="whole",
            form="ndjson",
            from_date=today - timedelta(days=1),
            to_date=today,
        )
        self.assertGreater(self.check(data).entries, 8)
        for values in (
            {"from_date": today, "to_date": today - timedelta(days=1)},
            {"from_date": "2001-01-01", "to_date": "2001-02-01"},
        ):
            with self.subTest(values), self.assertRaises(UserError):
                self.export(self.everywhere, **values)

    def test_nobody_makes_the_export_of_somebody_else(self):
        dialog = self.env["integration.audit.export"].with_user(self.everywhere).create({})
        with self.assertRaises(UserError):
            dialog.with_user(self.auditor)._plan()
        clerk = new_test_user(self.env, "clerk", "account.group_account_invoice")
        with self.assertRaises(AccessError):
            self.env["integration.audit.export"].with_user(clerk).create({})
        self.assertFalse(self.root["integration.audit.leaf"].search([("action", "=", "audit.export")]))


@tagged("post_install", "-at_install")
class TestAuditExportRoute(SealCommon, HttpCase):
    def test_the_file_comes_over_the_wire(self):
        self.record(3)
        self.seal()
        person = new_test_user(
            self.env,
            "export-http",
            "finance_integration.group_auditor",
            company_id=self.company.id,
            company_ids=[(6, 0, self.company.ids)],
        )
        dialog = self.env["integration.audit.export"].with_user(person).create({"content": "chosen"})
        self.env.flush_all()
        url = dialog.action_export()["url"]
        self.assertEqual(self.url_open(url, allow_redirects=False).status_code, 303)  # nobody is signed in
        self.authenticate("export-http", "export-http")
        answer = self.url_open(url)
        self.assertEqual(answer.status_code, 200)
        self.assertIn("attachment", answer.headers["Content-Disposition"])
        self.assertEqual(answer.headers["Cache-Control"], "no-store")
        path = Path(self.folder.name) / "export.ndjson"
        path.write_bytes(answer.content)
        self.assertGreaterEqual(_tool().verify(path).entries, 3)
        leaf = self.root["integration.audit.leaf"].search([("action", "=", "audit.export")])
        self.assertEqual(leaf.user_id, person)
        self.assertEqual(self.url_open("/integration/audit/export/999999999").status_code, 404)
