# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Invoices in one lane, and in two lanes that post to two journals; and with some events that must fail."""

from __future__ import annotations

import json
import time
from collections.abc import Callable

from devtools.environment import Environment

from . import events, http_load
from .rounds import Check, Figure, until_fit
from .stage import Stage, allow_administrator, make_connection, path_of, sales_tax

TARGET_LANES = 1.8
TARGET_POISON = {1: 0.75, 10: 0.4}
LIMIT_SECONDS = 300


def run(env: Environment, say: Callable[[str], None], *, quick: bool) -> tuple[list[Figure], list[Check]]:
    """Post the same number of invoices through one lane and, half each, through two."""
    rounds, count = (2, 60) if quick else (5, 240)
    with Stage(env, "lanes") as stage:
        lanes = Lanes(stage)

        def measure() -> list[Figure]:
            one, two = [], []
            for number in range(rounds):
                steps = [
                    lambda: one.append(lanes.post({0: count})),
                    lambda: two.append(lanes.post({0: count, 1: count})),
                ]
                for step in reversed(steps) if number % 2 else steps:
                    step()
                say(f"lanes: one {one[-1]:.1f}/s, two {two[-1]:.1f}/s: {two[-1] / one[-1]:.2f}")
            context = f"{min(one):.1f}–{max(one):.1f} and {min(two):.1f}–{max(two):.1f} invoices/s"
            ratios = tuple(pair / single for pair, single in zip(two, one, strict=True))
            return [Figure("Invoices: two lanes of two journals / one lane", ratios, TARGET_LANES, context)]

        figures = until_fit(measure, say)
        return figures, [lanes.counted()]


def poison(env: Environment, say: Callable[[str], None], *, quick: bool) -> tuple[list[Figure], list[Check]]:
    """Post invoices of which 1 % and 10 % are bad, against clean ones."""
    # Long enough that the moment in which the job runner wakes up, up to a second, does not decide.
    rounds, count = (2, 100) if quick else (5, 900)
    with Stage(env, "poison") as stage:
        lanes = Lanes(stage)

        def measure() -> list[Figure]:
            speeds: dict[int, list[float]] = {0: [], 1: [], 10: []}
            for number in range(rounds):
                shares = list(speeds)
                for share in shares[number % 3 :] + shares[: number % 3]:
                    speeds[share].append(lanes.post({0: count}, bad_percent=share))
                say(
                    "poison: "
                    + ", ".join(f"{share} % bad {values[-1]:.1f}/s" for share, values in speeds.items())
                )
            return [
                Figure(
                    f"Invoices with {share} % bad events / clean ones",
                    tuple(bad / clean for bad, clean in zip(speeds[share], speeds[0], strict=True)),
                    target,
                    f"{min(speeds[share]):.1f}–{max(speeds[share]):.1f} events/s",
                )
                for share, target in TARGET_POISON.items()
            ]

        figures = until_fit(measure, say)
        return figures, [lanes.counted()]


