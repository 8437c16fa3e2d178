# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""What every signature scheme shares: the request as received, the secrets, the refusals."""

from __future__ import annotations

import base64
import binascii
import dataclasses
import hmac
import re
from collections.abc import Callable, Collection, Sequence
from datetime import datetime
from typing import ClassVar

from ..errors import AuthorizationError
from ..instants import from_unix

MAX_HEADER_CHARACTERS = 8192
MAX_SIGNATURES = 20
_UNIX_SECONDS = re.compile(r"[1-9]\d{0,11}", re.ASCII)


@dataclasses.dataclass(frozen=True)
class SignedRequest:
    """A request exactly as it was received; ``headers`` keep order and repetitions, ``body`` is raw.

    ``url``           absolute, as the sender called it: behind a proxy the public one.
    ``certificates``  PEM of what the address that ``Scheme.certificate_url`` named holds; empty for all other schemes.
    """

    method: str
    url: str
    headers: Sequence[tuple[str, str]]
    body: bytes
    certificates: bytes = b""


@dataclasses.dataclass(frozen=True)
class Secret:
    """A shared secret or public key; two may be valid at once during a rotation.

    ``id``  names the secret in logs and audit; the value never appears there.
    ``valid_from``, ``valid_until``  UTC-aware, both inclusive; None = unbounded.
    """

    id: str
    value: str = dataclasses.field(repr=False)
    valid_from: datetime | None = None
    valid_until: datetime | None = None

    def valid_at(self, now: datetime) -> bool:
        """Say whether the secret may be used at ``now``."""
        if self.valid_from is not None and now < self.valid_from:
            return False
        return self.valid_until is None or now <= self.valid_until


@dataclasses.dataclass(frozen=True)
class Verified:
    """Which secret fitted, and when the sender signed (None where the scheme does not say)."""

    secret_id: str
    signed_at: datetime | None


class Scheme:
    """One way of signing requests. There is no scheme that accepts without a secret.

    ``kept_headers``  lower-case names that must be stored with the body to verify again later. Headers that are
                      secrets themselves are not among them.
    ``signs_url``     whether the signature covers the address, too (as the sender saw it).
    ``signs_body``    whether it covers every byte of the body. Where it does not, it says who speaks, not what was
                      said: only connectors that fetch money from the source before it is booked may use it.
    ``checks_clock``  whether it tells when it was made, so that an old request is refused. Without, a repetition is
                      recognised by its event alone.
    ``can_sign``      whether the hub can make such a signature; nobody but PayPal can make PayPal's.
    """

    code: ClassVar[str]
    name: ClassVar[str]
    kept_headers: ClassVar[tuple[str, ...]]
    signs_url: ClassVar[bool] = False
    signs_body: ClassVar[bool] = True
    checks_clock: ClassVar[bool] = True
    can_sign: ClassVar[bool] = True

    def verify(
        self, request: SignedRequest, secrets: Sequence[Secret], now: datetime, tolerance_seconds: int
    ) -> Verified:
        """Return what the signature of ``request`` proves at ``now`` (UTC-aware).

        ``tolerance_seconds`` bounds the distance between the signed time and ``now``, in both directions.

        :raises AuthorizationError: ``signature_missing``, ``signature_malformed``, ``signature_invalid``,
            ``signature_stale``, ``signature_future``, ``secret_missing``, ``secret_unusable``.
        """
        raise NotImplementedError

    def certificate_url(self, request: SignedRequest, allowed_hosts: Collection[str] = ()) -> str | None:
        """Return where the certificate that verifies ``request`` has to be fetched; None = nothing is to be fetched.

        Everything that can be refused without it is refused here, before anything is called.

        :param allowed_hosts: hosts that an administrator allowed by name beside the vendor's own.
        :raises AuthorizationError: ``signature_missing``, ``signature_malformed``.
        """
        return None

    def sign(
        self, body: bytes, secret_value: str, now: datetime, event_id: str, url: str = ""
    ) -> dict[str, str]:
        """Return the headers that sign ``body`` at ``now``; ``event_id`` stays the same on each resend.

        :param url: where it is sent to; matters to schemes with ``signs_url`` alone.
        :raises AuthorizationError: ``secret_missing``, ``secret_unusable``.
        """
        raise NotImplementedError

    def check_secret(self, secret_value: str, now: datetime) -> None:
        """Refuse a secret that this scheme can never use.

        :raises AuthorizationError: ``secret_missing``, ``secret_unusable``.
        """
        self.sign(b"{}", secret_value, now, "msg_test")

    def generate_secret(self) -> str:
        """Return a new random secret in the form that this scheme writes it."""
        raise NotImplementedError


