# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Which change of a contract breaks whom (M4)."""

import copy

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from odoo.addons.finance_integration.engine.canonical import KINDS, schemas
from odoo.addons.finance_integration.engine.contract_compatibility import BREAKS, compare, fields

ALL = [(kind, version) for kind, versions in KINDS.items() for version in versions]


@pytest.mark.parametrize(("kind", "version"), ALL)
def test_a_contract_is_compatible_with_itself_and_its_fields_are_all_read(kind, version):
    schema = schemas.json_schema(kind, version)
    assert compare(schema, copy.deepcopy(schema)) == []
    leaves = {field.path: field.classification for field in fields(schema)}
    for path, classification in schemas.classification_of(kind, version).items():
        assert path in leaves
        assert leaves[path] in (classification, "")


def changed(kind="customer", **edits):
    """Return (published schema, an edited copy); edits map a property to its new form, None = without it."""
    schema = schemas.json_schema(kind, "1")
    new = copy.deepcopy(schema)
    for name, form in edits.items():
        if form is None:
            del new["properties"][name]
        else:
            new["properties"][name] = form
    return schema, new


def kinds(old, new):
    return [(change.path, change.kind) for change in compare(old, new)]


def test_a_new_optional_field_breaks_nobody():
    old, new = changed(nickname={"type": "string", "maxLength": 10})
    [change] = compare(old, new)
    assert (change.path, change.kind, change.breaks("in"), change.breaks("out")) == (
        "nickname",
        "added_optional",
        False,
        False,
    )


def test_a_new_required_field_breaks_who_sends():
    old, new = changed(nickname={"type": "string", "maxLength": 10})
    new["required"] = [*new["required"], "nickname"]
    [change] = compare(old, new)
    assert (change.kind, change.breaks("in"), change.breaks("out")) == ("added_required", True, False)


def test_a_removed_field_breaks_both_and_is_named_once():
    old, new = changed(address=None)
    [change] = compare(old, new)
    assert (change.path, change.kind, change.breaks("in"), change.breaks("out")) == (
        "address",
        "removed",
        True,
        True,
    )


def test_required_optional_narrowed_and_widened():
    old, new = changed()
    new["required"] = [*new["required"], "email"]
    assert kinds(old, new) == [("email", "made_required")]
    assert compare(old, new)[0].breaks("in")
    assert compare(new, old)[0].kind == "made_optional"
    assert compare(new, old)[0].breaks("out")
    old, new = changed(name={"type": "string", "maxLength": 10, "x-classification": "confidential"})
    assert kinds(old, new) == [("name", "narrowed")]
    assert kinds(new, old) == [("name", "widened")]
    old, new = changed(status={"enum": ["active", "archived", "blocked"], "default": "active"})
    assert kinds(old, new) == [("status", "widened")]
    assert kinds(new, old) == [("status", "narrowed")]


def test_a_changed_type_breaks_both():
    old, new = changed(name={"type": "integer", "x-classification": "confidential"})
    [_bound, change] = sorted(compare(old, new), key=lambda row: row.kind != "widened")
    assert (change.kind, change.breaks("in"), change.breaks("out")) == ("changed", True, True)


def test_a_change_inside_a_list_is_found():
    schema = schemas.json_schema("invoice", "1")
    new = copy.deepcopy(schema)
    line = new["$defs"]["InvoiceLine"]
    del line["properties"]["description"]
    line["required"] = [name for name in line["required"] if name != "description"]
    assert ("lines[].description", "removed") in kinds(schema, new)


def test_another_classification_is_told_and_breaks_nobody():
    old, new = changed(name={"type": "string", "maxLength": 1000, "x-classification": "restricted"})
    [change] = compare(old, new)
    assert (change.kind, change.before, change.after) == ("classified", "confidential", "restricted")
    assert not BREAKS["classified"]


