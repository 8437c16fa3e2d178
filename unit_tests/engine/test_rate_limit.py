# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""The bucket never gives more than rate and burst permit, and the wait it names suffices."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from odoo.addons.finance_integration.engine.rate_limit import Level, TokenBucket

SECOND = 1_000_000_000
RATES = st.integers(1, 1000)
BURSTS = st.integers(1, 100)
STEPS = st.lists(st.integers(-SECOND, 5 * SECOND), max_size=60)


def test_example():
    bucket = TokenBucket(rate_per_second=2, burst=3)
    assert [bucket.take(0) for _ in range(4)] == [0, 0, 0, 1]
    assert bucket.take(SECOND // 2 - 1) == 1
    assert bucket.take(SECOND // 2) == 0
    assert bucket.take(SECOND // 2) == 1
    assert [bucket.take(100 * SECOND) for _ in range(4)] == [0, 0, 0, 1]


@given(RATES, BURSTS, STEPS)
def test_never_more_than_rate_and_burst(rate, burst, steps):
    bucket = TokenBucket(rate, burst)
    now = latest = given_out = 0
    for step in steps:
        now += step
        latest = max(latest, now)
        given_out += bucket.take(now) == 0
        # A clock that ran backwards starts its second again, so count only the time that really passed.
    forward = sum(step for step in steps if step > 0)
    assert given_out <= burst + forward * rate // SECOND + 1


@given(RATES, BURSTS, st.data())
def test_the_named_wait_suffices_and_a_refusal_takes_nothing(rate, burst, data):
    bucket = TokenBucket(rate, burst)
    tokens = data.draw(st.integers(1, burst))
    assert bucket.take(0, burst) == 0
    wait_seconds = bucket.take(0, tokens)
    assert wait_seconds == -(-tokens // rate)
    assert bucket.take(0, tokens) == wait_seconds
    assert bucket.take(wait_seconds * SECOND, tokens) == 0


def test_a_clock_that_runs_backwards_gives_nothing():
    bucket = TokenBucket(1, 1)
    assert bucket.take(10 * SECOND) == 0
    assert bucket.take(0) == 1


def test_impossible_wishes_are_refused():
    for rate, burst in ((0, 1), (1, 0), (-1, 5)):
        with pytest.raises(ValueError):
            TokenBucket(rate, burst)
    bucket = TokenBucket(1, 2)
    for tokens in (0, -1, 3):
        with pytest.raises(ValueError):
            bucket.take(0, tokens)
    assert bucket.take(0, 2) == 0


@given(RATES, BURSTS, st.lists(st.integers(0, 2 * SECOND), max_size=40), st.integers(1, 10))
def test_a_bucket_that_is_handed_on_gives_what_one_bucket_gives(rate, burst, steps, batch):
    """Batches in several processes, each going on from the kept level, together keep the rate."""
    one, level, now = TokenBucket(rate, burst), None, 0
    for start in range(0, len(steps), batch):
        handed_on = TokenBucket(rate, burst, level)
        for step in steps[start : start + batch]:
            now += step
            assert handed_on.take_or_wait_nanoseconds(now) == one.take_or_wait_nanoseconds(now)
        level = handed_on.level


def test_what_is_promised_to_one_who_dies_is_taken():
    bucket = TokenBucket(2, 2)
    kept = bucket.level_after(0, 5)
    assert kept == Level(-3 * SECOND, 0)
    assert TokenBucket(2, 2, kept).take_or_wait_nanoseconds(0) == 2 * SECOND
    assert bucket.take(0, 2) == 0, "a promise takes nothing from the bucket at hand"


def test_the_wait_is_exact_to_the_nanosecond():
    bucket = TokenBucket(20, 1)
    assert bucket.take_or_wait_nanoseconds(0) == 0
    assert bucket.take_or_wait_nanoseconds(0) == SECOND // 20
    assert bucket.take_or_wait_nanoseconds(SECOND // 20 - 1) == 1
    assert bucket.take_or_wait_nanoseconds(SECOND // 20) == 0


@given(RATES, BURSTS, st.lists(st.tuples(st.integers(0, SECOND), st.integers(1, 500)), max_size=40))
def test_what_is_owed_is_made_up_for(rate, burst, steps):
    """However much is taken at once, the average holds: never more than one bucket and one wish is given ahead."""
    bucket = TokenBucket(rate, burst)
    now = given_out = largest = 0
    for step, tokens in steps:
        now += step
        if bucket.take_owing(now, tokens) == 0:
            given_out += tokens
            largest = max(largest, tokens)
    assert given_out <= burst + now * rate // SECOND + max(largest - min(largest, burst), 0) + 1


def test_the_wait_after_a_debt_is_named():
    bucket = TokenBucket(2, 10)
    assert bucket.take_owing(0, 30) == 0
    wait = bucket.take_owing(0, 1)
    assert wait == 10 * SECOND + SECOND // 2
    assert bucket.take_owing(wait - 1, 1) > 0
    assert bucket.take_owing(wait, 1) == 0
    with pytest.raises(ValueError):
        bucket.take_owing(wait, 0)
