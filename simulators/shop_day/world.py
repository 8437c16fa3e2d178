# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""The outside world of the day: three Shopify shops, a PayPal and a Stripe account behind them; one clock for all.

What happens is told as deliveries, in the order in which it happened; the same seed, day and number of orders give the
same ids, amounts and bytes.
"""

from __future__ import annotations

import dataclasses
import random
import threading
from collections.abc import Callable
from datetime import date, datetime, time, timedelta, timezone
from decimal import Decimal
from typing import Any

from ..clock import SimulatedClock, SystemClock
from ..distributor.world import Delivery, Expected
from ..local_server import LocalServer, Reply, Request
from ..paypal.api import PayPalApi
from ..paypal.signing import Authority
from ..paypal.state import PayPalAccount
from ..paypal.state import as_event as paypal_event
from ..shopify.api import ShopifyApi
from ..shopify.state import ShopifyShop
from ..stripe.api import StripeApi
from ..stripe.state import StripeAccount
from ..stripe.webhook import as_event as stripe_event

PAYPAL, STRIPE = "paypal", "stripe"
MERCHANT = "MERCHDAY"
# Ten in the morning in Berlin; everything happens on the same day there.
HOUR = 8
# What a shop of this size has of Shopify's budget, and gets back per second (Plus).
PLAN = (20_000, 1_000)
# Between two things that happen.
STEP_SECONDS = 3


@dataclasses.dataclass(frozen=True)
class Shop:
    """One of the shops: how it states prices, and what it sells."""

    key: str
    domain: str
    currency: str
    country: str
    rate: str
    taxes: str
    goods: tuple[tuple[str, str], ...]
    shipping: str
    voucher: str
    share: int

    @property
    def included(self) -> bool:
        """Return whether prices include taxes."""
        return self.taxes == "included"

    @property
    def tax(self) -> str:
        """How the hub names its tax: country, name, rate."""
        return f"{self.country} VAT {(Decimal(self.rate) * 100).normalize():f}%"


SHOPS = (
    Shop(
        "shop_eur", "day-europe.myshopify.com", "EUR", "DE", "0.19", "included",
        (("Ceramic mug", "18.50"), ("Linen apron", "39.00"), ("Oak board", "64.90"), ("Steel kettle", "81.99")),
        "4.90", "50.00", 50,
    ),
    Shop(
        "shop_usd", "day-america.myshopify.com", "USD", "US", "0.08", "added",
        (("Mug", "19.95"), ("Apron", "42.50"), ("Board", "71.25"), ("Kettle", "88.40")),
        "6.75", "25.00", 30,
    ),
    Shop(
        "shop_jpy", "day-japan.myshopify.com", "JPY", "JP", "0.1", "included",
        (("Yunomi", "1980"), ("Maekake", "5450"), ("Manaita", "8790"), ("Tetsubin", "12800")),
        "770", "5000", 20,
    ),
)  # fmt: skip
SYSTEMS = (*(shop.key for shop in SHOPS), PAYPAL, STRIPE)
CURRENCIES = tuple(shop.currency for shop in SHOPS)


class DayWorld:
    """Everything outside, and the notes of what must come of it. The day is day 1 of ``month``."""

    def __init__(self, seed: object, day: date):
        self.seed = f"{seed}/{day.isoformat()}"
        # The player reckons days from here.
        self.month = day
        self.chance = random.Random(f"shop-day/{self.seed}")
        self.clock = SimulatedClock(datetime.combine(day, time(HOUR), timezone.utc))
        self.shops = {
            shop.key: ShopifyShop(
                f"{self.seed}/{shop.key}",
                self.clock,
                shop.domain,
                shop.currency,
                first_id=(number + 5) * 1_000_000_000,
                first_number=number * 100_000,
            )
            for number, shop in enumerate(SHOPS, start=1)
        }
        self.paypal = PayPalAccount(self.seed, self.clock, MERCHANT)
        self.stripe = StripeAccount(self.seed, self.clock)
        self.authority = Authority()
        self.lock = threading.RLock()
        self.deliveries: list[Delivery] = []
        self.expected: list[Expected] = []
        # (system, payout's id, amount, currency, day on which the bank shows it)
        self.arrivals: list[tuple[str, str, Decimal, str, int]] = []
        self.on_the_way: set[str] = set()
        self._told = dict.fromkeys(SYSTEMS, 0)

    @property
    def day(self) -> int:
        """Return today's number."""
        return (self.clock.now.date() - self.month).days + 1

    def morning_of(self, day: int) -> None:
        """Go on to the morning of a day."""
        wanted = datetime.combine(self.month, time(HOUR), timezone.utc) + timedelta(days=day - 1)
        if wanted > self.clock.now:
            self.clock.move_to(wanted)

    def happens(self, action: Callable[[], Any]) -> Any:
        """Let something happen and note what it makes outside systems tell."""
        self.clock.advance(seconds=STEP_SECONDS)
        with self.lock:
            result = action()
            for system, told, convert in (
                *((key, shop.events, lambda event: event) for key, shop in self.shops.items()),
                (PAYPAL, self.paypal.events, paypal_event),
                (STRIPE, self.stripe.events, stripe_event),
            ):
                new = list(told)[self._told[system] :]
                self._told[system] += len(new)
                self.deliveries += [Delivery(system, convert(each), self.day) for each in new]
        return result

    def expects(self, what: str, system: str, code: str, thing: str = "") -> None:
        """Note what must stand on the workbench."""
        self.expected.append(Expected(what, system, code, thing))

    def servers(self, tokens: dict[str, str]) -> dict[str, LocalServer]:
        """Return the servers of the systems that answer, ready to be run; ``tokens`` are let in."""
        answering: dict[str, Callable[[Request], Any]] = {}
        for key, shop in self.shops.items():
            # The day's clock stands still while the hub asks.
            api = ShopifyApi(
                shop, tokens[key], budget=PLAN[0], any_address=True, time=SystemClock(), plan=PLAN
            )
            answering[key] = lambda ask, api=api: api.handle(ask.method, ask.path, ask.headers, ask.body)
        paypal = PayPalApi(self.paypal, tokens[PAYPAL], self.authority)
        answering[PAYPAL] = lambda ask: paypal.handle(ask.method, ask.path, ask.query, ask.headers)
        stripe = StripeApi(self.stripe, tokens[STRIPE])
        answering[STRIPE] = lambda ask: stripe.handle(ask.method, ask.path, ask.query, ask.headers, ask.body)
        return {name: LocalServer(self._locked(answer)) for name, answer in answering.items()}

    def _locked(self, answer: Callable[[Request], Any]) -> Callable[[Request], Reply]:
        def reply(ask: Request) -> Reply:
            with self.lock:
                return Reply(*answer(ask))

        return reply
