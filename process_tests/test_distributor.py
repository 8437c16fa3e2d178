# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""A distributor of two companies lives through the days with all the accidents, on a real server (D4, R2, R17, E1-E3).

The slice of five days holds every accident. The whole month: ``./dev demo distributor`` on a running ``./dev run``.
"""

from datetime import date

import pytest

from devtools import environment, log_check
from devtools.server import OdooServer
from simulators.distributor.accidents import LAST_DAY
from simulators.distributor.demo import Options, Player

MONTH = date(2026, 10, 1)
CASES = {
    "locked-period", "before-parent", "edited-after-invoice", "unknown-gateway", "unknown-tax", "unknown-currency",
    "test-event", "does-not-add-up", "used-id", "forged-amount", "refund-above-sale", "dispute-after-refund",
    "payout-comes-back", "forged-signature",
}  # fmt: skip


@pytest.fixture(scope="module")
def env():
    """The interpreter, the source and the database server of this checkout."""
    found = environment.ready()
    assert found, "Odoo is not set up yet: ./dev setup"
    return found


def test_the_books_are_right_and_the_workbench_holds_what_needs_a_person(env):
    said = []
    with OdooServer(env, name="distributor", workers=2) as server:
        player = Player(Options(server.url, server.database, days=LAST_DAY), said.append, MONTH)
        code = player.play()
        assert code == 0, "\n".join(said) + f"\n{server.tail()}"
        assert {each.accident for each in player.world.expected} == CASES
        assert len(player.points) == 9
        assert player.feed.counts["refused"] == 1
        assert log_check.describe(log_check.check_file(server.log)) == []
