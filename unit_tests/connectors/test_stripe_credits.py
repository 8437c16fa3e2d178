# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""What Stripe says of a customer's balance, and what of it may be true."""

import json
from decimal import Decimal
from pathlib import Path

import msgspec
import pytest

from odoo.addons.finance_integration import connectors
from odoo.addons.finance_integration.connectors.base import HttpAnswer, InboundEvent
from odoo.addons.finance_integration.connectors.registry import get_connector
from odoo.addons.finance_integration.engine.canonical.rules import check
from odoo.addons.finance_integration.engine.canonical_json import document_digest
from odoo.addons.finance_integration.engine.errors import BusinessError, ContractError

FIXTURES = Path(connectors.__path__[0]) / "stripe" / "fixtures"
SETTINGS = {"billing_issuer": "source", "time_zone": "Europe/Brussels"}
STRIPE = get_connector("stripe")


def told(case, **facts):
    body = json.loads((FIXTURES / case / "request.json").read_text(encoding="utf-8"))
    body["data"]["object"].update(facts)
    [document] = STRIPE.transform(InboundEvent(STRIPE.read_envelope(body, {}), body, SETTINGS))
    return document


@pytest.mark.parametrize(
    ("before", "after", "used", "debt"),
    [
        (0, 0, None, None),
        (None, None, None, None),
        (-1500, None, None, None),
        (-1500, -1500, None, None),
        (-1500, -500, "-10.00", None),
        (-1500, 0, "-15.00", None),
        (-100000, -90925, "-90.75", None),  # all of it
        (700, 0, None, "-7.00"),  # a debt, collected with it
        (0, 40, None, "0.40"),  # too little to be collected now
        (-9035, 40, "-90.35", "0.40"),
    ],
)
def test_an_invoice_takes_the_balance_along(before, after, used, debt):
    changed = (before or 0) - (after or 0) if None not in (before, after) else 0
    document = told(
        "invoice_finalized", starting_balance=before, ending_balance=after, amount_due=9075 + changed
    )
    assert document.credit_change == (None if used is None else Decimal(used))
    assert document.debt_change == (None if debt is None else Decimal(debt))
    check(document)


@pytest.mark.parametrize(
    "facts",
    [
        {
            "starting_balance": -100000,
            "ending_balance": 0,
            "amount_due": 0,
        },  # more than its total is not of it
        {
            "starting_balance": 700,
            "ending_balance": 0,
            "amount_due": 9075,
        },  # the debt is not collected with it
        {"starting_balance": -1500, "ending_balance": -500, "amount_due": 8074},
    ],
)
def test_figures_that_contradict_each_other_are_held(facts):
    with pytest.raises(BusinessError) as refusal:
        told("invoice_finalized", **facts)
    assert refusal.value.code == "billing_not_bookable"


def test_what_a_credit_note_took_off_before_is_no_contradiction():
    facts = {"starting_balance": -1500, "ending_balance": -500, "amount_due": 7075}
    assert told("invoice_finalized", **facts, pre_payment_credit_notes_amount=1000).credit_change == Decimal(
        "-10.00"
    )


def test_a_negative_invoice_is_a_credit_note():
    document = told("invoice_negative")
    assert (document.document_type, document.total_gross) == ("credit_note", Decimal("6.05"))
    assert (document.credit_change, document.debt_change) == (Decimal("6.05"), None)
    lessened = told("invoice_negative_lessens_a_debt")
    assert (lessened.credit_change, lessened.debt_change) == (Decimal("4.05"), Decimal("-2.00"))


@pytest.mark.parametrize(
    ("given", "debt"), [("credit_note", "1.00"), ("credit_note", "-2.01"), ("invoice", "9.09")]
)
def test_debts_that_cannot_be(given, debt):
    base = told("invoice_negative_lessens_a_debt" if given == "credit_note" else "invoice_shipping")
    amount = Decimal(debt) * (11 if given == "invoice" else 1)
    with pytest.raises(ContractError):
        check(msgspec.structs.replace(base, debt_change=amount))


