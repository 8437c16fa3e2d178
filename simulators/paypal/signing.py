# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""PayPal's webhook signature with a certificate authority of our own, after the vendor's public description alone.

Source: https://developer.paypal.com/api/rest/webhooks/rest/ (verify the message yourself). Signed is
``<transmission id>|<time>|<webhook id>|<crc32 of the raw body>`` with SHA256withRSA.
"""

from __future__ import annotations

import base64
import datetime as dt
import uuid
import zlib

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from ..sending import Event

SANDBOX_NAME = "messageverificationcerts.sandbox.paypal.com"
CERTIFICATE_PATH = "/v1/notifications/certs/CERT-360caa42-fca2a594-0000sim1"
DEFAULT_URL = f"https://api.sandbox.paypal.com{CERTIFICATE_PATH}"
KEY_BITS = 2048


class Authority:
    """A root, and a certificate that it gave to PayPal's signing service; valid from 2020 to 2045."""

    def __init__(
        self, name: str = SANDBOX_NAME, begin: dt.datetime | None = None, end: dt.datetime | None = None
    ):
        begin = begin or dt.datetime(2020, 1, 1, tzinfo=dt.timezone.utc)
        end = end or dt.datetime(2045, 1, 1, tzinfo=dt.timezone.utc)
        self._root_key = _key()
        self.key = _key()
        root_name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Simulated root")])
        self.root = (
            _builder(root_name, root_name, self._root_key, begin, end)
            .add_extension(x509.BasicConstraints(ca=True, path_length=1), critical=True)
            .add_extension(_usage(sign_certificates=True), critical=True)
            .sign(self._root_key, SHA256())
        )
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        self.leaf = (
            _builder(subject, root_name, self.key, begin, end)
            .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
            .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(self._root_key.public_key()),
                critical=False,
            )
            .sign(self._root_key, SHA256())
        )

    @property
    def root_pem(self) -> str:
        """Return the root's certificate."""
        return self.root.public_bytes(Encoding.PEM).decode("ascii")

    @property
    def chain_pem(self) -> bytes:
        """Return what the certificate's address serves."""
        return self.leaf.public_bytes(Encoding.PEM)

    def secret(self, webhook_id: str) -> str:
        """Return what a receiver that trusts this root enters as the secret of its address."""
        return f"{webhook_id}\n{self.root_pem}"

    def sign(
        self,
        body: bytes,
        webhook_id: str,
        at: dt.datetime,
        transmission_id: str | None = None,
        url: str = DEFAULT_URL,
    ) -> dict[str, str]:
        """Return the headers with which PayPal would send ``body`` at an instant (UTC-aware)."""
        transmission_id = transmission_id or str(uuid.uuid5(uuid.NAMESPACE_OID, body.hex()[:64]))
        time_text = at.astimezone(dt.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
        text = f"{transmission_id}|{time_text}|{webhook_id}|{zlib.crc32(body)}".encode("ascii")
        return {
            "PAYPAL-TRANSMISSION-ID": transmission_id,
            "PAYPAL-TRANSMISSION-TIME": time_text,
            "PAYPAL-TRANSMISSION-SIG": base64.b64encode(self.key.sign(text, PKCS1v15(), SHA256())).decode(
                "ascii"
            ),
            "PAYPAL-CERT-URL": url,
            "PAYPAL-AUTH-ALGO": "SHA256withRSA",
        }


class PayPalSigner:
    """Signs as one webhook of an account."""

    def __init__(self, authority: Authority, webhook_id: str, url: str = DEFAULT_URL):
        self._authority = authority
        self._webhook_id = webhook_id
        self._url = url

    def headers(self, event: Event, timestamp: int) -> dict[str, str]:
        """Return the headers of ``event`` sent at ``timestamp`` (seconds since 1970)."""
        at = dt.datetime.fromtimestamp(timestamp, dt.timezone.utc)
        return self._authority.sign(event.body, self._webhook_id, at, url=self._url)


def _key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=KEY_BITS)


def _builder(
    subject: x509.Name, issuer: x509.Name, key: rsa.RSAPrivateKey, begin: dt.datetime, end: dt.datetime
):
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(begin)
        .not_valid_after(end)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )


def _usage(*, sign_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=True,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=sign_certificates,
        crl_sign=sign_certificates,
        encipher_only=False,
        decipher_only=False,
    )


def forged_body(wanted: bytes, start: bytes) -> bytes:
    """Return ``start`` with four bytes behind it that give it the CRC32 of ``wanted``: what a CRC32 cannot prevent."""
    return start + _four_bytes(zlib.crc32(start) ^ 0xFFFFFFFF, zlib.crc32(wanted) ^ 0xFFFFFFFF)


def forged_event(genuine: bytes, amount: bytes, wanted: bytes) -> bytes:
    """Return an event with another amount that is still JSON and has the CRC32 of the genuine one.

    Four bytes in a text of its own make up for the change; other texts are tried until those four can be written.

    :raises ValueError: the event does not state the amount.
    """
    if amount not in genuine or not genuine.endswith(b"}"):
        raise ValueError("the event does not state this amount")
    start, end = genuine[:-1].replace(amount, wanted), b'"}'
    for number in range(1_000_000):
        begun = start + b',"note":"%d ' % number
        # The checksum that must stand before the end, so that the whole comes out right.
        register = zlib.crc32(genuine) ^ 0xFFFFFFFF
        for byte in reversed(end):
            register = _before(register, byte)
        four = _four_bytes(zlib.crc32(begun) ^ 0xFFFFFFFF, register)
        if all(0x20 <= byte < 0x7F and byte not in b'"\\' for byte in four):
            return begun + four + end
    raise ValueError("no four bytes make up for the change")


def _before(register: int, byte: int) -> int:
    """Return the register from which ``byte`` leads to ``register``."""
    place = _PLACES[register >> 24]
    return (((register ^ _TABLE[place]) << 8) & 0xFFFFFFFF) | (place ^ byte)


def _four_bytes(register: int, goal: int) -> bytes:
    """Return the four bytes that lead from one register to another."""
    places = []
    for _byte in range(4):
        places.append(_PLACES[goal >> 24])
        goal = ((goal ^ _TABLE[places[-1]]) << 8) & 0xFFFFFFFF
    tail = bytearray()
    for place in reversed(places):
        tail.append((register ^ place) & 0xFF)
        register = (register >> 8) ^ _TABLE[place]
    return bytes(tail)


def _table_entry(byte: int) -> int:
    for _bit in range(8):
        byte = (byte >> 1) ^ (0xEDB88320 if byte & 1 else 0)
    return byte


_TABLE = [_table_entry(byte) for byte in range(256)]
_PLACES = {entry >> 24: place for place, entry in enumerate(_TABLE)}
