# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Secrets of a connection in production change with a second person; a leaked one is ended at once (X4, C2)."""

from datetime import timedelta

from odoo import fields
from odoo.exceptions import AccessError, UserError

from ..models.messaging import key_ring
from .approval_common import GROUP, ApprovalCommon
from .common import PARTNER_SECRET, STRIPE_SECRET

NEW = "whsec_new_0123456789abcdef"


class TestCredentialApproval(ApprovalCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.stripe_connection.environment = "production"
        cls.old = cls.stripe_connection.credential_ids
        cls.credentials = cls.env["integration.credential"].with_user(cls.administrator)

    def add(self, **facts):
        return self.credentials.create(
            {
                "connection_id": self.stripe_connection.id,
                "purpose": "inbound_signature",
                "value": NEW,
                "pending_reason": "Rotation",
                **facts,
            }
        )

    def request_of(self, credential):
        return self.env["integration.change.request"].search(
            [("res_model", "=", "integration.credential"), ("res_id", "=", credential.id)], limit=1
        )

    def accepted(self):
        """Return the secrets with which an event may be signed now, as the inbound route sees them."""
        facts = self.root["integration.endpoint"]._address_facts(self.stripe_connection.endpoint_ids.key)
        return {secret[0] for secret in facts["secrets"]}

    def test_a_new_secret_becomes_valid_at_the_approval(self):
        new = self.add()
        self.assertFalse(new.is_valid or new.hint or new.sudo().ciphertext)
        self.assertEqual(new.pending_hint, "…cdef")
        self.assertNotIn("0123456789", new.sudo().pending_ciphertext)
        self.assertEqual(self.accepted(), {self.old.id})
        request = self.request_of(new)
        self.assertEqual((request.kind, request.reason), ("credential", "Rotation"))
        self.assertNotIn("0123456789", str(request.sudo().read()))
        with self.assertRaises(AccessError):
            request.with_user(self.administrator.copy({"login": "ca_other"})).action_approve()
        request.with_user(self.ann).action_approve()
        self.env.invalidate_all()
        self.assertTrue(new.is_valid)
        self.assertFalse(new.pending_hint or new.sudo().pending_ciphertext)
        self.assertEqual(new.sudo()._reveal(), NEW)
        self.assertEqual(self.accepted(), {self.old.id, new.id})

    def test_the_old_secret_stays_until_the_new_one_is_approved(self):
        old = self.old.with_user(self.administrator)
        old.write({"value": NEW, "pending_reason": "It may have leaked"})
        self.assertEqual(key_ring.decrypt(old.sudo().ciphertext), STRIPE_SECRET)
        request = self.request_of(old)
        [row] = [row for row in request.preview["rows"] if row["field"] == "hint"]
        self.assertEqual((row["before"], row["after"]), (f"…{STRIPE_SECRET[-4:]}", "…cdef"))
        with self.assertRaisesRegex(UserError, "waits for approval already"):
            old.write({"value": "another secret of sixteen", "pending_reason": "x"})
        request.with_user(self.ann).action_refuse("I know nothing of this")
        self.env.invalidate_all()
        self.assertEqual(key_ring.decrypt(old.sudo().ciphertext), STRIPE_SECRET)
        self.assertFalse(old.sudo().pending_ciphertext)
        old.write({"value": NEW, "pending_reason": "Agreed with Ann"})
        self.request_of(old).with_user(self.ann).action_approve()
        self.assertEqual(key_ring.decrypt(old.sudo().ciphertext), NEW)

    def test_a_reason_is_asked_for(self):
        with self.assertRaisesRegex(UserError, "Say why"):
            self.add(pending_reason=" ")
        with self.assertRaisesRegex(UserError, "Say why"):
            self.old.with_user(self.administrator).value = NEW
        self.assertEqual(key_ring.decrypt(self.old.sudo().ciphertext), STRIPE_SECRET)

    def test_another_secret_than_the_approved_one_is_not_set(self):
        new = self.add()
        request = self.request_of(new)
        self.env.flush_all()
        self.env.cr.execute(
            "UPDATE integration_credential SET pending_ciphertext = %s WHERE id = %s",
            [key_ring.encrypt('{"value": "of an attacker"}'), new.id],
        )
        self.env.invalidate_all()
        with self.assertRaisesRegex(UserError, "has changed since"):
            request.with_user(self.ann).action_approve()
        self.assertFalse(new.is_valid)

    def test_a_leaked_secret_is_ended_by_one_person_and_recorded(self):
        self.old.with_user(self.administrator).action_end_now()
        self.env.invalidate_all()
        self.assertFalse(self.old.is_valid)
        leaf = self.env["integration.audit.leaf"].search([("action", "=", "credential.end")], limit=1)
        self.assertEqual((leaf.user_id, leaf.res_id), (self.administrator, self.stripe_connection.id))
        with self.assertRaisesRegex(UserError, "not made valid for longer"):
            self.old.with_user(self.administrator).valid_until = False
        with self.assertRaisesRegex(UserError, "not made valid for longer"):
            self.old.with_user(self.administrator).valid_until = fields.Datetime.now() + timedelta(days=1)
        for user in (self.operator, self.ann, self.auditor):
            with self.assertRaises(AccessError):
                self.old.with_user(user).action_end_now()

    def test_an_end_in_the_future_is_one_persons(self):
        until = fields.Datetime.now() + timedelta(days=2)
        self.old.with_user(self.administrator).valid_until = until
        self.assertEqual(self.old.valid_until, until.replace(microsecond=0))

    def test_neither_a_pause_nor_another_environment_is_a_way_around(self):
        connection = self.stripe_connection.with_user(self.administrator)
        connection.action_pause()
        self.assertFalse(self.add().is_valid)
        connection.flow_ids.sudo().with_context(integration_flow_life=self.key()).write(
            {"approved_by_id": self.ann.id}
        )
        connection.environment = "sandbox"
        self.assertFalse(self.add().is_valid)
        for values in ({"purpose": "api"}, {"connection_id": self.partner_connection.id}):
            with self.assertRaisesRegex(UserError, "stays with its connection"):
                self.old.with_user(self.administrator).write(values)

    def key(self):
        from ..models.messaging.flow_life import _KEY

        return _KEY

    def test_nobody_forges_it_by_hand(self):
        for context in ({}, {"integration_credential_approval": True}):
            credential = self.old.with_user(self.administrator).with_context(**context)
            with self.assertRaises(UserError):
                credential.write({"value": NEW})
            with self.assertRaises(AccessError):
                credential.write({"ciphertext": "x"})
            with self.assertRaises(AccessError):
                credential.read(["pending_ciphertext"])
        self.assertEqual(key_ring.decrypt(self.old.sudo().ciphertext), STRIPE_SECRET)

    def test_a_test_connection_is_one_persons(self):
        credential = self.credentials.create(
            {
                "connection_id": self.partner_connection.id,
                "purpose": "inbound_signature",
                "value": PARTNER_SECRET,
            }
        )
        self.assertTrue(credential.is_valid)
        self.assertFalse(self.request_of(credential))

    def test_who_set_up_and_approves_is_two_people_even_with_both_rights(self):
        both = self.person("ca_both", f"{GROUP % 'administrator'},{GROUP % 'approver'}")
        new = self.credentials.with_user(both).create(
            {
                "connection_id": self.stripe_connection.id,
                "purpose": "api",
                "value": "sk_live_0123456789",
                "pending_reason": "New key",
            }
        )
        with self.assertRaisesRegex(UserError, "own request"):
            self.request_of(new).with_user(both).action_approve()
        self.assertFalse(new.is_valid)
