# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Configurations as signed files: only what was signed by a known server for this company is read, all else refused."""

import copy
import dataclasses
import io
import json
import zipfile
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from odoo.addons.finance_integration.engine.audit_seal import SealError, SigningKey, new_seed, read_seal
from odoo.addons.finance_integration.engine.canonical_json import canonical_bytes
from odoo.addons.finance_integration.engine.errors import AuthorizationError, ContractError
from odoo.addons.finance_integration.engine.promotion import (
    FORMAT,
    MAX_BYTES,
    SECTIONS,
    Bundle,
    bundle_text,
    names_records_by_number,
    ownership_problems,
    read_bundle,
    read_text,
    rows_digest,
    spans_overlap,
    write_bundle,
)
from odoo.addons.finance_integration.engine.promotion_plan import (
    ADDED,
    CHANGED,
    ONLY_HERE,
    SAME,
    as_changed,
    compare,
    inverse,
    kinds_of,
    merged_spans,
    operations,
    span_lines,
)

KEY, OTHER = SigningKey(new_seed()), SigningKey(new_seed())
EMPTY = {"text": "", "whole": 0, "decimal": "0", "flag": False, "day": None}
EMPTY |= {"spans": [], "tiers": [], "parts": [], "steps": [], "taxes": []}


def values(section, **facts):
    filled = {
        name: [] if kind.startswith("refs:") else "" if kind.startswith("ref:") else EMPTY[kind]
        for name, kind in SECTIONS[section].fields.items()
    }
    return {**filled, **facts}


def rows(**sections):
    return {name: dict(sections.get(name, {})) for name in SECTIONS}


def connections(*names, **facts):
    return {(name,): values("connections", active=True, connector="generic", **facts) for name in names}


def bundle(target=None, **sections):
    return Bundle(
        {"company": "Test Co", "environment": "test", "database": "db"},
        target or {"company": "", "environment": ""},
        "2026-03-02T15:00:00Z",
        rows(**sections),
        ({"connection": "Shop", "what": "secret", "name": "Signing secret", "kept": "vault"},),
    )


def read(raw, known=None, company="Real Co", environment="production"):
    return read_bundle(raw, {KEY.id} if known is None else known, company=company, environment=environment)


def signed(content, key=KEY):
    """Sign whatever content says, as somebody with a known key could."""
    text = canonical_bytes(content).decode()
    return json.dumps({"bundle": text, "signature": key.sign(text), "public_key": key.public}).encode()


def content_of(one):
    return json.loads(bundle_text(one))


def refused(raw, code, **facts):
    with pytest.raises((ContractError, AuthorizationError)) as caught:
        read(raw, **facts)
    assert caught.value.code == code
    assert caught.value.sentence and "%(" not in caught.value.sentence + caught.value.next_step


SPAN = [None, None, "Output 15 %"]
PART = {
    "kind": "event.payment_failed", "journals": ["BNK1"], "countries": [], "amount_from": "99.5", "currency": "EUR",
    "domain": "[]",
}  # fmt: skip
STEP = {
    "action": "notify", "role": "user", "person": "ann", "summary": "Call", "within_days": 1, "publish": "",
    "connection": "", "flow": ["Shop", "in", "invoice"],
}  # fmt: skip
FULL = bundle(
    connections=connections("Shop"),
    role_accounts={("Shop", "FEE"): values("role_accounts", account_id="6010")},
    mappings={("Shop", "tax", "STD"): values("mappings", spans=[SPAN])},
)
RULES = bundle(rules={("Chase",): values("rules", prerequisite_ids=[PART], action_ids=[STEP])})


# -- reading -------------------------------------------------------------------------------------------------------


def test_what_is_written_is_read():
    got, text, key_id = read(write_bundle(FULL, KEY))
    assert got == FULL
    assert (text, key_id) == (bundle_text(FULL), KEY.id)
    assert read_text(text) == FULL
    assert rows_digest(got.rows) == rows_digest(FULL.rows)
    assert read(write_bundle(RULES, KEY))[0] == RULES


def test_a_bundle_of_production_goes_into_a_test():
    one = dataclasses.replace(FULL, source={**FULL.source, "environment": "production"})
    assert read(write_bundle(one, KEY), environment="test")[0] == one


def test_one_made_for_somewhere_else_is_refused_by_name():
    made = write_bundle(bundle({"company": "Real Co", "environment": "production"}), KEY)
    assert read(made)[0].target["company"] == "Real Co"
    refused(made, "bundle_not_for_here", company="Other Co")
    refused(made, "bundle_not_for_here", environment="test")
    with pytest.raises(ContractError) as caught:
        read(made, company="Other Co")
    assert "Real Co / production" in caught.value.sentence and "Other Co" in caught.value.sentence


