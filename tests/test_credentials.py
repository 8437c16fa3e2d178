# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Secrets kept elsewhere, the keys that encrypt the others, and their change (C2)."""

import os
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from unittest.mock import patch

from cryptography.fernet import Fernet
from requests import Session

from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import new_test_user

from ..controllers import reading
from ..engine.errors import IntegrationError
from ..models.credentials import key_rotation, rolling
from ..models.messaging import fetched, key_ring, secret_store
from ..models.messaging.fetched import NeedsFetchError, with_fetches
from ..models.messaging.own_transaction import in_own_transaction
from ..simulators.local_server import serving
from ..simulators.partner.signing import signature
from ..simulators.vault import Vault, vault_server
from .common import PARTNER_SECRET, IntegrationCommon
from .deliveries import send_for_real


def signed_headers(secret, body, event_id="evt-1"):
    """Return the headers of an event that is signed now, as the inbound route sees them."""
    stamp = int(time.time())
    return [
        ("webhook-id", event_id),
        ("webhook-timestamp", str(stamp)),
        ("webhook-signature", signature(event_id, stamp, body, secret)),
    ]


class CredentialCommon(IntegrationCommon):
    def setUp(self):
        super().setUp()
        fetched.forget()
        self.addCleanup(fetched.forget)
        # Odoo's own tests let no request out; those of this class go to simulators on this machine.
        self.startPatcher(patch.object(Session, "send", send_for_real))

    def environment(self, **values):
        """Set variables of the server's environment for this test."""
        self.startPatcher(patch.dict(os.environ, values))

    def here(self, module):
        """Let a step that would be a transaction of its own happen in the test's transaction."""
        self.startPatcher(
            patch.object(
                module, "in_own_transaction", lambda _registry, step: with_fetches(lambda: step(self.root))
            )
        )

    def reference(self, text, connection=None, purpose="api"):
        values = {
            "connection_id": (connection or self.stripe_connection).id, "purpose": purpose, "reference": text,
        }  # fmt: skip
        return self.env["integration.credential"].create(values)

    def refused(self, code, run):
        """Run what must fail with this code and return the error; what was written before it stays."""
        try:
            run()
        except IntegrationError as error:
            self.assertEqual(error.code, code)
            return error
        raise AssertionError(f"not refused: {code}")