def header_values(request: SignedRequest, name: str) -> list[str]:
    """Return every value of the header ``name`` (any case), in order."""
    wanted = name.lower()
    return [value for key, value in request.headers if key.lower() == wanted]


def single_header(request: SignedRequest, name: str) -> str:
    """Return the one value of the header ``name``.

    A repeated signature header is refused: two readers could each believe another one.

    :raises AuthorizationError: ``signature_missing``, ``signature_malformed``.
    """
    values = header_values(request, name)
    if not values or not values[0].strip():
        raise AuthorizationError("signature_missing", f"header {name}")
    if len(values) > 1:
        raise AuthorizationError("signature_malformed", f"header {name} occurs {len(values)} times")
    if len(values[0]) > MAX_HEADER_CHARACTERS:
        raise AuthorizationError("signature_malformed", f"header {name} is too long")
    return values[0]


def shared_secret_fits(
    secrets: Sequence[Secret], now: datetime, expected_of: Callable[[str], bytes], given: bytes | None
) -> Secret:
    """Return the first valid secret of which ``expected_of(value)`` equals ``given``; all are compared, in constant
    time.

    :param given: what the request shows; None when it cannot be anything that a sender made.
    :raises AuthorizationError: ``secret_missing``, ``secret_unusable``, ``signature_invalid``.
    """
    fitting = None
    # No early exit: how long it takes must not tell which secret came close.
    for secret in usable_secrets(secrets, now):
        if hmac.compare_digest(expected_of(secret.value), given or b"") and fitting is None:
            fitting = secret
    if fitting is None:
        raise AuthorizationError("signature_invalid")
    return fitting


def usable_secrets(secrets: Sequence[Secret], now: datetime) -> list[Secret]:
    """Return the secrets that are valid at ``now``.

    :raises AuthorizationError: ``secret_missing`` when there is none, or when one of them is empty: an
        empty key would make every signature computable by anybody.
    """
    valid = [secret for secret in secrets if secret.valid_at(now)]
    if not valid:
        raise AuthorizationError("secret_missing", "no secret is valid now")
    for secret in valid:
        if not secret.value.strip():
            raise AuthorizationError("secret_missing", f"secret {secret.id} is empty")
    return valid


def required_secret(value: str) -> str:
    """Return ``value`` unless it is empty.

    :raises AuthorizationError: ``secret_missing``.
    """
    if not value.strip():
        raise AuthorizationError("secret_missing", "the secret is empty")
    return value


def unix_seconds(text: str) -> datetime:
    """Return the instant of a Unix time as signature headers write it (plain digits).

    :raises AuthorizationError: ``signature_malformed``.
    """
    if not _UNIX_SECONDS.fullmatch(text) or int(text) > 4_102_444_800:  # 2100-01-01
        raise AuthorizationError("signature_malformed", "the time is no Unix time")
    return from_unix(int(text))


def check_clock(signed_at: datetime, now: datetime, tolerance_seconds: int) -> None:
    """Refuse a signature that is older or newer than ``tolerance_seconds``; the bounds are still accepted.

    :raises AuthorizationError: ``signature_stale``, ``signature_future``.
    """
    age_seconds = (now - signed_at).total_seconds()
    if age_seconds > tolerance_seconds:
        raise AuthorizationError("signature_stale", params={"age_seconds": int(age_seconds)})
    if -age_seconds > tolerance_seconds:
        raise AuthorizationError("signature_future", params={"ahead_seconds": int(-age_seconds)})


def decode_base64(text: str) -> bytes | None:
    """Return the bytes of standard base64 ``text``, padded or not; None when it is something else.

    Only the one canonical text of some bytes is read: the spare bits of the last character must be zero.
    """
    try:
        bare = text.encode("ascii").rstrip(b"=")
        decoded = base64.b64decode(bare + b"=" * (-len(bare) % 4), validate=True)
    except (UnicodeEncodeError, binascii.Error):
        return None
    return decoded if base64.b64encode(decoded).rstrip(b"=") == bare else None