def test_nonsense_is_refused():
    with pytest.raises(ValueError, match="does not have"):
        fields({"$ref": "#/$defs/Nothing"})
    old, new = changed(address=None)
    with pytest.raises(ValueError, match="direction"):
        compare(old, new)[0].breaks("sideways")


def test_a_schema_that_contains_itself_ends():
    endless = {
        "$defs": {"A": {"type": "object", "properties": {"a": {"$ref": "#/$defs/A"}}}},
        "$ref": "#/$defs/A",
    }
    assert 0 < len(fields(endless)) < 50


# -- what the verdict means ----------------------------------------------------------------------------------

VALUES = {
    "string": st.text("ab", max_size=5),
    "integer": st.integers(-5, 5),
    "boolean": st.booleans(),
    "null": st.none(),
}
single = st.one_of(
    st.builds(
        lambda least, more: {"type": "string", "minLength": least, "maxLength": least + more},
        st.integers(0, 2),
        st.integers(0, 3),
    ),
    st.builds(
        lambda least, more: {"type": "integer", "minimum": least, "maximum": least + more},
        st.integers(-3, 3),
        st.integers(0, 4),
    ),
    st.just({"type": "boolean"}),
    st.sets(st.sampled_from(["a", "b", "ab"]), min_size=1).map(lambda values: {"enum": sorted(values)}),
)
nullable = st.one_of(single, single.map(lambda form: {"anyOf": [form, {"type": "null"}]}))


@st.composite
def objects(draw):
    properties = draw(st.dictionaries(st.sampled_from("xyz"), nullable, max_size=3))
    required = draw(st.sets(st.sampled_from(sorted(properties)))) if properties else set()
    return {
        "type": "object",
        "properties": properties,
        "required": sorted(required),
        "additionalProperties": False,
    }


def allows(form, value):
    if "anyOf" in form:
        return any(allows(choice, value) for choice in form["anyOf"])
    if "enum" in form:
        return value in form["enum"] and not isinstance(value, bool)
    if form["type"] == "object":
        return (
            isinstance(value, dict)
            and set(form["required"]) <= set(value) <= set(form["properties"])
            and all(allows(form["properties"][name], part) for name, part in value.items())
        )
    right = {"string": str, "integer": int, "boolean": bool, "null": type(None)}[form["type"]]
    if type(value) is not right:
        return False
    if form["type"] == "string":
        return form["minLength"] <= len(value) <= form["maxLength"]
    return form["type"] != "integer" or form["minimum"] <= value <= form["maximum"]


documents = st.dictionaries(st.sampled_from("xyz"), st.one_of(*VALUES.values()), max_size=3)


@settings(max_examples=300)
@given(objects(), objects(), st.lists(documents, min_size=1, max_size=20))
def test_what_does_not_break_senders_accepts_whatever_they_could_send(old, new, sent):
    if not any(change.breaks("in") for change in compare(old, new)):
        for document in sent:
            if allows(old, document):
                assert allows(new, document), (old, new, document)


@settings(max_examples=300)
@given(objects(), objects(), st.lists(documents, min_size=1, max_size=20))
def test_what_does_not_break_readers_gives_them_what_they_rely_on(old, new, sent):
    if not any(change.breaks("out") for change in compare(old, new)):
        for document in sent:
            if allows(new, document):
                known = {name: part for name, part in document.items() if name in old["properties"]}
                assert allows(old, known), (old, new, document)


@given(objects(), objects())
def test_a_change_and_its_way_back(old, new):
    opposite = {
        "added_optional": "removed",
        "added_required": "removed",
        "made_required": "made_optional",
        "narrowed": "widened",
        "changed": "changed",
        "classified": "classified",
    }
    there = {(change.path, change.kind) for change in compare(old, new)}
    back = {(change.path, change.kind) for change in compare(new, old)}
    assert {path for path, _kind in there} == {path for path, _kind in back}
    for path, kind in there:
        if kind in opposite:
            assert (path, opposite[kind]) in back
