# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""The transition table is complete, the stage never goes back unasked, the page is up to date."""

import itertools
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from odoo.addons.finance_integration.engine import lifecycle, lifecycle_document
from odoo.addons.finance_integration.engine.lifecycle import (
    DIRECTIONS,
    STAGES,
    STATUSES,
    TERMINAL_STATUSES,
    TRANSITIONS,
    IllegalTransition,
    check_start,
    check_transition,
    transitions_from,
)

ROOT = Path(__file__).resolve().parents[2]
STAGE = st.sampled_from(STAGES)
STATUS = st.sampled_from(STATUSES)
DIRECTION = st.sampled_from(DIRECTIONS)


def test_the_table_names_only_known_statuses_and_has_no_row_twice():
    rows = [(one.source, one.target, one.trigger) for one in TRANSITIONS]
    assert len(rows) == len(set(rows))
    for one in TRANSITIONS:
        assert {one.source, one.target} <= set(STATUSES)
        assert set(one.directions) <= set(DIRECTIONS)
        assert one.explanation


@pytest.mark.parametrize("direction", DIRECTIONS)
def test_every_status_is_reachable_and_every_open_one_can_end(direction):
    reached = set(lifecycle.INITIAL_STATUSES)
    for _round in STATUSES:
        reached |= {
            one.target for one in TRANSITIONS if one.source in reached and direction in one.directions
        }
    expected = set(STATUSES) if direction == "out" else set(STATUSES) - {"unknown"}
    assert reached == expected
    for status in reached - TERMINAL_STATUSES:
        assert any(one.target in TERMINAL_STATUSES for one in transitions_from(status, direction)), status


def test_every_status_but_a_passing_one_can_be_left_by_a_person():
    for status in ("parked", "dead"):
        triggers = {one.trigger for one in transitions_from(status, "in")}
        assert {"replay", "discard", "settle_by_hand"} <= triggers


@given(DIRECTION, STAGE, STATUS, STAGE, STATUS)
def test_the_stage_goes_back_only_by_replay_or_refetch(
    direction, from_stage, from_status, to_stage, to_status
):
    try:
        transition = check_transition(direction, from_stage, from_status, to_stage, to_status)
    except IllegalTransition:
        return
    assert direction in transition.directions
    if STAGES.index(to_stage) < STAGES.index(from_stage):
        assert transition.trigger in ("replay", "refetch", "uncover")


@given(DIRECTION, STAGE, st.sampled_from(sorted(TERMINAL_STATUSES)), STAGE, STATUS)
def test_finished_messages_never_begin_again(direction, from_stage, from_status, to_stage, to_status):
    if (from_status, to_status) == ("done", "done"):
        return
    if (direction, from_status, to_status) == ("in", "done", "ready"):  # computed in shadow, live now
        assert check_transition(direction, from_stage, from_status, to_stage, to_status).trigger == "replay"
        return
    with pytest.raises(IllegalTransition):
        check_transition(direction, from_stage, from_status, to_stage, to_status)


@pytest.mark.parametrize(
    ("direction", "start", "end", "trigger"),
    [
        ("in", ("received", "ready"), ("posted", "done"), "apply"),
        ("in", ("received", "ready"), ("transformed", "parked"), "park"),
        ("in", ("transformed", "parked"), ("transformed", "ready"), "resume"),
        ("in", ("received", "held"), ("posted", "done"), "apply"),
        ("in", ("received", "waiting"), ("received", "waiting"), "postpone"),
        ("in", ("received", "waiting"), ("received", "dead"), "give_up"),
        ("in", ("posted", "done"), ("acknowledged", "done"), "advance"),
        ("in", ("posted", "done"), ("reconciled", "done"), "advance"),
        ("in", ("acknowledged", "done"), ("reconciled", "done"), "advance"),
        ("in", ("reconciled", "done"), ("posted", "done"), "uncover"),
        ("in", ("reconciled", "done"), ("acknowledged", "done"), "uncover"),
        ("in", ("transformed", "dead"), ("received", "ready"), "replay"),
        ("in", ("transformed", "parked"), ("received", "ready"), "replay"),
        ("out", ("received", "ready"), ("acknowledged", "done"), "deliver"),
        ("out", ("transformed", "ready"), ("transformed", "unknown"), "lose_answer"),
        ("out", ("transformed", "unknown"), ("acknowledged", "done"), "find_answer"),
        ("out", ("transformed", "unknown"), ("transformed", "ready"), "find_nothing"),
    ],
)
def test_the_usual_ways(direction, start, end, trigger):
    assert check_transition(direction, *start, *end).trigger == trigger
    assert check_transition(direction, *start, *end, trigger=trigger).trigger == trigger


