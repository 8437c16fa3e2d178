# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""A day of three shops in three currencies ties out to 0.00 in each, on a real server (R2, R17, E2, S1-S3).

Sixty orders hold everything that happens on the day. A thousand: ``./dev demo shop-day`` on a running ``./dev run``, or
this test with FI_SHOP_DAY_ORDERS=1000. It takes minutes: ./dev test process -m patient
"""

import os
from datetime import date

import pytest

from devtools import environment, log_check
from devtools.server import OdooServer
from simulators.shop_day.demo import DayPlayer, Options
from simulators.shop_day.orders import SPECIAL
from simulators.shop_day.world import CURRENCIES

DAY = date(2026, 10, 1)
ORDERS = int(os.environ.get("FI_SHOP_DAY_ORDERS", "60"))


@pytest.fixture(scope="module")
def env():
    """The interpreter, the source and the database server of this checkout."""
    found = environment.ready()
    assert found, "Odoo is not set up yet: ./dev setup"
    return found


@pytest.mark.patient
def test_every_cent_of_the_day_is_explained(env):
    said = []
    with OdooServer(env, name="shop_day", workers=2) as server:
        player = DayPlayer(Options(server.url, server.database, orders=ORDERS), said.append, DAY)
        code = player.play()
        assert code == 0, "\n".join(said) + f"\n{server.tail()}"
        assert len(player.points) == 11
        assert {told.kind for told in player.day.told} == {"plain", *SPECIAL.values()}
        assert len(player.day.told) == ORDERS
        assert [sums.bank > 0 for sums in player.books.sums.values()] == [True] * len(CURRENCIES)
        assert log_check.describe(log_check.check_file(server.log)) == []
