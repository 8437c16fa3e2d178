# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Life of a flow: the table is complete, nothing books without a second person, everything can be stopped at once."""

import itertools

import pytest

from odoo.addons.finance_integration.connectors.registry import all_connectors
from odoo.addons.finance_integration.engine.flow_life import (
    CHANGES,
    STATE_MEANINGS,
    STATES,
    WORKING_STATES,
    FlowDefaults,
    IllegalFlowChange,
    changes_from,
    check_change,
)


def test_every_state_has_a_meaning_and_can_be_reached_and_left():
    assert set(STATE_MEANINGS) == set(STATES)
    assert {change.target for change in CHANGES} == set(STATES)
    assert {change.source for change in CHANGES} == set(STATES)
    assert set(WORKING_STATES) < set(STATES)


def test_each_change_stands_in_the_table_once():
    pairs = [(change.source, change.target) for change in CHANGES]
    assert len(pairs) == len(set(pairs))
    assert all(source != target for source, target in pairs)


@pytest.mark.parametrize(("source", "target"), list(itertools.product(STATES, STATES)))
def test_a_change_that_is_not_in_the_table_is_refused(source, target):
    known = {(change.source, change.target) for change in CHANGES}
    if (source, target) in known:
        assert check_change(source, target) in changes_from(source)
    else:
        with pytest.raises(IllegalFlowChange) as refused:
            check_change(source, target)
        assert (refused.value.source, refused.value.target) == (source, target)


def test_whatever_begins_to_book_needs_a_second_person_except_going_on_after_a_pause():
    begin = {change.source for change in CHANGES if change.target == "live" and change.needs_approval}
    assert begin == {"draft", "shadow"}
    resumed = [change for change in CHANGES if change.target == "live" and not change.needs_approval]
    assert [change.source for change in resumed] == ["paused"]


def test_no_way_leads_to_live_without_an_approval():
    reached, open_states = {"draft"}, ["draft"]
    while open_states:
        for change in changes_from(open_states.pop()):
            if not change.needs_approval and change.target not in reached:
                reached.add(change.target)
                open_states.append(change.target)
    assert reached == {"draft", "shadow", "retired"}


def test_a_booking_flow_can_be_stopped_at_once_and_its_events_stay():
    assert not check_change("live", "paused").needs_approval
    assert "paused" not in WORKING_STATES
    # These take events and finish them without booking: nobody does that alone.
    assert check_change("live", "shadow").needs_approval
    assert check_change("live", "retired").needs_approval


def test_unknown_states_are_refused():
    with pytest.raises(ValueError, match="unknown state"):
        changes_from("asleep")
    with pytest.raises(IllegalFlowChange):
        check_change("live", "asleep")


@pytest.mark.parametrize(
    "facts",
    [
        {"mode": "now"},
        {"criticality": "huge"},
        {"latency_target_seconds": -1},
        {"batch_size": 0},
        {"batch_size": 101},
        {"retention_days": -1},
    ],
)
def test_defaults_that_make_no_sense_are_refused(facts):
    with pytest.raises(ValueError, match=r"unknown mode|negative"):
        FlowDefaults(**facts)


@pytest.mark.parametrize("code", sorted(all_connectors()))
def test_connectors_propose_defaults_only_for_what_they_carry(code):
    spec = all_connectors()[code].spec
    carried = {rule.kind for rule in spec.events.values() if rule.kind} | set(spec.outbound_events)
    assert set(spec.flow_defaults) <= carried
