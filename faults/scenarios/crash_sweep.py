# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""The crash sweep: each workload is killed at each of its statements, before and after it; what follows must hold (E1).

One database, fresh events for each shot. After the kill a process that was started anew goes on, then the whole
database is looked at, so that a defect is named with the statement at which it was made.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass

from devtools import paths
from devtools.environment import Environment
from simulators.local_server import serving
from simulators.partner.receiver import Receiver, Troubles
from simulators.partner.server import PATH, receiver_server
from simulators.partner.signing import make_secret
from simulators.stripe.api import StripeApi
from simulators.stripe.server import StripeServer

from .. import invariants, seal_invariants
from ..feed import Feed
from ..hub import API_KEY, Hub
from ..outcome import Outcome
from ..sweep.client import Agent, Result
from ..sweep.shot import WORKLOADS, Stage
from ..sweep.trigger import AFTER, BEFORE, MODES

# Files that were not read once, completely, with their totals, and put away.
FILES = """
    SELECT b.source, b.state, b.new_count FROM integration_batch b
     WHERE b.kind = 'file' AND (b.state <> 'complete' OR b.counted_count <> 3 OR b.new_count <> 3
           OR (SELECT count(*) FROM integration_message m WHERE m.batch_id = b.id) <> 3
           OR NOT EXISTS (SELECT FROM integration_drop_file f WHERE f.batch_id = b.id AND f.settled))
"""
UNSEALED = (
    "SELECT count(*) FROM integration_audit_leaf"
    " WHERE id > (SELECT COALESCE(max(last_id), 0) FROM integration_audit_seal)"
)
# A workload that has more statements than this does not end.
MOST_STATEMENTS = 3000
# Runs differ by a few questions; one that is shorter than this part of the first has not done its work.
SHORTEST_RUN = 0.8


@dataclass
class Tally:
    """What was done to one workload."""

    statements: int = 0
    shots: int = 0
    kills: int = 0
    unreached: int = 0
    commits: int = 0


def run(
    env: Environment,
    outcome: Outcome,
    seed: int,
    every: int = 1,
    only: Sequence[str] = (),
    offset: int | None = None,
) -> None:
    """Sweep the workloads (all, or ``only`` these), each at every ``every``-th statement from one the seed chooses."""
    name = f"sweep-{seed}"
    secret = make_secret(name)
    receiver = Receiver([secret], seed=seed, troubles=Troubles(percent=0), keep=1_000_000)
    feed = Feed(seed)
    with ExitStack() as stack:
        ear = stack.enter_context(serving(receiver_server(receiver)))
        provider = stack.enter_context(serving(StripeServer(StripeApi(feed.account, API_KEY)).listen()))
        hub = stack.enter_context(
            Hub(
                env,
                "sweep",
                delivery_url=ear.url + PATH,
                outbound_secret=secret,
                stripe_api_url=provider.url,
            )
        )
        hub.server.stop()  # nobody but the sweep's own processes works on this database
        agent = stack.enter_context(Agent(env, hub.database))
        stage = Stage(hub, agent, feed)
        sweep = _Sweep(stage, outcome, receiver)
        sweep.warm_up()
        for workload in WORKLOADS.values():
            if not only or workload.name in only:
                sweep.of(workload, every, seed if offset is None else offset)
        outcome.fail(sweep.new_problems("at the end"))


