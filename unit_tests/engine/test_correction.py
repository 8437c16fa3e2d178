# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Corrections touch nothing but what may be corrected, whoever asks for what (X5, policy F6)."""

import copy
import json
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from odoo.addons.finance_integration.engine.canonical import decode, latest_version
from odoo.addons.finance_integration.engine.canonical.registry import encode
from odoo.addons.finance_integration.engine.canonical.schemas import json_schema
from odoo.addons.finance_integration.engine.correction import (
    APPROVED,
    DIRECT,
    EDITABLE,
    MAX_EDITS,
    Edit,
    correct,
    editable_fields,
    effect_of,
    form_of,
    needs_approval,
    verify,
)
from odoo.addons.finance_integration.engine.errors import BusinessError

INVOICE = {
    "source": {"system": "shop", "object_id": "i-1", "version": 1},
    "occurred_at": "2026-03-02T15:00:00Z",
    "issuer": "source",
    "number": "P-1",
    "issue_date": "2026-03-02",
    "currency": "USD",
    "customer": {"outside_id": "C-1", "name": "Anna", "email": "a@b.example", "tax_id": "X1"},
    "lines": [
        {
            "description": "Advice",
            "quantity": "1",
            "unit_price": "100.00",
            "net_amount": "100.00",
            "account": "4000",
            "analytic": ["K1", "K2"],
        }
    ],
    "total_gross": "100.00",
}
CUSTOMER = {
    "source": {"system": "shop", "object_id": "c-1"},
    "occurred_at": "2026-03-02T15:00:00Z",
    "name": "Anna",
    "email": "a@b.example",
    "tax_id": "X1",
}
PARTS_NEVER_EDITED = (
    "source",
    "occurred_at",
    "issuer",
    "document_type",
    "number",
    "issue_date",
    "due_date",
    "currency",
    "customer",
    "total_net",
    "total_tax",
    "total_gross",
    "amount_due",
)
values = st.one_of(
    st.none(), st.text(max_size=20), st.integers(), st.booleans(), st.lists(st.text(), max_size=2)
)
paths = st.one_of(
    st.sampled_from(sorted(EDITABLE["invoice"])).map(lambda form: form.replace("[]", "[0]")),
    st.sampled_from(
        [
            "total_gross",
            "currency",
            "customer.name",
            "customer",
            "lines[0].quantity",
            "lines[0]",
            "lines",
            "lines[0].taxes[0].amount",
            "lines[0].tax_codes[0]",
            "source.object_id",
            "issue_date",
            "bank.iban",
            "lines[1].description",
            "lines[-1].description",
            "lines[00000].description",
            "__class__",
            "note.x",
            "",
            "reference\n",
            "lines[0].analytic[7]",
            "lines[].description",
        ]
    ),
    st.text(max_size=30),
)


def leaf(kind, form):
    """Return the part of the published schema that stands at ``form``."""
    schema = json_schema(kind, latest_version(kind))
    part = schema
    for step in form.split("."):
        part = plain(part, schema)["properties"][step.removesuffix("[]")]
        if step.endswith("[]"):
            part = plain(part, schema)["items"]
    return plain(part, schema)


def plain(part, schema):
    while "$ref" in part or "anyOf" in part:
        if "anyOf" in part:
            part = next(choice for choice in part["anyOf"] if choice != {"type": "null"})
        else:
            part = schema["$defs"][part["$ref"].rpartition("/")[2]]
    return part


@pytest.mark.parametrize(
    ("kind", "form"), [(kind, form) for kind, forms in EDITABLE.items() for form in forms]
)
def test_what_may_be_edited_is_a_text_and_no_amount_date_party_or_identity(kind, form):
    part = leaf(kind, form)
    assert part["type"] == "string"
    assert "format" not in part and "exact decimal" not in part.get("description", "")
    steps = {step.removesuffix("[]") for step in form.split(".")}
    forbidden = {
        "source",
        "customer",
        "party",
        "name",
        "email",
        "tax_id",
        "currency",
        "number",
        "outside_id",
        "taxes",
    }
    assert not steps & (forbidden | {"tax_codes", "quantity", "status", "type", "movement_id", "iban"})
    assert EDITABLE[kind][form] in (DIRECT, APPROVED)


