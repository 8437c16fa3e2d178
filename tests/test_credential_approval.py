# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Secrets of a connection in production change with a second person; a leaked one is ended at once (X4, C2)."""

import os
from datetime import timedelta
from unittest.mock import patch

from cryptography.fernet import Fernet

from odoo import fields
from odoo.exceptions import AccessError, UserError

from ..models.messaging import key_ring
from .approval_common import GROUP, ApprovalCommon
from .common import PARTNER_SECRET, STRIPE_SECRET

NEW = "whsec_new_0123456789abcdef"


class CredentialApprovalCommon(ApprovalCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        for person in (cls.administrator, cls.ann):
            cls.give_second_factor(person)
        cls.stripe_connection.environment = "production"
        cls.old = cls.stripe_connection.credential_ids
        cls.credentials = cls.env["integration.credential"].with_user(cls.administrator)

    @classmethod
    def give_second_factor(cls, person):
        """Secrets of real books ask for more than a password."""
        person.sudo().totp_secret = "JBSWY3DPEHPK3PXP"
        person.invalidate_recordset(["totp_enabled"])

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

    def keys(self, *keys):
        """Let the server have these encryption keys, the newest first."""
        return patch.dict(os.environ, FINANCE_INTEGRATION_KEYS=" ".join(keys))

    def request_of(self, credential):
        return self.env["integration.change.request"].search(
            [("res_model", "=", "integration.credential"), ("res_id", "=", credential.id)], limit=1
        )

    def accepted(self):
        """Return the secrets with which an event may be signed now, as the inbound route sees them."""
        facts = self.root["integration.endpoint"]._address_facts(self.stripe_connection.endpoint_ids.key)
        return {secret[0] for secret in facts["secrets"]}


class TestCredentialApproval(CredentialApprovalCommon):
    def test_a_new_secret_becomes_valid_at_the_approval(self):
        new = self.add()
        self.assertFalse(new.is_valid or new.hint or new.sudo().ciphertext)
        self.assertEqual(new.pending_hint, "…cdef")
        self.assertNotIn("0123456789", new.sudo().pending_ciphertext)
        self.assertEqual(self.accepted(), {self.old.id})
        request = self.request_of(new)
        self.assertEqual((request.kind, request.reason), ("credential", "Rotation"))
        self.assertNotIn("0123456789", str(request.sudo().read()))
        other = self.administrator.copy({"login": "ca_other"})
        self.give_second_factor(other)
        with self.assertRaises(AccessError):
            request.with_user(other).action_approve()
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
        # Nobody gives both rights to one person any more; who was given them behind Odoo's back is refused as well.
        both = self.person("ca_both", GROUP % "administrator")
        self.env.flush_all()
        self.env.cr.execute(
            "INSERT INTO res_groups_users_rel (gid, uid) VALUES (%s, %s)",
            [self.env.ref(GROUP % "approver").id, both.id],
        )
        self.env.invalidate_all()
        self.env.registry.clear_cache()
        self.assertTrue(both.has_group(GROUP % "approver"))
        self.give_second_factor(both)
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

    def test_what_waits_is_encrypted_anew_with_the_rest_and_can_still_be_approved(self):
        old_key = key_ring.newest()
        new, changed = self.add(), self.old.with_user(self.administrator)
        changed.write({"value": NEW, "pending_reason": "Rotation"})
        ring, key = key_ring._keys(), Fernet.generate_key().decode()
        with self.keys(key, *ring):
            counts = self.root["integration.encryption.key"]._counts()
            self.assertGreaterEqual(counts[old_key], 2)
            rotation = self.root["integration.key.rotation"]._start()
            while rotation._portion():
                pass
            self.env.invalidate_all()
            self.assertEqual((rotation.state, rotation.unreadable_count), ("done", 0))
            self.assertFalse(self.root["integration.encryption.key"]._counts().get(old_key))
        with self.keys(key):
            for credential in (new, changed):
                self.request_of(credential).with_user(self.ann).action_approve()
                self.assertEqual(credential.sudo()._reveal(), NEW)

    def test_a_waiting_secret_takes_the_key_of_the_one_in_use_along(self):
        """Two keys in one row could not be told from its fingerprint: the older one would count as unused."""
        old_key = key_ring.newest()
        ring, key = key_ring._keys(), Fernet.generate_key().decode()
        with self.keys(key, *ring):
            credential = self.old.with_user(self.administrator)
            credential.write({"value": NEW, "pending_reason": "Rotation"})
            self.assertNotEqual(credential.key_fingerprint, old_key)
        with self.keys(key):
            self.assertEqual(key_ring.decrypt(credential.sudo().ciphertext), STRIPE_SECRET)
            self.assertIn(NEW, key_ring.decrypt(credential.sudo().pending_ciphertext))

    def test_a_rolled_secret_ends_the_old_one_at_its_approval(self):
        old = self.old.with_user(self.administrator)
        with self.assertRaisesRegex(UserError, "Say why"):
            old._roll(NEW, 3)
        new = old._roll(NEW, 3, "Yearly change")
        self.assertFalse(new.is_valid or new.hint or old.valid_until)
        self.assertEqual(self.accepted(), {old.id})
        with self.assertRaisesRegex(UserError, "waits for approval already"):
            old._roll("whsec_another_0123456789", 3, "Once more")
        request = self.request_of(new)
        self.assertIn("3 days after the approval", [row["after"] for row in request.preview["rows"]])
        request.with_user(self.ann).action_approve()
        self.env.invalidate_all()
        self.assertEqual(self.accepted(), {old.id, new.id})
        left = old.valid_until - fields.Datetime.now()
        self.assertTrue(timedelta(days=2, hours=23) < left <= timedelta(days=3))

    def test_a_secret_kept_outside_waits_too(self):
        for name in ("value", "reference"):
            with self.assertRaises(UserError):
                self.add(**{"value": False, name: "env:not allowed"})
            new = self.add(**{"value": False, name: "env:FINANCE_SECRET_STRIPE"})
            self.assertFalse(new.reference or new.is_valid)
            self.assertEqual(new.pending_hint, "env:…")
            self.request_of(new).with_user(self.ann).action_approve()
            self.env.invalidate_all()
            self.assertEqual(new.reference, "env:FINANCE_SECRET_STRIPE")
            with self.assertRaisesRegex(UserError, "cannot be empty"):
                new.reference = False

    def test_the_audit_trail_tells_nothing_of_what_waits(self):
        new = self.add()
        kept = new.sudo().pending_ciphertext
        told = str(self.env["integration.audit.leaf"].search([], order="id desc", limit=20).mapped("detail"))
        self.assertIn("Rotation", told)
        for text in (NEW, kept[:20], "cdef"):
            self.assertNotIn(text, told)


class TestWhereASecretIsUsed(CredentialApprovalCommon):
    """Another address for tokens sends the secret elsewhere: two persons, like the secret itself (F25)."""

    def token(self, **facts):
        return self.add(
            purpose="api",
            client_id="hub",
            token_url="https://login.example/token",
            value="client-secret-0123456789",
            **facts,
        )

    def refused(self, credential, values):
        before = {name: credential.sudo()[name] for name in values}
        for user in (self.administrator, self.env.ref("base.user_admin"), self.env.ref("base.user_root")):
            with self.assertRaises(UserError), self.env.cr.savepoint():
                credential.with_user(user).write(values)
        self.env.invalidate_all()
        self.assertEqual({name: credential.sudo()[name] for name in values}, before)

    def test_the_approver_sees_where_it_is_used_and_nobody_changes_that_afterwards(self):
        credential = self.token()
        request = self.request_of(credential)
        shown = {row["field"]: row["after"] for row in request.sudo().preview["rows"]}
        self.assertEqual((shown["token_url"], shown["client_id"]), ("https://login.example/token", "hub"))
        self.refused(credential, {"token_url": "https://elsewhere.example/token"})
        request.with_user(self.ann).action_approve()
        self.env.invalidate_all()
        self.assertTrue(credential.is_valid)
        for values in (
            {"token_url": "https://elsewhere.example/token"},
            {"client_id": "other"},
            {"audience": "other"},
            {"scope": "everything"},
            {"client_in_body": True},
            {"token_url": "https://elsewhere.example/token", "pending_reason": "moved"},
        ):
            self.refused(credential, values)
        credential.with_user(self.administrator).write({"token_url": "https://login.example/token"})

    def test_of_a_connection_that_is_not_on_real_books_one_person_changes_it(self):
        credential = self.credentials.create(
            {
                "connection_id": self.partner_connection.id,
                "purpose": "api",
                "client_id": "hub",
                "token_url": "https://login.example/token",
                "value": "client-secret-0123456789",
            }
        )
        credential.write({"token_url": "https://elsewhere.example/token"})
        self.assertEqual(credential.token_url, "https://elsewhere.example/token")
