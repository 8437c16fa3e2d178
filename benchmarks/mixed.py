# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""A day of mixed events through the drain, against posting the very same documents with Odoo's own methods."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal

from devtools.environment import Environment
from simulators.clock import SimulatedClock
from simulators.stripe.state import StripeAccount
from simulators.stripe.webhook import StripeSigner, as_event

from . import events, http_load
from .events import documents
from .rounds import Check, Figure, until_fit
from .stage import STRIPE_SECRET, Stage, allow_administrator, make_connection, path_of, sales_tax

# The hub may take a fifth longer than the pure posting.
TARGET = round(1 / 1.2, 2)
ROUNDS = 5
EVENTS_PER_DAY = 5000
LIMIT_SECONDS = 600
PORTION = 50
# Of a hundred events of the partner's side and of Stripe's.
INVOICES, ENTRIES, NOTES = 38, 9, 4


def run(env: Environment, say: Callable[[str], None], *, quick: bool) -> tuple[list[Figure], list[Check]]:
    """Work off a part of the day in each round, and post its documents again without the hub."""
    rounds = 2 if quick else ROUNDS
    hundreds = 1 if quick else EVENTS_PER_DAY // ROUNDS // 100
    with Stage(env, "mixed") as stage:
        day = Day(stage)
        day.part(1)
        day.again()
        stage.analyze()

        def measure() -> list[Figure]:
            ours, theirs, counts = [], [], []
            for _round in range(rounds):
                count, seconds = day.part(hundreds)
                counts.append(count)
                ours.append(seconds)
                theirs.append(day.again())
                say(
                    f"mixed: {count} events in {seconds:.1f} s, their documents without the hub {theirs[-1]:.1f} s:"
                    f" {theirs[-1] / seconds:.2f}"
                )
            ratios = tuple(pure / hub for pure, hub in zip(theirs, ours, strict=True))
            speeds = [count / seconds for count, seconds in zip(counts, ours, strict=True)]
            context = f"{sum(counts)} events, {min(speeds):.1f}–{max(speeds):.1f} events/s"
            return [Figure("A mixed day: pure posting of its documents / the hub", ratios, TARGET, context)]

        figures = until_fit(measure, say)
        return figures, [day.nothing_stopped(), day.same_sums()]


def _lines(number: int) -> list[documents.Line]:
    """Return lines whose tax comes to whole cents, so that both ways say the same whoever rounds it."""
    return [
        documents.Line(
            f"Service {place}", Decimal(1 + (number + place) % 5), Decimal(50 + number % 400 + place) / 5
        )
        for place in range(events.LINES)
    ]


