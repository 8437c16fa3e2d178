# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Requests that no well-behaved sender would send, byte for byte, with what the hub must answer."""

from __future__ import annotations

import json
import time

from simulators.partner import documents, signing
from simulators.sending import Event

from .bad_batches import batch_cases, question_cases
from .bad_stripe import stripe_cases
from .case import TYPE, Case, dump
from .feed import Feed
from .hub import Address

LIMIT_BYTES = 1_000_000


class Maker:
    """Writes requests to one address."""

    def __init__(self, address: Address):
        self.address = address
        self.number = 0

    def next_id(self) -> str:
        """A fresh event id."""
        self.number += 1
        return f"bad_{self.number}"

    def signature(self, body: bytes, event_id: str, shift_seconds: int = 0, secret: str = "") -> list[str]:
        """Header lines that sign ``body``, ``shift_seconds`` away from now."""
        event = Event(event_id, "", body)
        signer = signing.PartnerSigner(secret) if secret else self.address.signer
        headers = signer.headers(event, int(time.time()) + shift_seconds)
        return [f"{name}: {value}" for name, value in headers.items()]

    def request(
        self,
        body: bytes,
        headers: list[str],
        *,
        length: str | None = "",
        method: str = "POST",
        path: str = "",
    ) -> bytes:
        """The bytes of a request; ``length`` None = no Content-Length."""
        lines = [f"{method} {path or self.address.path} HTTP/1.1", "Host: 127.0.0.1", *headers]
        if length is not None:
            lines.append(f"Content-Length: {length or len(body)}")
        return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + body

    def signed(self, body: bytes, *headers: str, event_id: str = "", **options) -> bytes:
        """A correctly signed request with this body."""
        lines = self.signature(body, event_id or self.next_id())
        return self.request(body, [TYPE, *lines, *headers], **options)


def cases(partner: Address, stripe: Address, seed: int) -> list[Case]:
    """All cases; the valid event behind most of them is an invoice."""
    feed = Feed(seed)
    maker = Maker(partner)
    good = feed.invoice().event.body
    return [
        *_signatures(maker, good),
        *_framing(maker, good),
        *_media(maker, good),
        *_routing(maker, good),
        *_bodies(maker, good),
        *_envelopes(maker, good),
        *_contents(maker, feed),
        *_money(maker, feed),
        *stripe_cases(stripe, feed),
        *batch_cases(maker, feed),
        *question_cases(maker),
    ]


def _signatures(maker: Maker, good: bytes) -> list[Case]:
    def refused(name, *lines):
        return Case(name, maker.request(good, [TYPE, *lines]), 401, counted=True)

    fine = maker.signature(good, "bad_sig")
    other = signing.make_secret("somebody else")
    id_line, time_line, signature_line = fine
    forged = signature_line[:-6] + ("AAAAA=" if signature_line[-6:] != "AAAAA=" else "BBBBB=")
    return [
        refused("no signature at all"),
        refused("no signature header", id_line, time_line),
        refused("no id header", time_line, signature_line),
        refused("no time header", id_line, signature_line),
        refused("wrong signature", id_line, time_line, forged),
        refused("somebody else's secret", *maker.signature(good, "bad_sig", secret=other)),
        refused("signature of another body", *maker.signature(good + b" ", "bad_sig")),
        refused("signature of another event", "webhook-id: bad_other", time_line, signature_line),
        refused("signature header twice", *fine, signature_line),
        refused("id header twice", *fine, id_line),
        refused("empty signature", id_line, time_line, "webhook-signature: "),
        refused("garbage signature", id_line, time_line, "webhook-signature: v1,\xff\xfe%%%"),
        refused("very long signature", id_line, time_line, "webhook-signature: " + "v1,AAAA " * 2000),
        refused("unsigned scheme", id_line, time_line, "webhook-signature: none"),
        refused("stale clock", *maker.signature(good, "bad_sig", -3600)),
        refused("future clock", *maker.signature(good, "bad_sig", 3600)),
        refused("negative clock", id_line, "webhook-timestamp: -1", signature_line),
        refused("clock that is no number", id_line, "webhook-timestamp: now", signature_line),
        refused("clock beyond all time", id_line, "webhook-timestamp: 99999999999999999999", signature_line),
        Case(
            "inside the tolerance",
            maker.request(good, [TYPE, *maker.signature(good, "good_1", -200)]),
            200,
            stored=True,
        ),
    ]


