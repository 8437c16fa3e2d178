# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""A real server without a job runner: everything still gets done by the scheduler; with one it does nothing (E11)."""

import json
import urllib.request

import pytest

from devtools import environment
from faults.feed import Feed
from faults.hub import Hub
from faults.shots import shoot
from simulators.local_server import serving
from simulators.partner.receiver import Receiver, Troubles
from simulators.partner.server import PATH, receiver_server
from simulators.partner.signing import make_secret

# With no room in any channel queue_job starts no runner.
NO_RUNNER = ("ODOO_QUEUE_JOB_CHANNELS", "root:0")
COUNT = 5
# The scheduler comes each minute, and takes jobs that have waited for 20 s: events, then deliveries and rules.
SECONDS = 300
FALLBACK_WORKED = "the job runner is missing: the scheduler has run"
ALARMS = "SELECT count(*) FROM integration_exception WHERE code = 'runner_missing' AND state = 'open'"
BOOKED = "SELECT count(*) FROM account_move WHERE move_type = 'out_invoice' AND state = 'posted'"
FIRED = "SELECT count(*) FROM integration_rule_wait WHERE rule_id = %s AND state = 'fired'"


@pytest.fixture(scope="module")
def env():
    """The interpreter, the source and the database server of this checkout."""
    found = environment.ready()
    assert found, "Odoo is not set up yet: ./dev setup"
    return found


def ready(hub):
    """Return what the readiness address of the first running server says."""
    with urllib.request.urlopen(f"{hub.servers[-1].url}/integration/v1/ready", timeout=10) as answer:  # noqa: S310
        return json.loads(answer.read())


def issue(hub, feed):
    """Send ``COUNT`` invoices to the last server of the hub."""
    for _number in range(COUNT):
        assert shoot(hub, hub.partner, feed.invoice(), hub.servers[-1]).good


def make_rule(hub):
    """Let a rule follow up each posted invoice; returns its id."""
    [rule_id] = hub.odoo().call(
        "integration.rule",
        "create",
        [
            {
                "name": "Each invoice",
                "prerequisite_ids": [(0, 0, {"kind": "event.invoice_posted"})],
                "action_ids": [(0, 0, {"action": "notify", "role": "owner", "summary": "Posted"})],
            }
        ],
    )
    return rule_id


def done(hub, receiver, rule_id, booked_before, count):
    """Whether so many new invoices are booked, told, and followed up."""
    booked = hub.one(BOOKED) - booked_before
    told = {row.id for row in receiver.received() if row.type == "invoice.posted"}
    return (booked, len(told), hub.one(FIRED, rule_id)) == (count, count, count)


@pytest.mark.patient
def test_without_a_runner_the_scheduler_does_everything_and_with_one_nothing(env, monkeypatch):
    secret, feed = make_secret("no-runner"), Feed("no-runner")
    receiver = Receiver([secret], seed="no-runner", troubles=Troubles(percent=0))
    with (
        serving(receiver_server(receiver)) as out,
        Hub(env, "no-runner", delivery_url=out.url + PATH, outbound_secret=secret) as hub,
    ):
        rule_id, before = make_rule(hub), hub.one(BOOKED)
        hub.server.stop()
        monkeypatch.setenv(*NO_RUNNER)
        hub.add_server()
        monkeypatch.delenv(NO_RUNNER[0])
        assert ready(hub)["job_runner"] is False
        issue(hub, feed)
        hub.wait(lambda: done(hub, receiver, rule_id, before, COUNT), SECONDS, "not done without a runner")
        assert FALLBACK_WORKED in read(hub)

        hub.servers[-1].stop()
        hub.add_server()
        hub.wait(lambda: ready(hub)["job_runner"] is True, 60, "the runner is not seen")
        issue(hub, feed)
        hub.wait(lambda: done(hub, receiver, rule_id, before, 2 * COUNT), 60, "not done with a runner")
        hub.wait(lambda: not hub.one(ALARMS), 150, "the alarm is not taken back")
        assert FALLBACK_WORKED not in read(hub)
        assert len({row.id for row in receiver.received() if row.type == "invoice.posted"}) == 2 * COUNT
        assert hub.log_problems() == []


def read(hub):
    """Return the log of the last server."""
    return hub.servers[-1].log.read_text(encoding="utf-8")
