# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Two servers on one database, both draining the same lanes: order and once-only hold (E3, E11)."""

from __future__ import annotations

import random
import subprocess

from devtools import paths
from devtools.environment import Environment

from .. import invariants, money_invariants
from ..feed import Feed
from ..hub import Hub
from ..outcome import Outcome
from ..shots import Volley

OBJECTS = 7
VERSIONS = 12
DELIVERIES = 150
DRAINERS = 3
DRAINING_SECONDS = 40
CONNECTIONS = 8
# Run by ``odoo shell`` in processes of their own: each tries again and again to drain every lane.
DRAINER = """
import time
print("READY", flush=True)
end = time.monotonic() + {seconds}
seen = 0
lanes = env["integration.lane"].search([]).ids
env.cr.commit()
while time.monotonic() < end:
    for lane in lanes:
        seen += env["integration.drain"]._run(lane, budget_seconds=5, linger_seconds=0)
    env.cr.rollback()
    time.sleep(0.01)
print("DRAINED", seen)
"""


def run(env: Environment, outcome: Outcome, seed: int) -> None:
    """Send versions of the same customers and a mix to two servers at once, with more drainers beside them."""
    feed, chance = Feed(seed), random.Random(f"two/{seed}")
    versions = [
        feed.customer(party, version, f"{party.name} v{version}")
        for version in range(1, VERSIONS + 1)
        for party in feed.parties[:OBJECTS]
    ]
    mix = feed.mix(DELIVERIES)[len(feed.parties) :]
    deliveries = versions + mix
    chance.shuffle(deliveries)
    with Hub(env, "two-servers") as hub:
        hub.add_server(workers=2)
        drainers = [_drainer(env, hub) for _number in range(DRAINERS)]
        for process in drainers:
            _wait_ready(process)
        volley = Volley(hub, deliveries, connections=CONNECTIONS, servers=hub.servers).start()
        volley.join(180)
        outcome.note(
            f"answers {dict(volley.acknowledged.answers)}, worked off {hub.wait_drained():.1f} s later"
        )
        counts = [_result(process) for process in drainers]
        outcome.note(f"beside two servers, {DRAINERS} more processes drained {counts} events")
        if not any(counts):
            outcome.fail(["the other processes never got a lane"])
        hub.wait(
            lambda: not money_invariants.money_is_applied_to_its_invoice(hub), 120, "money meets its invoices"
        )
        _check_versions(hub, outcome, feed)
        outcome.fail(invariants.broken(hub, volley.acknowledged.events, feed.gross_by_day))


def _drainer(env: Environment, hub: Hub) -> subprocess.Popen:
    log = paths.LOGS / "faults-drainer.log"
    command = env.odoo("shell", "-c", env.test_config, "-d", hub.database, "--no-http", f"--logfile={log}")
    process = subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=env.env(),
        cwd=paths.DEV,
    )
    process.stdin.write(DRAINER.format(seconds=DRAINING_SECONDS).encode())
    process.stdin.close()
    return process


def _wait_ready(process: subprocess.Popen) -> None:
    for line in process.stdout:
        if b"READY" in line:
            return
    raise AssertionError("a drainer ended before it was ready")


def _result(process: subprocess.Popen) -> int:
    try:
        text = process.stdout.read().decode()
        process.wait(timeout=60)
    except subprocess.TimeoutExpired:
        process.kill()
        raise AssertionError("a drainer does not end") from None
    for line in text.splitlines():
        if "DRAINED" in line:
            return int(line.rpartition(" ")[2])
    raise AssertionError(f"a drainer ended without a result: {text[-500:]}")


def _check_versions(hub: Hub, outcome: Outcome, feed: Feed) -> None:
    """Each customer has the name of its newest version, and every older one that came later was overtaken."""
    names = dict(
        hub.sql(
            "SELECT b.outside_id, p.name FROM integration_binding b JOIN res_partner p ON p.id = b.res_id"
            " WHERE b.kind = 'customer'"
        )
    )
    for party in feed.parties[:OBJECTS]:
        outcome.expect(f"name of {party.id}", names.get(party.id), f"{party.name} v{VERSIONS}")
    wrong = hub.sql(
        """
        SELECT m.object_key, m.version, m.status FROM integration_message m
         WHERE m.kind = 'customer' AND m.status <> CASE WHEN EXISTS (
                   SELECT FROM integration_message e WHERE e.object_key = m.object_key AND e.id < m.id
                      AND e.version > m.version) THEN 'superseded' ELSE 'done' END
        """
    )
    outcome.expect("versions with another end than their order asks for", wrong, [])