def test_an_altered_one_is_refused():
    file = json.loads(write_bundle(FULL, KEY))
    file["bundle"] = file["bundle"].replace("6010", "6011")
    refused(json.dumps(file).encode(), "bundle_signature")
    file = json.loads(write_bundle(FULL, KEY))
    file["public_key"] = OTHER.public
    refused(json.dumps(file).encode(), "bundle_signature", known={KEY.id, OTHER.id})
    file["public_key"] = "!"
    refused(json.dumps(file).encode(), "bundle_signature")


def test_a_key_that_nobody_named_is_refused():
    refused(write_bundle(FULL, OTHER), "bundle_key_unknown")
    refused(write_bundle(FULL, KEY), "bundle_key_unknown", known=set())


def test_digests_that_are_not_those_of_the_content_are_refused():
    content = content_of(FULL)
    content["manifest"]["mappings"]["records"] = 2
    refused(signed(content), "bundle_altered")
    content = content_of(FULL)
    content["sections"]["mappings"] = []
    refused(signed(content), "bundle_altered")


def test_another_form_is_refused_before_anything_else_is_looked_at():
    content = content_of(FULL) | {"format": "finance-integration-configuration/9"}
    refused(signed(content, OTHER), "bundle_format")
    with pytest.raises(ContractError) as caught:
        read(signed(content))
    assert FORMAT in caught.value.sentence


def test_a_signature_of_a_seal_is_none_of_a_bundle():
    with pytest.raises(SealError):
        read_seal(bundle_text(bundle())[:2000])


def test_no_archive_is_ever_unpacked():
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("bundle.json", b"0" * 50_000_000)
    assert len(packed.getvalue()) < MAX_BYTES
    refused(packed.getvalue(), "bundle_unreadable")


@pytest.mark.parametrize(
    "raw", [b"", b"[]", b"null", b"{", b"\xff", b'{"bundle": 1}', b"[" * 100_000, b'{"a": 1, "a": 2}']
)
def test_what_is_no_bundle_is_refused(raw):
    refused(raw, "bundle_unreadable")


def test_what_is_too_large_is_not_even_parsed():
    refused(b"x" * (MAX_BYTES + 1), "bundle_too_large")


def _with(section, change):
    content = content_of(FULL)
    change(content["sections"][section])
    return signed(content)


@pytest.mark.parametrize(
    ("section", "change"),
    [
        ("role_accounts", lambda rows_: rows_[0]["values"].update(account_id=17)),  # a number of a record
        ("role_accounts", lambda rows_: rows_[0]["values"].update(company_id="2")),  # a field of its own
        ("role_accounts", lambda rows_: rows_[0]["values"].pop("account_id")),
        ("role_accounts", lambda rows_: rows_[0].update(key=["Shop"])),
        ("role_accounts", lambda rows_: rows_[0].update(key=["Shop", 5])),
        ("role_accounts", lambda rows_: rows_.append(copy.deepcopy(rows_[0]))),
        ("connections", lambda rows_: rows_[0]["values"].update(tax_tolerance="NaN")),
        ("connections", lambda rows_: rows_[0]["values"].update(tax_tolerance=0)),
        ("connections", lambda rows_: rows_[0]["values"].update(active=1)),
        ("connections", lambda rows_: rows_[0]["values"].update(fetch_from="2026-02-30")),
        ("connections", lambda rows_: rows_[0]["values"].update(time_zone="x" * 5001)),
        ("mappings", lambda rows_: rows_[0]["values"].update(spans=[[None, None, 15]])),
        ("mappings", lambda rows_: rows_[0]["values"].update(spans=[[None, None, ""]])),
        ("mappings", lambda rows_: rows_[0]["values"].update(spans="x")),
        ("flows", lambda rows_: rows_.append(5)),
    ],
)
def test_a_record_of_another_form_is_refused(section, change):
    refused(_with(section, change), "bundle_unreadable")


@pytest.mark.parametrize(
    "change",
    [
        lambda values_: values_["prerequisite_ids"][0].update(journals="BNK1"),
        lambda values_: values_["prerequisite_ids"][0].update(amount_from="much"),
        lambda values_: values_["prerequisite_ids"][0].pop("domain"),
        lambda values_: values_["action_ids"][0].update(flow=["Shop"]),
        lambda values_: values_["action_ids"][0].update(user_id=7),
        lambda values_: values_["action_ids"][0].update(within_days="1"),
        lambda values_: values_.update(action_ids=[STEP] * 101),
    ],
)
def test_a_rule_of_another_form_is_refused(change):
    content = content_of(RULES)
    change(content["sections"]["rules"][0]["values"])
    refused(signed(content), "bundle_unreadable")


