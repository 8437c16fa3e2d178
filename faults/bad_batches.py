# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Batches and questions that no well-behaved sender would send, byte for byte, with what the hub must answer."""

from __future__ import annotations

import json

from .case import TYPE, Case, dump
from .feed import Feed

LINES_TYPE = "Content-Type: application/x-ndjson"
MAX_LINES = 10_000
MAX_BATCH_BYTES = 10_000_000


def batch_cases(maker, feed: Feed) -> list[Case]:
    """Cases of the route for many events; of each batch that is taken, one line at most can be read."""
    path = f"{maker.address.path}/batch"

    def line(**changes) -> bytes:
        body = {"id": f"line_{maker.next_id()}", **json.loads(feed.invoice().event.body), **changes}
        return dump({name: value for name, value in body.items() if value is not None})

    def sent(body: bytes, media: str = LINES_TYPE, **options) -> bytes:
        return maker.request(body, [media, *maker.signature(body, maker.next_id())], path=path, **options)

    def refused(name: str, body: bytes, status: int = 400, media: str = LINES_TYPE) -> Case:
        return Case(f"batch: {name}", sent(body, media), status, counted=True)

    def one_of(name: str, *bad: bytes, joined: bytes = b"\n") -> Case:
        return Case(f"batch: {name}", sent(joined.join([line(), *bad])), 200, stored=True)

    good = line()
    return [
        one_of("a good line alone"),
        one_of("a line that is no JSON", b"hello"),
        one_of("a line cut off", line()[:50]),
        one_of("a line in Latin-1", '{"type": "é"}'.encode("latin-1")),
        one_of("a line nested 1,000 deep", b"[" * 1000 + b"]" * 1000),
        one_of("a line with a key twice", b'{"id":"1","id":"2"}'),
        one_of("a line without an id", line(id=None)),
        one_of("a line whose id is a list", line(id=["1"])),
        one_of("a line of more than a megabyte", b'{"pad":"' + b"x" * 1_000_001 + b'"}'),
        one_of("CRLF and empty lines", b"", b" ", joined=b"\r\n"),
        one_of("totals that do not add up", b'{"control":{"count":2,"sums":{"USD":"0.01"}}}'),
        one_of("totals that cannot be read", b'{"control":{"count":"two"}}'),
        refused("only empty lines", b"\n\r\n\n"),
        refused("only totals", b'{"control":{"count":0}}'),
        refused("totals that are a number", good + b'\n{"control":7}'),
        refused("a byte order mark", b"\xef\xbb\xbf" + good),
        refused("UTF-16", good.decode().encode("utf-16")),
        refused("UTF-32", good.decode().encode("utf-32")),
        refused("too many lines", b"{}\n" * (MAX_LINES + 2), 413),
        refused("a million empty lines", b"\n" * 1_000_000, 413),
        refused("too many bytes", b'{"pad":"' + b"A" * MAX_BATCH_BYTES + b'"}', 413),
        refused("a single event's type", good, 415, TYPE),
        Case("batch: not signed", maker.request(good, [LINES_TYPE], path=path), 401, counted=True),
        Case("batch: GET", sent(good, method="GET"), 405, problem=False),
    ]


def question_cases(maker) -> list[Case]:
    """Cases of the route for questions; none of them stores an event."""
    path = maker.address.path.replace("/in/", "/query/")

    def asked(**changes) -> bytes:
        body = {
            "kind": "query.credit",
            "schema_version": "1",
            "source": {"system": "shop", "object_id": maker.next_id()},
            "occurred_at": "2026-03-02T15:00:00Z",
            "customer": "nobody knows",
            **changes,
        }
        return dump({name: value for name, value in body.items() if value is not None})

    def case(name: str, body: bytes, status: int = 400, *, counted: bool = True) -> Case:
        request = maker.request(body, [TYPE, *maker.signature(body, maker.next_id())], path=path)
        return Case(f"question: {name}", request, status, counted=counted)

    return [
        case("about a customer whom nobody knows", asked(), 200, counted=False),
        case("not JSON", b"hello"),
        case("half a question", asked()[:60]),
        case("a byte order mark", b"\xef\xbb\xbf" + asked()),
        case("nested 10,000 deep", b'{"kind":' + b"[" * 9_000 + b"]" * 9_000 + b"}"),
        case("a list", b"[1]"),
        case("no kind", asked(kind=None)),
        case("an event", asked(kind="invoice")),
        case("an answer", asked(kind="answer.credit")),
        case("no id", asked(source={"system": "shop"})),
        case("no customer", asked(customer=None)),
        case("a customer that is a number", asked(customer=7)),
        case("a field that nobody knows", asked(colour="blue")),
        case("no time at all", asked(time_limit_ms=0)),
        case("an hour", asked(time_limit_ms=3_600_000)),
        case("less than nothing", asked(amount={"value": "-5.00", "currency": "USD"})),
        case("half a cent", asked(amount={"value": "0.005", "currency": "USD"})),
        case("too long", asked(customer="x" * 30_000), 413),
        Case("question: not signed", maker.request(asked(), [TYPE], path=path), 401, counted=True),
        Case("question: GET", maker.request(asked(), [TYPE], path=path, method="GET"), 405, problem=False),
    ]