class Lanes:
    """Two partners, each with a connection, a lane and a journal of its own."""

    def __init__(self, stage: Stage):
        self.stage = stage
        self.rpc = stage.start()
        allow_administrator(self.rpc)
        tax_id = sales_tax(self.rpc)
        self.connections = [self._partner(name, tax_id) for name in ("North", "South")]
        self.good = self.bad = 0
        for place, (_id, path) in enumerate(self.connections):
            self._bring(path, events.customers(f"customers {place}"))
        self._wait()
        self.good += len(self.connections) * events.CUSTOMERS
        self.invoices = 0
        self.post({0: 8, 1: 8})
        if not self.counted().holds:
            raise RuntimeError(self.counted().detail)  # what is not posted must not be measured
        stage.analyze()

    def _partner(self, name: str, tax_id: int) -> tuple[int, str]:
        connection_id = make_connection(self.rpc, "generic", name, events.PARTNER_SECRET)
        [usual] = self.rpc.call(
            "account.journal",
            "search_read",
            [["type", "=", "sale"], ["default_account_id", "!=", False]],
            ["default_account_id"],
            limit=1,
        )
        journal = {
            "name": f"Sales {name}",
            "code": name[:5].upper(),
            "type": "sale",
            "default_account_id": usual["default_account_id"][0],
        }
        [journal_id] = self.rpc.call("account.journal", "create", [journal])
        self.rpc.call(
            "integration.connection",
            "write",
            [connection_id],
            {"sales_journal_id": journal_id, "issued_journal_id": journal_id},
        )
        mapping = {"connection_id": connection_id, "mapping": "tax", "outside_value": "STD", "tax_id": tax_id}
        self.rpc.call("integration.mapping", "create", [mapping])
        self.rpc.call("integration.connection", "action_activate", [connection_id])
        return connection_id, path_of(self.rpc, connection_id)

    def _bring(self, path: str, told) -> None:
        signer = events.signing.PartnerSigner(events.PARTNER_SECRET)
        load = http_load.send_all(self.stage.port, events.signed(told, signer, path, self.stage.port))
        if not load.all_good:
            raise RuntimeError(f"the hub answered {dict(load.statuses)}")

    def _wait(self) -> None:
        left = "SELECT count(*) FROM integration_message WHERE direction = 'in' AND status IN ('ready', 'waiting')"
        self.stage.wait_until(lambda: not self.stage.value(left), LIMIT_SECONDS)
        self.stage.wait_no_jobs()

    def post(self, counts: dict[int, int], bad_percent: int = 0) -> float:
        """Let events wait in the inboxes, open the connections together; return events worked off per second."""
        ids = [self.connections[place][0] for place in counts]
        self.rpc.call("integration.connection", "action_pause", ids)
        for place, count in counts.items():
            first, self.invoices = self.invoices, self.invoices + count
            told = events.invoice_requests(f"lane{place}", range(first, first + count))
            told = [
                _spoilt(event, number) if _is_bad(number, bad_percent) else event
                for number, event in enumerate(told)
            ]
            bad = sum(_is_bad(number, bad_percent) for number in range(count))
            self.bad += bad
            self.good += count - bad
            self._bring(self.connections[place][1], told)
        self.stage.wait_no_jobs()
        left = "SELECT count(*) FROM integration_message WHERE direction = 'in' AND status IN ('ready', 'waiting')"
        begin = time.monotonic()
        self.rpc.call("integration.connection", "action_activate", ids)
        self.stage.wait_until(lambda: not self.stage.value(left), LIMIT_SECONDS)
        seconds = time.monotonic() - begin
        self.stage.wait_no_jobs()
        return sum(counts.values()) / seconds

    def counted(self) -> Check:
        """Exactly the good ones are booked, exactly the bad ones wait for a person, numbers have no gap."""
        done, stopped, posted = self.stage.rows(
            "SELECT count(*) FILTER (WHERE status = 'done'), count(*) FILTER (WHERE status = 'parked'),"
            " (SELECT count(*) FROM account_move WHERE state = 'posted' AND ref LIKE 'lane%%')"
            " FROM integration_message WHERE direction = 'in'"
        )[0]
        gaps = self.stage.value(
            "SELECT COALESCE(sum(last - first + 1 - held), 0) FROM (SELECT max(sequence_number) AS last,"
            " min(sequence_number) AS first, count(*) AS held FROM account_move WHERE state = 'posted'"
            " AND ref LIKE 'lane%%' GROUP BY journal_id, sequence_prefix) series"
        )
        invoices = self.good - len(self.connections) * events.CUSTOMERS
        return Check(
            "Invoices in lanes: the good ones are posted once, the bad ones stopped, no number is missing",
            (done, stopped, posted, gaps) == (self.good, self.bad, invoices, 0),
            f"{self.good} good and {self.bad} bad events: {done} done, {stopped} stopped, {posted} posted, {gaps} gaps",
        )


def _is_bad(number: int, percent: int) -> bool:
    return bool(percent) and number % (100 // percent) == 50 % (100 // percent)


def _spoilt(event: events.Event, number: int) -> events.Event:
    """Return the event with something that is found while it is read, looked up or booked."""
    body = json.loads(event.body)
    line = body["data"]["lines"][0]
    if number % 3 == 0:
        line["quantity"] = "many"
    elif number % 3 == 1:
        line["tax_codes"] = ["UNHEARD-OF"]
    else:
        body["data"]["currency"] = "XTS"
    return events.Event(event.id, event.type, json.dumps(body).encode())