class TestReferences(CredentialCommon):
    def test_a_variable_of_the_environment_is_read_at_each_use(self):
        credential = self.reference("env:FINANCE_SECRET_STRIPE").sudo()
        self.assertTrue(credential.is_valid)
        error = self.refused("secret_reference_unresolved", credential._reveal)
        self.assertIn("env:FINANCE_SECRET_STRIPE", error.sentence)
        for value in ("sk_first", "sk_second"):
            self.environment(FINANCE_SECRET_STRIPE=value)
            self.assertEqual(credential._reveal(), value)
        self.env.cr.execute("SELECT ciphertext FROM integration_credential WHERE id = %s", [credential.id])
        self.assertEqual(self.env.cr.fetchone(), (None,))

    def test_a_reference_that_is_typed_as_the_secret_is_one(self):
        credential = self._secret(self.stripe_connection, "api", "env:FINANCE_SECRET_STRIPE")
        self.assertEqual(credential.reference, "env:FINANCE_SECRET_STRIPE")
        self.assertFalse(credential.sudo().ciphertext)
        # And a secret takes the place of a reference.
        credential.value = "sk_live_0123456789abcdef"
        self.assertFalse(credential.reference)
        self.assertEqual(credential.sudo()._reveal(), "sk_live_0123456789abcdef")
        credential.reference = "env:FINANCE_SECRET_OTHER"
        self.assertFalse(credential.sudo().ciphertext)

    def test_what_may_not_be_referred_to_is_refused_when_it_is_entered(self):
        for text in ("env:FINANCE_INTEGRATION_KEYS", "file:../odoo.conf", "vault:secret"):
            with self.assertRaises(ValidationError):
                self.reference(text)

    def test_a_file_that_only_its_owner_reads(self):
        with TemporaryDirectory() as folder:
            path = Path(folder) / "stripe"
            path.write_text("sk_file\n")
            path.chmod(0o600)
            self.environment(FINANCE_INTEGRATION_SECRET_ROOTS=f"secrets={folder}")
            credential = self.reference("file:secrets/stripe").sudo()
            self.assertEqual(credential._reveal(), "sk_file")
            for mode in (0o640, 0o604, 0o602):
                path.chmod(mode)
                error = self.refused("secret_reference_unresolved", credential._reveal)
                self.assertIn("others than its owner", error.params["reason"])
            path.chmod(0o600)
            path.write_text(" ")
            self.assertIn("empty", self.refused("secret_reference_unresolved", credential._reveal).sentence)
            path.write_bytes(b"\xff\xfe")
            self.refused("secret_reference_unresolved", credential._reveal)
            path.write_text("x" * 30_000)
            self.assertIn(
                "too long", self.refused("secret_reference_unresolved", credential._reveal).sentence
            )
            path.unlink()
            self.assertIn("missing", self.refused("secret_reference_unresolved", credential._reveal).sentence)

    def test_a_link_stays_below_its_root_or_is_refused(self):
        with TemporaryDirectory() as folder, TemporaryDirectory() as outside:
            for place in (Path(folder) / "real", Path(outside) / "key"):
                place.write_text(f"of {place.name}")
                place.chmod(0o600)
            (Path(folder) / "inside").symlink_to("real")
            (Path(folder) / "out").symlink_to(Path(outside) / "key")
            self.environment(FINANCE_INTEGRATION_SECRET_ROOTS=f"secrets={folder}")
            self.assertEqual(self.reference("file:secrets/inside").sudo()._reveal(), "of real")
            error = self.refused(
                "secret_reference_unresolved", self.reference("file:secrets/out").sudo()._reveal
            )
            self.assertIn("out of its folder", error.sentence)
            self.refused("secret_reference_unresolved", self.reference("file:other/real").sudo()._reveal)
            os.mkfifo(Path(folder) / "pipe", 0o600)
            self.refused("secret_reference_unresolved", self.reference("file:secrets/pipe").sudo()._reveal)


class TestVault(CredentialCommon):
    def setUp(self):
        super().setUp()
        self.vault = Vault(token="hvs.test")
        self.vault.put("secret", "finance/stripe", api_key="sk_vault")
        server = self.enterContext(serving(vault_server(self.vault)))
        self.environment(
            FINANCE_INTEGRATION_VAULT_ADDRESS=server.url, FINANCE_INTEGRATION_VAULT_TOKEN="hvs.test"
        )
        self.credential = self.reference("vault:secret/finance/stripe#api_key").sudo()

    def reveal(self):
        return with_fetches(self.credential._reveal)

    def test_it_is_never_fetched_inside_a_transaction(self):
        with self.assertRaises(NeedsFetchError):
            self.credential._reveal()
        self.assertEqual(self.vault.reads, 0)
        self.assertEqual(self.reveal(), "sk_vault")
        self.assertEqual(self.credential._reveal(), "sk_vault")
        self.assertEqual(self.vault.reads, 1)

    def test_a_step_is_done_again_once_it_was_fetched(self):
        states = []

        def step(env):
            states.append(self.vault.reads)
            return secret_store.value_of("vault:secret/finance/stripe#api_key")

        found = in_own_transaction(self.env.registry, step)
        self.assertEqual((found, states), ("sk_vault", [0, 1]))

    def test_a_changed_secret_is_used_after_a_moment(self):
        self.reveal()
        self.vault.put("secret", "finance/stripe", api_key="sk_next")
        self.assertEqual(self.reveal(), "sk_vault")
        fetched.forget()
        self.assertEqual(self.reveal(), "sk_next")

    def test_what_the_vault_says_is_named(self):
        self.vault.token = "another"
        error = self.refused("secret_store_refused", self.reveal)
        self.assertIn("vault:secret/finance/stripe", error.sentence)
        # A failure is remembered for a moment: a vault in trouble is not asked for each event.
        self.refused("secret_store_refused", self.reveal)
        self.assertEqual(self.vault.reads, 1)
        self.vault.token = "hvs.test"
        for change, code in (
            (lambda: self.vault.delete("secret", "finance/stripe"), "secret_reference_unresolved"),
            (lambda: setattr(self.vault, "sealed", True), "secret_store_unavailable"),
            (lambda: setattr(self.vault, "status", 500), "secret_store_unavailable"),
        ):
            change()
            fetched.forget()
            self.refused(code, self.reveal)

    def test_without_a_vault_in_the_configuration(self):
        self.environment(FINANCE_INTEGRATION_VAULT_ADDRESS="")
        self.assertIn("names no vault", self.refused("secret_reference_unresolved", self.reveal).sentence)
        self.environment(FINANCE_INTEGRATION_VAULT_ADDRESS="http://127.0.0.1:1")
        fetched.forget()
        self.refused("secret_store_unavailable", self.reveal)

    def test_an_event_is_verified_with_a_secret_of_the_vault(self):
        self.vault.put("secret", "partner", signing=PARTNER_SECRET)
        self.partner_connection.credential_ids.reference = "vault:secret/partner#signing"
        facts = self.env["integration.endpoint"]._address_facts(self.partner_connection.endpoint_ids.key)
        body, ended = b"{}", []
        headers = signed_headers(PARTNER_SECRET, body)
        verified = reading.verify(facts, body, headers, before_fetch=lambda: ended.append(True))
        self.assertEqual(verified.secret_id, str(self.partner_connection.credential_ids.id))
        self.assertEqual((ended, self.vault.reads), ([True], 1))
        fetched.forget()
        self.vault.sealed = True
        with self.assertRaises(reading.RefusedRequestError) as caught:
            reading.verify(facts, body, headers)
        self.assertEqual(caught.exception.response[0], 503)
        self.assertEqual(caught.exception.code, "secret_store_unavailable")

    def test_the_button_says_what_came_of_it(self):
        self.here(rolling)
        rolling._test_now(self.env.registry, self.credential.id)
        self.assertIn("It can be used", self.credential.tested)
        self.vault.token = "another"
        fetched.forget()
        rolling._test_now(self.env.registry, self.credential.id)
        self.assertIn("The vault does not let us read the secret", self.credential.tested)
        self.assertNotIn("sk_vault", self.credential.tested)


