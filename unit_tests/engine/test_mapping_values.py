# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Which codes documents use, and which mappings contradict what the source says (M2, M3)."""

from decimal import Decimal

from odoo.addons.finance_integration.engine.mapping_values import Mapped, doubtful, values_of

INVOICE = {
    "source": {"system": "shop", "object_id": "1", "entity": "DE01"},
    "currency": "EUR",
    "journal": "WEB",
    "payment_term": "30D",
    "lines": [
        {
            "tax_codes": ["STD", "ECO"],
            "taxes": [{"code": "STD", "amount": "1"}],
            "product": "P1",
            "analytic": ["N"],
        },
        {"account": "4000"},
        "odd",
    ],
}


def test_every_code_of_an_invoice_is_seen_once_per_line():
    assert sorted(values_of("invoice", INVOICE)) == sorted(
        [
            ("company", "DE01"), ("currency", "EUR"), ("journal", "WEB"), ("payment_term", "30D"), ("tax", "STD"),
            ("tax", "ECO"), ("product", "P1"), ("analytic", "N"), ("account", "4000"),
        ]
    )  # fmt: skip


def test_a_customer_and_a_movement():
    customer = {"status": "active", "address": {"country": "UK"}, "payment_term": "N30"}
    assert set(values_of("customer", customer)) == {
        ("status", "active"),
        ("country", "UK"),
        ("payment_term", "N30"),
    }
    movement = {"status": "failed", "amount": {"value": "1", "currency": "USD"}, "settled": None}
    assert set(values_of("movement", movement)) == {("status", "failed"), ("currency", "USD")}
    assert (
        list(values_of("provider_balance", {"account": "acct"})) == []
    )  # an account there is no ledger account


def test_a_stated_rate_that_is_not_the_rate_of_the_tax():
    mapped = [
        Mapped("V20", 1, "20", Decimal(20)),
        Mapped("V19", 2, "19.00", Decimal("19")),
        Mapped("V7", 3, "7", Decimal(19)),
        Mapped("V0", 4, "", Decimal(0)),
        Mapped("ODD", 5, "seven", Decimal(7)),
    ]
    assert doubtful("tax", mapped) == {"V7": "rate_differs"}


def test_two_codes_with_different_rates_lead_to_one_tax():
    mapped = [
        Mapped("A", 1, "20", None),
        Mapped("B", 1, "10", None),
        Mapped("C", 2, "20"),
        Mapped("D", 2, "20.0"),
    ]
    assert doubtful("tax", mapped) == {"A": "same_target", "B": "same_target"}


def test_several_accounts_in_one_are_usual_and_several_currencies_are_not():
    mapped = [Mapped("A", 1), Mapped("B", 1)]
    assert doubtful("account", mapped) == {}
    assert doubtful("currency", mapped) == {"A": "same_target", "B": "same_target"}
