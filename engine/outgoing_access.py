# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""How the hub proves to an outside system who calls: the kinds of access, and the header that shows it."""

from __future__ import annotations

from datetime import datetime, timezone

from cryptography import x509
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)

from .errors import AuthorizationError
from .oauth import CLIENT_CREDENTIALS, JWT_BEARER, REFRESH_TOKEN, basic

API_KEY, BASIC = "api_key", "basic"
ACCESS_KINDS = (API_KEY, BASIC, CLIENT_CREDENTIALS, REFRESH_TOKEN, JWT_BEARER)


def authorization(kind: str, secret: str) -> str:
    """Return the value of the header ``authorization``.

    :param kind: one of ACCESS_KINDS.
    :param secret: the API key or access token; for ``basic`` what ``basic_secret`` returns.
    """
    if kind not in ACCESS_KINDS:
        raise ValueError(f"unknown kind of access {kind!r}")
    return f"Basic {secret}" if kind == BASIC else f"Bearer {secret}"


def basic_secret(user: str, password: str) -> str:
    """Return user and password in the one text that a connector is given for ``basic``.

    :raises AuthorizationError: ``secret_unusable``: a colon in the user's name (RFC 7617, 2), or no name.
    """
    if not user or ":" in user:
        raise AuthorizationError("secret_unusable", "a user's name is not empty and holds no colon")
    return basic(user, password).removeprefix("Basic ")


def check_client_certificate(pem: str, now: datetime) -> datetime:
    """Return until when a client certificate is valid (UTC-aware).

    :param pem: private key and certificate, with the certificates between it and its root, in one PEM text.
    :raises AuthorizationError: ``secret_unusable``: no key, no certificate, they do not belong together, it has ended.
    """
    try:
        raw = pem.encode("ascii")
        key = load_pem_private_key(raw, password=None)
        first = x509.load_pem_x509_certificates(raw)[0]
        # Normalised, so that a key that openssl would refuse later is refused now.
        key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    except (ValueError, TypeError, UnicodeEncodeError, IndexError) as error:
        raise AuthorizationError(
            "secret_unusable", "private key (without passphrase) and certificate are needed, in PEM"
        ) from error
    if _public(key.public_key()) != _public(first.public_key()):
        raise AuthorizationError("secret_unusable", "key and certificate do not belong together")
    ends_at = first.not_valid_after_utc.astimezone(timezone.utc)
    if ends_at <= now:
        raise AuthorizationError("secret_unusable", "the certificate has ended")
    return ends_at


def _public(key) -> bytes:
    return key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
