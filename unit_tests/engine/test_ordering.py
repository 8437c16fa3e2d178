# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Per key nothing overtakes; nothing is lost."""

from collections import Counter
from operator import itemgetter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from odoo.addons.finance_integration.engine.ordering import is_superseded, waves

EVENTS = st.lists(st.sampled_from("abcd")).map(lambda keys: list(zip(keys, range(len(keys)), strict=True)))


def test_example():
    events = ["a1", "b1", "a2", "c1", "a3", "b2"]
    assert waves(events, itemgetter(0)) == [["a1", "b1", "c1"], ["a2", "b2"], ["a3"]]
    assert waves([], itemgetter(0)) == []


@given(EVENTS)
def test_waves_keep_everything_and_the_order_of_each_key(events):
    result = waves(events, itemgetter(0))
    flat = [event for wave in result for event in wave]
    assert sorted(flat, key=itemgetter(1)) == events
    for name in "abcd":
        assert [event for event in flat if event[0] == name] == [
            event for event in events if event[0] == name
        ]


@given(EVENTS)
def test_a_wave_holds_each_key_once_in_the_given_order(events):
    result = waves(events, itemgetter(0))
    for wave in result:
        assert len({name for name, _place in wave}) == len(wave)
        assert wave == sorted(wave, key=itemgetter(1))
    assert len(result) == max(Counter(map(itemgetter(0), events)).values(), default=0)


@pytest.mark.parametrize(
    ("applied", "version", "expected"),
    [
        (5, 4, True),
        (5, 5, False),
        (5, 6, False),
        (None, 1, False),
        (5, None, False),
        (None, None, False),
        (0, 0, False),
    ],
)
def test_only_a_strictly_older_version_is_superseded(applied, version, expected):
    assert is_superseded(applied, version) is expected
