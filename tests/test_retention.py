# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Contents go when the time of their class is over; proofs stay, and a legal hold keeps everything (A4)."""

from datetime import timedelta
from unittest.mock import patch

from psycopg2.errors import CheckViolation

from odoo import fields
from odoo.exceptions import UserError
from odoo.tests import new_test_user, tagged
from odoo.tools import mute_logger

from ..simulators.partner import documents
from .common import ANNA, IntegrationCommon


@tagged("post_install", "-at_install")
class TestRetention(IntegrationCommon):
    def setUp(self):
        super().setUp()
        self.startPatcher(
            patch.object(type(self.env["ir.cron"]), "_commit_progress", lambda *_args, **_kwargs: 0)
        )
        self.partner_connection.flow_ids.retention_days = 200

    def retention(self, classification, **days):
        return self.env["integration.retention"].create(
            {"company_id": self.company.id, "classification": classification, **days}
        )

    def invoice(self, number, days_old):
        line = documents.Line("Advice", documents.Decimal(1), documents.Decimal("100.00"), ("STD",))
        document = documents.invoice(number, ANNA, [line], self.clock.now, due_date=self.clock.now.date())
        message = self.send_partner("invoice.issued", document)
        self.assertEqual(message.status, "done")
        then = fields.Datetime.now() - timedelta(days=days_old)
        self.env.cr.execute(
            "UPDATE integration_message SET finished_at = %s, received_at = %s WHERE id = %s",
            (then, then, message.id),
        )
        message.invalidate_recordset()
        return message

    def night(self):
        self.root["integration.archive"]._cron_archive()
        self.env.invalidate_all()

    def erasures(self):
        """Of this test's company: tests of races leave entries for good."""
        return [("action", "=", "payload.erase"), ("company_id", "=", self.company.id)]

    def kept(self, message):
        """Where the content is."""
        if self.root["integration.payload"].search_count([("message_id", "=", message.id)]):
            return "database"
        if message.archive_id and not message.archive_id.erased_at:
            return "archive"
        return "nowhere"

    def test_flows_carry_the_strictest_class_of_their_documents(self):
        classes = {flow.kind: flow.classification for flow in self.partner_connection.flow_ids}
        self.assertEqual((classes["customer"], classes["invoice"]), ("confidential", "confidential"))

    def test_a_class_leaves_the_database_earlier_than_its_flow_says(self):
        message = self.invoice("R-1", 100)
        self.night()
        self.assertEqual(self.kept(message), "database")
        self.retention("confidential", database_days=90)
        self.night()
        self.assertEqual(self.kept(message), "archive")
        self.assertEqual(message.archive_id.classification, "confidential")

    def test_a_class_never_keeps_longer_in_the_database_than_the_flow(self):
        message = self.invoice("R-1", 201)
        self.retention("confidential", database_days=1000)
        self.night()
        self.assertEqual(self.kept(message), "archive")

    def test_contents_are_erased_and_proofs_stay(self):
        archived, young = self.invoice("R-1", 400), self.invoice("R-2", 10)
        self.night()
        self.assertEqual((self.kept(archived), self.kept(young)), ("archive", "database"))
        digest = archived.body_digest
        self.retention("confidential", erase_days=365)
        self.night()
        self.assertEqual((self.kept(archived), self.kept(young)), ("nowhere", "database"))
        self.assertTrue(archived.archive_erased_at)
        self.assertFalse(archived.archive_id.sudo().file)
        self.assertEqual(archived.body_digest, digest)
        self.assertTrue(archived.effect_ids)
        leaf = self.root["integration.audit.leaf"].search(self.erasures())
        self.assertEqual(
            (leaf.res_id, leaf.subject_digest), (archived.archive_id.id, archived.archive_id.file_digest)
        )
        with self.assertRaises(UserError):
            archived.action_bring_back()
        archived.archive_id.action_check()
        self.assertIn("Erased when its time was over", archived.archive_id.check_result)
        self.night()
        self.assertEqual(len(self.root["integration.audit.leaf"].search(self.erasures())), 1)

    def test_contents_that_were_never_archived_are_erased_too(self):
        self.partner_connection.flow_ids.retention_days = 0
        message = self.invoice("R-1", 400)
        other = self.invoice("R-2", 100)
        self.retention("confidential", erase_days=365)
        self.retention("internal", erase_days=90)
        self.night()
        self.assertEqual((self.kept(message), self.kept(other)), ("nowhere", "database"))
        leaf = self.root["integration.audit.leaf"].search(self.erasures())
        self.assertEqual((leaf.message_id, leaf.subject_digest), (message, message.body_digest))

    def test_a_legal_hold_keeps_everything(self):
        message = self.invoice("R-1", 400)
        self.night()
        self.retention("confidential", erase_days=365, database_days=30)
        self.partner_connection.write({"legal_hold": True, "legal_hold_reason": "Court"})
        self.night()
        self.assertEqual(self.kept(message), "archive")
        detail = (
            self.root["integration.audit.leaf"].search([("action", "=", "connection.change")], limit=1).detail
        )
        self.assertEqual(detail, "legal_hold: no → yes; legal_hold_reason: – → Court")

    def test_another_company_decides_for_itself(self):
        message = self.invoice("R-1", 400)
        other = self.setup_other_company()["company"]
        self.root["integration.retention"].create(
            {"company_id": other.id, "classification": "confidential", "erase_days": 90}
        )
        self.night()
        self.assertEqual(self.kept(message), "archive")
        person = new_test_user(
            self.env,
            "retention-auditor",
            "finance_integration.group_auditor",
            company_id=self.company.id,
            company_ids=[(6, 0, self.company.ids)],
        )
        self.assertFalse(self.env["integration.retention"].with_user(person).search([]))

    @mute_logger("odoo.sql_db")
    def test_what_cannot_be_meant_is_refused(self):
        with self.assertRaises(UserError):
            self.retention("confidential", erase_days=30)
        with self.assertRaises(CheckViolation), self.env.cr.savepoint():
            self.retention("internal", database_days=-1)
