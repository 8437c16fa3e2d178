# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""What a replay does with an event, who must approve it, and that a frozen plan cannot change unseen (E6, X4)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from odoo.addons.finance_integration.engine import replay
from odoo.addons.finance_integration.engine.lifecycle import (
    STATUSES,
    TERMINAL_STATUSES,
    check_transition,
)

AMOUNT = st.decimals(min_value=-(10**9), max_value=10**9, places=2, allow_nan=False).map(str)
LINE = st.fixed_dictionaries({"account": st.text(max_size=8), "debit": AMOUNT, "credit": AMOUNT})
TOLD = st.fixed_dictionaries(
    {
        "outcome": st.sampled_from(replay.OUTCOMES),
        "error_code": st.sampled_from(["", "tax_difference"]),
        "entries": st.lists(st.fixed_dictionaries({"lines": st.lists(LINE, max_size=3)}), max_size=2),
        "applied": st.lists(st.text(max_size=10), max_size=2),
    }
)
MARK = st.text("0123456789abcdef", min_size=64, max_size=64)
ROWS = st.dictionaries(
    st.integers(1, 10**6), st.tuples(st.sampled_from([replay.NEW, replay.RESUME]), MARK), max_size=6
).map(lambda rows: [(key, *rows[key]) for key in sorted(rows)])


@pytest.mark.parametrize("status", STATUSES)
def test_a_finished_event_is_repeated_and_a_stopped_one_goes_on_in_its_place(status):
    expected = {"waiting": "resume", "parked": "resume", "dead": "resume"}
    assert replay.mode_of(status) == ("new" if status in TERMINAL_STATUSES else expected.get(status, "skip"))
    if replay.mode_of(status) == "resume":
        for direction in ("in", "out"):
            check_transition(direction, "transformed", status, "received", "ready", "replay")


def test_an_unknown_word_is_refused():
    with pytest.raises(ValueError, match="unknown status"):
        replay.mode_of("finished")
    with pytest.raises(ValueError, match="unknown outcome"):
        replay.affects_books("new", "perhaps")


@pytest.mark.parametrize("outcome", replay.OUTCOMES)
def test_what_was_finished_or_would_be_booked_needs_a_second_person(outcome):
    assert replay.affects_books("new", outcome)
    assert replay.affects_books("resume", outcome) == (outcome == "post")
    assert not replay.affects_books("skip", outcome)


@given(st.text(min_size=1, max_size=40), st.integers(1, 10**6), st.integers(1, 10**6))
def test_replays_of_one_event_have_different_ids(event_id, first, second):
    ids = {replay.replay_event_id(event_id, number) for number in (first, second)}
    assert len(ids) == len({first, second})
    assert all(one.startswith(f"{event_id}#replay-") for one in ids)


def test_replays_are_counted_from_one():
    with pytest.raises(ValueError, match="from 1"):
        replay.replay_event_id("evt", 0)


@given(TOLD, TOLD)
def test_a_fingerprint_tells_different_outcomes_apart(first, second):
    same = first == second
    assert (replay.fingerprint("new", first) == replay.fingerprint("new", second)) == same
    assert replay.fingerprint("new", first) != replay.fingerprint("resume", first)
    assert replay.fingerprint("new", {**first, "error_text": "other words"}) == replay.fingerprint(
        "new", first
    )


def test_ids_of_rehearsed_records_do_not_count():
    told = {
        "outcome": "post",
        "entries": [{"partner": "Anna", "partner_id": 7, "lines": [{"account_id": 1}]}],
    }
    again = {
        "outcome": "post",
        "entries": [{"partner": "Anna", "partner_id": 8, "lines": [{"account_id": 2}]}],
    }
    other = {
        "outcome": "post",
        "entries": [{"partner": "Ben", "partner_id": 7, "lines": [{"account_id": 1}]}],
    }
    assert replay.fingerprint("new", told) == replay.fingerprint("new", again)
    assert replay.fingerprint("new", told) != replay.fingerprint("new", other)


@given(ROWS, st.data())
def test_any_change_of_a_plan_changes_its_digest(rows, data):
    digest = replay.plan_digest(rows)
    assert digest == replay.plan_digest(iter(rows))
    if not rows:
        return
    index = data.draw(st.integers(0, len(rows) - 1))
    message_id, mode, mark = rows[index]
    other_mode = "resume" if mode == "new" else "new"
    other_mark = ("0" if mark[0] != "0" else "1") + mark[1:]
    for changed in ((message_id, other_mode, mark), (message_id, mode, other_mark)):
        assert replay.plan_digest([*rows[:index], changed, *rows[index + 1 :]]) != digest
    assert replay.plan_digest([*rows[:index], *rows[index + 1 :]]) != digest


def test_the_lines_of_a_plan_stand_in_order_and_once():
    for rows in ([(2, "new", "a"), (1, "new", "b")], [(1, "new", "a"), (1, "new", "b")]):
        with pytest.raises(ValueError, match="each once"):
            replay.plan_digest(rows)
