# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Plays the distributor's month to a running hub over HTTP, and says at the end whether the books are right."""

from __future__ import annotations

import contextlib
import dataclasses
import random
import secrets
import time
from collections import Counter
from collections.abc import Callable, Iterable
from datetime import date, datetime, timedelta, timezone

from .. import wire
from ..local_server import serving
from ..odoo_setup import Odoo, SetupError
from ..scenario import default_month
from ..sending import Event, Sender, SendingPolicy, Signer
from ..stripe.webhook import StripeSigner
from .accidents import LAST_DAY, Accidents
from .checks import Books, Point
from .month import Business
from .offices import Line, set_up, tokens
from .world import MAX_DAYS, PARTNER, Delivery, World

Say = Callable[[str], None]
POLL_SECONDS = 0.5
IDLE_SECONDS = 300
# So often in a row nothing must be left to do: a job is made a moment after what it is about.
QUIET_TIMES = 3
DUPLICATE_PERCENT = 20
REORDER_WINDOW = 4
# Days after the last one, in which nothing happens: the providers tell of a day when it is over.
AFTERMATH_DAYS = 2


@dataclasses.dataclass(frozen=True)
class Options:
    """How it is played; ``days`` = how many days of the month, at least those with the accidents."""

    odoo_url: str
    database: str
    login: str = "admin"
    password: str = "admin"
    seed: str = "1"
    days: int = MAX_DAYS

    def __post_init__(self):
        if not LAST_DAY <= self.days <= MAX_DAYS:
            raise ValueError(f"the distributor lives {LAST_DAY} to {MAX_DAYS} days")


class _Fixed:
    """Sends the headers that belong to another event."""

    def __init__(self, signer: Signer, genuine: Event):
        self._signer, self._genuine = signer, genuine

    def headers(self, _event: Event, timestamp: int) -> dict[str, str]:
        """Return the signature of the genuine event."""
        return self._signer.headers(self._genuine, timestamp)


class Feed:
    """Delivers what outside systems tell: some of it twice, out of order; counts what the hub says."""

    def __init__(self, lines: dict[str, Line], seed: object):
        self._chance = random.Random(f"feed/{seed}")
        self._senders = {
            system: Sender(line.url, line.signer, SendingPolicy()) for system, line in lines.items()
        }
        self.counts: Counter[str] = Counter()
        self.sent: list[Delivery] = []

    def day(self, deliveries: Iterable[Delivery]) -> None:
        """Deliver a day: within each system some places early or late, a fifth of it twice."""
        placed = []
        for place, delivery in enumerate(deliveries):
            copies = 2 if self._chance.randrange(100) < DUPLICATE_PERCENT and not delivery.forged else 1
            for _copy in range(copies):
                shift = 10_000 if delivery.last else self._chance.randint(0, REORDER_WINDOW)
                placed.append((place + shift, len(placed), delivery))
        for _place, _number, delivery in sorted(placed, key=lambda row: row[:2]):
            self.counts[self.deliver(delivery)] += 1
            self.sent.append(delivery)

    def again(self) -> Counter[str]:
        """Deliver everything once more, as a source does that has lost its notes; returns what the hub said."""
        return Counter(self.deliver(delivery) for delivery in dict.fromkeys(self.sent) if not delivery.forged)

    def deliver(self, delivery: Delivery) -> str:
        """Deliver one event and return what the hub said of it."""
        sender = self._senders[delivery.system]
        if delivery.forged:
            forger = StripeSigner("whsec_" + secrets.token_hex(16))
            return (
                "refused"
                if sender.deliver(delivery.event, signer=forger, max_attempts=1).status == 401
                else "taken"
            )
        signer = _Fixed(sender.signer, delivery.instead_of) if delivery.instead_of else None
        answer = sender.deliver(delivery.event, signer=signer)
        if not answer.good:
            return "not taken"
        try:
            return str(wire.parse(answer.body).get("status", "new"))
        except (ValueError, AttributeError):
            return "new"