class TestKeys(CredentialCommon):
    def setUp(self):
        super().setUp()
        self.old, self.new = (Fernet.generate_key().decode() for _key in range(2))
        self.environment(FINANCE_INTEGRATION_KEYS=self.old)
        self.here(key_rotation)
        self.credentials = self.env["integration.credential"]
        for number in range(7):
            self.credentials |= self._secret(self.stripe_connection, "api", f"sk_{number}_0123456789abcdef")
        # Those of the common set-up are encrypted with the key of this server's data directory.
        others = self.env["integration.credential"].search([("id", "not in", self.credentials.ids)])
        for credential in others.filtered(lambda row: row.purpose == "inbound_signature"):
            credential.value = PARTNER_SECRET
        # What was replaced is kept for old signatures, under a key that these tests do not have.
        known = self.credentials | others
        self.env["integration.credential"].search([("id", "not in", known.ids)]).sudo().unlink()
        data_keys = self.env["integration.data.key"].sudo().search([])
        connections = data_keys.connection_id
        data_keys.unlink()
        self.env["integration.data.key"]._ensure(connections)
        self.data_key_count = len(connections)
        self.total = len(self.credentials) + 2 + self.data_key_count

    def keys(self, text):
        self.environment(FINANCE_INTEGRATION_KEYS=text)

    def states(self):
        self.env["integration.encryption.key"]._refresh()
        rows = self.env["integration.encryption.key"].search([])
        rows.invalidate_recordset()
        return {
            row.fingerprint: row.state
            for row in rows
            if row.fingerprint in (self.print_old(), self.print_new())
        }

    def print_old(self):
        return key_ring._fingerprint(self.old)

    def print_new(self):
        return key_ring._fingerprint(self.new)

    def rotate(self, portions=None, size=3):
        rotation = self.root["integration.key.rotation"]._start()
        for _portion in range(portions or 100):
            if not rotation._portion(size):
                break
        rotation.invalidate_recordset()
        return rotation

    def test_everything_is_encrypted_with_the_newest_key_in_portions(self):
        self.assertEqual(self.states(), {self.print_old(): "newest"})
        self.keys(f"{self.new} {self.old}")
        self.assertEqual(self.states(), {self.print_new(): "newest", self.print_old(): "needed"})
        rotation = self.rotate(portions=2)
        self.assertEqual((rotation.state, rotation.done_count), ("running", 6))
        self.assertEqual(rotation.total_count, self.total)
        self.assertAlmostEqual(rotation.progress, 600 / self.total, 1)
        # Whoever starts it again goes on where it stopped.
        again = self.rotate()
        self.assertEqual(again, rotation)
        self.assertEqual(
            (rotation.state, rotation.done_count, rotation.unreadable_count), ("done", self.total, 0)
        )
        self.assertEqual(self.states(), {self.print_new(): "newest", self.print_old(): "removable"})
        self.assertIn(self.print_old(), rotation.result)
        self.keys(self.new)
        for number, credential in enumerate(self.credentials.sudo()):
            self.assertEqual(credential._reveal(), f"sk_{number}_0123456789abcdef")
        self.assertEqual(self.states(), {self.print_new(): "newest", self.print_old(): "gone"})
        leaves = self.env["integration.audit.leaf"].search(
            [("action", "in", ("keys.rotate", "keys.rotated"))]
        )
        self.assertEqual(len(leaves), 2)

    def test_a_lost_key_is_named_and_nothing_is_half_applied(self):
        stored = self.stored()
        self.keys(self.new)
        self.assertEqual(self.states(), {self.print_new(): "newest", self.print_old(): "missing"})
        rotation = self.rotate()
        self.assertEqual(
            (rotation.state, rotation.done_count, rotation.unreadable_count), ("done", 0, self.total)
        )
        self.assertIn(f"{self.total} cannot be read", rotation.result)
        self.assertEqual(self.stored(), stored)
        self.assertTrue(all(self.credentials.mapped("is_unreadable")))
        self.assertEqual(len(self.exceptions("credential_unreadable")), 9)
        # The key comes back: everything can be read again, and goes over.
        self.keys(f"{self.new} {self.old}")
        self.env["integration.credential"]._check_readable()
        self.assertFalse(self.exceptions("credential_unreadable"))
        self.assertEqual(self.rotate().done_count, self.total)

    def test_a_secret_that_is_entered_once_more_can_be_read(self):
        self.keys(self.new)
        self.rotate()
        self.credentials[0].value = "sk_again_0123456789"
        self.assertFalse(self.credentials[0].is_unreadable)
        self.assertEqual(len(self.exceptions("credential_unreadable")), 8)
        self.assertEqual(self.credentials[0].key_fingerprint, self.print_new())

    def test_another_key_in_front_while_it_runs_stops_it(self):
        self.keys(f"{self.new} {self.old}")
        rotation = self.rotate(portions=1)
        self.keys(f"{Fernet.generate_key().decode()} {self.new} {self.old}")
        self.assertEqual(rotation._portion(3), 0)
        self.assertEqual(rotation.state, "stopped")
        self.assertIn("another one now", rotation.result)
        following = self.rotate()
        self.assertNotEqual(following, rotation)
        self.assertEqual((following.state, following.done_count), ("done", self.total))

    def test_a_key_that_is_none_is_named(self):
        for text in ("short", f"{self.old} short"):
            self.keys(text)
            self.refused("encryption_key_unusable", lambda: key_ring.encrypt("x"))
            with self.assertRaises(UserError):
                self.env["integration.key.rotation"]._start()
        self.environment(FINANCE_INTEGRATION_KEYS="", FINANCE_INTEGRATION_KEY_FILE="/nonexistent/key")
        self.refused("encryption_key_unusable", lambda: key_ring.encrypt("x"))

    def test_only_an_administrator_sees_and_changes_keys(self):
        operator = new_test_user(self.env, "keys", groups="finance_integration.group_approver")
        keys = self.env["integration.encryption.key"].with_user(operator)
        for refused in (keys._open_keys, keys.action_encrypt_anew, lambda: keys.search([])):
            with self.assertRaises(AccessError):
                refused()

    def stored(self):
        self.env.flush_all()
        self.env.cr.execute("SELECT id, ciphertext, key_fingerprint FROM integration_credential ORDER BY id")
        return self.env.cr.fetchall()
