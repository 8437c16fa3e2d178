# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Configurations of an older form: read as they were signed; what they do not say stays as it is."""

import dataclasses
import json

import pytest

from odoo.addons.finance_integration.engine.audit_seal import SigningKey, new_seed
from odoo.addons.finance_integration.engine.canonical_json import canonical_bytes
from odoo.addons.finance_integration.engine.errors import ContractError
from odoo.addons.finance_integration.engine.promotion import (
    FORMAT,
    SECTIONS,
    SHARED,
    Bundle,
    bundle_text,
    read_bundle,
    read_text,
    write_bundle,
)
from odoo.addons.finance_integration.engine.promotion_plan import (
    ONLY_HERE,
    SAME,
    as_changed,
    compare,
    completed,
    inverse,
    operations,
)
from odoo.addons.finance_integration.engine.promotion_values import empty_of

KEY = SigningKey(new_seed())
FIRST, SECOND, THIRD = (f"finance-integration-configuration/{number}" for number in (1, 2, 3))
# What came with the third form, and with others.
NEW_FIELDS = (
    "routed_from_id",
    "payout_journal_ids",
    "prepayment_vat_country_ids",
    "billing_issuer",
    "billing_products",
    "customers_out",
    "bank_journal_ids",
)


def values(section, **facts):
    return {name: empty_of(kind) for name, kind in SECTIONS[section].fields.items()} | facts


def rows(**sections):
    return {name: dict(sections.get(name, {})) for name in SECTIONS}


def connections(*names, **facts):
    return {(name,): values("connections", active=True, connector="generic", **facts) for name in names}


def bundle(**sections):
    source = {"company": "Test Co", "environment": "test", "database": "db"}
    return Bundle(source, {"company": "", "environment": ""}, "2026-03-02T15:00:00Z", rows(**sections))


def read(raw):
    return read_bundle(raw, {KEY.id}, company="Real Co", environment="production")


def refused(content, code):
    text = canonical_bytes(content).decode()
    file = {"bundle": text, "signature": KEY.sign(text), "public_key": KEY.public}
    with pytest.raises(ContractError) as caught:
        read(json.dumps(file).encode())
    assert caught.value.code == code


def content_of(one):
    return json.loads(bundle_text(one))


FIRST_LACKS = ("shop_booking", "shop_guest_id")
TAX = {
    "name": "15 %",
    "rate": "15.0",
    "kind": "percent",
    "use": "sale",
    "scope": "",
    "country": "US",
    "included": False,
}


def third(**sections):
    """Return a bundle as the version before wrote it: without what it did not know."""
    one = bundle(**sections)
    for values_ in one.rows["mappings"].values():
        del values_["taxes"]
    for values_ in one.rows["connections"].values():
        del values_["customers_out"]
        del values_["bank_journal_ids"]
    return dataclasses.replace(one, form=THIRD)


def second(**sections):
    one = third(**sections)
    for values_ in one.rows["connections"].values():
        for name in set(NEW_FIELDS) & values_.keys():
            del values_[name]
    return dataclasses.replace(one, form=SECOND)


def first(**sections):
    one = second(**sections)
    for values_ in one.rows["connections"].values():
        for name in FIRST_LACKS:
            del values_[name]
    return dataclasses.replace(one, form=FIRST)


def mapping(*taxes, name="15 %"):
    key = ("Shop", "tax", "STD")
    return {key: values("mappings", spans=[[None, None, name]], taxes=list(taxes))}


def test_a_bundle_of_the_form_before_is_read_as_it_was_signed():
    one = second(connections=connections("Shop"), rules={("Chase",): values("rules", active=True)})
    content = content_of(one)
    assert content["format"] == SECOND
    known = SECTIONS.keys() - {*SHARED, "collection_agreements"}
    assert content["sections"].keys() == content["manifest"].keys() == known
    assert not set(NEW_FIELDS) & content["sections"]["connections"][0]["values"].keys()
    got, text, _key_id = read(write_bundle(one, KEY))
    assert (got, text, read_text(text)) == (one, bundle_text(one), one)


def test_a_form_says_exactly_what_it_knows():
    content = content_of(second(connections=connections("Shop")))
    content["sections"]["connections"][0]["values"]["routed_from_id"] = ""
    refused(content, "bundle_unreadable")
    content = content_of(second())
    content["sections"]["shared_rules"] = []
    refused(content, "bundle_unreadable")
    content = content_of(bundle())
    del content["sections"]["shared_rules"]
    refused(content, "bundle_unreadable")
    content = content_of(third(mappings=mapping()))
    content["sections"]["mappings"][0]["values"]["taxes"] = []
    refused(content, "bundle_unreadable")
    content = content_of(first())
    content["sections"]["rules"] = []
    refused(content, "bundle_unreadable")
    content = content_of(bundle()) | {"format": SECOND}
    refused(content, "bundle_unreadable")
    for form in (None, 2, [], "finance-integration-configuration/5"):
        refused(content_of(bundle()) | {"format": form}, "bundle_format")
    with pytest.raises(ContractError) as caught:
        read_text(bundle_text(bundle()).replace(FORMAT, "finance-integration-configuration/5"))
    assert caught.value.code == "bundle_format"


