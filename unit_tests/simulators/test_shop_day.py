# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""The day of three shops: the same for the same seed, on one day, with everything that happens to orders."""

from collections import Counter
from datetime import date
from decimal import Decimal

import pytest

from odoo.addons.finance_integration.simulators.paypal.state import DECIMALS
from odoo.addons.finance_integration.simulators.shop_day.demo import MAX_ORDERS, MIN_ORDERS, Options
from odoo.addons.finance_integration.simulators.shop_day.orders import GATEWAYS, PAYOUT_DAY, SPECIAL, Day
from odoo.addons.finance_integration.simulators.shop_day.world import CURRENCIES, PAYPAL, SHOPS, DayWorld

DAY = date(2026, 10, 1)


def play(orders, seed="1"):
    day = Day(DayWorld(seed, DAY), orders)
    day.play()
    return day


@pytest.fixture(scope="module")
def thousand():
    return play(1000)


def bytes_of(day):
    return [(each.system, each.event.id, each.event.body) for each in day.world.deliveries]


def test_the_same_seed_gives_the_same_bytes_and_fewer_orders_are_the_beginning():
    few, more = play(60), play(90)
    assert bytes_of(more)[: len(few.world.deliveries)] == bytes_of(few)
    assert bytes_of(play(60)) == bytes_of(few)
    assert bytes_of(play(60, "2")) != bytes_of(few)


def test_sixty_orders_hold_everything(thousand):
    for day in (play(60), thousand):
        assert {told.kind for told in day.told} == {"plain", *SPECIAL.values()}
        assert {told.shop.currency for told in day.told} == set(CURRENCIES)
        assert {told.gateway for told in day.told} == set(GATEWAYS)
    kinds = Counter(told.kind for told in thousand.told)
    assert (kinds["disputed"], kinds["part_back"], kinds["cancelled"], kinds["not_sent"]) == (20, 60, 20, 20)
    assert Counter(told.gateway for told in thousand.told if told.kind == "disputed").total() == 20


def test_a_thousand_orders_are_of_one_day_and_no_id_is_of_two_shops(thousand):
    world = thousand.world
    assert {told.order.at.date() for told in thousand.told} == {DAY}
    assert world.clock.now.date() == DAY
    assert len({told.order.name for told in thousand.told}) == 1000
    ids = [number for shop in world.shops.values() for number in shop.orders]
    assert len(set(ids)) == 1000


def test_each_order_comes_to_what_it_must(thousand):
    for told in thousand.told:
        if told.kind == "on_account":
            assert told.receivable == told.order.total > 0
        elif told.kind == "not_sent":
            assert told.receivable == -told.order.paid() < 0
        else:
            assert told.receivable == 0, (told.order.name, told.kind)
        if told.shop.currency == "JPY":
            assert told.order.total == told.order.total.to_integral_value()


def test_everything_is_paid_out_and_nothing_is_left(thousand):
    world = thousand.world
    world.morning_of(PAYOUT_DAY)
    thousand.pay_out()
    assert {shop.balance() for shop in world.shops.values()} == {Decimal(0)}
    assert {world.paypal.balance(currency) for currency in CURRENCIES} == {Decimal(0)}
    assert {world.stripe.ledger.balance(currency.lower()) for currency in CURRENCIES} == {0}
    assert len(world.arrivals) == 9
    for system, _payout, amount, currency, _day in world.arrivals:
        if system == PAYPAL:
            assert amount == amount.quantize(Decimal(1).scaleb(-DECIMALS.get(currency, 2)))


def test_a_day_has_its_bounds():
    assert max(SPECIAL) + 1 <= MIN_ORDERS
    assert sum(shop.share for shop in SHOPS) == 100
    for orders in (MIN_ORDERS - 1, MAX_ORDERS + 1):
        with pytest.raises(ValueError, match="orders"):
            Options("http://127.0.0.1:1", "demo", orders=orders)