@pytest.mark.parametrize(
    ("direction", "start", "end"),
    [
        ("in", ("received", "ready"), ("received", "ready")),
        ("in", ("posted", "done"), ("posted", "done")),
        ("in", ("reconciled", "done"), ("transformed", "done")),
        ("in", ("acknowledged", "done"), ("posted", "done")),
        ("in", ("reconciled", "done"), ("reconciled", "done")),
        ("out", ("reconciled", "done"), ("posted", "done")),
        ("in", ("received", "ready"), ("received", "unknown")),
        ("in", ("posted", "done"), ("posted", "parked")),
        ("in", ("posted", "done"), ("posted", "discarded")),
        ("in", ("posted", "superseded"), ("received", "ready")),
        ("in", ("received", "discarded"), ("received", "ready")),
        ("out", ("acknowledged", "done"), ("received", "ready")),
        ("in", ("received", "discarded"), ("posted", "done")),
        ("out", ("transformed", "unknown"), ("transformed", "waiting")),
        ("out", ("transformed", "unknown"), ("received", "ready")),
        ("out", ("received", "dead"), ("acknowledged", "waiting")),
        ("sideways", ("received", "ready"), ("posted", "done")),
        ("in", ("nowhere", "ready"), ("posted", "done")),
        ("in", ("received", "busy"), ("posted", "done")),
    ],
)
def test_what_must_never_happen(direction, start, end):
    with pytest.raises(IllegalTransition):
        check_transition(direction, *start, *end)


def test_an_illegal_transition_is_a_value_error():
    assert issubclass(IllegalTransition, ValueError)


def test_a_message_begins_received():
    check_start("in", "received", "ready")
    check_start("in", "received", "parked")
    for state in (("posted", "done"), ("received", "done"), ("validated", "ready")):
        with pytest.raises(IllegalTransition):
            check_start("in", *state)


def test_unknown_names_are_refused():
    with pytest.raises(ValueError, match="unknown status"):
        transitions_from("busy")
    with pytest.raises(ValueError, match="unknown state"):
        lifecycle.accountant_label("in", "received", "busy")


def test_every_state_has_words():
    for state in itertools.product(DIRECTIONS, STAGES, STATUSES):
        assert lifecycle.accountant_label(*state)
    assert lifecycle.accountant_label("in", "transformed", "parked") == "Not posted: needs you"
    assert lifecycle.accountant_label("in", "posted", "parked") == "Posted, but something is left: needs you"
    assert lifecycle.accountant_label("in", "posted", "done") == "Posted"
    assert lifecycle.accountant_label("in", "transformed", "done") == "Finished, nothing to post"
    assert lifecycle.accountant_label("out", "acknowledged", "done") == "Sent and confirmed"


def test_the_page_is_generated_from_the_table():
    committed = (ROOT / "docs" / lifecycle_document.FILE_NAME).read_text(encoding="utf-8")
    assert committed == lifecycle_document.markdown()
    assert lifecycle.mermaid() in committed
    for one in TRANSITIONS:
        assert f"| {one.source} | {one.target} | {one.trigger} |" in committed


def test_the_page_can_be_written_anywhere(tmp_path):
    path = lifecycle_document.write_document(tmp_path / "docs")
    assert path.read_text(encoding="utf-8") == lifecycle_document.markdown()
