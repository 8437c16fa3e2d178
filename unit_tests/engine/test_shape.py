# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""What has changed at a source, by the shape of its events alone (M4)."""

import copy
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from odoo.addons.finance_integration.engine.shape import (
    GONE_AFTER,
    LEARN_SAMPLES,
    MAX_DEPTH,
    MAX_FIELDS,
    MAX_NAMES,
    Memory,
    observe,
    shape_of,
)

BODY = {
    "id": "evt_1",
    "live": False,
    "data": {"amount": 100, "note": None, "lines": [{"net": "1.00"}, {"net": "2.00", "tax": "0.10"}]},
    "metadata": {"order": "1"},
}


def learned(body=None):
    memory = Memory()
    for _sample in range(LEARN_SAMPLES):
        assert all(row.kind == "learned" for row in observe(memory, shape_of(BODY if body is None else body)))
    assert not memory.learning
    return memory


def changed(**facts):
    body = copy.deepcopy(BODY)
    body["data"] |= facts
    return shape_of(body)


def kinds(found):
    return [(row.path, row.kind) for row in found]


def test_the_shape_has_names_and_types_and_no_values():
    assert shape_of(BODY) == {
        "id": "text",
        "live": "yes_no",
        "data": "object",
        "data.amount": "number",
        "data.note": "nothing",
        "data.lines": "list",
        "data.lines[]": "object",
        "data.lines[].net": "text",
        "data.lines[].tax": "text",
        "metadata": "object",
    }
    assert shape_of({"a": Decimal("1.5")}) == {"a": "number"}
    assert shape_of([1]) == {"[]": "number"}
    assert shape_of({"a": ["x", 1]})["a[]"] == "number|text"


def test_the_same_again_is_no_change():
    memory = learned()
    for _sample in range(100):
        assert observe(memory, shape_of(BODY)) == []


def test_a_new_field_is_told_once_and_a_new_object_by_its_name():
    memory = learned()
    assert kinds(observe(memory, changed(color="red"))) == [("data.color", "new")]
    assert observe(memory, changed(color="red")) == []
    found = kinds(observe(memory, changed(box={"width": 1, "more": {"deep": 1}})))
    assert next(row for row in found if row[1] == "new") == ("data.box", "new")
    assert ("data.box.width", "learned") in found


def test_a_changed_type_is_told_and_an_empty_value_is_none():
    memory = learned()
    assert kinds(observe(memory, changed(amount="100"))) == [("data.amount", "changed")]
    assert observe(memory, changed(amount="100")) == []
    assert "changed" not in [row.kind for row in observe(memory, changed(amount=None))]
    # What was only ever empty shows its type for the first time.
    assert kinds(observe(memory, changed(note="hello"))) == [("data.note", "learned")]


def test_a_field_that_was_always_there_and_stays_away_is_told_once_and_again_when_back():
    memory = learned()
    body = copy.deepcopy(BODY)
    del body["data"]["amount"]
    for sample in range(1, GONE_AFTER + 10):
        expected = [("data.amount", "gone")] if sample == GONE_AFTER else []
        assert kinds(observe(memory, shape_of(body))) == expected, sample
    assert kinds(observe(memory, shape_of(BODY))) == [("data.amount", "back")]


def test_what_was_never_steady_does_not_vanish():
    memory = Memory()
    for sample in range(LEARN_SAMPLES):
        observe(memory, shape_of(BODY) if sample % 2 else changed(extra_note="x"))
    for _sample in range(3 * GONE_AFTER):
        assert "data.extra_note" not in [row.path for row in observe(memory, shape_of(BODY))]


def test_an_object_or_list_that_is_missing_takes_its_parts_along():
    memory = learned()
    body = copy.deepcopy(BODY)
    body["data"]["lines"] = []
    for _sample in range(2 * GONE_AFTER):
        assert "gone" not in [row.kind for row in observe(memory, shape_of(body)) if ".net" in row.path]
    memory = learned()
    told = []
    for _sample in range(GONE_AFTER):
        told += observe(memory, shape_of({"id": "x", "live": True, "metadata": {}}))
    assert kinds(told) == [("data", "gone")]


def test_the_senders_own_names_are_not_looked_at():
    memory = learned()
    assert observe(memory, shape_of({**BODY, "metadata": {"anything": {"at": "all"}}})) == []
    assert shape_of({"a": {str(number): 1 for number in range(MAX_NAMES + 1)}}) == {"a": "object"}


json_values = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.text(max_size=5)),
    lambda inner: st.one_of(
        st.lists(inner, max_size=4), st.dictionaries(st.text(max_size=80), inner, max_size=6)
    ),
    max_leaves=60,
)


@given(json_values)
def test_any_json_has_a_bounded_shape(value):
    shape = shape_of(value)
    assert len(shape) <= MAX_FIELDS
    assert all(len(path) <= MAX_DEPTH * 68 for path in shape)


@given(json_values, st.integers(0, 5))
def test_after_learning_only_other_shapes_are_told(value, more):
    memory = Memory()
    for _sample in range(LEARN_SAMPLES + more):
        found = observe(memory, shape_of(value))
        assert all(row.kind == "learned" for row in found)
    assert observe(memory, shape_of(value)) == []


def test_a_wide_and_a_deep_body_end():
    wide = {f"a{part}": {f"b{number}": 1 for number in range(50)} for part in range(50)}
    assert len(shape_of(wide)) == MAX_FIELDS
    deep = {}
    for _level in range(500):
        deep = {"a": deep}
    assert len(shape_of(deep)) == MAX_DEPTH
    memory = Memory()
    for number in range(100):
        observe(memory, {f"name{number}.{part}": "text" for part in range(50)})
    assert len(memory.fields) == MAX_FIELDS


@pytest.mark.parametrize("body", [None, 1, "text", [], {}])
def test_a_body_without_fields_has_none(body):
    assert shape_of(body) == {}