class _Sweep:
    def __init__(self, stage: Stage, outcome: Outcome, receiver: Receiver):
        self.stage = stage
        self.outcome = outcome
        self.receiver = receiver
        self._known: set[str] = set()
        # What a process that was started anew looks after besides its lanes.
        self._world = {
            "deliver_to": [stage.hub.partner.id],
            "pulls": [[stage.hub.stripe.id, "balance_transactions"]],
        }

    def warm_up(self) -> None:
        """Do everything once, so that the processes that follow find their caches filled, and look."""
        stage = self.stage
        stage.store([stage.feed.customer(party, 1) for party in stage.feed.parties])
        for workload in WORKLOADS.values():
            load = workload.load(stage)
            stage.note(stage.agent.warm(workload.name, load))
            self._recover(load)
        found = self.new_problems("before the first kill")
        if found:
            raise AssertionError("\n".join([*found, stage.hub.state()]))

    def of(self, workload, every: int, seed: int) -> Tally:
        """Kill one workload at each place in turn until a run of it ends by itself."""
        began, tally = time.monotonic(), Tally()
        load = workload.load(self.stage)
        clean = self.stage.agent.run(workload.name, load)
        self.stage.note(clean)
        self._recover(load)
        tally.statements, tally.commits = clean.statements, clean.verbs.get("COMMIT", 0)
        self.outcome.fail(self.new_problems(f"{workload.name}, unharmed"))
        place, number = 1 + seed % every, 0
        while place <= MOST_STATEMENTS:
            if every > 1:
                reached = self._shoot(workload, place, MODES[number % 2], tally)
            else:
                reached = self._shoot(workload, place, BEFORE, tally)
                # After a question the database is what it is before the next statement.
                if reached and not (reached.text or "").startswith("SELECT"):
                    self._shoot(workload, place, AFTER, tally)
            if not reached and place >= tally.statements * SHORTEST_RUN:
                break
            if not reached:
                self.outcome.fail([f"{workload.name} ended before statement {place} of {tally.statements}"])
            place, number = place + every, number + 1
        seconds = time.monotonic() - began
        places = (
            "before each, and after each that is no question"
            if every == 1
            else f"at every {every}th, before and after it in turn"
        )
        self.outcome.note(
            f"{workload.name}: {tally.statements} statements, {tally.commits} of them commits;"
            f" killed {tally.kills} times ({places}), {seconds:.0f} s"
        )
        self.outcome.shots += tally.shots
        self.outcome.kills += tally.kills
        return tally

    def _shoot(self, workload, place: int, mode: str, tally: Tally) -> Result | None:
        """One shot; returns how it ended, None when the workload has no statement of that number."""
        load = workload.load(self.stage)
        result = self.stage.agent.run(workload.name, load, place, mode)
        self.stage.note(result)
        began = time.monotonic()
        self._recover(load)
        self.outcome.recovered_in(time.monotonic() - began)
        tally.shots += 1
        tally.kills += result.killed
        where = f"{workload.name} killed {mode} statement {place} ({result.text})"
        self.outcome.fail(self.new_problems(where if result.killed else f"{workload.name}, unharmed"))
        return result if result.killed else None

    def _recover(self, load: dict) -> None:
        stage = self.stage
        result = stage.agent.run("recover", {**load, **self._world})
        stage.note(result)
        for answer in result.answers():
            if answer["status"] != 200:
                self.outcome.fail([f"a repetition was answered {answer['status']}: {answer['text'][:200]}"])

    def new_problems(self, where: str) -> list[str]:
        """Look at everything; return what did not hold before, with the place that broke it."""
        stage = self.stage
        found = invariants.broken(
            stage.hub,
            stage.acknowledged,
            stage.feed.net_by_day,
            stage.bad,
            {entry.id: {entry.body} for entry in self.receiver.received()},
        )
        left = stage.hub.one("SELECT count(*) FROM integration_message WHERE status IN ('ready', 'waiting')")
        if left:
            found.append(f"{left} events are not worked off\n{stage.hub.state()}")
        unsealed = stage.hub.one(UNSEALED)
        if unsealed:
            found.append(f"{unsealed} audit entries have no seal")
        found += seal_invariants.every_seal_is_outside(stage.hub, paths.DATA / "finance_integration_seals")
        found += [f"the file {name} is {state}, {new} new" for name, state, new in stage.hub.sql(FILES)]
        new = [text for text in found if text not in self._known]
        self._known |= set(new)
        return [f"{where}: {text}" for text in new]
