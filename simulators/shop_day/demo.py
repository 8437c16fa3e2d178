# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Plays the day to a running hub over HTTP, and says at the end whether every cent is explained."""

from __future__ import annotations

import dataclasses
import time
from datetime import date, datetime, timedelta, timezone

from ..distributor.checks import Point
from ..distributor.demo import Feed, Player, Say
from ..distributor.offices import Line
from ..odoo_setup import Odoo
from ..scenario import default_month
from .books import DayBooks
from .company import set_up, tokens
from .orders import ARRIVAL_DAY, PAYOUT_DAY, Day
from .world import DayWorld

# The day must hold everything that happens on it.
MIN_ORDERS, MAX_ORDERS = 50, 1_500
ORDERS = 1_000
LAST_DAY = 7


@dataclasses.dataclass(frozen=True)
class Options:
    """How it is played."""

    odoo_url: str
    database: str
    login: str = "admin"
    password: str = "admin"
    seed: str = "1"
    orders: int = ORDERS

    def __post_init__(self):
        if not MIN_ORDERS <= self.orders <= MAX_ORDERS:
            raise ValueError(f"the day has {MIN_ORDERS} to {MAX_ORDERS} orders")


class DayPlayer(Player):
    """Plays one day; ``points`` is what was looked at afterwards, ``books`` has the figures."""

    idle_seconds = 3_600

    def __init__(self, options: Options, say: Say, day: date | None = None):
        self.options, self.say = options, say
        self.world = DayWorld(options.seed, day or default_month(datetime.now(timezone.utc).date()))
        self.day = Day(self.world, options.orders)
        self.odoo = Odoo(options.odoo_url, options.database, options.login, options.password)
        self.lines: dict[str, Line] = {}
        self.points: list[Point] = []
        self.feed: Feed | None = None
        self.books: DayBooks | None = None
        self._bank_until = -1

    @staticmethod
    def _keys() -> dict[str, str]:
        return tokens()

    def _set_up(self, keys: dict[str, str], urls: dict[str, str]) -> dict[str, Line]:
        self.say(
            "Setting up a company with three shops in three currencies, PayPal and Stripe, and three bank accounts"
        )
        return set_up(self.odoo, self.options.login, self.world, keys, urls)

    # -- living ----------------------------------------------------------------------------------------------------

    def _live(self) -> None:
        world, begin = self.world, time.monotonic()
        self.feed = Feed(self.lines, self.options.seed)
        self.day.play()
        self.say(
            f"{len(self.day.told)} orders of {world.month:%d %b %Y}, told in {len(world.deliveries)} events"
        )
        self.feed.day(world.deliveries)
        told = len(world.deliveries)
        self.say(f"  told after {time.monotonic() - begin:.0f} s")
        self._fetch()
        self.say(f"  worked off after {time.monotonic() - begin:.0f} s")
        world.morning_of(PAYOUT_DAY)
        self.day.pay_out()
        self.feed.day(world.deliveries[told:])
        self._fetch()
        world.morning_of(ARRIVAL_DAY)
        self._bank(ARRIVAL_DAY)
        world.morning_of(LAST_DAY)
        self._fetch()
        self.say(f"  paid out and at the bank after {time.monotonic() - begin:.0f} s")

    def _busy(self) -> bool:
        """A list whose shop asked to wait goes on by itself."""
        ids = [line.id for line in self.lines.values()]
        domain = [["connection_id", "in", ids], ["state", "=", "waiting"]]
        waiting = self.odoo.call("integration.pull.cursor", "search_count", domain, context=self._everywhere)
        return bool(waiting) or super()._busy()

    # -- looking ---------------------------------------------------------------------------------------------------

    def _look(self) -> None:
        self.books = DayBooks(
            self.world, self.day, self.lines, self.world.month + timedelta(days=ARRIVAL_DAY - 1)
        )
        self.points = self.books.points()
        before = self.books.entries()
        said = self.feed.again()
        self._fetch()
        wrong = [f"{count} {word}" for word, count in said.items() if word != "duplicate"]
        wrong += ["the books have changed"] if self.books.entries() != before else []
        self.points.append(
            Point("Everything told once more is recognised", f"{said['duplicate']} repeats", tuple(wrong))
        )
        again = self.books.points()
        changed = tuple(text for point in again for text in point.wrong)
        self.points.append(Point("… and every point stands as before", f"{len(again)} points", changed))

    def _report(self) -> int:
        code = super()._report()
        for line in self.books.table() if self.books else ():
            self.say(line)
        return code


def run(options: Options, say: Say = print) -> int:
    """Play the day to a running hub; see ``Player.play`` for the exit code."""
    return DayPlayer(options, say).play()