def test_a_rule_whose_conditions_name_records_by_number_is_refused():
    part = {**PART, "domain": "[('partner_id', '=', 7)]"}
    for section in ("rules", "shared_rules"):
        one = bundle(**{section: {("Chase",): values(section, prerequisite_ids=[part])}})
        refused(write_bundle(one, KEY), "bundle_contradiction")


def test_other_sections_are_refused():
    content = content_of(FULL)
    content["sections"]["users"] = []
    refused(signed(content), "bundle_unreadable")
    content = content_of(FULL)
    del content["needs"]
    refused(signed(content), "bundle_unreadable")


# -- sense ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("spans", "overlap"),
    [
        ([], False),
        ([SPAN], False),
        ([["2026-01-01", "2026-03-31", "A"], ["2026-04-01", None, "B"]], False),
        ([["2026-04-01", None, "B"], [None, "2026-03-31", "A"]], False),
        ([["2026-01-01", "2026-03-31", "A"], ["2026-03-31", None, "B"]], True),
        ([[None, None, "A"], ["2026-03-31", None, "B"]], True),
        ([[None, "2026-03-31", "A"], [None, "2026-01-01", "B"]], True),
        ([["2026-03-31", "2026-03-30", "A"]], True),
    ],
)
def test_overlapping_days_are_found(spans, overlap):
    assert spans_overlap(spans) is overlap
    one = bundle(mappings={("Shop", "tax", "STD"): values("mappings", spans=spans)})
    if overlap:
        refused(write_bundle(one, KEY), "bundle_contradiction")
    else:
        assert read(write_bundle(one, KEY))[0] == one


def _owned(**owners):
    return {
        ("customer", "name", connection): values(
            "ownership", owner="connection", owner_connection_id=owner, conflict="owner_wins"
        )
        for connection, owner in owners.items()
    }


def test_ownership_that_goes_round_is_refused():
    names = connections("A", "B")
    circle = bundle(connections=names, ownership=_owned(A="B", B="A"))
    assert ownership_problems(circle.rows)
    refused(write_bundle(circle, KEY), "bundle_contradiction")
    fine = bundle(connections=names, ownership=_owned(A="B"))
    assert ownership_problems(fine.rows) == ""
    assert read(write_bundle(fine, KEY))[0] == fine


def test_a_circle_that_only_both_together_make_is_found():
    here = rows(connections=connections("A", "B"), ownership=_owned(A="B"))
    there = rows(connections=connections("A", "B"), ownership=_owned(B="A"))
    assert not ownership_problems(here) and not ownership_problems(there)
    assert ownership_problems(as_changed(here, operations(compare(here, there))))


@pytest.mark.parametrize(
    ("domain", "numbered"),
    [
        ("[]", False),
        ("[('amount_total', '>', 100)]", False),
        ("[('move_type', '=', 'out_invoice')]", False),
        ("[('partner_id', '=', 7)]", True),
        ('[["id", "in", [1, 2]]]', True),
        ("[('partner_id.id', '=', 7)]", True),
        ("[('tag_ids', 'in', [3])]", True),
        ("[('partner_id.country_id', '=', 7)]", True),
    ],
)
def test_conditions_that_name_records_by_number_are_refused(domain, numbered):
    assert names_records_by_number(domain) is numbered
    one = bundle(
        subscriptions={("Shop", "event.invoice_posted", "1"): values("subscriptions", domain=domain)}
    )
    if numbered:
        refused(write_bundle(one, KEY), "bundle_contradiction")
    else:
        assert read(write_bundle(one, KEY))[0] == one


# -- comparing -----------------------------------------------------------------------------------------------------

HERE = rows(
    connections=connections("Old", "Shop"),
    role_accounts={("Shop", "FEE"): values("role_accounts", account_id="6000")},
    mappings={("Shop", "tax", "STD"): values("mappings", spans=[SPAN])},
)


def test_each_record_is_new_other_only_here_or_the_same():
    there = rows(**{**FULL.rows, "ownership": _owned(Shop="Shop")})
    found = [(one.section, one.key, one.change, one.fields) for one in compare(HERE, there)]
    assert found == [
        ("connections", ("Old",), ONLY_HERE, ()),
        ("connections", ("Shop",), SAME, ()),
        ("role_accounts", ("Shop", "FEE"), CHANGED, ("account_id",)),
        ("mappings", ("Shop", "tax", "STD"), SAME, ()),
        ("ownership", ("customer", "name", "Shop"), ADDED, tuple(SECTIONS["ownership"].fields)),
    ]