@pytest.mark.parametrize("form", [first, second, third])
def test_every_older_form_is_read_and_signed_as_it_was(form):
    one = form(connections=connections("Shop"), mappings=mapping(TAX))
    got, text, _key_id = read(write_bundle(one, KEY))
    assert (got, text, read_text(text)) == (one, bundle_text(one), one)
    assert "taxes" not in got.rows["mappings"]["Shop", "tax", "STD"]
    assert got.rows["collection_agreements"] == {}


def test_the_first_form_says_nothing_of_balances_and_rules():
    content = content_of(first())
    lacks = {"balance_accounts", "rules", "collection_agreements", *SHARED}
    assert content["sections"].keys() == SECTIONS.keys() - lacks


def test_agreements_and_what_a_tax_is_stay_where_a_form_does_not_say_them():
    agreement = values("collection_agreements", payable_account_id="2199", at_once="ask")
    here = rows(mappings=mapping(TAX), collection_agreements={("Branch",): agreement})
    same = third(mappings=mapping())
    assert [(one.section, one.change) for one in compare(here, same.rows)] == [
        ("collection_agreements", ONLY_HERE),
        ("mappings", SAME),
    ]
    [change] = operations(compare(here, third(mappings=mapping(name="19 %")).rows))
    assert change["after"] == {"spans": [[None, None, "19 %"]], "taxes": [TAX]}
    assert as_changed(as_changed(here, [change]), inverse([change])) == here


def test_what_a_tax_is_has_its_form():
    for wrong in (
        {**TAX, "rate": "much"},
        {**TAX, "included": "no"},
        {name: value for name, value in TAX.items() if name != "country"},
        {**TAX, "id": 7},
    ):
        content = content_of(bundle(mappings=mapping(TAX)))
        content["sections"]["mappings"][0]["values"]["taxes"] = [wrong]
        refused(content, "bundle_unreadable")


def test_what_an_older_form_does_not_say_stays_as_it_is():
    said = {
        "routed_from_id": "Group › Shop",
        "payout_journal_ids": ["BNK1"],
        "prepayment_vat_country_ids": ["DE"],
        "billing_issuer": "stripe",
        "billing_products": True,
        "customers_out": "known",
        "bank_journal_ids": ["BNK1"],
    }
    here = rows(
        connections=connections("Shop", **said),
        shared_rules={("All",): values("shared_rules", active=True)},
    )
    same = second(connections=connections("Shop"))
    assert [(one.section, one.key, one.change) for one in compare(here, same.rows)] == [
        ("connections", ("Shop",), SAME),
        ("shared_rules", ("All",), ONLY_HERE),
    ]
    other = second(connections=connections("New", "Shop", fee_mode="at_payout"))
    planned = operations(compare(here, other.rows))
    assert [(one["op"], one["key"]) for one in planned] == [("add", ["New"]), ("change", ["Shop"])]
    assert [{name: one["after"][name] for name in NEW_FIELDS} for one in planned] == [
        {
            "routed_from_id": "",
            "payout_journal_ids": [],
            "prepayment_vat_country_ids": [],
            "billing_issuer": "",
            "billing_products": False,
            "customers_out": "",
            "bank_journal_ids": [],
        },
        said,
    ]
    assert as_changed(as_changed(here, planned), inverse(planned)) == here


def test_what_was_approved_before_a_newer_form_is_taken_back_without_what_came_with_it():
    before, after = connections("Shop")["Shop",], connections("Shop", fee_mode="at_payout")["Shop",]
    for values_ in (before, after):
        for name in NEW_FIELDS:
            del values_[name]
    old = [{"section": "connections", "key": ["Shop"], "op": "change", "before": before, "after": after}]
    said = {
        "routed_from_id": "Group › Shop",
        "payout_journal_ids": ["BNK1"],
        "prepayment_vat_country_ids": ["DE"],
        "billing_issuer": "stripe",
        "billing_products": True,
        "customers_out": "known",
        "bank_journal_ids": ["BNK1"],
    }
    now = rows(connections=connections("Shop", fee_mode="at_payout", **said))
    [back] = inverse(completed(old, now))
    assert back["after"] == connections("Shop", **said)["Shop",]
    assert back["before"] == now["connections"]["Shop",]
    [added] = completed([{**old[0], "op": "add", "before": None}], rows())
    assert added["before"] is None
    assert added["after"] == connections("Shop", fee_mode="at_payout")["Shop",]
