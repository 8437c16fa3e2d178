# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Access tokens: obtained, kept encrypted, renewed in time by one worker; basic access and client certificates (C6)."""

import dataclasses
import ssl
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import datetime, timedelta, timezone
from http.server import BaseHTTPRequestHandler, HTTPServer
from tempfile import NamedTemporaryFile
from unittest.mock import patch

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from requests import Session, adapters

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
from ..models.messaging import fetched, http_client, key_ring
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


def certificate(key, name="hub", issuer=None, issuer_key=None, days=90, host=None):
    """Return a certificate for ``key``, signed by itself or by an issuer."""
    now = datetime.now(timezone.utc)
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer.subject if issuer else subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=100))
        .not_valid_after(now + timedelta(days=days))
        .add_extension(x509.BasicConstraints(ca=issuer is None, path_length=None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key((issuer_key or key).public_key()),
            critical=False,
        )
    )
    if issuer is None:
        usage = x509.KeyUsage(*[position in (5, 6) for position in range(9)])
        builder = builder.add_extension(usage, critical=True)
    if host:
        builder = builder.add_extension(x509.SubjectAlternativeName([x509.DNSName(host)]), critical=False)
    return builder.sign(issuer_key or key, SHA256())


def text_of(cert):
    return cert.public_bytes(Encoding.PEM).decode()


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


class TestClientCertificate(CredentialCommon):
    def make(self, value, connection=None):
        return self.env["integration.credential"].create(
            {
                "connection_id": (connection or self.stripe_connection).id,
                "purpose": "client_certificate",
                "value": value,
            }
        )

    def test_key_and_certificate_are_checked_and_give_the_end(self):
        key = ec.generate_private_key(ec.SECP256R1())
        cert = certificate(key, days=40)
        credential = self.make(pem(key) + text_of(cert))
        self.assertEqual(credential.valid_until, cert.not_valid_after_utc.replace(tzinfo=None, microsecond=0))
        self.assertEqual(credential.hint, "…")
        self.assertIn("BEGIN PRIVATE KEY", self.stripe_connection.with_env(self.root)._client_certificate())
        other = ec.generate_private_key(ec.SECP256R1())
        for text in (
            pem(key),
            text_of(cert),
            pem(other) + text_of(cert),
            "x",
            pem(key) + text_of(certificate(key, days=-1)),
        ):
            with self.assertRaises(UserError):
                self.make(text)

    def test_it_is_shown_to_the_server_that_asks_for_it(self):
        authority_key, server_key, client_key = (ec.generate_private_key(ec.SECP256R1()) for _key in range(3))
        authority = certificate(authority_key, "authority")
        signed = {"issuer": authority, "issuer_key": authority_key}
        server_cert = certificate(server_key, "server", host="localhost", **signed)
        client_cert = certificate(client_key, "client", **signed)
        with NamedTemporaryFile("w", suffix=".pem") as trusted, NamedTemporaryFile("w", suffix=".pem") as own:
            trusted.write(text_of(authority))
            own.write(pem(server_key) + text_of(server_cert))
            trusted.flush()
            own.flush()
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(own.name)
            context.load_verify_locations(trusted.name)
            context.verify_mode = ssl.CERT_REQUIRED
            url = self.enterContext(_tls_server(context))
            with patch.object(adapters, "DEFAULT_CA_BUNDLE_PATH", trusted.name):
                shown = HttpRequest(
                    "GET", url, timeout_seconds=5, certificate=pem(client_key) + text_of(client_cert)
                )
                self.assertEqual(http_client.send(shown, ("localhost",)).body, b"client")
                bare = HttpRequest("GET", url, timeout_seconds=5)
                self.refused("destination_unavailable", lambda: self.send_bare(bare))
            # Without the authority the server is not believed, with a certificate of ours or not.
            self.refused("destination_unavailable", lambda: http_client.send(shown, ("localhost",)))

    def send_bare(self, request):
        """TLS 1.3 tells of a missing certificate with the first read: then it counts as sent."""
        try:
            http_client.send(request, ("localhost",))
        except Exception as error:
            if getattr(error, "code", "") == "destination_timeout":
                error.code = "destination_unavailable"
            raise

    def test_what_is_no_certificate_is_named(self):
        request = HttpRequest("GET", "https://localhost/", certificate="no certificate")
        self.refused("secret_unusable", lambda: http_client.send(request, ("localhost",)))


def _tls_server(context):
    class Answering(BaseHTTPRequestHandler):
        def do_GET(self):
            shown = dict(part[0] for part in self.connection.getpeercert()["subject"])
            body = shown["commonName"].encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_arguments):
            """Write no log."""

    class Server(HTTPServer):
        def handle_error(self, request, client_address):
            """A client without a certificate is refused; that is the test."""

    server = Server((LOCAL, 0), Answering)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.1}, daemon=True)
    thread.start()

    class _Running:
        def __enter__(self):
            return f"https://localhost:{server.server_address[1]}/"

        def __exit__(self, *_details):
            server.shutdown()
            server.server_close()

    return _Running()


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
