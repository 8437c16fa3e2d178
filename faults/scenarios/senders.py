# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Senders that misbehave: repetition, disorder, delay, a wrong clock, poison (E2, E3, E5, C3)."""

from __future__ import annotations

import random
import time
from decimal import Decimal

from devtools.environment import Environment
from simulators.partner.documents import Line, as_event, invoice
from simulators.sending import post_over_http

from .. import invariants
from ..feed import Delivery, Feed
from ..hub import Hub
from ..outcome import Outcome
from ..rounds import Rounds
from ..shots import TIMEOUT_SECONDS, Volley

DELIVERIES = 200
CONNECTIONS = 6
SECONDS = 240
POISON_PERCENT = (1, 10)
DUPLICATE_PERCENT = 30
# How many places an event may be away from its own.
WINDOW = 25
VERSIONS = 12
# Beyond what a signature may be old, in both directions, and within it.
REFUSED_SKEWS_SECONDS = (-3600, -330, 330, 3600)
TAKEN_SKEWS_SECONDS = (-240, 240)
UNKNOWN_TAX = "NOT-MAPPED"


def run(
    env: Environment, outcome: Outcome, seed: int, count: int = DELIVERIES, poison=POISON_PERCENT
) -> None:
    """Send everything that a bad network and a bad sender make of a mix, at each rate of poison."""
    chance = random.Random(f"senders/{seed}")
    with Hub(env, "senders") as hub:
        feed, bad = Feed(seed), set()
        play = Rounds(hub, outcome, feed)
        play.prepare()
        for percent in poison:
            told = feed.business(count)
            spoiled = _poison(feed, chance, max(len(told) * percent // 100, 1), percent)
            bad |= {delivery.event.id for delivery in spoiled}
            sent = _disorder(told + spoiled + _versions(feed, percent), chance)
            volley = Volley(hub, sent, connections=CONNECTIONS)
            volley.acknowledged.events = play.acknowledged
            began = time.monotonic()
            volley.start().join(SECONDS)
            play.settle()
            outcome.shots += len(sent)
            outcome.note(
                f"{len(sent)} deliveries, {len(spoiled)} events of poison ({percent} %), up to {WINDOW} places from"
                f" theirs, {DUPLICATE_PERCENT} % twice: answers {dict(volley.acknowledged.answers)}, verdicts"
                f" {dict(volley.acknowledged.verdicts)}; worked off in {time.monotonic() - began:.1f} s"
            )
            outcome.expect("answers", set(volley.acknowledged.answers), {200})
        _skewed(hub, outcome, feed, play)
        _check_names(hub, outcome, feed)
        outcome.fail(invariants.broken(hub, play.acknowledged, feed.gross_by_day, bad))


def _poison(feed: Feed, chance: random.Random, count: int, percent: int) -> list[Delivery]:
    """Events that no booking follows from: an unknown type, a tax nobody has mapped, a line without an amount."""
    made = []
    for number in range(count):
        now = feed.clock.advance(seconds=1)
        lines = [Line("Advice", Decimal(1), Decimal(100), ())]
        document = invoice(f"BAD-{percent}-{number:04d}", feed.parties[0], lines, now, due_date=now.date())
        kind = chance.choice(("type", "tax", "amount"))
        if kind == "tax":
            taxes = {"tax_codes": [UNKNOWN_TAX], "taxes": [{"code": UNKNOWN_TAX, "amount": "0.00"}]}
            document["lines"][0] |= taxes
        elif kind == "amount":
            document["lines"][0]["net_amount"] = "a lot"
        event_type = "invoice.whispered" if kind == "type" else "invoice.issued"
        made.append(Delivery("partner", as_event(feed.seed, event_type, document)))
    return made


def _versions(feed: Feed, percent: int) -> list[Delivery]:
    """Versions of all customers; which of them are overtaken depends on the order in which they arrive."""
    first = 2 + percent * VERSIONS
    return [
        feed.customer(party, version, f"{party.name} v{version}")
        for version in range(first, first + VERSIONS)
        for party in feed.parties
    ]


def _disorder(told: list[Delivery], chance: random.Random) -> list[Delivery]:
    """Some twice, all up to ``WINDOW`` places from where they belong."""
    placed = []
    for place, delivery in enumerate(told):
        copies = 2 if chance.randrange(100) < DUPLICATE_PERCENT else 1
        placed += [(place + chance.randrange(WINDOW), len(placed) + copy, delivery) for copy in range(copies)]
    return [delivery for _place, _number, delivery in sorted(placed, key=lambda entry: entry[:2])]


def _skewed(hub: Hub, outcome: Outcome, feed: Feed, play: Rounds) -> None:
    """A sender whose clock is wrong: refused beyond the tolerance, and nothing is stored then; taken within it."""
    stored = hub.one("SELECT count(*) FROM integration_message")
    answers = [_sent_at(hub, feed.invoice(), skew).status for skew in TAKEN_SKEWS_SECONDS]
    outcome.expect("answers to a clock within the tolerance", answers, [200] * len(answers))
    refused = [feed.customer(feed.parties[1], 9000 + n) for n, _skew in enumerate(REFUSED_SKEWS_SECONDS)]
    answers = [
        _sent_at(hub, delivery, skew).status
        for delivery, skew in zip(refused, REFUSED_SKEWS_SECONDS, strict=True)
    ]
    outcome.expect("answers to a wrong clock", answers, [401] * len(answers))
    after = hub.one("SELECT count(*) FROM integration_message")
    outcome.expect("events stored", after - stored, len(TAKEN_SKEWS_SECONDS))
    play.settle()
    outcome.note(f"clocks wrong by {REFUSED_SKEWS_SECONDS} s were refused, by {TAKEN_SKEWS_SECONDS} s taken")


def _sent_at(hub: Hub, delivery: Delivery, skew_seconds: int):
    address = getattr(hub, delivery.to)
    headers = address.signer.headers(delivery.event, int(time.time()) + skew_seconds)
    headers["Content-Type"] = "application/json"
    return post_over_http(hub.server.url + address.path, headers, delivery.event.body, TIMEOUT_SECONDS)


def _check_names(hub: Hub, outcome: Outcome, feed: Feed) -> None:
    """Each customer has the name of its newest version."""
    newest = 1 + POISON_PERCENT[-1] * VERSIONS + VERSIONS
    names = dict(
        hub.sql(
            "SELECT b.outside_id, p.name FROM integration_binding b JOIN res_partner p ON p.id = b.res_id"
            " WHERE b.kind = 'customer'"
        )
    )
    for party in feed.parties:
        outcome.expect(f"name of {party.id}", names.get(party.id), f"{party.name} v{newest}")
