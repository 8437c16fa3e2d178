# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Posted invoices per second: through the drain, and in the ways of doing it without the hub."""

from __future__ import annotations

import time
from collections.abc import Callable

from devtools.environment import Environment

from . import events, http_load
from .rounds import Check, Figure, span, until_fit
from .stage import Stage, allow_administrator, make_connection, path_of, sales_tax, same_books

TARGET_RPC = 9
TARGET_JOBS = 5
PORTION = 50
LIMIT_SECONDS = 300
COUNTS = {"drain": 200, "rpc": 30, "jobs": 60, "two jobs": 60, "bulk": 100}
QUICK_COUNTS = {"drain": 100, "rpc": 10, "jobs": 20, "two jobs": 20, "bulk": 50}


def run(env: Environment, say: Callable[[str], None], *, quick: bool) -> tuple[list[Figure], list[Check]]:
    """Measure all ways in turn, round by round, and compare what they wrote."""
    with Stage(env, "invoices") as stage:
        ways = Ways(stage, QUICK_COUNTS if quick else COUNTS)
        rounds = 2 if quick else 5
        figures = until_fit(lambda: _measure(ways, rounds, say), say)
        return figures, [same_books(stage, "Invoices"), ways.counted()]


def _measure(ways: Ways, rounds: int, say) -> list[Figure]:
    speeds: dict[str, list[float]] = {name: [] for name in ways.counts}
    for number in range(rounds):
        names = list(ways.counts)
        turn = number % len(names)
        for name in names[turn:] + names[:turn]:
            speeds[name].append(ways.speed(name))
        told = ", ".join(f"{name} {values[-1]:.1f}/s" for name, values in speeds.items())
        say(f"invoices: {told}")

    def ratio(text: str, name: str, target: float | None) -> Figure:
        pairs = zip(speeds["drain"], speeds[name], strict=True)
        context = f"{span(speeds['drain'])} and {span(speeds[name])} invoices/s"
        return Figure(text, tuple(drain / other for drain, other in pairs), target, context)

    return [
        ratio("Invoices: drain / JSON-RPC create + action_post, one by one", "rpc", TARGET_RPC),
        ratio("Invoices: drain / one queue job per invoice, one at a time", "jobs", TARGET_JOBS),
        ratio("Invoices: drain / one queue job per invoice, two at a time (one journal)", "two jobs", None),
        ratio("Invoices: drain / ORM create of 50 + _post", "bulk", None),
    ]


