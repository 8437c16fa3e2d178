# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Client certificates: checked when they are entered, shown to the server that asks for one (C6)."""

import ssl
import threading
from datetime import datetime, timedelta, timezone
from http.server import BaseHTTPRequestHandler, HTTPServer
from tempfile import NamedTemporaryFile
from unittest.mock import patch

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from requests import adapters

from odoo.exceptions import UserError

from ..connectors.base import HttpRequest
from ..models.messaging import http_client
from .test_credentials import CredentialCommon
from .test_tokens import LOCAL, pem


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
