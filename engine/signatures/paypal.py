# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""PayPal webhook signatures, https://developer.paypal.com/api/rest/webhooks/rest/ (self verification).

Signed is ``<transmission id>|<transmission time>|<webhook id>|<CRC32 of the raw body, unsigned decimal>``, RSA PKCS#1
v1.5 with SHA-256, by the key of a certificate at ``PAYPAL-CERT-URL``. The secret of an address is the webhook's id: it
binds an event to this very webhook. A CRC32 is no digest: whoever saw one signed event can write another body with the
same one, so what an event says of money has to be fetched from PayPal before it is booked.

For a sandbox of one's own the secret may continue with a certificate in PEM: it then is the only root that counts.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Collection, Sequence
from datetime import datetime
from functools import cache
from urllib.parse import urlsplit

import certifi
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.x509.verification import PolicyBuilder, Store, VerificationError

from ..errors import AuthorizationError, ContractError
from ..instants import parse_instant
from .base import (
    Scheme,
    Secret,
    SignedRequest,
    Verified,
    decode_base64,
    required_secret,
    single_header,
    usable_secrets,
)

ALGORITHM = "SHA256withRSA"
CERTIFICATE_PATH = re.compile(r"/v1/notifications/certs/CERT-[A-Za-z0-9-]{1,100}", re.ASCII)
LIVE_HOSTS = ("api.paypal.com", "api-m.paypal.com")
SANDBOX_HOSTS = ("api.sandbox.paypal.com", "api-m.sandbox.paypal.com")
LIVE_NAME = "messageverificationcerts.paypal.com"
SANDBOX_NAME = "messageverificationcerts.sandbox.paypal.com"
MAX_CERTIFICATES = 10
_ID = re.compile(r"[A-Za-z0-9-]{1,100}", re.ASCII)
_WEBHOOK_ID = re.compile(r"[A-Za-z0-9-]{1,50}", re.ASCII)
_PEM_BEGIN = "-----BEGIN CERTIFICATE-----"
_HEADERS = (
    "PAYPAL-TRANSMISSION-ID",
    "PAYPAL-TRANSMISSION-TIME",
    "PAYPAL-TRANSMISSION-SIG",
    "PAYPAL-CERT-URL",
    "PAYPAL-AUTH-ALGO",
)


class PayPalScheme(Scheme):
    """RSA over ids and a CRC32; the certificate's chain, name and validity are checked against known roots."""

    code = "paypal"
    name = "PayPal"
    kept_headers = tuple(name.lower() for name in _HEADERS)
    signs_body = False
    checks_clock = False
    can_sign = False

    def certificate_url(self, request: SignedRequest, allowed_hosts: Collection[str] = ()) -> str | None:
        _read(request)
        url = single_header(request, "PAYPAL-CERT-URL")
        try:
            parts = urlsplit(url)
            plain = url == f"{parts.scheme}://{parts.netloc}{parts.path}"
        except ValueError:
            plain = False
        known = plain and parts.netloc in (*LIVE_HOSTS, *SANDBOX_HOSTS) and parts.scheme == "https"
        allowed = plain and parts.scheme in ("https", "http") and parts.hostname in allowed_hosts
        if not (known or allowed) or not CERTIFICATE_PATH.fullmatch(parts.path):
            raise AuthorizationError("signature_malformed", "the certificate is not at an address of PayPal")
        return url

    def verify(
        self, request: SignedRequest, secrets: Sequence[Secret], now: datetime, tolerance_seconds: int
    ) -> Verified:
        """See ``Scheme.verify``. The certificates must be valid at ``now``; the time that was signed is not bounded.

        PayPal tries for three days, and no document says that it signs anew each time.
        """
        transmission_id, time_text, signature = _read(request)
        host = urlsplit(single_header(request, "PAYPAL-CERT-URL")).hostname or ""
        if host in LIVE_HOSTS:
            names = (LIVE_NAME,)
        else:
            names = (SANDBOX_NAME,) if host in SANDBOX_HOSTS else (LIVE_NAME, SANDBOX_NAME)
        checksum, fitting = zlib.crc32(request.body), None
        for secret in usable_secrets(secrets, now):
            webhook_id, root = split_secret(secret.value)
            key = _signing_key(request.certificates, names, root, now)
            text = f"{transmission_id}|{time_text}|{webhook_id}|{checksum}".encode("ascii")
            if key is not None and _fits(key, signature, text) and fitting is None:
                fitting = secret
        if fitting is None:
            raise AuthorizationError("signature_invalid")
        return Verified(secret_id=fitting.id, signed_at=parse_instant(time_text))

    def check_secret(self, secret_value: str, now: datetime) -> None:
        split_secret(secret_value)

    def generate_secret(self) -> str:
        raise NotImplementedError("PayPal gives out the ids of webhooks")


