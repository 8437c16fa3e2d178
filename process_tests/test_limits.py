# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""A limit holds over all worker processes of a host, for single events and for batches (E7)."""

import time

import pytest

from devtools import environment
from faults.feed import Feed
from faults.hub import Hub
from faults.shots import Volley

RATE = 2
BURST = 5 * RATE
COUNT = 80
STORED = "SELECT count(*) FROM integration_message WHERE direction = 'in' AND event_type = 'invoice.issued'"


@pytest.fixture(scope="module")
def env():
    """The interpreter, the source and the database server of this checkout."""
    found = environment.ready()
    assert found, "Odoo is not set up yet: ./dev setup"
    return found


def limit(hub, rate):
    """Let the partner's invoices come in at so many per second; the routes know it a moment later."""
    odoo = hub.odoo()
    domain = [["connection_id", "=", hub.partner.id], ["kind", "=", "invoice"], ["direction", "=", "in"]]
    flows = odoo.call("integration.flow", "search", domain)
    odoo.call("integration.flow", "write", flows, {"inbound_rate_per_second": rate})
    time.sleep(1.5)


def test_two_workers_share_one_limit(env):
    feed = Feed("limits")
    with Hub(env, "limits", workers=2) as hub:
        limit(hub, RATE)
        began = time.monotonic()
        volley = Volley(hub, [feed.invoice() for _number in range(COUNT)], connections=8, once=True).start()
        volley.join(120)
        seconds = time.monotonic() - began
        answers = dict(volley.acknowledged.answers)
        assert set(answers) == {200, 429}, answers
        most = BURST + RATE * seconds + 1
        assert BURST <= answers[200] <= most, f"{answers} in {seconds:.1f} s with a limit of {most:.0f}"
        assert hub.one(STORED) == answers[200]
