# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Access tokens: obtained, kept encrypted, renewed in time by one worker; user and password (C6)."""

import dataclasses
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import timedelta
from unittest.mock import patch

from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from requests import Session

from odoo import SUPERUSER_ID, api, fields
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.modules.registry import Registry
from odoo.tests import BaseCase, tagged
from odoo.tests.common import get_db_name
from odoo.tools import SQL

from ..connectors import registry as connector_registry
from ..connectors.base import HttpRequest
from ..connectors.generic.connector import GenericConnector
from ..engine.errors import AuthorizationError
from ..engine.outgoing_access import ACCESS_KINDS, authorization
from ..models.credentials import token as token_module
from ..models.messaging import fetched, key_ring
from ..models.messaging.fetched import NeedsFetchError, with_fetches
from ..models.messaging.own_transaction import in_own_transaction
from ..simulators.local_server import serving
from ..simulators.token_endpoint import TokenEndpoint, token_server
from .deliveries import send_for_real
from .test_credentials import CredentialCommon

CODE = "test_access"
LOCAL = "127.0.0.1"
KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)


class CallingConnector(GenericConnector):
    """A source that may be called in every way."""

    spec = dataclasses.replace(
        GenericConnector.spec, code=CODE, name="Callable", pulls=("lines",), access_kinds=ACCESS_KINDS
    )

    def pull_request(self, pull, cursor, settings, secret):
        return HttpRequest(
            "GET",
            "https://api.example/lines",
            {"authorization": authorization(settings["access_kind"], secret)},
        )


def pem(key):
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