def split_secret(value: str) -> tuple[str, x509.Certificate | None]:
    """Return webhook id and own root certificate (None = the public ones) of a secret.

    :raises AuthorizationError: ``secret_missing``, ``secret_unusable``.
    """
    webhook_id, begin, rest = required_secret(value).partition(_PEM_BEGIN)
    if not _WEBHOOK_ID.fullmatch(webhook_id.strip()):
        raise AuthorizationError("secret_unusable", "it is not the id of a webhook")
    if not begin:
        return webhook_id.strip(), None
    try:
        return webhook_id.strip(), x509.load_pem_x509_certificate((begin + rest).encode("ascii"))
    except ValueError as error:
        raise AuthorizationError("secret_unusable", "what follows the id is no certificate") from error


def _read(request: SignedRequest) -> tuple[str, str, bytes]:
    """Return id, time and signature of the transmission.

    :raises AuthorizationError: a header is missing, doubled or nothing that PayPal writes.
    """
    found = {name: single_header(request, name) for name in _HEADERS}
    if found["PAYPAL-AUTH-ALGO"] != ALGORITHM:
        raise AuthorizationError("signature_malformed", "another algorithm")
    transmission_id, time_text = found["PAYPAL-TRANSMISSION-ID"], found["PAYPAL-TRANSMISSION-TIME"]
    # No bar: with one, the border between the parts could be moved without changing the signed bytes.
    if (
        not _ID.fullmatch(transmission_id)
        or len(time_text) > 40
        or not time_text.isascii()
        or "|" in time_text
    ):
        raise AuthorizationError("signature_malformed", "the transmission's id or time is none")
    try:
        parse_instant(time_text)
    except ContractError as error:
        raise AuthorizationError("signature_malformed", "the transmission's time is none") from error
    signature = decode_base64(found["PAYPAL-TRANSMISSION-SIG"])
    if signature is None or not 256 <= len(signature) <= 1024:
        raise AuthorizationError("signature_malformed", "no RSA signature in base64")
    return transmission_id, time_text, signature


def _signing_key(
    pem: bytes, names: Sequence[str], root: x509.Certificate | None, now: datetime
) -> RSAPublicKey | None:
    """Return the key of the first certificate, if it leads to a known root and bears one of ``names`` at ``now``."""
    try:
        leaf, *others = x509.load_pem_x509_certificates(pem)[:MAX_CERTIFICATES]
    except ValueError:
        return None
    store = Store([root]) if root is not None else _public_roots()
    for name in names:
        verifier = (
            PolicyBuilder()
            .store(store)
            .time(now.replace(tzinfo=None))
            .build_server_verifier(x509.DNSName(name))
        )
        try:
            verifier.verify(leaf, others)
        except VerificationError:
            continue
        key = leaf.public_key()
        return key if isinstance(key, RSAPublicKey) else None
    return None


@cache
def _public_roots() -> Store:
    """Return the roots that browsers know, as certifi packs them; one that the library does not read is left out."""
    roots = []
    for block in certifi.contents().split(_PEM_BEGIN)[1:]:
        try:
            roots.append(x509.load_pem_x509_certificate((_PEM_BEGIN + block).encode()))
        except ValueError:
            continue
    return Store(roots)


def _fits(key: RSAPublicKey, signature: bytes, text: bytes) -> bool:
    try:
        key.verify(signature, text, PKCS1v15(), SHA256())
    except InvalidSignature:
        return False
    return True
