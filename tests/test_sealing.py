# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Contents are stored encrypted, read where they must be, and erased by destroying their keys (C9)."""

import os
from datetime import timedelta
from unittest.mock import patch

from cryptography.fernet import Fernet

from odoo import fields
from odoo.exceptions import AccessError, UserError
from odoo.tests import new_test_user, tagged

from ..engine import sealing
from ..engine.canonical_json import digest
from ..engine.errors import IntegrationError
from ..models.messaging import key_ring
from ..simulators.partner import documents
from .common import ANNA, BEN, IntegrationCommon


class SealingCommon(IntegrationCommon):
    def stored(self, messages):
        """Return [(raw, documents, share)] as they stand in the database."""
        self.env.flush_all()
        self.env.cr.execute(
            """
            SELECT p.raw, p.documents::text, m.key_share FROM integration_payload p
              JOIN integration_message m ON m.id = p.message_id WHERE m.id = ANY(%s) ORDER BY m.id
            """,
            [messages.ids],
        )
        return [
            (bytes(raw or b""), told, share and bytes(share)) for raw, told, share in self.env.cr.fetchall()
        ]

    def invoice_message(self, number="S-1", party=ANNA):
        line = documents.Line("Advice", documents.Decimal(1), documents.Decimal("100.00"), ("STD",))
        document = documents.invoice(number, party, [line], self.clock.now, due_date=self.clock.now.date())
        return self.send_partner("invoice.issued", document)

    def raw(self, message):
        return self.env["integration.payload"]._raw_by_message(message.ids)[message.id]


class TestStored(SealingCommon):
    def test_nothing_readable_is_in_the_tables(self):
        message = self.invoice_message()
        [(raw, told, share)] = self.stored(message)
        self.assertTrue(sealing.is_sealed(raw))
        self.assertEqual(len(share), sealing.SHARE_BYTES)
        for text in (raw, told.encode()):
            self.assertNotIn(b"anna@bakery", text)
            self.assertNotIn(b"100.00", text)
        self.assert_done(message)
        self.assertEqual(self.became(message, "account.move").amount_untaxed, 100.0)
        self.assertEqual(digest(self.raw(message)), message.body_digest)
        self.assertIn("S-1", message.payload_text)
        self.assertIn("S-1", message.documents_text)

    def test_a_repetition_is_recognised(self):
        document = documents.as_event("tests", "customer.updated", documents.customer(ANNA, self.clock.now))
        headers = {"webhook-id": document.id}
        first, message = self.accept(self.partner_connection, document.body, headers)
        again, same = self.accept(self.partner_connection, document.body, headers)
        self.assertEqual((first, again, message), ("new", "duplicate", same))

    def test_a_connection_may_store_them_as_they_come(self):
        self.partner_connection.content_protection = "none"
        [(raw, told, share)] = self.stored(self.invoice_message())
        self.assertIn(b"anna@bakery", raw)
        self.assertIn("anna@bakery", told)
        self.assertIsNone(share)
        # What was stored encrypted before can still be read, and the other way round.
        self.partner_connection.content_protection = "all"
        self.assertTrue(self.stored(self.invoice_message("S-2"))[0][2])

    def test_what_we_tell_others_is_encrypted_too(self):
        self.partner_connection.delivery_url = "https://partner.example/hook"
        invoice = self.issue("S-9")
        told = self.root["integration.message"].search(
            [("direction", "=", "out"), ("object_key", "=", f"invoice:{invoice.id}")]
        )
        self.assertTrue(told)
        [(_raw, text, share)] = self.stored(told)
        self.assertTrue(share)
        self.assertNotIn(invoice.name, text)
        [documents_told] = self.env["integration.payload"]._documents_by_message(told.ids).values()
        self.assertEqual(documents_told[0]["entry_number"], invoice.name)

    def test_a_lost_key_is_named_and_the_event_waits_for_a_person(self):
        keys = [Fernet.generate_key().decode() for _key in range(2)]
        connection = self._connection("generic", "Other key")
        with patch.dict(os.environ, FINANCE_INTEGRATION_KEYS=keys[0]):
            self.env["integration.data.key"].search([("connection_id", "=", connection.id)]).sudo().unlink()
            self.env["integration.data.key"]._ensure(connection)
            self._secret(connection, "inbound_signature", "whsec_" + "c2VjcmV0" * 4)
            connection.action_activate()
            document = documents.as_event(
                "tests", "customer.updated", documents.customer(BEN, self.clock.now)
            )
            _verdict, message = self.accept(connection, document.body, {"webhook-id": document.id})
        self.env.flush_all()
        with patch.dict(os.environ, FINANCE_INTEGRATION_KEYS=keys[1]):
            self.drain(connection)
            self.assertEqual((message.status, message.error_code), ("parked", "content_unreadable"))
            self.assertIn("its key is missing", " ".join((message.payload_text, message.error_text)))
        with patch.dict(os.environ, FINANCE_INTEGRATION_KEYS=f"{keys[1]} {keys[0]}"):
            message.action_try_again()
            self.drain(connection)
            self.assertEqual(message.status, "done")

    def test_the_keys_of_contents_go_over_with_the_others(self):
        message = self.invoice_message()
        key = self.env["integration.data.key"].search([("connection_id", "=", self.partner_connection.id)])
        old, before = key.sudo().wrapped, self.stored(message)
        newest = Fernet.generate_key().decode()
        with patch.dict(os.environ, FINANCE_INTEGRATION_KEYS=f"{newest} {self.configured()}"):
            rotation = self.root["integration.key.rotation"]._start()
            while rotation._portion():
                pass
            rotation.invalidate_recordset()
            self.assertEqual(rotation.state, "done")
        with patch.dict(os.environ, FINANCE_INTEGRATION_KEYS=newest):
            key.invalidate_recordset()
            self.assertNotEqual(key.sudo().wrapped, old)
            self.assertEqual(self.stored(message), before)
            self.assertIn(b"S-1", self.raw(message))

    def configured(self):
        return " ".join(key_ring._keys())


