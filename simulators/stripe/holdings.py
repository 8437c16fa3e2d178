# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""What an account holds and how a change is written down: the base of the account model."""

from __future__ import annotations

import copy
from collections import deque
from collections.abc import Mapping
from decimal import Decimal

from ..clock import SimulatedClock
from ..ids import IdSource
from ..money import round_half_up, step
from . import shapes
from .fees import FeePlan, details
from .ledger import REPORTING_CATEGORIES, Ledger, LedgerLine
from .shapes import Shape

DAY_SECONDS = 86_400


class RefusedError(Exception):
    """Stripe would refuse this: the amount, the state or the id does not allow it."""


class Holdings:
    """Everything that one account in one mode holds.

    ``conversions`` says which charged currencies are settled in another one and at which rate, for
    example ``{"eur": ("usd", Decimal("1.085"))}``; every other currency has a balance of its own.
    ``max_objects`` bounds what is held of each kind, ``max_events`` how many events are remembered.
    """

    def __init__(
        self,
        seed: object,
        clock: SimulatedClock,
        *,
        livemode: bool = False,
        fees: FeePlan | None = None,
        conversions: Mapping[str, tuple[str, Decimal]] | None = None,
        max_objects: int = 200_000,
        max_events: int = 500_000,
    ):
        self.clock = clock
        self.livemode = livemode
        self.fees = fees or FeePlan()
        self.conversions = dict(conversions or {})
        self.max_objects = max_objects
        self.ids = IdSource(f"stripe/{seed}")
        self.ledger = Ledger()
        self.events: deque[Shape] = deque(maxlen=max_events)
        self.events_told = 0
        self.customers: dict[str, Shape] = {}
        self.charges: dict[str, Shape] = {}
        self.refunds: dict[str, Shape] = {}
        self.payouts: dict[str, Shape] = {}
        self.disputes: dict[str, Shape] = {}
        # Automatic payout -> ids of the ledger lines that it pays out.
        self.composition: dict[str, tuple[str, ...]] = {}
        self._paid_out: set[str] = set()

    def _new_charge(self, amount: int, currency: str, method: str, facts: Mapping) -> Shape:
        if amount <= 0 or amount % step(currency) or currency != currency.lower():
            raise RefusedError(f"{amount} {currency} cannot be charged")
        made = shapes.charge(
            self.ids.next("ch" if method == "card" else "py"),
            self.clock.timestamp,
            amount,
            currency,
            payment_intent=self.ids.next("pi"),
            customer_id=facts.get("customer_id"),
            name=facts.get("name"),
            email=facts.get("email"),
            description=facts.get("description"),
            metadata=facts.get("metadata") or {},
            livemode=self.livemode,
            method=method,
        )
        self._keep(self.charges, made)
        return made

    def _settlement(self, currency: str) -> tuple[str, Decimal | None]:
        return self.conversions.get(currency, (currency, None))

    def _convert(self, amount: int, currency: str) -> int:
        target, rate = self._settlement(currency)
        return amount if rate is None else round_half_up(amount * rate, step(target))

    def _write(
        self,
        kind: str,
        amount: int,
        currency: str,
        source: str | None,
        *,
        category: str | None = None,
        settled: int | None = None,
        fee: int = 0,
        fee_text: str = "",
        days: int = 0,
        text: str | None = None,
    ) -> LedgerLine:
        """Write a ledger line for ``amount`` as charged; ``settled`` overrides its conversion."""
        target, rate = self._settlement(currency)
        now = self.clock.timestamp
        return self.ledger.append(
            LedgerLine(
                id=self.ids.next("txn"),
                type=kind,
                reporting_category=category or REPORTING_CATEGORIES[kind],
                amount=self._convert(amount, currency) if settled is None else settled,
                fee=fee,
                currency=target,
                source=source,
                created=now,
                available_on=(now // DAY_SECONDS + days) * DAY_SECONDS if days else now,
                fee_details=tuple(details(fee, target, fee_text)),
                exchange_rate=rate,
                description=text,
            )
        )

    def _parts(self, currency: str) -> tuple[str, ...]:
        """Return the ledger lines that are available and not part of an earlier payout."""
        now = self.clock.timestamp
        return tuple(
            line.id
            for line in self.ledger
            if line.currency == currency and line.available_on <= now and line.id not in self._paid_out
        )

    def _keep(self, shelf: dict[str, Shape], made: Shape) -> None:
        if len(shelf) >= self.max_objects:
            raise RefusedError(
                f"the simulated account holds {self.max_objects} objects of a kind and takes no more"
            )
        shelf[made["id"]] = made

    @staticmethod
    def _held(shelf: dict[str, Shape], object_id: str) -> Shape:
        if object_id not in shelf:
            raise RefusedError(f"there is no {object_id}")
        return shelf[object_id]

    def _tell(self, event_type: str, thing: Shape, previous: Mapping | None = None) -> Shape:
        told = shapes.event(
            self.ids.next("evt"),
            self.clock.timestamp,
            event_type,
            copy.deepcopy(thing),
            previous,
            self.livemode,
        )
        self.events.append(told)
        self.events_told += 1
        return told
