# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Everyday business after the month: a few more events, one at a time, as predictable as the month itself.

They are dated on the days after the played month, so that a second run repeats the first one's events
and goes on from there, instead of inventing others under the same names.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal

from .acts import SERVICES
from .money import to_minor
from .partner.documents import Line, Party, totals
from .stage import Stage, Step

MAX_EVENTS = 200
EVENTS_A_DAY = 24
MINUTES_BETWEEN = 10


def trickle(stage: Stage, count: int) -> Iterator[Step]:
    """Yield up to ``count`` more steps after a played month: an invoice, its payment, its settlement.

    :raises ValueError: more than 200 are wanted.
    """
    if not 0 <= count <= MAX_EVENTS:
        raise ValueError(f"at most {MAX_EVENTS} events can trickle in")
    stage.end_month()
    chance = random.Random(f"{stage.seed}/trickle")
    start = stage.clock.now + timedelta(hours=1)
    customers = {held["email"]: held["id"] for held in stage.account.customers.values()}
    sent = 0
    while sent < count:
        day, place = divmod(sent, EVENTS_A_DAY)
        stage.clock.move_to(start + timedelta(days=day, minutes=place * MINUTES_BETWEEN))
        noted = len(stage.steps)
        party = stage.parties[(sent // 3) % len(stage.parties)]
        _one_sale(stage, chance, party, customers[party.email])
        for step in stage.steps[noted:][: count - sent]:
            sent += 1
            yield step


def _one_sale(stage: Stage, chance: random.Random, party: Party, customer_id: str) -> None:
    text, price = SERVICES[chance.randrange(len(SERVICES))]
    lines = [Line(text, Decimal(chance.randint(1, 6)), price)]
    number = stage.next_number()
    gross = totals(lines).gross
    stage.send_invoice(number, party, lines)
    stage.clock.advance(minutes=5)
    paid = stage.tell(
        f"{number} is paid",
        lambda: stage.account.charge(
            to_minor(gross, "usd"),
            "usd",
            customer_id=customer_id,
            name=party.name,
            email=party.email,
            description=f"Payment for {number}",
            metadata={"invoice_number": number},
        ),
    )
    stage.expected.invoices[number].applied += gross
    stage.clock.advance(seconds=3)
    stage.tell("the payment is in Stripe's ledger", lambda: stage.account.settle(paid["id"]))