@tagged("post_install", "-at_install")
class TestErasure(SealingCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        facts = {"company_id": cls.company.id, "company_ids": [(6, 0, cls.company.ids)]}
        approver = "finance_integration.group_approver"
        cls.operator = new_test_user(
            cls.env, "er_operator", groups="finance_integration.group_operator", **facts
        )
        cls.approver = new_test_user(cls.env, "er_approver", groups=approver, **facts)
        cls.controller = new_test_user(
            cls.env, "er_controller", groups=f"{approver},account.group_account_manager", **facts
        )

    def setUp(self):
        super().setUp()
        self.startPatcher(
            patch.object(type(self.env["ir.cron"]), "_commit_progress", lambda *_args, **_kwargs: 0)
        )
        self.anna = self.invoice_message("E-1", ANNA)
        self.ben = self.invoice_message("E-2", BEN)
        self.person = self.became(self.anna, "account.move").partner_id

    def ask(self, user=None):
        erasure = (
            self.env["integration.erasure"]
            .with_user(user or self.operator)
            .with_company(self.company)
            .create({"partner_id": self.person.id, "reason": "Asked by e-mail"})
        )
        erasure.action_ask()
        return erasure

    def approve(self, erasure, *people):
        request = self.env["integration.change.request"].search(
            [("res_model", "=", erasure._name), ("res_id", "=", erasure.id), ("state", "=", "asked")]
        )
        for person in people or (self.approver, self.controller):
            request.with_user(person).action_approve()
        self.env.invalidate_all()
        return request

    def erased(self, message):
        try:
            self.raw(message)
        except IntegrationError as error:
            return error.code == "content_erased"
        return False

    def test_nobody_reads_it_any_more_and_the_books_stay(self):
        told, move = self.anna.body_digest, self.became(self.anna, "account.move")
        erasure = self.ask()
        self.assertEqual((erasure.state, erasure.found_count), ("asked", 1))
        self.approve(erasure)
        self.assertEqual((erasure.state, erasure.erased_count), ("done", 1))
        self.assertTrue(self.erased(self.anna))
        self.assertFalse(self.erased(self.ben))
        self.assertIsNone(self.stored(self.anna)[0][2])
        self.assertIn("was erased", self.anna.payload_text)
        self.assertFalse(self.anna.documents_text)
        self.assertTrue(self.anna.content_erased_at)
        self.assertEqual((self.anna.body_digest, self.anna.status), (told, "done"))
        self.assertEqual((move.state, move.amount_untaxed), ("posted", 100.0))
        leaf = self.env["integration.audit.leaf"].search([("action", "=", "payload.erase")])
        self.assertEqual((leaf.message_id, leaf.subject_digest), (self.anna, told))
        self.assertTrue(leaf._is_genuine())

    def test_archives_stay_and_say_so(self):
        self.partner_connection.flow_ids.retention_days = 1
        then = fields.Datetime.now() - timedelta(days=9)
        self.env.cr.execute(
            "UPDATE integration_message SET finished_at = %s WHERE id = ANY(%s)",
            (then, (self.anna | self.ben).ids),
        )
        self.env.invalidate_all()
        self.root["integration.archive"]._cron_archive()
        archive = self.anna.archive_id
        self.assertEqual(archive, self.ben.archive_id)
        file_digest = archive.file_digest
        archive.action_check()
        self.assertIn("unchanged", archive.check_result)
        self.approve(self.ask())
        self.assertTrue(self.erased(self.anna))
        self.assertIn(b"E-2", self.raw(self.ben))
        archive.action_check()
        self.assertIn("1 were erased on request", archive.check_result)
        self.assertEqual(archive.file_digest, file_digest)

    def test_what_was_stored_before_encryption_is_overwritten(self):
        self.partner_connection.content_protection = "none"
        plain = self.invoice_message("E-3", ANNA)
        self.assertIn(b"anna@bakery", self.stored(plain)[0][0])
        self.approve(self.ask())
        [(raw, told, _share)] = self.stored(plain)
        self.assertEqual((raw, told), (sealing.ERASED, None))
        self.assertTrue(self.erased(plain))

    def test_two_different_people_agree_and_never_who_asked(self):
        erasure = self.ask()
        request = self.approve(erasure, self.approver)
        self.assertEqual((request.state, erasure.state), ("asked", "asked"))
        with self.assertRaises(UserError):
            request.with_user(self.approver).action_approve()
        self.assertFalse(self.erased(self.anna))
        with self.assertRaises(UserError):
            erasure.sudo()._carry_out(request.sudo())
        with self.assertRaises(UserError):
            erasure.with_user(self.operator).write({"state": "done"})
        with self.assertRaises(UserError):
            self.env["integration.erasure"].with_user(self.operator).create(
                {"partner_id": self.person.id, "reason": "x", "state": "done"}
            )
        with self.assertRaises(UserError):
            erasure.with_user(self.operator).write({"partner_id": self.env.user.partner_id.id})

    def test_refused_it_can_be_asked_again(self):
        erasure = self.ask()
        request = self.env["integration.change.request"].search([("res_id", "=", erasure.id)])
        request.filtered(lambda row: row.res_model == erasure._name).with_user(self.approver).action_refuse(
            "No ground"
        )
        self.assertEqual(erasure.state, "draft")
        self.assertFalse(self.erased(self.anna))

    def test_a_legal_hold_forbids_it(self):
        erasures = self.env["integration.erasure"].with_company(self.company)
        erasure = erasures.create({"partner_id": self.person.id, "reason": "Asked"})
        self.partner_connection.write({"legal_hold": True, "legal_hold_reason": "Court"})
        erasure.invalidate_recordset()
        with self.assertRaises(UserError):
            erasure.action_ask()
        self.partner_connection.legal_hold = False
        erasure.invalidate_recordset()
        erasure.action_ask()
        self.partner_connection.write({"legal_hold": True, "legal_hold_reason": "Court"})
        request = self.approve(erasure, self.approver)
        with self.assertRaises(UserError):
            request.with_user(self.controller).action_approve()
        self.assertFalse(self.erased(self.anna))

    def test_an_auditor_looks_and_another_company_does_not(self):
        erasure = self.ask()
        auditor = new_test_user(self.env, "er_auditor", groups="finance_integration.group_auditor",
                                company_id=self.company.id, company_ids=[(6, 0, self.company.ids)])  # fmt: skip
        self.assertEqual(erasure.with_user(auditor).state, "asked")
        with self.assertRaises(AccessError):
            self.env["integration.erasure"].with_user(auditor).create(
                {"partner_id": self.person.id, "reason": "x"}
            )
        other = self.setup_other_company()["company"]
        foreigner = new_test_user(self.env, "er_foreign", groups="finance_integration.group_operator",
                                  company_id=other.id, company_ids=[(6, 0, other.ids)])  # fmt: skip
        self.assertFalse(
            self.env["integration.erasure"].with_user(foreigner).search([("id", "=", erasure.id)])
        )