class Player:
    """Plays one run; ``points`` is what was looked at afterwards."""

    idle_seconds = IDLE_SECONDS

    def __init__(self, options: Options, say: Say, month: date | None = None):
        self.options, self.say = options, say
        month = month or default_month(datetime.now(timezone.utc).date())
        self.world = World(options.seed, month)
        self.business = Business(self.world)
        self.accidents = Accidents(self.world, self.business)
        self.odoo = Odoo(options.odoo_url, options.database, options.login, options.password)
        self.lines: dict[str, Line] = {}
        self.points: list[Point] = []
        self.feed: Feed | None = None
        self._bank_until = -1

    def play(self) -> int:
        """Play and look; exit code 0 = everything is as it should be, 1 = it cannot be set up, 2 = something is not."""
        with contextlib.ExitStack() as running:
            keys = self._keys()
            urls = {
                name: running.enter_context(serving(server)).url
                for name, server in self.world.servers(keys).items()
            }
            try:
                self.odoo.wait()
                self.odoo.sign_in()
                self.lines = self._set_up(keys, urls)
                self._live()
                self._look()
            except SetupError as reason:
                self.say(f"The demo cannot go on. {reason}")
                return 1
        return self._report()

    @staticmethod
    def _keys() -> dict[str, str]:
        return tokens()

    def _set_up(self, keys: dict[str, str], urls: dict[str, str]) -> dict[str, Line]:
        self.say("Setting up two companies, three currencies, a shop, two processors and their banks")
        return set_up(self.odoo, self.options.login, self.world, keys, urls)

    # -- living ----------------------------------------------------------------------------------------------------

    def _live(self) -> None:
        world, begin = self.world, time.monotonic()
        self.feed = Feed(self.lines, self.options.seed)
        self.say(f"Playing {self.options.days} days of {world.month:%B %Y}; the month before is locked")
        self.accidents.of_day(0)
        done = 0
        for day in range(1, self.options.days + 1):
            world.morning_of(day)
            self._bank(day)
            self.business.everyday(day)
            self.accidents.of_day(day)
            today = [
                delivery for delivery in world.deliveries[done:] if delivery.day + delivery.late_days <= day
            ]
            done = len(world.deliveries)
            self.feed.day(today)
            if day in (4, 5) or day % 7 == 0:
                self._fetch()
            self.say(f"  {world.clock.now:%d %b}  {len(today)} events told")
        world.morning_of(self.options.days + AFTERMATH_DAYS)
        self._bank(self.options.days + AFTERMATH_DAYS)
        self._fetch()
        self.say(f"  lived through in {time.monotonic() - begin:.0f} s")

    def _bank(self, day: int) -> None:
        """Let the banks show the payouts that arrive today."""
        written = 0
        for system, payout_id, amount, currency, arrives in self.world.arrivals:
            if arrives > day or arrives <= self._bank_until:
                continue
            office = self.lines[system].office
            text = f"PAYOUT {payout_id}"
            present = office.call("account.bank.statement.line", "search_count", [["payment_ref", "=", text]])
            if not present:
                shown = (self.world.month + timedelta(days=arrives - 1)).isoformat()
                values = {
                    "journal_id": office.banks[currency], "date": shown, "payment_ref": text, "amount": str(amount)
                }  # fmt: skip
                office.call("account.bank.statement.line", "create", [values])
                written += 1
        self._bank_until = day
        if written:
            self._rest()

    def _fetch(self) -> None:
        """Let the hub fetch all lists, and wait until it has worked everything off."""
        self._rest()
        for system, line in self.lines.items():
            if system != PARTNER:
                line.office.call("integration.connection", "action_pull", [line.id])
        self._rest()

    def _rest(self) -> None:
        """Wait until nothing is left to do.

        :raises SetupError: that takes too long.
        """
        end, quiet = time.monotonic() + self.idle_seconds, 0
        while quiet < QUIET_TIMES:
            quiet = 0 if self._busy() else quiet + 1
            if time.monotonic() > end:
                raise SetupError(
                    f"Odoo has not worked everything off within {self.idle_seconds} s. Does the job runner run?"
                )
            time.sleep(POLL_SECONDS)

    def _busy(self) -> bool:
        ids = [line.id for line in self.lines.values()]
        left = self.odoo.call(
            "integration.message", "search_count",
            [["direction", "=", "in"], ["status", "=", "ready"], ["connection_id", "in", ids]],
            context=self._everywhere,
        )  # fmt: skip
        jobs = self.odoo.call(
            "queue.job", "search_count",
            [
                ["state", "in", ["pending", "enqueued", "started"]], ["eta", "=", False],
                ["model_name", "=like", "integration.%"],
            ],
        )  # fmt: skip
        return bool(left or jobs)

    @property
    def _everywhere(self) -> dict:
        return {"allowed_company_ids": sorted({line.office.id for line in self.lines.values()})}

    # -- looking ---------------------------------------------------------------------------------------------------

    def _look(self) -> None:
        last_day = self.world.month + timedelta(days=self.options.days - 1)
        books = Books(self.world, self.lines, last_day)
        self.points = books.points()
        before = books.entries()
        said = self.feed.again()
        self._fetch()
        after = books.entries()
        # What came with another content under a used id is told as that each time.
        wrong = [f"{count} {word}" for word, count in said.items() if word not in ("duplicate", "conflict")]
        wrong += [
            f"{name}: {after[name]} items instead of {count}"
            for name, count in before.items()
            if after[name] != count
        ]
        self.points.append(
            Point("Everything told once more is recognised", f"{said['duplicate']} repeats", tuple(wrong))
        )
        self.points += [
            dataclasses.replace(point, name=f"{point.name}, also after that")
            for point in (books.statements(), books.workbench())
        ]
        counts = self.feed.counts
        wrong = tuple(f"{counts[word]} {word}" for word in ("not taken", "taken") if counts[word])
        if counts["refused"] != 1:
            wrong += (f"{counts['refused']} forged signatures refused instead of 1",)
        said_first = ", ".join(f"{count} {word}" for word, count in sorted(counts.items()))
        self.points.append(Point("Every delivery was answered as it should be", said_first, wrong))

    def _report(self) -> int:
        for point in self.points:
            self.say(f"{'right' if not point.wrong else 'WRONG'}  {point.name}: {point.seen}")
            for text in point.wrong:
                self.say(f"         {text}")
        for each in self.world.expected:
            self.say(f"  {each.accident:<24}{each.code or 'went on by itself':<26}{each.thing}")
        return 2 if any(point.wrong for point in self.points) else 0


def run(options: Options, say: Say = print) -> int:
    """Play the distributor to a running hub; see ``Player.play`` for the exit code."""
    return Player(options, say).play()