def _framing(maker: Maker, good: bytes) -> list[Case]:
    chunk = b"%x\r\n%s\r\n0\r\n\r\n" % (len(good), good)
    lines = maker.signature(good, "bad_frame")

    def case(name, status, body=good, length: str | None = "", *more):
        request = maker.request(body, [TYPE, *lines, *more], length=length)
        return Case(name, request, status, counted=status != 400 or name == "empty body")

    big = b'{"type": "x", "pad": "' + b"A" * LIMIT_BYTES + b'"}'
    return [
        case("no Content-Length", 411, b"", None),
        case("chunked", 411, chunk, None, "Transfer-Encoding: chunked"),
        case("garbage Content-Length", 411, good, "many"),
        case("negative Content-Length", 411, good, "-5"),
        case("Content-Length with a sign", 411, good, f"+{len(good)}"),
        case("Content-Length of twenty digits", 411, good, "9" * 20),
        case("empty body", 400, b"", "0"),
        Case(
            "over the limit", maker.request(big, [TYPE, *maker.signature(big, "bad_big")]), 413, counted=True
        ),
        Case(
            "far over the limit, announced only",
            maker.request(b"{}", [TYPE, *lines], length="2000000000"),
            413,
            counted=True,
        ),
    ]


def _media(maker: Maker, good: bytes) -> list[Case]:
    lines = maker.signature(good, "bad_media")

    def case(name, *headers):
        return Case(name, maker.request(good, [*headers, *lines]), 415, counted=True)

    return [
        case("no media type"),
        case("a form", "Content-Type: application/x-www-form-urlencoded"),
        case("multipart", "Content-Type: multipart/form-data; boundary=x"),
        case("XML", "Content-Type: text/xml"),
        case("gzip", TYPE, "Content-Encoding: gzip"),
        case("unknown encoding", TYPE, "Content-Encoding: x-own"),
        Case(
            "identity encoding and a charset",
            maker.request(
                good.replace(b"P-00001", b"P-00001m"),
                [
                    "Content-Type: application/json; charset=utf-8",
                    "Content-Encoding: identity",
                    *maker.signature(good.replace(b"P-00001", b"P-00001m"), "good_2"),
                ],
            ),
            200,
            stored=True,
        ),
    ]


def _routing(maker: Maker, good: bytes) -> list[Case]:
    base = maker.address.path.rpartition("/")[0]
    return [
        Case("unknown address", maker.signed(good, path=f"{base}/nobody-knows-this"), 404),
        Case("unknown address with NUL", maker.signed(good, path=f"{base}/a%00b"), 404),
        Case("unknown address, not UTF-8", maker.signed(good, path=f"{base}/%ff%fe"), 404),
        Case("unknown address, very long", maker.signed(good, path=f"{base}/{'x' * 5000}"), 404),
        Case("unknown address with quotes", maker.signed(good, path=f"{base}/'%20OR%201=1--"), 404),
        Case("GET", maker.signed(good, method="GET"), 405, problem=False),
        Case("PUT", maker.signed(good, method="PUT"), 405, problem=False),
        Case("DELETE", maker.signed(good, method="DELETE"), 405, problem=False),
    ]