class Ways:
    """The ways of posting an invoice; each invoice has a number of its own and the same content in every way."""

    def __init__(self, stage: Stage, counts: dict[str, int]):
        self.stage = stage
        self.counts = counts
        self.rpc = stage.start()
        allow_administrator(self.rpc)
        self.tax_id = sales_tax(self.rpc)
        self.connection_id = make_connection(self.rpc, "generic", "Partner", events.PARTNER_SECRET)
        self.rpc.call(
            "integration.mapping",
            "create",
            [
                {
                    "connection_id": self.connection_id,
                    "mapping": "tax",
                    "outside_value": "STD",
                    "tax_id": self.tax_id,
                }
            ],
        )
        self.path = path_of(self.rpc, self.connection_id)
        self.drained = self.posted_otherwise = 0
        self._activate()
        self._bring(events.customers("customers"))
        self.stage.wait_until(lambda: self._done() == events.CUSTOMERS, LIMIT_SECONDS)
        self.partners = self._partners()
        self._warm_up()

    # -- what is common ------------------------------------------------------------------------------------

    def speed(self, way: str) -> float:
        """Post the way's number of invoices and return how many per second."""
        count = self.counts[way]
        seconds = {
            "drain": self._drain,
            "rpc": self._one_by_one,
            "jobs": lambda number: self._jobs(number, "root.one"),
            "two jobs": lambda number: self._jobs(number, "root"),
            "bulk": self._bulk,
        }[way](count)
        self.stage.wait_no_jobs()
        return count / seconds

    def _partners(self) -> dict[str, int]:
        rows = self.rpc.call(
            "integration.binding", "search_read", [["kind", "=", "customer"]], ["outside_id", "res_id"]
        )
        return {row["outside_id"]: row["res_id"] for row in rows}

    def _warm_up(self) -> None:
        for way in self.counts:
            wanted, self.counts = self.counts, dict.fromkeys(self.counts, 4)
            self.speed(way)
            self.counts = wanted
        self.stage.analyze()

    def _values(self, number: int) -> dict:
        """Return what somebody who writes to Odoo directly would send for this invoice."""
        return {
            "move_type": "out_invoice",
            "partner_id": self.partners[events.party(number % events.CUSTOMERS).id],
            "invoice_date": events.START.date().isoformat(),
            # Left out, Odoo takes today, whatever the date of the invoice.
            "invoice_date_due": events.START.date().isoformat(),
            "ref": f"direct-{number}",
            "invoice_line_ids": [
                [
                    0,
                    0,
                    {
                        "name": line.description,
                        "quantity": float(line.quantity),
                        "price_unit": float(line.unit_price),
                        "tax_ids": [[6, 0, [self.tax_id]]],
                    },
                ]
                for line in events.lines_of(number)
            ],
        }

    def _next(self, count: int) -> list[dict]:
        first, self.posted_otherwise = self.posted_otherwise, self.posted_otherwise + count
        return [self._values(number) for number in range(first, first + count)]

    # -- through the hub -----------------------------------------------------------------------------------

    def _activate(self) -> None:
        self.rpc.call("integration.connection", "action_activate", [self.connection_id])

    def _bring(self, told) -> None:
        requests = events.signed(
            told, events.signing.PartnerSigner(events.PARTNER_SECRET), self.path, self.stage.port
        )
        load = http_load.send_all(self.stage.port, requests)
        if not load.all_good:
            raise RuntimeError(f"the hub answered {dict(load.statuses)}")

    def _done(self) -> int:
        return self.stage.value("SELECT count(*) FROM integration_message WHERE status = 'done'")

    def _drain(self, count: int) -> float:
        """Let events wait in the inbox, open the connection, and wait until all are posted."""
        self.rpc.call("integration.connection", "action_pause", [self.connection_id])
        first, self.drained = self.drained, self.drained + count
        self._bring(events.invoice_requests("asked", range(first, first + count)))
        self.stage.wait_no_jobs()
        wanted = events.CUSTOMERS + self.drained
        begin = time.monotonic()
        self._activate()
        self.stage.wait_until(lambda: self._done() == wanted, LIMIT_SECONDS)
        return time.monotonic() - begin

    # -- without it ----------------------------------------------------------------------------------------

    def _one_by_one(self, count: int) -> float:
        values_list = self._next(count)
        begin = time.monotonic()
        for values in values_list:
            move_ids = self.rpc.call("account.move", "create", [values])
            self.rpc.call("account.move", "action_post", move_ids)
        return time.monotonic() - begin

    def _jobs(self, count: int, channel: str) -> float:
        values_list = self._next(count)
        self.rpc.call("finance.integration.bench", "enqueue_invoices", values_list, channel)
        begin = time.monotonic()
        self.stage.wait_until(lambda: self._posted() == self.posted_otherwise, LIMIT_SECONDS)
        return time.monotonic() - begin

    def _bulk(self, count: int) -> float:
        return self.rpc.call("finance.integration.bench", "post_in_bulk", self._next(count), PORTION)

    def _posted(self) -> int:
        return self.stage.value(
            "SELECT count(*) FROM account_move WHERE state = 'posted' AND ref LIKE 'direct-%'"
        )

    # -- gates ---------------------------------------------------------------------------------------------

    def counted(self) -> Check:
        """Every invoice that was asked for is posted once."""
        posted = self.stage.value(
            "SELECT count(*) FROM account_move WHERE state = 'posted' AND ref LIKE 'asked-%' AND amount_residual > 0"
        )
        distinct = self.stage.value("SELECT count(DISTINCT ref) FROM account_move WHERE ref LIKE 'asked-%'")
        return Check(
            "Invoices: each posted once and open",
            posted == distinct == self.drained,
            f"{self.drained} asked for, {posted} posted and open, {distinct} different",
        )