def test_an_import_adds_and_changes_and_never_removes():
    planned = operations(compare(HERE, rows(**FULL.rows)))
    assert [(one["op"], one["section"]) for one in planned] == [("change", "role_accounts")]
    assert planned[0]["before"]["account_id"] == "6000" and planned[0]["after"]["account_id"] == "6010"
    assert kinds_of(planned) == ["other"]
    assert operations(compare(HERE, HERE)) == []


def test_taking_back_gives_exactly_what_was_before():
    there = rows(**{**FULL.rows, "ownership": _owned(Shop="Shop")})
    planned = operations(compare(HERE, there))
    done = as_changed(HERE, planned)
    assert done != HERE
    assert as_changed(done, inverse(planned)) == HERE
    assert [one["op"] for one in inverse(planned)] == ["remove", "change"]
    assert kinds_of(planned) == ["other", "ownership"]


_NAMES = st.sampled_from(["A", "B", "C", "D"])
_SOME_ROWS = st.dictionaries(
    st.tuples(_NAMES, st.sampled_from(["FEE", "WO"])),
    st.builds(lambda code: values("role_accounts", account_id=code), st.sampled_from(["1", "2", "3"])),
)


@given(_SOME_ROWS, _SOME_ROWS)
def test_an_import_and_its_inverse_are_exact_for_any_two(here, there):
    before, wanted = rows(role_accounts=here), rows(role_accounts=there)
    planned = operations(compare(before, wanted))
    done = as_changed(before, planned)
    assert all(done["role_accounts"][key] == row for key, row in there.items())
    assert all(done["role_accounts"][key] == row for key, row in here.items() if key not in there)
    assert as_changed(done, inverse(planned)) == before
    assert operations(compare(done, wanted)) == []


# -- mappings by day -----------------------------------------------------------------------------------------------


def test_a_new_meaning_from_a_day_on_is_one_line():
    after = [[None, "2026-03-31", "A"], ["2026-04-01", None, "B"]]
    assert span_lines([[None, None, "A"]], after) == [
        {"action": "set", "from": "2026-04-01", "until": None, "means": "B"}
    ]


def test_taking_back_leaves_the_days_before_as_they_are():
    lines = span_lines([[None, None, "B"]], [[None, None, "A"]], date(2026, 6, 1))
    assert lines == [{"action": "set", "from": "2026-06-01", "until": None, "means": "A"}]
    assert span_lines([[None, None, "B"]], [], date(2026, 6, 1)) == [
        {"action": "end", "from": "2026-06-01", "until": None, "means": None}
    ]
    assert span_lines([[None, "2026-05-31", "B"]], [], date(2026, 6, 1)) == []


def test_the_same_needs_no_line():
    assert span_lines([[None, None, "A"]], [[None, None, "A"]]) == []
    two = [[None, "2026-03-31", "A"], ["2026-04-01", None, "A"]]
    assert span_lines(two, [[None, None, "A"]]) == []
    assert merged_spans(two) == [[None, None, "A"]]
    assert merged_spans([["2026-04-02", None, "A"], [None, "2026-03-31", "A"]]) == [
        [None, "2026-03-31", "A"],
        ["2026-04-02", None, "A"],
    ]


_DAYS = [date(2026, 1, day) for day in range(1, 11)]


def _spans(meanings):
    """Return spans that give each of ten days its meaning, '' = none."""
    return merged_spans(
        [day.isoformat(), day.isoformat(), what] for day, what in zip(_DAYS, meanings, strict=True) if what
    )


def _meaning(spans, day):
    return next((what for first, last, what in spans if first <= day.isoformat() <= last), "")


_MEANINGS = st.lists(st.sampled_from(["", "A", "B"]), min_size=10, max_size=10)


@given(_MEANINGS, _MEANINGS, st.sampled_from([None, *_DAYS]))
def test_lines_give_every_day_the_wanted_meaning(before, after, from_day):
    here = {day: _meaning(_spans(before), day) for day in _DAYS}
    for line in span_lines(_spans(before), _spans(after), from_day):
        for day in _DAYS:
            if line["from"] <= day.isoformat() <= line["until"]:
                here[day] = line["means"] or ""
    for day, was, wanted in zip(_DAYS, before, after, strict=True):
        assert here[day] == (wanted if from_day is None or day >= from_day else was)