def test_a_harmless_field_is_corrected_in_a_copy():
    before = copy.deepcopy(INVOICE)
    corrected = correct(
        "invoice", INVOICE, [Edit("lines[0].description", "Advice in March"), Edit("note", "see mail")]
    )
    assert before == INVOICE
    assert corrected["lines"][0]["description"] == "Advice in March"
    assert corrected["note"] == "see mail"
    assert decode("invoice", "1", corrected).total_gross == Decimal("100.00")


def test_an_address_that_is_missing_is_given():
    corrected = correct("customer", CUSTOMER, [Edit("address.city", "Graz")])
    assert corrected["address"] == {"city": "Graz"}
    assert ("address.city", None) in editable_fields("customer", CUSTOMER)


def test_an_optional_field_is_left_out_but_a_place_in_a_list_is_not():
    assert "account" not in correct("invoice", INVOICE, [Edit("lines[0].account", None)])["lines"][0]
    with pytest.raises(BusinessError):
        correct("invoice", INVOICE, [Edit("lines[0].analytic[0]", None)])


def test_what_decides_where_something_is_booked_needs_a_second_person():
    assert not needs_approval("invoice", ["note", "lines[4].description"])
    assert needs_approval("invoice", ["note", "lines[4].account"])
    assert needs_approval("movement", ["references[0].value"])
    assert effect_of("provider_balance", "closing.value") is None


@given(st.lists(st.builds(Edit, paths, values), max_size=4))
def test_whatever_is_asked_for_facts_stay_facts(edits):
    before = json.dumps(INVOICE)
    try:
        corrected = correct("invoice", INVOICE, edits)
    except BusinessError as error:
        assert error.code == "field_not_editable"
        return
    finally:
        assert json.dumps(INVOICE) == before
    for name in PARTS_NEVER_EDITED:
        assert corrected.get(name) == INVOICE.get(name)
    for line, original in zip(corrected["lines"], INVOICE["lines"], strict=True):
        assert {
            name: line.get(name) for name in ("quantity", "unit_price", "net_amount", "tax_codes", "taxes")
        } == {
            name: original.get(name)
            for name in ("quantity", "unit_price", "net_amount", "tax_codes", "taxes")
        }
    assert all(effect_of("invoice", path) for path in verify("invoice", INVOICE, corrected))


forgeries = st.recursive(
    values, lambda inner: st.dictionaries(st.text(max_size=8), inner, max_size=3), max_leaves=4
)


@given(st.sampled_from(sorted(INVOICE)), forgeries)
def test_a_forged_copy_is_seen_by_comparing_it_with_the_original(name, forged):
    """Not what somebody says was changed counts, but what differs."""
    if forged == INVOICE[name] and type(forged) is type(INVOICE[name]):
        return
    with pytest.raises(BusinessError):
        verify("invoice", INVOICE, {**INVOICE, name: forged})


@pytest.mark.parametrize(
    "forged",
    [
        {**INVOICE, "total_gross": "1.00"},
        {**INVOICE, "lines": []},
        {**INVOICE, "lines": [*INVOICE["lines"], INVOICE["lines"][0]]},
        {**INVOICE, "lines": [{**INVOICE["lines"][0], "quantity": "2"}]},
        {**INVOICE, "source": {**INVOICE["source"], "version": True}},
        {**INVOICE, "customer": {**INVOICE["customer"], "iban": "AT00"}},
        {name: value for name, value in INVOICE.items() if name != "customer"},
    ],
)
def test_facts_that_differ_are_refused(forged):
    with pytest.raises(BusinessError) as caught:
        verify("invoice", INVOICE, forged)
    assert caught.value.code == "field_not_editable"


def test_nothing_and_too_much_are_refused():
    for edits in ([], [Edit("note", "x")] * (MAX_EDITS + 1)):
        with pytest.raises(BusinessError):
            correct("invoice", INVOICE, edits)


def test_positions_do_not_count_for_what_a_field_is():
    assert form_of("lines[12].analytic[3]") == "lines[].analytic[]"


def test_a_typed_document_is_corrected_in_its_wire_form():
    document = decode("invoice", "1", INVOICE)
    fields = {
        name: value for name, value in encode(document).items() if name not in ("kind", "schema_version")
    }
    assert decode("invoice", "1", correct("invoice", fields, [Edit("reference", "PO 7")])).reference == "PO 7"