def _bodies(maker: Maker, good: bytes) -> list[Case]:
    def refused(name, body):
        return Case(name, maker.signed(body), 400, counted=True)

    deep = b'{"type":"x","timestamp":"2026-03-02T15:00:00Z","data":' + b"[" * 100_000 + b"]" * 100_000 + b"}"
    fields = good[1:-1]
    return [
        refused("not JSON", b"hello"),
        refused("half a JSON", good[: len(good) // 2]),
        refused("a byte order mark", b"\xef\xbb\xbf" + good),
        refused("UTF-16", good.decode().encode("utf-16")),
        refused("only blanks", b"   "),
        refused("nested 100,000 deep", deep),
        refused("a key twice", b'{"type":"invoice.issued",' + fields + b"}"),
        refused("NaN", b'{"amount":NaN,' + fields + b"}"),
        refused("Infinity", b'{"amount":-Infinity,' + fields + b"}"),
        refused("a number of 5,000 digits", b'{"amount":' + b"9" * 5000 + b"," + fields + b"}"),
        refused("an exponent of a million", b'{"amount":1e1000000,' + fields + b"}"),
        refused("an escaped NUL", b'{"note":"a\\u0000b",' + fields + b"}"),
        refused("a raw NUL", b'{"note":"a\x00b",' + fields + b"}"),
        refused("a lone surrogate", b'{"note":"\\ud800",' + fields + b"}"),
        refused("invalid UTF-8", b'{"note":"\xff\xfe",' + fields + b"}"),
        refused("a list", b"[" + good + b"]"),
        refused("a text", b'"hello"'),
        refused("null", b"null"),
    ]


def _envelopes(maker: Maker, good: bytes) -> list[Case]:
    content = json.loads(good)

    def refused(name, **changes):
        body = {**content, **changes}
        return Case(
            name, maker.signed(dump({k: v for k, v in body.items() if v is not None})), 400, counted=True
        )

    return [
        refused("no type", type=None),
        refused("a type that is a number", type=7),
        refused("an endless type", type="x" * 5000),
        refused("no timestamp", timestamp=None),
        refused("a timestamp without a zone", timestamp="2026-03-02T15:00:00"),
        refused("a timestamp that is no time", timestamp="yesterday"),
        refused("the 30th of February", timestamp="2026-02-30T15:00:00Z"),
        refused("data that is a list", data=[]),
        Case("an id of 300 characters", maker.signed(good, event_id="i" * 300), 401, counted=True),
    ]


def _contents(maker: Maker, feed: Feed) -> list[Case]:
    """Well-formed events with a content that cannot be booked: stored, then parked where everybody sees them."""

    def kept(name, code, change):
        content = json.loads(feed.invoice().event.body)
        change(content)
        return Case(name, maker.signed(dump(content)), 200, stored=True, code=code)

    def put(*path, value):
        def change(content):
            place = content
            for step in path[:-1]:
                place = place[step]
            place[path[-1]] = value

        return change

    def rename_tax(content):
        line = content["data"]["lines"][0]
        line["tax_codes"] = ["MOON"]
        for tax in line["taxes"]:
            tax["code"] = "MOON"

    violation = "schema_violation"
    return [
        kept("an unknown event type", "unknown_event_type", put("type", value="moon.landed")),
        kept("a total that does not add up", "totals_do_not_add_up", put("data", "total_gross", value=12.5)),
        kept("an amount as a list", violation, put("data", "total_gross", value=["1"])),
        kept("lines that are a text", violation, put("data", "lines", value="many")),
        kept("no customer", violation, lambda content: content["data"].pop("customer")),
        kept("another kind", violation, put("data", "kind", value="customer")),
        kept("a source that is a text", violation, put("data", "source", value="me")),
        kept("an object id that is a number", violation, put("data", "source", "object_id", value=7)),
        kept("an endless object id", violation, put("data", "source", "object_id", value="o" * 10_000)),
        kept("a version beyond 64 bits", violation, put("data", "source", "version", value=10**30)),
        kept("a negative version", violation, put("data", "source", "version", value=-1)),
        kept("the year 9999 as due date", None, put("data", "due_date", value="9999-12-31")),
        kept("a field that nobody knows", violation, put("data", "colour", value="blue")),
        kept("an unknown currency", "unknown_currency", put("data", "currency", value="XXQ")),
        kept("a currency that is not active", "currency_inactive", put("data", "currency", value="EUR")),
        kept("an unknown tax", "mapping_missing", rename_tax),
        kept(
            "a body of many scripts",
            None,
            put("data", "note", value="Ünï✓🏦 \u2066 \u202e'; DROP TABLE res_users; --"),
        ),
    ]


def _money(maker: Maker, feed: Feed) -> list[Case]:
    def movement(name, code, amount, currency="USD", **more):
        feed.clock.advance(seconds=1)
        number = maker.next_id()
        document = {
            "kind": "movement",
            "schema_version": "1",
            "source": {"system": "partner", "object_id": number},
            "occurred_at": feed.clock.now.isoformat(),
            "type": "payment",
            "movement_id": number,
            "amount": {"value": amount, "currency": currency},
            "status": "succeeded",
            **more,
        }
        body = documents.as_event(
            feed.seed, "movement.reported", {**document, "source": {**document["source"], "version": 1}}
        ).body
        return Case(name, maker.signed(body, event_id=number), 200, stored=True, code=code)

    return [
        movement("a payment of nothing", "amount_zero", "0.00"),
        movement("a payment of less than nothing", "amount_sign", "-5.00"),
        movement("half a cent", "amount_not_exact", "0.005"),
        movement("an amount in words", "schema_violation", "ten"),
        movement("an amount in exponents", "schema_violation", "1e3"),
        movement("a movement in an unknown currency", "unknown_currency", "5.00", "ZZZ"),
        movement("an amount that no field holds", "amount_too_large", "9" * 25 + ".00"),
    ]
