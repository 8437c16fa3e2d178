# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Whether work is being done: no false alarm while it is, an alarm when it is not (E11)."""

from datetime import datetime, timedelta, timezone

from hypothesis import given
from hypothesis import strategies as st

from odoo.addons.finance_integration.engine import watchdog
from odoo.addons.finance_integration.engine.watchdog import Seen, Watched, findings

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=timezone.utc)


def ago(seconds):
    return NOW - timedelta(seconds=seconds)


def codes(**seen):
    return [row.code for row in findings(Seen(NOW, **seen))]


def test_nothing_to_do_is_no_alarm_even_without_a_runner():
    assert codes(runner_seen=False) == []


def test_a_missing_runner_is_noticed_once_jobs_wait_too_long():
    assert codes(runner_seen=False, pending_since=ago(89)) == []
    assert findings(Seen(NOW, runner_seen=False, pending_since=ago(90))) == (
        Watched(watchdog.RUNNER_MISSING, ago(90)),
    )


def test_a_runner_that_takes_no_jobs_is_noticed():
    assert codes(runner_seen=True, pending_since=ago(90)) == [watchdog.RUNNER_IDLE]
    assert codes(runner_seen=True, pending_since=ago(900), last_started=ago(300)) == [watchdog.RUNNER_IDLE]


def test_a_full_channel_is_no_alarm():
    assert codes(runner_seen=True, pending_since=ago(900), running=1) == []
    assert codes(runner_seen=True, pending_since=ago(900), last_started=ago(20)) == []


def test_a_hanging_job_is_noticed():
    assert codes(runner_seen=True, short_job_since=ago(599), running=1) == []
    assert codes(runner_seen=True, short_job_since=ago(600), running=1) == [watchdog.WORK_STUCK]


def test_work_that_nobody_was_asked_to_do_is_noticed():
    assert codes(runner_seen=True, ready_since=ago(300)) == [watchdog.WORK_STRANDED]
    assert codes(runner_seen=True, ready_since=ago(300), asked=True) == []
    assert codes(runner_seen=True, ready_since=ago(299)) == []


def test_without_a_runner_that_is_the_one_thing_said():
    assert codes(runner_seen=False, pending_since=ago(400), ready_since=ago(400)) == [watchdog.RUNNER_MISSING]


@given(
    st.booleans(),
    st.integers(0, 89),
    st.integers(0, 3),
    st.one_of(st.none(), st.integers(0, 10_000)),
    st.integers(0, 599),
    st.integers(0, 299),
    st.booleans(),
)
def test_nothing_young_is_ever_an_alarm(runner, pending, running, started, short, ready, asked):
    seen = Seen(
        NOW,
        runner,
        ago(pending),
        running,
        None if started is None else ago(started),
        ago(short),
        ago(ready),
        asked,
    )
    assert findings(seen) == ()
