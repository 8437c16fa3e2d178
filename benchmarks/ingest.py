# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Acceptance of signed events, against an empty route of the same server; and the storm of duplicates."""

from __future__ import annotations

import time
from collections.abc import Callable

from devtools.environment import Environment

from . import events, http_load
from .rounds import Check, Figure, until_fit
from .stage import STRIPE_SECRET, WITHOUT_RUNNER, Stage, allow_administrator, make_connection, path_of

TARGET = 0.85
EMPTY_PATH = "/finance_integration_bench/empty"
REST_SECONDS = 60
STORM_COPIES = 100


def run(env: Environment, say: Callable[[str], None], *, quick: bool) -> tuple[list[Figure], list[Check]]:
    """Measure acceptance; then let the drain work for a while and look at the effects."""
    rounds, size = (3, 300) if quick else (7, 800)
    with Stage(env, "ingest") as stage:
        rpc = stage.start(channels=WITHOUT_RUNNER)
        connection_id = _active_stripe(rpc)
        path = path_of(rpc, connection_id)
        sent: list[http_load.Load] = []
        wave = iter(range(1000))

        def measure() -> list[Figure]:
            ratios, speeds, empty_speeds = [], [], []
            _one_round(stage, path, f"warm-up {next(wave)}", size // 4, sent)
            for number in range(rounds):
                ours, empty = _one_round(
                    stage, path, f"round {next(wave)}", size, sent, reverse=number % 2 == 1
                )
                ratios.append(ours.per_second / empty.per_second)
                speeds.append(ours.per_second)
                empty_speeds.append(empty.per_second)
                say(
                    f"ingest: {ours.per_second:.0f}/s, empty route {empty.per_second:.0f}/s: {ratios[-1]:.2f}"
                )
            context = f"{min(speeds):.0f}–{max(speeds):.0f}/s; empty {min(empty_speeds):.0f}–{max(empty_speeds):.0f}/s"
            return [Figure("Ingest: signed events / empty route", tuple(ratios), TARGET, context)]

        figures = until_fit(measure, say)
        checks = [_all_stored(stage, sent), _one_effect_each(stage, say)]
    return figures, checks


def storm(env: Environment, say: Callable[[str], None], *, quick: bool) -> tuple[list[Figure], list[Check]]:
    """Send one event a hundred times at once, several times over."""
    waves = 2 if quick else 5
    checks = []
    with Stage(env, "storm") as stage:
        rpc = stage.start()
        connection_id = _active_stripe(rpc)
        path = path_of(rpc, connection_id)
        told, signer = events.stripe_charges("storm", waves, STRIPE_SECRET)
        worst = 0.0
        refused = 0
        for event in told:
            copies = events.signed([event] * STORM_COPIES, signer, path, stage.port)
            load = http_load.send_all(stage.port, copies, processes=4, connections=STORM_COPIES // 4)
            refused += sum(count for status, count in load.statuses.items() if not 200 <= status < 300)
            worst = max(worst, load.slowest_ms)
            say(f"storm: {dict(load.statuses)} in {load.seconds:.2f} s")
        done = "SELECT count(*) FROM integration_message WHERE status = 'done'"
        stage.wait_until(lambda: stage.value(done) == waves, 60)
        stage.wait_no_jobs()
        facts = _effects(stage)
        expected = (waves, waves, waves, waves)
        checks.append(
            Check(
                f"Duplicate storm: {waves} × {STORM_COPIES} simultaneous copies, none refused, one effect each",
                not refused and facts == expected,
                f"{refused} answers other than 2xx; messages, movements, effects, entries: {facts}; "
                f"slowest answer {worst:.0f} ms",
            )
        )
    return [], checks


def _active_stripe(rpc) -> int:
    allow_administrator(rpc)
    connection_id = make_connection(rpc, "stripe", "Stripe", STRIPE_SECRET)
    rpc.call("integration.connection", "action_activate", [connection_id])
    return connection_id


def _one_round(stage, path, seed, size, sent, *, reverse=False):
    """Send ``size`` new events and ``size`` requests to the empty route, one after the other."""
    told, signer = events.stripe_charges(seed, size, STRIPE_SECRET)
    ours = events.signed(told, signer, path, stage.port)
    empty = events.signed(told, signer, EMPTY_PATH, stage.port)
    loads = {}
    # Two workers permit 400 events a second to an address, more only for a moment: the buckets fill up again.
    time.sleep(size / 400)
    for name, requests in (
        (("empty", empty), ("ours", ours)) if reverse else (("ours", ours), ("empty", empty))
    ):
        loads[name] = http_load.send_all(stage.port, requests)
    if not loads["empty"].all_good:
        raise RuntimeError(f"the empty route answered {dict(loads['empty'].statuses)}")
    if not loads["ours"].all_good:
        raise RuntimeError(f"the hub answered {dict(loads['ours'].statuses)}")
    sent.append(loads["ours"])
    return loads["ours"], loads["empty"]


def _all_stored(stage, sent) -> Check:
    accepted = sum(count for load in sent for status, count in load.statuses.items() if 200 <= status < 300)
    tried = sum(sum(load.statuses.values()) for load in sent)
    stored, distinct, whole = stage.rows(
        "SELECT count(*), count(DISTINCT event_id),"
        " count(*) FILTER (WHERE key_share IS NOT NULL OR body_digest = encode(sha256(p.raw), 'hex'))"
        " FROM integration_message m JOIN integration_payload p ON p.message_id = m.id WHERE direction = 'in'"
    )[0]
    return Check(
        "Ingest: every 2xx is stored once, byte for byte",
        tried == accepted == stored == distinct == whole,
        f"{tried} sent, {accepted} accepted, {stored} stored, {distinct} different, {whole} with their own digest",
    )


def _one_effect_each(stage, say) -> Check:
    """Start the server again, with the job runner, and look at what it has worked off after a while."""
    stage.stop()
    stage.start()
    stored = stage.value("SELECT count(*) FROM integration_message")
    done = "SELECT count(*) FROM integration_message WHERE status <> 'ready'"
    try:
        stage.wait_until(lambda: stage.value(done) == stored, REST_SECONDS)
    except TimeoutError:
        say(
            f"ingest: {stage.value(done)} of {stored} worked off after {REST_SECONDS} s; the gate looks at these"
        )
    stage.server.stop()
    finished, movements, effects, entries = _effects(stage)
    other = stage.value("SELECT count(*) FROM integration_message WHERE status NOT IN ('ready', 'done')")
    return Check(
        "Ingest: one effect per event that was worked off",
        bool(finished) and finished == movements == effects == entries and not other,
        f"{finished} of {stored} worked off in {REST_SECONDS} s at most: "
        f"{movements} movements, {effects} effects, {entries} posted entries, {other} stopped",
    )


def _effects(stage) -> tuple[int, int, int, int]:
    return stage.rows(
        "SELECT (SELECT count(*) FROM integration_message WHERE status = 'done'),"
        " (SELECT count(DISTINCT (connection_id, type, movement_id)) FROM integration_movement),"
        " (SELECT count(DISTINCT key) FROM integration_effect),"
        " (SELECT count(*) FROM account_move WHERE integration_source_id IS NOT NULL AND state = 'posted')"
    )[0]
