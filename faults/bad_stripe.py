# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Bad requests in the wire form of Stripe."""

from __future__ import annotations

import base64
import copy
import hashlib
import hmac
import json
import time

from simulators.stripe import webhook

from .case import TYPE, Case, dump
from .feed import Feed
from .hub import Address


class Writer:
    """Writes changed copies of one genuine event."""

    def __init__(self, address: Address, feed: Feed):
        self.address = address
        feed.charge()
        self.event = json.loads(webhook.as_event(feed.account.events[0]).body)

    def changed(self, name, change):
        """The body of the event after ``change``; an object that stops holds back its own events alone."""
        content = copy.deepcopy(self.event)
        token = hashlib.sha256(name.encode()).hexdigest()[:20]
        content["id"] = f"evt_{token}"
        content["data"]["object"]["id"] = f"ch_{token}"
        change(content)
        return dump(content)

    def request(self, body: bytes, signature: str) -> bytes:
        """The bytes of a request with this signature header."""
        lines = [
            f"POST {self.address.path} HTTP/1.1",
            "Host: 127.0.0.1",
            TYPE,
            f"{webhook.HEADER}: {signature}",
            f"Content-Length: {len(body)}",
        ]
        return "\r\n".join(lines).encode() + b"\r\n\r\n" + body

    def sign(self, body: bytes, shift_seconds: int = 0) -> str:
        """A genuine signature."""
        return webhook.sign(body, [self.address.secret], int(time.time()) + shift_seconds)


def stripe_cases(address: Address, feed: Feed) -> list[Case]:
    """All cases for this address."""
    writer = Writer(address, feed)
    return [*_signatures(writer), *_contents(writer)]


def _signatures(writer: Writer) -> list[Case]:
    body = writer.changed("signatures", lambda content: None)

    def refused(name, signature):
        return Case(f"Stripe: {name}", writer.request(body, signature), 401, counted=True)

    now = int(time.time())
    secret = writer.address.secret.encode()
    digest = base64.b64encode(hmac.new(secret, b"%d." % now + body, hashlib.sha256).digest()).decode()
    return [
        refused("old header", writer.sign(body, -4000)),
        refused("only the test scheme v0", writer.sign(body).replace("v1=", "v0=")),
        refused("signature in base64", f"t={now},v1={digest}"),
        refused("time only", f"t={now}"),
    ]


def _contents(writer: Writer) -> list[Case]:
    def case(name, status, change, **facts):
        body = writer.changed(name, change)
        return Case(f"Stripe: {name}", writer.request(body, writer.sign(body)), status, **facts)

    def refused(name, change):
        return case(name, 400, change, counted=True)

    def kept(name, code, change):
        return case(name, 200, change, stored=True, code=code)

    def amount(value):
        return lambda content: content["data"]["object"].update(amount=value, amount_captured=value)

    violation = "schema_violation"
    return [
        refused("no id", lambda content: content.pop("id")),
        refused("an id that is a number", lambda content: content.update(id=7)),
        refused("created beyond all time", lambda content: content.update(created=10**18)),
        refused("no object", lambda content: content.pop("data")),
        kept("unknown event type", "unknown_event_type", lambda content: content.update(type="moon.landed")),
        kept("an amount as a text", violation, amount("100")),
        kept("a fraction of a cent", violation, amount(1.5)),
        kept("an amount of 30 digits", violation, amount(10**29)),
        kept("unknown currency", "unknown_currency", lambda c: c["data"]["object"].update(currency="zzz")),
        kept("a production event", "wrong_environment", lambda content: content.update(livemode=True)),
    ]