def asked(case, **facts):
    body = json.loads((FIXTURES / case / "request.json").read_text(encoding="utf-8"))
    body["data"]["object"].update(facts)
    event = InboundEvent(STRIPE.read_envelope(body, {}), body, SETTINGS)
    return event, STRIPE.refetch_request(event, SETTINGS, "sk_test")


def answer(told):
    return HttpAnswer(200, {}, json.dumps(told).encode())


def test_the_taxes_on_shipping_are_asked_for():
    event, request = asked("invoice_shipping_tax_not_told")
    assert request.url.endswith("/v1/invoices/in_1TestShipNoTax?expand%5B%5D=shipping_cost.taxes")
    cost = json.loads((FIXTURES / "invoice_shipping" / "request.json").read_text())["data"]["object"][
        "shipping_cost"
    ]
    envelope, body = STRIPE.refetched(event, answer({"id": "in_1TestShipNoTax", "shipping_cost": cost}))
    [document] = STRIPE.transform(InboundEvent(envelope, body, SETTINGS))
    assert (document.lines[-1].account, document.lines[-1].taxes[0].amount) == ("role:SHIP", Decimal("1.05"))
    assert STRIPE.refetch_request(InboundEvent(envelope, body, SETTINGS), SETTINGS, "sk_test") is None
    with pytest.raises(BusinessError):  # the source does not say it either
        STRIPE.refetched(event, answer({"id": "in_1TestShipNoTax", "shipping_cost": {"amount_tax": 105}}))
    assert asked("invoice_shipping_tax_not_told", status="draft")[1] is None


def test_whose_billing_credits_were_used_is_asked_for():
    event, request = asked("invoice_credit_grant")
    assert "/v1/billing/credit_balance_transactions?customer=cus_Test0001" in request.url
    for category, lines in (("paid", ["6.00", "4.00", "-4.00"]), ("promotional", ["6.00"])):
        use = {"id": "cbtxn_1", "credit_grant": {"id": "credgr_1", "category": category}}
        listed = {"object": "list", "data": [use], "has_more": False}
        envelope, body = STRIPE.refetched(event, answer(listed))
        [document] = STRIPE.transform(InboundEvent(envelope, body, SETTINGS))
        assert [str(line.net_amount) for line in document.lines] == lines
        assert document.total_gross == Decimal("6.00")
        assert STRIPE.refetch_request(InboundEvent(envelope, body, SETTINGS), SETTINGS, "sk_test") is None
    with pytest.raises(BusinessError):
        STRIPE.refetched(event, answer({"object": "list", "data": [], "has_more": True}))


def test_what_stays_of_a_credit_note_is_what_is_not_paid_back():
    kept = {"customer_balance_transaction": "cbtxn_1"}
    assert told("credit_note_kept").credit_change == Decimal("12.10")
    refunded = [{"amount_refunded": 210, "refund": "re_1"}]
    assert told("credit_note_kept", refunds=refunded).credit_change == Decimal("10.00")
    assert told("credit_note_kept", refunds=refunded, out_of_band_amount=1000).credit_change is None
    assert told("credit_note_after_payment").credit_change is None
    assert told("credit_note_created", **kept, pre_payment_amount=0).set_off in ("invoice", "later")


def test_it_settles_and_does_not_change_the_document():
    plain, used = told("invoice_finalized"), told("invoice_finalized_credit_used")
    assert (plain.credit_change, used.credit_change) == (None, Decimal("-10.00"))
    assert document_digest(plain) == document_digest(used)


@pytest.mark.parametrize("amount", ["1.00", "-90.76", "-1.005"])
def test_an_invoice_uses_at_most_its_total(amount):
    wrong = msgspec.structs.replace(told("invoice_finalized"), credit_change=Decimal(amount))
    with pytest.raises(ContractError):
        check(wrong)


def test_a_credit_note_adds():
    with pytest.raises(ContractError):
        check(msgspec.structs.replace(told("credit_note_kept"), credit_change=Decimal("-1.00")))
