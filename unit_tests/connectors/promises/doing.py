# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""What the hub does at an outside system through a connector: refunds, evidence, disputes, customers."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any

from odoo.addons.finance_integration.connectors.base import Connector, HttpAnswer, HttpRequest
from odoo.addons.finance_integration.engine.canonical import Amount
from odoo.addons.finance_integration.engine.errors import IntegrationError

from .cases import DeviationError, expect, outcome
from .exchange import ANSWERS

SECRET = "sk_test_suite_only_0002"
SINCE = dt.datetime(2026, 3, 2, 15, 0, tzinfo=dt.timezone.utc)
CUSTOMER = {
    "name": "Maes & Zonen BV",
    "email": "accounts@example.com",
    "phone": "+32 9 000 00 00",
    "language": "nl_BE",
    "address": {"street": "Korenmarkt 1", "city": "Gent", "zip": "9000", "country": "BE"},
}
# What nobody who was asked to do something should have answered.
ODD_BODIES = (b"null", b"[]", b"7", b"{}", b'{"id": 7}', b'{"object": "odd", "id": "x"}', b'{"error": 7}')

# (name, whether it changes something, request, reader of the answer)
Call = tuple[str, bool, Callable[[], HttpRequest], Callable[[HttpAnswer], Any]]


def calls(connector: Connector, settings: dict) -> Iterator[Call]:
    """Return every call that the connector's spec says it can make."""
    spec, access = connector.spec, (settings, SECRET)
    if spec.sends_refunds:
        amount = Amount(value=Decimal("12.30"), currency="EUR")
        yield (
            "refund",
            True,
            lambda: connector.refund_send("ch_1", amount, "k-1", *access),
            connector.refund_sent,
        )
        yield (
            "refund found",
            False,
            lambda: connector.refund_find("ch_1", *access),
            lambda answer: connector.refund_found(answer, "k-1"),
        )
    if spec.takes_evidence:
        texts = {"customer_name": "Ines"}
        yield (
            "evidence",
            True,
            lambda: connector.evidence_submit("dp_1", texts, {}, "k-1", *access),
            lambda answer: connector.evidence_submitted(answer, "k-1"),
        )
        yield (
            "evidence found",
            False,
            lambda: connector.evidence_find("dp_1", *access),
            lambda answer: connector.evidence_submitted(answer, "k-1"),
        )
    if spec.accepts_disputes:
        yield (
            "acceptance",
            True,
            lambda: connector.dispute_close("dp_1", "k-1", *access),
            connector.dispute_closed,
        )
        yield "dispute", False, lambda: connector.dispute_find("dp_1", *access), connector.dispute_closed
    if spec.writes_customers:
        content = connector.customer_content(CUSTOMER)
        for name, outside_id in (("new customer", None), ("customer", "cus_1/../x")):
            yield (
                name,
                True,
                lambda outside_id=outside_id: connector.customer_write(
                    outside_id, content, "k-1", "k-1-1", *access
                ),
                connector.customer_written,
            )
        yield (
            "customers found",
            False,
            lambda: connector.customer_find(SINCE, None, *access),
            lambda answer: connector.customer_found(answer, "k-1"),
        )


def check_call(name: str, changes: bool, build: Callable[[], HttpRequest], read: Callable) -> None:
    """The secret is in the headers only, the same call is the same request, and every bad answer has its name."""
    request = build()
    expect(request == build(), f"{name}: two requests of one call differ")
    expect(request.url.startswith("https://"), f"{name}: the request is not encrypted")
    expect("/../" not in request.url, f"{name}: an id leads to another address")
    expect(
        SECRET not in request.url and SECRET.encode() not in request.body, f"{name}: secret in the address"
    )
    expect(SECRET not in repr(request), f"{name}: the secret is in the request's text form")
    expect(any(SECRET in value for value in request.headers.values()), f"{name}: no credential")
    expect(0 < request.timeout_seconds <= 60, f"{name}: no sensible time limit")
    if changes:
        expect(request.method not in ("GET", "HEAD"), f"{name}: a question is to change something")
        said = "".join(value for header, value in request.headers.items() if SECRET not in value)
        expect("k-1" in said or b"k-1" in request.body, f"{name}: nothing says that it is meant once")
    else:
        asks = request.method in ("GET", "HEAD") and not request.body
        expect(asks or b'"query":"query(' in request.body, f"{name}: a question has an effect")
    for status, headers, body, code, seconds in ANSWERS:
        try:
            read(HttpAnswer(status, headers, body))
        except IntegrationError as error:
            expect(
                (error.code, error.retry_after_seconds) == (code, seconds),
                f"{name}: answer {status}: {error.code}, {error.retry_after_seconds} s",
            )
            continue
        raise DeviationError(f"{name}: answer {status} is taken for done")
    for body in ODD_BODIES:
        found = outcome(lambda: read(HttpAnswer(200, {}, body)))  # noqa: B023
        expect(found == "schema_violation", f"{name}: {body!r} is taken for {found!r}")
