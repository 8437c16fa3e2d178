# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Who may speak: the signature, its clock, and the change of a secret."""

from __future__ import annotations

import dataclasses
import functools
from datetime import datetime, timedelta

from odoo.addons.finance_integration.connectors.base import Connector
from odoo.addons.finance_integration.engine.errors import AuthorizationError
from odoo.addons.finance_integration.engine.signatures import Secret, SignedRequest, get_scheme
from odoo.addons.finance_integration.simulators.paypal.signing import Authority

from .cases import NOW, URL, Case, expect


@dataclasses.dataclass(frozen=True)
class _Sender:
    """How a sender signs: with a scheme that the hub can make itself, or as PayPal, with an authority of our own."""

    scheme: object
    value: str

    def headers(self, body: bytes, at: datetime, event_id: str) -> dict[str, str]:
        if self.scheme.code == "paypal":
            return _authority().sign(body, self.value, at)
        return self.scheme.sign(body, self.value, at, event_id, URL)

    @property
    def certificates(self) -> bytes:
        return _authority().chain_pem if self.scheme.code == "paypal" else b""


@functools.cache
def _authority() -> Authority:
    return Authority()


def make_secret(scheme, name: str, **window) -> tuple[str, Secret]:
    """Return (what the sender signs with, what the hub verifies with)."""
    if scheme.code == "paypal":
        value = "WH" + name.upper()
        return value, Secret(name, _authority().secret(value), **window)
    value = scheme.generate_secret()
    public_key = getattr(scheme, "public_key", None)
    return value, Secret(name, public_key(value) if public_key else value, **window)


def signed(scheme, case: Case, value: str, at: datetime = NOW, body: bytes | None = None) -> SignedRequest:
    raw, sender = case.raw if body is None else body, _Sender(scheme, value)
    headers = [*case.headers.items(), *sender.headers(raw, at, case.event_id).items()]
    return SignedRequest("POST", URL, headers, raw, sender.certificates)


def refused(scheme, request, secrets, tolerance_seconds: int, at: datetime = NOW) -> str | None:
    """Return the code with which the request is refused, None when it is accepted."""
    try:
        scheme.verify(request, secrets, at, tolerance_seconds)
    except AuthorizationError as error:
        return error.code
    return None


def check_signature(connector: Connector, case: Case, scheme_code: str) -> None:
    """Accepted as sent; every way in which it can be wrong is refused with the right name."""
    scheme = get_scheme(scheme_code)
    tolerance = connector.spec.clock_tolerance_seconds
    value, secret = make_secret(scheme, "current")
    request = signed(scheme, case, value)
    expect(refused(scheme, request, [secret], tolerance) is None, "a correct signature is refused")
    # Where the body is not signed, or by a checksum alone, the connector fetches what becomes money.
    expect(scheme.signs_body or connector.spec.trust == "refetch", "an unsigned body is trusted")
    for position in {0, len(case.raw) // 3, len(case.raw) // 2, len(case.raw) - 1}:
        flipped = bytearray(case.raw)
        flipped[position] ^= 1
        code = refused(scheme, dataclasses.replace(request, body=bytes(flipped)), [secret], tolerance)
        expect(code == "signature_invalid", f"byte {position} changed: {code}")
    _value, other = make_secret(scheme, "other")
    expect(refused(scheme, request, [other], tolerance) == "signature_invalid", "a wrong secret is accepted")
    expect(refused(scheme, request, [], tolerance) == "secret_missing", "accepted without any secret")
    for empty in ("", " "):
        code = refused(scheme, request, [Secret("empty", empty)], tolerance)
        expect(code == "secret_missing", f"an empty secret: {code}")
    for name in {name.lower() for name in _Sender(scheme, value).headers(case.raw, NOW, case.event_id)}:
        kept = [pair for pair in request.headers if pair[0].lower() != name]
        code = refused(scheme, dataclasses.replace(request, headers=kept), [secret], tolerance)
        expect(code == "signature_missing", f"without header {name}: {code}")
        twice = [*request.headers, *(pair for pair in request.headers if pair[0].lower() == name)]
        code = refused(scheme, dataclasses.replace(request, headers=twice), [secret], tolerance)
        expect(code == "signature_malformed", f"header {name} twice: {code}")


def check_clock(connector: Connector, case: Case, scheme_code: str) -> None:
    """The signed time may be off by the tolerance, not by a second more, both ways; unless none is signed."""
    scheme = get_scheme(scheme_code)
    tolerance = connector.spec.clock_tolerance_seconds
    value, secret = make_secret(scheme, "current")
    for seconds, wanted in (
        (-tolerance, None),
        (tolerance, None),
        (-tolerance - 1, "signature_stale"),
        (tolerance + 1, "signature_future"),
    ):
        request = signed(scheme, case, value, NOW + timedelta(seconds=seconds))
        code = refused(scheme, request, [secret], tolerance)
        due = wanted if scheme.checks_clock else None
        expect(code == due, f"signed {seconds} s from now: {code} instead of {due}")


def check_rotation(connector: Connector, case: Case, scheme_code: str) -> None:
    """While a secret is changed, the old and the new one count; the old one no longer when it has expired."""
    scheme = get_scheme(scheme_code)
    tolerance = connector.spec.clock_tolerance_seconds
    old_value, old = make_secret(scheme, "old", valid_until=NOW + timedelta(hours=1))
    new_value, new = make_secret(scheme, "new", valid_from=NOW - timedelta(hours=1))
    for value, name in ((old_value, "old"), (new_value, "new")):
        verified = scheme.verify(signed(scheme, case, value), [old, new], NOW, tolerance)
        expect(verified.secret_id == name, f"signed with {name}, taken for {verified.secret_id}")
    later = NOW + timedelta(hours=2)
    request = signed(scheme, case, old_value, later)
    expect(refused(scheme, request, [old, new], tolerance, later) == "signature_invalid", "expired, accepted")
    expect(
        refused(scheme, request, [old], tolerance, later) == "secret_missing", "expired and alone, accepted"
    )
