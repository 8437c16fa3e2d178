# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Signed batches of events (NDJSON) against plain batched inserts of the same rows; and one event at half load."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable
from contextlib import closing

from psycopg2.extras import Json, execute_values

from devtools.environment import Environment

from . import events, http_load
from .rounds import Check, Figure, until_fit
from .stage import WITHOUT_RUNNER, Stage, allow_administrator, make_connection, path_of

TARGET = 0.4
LINES = 1000
EVENTS_PER_SECOND = 5000
COPY_COLUMNS = (
    "direction, company_id, connection_id, endpoint_id, flow_id, lane_id, origin, event_id, event_type, object_key,"
    " kind, occurred_at, received_at, stage, status, attempt_count, body_digest, correlation_id"
)


def run(env: Environment, say: Callable[[str], None], *, quick: bool) -> tuple[list[Figure], list[Check]]:
    """Send batches of 1,000 events; insert as many rows from a script that does nothing else."""
    rounds, batches = (2, 4) if quick else (5, 80)
    with Stage(env, "batch") as stage:
        ways = Batches(stage)

        def measure() -> list[Figure]:
            ours, plain = [], []
            for number in range(rounds):
                steps = [lambda: ours.append(ways.send(batches)), lambda: plain.append(ways.insert(batches))]
                for step in reversed(steps) if number % 2 else steps:
                    stage.settle()
                    step()
                say(
                    f"batch: {ours[-1]:.0f} events/s, plain inserts {plain[-1]:.0f} rows/s: {ours[-1] / plain[-1]:.2f}"
                )
            context = f"{min(ours):.0f}–{max(ours):.0f} events/s; {min(plain):.0f}–{max(plain):.0f} rows/s"
            ratios = tuple(one / other for one, other in zip(ours, plain, strict=True))
            return [Figure("Signed NDJSON batches / batched psycopg2 inserts", ratios, TARGET, context)]

        figures = until_fit(measure, say)
        return figures, [ways.all_stored(), ways.fast()]


