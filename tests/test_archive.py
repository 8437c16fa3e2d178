# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Old contents leave the database, proofs stay, and everything comes back unchanged (A4)."""

import base64
import hashlib
from datetime import timedelta
from unittest.mock import patch

from odoo import fields
from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged
from odoo.tests.common import new_test_user

from ..models.archive import archive, retention
from ..simulators.partner import documents
from .common import ANNA, IntegrationCommon


@tagged("post_install", "-at_install")
class TestArchive(IntegrationCommon):
    def setUp(self):
        super().setUp()
        self.startPatcher(
            patch.object(type(self.env["ir.cron"]), "_commit_progress", lambda *_args, **_kwargs: 0)
        )
        self.flows = self.partner_connection.flow_ids
        self.flows.retention_days = 30

    def events(self, count, days_old=40):
        """Take in ``count`` invoices, work them off, and make them ``days_old``."""
        messages = self.env["integration.message"]
        for number in range(count):
            messages |= self.invoice_event(f"{days_old}-{number}")
        self.assertEqual(set(messages.mapped("status")), {"done"})
        self.age(messages, days_old)
        return messages

    def invoice_event(self, number, event_type="invoice.issued"):
        line = documents.Line("Advice", documents.Decimal(1), documents.Decimal("100.00"), ("STD",))
        document = documents.invoice(
            f"A-{number}", ANNA, [line], self.clock.now, due_date=self.clock.now.date()
        )
        return self.send_partner(event_type, document)

    def age(self, messages, days):
        then = fields.Datetime.now() - timedelta(days=days)
        self.env.cr.execute(
            "UPDATE integration_message SET finished_at = %s, received_at = %s WHERE id = ANY(%s)",
            (then, then, messages.ids),
        )
        messages.invalidate_recordset()

    def archives(self):
        return self.env["integration.archive"].search([("connection_id", "=", self.partner_connection.id)])

    def raw(self, messages):
        return self.env["integration.payload"]._raw_by_message(messages.ids)

    def payload_count(self, messages):
        return self.env["integration.payload"].search_count([("message_id", "in", messages.ids)])

    def test_contents_are_moved_and_the_event_stays(self):
        messages = self.events(3)
        before, digests = self.raw(messages), messages.mapped("body_digest")
        self.root["integration.archive"]._cron_archive()
        kept = self.archives()
        self.assertEqual((kept.message_count, kept.message_ids), (3, messages))
        self.assertEqual(self.payload_count(messages), 0)
        self.assertEqual(messages.mapped("content_archived"), [True] * 3)
        self.assertEqual(messages.mapped("body_digest"), digests)
        self.assertTrue(all(message.effect_ids for message in messages))
        self.assertEqual(self.raw(messages), before)
        leaf = self.env["integration.audit.leaf"].search([("action", "=", "payload.archive")])
        self.assertEqual(leaf.subject_digest, kept.file_digest)
        stored = base64.b64decode(kept.sudo().file)
        self.assertEqual(hashlib.sha256(stored).hexdigest(), kept.file_digest)

    def test_what_is_young_open_or_held_stays(self):
        young = self.events(1, days_old=29)
        parked = self.invoice_event("strange", "strange.happened")
        self.assertEqual(parked.status, "parked")
        self.age(parked, 40)
        self.root["integration.archive"]._cron_archive()
        self.assertFalse(self.archives())
        old = self.events(1)
        self.partner_connection.write({"legal_hold": True, "legal_hold_reason": "Audit 2026"})
        self.root["integration.archive"]._cron_archive()
        self.assertFalse(self.archives())
        self.partner_connection.legal_hold = False
        self.flows.retention_days = 0
        self.root["integration.archive"]._cron_archive()
        self.assertFalse(self.archives())
        self.assertEqual(self.payload_count(young | parked | old), 3)

    def test_portions_are_bounded_and_nothing_is_put_away_twice(self):
        messages = self.events(5)
        self.startPatcher(patch.object(retention, "MAX_MESSAGES", 2))
        self.root["integration.archive"]._cron_archive()
        self.root["integration.archive"]._cron_archive()
        self.assertEqual(sorted(self.archives().mapped("message_count")), [1, 2, 2])
        self.assertEqual(self.archives().message_ids, messages)

    def test_a_content_comes_back_and_goes_again(self):
        message = self.events(1)
        shown = message.payload_text
        self.assertTrue(shown)
        before = self.raw(message)
        self.root["integration.archive"]._cron_archive()
        message.invalidate_recordset()
        self.assertFalse(message.payload_text)
        message.action_bring_back()
        self.assertFalse(message.content_archived)
        self.assertEqual(message.payload_text, shown)
        self.assertEqual(self.raw(message), before)
        message.action_bring_back()
        self.assertEqual(self.payload_count(message), 1)
        self.root["integration.archive"]._cron_archive()
        message.invalidate_recordset()
        self.assertTrue(message.content_archived)
        self.assertEqual(len(self.archives()), 1)

    def test_a_repeated_delivery_is_recognised_after_its_content_is_archived(self):
        message = self.events(1)
        raw = self.raw(message)[message.id]
        self.root["integration.archive"]._cron_archive()
        verdict, known = self.accept(self.partner_connection, raw, {"webhook-id": message.event_id})
        self.assertEqual((verdict, known), ("duplicate", message))

    def test_check_tells_what_is_wrong(self):
        messages = self.events(2)
        self.root["integration.archive"]._cron_archive()
        kept = self.archives()
        kept.action_check()
        self.assertEqual(kept.check_result, "All 2 events are there, unchanged")
        self.env.cr.execute(
            "UPDATE integration_message SET body_digest = repeat('0', 64) WHERE id = %s", (messages[0].id,)
        )
        messages.invalidate_recordset()
        kept.action_check()
        self.assertIn(f"event {messages[0].id} has another content", kept.check_result)
        attachment = (
            self.env["ir.attachment"]
            .sudo()
            .search(
                [
                    ("res_model", "=", "integration.archive"),
                    ("res_id", "=", kept.id),
                    ("res_field", "=", "file"),
                ]
            )
        )
        attachment.raw = attachment.raw[:-20]
        kept.invalidate_recordset()
        kept.action_check()
        self.assertIn("Damaged", kept.check_result)
        with self.assertRaises(UserError):
            messages[1].action_bring_back()
        self.assertEqual(self.payload_count(messages), 0)

    def test_an_archive_cannot_be_changed_deleted_or_read_around_the_masking(self):
        self.events(1)
        self.root["integration.archive"]._cron_archive()
        kept = self.archives()
        for change in (lambda: kept.write({"message_count": 9}), kept.unlink):
            with self.assertRaises(UserError):
                change()
        auditor = new_test_user(
            self.env,
            "archive-auditor",
            "finance_integration.group_auditor",
            company_id=self.company.id,
            company_ids=[(6, 0, self.company.ids)],
        )
        with self.assertRaises(AccessError):
            kept.with_user(auditor).read(["file"])
        kept.with_user(auditor).action_check()
        self.assertEqual(kept.check_result, "All 1 events are there, unchanged")

    def test_what_an_event_points_at_cannot_be_deleted(self):
        """No foreign key guards these (decision 0020)."""
        message = self.events(1)
        endpoint = self.partner_connection.endpoint_ids
        message.sudo()._write({"endpoint_id": endpoint.id})
        self.env.flush_all()
        for record in (endpoint, message.flow_id, message.lane_id):
            with self.subTest(record._name), self.assertRaises(UserError):
                record.unlink()
            self.assertTrue(record.exists())
        with self.assertRaises(UserError):
            self.partner_connection.unlink()

    def test_a_large_content_fills_a_file_alone(self):
        messages = self.events(3)
        self.startPatcher(patch.object(archive, "MAX_BYTES", 1))
        Payload = type(self.env["integration.payload"])
        with patch.object(
            Payload, "_stored_by_message", autospec=True, side_effect=Payload._stored_by_message
        ) as read:
            self.root["integration.archive"]._cron_archive()
        self.assertEqual([call.args[1] for call in read.call_args_list], [messages[0].ids])
        self.assertEqual(self.archives().mapped("message_count"), [1])
        self.root["integration.archive"]._cron_archive()
        self.root["integration.archive"]._cron_archive()
        self.assertEqual(self.archives().message_ids, messages)
