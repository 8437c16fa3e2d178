# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Per key nothing overtakes; nothing is lost."""

from collections import Counter
from operator import itemgetter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from odoo.addons.finance_integration.engine.canonical import KINDS
from odoo.addons.finance_integration.engine.ordering import (
    VERSIONING,
    Standing,
    Version,
    Versioning,
    is_superseded,
    replaces,
    stand,
    waves,
)

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


VERSIONS = st.none() | st.builds(Version, st.integers(0, 3), st.booleans(), st.sampled_from("xy"))


@given(VERSIONS, VERSIONS)
def test_exactly_one_standing_holds(applied, told):
    found = stand(applied, told)
    assert (found is Standing.OLDER) == is_superseded(applied and applied.number, told and told.number)
    if found is Standing.CONFLICT:
        assert applied.is_exact
        assert told.is_exact
        assert (applied.number, applied.digest != told.digest) == (told.number, True)
    if found is Standing.SAME:
        assert (applied.number, applied.digest) == (told.number, told.digest)


@given(st.permutations([Version(number, is_exact=True, digest=str(number)) for number in range(6)]))
def test_whatever_the_order_of_arrival_the_newest_version_is_applied_last(arrivals):
    """The rule of the drain: older ones are left out; what is applied only ever gets newer."""
    applied = []
    for told in arrivals:
        if stand(applied[-1] if applied else None, told) is not Standing.OLDER:
            applied.append(told)
    assert applied[-1].number == 5
    assert applied == sorted(applied, key=lambda version: version.number)


@given(
    st.sampled_from([*VERSIONING, "unknown", None]),
    st.none() | st.integers(0, 3),
    st.sampled_from([*VERSIONING, None]),
    st.none() | st.integers(0, 3),
)
def test_only_a_newer_version_of_the_same_replaceable_kind_replaces(kind, version, older_kind, older):
    if replaces(kind, version, older_kind, older):
        assert kind == older_kind
        assert VERSIONING[kind] is not Versioning.FACT
        assert older < version
        assert not replaces(older_kind, older, kind, version)


def test_every_kind_that_comes_in_says_what_its_versions_are():
    assert set(VERSIONING) == {kind for kind in KINDS if "." not in kind}
    assert VERSIONING["movement"] is Versioning.FACT


# -- the rule of holding back, as a small machine against which any run of events can be checked ---------------


OPEN = ("ready", "held", "parked")


class Lane:
    """The drain's rule for one object, without a database: what is applied, what stops, what waits."""

    def __init__(self):
        self.events, self.effects = [], []

    def arrive(self, version, fails):
        self.events.append({"version": version, "fails": fails, "status": "ready", "tried": False})

    def work(self):
        """Apply what no earlier event holds back, as the drain does: in order of arrival."""
        stopped = []
        for event in self.events:
            if event["status"] in ("ready", "held"):
                self._try(event, stopped)
            if event["status"] in ("parked", "held"):
                stopped.append(event)

    def _try(self, event, stopped):
        behind = [
            one
            for one in stopped
            if not (one["tried"] and replaces("invoice", event["version"], "invoice", one["version"]))
        ]
        if behind or (event["tried"] and self._newer(event)):
            event["status"] = "held"
            return
        event["tried"] = True
        last = self.effects[-1] if self.effects else None
        if is_superseded(last, event["version"]):
            event["status"] = "superseded"
        elif event["fails"]:
            event["status"] = "parked"
        else:
            event["status"] = "done"
            self.effects.append(event["version"] if event["version"] is not None else last)
            for one in self.events:
                if (
                    one["status"] in ("parked", "held")
                    and one["tried"]
                    and replaces("invoice", event["version"], "invoice", one["version"])
                ):
                    one["status"] = "superseded"

    def _newer(self, event):
        """Return newer versions that could be applied now: nothing between holds them back."""
        here = next(place for place, one in enumerate(self.events) if one is event)
        found = []
        for place, one in enumerate(self.events[here + 1 :], start=here + 1):
            between = [
                other
                for other in self.events[here + 1 : place]
                if other["status"] in OPEN
                and not (other["tried"] and replaces("invoice", one["version"], "invoice", other["version"]))
            ]
            if (
                one["status"] in OPEN
                and not between
                and replaces("invoice", one["version"], "invoice", event["version"])
            ):
                found.append(one)
        return found


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("arrive"), st.none() | st.integers(0, 4), st.booleans()),
        st.tuples(st.sampled_from(["work", "fix", "discard"]), st.integers(0, 5), st.none()),
    ),
    max_size=25,
)


def run(steps):
    lane = Lane()
    for action, value, fails in steps:
        if action == "arrive":
            lane.arrive(value, fails)
        elif action == "work":
            lane.work()
        elif stuck := [event for event in lane.events if event["status"] == "parked"]:
            event = stuck[value % len(stuck)]
            if action == "fix":
                event |= {"fails": False, "status": "ready"}
            else:
                event["status"] = "discarded"
    return lane


@given(STEPS)
def test_versions_are_applied_upwards_only(steps):
    applied = [version for version in run(steps).effects if version is not None]
    assert applied == sorted(applied)


@given(STEPS)
def test_nothing_waits_for_ever(steps):
    """When everything that needs a person has been settled, nothing is left waiting: no two wait for each other."""
    lane = run(steps)
    for _round in range(3 * len(lane.events) + 3):
        lane.work()
        for event in lane.events:
            if event["status"] == "parked":
                event["status"] = "discarded"
    assert {event["status"] for event in lane.events} <= {"done", "superseded", "discarded"}


@given(STEPS)
def test_without_versions_effects_come_in_the_order_of_arrival(steps):
    lane = Lane()
    order = []
    for action, value, fails in steps:
        if action == "arrive":
            lane.arrive(None, fails)
        elif action == "work":
            before = [event["status"] for event in lane.events]
            lane.work()
            order += [
                place
                for place, event in enumerate(lane.events)
                if event["status"] == "done" and before[place] != "done"
            ]
        elif stuck := [event for event in lane.events if event["status"] == "parked"]:
            event = stuck[value % len(stuck)]
            event |= {"fails": False, "status": "ready"} if action == "fix" else {"status": "discarded"}
    assert order == sorted(order)