class TestAccess(CredentialCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        connector_registry._contributed[CODE] = CallingConnector()
        cls.addClassCleanup(connector_registry._contributed.pop, CODE)
        cls.connection = cls._connection(CODE, "Callable")
        cls.connection.allowed_hosts = LOCAL

    def setUp(self):
        super().setUp()
        self.endpoint = TokenEndpoint(public_key=KEY.public_key())
        self.url = self.enterContext(serving(token_server(self.endpoint))).url + "/token"
        self.endpoint.audience = self.url
        self.here(token_module)

    def credential(self, kind, value=None, **more):
        values = {
            "connection_id": self.connection.id,
            "purpose": "api",
            "kind": kind,
            "client_id": "hub",
            "token_url": self.url,
            "value": value or self.endpoint.client_secret,
        }
        return self.env["integration.credential"].create(values | more).sudo()

    def asked(self):
        """Return the authorization header of the next request of the hub."""
        connection = self.connection.with_env(self.root)
        return with_fetches(lambda: connection._pull_request("lines"))["request"].headers["authorization"]

    def test_a_token_is_obtained_when_it_is_needed_first_and_used_until_it_ends(self):
        credential = self.credential("oauth_client", scope="books")
        self.assertEqual(credential.token_state, "Fetched when it is needed first")
        with self.assertRaises(NeedsFetchError):
            credential._access_secret()
        self.assertEqual(self.endpoint.requests, 0)
        self.assertEqual(self.asked(), "Bearer access-1")
        self.assertEqual(self.asked(), "Bearer access-1")
        self.assertEqual(self.endpoint.requests, 1)
        self.assertIn("Valid until", credential.token_state)

    def test_it_is_kept_encrypted_and_nobody_reads_it(self):
        self.credential("oauth_client")
        self.asked()
        self.env.flush_all()
        self.env.cr.execute("SELECT access_ciphertext FROM integration_token")
        [[stored]] = self.env.cr.fetchall()
        self.assertNotIn("access-1", stored)
        self.assertEqual(key_ring.decrypt(stored), "access-1")
        row = self.env["integration.token"].search([])
        with self.assertRaises(AccessError):
            row.read(["access_ciphertext"])
        self.assertNotIn("access-1", str(row.read()))

    def test_it_is_renewed_before_it_ends(self):
        credential = self.credential("oauth_client")
        self.asked()
        token = credential.token_ids
        self.assertLess(token.renew_at, token.expires_at)
        token.renew_at = fields.Datetime.now() - timedelta(seconds=1)
        fetched.forget()
        self.assertEqual(self.asked(), "Bearer access-2")

    def test_refresh_tokens_that_are_replaced_at_each_use(self):
        credential = self.credential("oauth_refresh", refresh_value="refresh-0")
        self.assertFalse(credential.refresh_value)
        for number in (1, 2, 3):
            self.assertEqual(self.asked(), f"Bearer access-{number}")
            credential.token_ids.renew_at = fields.Datetime.now()
            fetched.forget()
        self.assertEqual(key_ring.decrypt(credential.token_ids.refresh_ciphertext), "refresh-3")
        self.assertFalse(self.endpoint.withdrawn)

    def test_a_jwt_that_our_key_signs(self):
        self.credential("oauth_jwt", value=pem(KEY), jwt_key_id="k1")
        self.assertEqual(self.asked(), "Bearer access-1")
        with self.assertRaises(UserError):
            self.credential("oauth_jwt", value="no key at all")

    def test_a_permission_that_is_gone_is_an_exception_until_it_is_given_again(self):
        credential = self.credential("oauth_refresh", refresh_value="refresh-0")
        self.endpoint.withdrawn = True
        self.refused("grant_refused", self.asked)
        self.refused("grant_refused", self.asked)
        self.assertEqual(self.endpoint.requests, 1)
        exception = self.exceptions("grant_refused")
        self.assertEqual(len(exception), 1)
        self.assertIn("invalid_grant", exception.what)
        self.assertEqual(credential.token_state, "The other system no longer accepts our permission")
        self.endpoint.withdrawn, self.endpoint.refresh_token = False, "refresh-new"
        credential.refresh_value = "refresh-new"
        self.assertEqual(self.asked(), "Bearer access-1")
        self.assertEqual(exception.state, "resolved")

    def test_a_wrong_client_secret_and_an_endpoint_in_trouble(self):
        credential = self.credential("oauth_client", value="wrong-secret")
        self.refused("credential_refused", self.asked)
        credential.value = self.endpoint.client_secret
        self.endpoint.status = 503
        self.refused("token_unavailable", self.asked)
        # What passes by itself is no exception.
        self.assertFalse(self.exceptions("token_unavailable"))
        self.endpoint.status = 0
        fetched.forget()
        self.assertEqual(self.asked(), "Bearer access-1")

    def test_a_token_that_is_refused_before_its_end_is_replaced(self):
        self.credential("oauth_client")
        self.asked()
        connection = self.connection.with_env(self.root)
        connection._pull_failed("lines", AuthorizationError("credential_refused", params={"status": 401}))
        self.assertEqual(self.asked(), "Bearer access-2")

    def test_user_and_password(self):
        self.credential("basic", value="pa:ss", token_url=False, client_id="hub")
        self.assertEqual(self.asked(), "Basic aHViOnBhOnNz")
        with self.assertRaises(UserError):
            self.credential("basic", client_id="a:b")

    def test_what_the_system_does_not_take_is_refused_when_it_is_entered(self):
        values = {
            "connection_id": self.stripe_connection.id,
            "purpose": "api",
            "kind": "basic",
            "client_id": "x",
        }
        with self.assertRaises(ValidationError):
            self.env["integration.credential"].create({**values, "value": "y"})
        for url in (
            "http://login.example.com/token",
            "https://10.0.0.1/token",
            "https://metadata.internal/t",
            False,
        ):
            with self.assertRaises(ValidationError):
                self.credential("oauth_client", token_url=url)
        with self.assertRaises(ValidationError):
            self.credential("oauth_client", client_id=False)

    def test_another_company_neither_sees_tokens_nor_secrets(self):
        self.credential("oauth_client")
        self.asked()
        other = self.setup_other_company()["company"]
        foreigner = self.env["res.users"].create(
            {
                "name": "Foreigner", "login": "foreign-tokens", "company_id": other.id,
                "company_ids": [(6, 0, other.ids)],
                "group_ids": [(6, 0, self.env.ref("finance_integration.group_administrator").ids)],
            }
        )  # fmt: skip
        self.assertFalse(self.env["integration.token"].with_user(foreigner).search([]))
        with self.assertRaises(AccessError):
            self.env["integration.credential"].with_user(foreigner).browse(
                self.connection.credential_ids.ids
            ).action_test()


@tagged("post_install", "-at_install")
class TestTwoWorkers(BaseCase):
    """Real connections, real commits, real threads; what is left behind is removed at the end."""

    def setUp(self):
        super().setUp()
        fetched.forget()
        self.startPatcher(patch.object(Session, "send", send_for_real))
        self.registry = Registry(get_db_name())
        connector_registry._contributed[CODE] = CallingConnector()
        self.addCleanup(connector_registry._contributed.pop, CODE)
        self.endpoint = TokenEndpoint(slow_seconds=0.3)
        self.url = self.enterContext(serving(token_server(self.endpoint))).url + "/token"
        # What this test commits is removed at its end, and entries of the audit log could not be.
        no_leaf = patch.object(
            self.registry["integration.audit.leaf"], "_record_change", lambda *_details: None
        )
        with no_leaf, self.registry.cursor() as cr:
            env = api.Environment(cr, SUPERUSER_ID, {})
            connection = env["integration.connection"].create(
                {"name": "Two workers", "connector": CODE, "environment": "test", "time_zone": "UTC",
                 "allowed_hosts": LOCAL}
            )  # fmt: skip
            credential = env["integration.credential"].create(
                {"connection_id": connection.id, "purpose": "api", "kind": "oauth_refresh", "client_id": "hub",
                 "token_url": self.url, "value": self.endpoint.client_secret, "refresh_value": "refresh-0"}
            )  # fmt: skip
            self.connection_id, self.credential_id = connection.id, credential.id
            self.lane_id = connection.flow_ids.lane_id.id
        self.addCleanup(self.remove)

    def remove(self):
        with self.registry.cursor() as cr:
            for table in (
                "integration_exception",
                "integration_endpoint",
                "integration_flow",
                "integration_credential",
            ):
                cr.execute(
                    SQL("DELETE FROM %s WHERE connection_id = %s", SQL.identifier(table), self.connection_id)
                )
            cr.execute(
                SQL(
                    "DELETE FROM mail_message WHERE model = 'integration.connection' AND res_id = %s",
                    self.connection_id,
                )
            )
            cr.execute(SQL("DELETE FROM integration_connection WHERE id = %s", self.connection_id))
            cr.execute(SQL("DELETE FROM integration_lane WHERE id = %s", self.lane_id))
            keys = [
                f"finance_integration.{name}.{self.connection_id}" for name in ("deliver", "watch_outbox")
            ]
            cr.execute(SQL("DELETE FROM queue_job WHERE identity_key = ANY(%s)", keys))
        self.registry.clear_cache()

    def use(self, _number):
        """Have the token as a job would."""
        return in_own_transaction(
            self.registry,
            lambda env: env["integration.credential"].browse(self.credential_id)._access_secret(),
        )

    def test_one_renews_and_the_others_use_what_it_got(self):
        with ThreadPoolExecutor(6) as pool:
            tokens = list(pool.map(self.use, range(6)))
        self.assertEqual(set(tokens), {"access-1"})
        self.assertEqual(self.endpoint.requests, 1)
        self.assertFalse(self.endpoint.withdrawn)
        for round_number in (2, 3):
            self.expire()
            with ThreadPoolExecutor(6) as pool:
                tokens = list(pool.map(self.use, range(6)))
            self.assertEqual(
                (set(tokens), self.endpoint.requests), ({f"access-{round_number}"}, round_number)
            )
        self.assertFalse(self.endpoint.withdrawn)

    def expire(self):
        with self.registry.cursor() as cr:
            cr.execute(
                SQL("UPDATE integration_token SET renew_at = now() AT TIME ZONE 'UTC' - interval '1 minute'")
            )
        fetched.forget()

    def test_no_transaction_is_open_while_it_asks(self):
        seen = []
        answer = self.endpoint.answer

        def looking(request):
            with closing(self.registry.cursor()) as cr:
                cr.execute(
                    SQL(
                        """
                        SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()
                           AND state LIKE 'idle in transaction%%' AND pid <> pg_backend_pid()
                        """
                    )
                )
                seen.append(cr.fetchone()[0])
            return answer(request)

        with (
            patch.object(TokenEndpoint, "answer", lambda _endpoint, request: looking(request)),
            serving(token_server(self.endpoint)) as server,
        ):
            with self.registry.cursor() as cr:
                cr.execute(
                    SQL(
                        "UPDATE integration_credential SET token_url = %s WHERE id = %s",
                        server.url + "/token",
                        self.credential_id,
                    )
                )
            self.assertEqual(self.use(0), "access-1")
        self.assertEqual(seen, [0])

    def test_a_failure_is_kept_and_told(self):
        self.endpoint.withdrawn = True
        with self.assertRaises(AuthorizationError) as caught:
            self.use(0)
        self.assertEqual(caught.exception.code, "grant_refused")
        with self.registry.cursor() as cr:
            cr.execute(
                SQL("SELECT code FROM integration_exception WHERE connection_id = %s", self.connection_id)
            )
            self.assertEqual(cr.fetchall(), [("grant_refused",)])
