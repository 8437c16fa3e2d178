# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Secrets that are followed by others: both accepted for a while, seen, warned of; copies that reach nobody (C2)."""

from datetime import timedelta
from unittest.mock import patch

from odoo import fields
from odoo.exceptions import AccessError, UserError
from odoo.modules.neutralize import neutralize_database
from odoo.tests import Form, new_test_user

from ..controllers import reading
from ..models.messaging import last_seen
from ..simulators.partner.signing import make_secret
from .common import PARTNER_SECRET
from .test_credentials import CredentialCommon, signed_headers

BODY = b'{"type": "none"}'


class EndsCommon(CredentialCommon):
    def setUp(self):
        super().setUp()
        last_seen.forget()
        self.addCleanup(last_seen.forget)
        self.startPatcher(patch.object(last_seen, "_write", self.write_here))
        self.old = self.partner_connection.credential_ids
        self.written = []

    def write_here(self, _dbname, credential_id):
        self.written.append(credential_id)
        self.root["integration.credential"].browse(credential_id).last_seen_at = fields.Datetime.now()

    def verify(self, secret):
        """Return the id of the secret that verified, or the code of the refusal."""
        self.env.flush_all()
        facts = self.env["integration.endpoint"]._address_facts(self.partner_connection.endpoint_ids.key)
        try:
            return int(reading.verify(facts, BODY, signed_headers(secret, BODY)).secret_id)
        except reading.RefusedRequestError as refusal:
            return refusal.code

    def look(self):
        self.root["integration.credential"]._cron_look_at_ends()


class TestRoll(EndsCommon):
    def roll(self, **values):
        with Form.from_action(self.env, self.old.action_roll()) as form:
            for name, value in values.items():
                setattr(form, name, value)
        return form.record

    def test_a_new_secret_is_made_shown_once_and_both_are_accepted(self):
        wizard = self.roll(overlap_days=3)
        self.assertEqual(wizard.made_by, "hub")
        action = wizard.action_roll()
        secret = action["context"]["integration_shown_secret"]
        shown = wizard.with_context(**action["context"])
        self.assertEqual(shown.shown_once, secret)
        self.assertFalse(wizard.with_context(integration_shown_secret=False).shown_once)
        new = self.partner_connection.credential_ids - self.old
        self.assertEqual((self.verify(PARTNER_SECRET), self.verify(secret)), (self.old.id, new.id))
        left = self.old.valid_until - fields.Datetime.now()
        self.assertTrue(timedelta(days=3, minutes=-5) < left <= timedelta(days=3))
        # Nothing of the secret is in a table.
        self.env.flush_all()
        for table in ("integration_secret_roll", "integration_credential", "integration_audit_leaf"):
            self.env.cr.execute(
                f"SELECT count(*) FROM {table} t WHERE t::text LIKE %s", [f"%{secret[10:40]}%"]
            )
            self.assertEqual(self.env.cr.fetchone()[0], 0, table)
        with self.assertRaises(UserError):
            wizard.action_roll()

    def test_a_secret_of_the_outside_system(self):
        secret = make_secret("next")
        wizard = self.roll(made_by="outside", value=secret, overlap_days=0)
        wizard.action_roll()
        new = self.partner_connection.credential_ids - self.old
        self.assertEqual(len(new), 1)
        self.assertFalse(wizard.value)
        self.assertEqual(self.verify(secret), new.id)
        # With no overlap the old one is refused at once, and the refusal says why.
        self.old.valid_until = fields.Datetime.now() - timedelta(seconds=2)
        self.assertEqual(self.verify(PARTNER_SECRET), "secret_ended")
        self.assertEqual(self.verify(make_secret("forged")), "signature_invalid")

    def test_two_are_enough(self):
        self.roll().action_roll()
        with self.assertRaises(UserError):
            self.old._roll(make_secret("third"), 1)
        with self.assertRaises(UserError):
            self.old._roll(make_secret("third"), 400)

    def test_stripe_makes_its_own_secrets(self):
        stripe = self.stripe_connection.credential_ids
        wizard = self.env["integration.secret.roll"].create({"credential_id": stripe.id})
        self.assertEqual((wizard.can_generate, wizard.made_by), (False, "outside"))
        with self.assertRaises(UserError):
            wizard.action_roll()
        wizard.made_by = "hub"  # a forged call
        with self.assertRaises(UserError):
            wizard.action_roll()

    def test_only_an_administrator_rolls(self):
        operator = new_test_user(self.env, "roller", groups="finance_integration.group_approver")
        for refused in (
            self.old.with_user(operator).action_roll,
            self.old.with_user(operator).action_test,
            lambda: (
                self.env["integration.secret.roll"].with_user(operator).create({"credential_id": self.old.id})
            ),
        ):
            with self.assertRaises(AccessError):
                refused()