class Batches:
    """Two ways of bringing many events in."""

    def __init__(self, stage: Stage):
        self.stage = stage
        rpc = stage.start(channels=WITHOUT_RUNNER)
        allow_administrator(rpc)
        self.connection_id = make_connection(rpc, "generic", "Partner", events.PARTNER_SECRET)
        rpc.call("integration.connection", "action_activate", [self.connection_id])
        self.path = path_of(rpc, self.connection_id) + "/batch"
        self.sent = self.inserted = 0
        self.speeds: list[float] = []
        self.send(2)
        self.sample = stage.rows(
            f"SELECT {COPY_COLUMNS}, raw, headers FROM integration_message m"
            " JOIN integration_payload p ON p.message_id = m.id ORDER BY m.id LIMIT 1"
        )[0]
        self.insert(2)

    def send(self, batches: int) -> float:
        """Send ``batches`` requests over eight connections: fewer may all meet one worker; return events per second."""
        requests = [self._batch() for _batch in range(batches)]
        load = http_load.send_all(self.stage.port, requests, processes=2, connections=4)
        if not load.all_good:
            raise RuntimeError(f"the hub answered {dict(load.statuses)}")
        self.speeds.append(batches * LINES / load.seconds)
        return self.speeds[-1]

    def fast(self) -> Check:
        """The other way to say the target, for where plain inserts vary too much: no round was too slow."""
        slowest = min(self.speeds[1:])  # the first one warms up
        return Check(
            f"Batches: at least {EVENTS_PER_SECOND:,} events/s in every round",
            slowest >= EVENTS_PER_SECOND,
            f"{slowest:,.0f} events/s in the slowest of {len(self.speeds) - 1} rounds",
        )

    def _batch(self) -> bytes:
        first, self.sent = self.sent, self.sent + LINES
        told = events.invoice_requests("batch", range(first, first + LINES))
        body = b"".join(b'{"id":"%s",%s\n' % (event.id.encode(), event.body[1:]) for event in told)
        whole = events.Event(f"batch-{first}", "batch", body)
        headers = events.signing.PartnerSigner(events.PARTNER_SECRET).headers(whole, int(time.time()))
        return http_load.post(
            self.path, self.stage.port, body, {"Content-Type": "application/x-ndjson", **headers}
        )

    def insert(self, batches: int) -> float:
        """Insert as many rows of the same content into the same tables, a transaction per batch; return rows/s."""
        begin = time.monotonic()
        with closing(self.stage.connect()) as connection:
            for _batch in range(batches):
                with connection, connection.cursor() as cursor:
                    first, self.inserted = self.inserted, self.inserted + LINES
                    rows = [self._row(number) for number in range(first, first + LINES)]
                    ids = execute_values(
                        cursor,
                        f"INSERT INTO integration_message ({COPY_COLUMNS}) VALUES %s RETURNING id",
                        rows,
                        page_size=LINES,
                        fetch=True,
                    )
                    payloads = [(row_id, self.sample[-2], Json(self.sample[-1])) for (row_id,) in ids]
                    execute_values(
                        cursor,
                        "INSERT INTO integration_payload (message_id, raw, headers) VALUES %s",
                        payloads,
                        page_size=LINES,
                    )
        return batches * LINES / (time.monotonic() - begin)

    def _row(self, number: int) -> tuple:
        row = list(self.sample[:-2])
        row[7], row[9] = f"plain-{number}", f"plain:{number}"
        return tuple(row)

    def all_stored(self) -> Check:
        """Every line that was acknowledged is stored once, with its own digest."""
        stored, distinct, whole = self.stage.rows(
            "SELECT count(*), count(DISTINCT event_id),"
            " count(*) FILTER (WHERE key_share IS NOT NULL OR body_digest = encode(sha256(p.raw), 'hex'))"
            " FROM integration_message m JOIN integration_payload p ON p.message_id = m.id"
            " WHERE event_id NOT LIKE 'plain-%%'"
        )[0]
        return Check(
            "Batches: every line is stored once, byte for byte",
            stored == distinct == whole == self.sent,
            f"{self.sent} sent, {stored} stored, {distinct} different, {whole} with their own digest",
        )


def half_load(
    env: Environment, say: Callable[[str], None], *, quick: bool
) -> tuple[list[Figure], list[Check]]:
    """Send single events at half of what the server takes, and look at how long each answer takes."""
    seconds = 3 if quick else 10
    with Stage(env, "latency") as stage:
        paths = _addresses(stage)
        signer = events.signing.PartnerSigner(events.PARTNER_SECRET)

        def requests(seed: str, count: int) -> list[bytes]:
            told = events.invoice_requests(seed, range(count))
            parts = [
                events.signed(told[place :: len(paths)], signer, path, stage.port)
                for place, path in enumerate(paths)
            ]
            return [one for row in itertools.zip_longest(*parts) for one in row if one is not None]

        full = http_load.send_all(stage.port, requests("full", 800)).per_second
        times = http_load.send_paced(stage.port, requests("half", int(full / 2 * seconds)), full / 2)
        times.sort()
        middle, high = times[len(times) // 2] * 1000, times[int(len(times) * 0.99)] * 1000
        say(f"half load: {full / 2:.0f}/s, median {middle:.1f} ms, 99 % within {high:.1f} ms")
        context = f"{full / 2:.0f}/s for {seconds} s: median {middle:.1f} ms, 99 % within {high:.1f} ms"
        return [
            Figure("Acknowledgement at half load: 99th percentile / median", (high / middle,), None, context)
        ], []


def _addresses(stage: Stage, senders: int = 4) -> list[str]:
    """Set up several senders and return their paths: one alone may send no more than its limit."""
    rpc = stage.start(channels=WITHOUT_RUNNER)
    allow_administrator(rpc)
    paths = []
    for number in range(senders):
        connection_id = make_connection(rpc, "generic", f"Partner {number}", events.PARTNER_SECRET)
        rpc.call("integration.connection", "action_activate", [connection_id])
        paths.append(path_of(rpc, connection_id))
    return paths