class Day:
    """Customers, invoices, entries and credit notes of a partner; payments and refunds at Stripe."""

    def __init__(self, stage: Stage):
        self.stage = stage
        self.rpc = stage.start()
        allow_administrator(self.rpc)
        self.partner_id = make_connection(self.rpc, "generic", "Partner", events.PARTNER_SECRET)
        self.stripe_id = make_connection(self.rpc, "stripe", "Stripe", STRIPE_SECRET)
        self._map("tax", "STD", tax_id=sales_tax(self.rpc))
        for code, account_type in events.ENTRY_ACCOUNTS.items():
            values = {"name": f"Payroll {code}", "code": f"9{code}", "account_type": account_type}
            self._map("account", code, account_id=self.rpc.call("account.account", "create", [values])[0])
        self.paths = {one: path_of(self.rpc, one) for one in (self.partner_id, self.stripe_id)}
        self.account = StripeAccount("mixed", SimulatedClock(events.START))
        self.parts = self.told = self.numbers = 0
        for connection_id in self.paths:
            self.rpc.call("integration.connection", "action_activate", [connection_id])

    def _map(self, mapping: str, outside: str, **target) -> None:
        values = {"connection_id": self.partner_id, "mapping": mapping, "outside_value": outside, **target}
        self.rpc.call("integration.mapping", "create", [values])

    # -- through the hub -----------------------------------------------------------------------------------

    def part(self, hundreds: int) -> tuple[int, float]:
        """Work off ``hundreds`` × about 100 events; return how many and the seconds it took."""
        self.parts += 1
        seed = f"p{self.parts}"
        numbers = range(self.numbers, self.numbers + INVOICES * hundreds)
        self.numbers = numbers.stop
        returned = list(numbers)[: NOTES * hundreds]
        count, seconds = 0, 0.0
        for connection_id, told in (
            (self.partner_id, self._documents(seed, numbers, ENTRIES * hundreds)),
            (self.stripe_id, self._payments(numbers)),
            (self.partner_id, [self._document(number, credit=True) for number in returned]),
            (self.stripe_id, self._refunds(returned)),
        ):
            count += len(told)
            seconds += self._work_off(connection_id, told)
        return count, seconds

    def _documents(self, seed: str, numbers: range, entries: int) -> list:
        invoices = [self._document(number) for number in numbers]
        return [*events.customers(seed), *invoices, *events.entry_reports(f"{seed}-entry", range(entries))]

    @staticmethod
    def _document(number: int, *, credit: bool = False):
        when = events.START + timedelta(minutes=number % 600)
        document = documents.invoice(
            f"{'CN' if credit else 'IN'}-{number:06}",
            events.party(number % events.CUSTOMERS),
            _lines(number),
            when,
            due_date=(when + timedelta(days=30)).date(),
            credit_of=f"IN-{number:06}" if credit else None,
        )
        return documents.as_event("mixed", "credit_note.issued" if credit else "invoice.issued", document)

    @staticmethod
    def _cents(number: int) -> int:
        return int(documents.totals(_lines(number)).gross * Decimal(100))

    def _payments(self, numbers: range) -> list:
        self.charges = {}
        for number in numbers:
            made = self.account.charge(
                self._cents(number),
                "usd",
                settled=True,
                description=f"Order {number}",
                metadata={"invoice_number": f"IN-{number:06}"},
            )
            self.charges[number] = made["id"]
        return self._new_at_stripe()

    def _refunds(self, numbers: list[int]) -> list:
        for number in numbers:
            self.account.refund(self.charges[number])
        return self._new_at_stripe()

    def _new_at_stripe(self) -> list:
        told = [as_event(event) for event in list(self.account.events)[self.told :]]
        self.told += len(told)
        return told

    def _work_off(self, connection_id: int, told: list) -> float:
        """Let events wait in the inbox, open the connection; return the seconds until all are worked off."""
        self.rpc.call("integration.connection", "action_pause", [connection_id])
        ours = connection_id == self.partner_id
        signer = events.signing.PartnerSigner(events.PARTNER_SECRET) if ours else StripeSigner(STRIPE_SECRET)
        for first in range(0, len(told), 800):
            requests = events.signed(
                told[first : first + 800], signer, self.paths[connection_id], self.stage.port
            )
            time.sleep(2)
            load = http_load.send_all(self.stage.port, requests)
            if not load.all_good:
                raise RuntimeError(f"the hub answered {dict(load.statuses)}")
        self.stage.wait_no_jobs()
        begin = time.monotonic()
        self.rpc.call("integration.connection", "action_activate", [connection_id])
        queued = (
            "SELECT EXISTS (SELECT FROM integration_message"
            " WHERE direction = 'in' AND status IN ('ready', 'waiting', 'held'))"
        )
        self.stage.wait_until(lambda: not self.stage.value(queued), LIMIT_SECONDS)
        seconds = time.monotonic() - begin
        self.stage.wait_no_jobs()
        return seconds

    # -- without the hub -----------------------------------------------------------------------------------

    def again(self) -> float:
        """Post what the hub has posted since the last time with Odoo's methods; return the seconds."""
        return self.rpc.call("finance.integration.bench", "post_again", PORTION)

    # -- gates -----------------------------------------------------------------------------------------------

    def nothing_stopped(self) -> Check:
        """Every event is done, every invoice paid, every refund matched with its credit note."""
        done, other = self.stage.rows(
            "SELECT count(*) FILTER (WHERE status = 'done'), count(*) FILTER (WHERE status <> 'done')"
            " FROM integration_message WHERE direction = 'in'"
        )[0]
        open_, waiting = self.stage.rows(
            "SELECT (SELECT count(*) FROM account_move WHERE move_type IN ('out_invoice', 'out_refund')"
            " AND amount_residual <> 0),"
            " (SELECT count(*) FROM integration_movement WHERE changes_balance AND application <> 'applied')"
        )[0]
        return Check(
            "Mixed day: every event is done, every invoice is paid, every movement is applied",
            not other and not open_ and not waiting,
            f"{done} done, {other} not; {open_} documents open, {waiting} movements not applied",
        )

    def same_sums(self) -> Check:
        """Both ways have written the same sums to the same accounts."""
        rows = self.stage.rows(
            "SELECT account_id, sum(debit) FILTER (WHERE again), sum(credit) FILTER (WHERE again),"
            " sum(debit) FILTER (WHERE NOT again), sum(credit) FILTER (WHERE NOT again)"
            " FROM (SELECT l.*, COALESCE(m.ref LIKE 'again-%', false) AS again FROM account_move_line l"
            " JOIN account_move m ON m.id = l.move_id WHERE m.state = 'posted') both_ways GROUP BY account_id"
        )
        different = [row[0] for row in rows if row[1:3] != row[3:5]]
        total = sum(row[3] or 0 for row in rows)
        return Check(
            "Mixed day: both ways have written the same sums to the same accounts",
            bool(rows) and not different,
            f"{len(rows)} accounts, debits {total}; different: {different or 'none'}",
        )
