# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Posted journal entries per second: through the drain, and in the ways of doing it without the hub."""

from __future__ import annotations

import time
from collections.abc import Callable

from devtools.environment import Environment

from . import events, http_load
from .rounds import Check, Figure, span, until_fit
from .stage import Stage, allow_administrator, make_connection, path_of, same_books

PORTION = 50
LIMIT_SECONDS = 300
COUNTS = {"drain": 400, "rpc": 40, "bulk": 200}
QUICK_COUNTS = {"drain": 60, "rpc": 10, "bulk": 50}


def run(env: Environment, say: Callable[[str], None], *, quick: bool) -> tuple[list[Figure], list[Check]]:
    """Measure all ways in turn, round by round, and compare what they wrote."""
    rounds, counts = (2, QUICK_COUNTS) if quick else (5, COUNTS)
    with Stage(env, "entries") as stage:
        ways = Entries(stage)
        steps = {"drain": ways.drain, "rpc": ways.one_by_one, "bulk": ways.bulk}
        for step in steps.values():
            step(4)
        stage.analyze()

        def measure() -> list[Figure]:
            speeds: dict[str, list[float]] = {name: [] for name in steps}
            for number in range(rounds):
                names = list(steps)
                for name in names[number % 3 :] + names[: number % 3]:
                    speeds[name].append(counts[name] / steps[name](counts[name]))
                    stage.wait_no_jobs()
                told = ", ".join(f"{name} {values[-1]:.1f}/s" for name, values in speeds.items())
                say(f"entries: {told}")

            def ratio(text: str, name: str) -> Figure:
                pairs = zip(speeds["drain"], speeds[name], strict=True)
                context = f"{span(speeds['drain'])} and {span(speeds[name])} entries/s"
                return Figure(text, tuple(ours / theirs for ours, theirs in pairs), None, context)

            return [
                ratio("Journal entries: drain / JSON-RPC create + action_post, one by one", "rpc"),
                ratio("Journal entries: drain / ORM create of 50 + _post", "bulk"),
            ]

        figures = until_fit(measure, say)
        return figures, [same_books(stage, "Journal entries"), ways.counted()]


class Entries:
    """Entries of four lines; each has a number of its own and the same content in every way."""

    def __init__(self, stage: Stage):
        self.stage = stage
        self.rpc = stage.start()
        allow_administrator(self.rpc)
        self.connection_id = make_connection(self.rpc, "generic", "Payroll", events.PARTNER_SECRET)
        [connection] = self.rpc.call(
            "integration.connection", "read", [self.connection_id], ["entry_journal_id"]
        )
        self.journal_id = connection["entry_journal_id"][0]
        self.accounts = {
            code: self._account(code, account_type) for code, account_type in events.ENTRY_ACCOUNTS.items()
        }
        self.path = path_of(self.rpc, self.connection_id)
        self.drained = self.direct = 0
        self._activate()

    def _account(self, code: str, account_type: str) -> int:
        """Make an account that stands for one of the sender's."""
        values = {"name": f"Payroll {code}", "code": f"9{code}", "account_type": account_type}
        [account_id] = self.rpc.call("account.account", "create", [values])
        mapping = {
            "connection_id": self.connection_id,
            "mapping": "account",
            "outside_value": code,
            "account_id": account_id,
        }
        self.rpc.call("integration.mapping", "create", [mapping])
        return account_id

    def _activate(self) -> None:
        self.rpc.call("integration.connection", "action_activate", [self.connection_id])

    def drain(self, count: int) -> float:
        """Let events wait in the inbox, open the connection; return the seconds until all are posted."""
        self.rpc.call("integration.connection", "action_pause", [self.connection_id])
        first, self.drained = self.drained, self.drained + count
        told = events.entry_reports("asked", range(first, first + count))
        signer = events.signing.PartnerSigner(events.PARTNER_SECRET)
        load = http_load.send_all(self.stage.port, events.signed(told, signer, self.path, self.stage.port))
        if not load.all_good:
            raise RuntimeError(f"the hub answered {dict(load.statuses)}")
        self.stage.wait_no_jobs()
        begin = time.monotonic()
        self._activate()
        done = "SELECT count(*) FROM integration_message WHERE status = 'done'"
        self.stage.wait_until(lambda: self.stage.value(done) == self.drained, LIMIT_SECONDS)
        return time.monotonic() - begin

    def one_by_one(self, count: int) -> float:
        """Return the seconds that creating and posting over JSON-RPC takes."""
        values_list = self._next(count)
        begin = time.monotonic()
        for values in values_list:
            self.rpc.call("account.move", "action_post", self.rpc.call("account.move", "create", [values]))
        return time.monotonic() - begin

    def bulk(self, count: int) -> float:
        """Return the seconds that Odoo takes for creating and posting fifty at a time, inside the server."""
        return self.rpc.call("finance.integration.bench", "post_in_bulk", self._next(count), PORTION)

    def _next(self, count: int) -> list[dict]:
        first, self.direct = self.direct, self.direct + count
        return [self._values(number) for number in range(first, first + count)]

    def _values(self, number: int) -> dict:
        """Return what somebody who writes to Odoo directly would send for this entry."""
        return {
            "move_type": "entry",
            "journal_id": self.journal_id,
            "date": events.START.date().isoformat(),
            "ref": f"direct-{number}",
            "line_ids": [
                [0, 0, {"name": label, "account_id": self.accounts[code], side: float(amount)}]
                for code, side, amount, label in events.entry_lines(number)
            ],
        }

    def counted(self) -> Check:
        """Every entry that was reported is posted once, with the sum that was told."""
        posted, distinct, debit = self.stage.rows(
            "SELECT count(DISTINCT m.id), count(DISTINCT m.ref), COALESCE(sum(l.debit), 0) FROM account_move m"
            " JOIN account_move_line l ON l.move_id = m.id WHERE m.state = 'posted' AND m.ref LIKE 'asked-%'"
        )[0]
        told = sum(
            amount
            for number in range(self.drained)
            for _code, side, amount, _label in events.entry_lines(number)
            if side == "debit"
        )
        return Check(
            "Journal entries: each posted once, debits as told",
            posted == distinct == self.drained and debit == told,
            f"{self.drained} told, {posted} posted, {distinct} different; debits {debit} of {told}",
        )
