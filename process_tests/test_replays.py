# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""kill -9 of a server in the middle of a replay: it goes on where it was, and nothing happens twice (E6, E11)."""

import pytest

from devtools import environment
from faults import invariants
from faults.feed import Feed
from faults.hub import Hub
from faults.shots import Volley
from simulators.odoo_setup import Odoo

COUNT = 130  # three portions
SECONDS = 120
MADE = "SELECT count(*) FROM integration_message WHERE replay_of_id IS NOT NULL"
TWICE = (
    "SELECT count(*) FROM (SELECT replay_of_id FROM integration_message WHERE replay_of_id IS NOT NULL"
    " GROUP BY 1 HAVING count(*) > 1) t"
)
BOOKS = "SELECT count(*), COALESCE(sum(debit), 0) FROM account_move_line"
STATE = "SELECT state FROM integration_replay WHERE id = %s"
RESULTS = (
    "SELECT COALESCE(result, 'none'), count(*) FROM integration_replay_line WHERE replay_id = %s GROUP BY 1"
)


@pytest.fixture(scope="module")
def env():
    """The interpreter, the source and the database server of this checkout."""
    found = environment.ready()
    assert found, "Odoo is not set up yet: ./dev setup"
    return found


def approver(hub):
    """Return a second person, who may approve; signed in."""
    admin = hub.odoo()
    group = hub._ref(admin, "finance_integration.group_approver")
    operator = hub._ref(admin, "finance_integration.group_operator")
    values = {
        "name": "Eve",
        "login": "eve",
        "password": "eve-approves",
        "group_ids": [(4, group), (4, operator)],
    }
    admin.call("res.users", "create", [values])
    eve = Odoo(hub.server.url, hub.database, "eve", "eve-approves")
    eve.sign_in()
    return eve


def test_a_replay_that_is_killed_goes_on_and_does_nothing_twice(env):
    feed = Feed("replays")
    with Hub(env, "replays") as hub:
        volley = Volley(hub, [feed.customer(party, 1) for party in feed.parties], connections=4).start()
        volley.join(SECONDS)
        invoices = Volley(hub, [feed.invoice() for _number in range(COUNT)], connections=4).start()
        invoices.join(SECONDS)
        hub.wait_drained()
        before, admin = hub.sql(BOOKS), hub.odoo()
        chosen = {
            "reason": "A person wants to see it",
            "with_done": True,
            "kind": "invoice",
            "connection_ids": [(6, 0, [hub.partner.id])],
        }
        [replay_id] = admin.call("integration.replay", "create", [chosen])
        admin.call("integration.replay", "action_plan", [replay_id])
        hub.wait(lambda: hub.one(STATE, replay_id) == "planned", SECONDS, "the plan")
        admin.call("integration.replay", "action_request", [replay_id])
        approver(hub).call("integration.replay", "action_approve", [replay_id])
        admin.call("integration.replay", "action_run", [replay_id])
        for wanted in (1, COUNT // 2):
            hub.wait(
                lambda wanted=wanted: hub.one(MADE) >= wanted, SECONDS, f"{wanted} events processed again"
            )
            hub.kill()
            hub.restart()
        hub.wait(lambda: hub.one(STATE, replay_id) in ("done", "partly"), SECONDS, "the replay ends")
        hub.wait_drained()
        assert (hub.one(MADE), hub.one(TWICE)) == (COUNT, 0)
        assert dict(hub.sql(RESULTS, replay_id)).keys() <= {"done", "duplicate", "nothing", "already"}
        assert hub.one(STATE, replay_id) == "done"
        assert hub.sql(BOOKS) == before
        acknowledged = {**volley.acknowledged.events, **invoices.acknowledged.events}
        assert invariants.broken(hub, acknowledged, feed.gross_by_day) == []
