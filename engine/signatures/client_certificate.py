# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Mutual TLS that ends at a reverse proxy, which hands over the client's certificate: RFC 9440, ``Client-Cert``.

The hub does not see the handshake. It believes the header only beside a token that the proxy adds and that nobody
outside knows: a request that went round the proxy has none. The secret is ``<SHA-256 of the certificate in hex>
<token>``; to change a certificate both are valid for a while, as with every secret. The proxy must remove both headers
from what comes in from outside and must demand the certificate in the handshake, which proves that the sender holds
its key. Neither the body nor the address is signed. The token is never stored.
"""

from __future__ import annotations

import hashlib
import re
import secrets as random_source
from collections.abc import Sequence
from datetime import datetime

from cryptography import x509

from ..errors import AuthorizationError
from .base import (
    Scheme,
    Secret,
    SignedRequest,
    Verified,
    decode_base64,
    required_secret,
    shared_secret_fits,
    single_header,
)

_CERTIFICATE = "Client-Cert"
_TOKEN = "X-Finance-Integration-Proxy"  # noqa: S105 - the name of a header
_SECRET = re.compile(r"([0-9a-fA-F]{64}) ([\x21-\x7e]{32,255})", re.ASCII)
# RFC 9440, 2.1: a byte sequence of structured fields, between colons.
_BYTES = re.compile(r":([A-Za-z0-9+/]{4,}={0,2}):", re.ASCII)


class ClientCertificateScheme(Scheme):
    """The client's certificate as a trusted proxy saw it."""

    code = "client_certificate"
    name = "Client certificate, checked by the reverse proxy"
    kept_headers = ()
    signs_body = False
    checks_clock = False
    can_sign = False

    def verify(
        self, request: SignedRequest, secrets: Sequence[Secret], now: datetime, tolerance_seconds: int
    ) -> Verified:
        token = single_header(request, _TOKEN)
        match = _BYTES.fullmatch(single_header(request, _CERTIFICATE).strip())
        der = decode_base64(match[1]) if match else None
        if der is None:
            raise AuthorizationError("signature_malformed", "no certificate between colons")
        try:
            certificate = x509.load_der_x509_certificate(der)
            begins, ends = certificate.not_valid_before_utc, certificate.not_valid_after_utc
        except ValueError as error:
            raise AuthorizationError("signature_malformed", "the certificate cannot be read") from error
        given = _digest(hashlib.sha256(der).hexdigest(), token)
        fitting = shared_secret_fits(secrets, now, lambda value: _digest(*_parts(value)), given)
        if not begins <= now <= ends:
            raise AuthorizationError("signature_invalid", "the client certificate is not valid now")
        return Verified(secret_id=fitting.id, signed_at=None)

    def check_secret(self, secret_value: str, now: datetime) -> None:
        _parts(secret_value)

    def generate_secret(self) -> str:
        return f"{random_source.token_hex(32)} {random_source.token_urlsafe(32)}"


def _parts(value: str) -> tuple[str, str]:
    match = _SECRET.fullmatch(required_secret(value).strip())
    if match is None:
        raise AuthorizationError(
            "secret_unusable", "the certificate's SHA-256 in hex, a blank and the proxy's token are needed"
        )
    return match[1].lower(), match[2]


def _digest(fingerprint: str, token: str) -> bytes:
    return hashlib.sha256(f"{fingerprint} {token}".encode()).digest()
