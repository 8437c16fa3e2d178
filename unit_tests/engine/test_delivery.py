# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""What answers mean for the event and for its destination, and how a connection's health follows (E7, E8)."""

from datetime import datetime, timezone

import pytest

from odoo.addons.finance_integration.engine import health
from odoo.addons.finance_integration.engine.delivery import (
    ASK,
    BY_STATUS,
    CONFIRMED,
    FAILED,
    FAILING_CODES,
    PAUSING_CODES,
    PERSON,
    READABLE,
    RESEND,
    SIGNED,
    SLOW_CODES,
    TAKEN_OVER,
    after_unknown,
    is_failing,
    judge_answer,
    judge_failure,
    judge_question,
)
from odoo.addons.finance_integration.engine.error_catalogue import CODES

NOW = datetime(2026, 3, 2, 12, 0, tzinfo=timezone.utc)


@pytest.mark.parametrize(
    ("status", "said", "expectation", "signed", "state", "code", "effect"),
    [
        (200, "unsaid", BY_STATUS, False, CONFIRMED, None, "done"),
        (202, "accepted", BY_STATUS, False, CONFIRMED, None, "done"),
        (200, "received", READABLE, False, CONFIRMED, None, "done"),
        (202, "accepted", READABLE, False, TAKEN_OVER, None, "done"),
        (200, "refused", READABLE, False, FAILED, "destination_refused", "not_done"),
        (200, "unsaid", READABLE, False, FAILED, "destination_garbage", "unknown"),
        (200, "received", SIGNED, False, FAILED, "destination_garbage", "unknown"),
        (200, "received", SIGNED, True, CONFIRMED, None, "done"),
        (202, "accepted", SIGNED, True, TAKEN_OVER, None, "done"),
        (302, "unsaid", BY_STATUS, False, FAILED, "destination_redirected", "not_done"),
        (401, "received", SIGNED, True, FAILED, "credential_refused", "not_done"),
        (429, "unsaid", BY_STATUS, False, FAILED, "destination_rate_limited", "not_done"),
        (500, "unsaid", BY_STATUS, False, FAILED, "destination_server_error", "unknown"),
        (503, "unsaid", BY_STATUS, False, FAILED, "destination_server_error", "not_done"),
        (999, "received", READABLE, True, FAILED, "destination_garbage", "unknown"),
    ],
)
def test_an_answer(status, said, expectation, signed, state, code, effect):
    verdict = judge_answer(status, said, expectation, signed)
    assert (verdict.state, verdict.code, verdict.effect) == (state, code, effect)


@pytest.mark.parametrize(
    ("status", "said", "expectation", "signed", "state", "code"),
    [
        (200, "received", BY_STATUS, False, CONFIRMED, None),
        (200, "accepted", READABLE, False, TAKEN_OVER, None),
        (200, "refused", READABLE, False, "refused", None),
        (404, "missing", SIGNED, False, "missing", None),
        (200, "received", SIGNED, True, CONFIRMED, None),
        (200, "received", SIGNED, False, FAILED, "destination_garbage"),
        (200, "unsaid", BY_STATUS, False, FAILED, "destination_garbage"),
        (405, "unsaid", BY_STATUS, False, FAILED, "destination_refused"),
        (403, "unsaid", BY_STATUS, False, FAILED, "credential_refused"),
        (500, "unsaid", BY_STATUS, False, FAILED, "destination_server_error"),
        (302, "unsaid", BY_STATUS, False, FAILED, "destination_redirected"),
    ],
)
def test_the_answer_to_a_question(status, said, expectation, signed, state, code):
    verdict = judge_question(status, said, expectation, signed)
    assert (verdict.state, verdict.code) == (state, code)


def test_without_an_answer_only_what_was_sent_is_unknown():
    assert judge_failure("destination_timeout").effect == "unknown"
    for code in ("destination_unavailable", "address_forbidden", "secret_missing"):
        assert judge_failure(code).effect == "not_done"


def test_what_is_done_about_the_unknown():
    assert after_unknown(can_ask=True, policy=RESEND) == after_unknown(can_ask=True, policy=PERSON) == ASK
    assert after_unknown(can_ask=False, policy=RESEND) == RESEND
    assert after_unknown(can_ask=False, policy=PERSON) == PERSON
    with pytest.raises(ValueError, match="unknown policy"):
        after_unknown(can_ask=False, policy="ask")


def test_a_refusal_of_one_event_says_nothing_against_the_destination():
    assert is_failing(None) is False
    assert is_failing("destination_refused") is False
    assert is_failing("destination_timeout") is True
    assert is_failing("secret_missing") is None
    assert FAILING_CODES.isdisjoint(PAUSING_CODES)
    assert SLOW_CODES < FAILING_CODES
    assert set(CODES) >= FAILING_CODES | PAUSING_CODES


@pytest.mark.parametrize(
    ("facts", "state", "code"),
    [
        (health.Facts(), "untried", None),
        (health.Facts(recent="....", last_passed_at=NOW), "healthy", None),
        (health.Facts(recent="." * 19 + "x", last_code="destination_timeout"), "healthy", None),
        (health.Facts(recent="..x", last_code="destination_timeout"), "degraded", "destination_timeout"),
        (health.Facts(recent="x.", last_code="destination_garbage"), "degraded", "destination_garbage"),
        (health.Facts("open", last_code="destination_timeout"), "not_answering", "destination_timeout"),
        (health.Facts("half_open", last_code="destination_garbage"), "not_answering", "destination_garbage"),
        (health.Facts(paused_at=NOW, pause_code="credential_refused"), "refused", "credential_refused"),
        (
            health.Facts("open", paused_at=NOW, pause_code="destination_silent"),
            "paused",
            "destination_silent",
        ),
    ],
)
def test_health(facts, state, code):
    found = health.judge(facts)
    assert (found.state, found.code) == (state, code)


def test_the_worst_direction_counts():
    bad, good = health.Health("refused", NOW, "credential_refused"), health.Health("healthy")
    assert health.worst([good, bad]) == bad
    assert health.worst([]) == health.Health("untried")
