# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Which changes of the set-up of real events take two people (X4, C2)."""

import pytest

from odoo.addons.finance_integration.engine.set_up_guard import GUARDED, Rule, held, needs_two


@pytest.mark.parametrize(
    ("rule", "before", "after", "two"),
    [
        (Rule.ANY, "https://a.example", "https://b.example", True),
        (Rule.ANY, "", "https://b.example", True),
        (Rule.ANY, "https://a.example", False, True),
        (Rule.ANY, False, None, False),
        (Rule.ANY, "", False, False),
        (Rule.ANY, 7, 7, False),
        (Rule.REPLACED, False, 7, False),
        (Rule.REPLACED, 7, 8, True),
        (Rule.REPLACED, 7, False, True),
        (Rule.GAINED, "", "https://b.example", True),
        (Rule.GAINED, "https://a.example", "https://b.example", True),
        (Rule.GAINED, "https://a.example", "", False),
        (Rule.WIDENED, "a.example b.example", "B.example", False),
        (Rule.WIDENED, "a.example", "a.example 169.254.169.254", True),
        (Rule.WIDENED, False, "localhost", True),
        (Rule.WIDENED, "a.example", False, False),
        (Rule.ADDED, False, [1], False),
        (Rule.ADDED, [1, 2], [2], False),
        (Rule.ADDED, [1], [1, 2], True),
        (Rule.RAISED, 0.05, 0.06, True),
        (Rule.RAISED, 0.05, 0.0, False),
        (Rule.RAISED, 0.0, 1.0, True),
        (Rule.SHORTENED, 0, 90, True),
        (Rule.SHORTENED, 400, 90, True),
        (Rule.SHORTENED, 90, 400, False),
        (Rule.SHORTENED, 90, 0, False),
        (Rule.LENGTHENED, 30, 60, True),
        (Rule.LENGTHENED, 30, -1, True),
        (Rule.LENGTHENED, 30, 0, False),
        (Rule.LENGTHENED, -1, 30, False),
        (Rule.LENGTHENED, -1, -2, False),
        (Rule.CARELESS, "stop", "open_day", True),
        (Rule.CARELESS, "open_day", "stop", False),
        (Rule.CARELESS, "closed", "open", True),
        (Rule.SWITCHED_ON, False, True, True),
        (Rule.SWITCHED_ON, True, False, False),
        (Rule.SWITCHED_OFF, True, False, True),
        (Rule.SWITCHED_OFF, False, True, False),
    ],
)
def test_a_change_takes_two_people_only_where_it_lets_more_happen(rule, before, after, two):
    assert needs_two(rule, before, after) is two


def test_what_is_held_back_is_named_in_order_and_nothing_else():
    rules = GUARDED["integration.connection"]
    before = {"api_base_url": "", "tax_tolerance": 0.05, "name": "A"}
    after = {
        "name": "B",
        "tax_tolerance": 0.01,
        "api_base_url": "https://b.example",
        "delivery_url": "https://c.example",
    }
    assert held(rules, before, after) == ["api_base_url", "delivery_url"]
