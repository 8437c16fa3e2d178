# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Retry delays are bounded and grow; answers are classified by whether the other side may have acted."""

import math
from datetime import datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from odoo.addons.finance_integration.engine import retry
from odoo.addons.finance_integration.engine.error_catalogue import CODES, ErrorClass

NOW = datetime(2025, 3, 1, 12, 0, tzinfo=timezone.utc)
UNIT = st.floats(0, 1, exclude_max=True)
POLICIES = st.builds(
    retry.RetryPolicy,
    max_attempts=st.integers(1, 50),
    base_seconds=st.integers(1, 60),
    factor=st.integers(1, 10),
    cap_seconds=st.integers(60, 100_000),
    jitter=st.floats(0, 1),
)


def test_default_policy_without_chance():
    policy = retry.RetryPolicy(jitter=0)
    delays = [retry.next_delay_seconds(policy, attempt, None, 0.5) for attempt in range(1, 9)]
    assert delays == [5, 15, 45, 135, 405, 1215, 3600, None]


@given(POLICIES, UNIT)
def test_delays_are_bounded_and_never_shrink(policy, unit):
    delays = [
        retry.next_delay_seconds(policy, attempt, None, unit) for attempt in range(1, policy.max_attempts)
    ]
    assert delays == sorted(delays)
    assert all(1 <= delay <= policy.cap_seconds for delay in delays)
    assert retry.next_delay_seconds(policy, policy.max_attempts, None, unit) is None


def test_full_jitter_is_the_rule():
    """Any delay up to the full one: what failed together does not come back together."""
    policy = retry.RetryPolicy()
    assert policy.jitter == 1
    steps = [step / 1000 for step in range(1000)]
    delays = {retry.next_delay_seconds(policy, 5, None, unit) for unit in steps}
    assert (min(delays), max(delays)) == (1, 405)
    assert len(delays) == 405


@given(POLICIES, st.integers(1, 49), UNIT)
def test_a_delay_lies_between_its_share_and_the_full_one(policy, attempt, unit):
    delay = retry.next_delay_seconds(policy, attempt, None, unit)
    if attempt >= policy.max_attempts:
        assert delay is None
        return
    full = min(policy.base_seconds * policy.factor ** (attempt - 1), policy.cap_seconds)
    assert max(1, math.floor(full * (1 - policy.jitter))) <= delay <= full


@given(POLICIES, UNIT, st.integers(0, 10**12))
def test_retry_after_is_a_bounded_lower_bound(policy, unit, asked_seconds):
    delay = retry.next_delay_seconds(policy, 1, asked_seconds, unit)
    if policy.max_attempts == 1:
        assert delay is None
        return
    assert delay >= min(asked_seconds, policy.retry_after_cap_seconds)
    assert delay <= max(policy.cap_seconds, policy.retry_after_cap_seconds)


def test_a_huge_attempt_number_does_not_compute_a_huge_power():
    policy = retry.RetryPolicy(max_attempts=10**9, jitter=0.5)
    assert retry.next_delay_seconds(policy, 10**8, None, 0) == 1800


@pytest.mark.parametrize(
    "wrong",
    [
        {"max_attempts": 0},
        {"base_seconds": 0},
        {"factor": 0},
        {"cap_seconds": 4},
        {"jitter": 1.5},
        {"retry_after_cap_seconds": 0},
    ],
)
def test_impossible_policies_are_refused(wrong):
    with pytest.raises(ValueError):
        retry.RetryPolicy(**wrong)


def test_attempts_count_from_one():
    with pytest.raises(ValueError):
        retry.next_delay_seconds(retry.RetryPolicy(), 0, None, 0)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("120", 120),
        (" 7 ", 7),
        ("0", 0),
        ("Sat, 01 Mar 2025 12:01:30 GMT", 90),
        ("Sat, 01 Mar 2025 11:00:00 GMT", 0),
        ("Saturday, 01-Mar-25 12:00:10 GMT", 10),
        ("Sat, 01 Mar 2025 12:00:10 -0000", 10),
        (None, None),
        ("", None),
        ("soon", None),
        ("-5", None),
        ("1.5", None),
        ("٣", None),
        ("9" * 11, None),
        ("9" * 5000, None),
        ("Sat, 99 Mar 2025 12:01:30 GMT", None),
    ],
)
def test_retry_after_header(text, seconds):
    assert retry.parse_retry_after(text, NOW) == seconds


@given(st.text(max_size=80))
def test_retry_after_never_raises(text):
    seconds = retry.parse_retry_after(text, NOW)
    assert seconds is None or seconds >= 0


@given(st.integers(0, 10_000))
def test_retry_after_reads_http_dates(ahead_seconds):
    moment = NOW + timedelta(seconds=ahead_seconds)
    assert retry.parse_retry_after(moment.strftime("%a, %d %b %Y %H:%M:%S GMT"), NOW) == ahead_seconds


@pytest.mark.parametrize(
    ("status", "code", "effect"),
    [
        (200, None, retry.DONE),
        (204, None, retry.DONE),
        (302, "destination_redirected", retry.NOT_DONE),
        (400, "destination_refused", retry.NOT_DONE),
        (401, "credential_refused", retry.NOT_DONE),
        (404, "destination_refused", retry.NOT_DONE),
        (409, "destination_busy", retry.UNKNOWN),
        (410, "destination_refused", retry.NOT_DONE),
        (429, "destination_rate_limited", retry.NOT_DONE),
        (500, "destination_server_error", retry.UNKNOWN),
        (501, "destination_refused", retry.NOT_DONE),
        (503, "destination_server_error", retry.NOT_DONE),
        (504, "destination_server_error", retry.UNKNOWN),
        (100, "destination_garbage", retry.UNKNOWN),
        (0, "destination_garbage", retry.UNKNOWN),
        (999, "destination_garbage", retry.UNKNOWN),
    ],
)
def test_http_outcomes(status, code, effect):
    assert retry.classify_status(status) == retry.Outcome(code, effect)


@given(st.integers(-10, 1000))
def test_every_status_has_a_known_code(status):
    outcome = retry.classify_status(status)
    assert outcome.code is None or outcome.code in CODES


def test_a_broken_connection_is_judged_by_whether_anything_was_sent():
    assert retry.classify_failure(sent=False) == retry.NOTHING_SENT
    assert retry.classify_failure(sent=True) == retry.SENT_WITHOUT_ANSWER
    assert CODES[retry.NOTHING_SENT.code].error_class is ErrorClass.TRANSIENT
