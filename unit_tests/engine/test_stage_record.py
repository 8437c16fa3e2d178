# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Each stage of an event has its time and its outcome (E4)."""

import itertools

import pytest

from odoo.addons.finance_integration.engine import stage_record as record
from odoo.addons.finance_integration.engine.lifecycle import DIRECTIONS, STAGES, STATUSES
from odoo.addons.finance_integration.engine.stage_record import (
    FAILED,
    LOST,
    OPEN,
    PASSED,
    SKIPPED,
    stage_record,
)

TIMES = {stage: f"2026-03-02T10:00:0{place}Z" for place, stage in enumerate(STAGES[1:4], start=1)}
BASE = {
    "direction": "in",
    "origin": "push",
    "stage": "posted",
    "status": "done",
    "received_at": "2026-03-02T10:00:00Z",
    "times": TIMES,
    "outcome": "done",
}


def steps(**facts):
    """Return {stage: step} of an event that was booked, but for ``facts``."""
    return {step.stage: step for step in stage_record({**BASE, **facts})}


def states(**facts):
    return [step.state for step in stage_record({**BASE, **facts})]


def test_a_booked_event_that_was_pushed():
    found = steps(effects="INV/2026/0001")
    assert [step.state for step in found.values()] == [PASSED, PASSED, PASSED, PASSED, SKIPPED, OPEN]
    assert [found[stage].at for stage in STAGES[:4]] == [BASE["received_at"], *TIMES.values()]
    assert found["posted"].detail == "INV/2026/0001"
    assert (found["acknowledged"].outcome, found["acknowledged"].at) == (record.ANSWERED, BASE["received_at"])
    assert found["reconciled"].outcome == record.NOT_COVERED


def test_reported_back_and_covered():
    found = steps(
        stage="reconciled",
        acknowledged_at="2026-03-02T10:01:00Z",
        reconciled_at="2026-03-03T06:00:00Z",
        covered_by="Stripe 2026-03-02",
    )
    assert [step.state for step in found.values()] == [PASSED] * 6
    assert (found["reconciled"].at, found["reconciled"].detail) == (
        "2026-03-03T06:00:00Z",
        "Stripe 2026-03-02",
    )


def test_a_checkpoint_that_is_green_no_longer_stays_visible():
    lost = steps(uncovered_at="2026-03-04T06:00:00Z", covered_by="Stripe 2026-03-02")["reconciled"]
    assert (lost.state, lost.at, lost.detail) == (LOST, "2026-03-04T06:00:00Z", "Stripe 2026-03-02")


@pytest.mark.parametrize("place", range(3))
def test_a_failed_try_names_the_stage_that_it_did_not_reach(place):
    found = stage_record(
        {
            **BASE,
            "stage": STAGES[place],
            "status": "parked",
            "error": "No such tax.",
            "failed_at": "2026-03-02T11:00:00Z",
        }
    )
    assert [step.state for step in found] == [PASSED] * (place + 1) + [FAILED] + [OPEN] * (4 - place)
    assert (found[place + 1].outcome, found[place + 1].at) == ("No such tax.", "2026-03-02T11:00:00Z")


@pytest.mark.parametrize(
    ("facts", "why"),
    [
        ({"status": "superseded"}, "superseded"),
        ({"status": "discarded"}, "discarded"),
        ({"outcome": "duplicate"}, "duplicate"),
        ({"outcome": "nothing"}, "nothing"),
        ({"outcome": "done", "kept_as": "shadow"}, "shadow"),
        ({"outcome": "done", "kept_as": "before_start"}, "before_start"),
    ],
)
def test_an_event_that_books_nothing_says_why(facts, why):
    posted = steps(stage="transformed", **facts)["posted"]
    assert (posted.state, posted.outcome) == (SKIPPED, record.NOT_BOOKED[why])


def test_what_we_fetched_has_nobody_to_tell():
    assert steps(origin="pull")["acknowledged"].outcome == record.NOBODY_TOLD
    assert steps(origin="file")["acknowledged"].outcome == record.FROM_FILE
    assert steps(origin="pull")["received"].outcome == record.RECEIVED["pull"]


def test_an_event_of_ours():
    found = steps(direction="out", stage="acknowledged", acknowledged_at="2026-03-02T10:01:00Z")
    assert found["received"].outcome == record.RECEIVED["odoo"]
    assert found["acknowledged"].state == PASSED


def test_every_state_has_a_record():
    for direction, stage, status in itertools.product(DIRECTIONS, STAGES, STATUSES):
        found = stage_record({**BASE, "direction": direction, "stage": stage, "status": status})
        assert [step.stage for step in found] == list(STAGES)
        assert {step.state for step in found} <= {PASSED, FAILED, SKIPPED, OPEN, LOST}