class TestLastSeen(EndsCommon):
    def test_the_use_of_each_secret_is_seen_and_written_once_an_hour(self):
        new = self.old._roll(make_secret("next"), 7)
        self.assertFalse(self.old.last_seen_at)
        for _event in range(20):
            self.verify(PARTNER_SECRET)
        self.assertEqual(self.written, [self.old.id])
        self.assertTrue(self.old.last_seen_at)
        self.assertFalse(new.last_seen_at)
        self.verify(make_secret("next"))
        self.assertEqual(self.written, [self.old.id, new.id])
        later = last_seen.time.monotonic() + 3601
        with patch.object(last_seen.time, "monotonic", lambda: later):
            self.verify(PARTNER_SECRET)
            self.verify(PARTNER_SECRET)
        self.assertEqual(self.written, [self.old.id, new.id, self.old.id])

    def test_what_is_refused_is_not_seen(self):
        self.assertEqual(self.verify(make_secret("forged")), "signature_invalid")
        self.assertEqual(self.written, [])


class TestEnds(EndsCommon):
    def test_an_end_is_warned_of_in_time_and_once(self):
        self.old.valid_until = fields.Datetime.now() + timedelta(days=40)
        self.look()
        self.assertFalse(self.exceptions("secret_ends_soon"))
        self.old.valid_until = fields.Datetime.now() + timedelta(days=20, hours=1)
        self.look()
        self.look()
        exception = self.exceptions("secret_ends_soon")
        self.assertEqual(len(exception), 1)
        self.assertIn(self.old.hint, exception.what)
        self.assertEqual(len(exception.activity_ids), 1)
        self.assertEqual(exception.activity_ids.date_deadline, self.old.valid_until.date())
        self.assertEqual(self.old.ends_in, "in 20 days")
        self.old._roll(make_secret("next"), 7)
        self.look()
        self.assertEqual(exception.state, "resolved")
        self.assertFalse(self.exceptions("secret_ends_soon"))

    def test_how_long_before_is_the_connections_choice(self):
        self.partner_connection.warn_days = 10
        self.old.valid_until = fields.Datetime.now() + timedelta(days=20)
        self.look()
        self.assertFalse(self.exceptions("secret_ends_soon"))

    def test_a_sender_that_has_not_changed_over_is_told_of_before_the_end(self):
        self.old._roll(make_secret("next"), 5)
        self.look()
        self.assertFalse(self.exceptions("secret_ends_in_use"))
        self.verify(PARTNER_SECRET)
        self.look()
        exception = self.exceptions("secret_ends_in_use")
        self.assertEqual(len(exception), 1)
        self.old.sudo().last_seen_at = fields.Datetime.now() - timedelta(days=4)
        self.look()
        self.assertEqual(exception.state, "resolved")

    def test_who_still_signs_with_the_old_one_is_told_why_he_is_refused(self):
        self.old._roll(make_secret("next"), 5)
        self.old.valid_until = fields.Datetime.now() - timedelta(days=1)
        self.assertEqual(self.verify(PARTNER_SECRET), "secret_ended")
        endpoint = self.partner_connection.endpoint_ids
        self.root["integration.endpoint"]._record_refusals(endpoint.id, 1, "secret_ended")
        self.assertEqual(len(self.exceptions("secret_ended")), 1)
        self.old.valid_until = fields.Datetime.now() - timedelta(days=120)
        self.assertEqual(self.verify(PARTNER_SECRET), "signature_invalid")


class TestNeutralized(EndsCommon):
    def test_a_neutralized_database_reaches_nobody_and_believes_nobody(self):
        self._secret(self.stripe_connection, "api", "sk_live_0123456789abcdef")
        self.reference("env:FINANCE_SECRET_STRIPE")
        self.partner_connection.write(
            {
                "delivery_url": "https://partner.example/hook",
                "environment": "production",
                "allowed_hosts": "erp",
            }
        )
        connections = self.partner_connection | self.stripe_connection
        self.assertEqual(self.verify(PARTNER_SECRET), self.old.id)
        self.assertEqual(set(connections.mapped("state")), {"active"})
        self.env.flush_all()
        neutralize_database(self.env.cr)
        self.env.invalidate_all()
        self.env.registry.clear_cache()
        self.assertEqual(set(connections.mapped("state")), {"paused"})
        self.assertEqual(set(connections.mapped("environment")), {"test"})
        for name in ("delivery_url", "api_base_url", "allowed_hosts"):
            self.assertFalse(any(connections.mapped(name)), name)
        credentials = self.env["integration.credential"].search([])
        self.assertFalse(any(row._sealed() for row in credentials.sudo()))
        self.assertFalse(any(credentials.mapped("is_valid")))
        for endpoint in self.env["integration.endpoint"].with_context(active_test=False).search([]):
            self.assertIsNone(self.env["integration.endpoint"]._address_facts(endpoint.key))
        self.assertFalse(self.env["integration.token"].sudo().search([]))
        crons = self.env["ir.cron"].sudo().search([("cron_name", "like", "Finance integration")])
        self.assertFalse(crons)
        self.refused("secret_missing", connections[0].with_env(self.root)._outbound_secret)
        self.assertEqual(connections[1].with_env(self.root)._access(), ("api_key", ""))
