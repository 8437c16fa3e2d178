# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Fields are hidden by the class that the published schema gives them, in documents and in raw content."""

from odoo.addons.finance_integration.engine.canonical.base import CONFIDENTIAL, RESTRICTED
from odoo.addons.finance_integration.engine.canonical.registry import KINDS
from odoo.addons.finance_integration.engine.classification import hidden_texts, highest_class, masked
from odoo.addons.finance_integration.engine.redaction import MASK, redact

CUSTOMER = {
    "source": {"system": "shop", "object_id": "C-1"},
    "name": "Anna's Bakery",
    "email": "anna@bakery.example",
    "tax_id": None,
    "address": {"street": "Long Road 1", "city": "", "country": "US"},
    "unknown": "Anna's Bakery",
}


def test_confidential_fields_are_masked_and_nothing_else():
    assert masked("customer", CUSTOMER, (CONFIDENTIAL,)) == CUSTOMER | {
        "name": MASK,
        "email": MASK,
        "address": {"street": MASK, "city": "", "country": "US"},
    }
    assert masked("customer", CUSTOMER, (RESTRICTED,)) == CUSTOMER
    assert CUSTOMER["name"] == "Anna's Bakery"


def test_fields_in_lists_are_found():
    document = {"lines": [{"description": "Advice", "net_amount": "1.00"}], "customer": {"name": "Ben"}}
    shown = masked("invoice", document, (CONFIDENTIAL,))
    assert shown["customer"] == {"name": MASK}
    assert shown["lines"][0]["net_amount"] == "1.00"


def test_an_unknown_kind_masks_nothing_and_counts_as_the_strictest():
    assert masked("nothing", CUSTOMER, (CONFIDENTIAL,)) == CUSTOMER
    assert highest_class("nothing") == RESTRICTED
    assert highest_class("customer") == CONFIDENTIAL
    assert {highest_class(kind) for kind in KINDS} <= {"internal", CONFIDENTIAL, RESTRICTED}


def test_the_texts_are_hidden_in_raw_content_under_any_name():
    texts = hidden_texts("customer", CUSTOMER, (CONFIDENTIAL,))
    assert texts == {"Anna's Bakery", "anna@bakery.example", "Long Road 1"}
    raw = {
        "customerName": "Anna's Bakery",
        "lines": ["Long Road 1", "Long Road 12"],
        "note": "to anna@bakery.example",
    }
    assert redact(raw, (), texts) == {
        "customerName": MASK,
        "lines": [MASK, "Long Road 12"],
        "note": "to anna@bakery.example",
    }
    assert redact(raw, (), texts, personal=True)["note"] == f"to {MASK}@bakery.example"


def test_short_texts_are_not_hidden_everywhere():
    assert hidden_texts("customer", {"name": "Bo"}, (CONFIDENTIAL,)) == frozenset()
