# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
import pytest
from hypothesis import given
from hypothesis import strategies as st

from odoo.addons.finance_integration.engine.preflight import (
    ACTIVATE,
    GO_LIVE,
    POINTS,
    Fact,
    State,
    in_the_way,
    judge,
)

CODES = [point.code for point in POINTS]
TEXTS = st.lists(st.text(min_size=1, max_size=8), max_size=3)
FACTS = st.none() | st.builds(
    Fact,
    needed=st.booleans(),
    problems=TEXTS,
    to_know=st.dictionaries(st.sampled_from("abc"), st.text(min_size=1)),
)


def by_code(facts, confirmed=()):
    return {verdict.point.code: verdict for verdict in judge(facts, dict(confirmed))}


def test_what_could_not_be_found_out_is_red():
    verdicts = judge({}, {})
    assert [verdict.point.code for verdict in verdicts] == CODES
    assert {verdict.state for verdict in verdicts} == {State.RED}
    assert len(in_the_way(verdicts, GO_LIVE)) == len(POINTS)


def test_each_state_of_a_point():
    states = by_code(
        {
            "set_up": Fact(),
            "exchange": Fact(needed=False, problems=["never looked at"]),
            "accounts": Fact(problems=["UNID"], to_know={"a": "something"}),
            "hash_policy": Fact(to_know={"1": "INV"}),
        }
    )
    assert states["set_up"].state is State.GREEN
    assert states["exchange"].state is State.NOT_NEEDED
    assert (states["accounts"].state, states["accounts"].details) == (State.RED, ("UNID",))
    assert states["hash_policy"].state is State.TO_CONFIRM


def test_a_point_in_order_says_what_it_has_to_tell():
    verdict = by_code({"deferrals": Fact(told=["Nothing defers"], problems=())})["deferrals"]
    assert (verdict.state, verdict.details, verdict.holds) == (State.GREEN, ("Nothing defers",), True)
    red = by_code({"deferrals": Fact(told=["Nothing defers"], problems=["Two"])})["deferrals"]
    assert (red.state, red.details) == (State.RED, ("Two",))


def test_a_confirmation_holds_for_what_was_seen_and_nothing_else():
    def state(**facts):
        return by_code({"hash_policy": Fact(**facts)}, {"hash_policy": ["1", "2"]})["hash_policy"].state

    assert state(to_know={"1": "INV", "2": "BNK"}) is State.CONFIRMED
    assert state(to_know={"2": "Bank, in another language"}) is State.CONFIRMED  # a part of what was seen
    assert state(to_know={"1": "INV", "3": "MISC"}) is State.TO_CONFIRM
    assert state(problems=["INV"]) is State.RED


def test_what_must_hold_only_before_booking_does_not_keep_a_connection_from_receiving():
    good = {code: Fact() for code in CODES}
    verdicts = judge(good | {"shadow": Fact(problems=["never run"])}, {})
    assert in_the_way(verdicts, ACTIVATE) == []
    assert [verdict.point.code for verdict in in_the_way(verdicts, GO_LIVE)] == ["shadow"]
    verdicts = judge(good | {"accounts": None}, {})
    assert [verdict.point.code for verdict in in_the_way(verdicts, ACTIVATE)] == ["accounts"]
    with pytest.raises(ValueError, match="unknown step"):
        in_the_way(verdicts, "someday")


@given(facts=st.dictionaries(st.sampled_from(CODES), FACTS))
def test_nothing_holds_by_default(facts):
    for verdict in judge(facts, {}):
        fact = facts.get(verdict.point.code)
        holds = fact is not None and (not fact.needed or not (fact.problems or fact.to_know))
        assert verdict.holds is holds


def test_every_point_says_what_it_means_and_what_to_do():
    for point in POINTS:
        assert point.before in (ACTIVATE, GO_LIVE)
        assert point.label and point.wrong.endswith(".") and point.todo.endswith(".")
    assert len(set(CODES)) == len(CODES)
