# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Our address at Stripe is registered, checked, repaired and rolled by buttons, without a secret that is lost (S1)."""

from unittest.mock import patch
from urllib.parse import urlsplit

from odoo.exceptions import AccessError, UserError
from odoo.tests import new_test_user

from ..connectors.base import HttpAnswer
from ..engine.error_catalogue import CODES
from ..engine.errors import TransientError
from ..models.messaging import webhook_care
from ..simulators.stripe.api import StripeApi
from .common import STRIPE_SECRET, IntegrationCommon
from .language_common import GERMAN, LanguageCommon

KEY = "sk_test_key_0123456789"


class TestWebhookCare(LanguageCommon, IntegrationCommon):
    def setUp(self):
        super().setUp()
        self.api = StripeApi(self.stripe, KEY)
        self._secret(self.stripe_connection, "api", KEY)
        self.endpoint = self.stripe_connection.endpoint_ids
        self.sent = []
        self.startPatcher(
            patch.object(webhook_care, "in_own_transaction", lambda _registry, what: what(self.root))
        )
        self.startPatcher(patch.object(webhook_care.http_client, "send", self.call))

    def call(self, request, _allowed_hosts=(), _max_bytes=None, _total=None):
        parts = urlsplit(request.url)
        self.sent.append((request.method, parts.path))
        answer = self.api.handle(request.method, parts.path, parts.query, request.headers, request.body)
        return HttpAnswer(
            answer.status, {name.lower(): value for name, value in answer.headers.items()}, answer.body
        )

    def press(self, step):
        """Do what follows the commit of a button."""
        webhook_care.care(None, self.stripe_connection.id, self.env.uid, step)
        self.env.invalidate_all()

    def there(self):
        return list(self.api.webhook_endpoints.made.values())

    def secrets(self):
        rows = self.stripe_connection.credential_ids.filtered(
            lambda row: row.purpose == "inbound_signature" and row.is_valid
        )
        return {row.sudo()._reveal() for row in rows}

    def test_registered_with_our_version_and_events_and_its_secret_is_kept(self):
        self.press("register")
        [made] = self.there()
        self.assertEqual((made["url"], made["api_version"]), (self.endpoint.url, "2025-09-30.clover"))
        self.assertIn("charge.succeeded", made["enabled_events"])
        self.assertNotIn("balance_transaction", made["enabled_events"])
        self.assertEqual(
            (self.endpoint.registered_as, self.endpoint.registration), (made["id"], "Registered")
        )
        self.assertEqual(len(self.secrets()), 2)
        self.press("register")
        self.assertEqual(len(self.there()), 1)
        self.press("check")
        self.assertIn("with all events", self.endpoint.registration)

    def test_a_secret_that_was_lost_on_the_way_is_told_once_more(self):
        connection = self.stripe_connection.with_env(self.root)
        with patch.object(type(connection), "_keep_new_secret", side_effect=TransientError("database_retry")):
            self.press("register")
        self.assertEqual((len(self.there()), self.endpoint.registered_as), (1, False))
        key = self.endpoint.registration_key
        self.assertTrue(key)
        self.press("check")
        self.assertIn("not by this hub", self.endpoint.registration)
        self.press("roll")  # the kept key gives the first answer again: nothing more is registered
        self.assertEqual((len(self.there()), self.endpoint.registered_as), (1, self.there()[0]["id"]))
        self.assertFalse(self.endpoint.registration_key)

    def test_missing_events_are_repaired(self):
        self.press("register")
        [made] = self.there()
        wanted = list(made["enabled_events"])
        made.update(enabled_events=wanted[:3], status="disabled")
        self.press("check")
        self.assertEqual((made["enabled_events"], made["status"]), (wanted, "enabled"))
        self.assertIn("repaired", self.endpoint.registration)

    def test_another_api_version_is_told_and_not_touched(self):
        self.press("register")
        [made] = self.there()
        made["api_version"] = "2024-06-20"
        sent = len(self.sent)
        self.press("check")
        self.assertIn("2024-06-20", self.endpoint.registration)
        self.assertEqual(self.sent[sent:], [("GET", "/v1/webhook_endpoints")])

    def test_rolled_the_old_one_goes_on_until_it_is_removed(self):
        self.press("register")
        first = self.endpoint.registered_as
        self.press("roll")
        self.assertEqual((len(self.there()), self.endpoint.replaced_as), (2, first))
        self.assertNotEqual(self.endpoint.registered_as, first)
        self.assertIn(STRIPE_SECRET, self.secrets())
        self.press("remove")
        self.assertEqual([each["id"] for each in self.there()], [self.endpoint.registered_as])
        self.assertFalse(self.endpoint.replaced_as)

    def test_what_came_of_it_is_said_in_the_language_of_who_pressed(self):
        self.say_in_german(
            {
                "Registered": "Angemeldet",
                "Removed": "Abgemeldet",
                CODES["credential_refused"].title: "Zugang abgelehnt",
            }
        )
        self.env.user.lang = GERMAN
        self.press("register")
        self.assertEqual(self.endpoint.registration, "Angemeldet")
        self.press("roll")
        self.press("remove")
        self.assertEqual((self.endpoint.registration, self.endpoint.replaced_as), ("Abgemeldet", False))
        self.api._api_key = "another"
        self.press("check")
        self.assertEqual(self.endpoint.registration, "Zugang abgelehnt")

    def test_a_refused_key_is_said_in_words(self):
        self.api._api_key = "another"
        self.press("register")
        self.assertEqual(self.there(), [])
        self.assertTrue(self.endpoint.registration)
        self.assertNotIn(KEY, self.endpoint.registration)

    def test_nothing_is_called_before_the_button_is_committed(self):
        self.stripe_connection.action_check_webhook()
        self.assertEqual(self.sent, [])
        with self.assertRaises(UserError):
            self.partner_connection.action_check_webhook()
        facts = {"company_id": self.company.id, "company_ids": [(6, 0, self.company.ids)]}
        operator = new_test_user(
            self.env, "care_operator", groups="finance_integration.group_operator", **facts
        )
        with self.assertRaises(AccessError):
            self.stripe_connection.with_user(operator).action_register_webhook()
