# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Stripe's ledger lines: complete to the cent, and the same money as the webhooks say."""

from collections import defaultdict
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from odoo.addons.finance_integration import connectors as package
from odoo.addons.finance_integration.connectors.registry import get_connector
from odoo.addons.finance_integration.connectors.stripe import const, wire
from odoo.addons.finance_integration.connectors.stripe.shared import Context, money
from odoo.addons.finance_integration.connectors.stripe.transactions import (
    movement_type,
    transaction_documents,
)
from odoo.addons.finance_integration.engine.canonical import rules
from odoo.addons.finance_integration.unit_tests.connectors.promises.cases import documents_of, read_cases

CONTEXT = Context.of({})
STRIPE = get_connector("stripe")
CASES = {case.name: case for case in read_cases(Path(package.__path__[0]) / "stripe")}
CREATED = 1_772_366_400
# The types of https://docs.stripe.com/reports/balance-transaction-types that we know, and some we do not.
TYPES = sorted(
    {*const.TRANSACTION_TYPES, *const.SIGNED_TYPES, *const.CATEGORISED_TYPES, "transfer", "never_heard_of"}
)
CATEGORIES = [None, *const.REPORTING_CATEGORIES, "other_adjustment", const.PARTIAL_CAPTURE_REVERSAL]


def line(**fields):
    body = {
        "id": "txn_1",
        "object": "balance_transaction",
        "amount": 1000,
        "currency": "eur",
        "created": CREATED,
        "fee": 0,
        "type": "charge",
        "source": "ch_1",
        **fields,
    }
    return {**body, "net": body["amount"] - body["fee"]}


def booked_total(documents):
    """Return what the documents add to each balance, by currency."""
    totals = defaultdict(Decimal)
    for document in documents:
        if document.changes_balance:
            amount = document.settled or document.amount
            totals[amount.currency] += amount.value
    return {currency: total for currency, total in totals.items() if total}


lines = st.builds(
    line,
    id=st.sampled_from(["txn_1", "txn_2"]),
    amount=st.integers(-(10**9), 10**9),
    fee=st.integers(-(10**6), 10**6),
    currency=st.sampled_from(["eur", "usd", "jpy", "kwd"]),
    type=st.sampled_from(TYPES),
    reporting_category=st.sampled_from(CATEGORIES),
    source=st.sampled_from(
        [None, "ch_1", "re_1", "po_1", {"id": "du_1", "object": "dispute", "charge": "ch_1"}]
    ),
)


@given(lines)
def test_what_is_booked_is_exactly_the_net_of_the_line(body):
    net = money(body["net"], body["currency"])
    documents = transaction_documents(CONTEXT, body)
    assert booked_total(documents) == ({net.currency: net.value} if net.value else {})
    for document in documents:
        assert rules.check(document, "stripe") == ()
        assert document.balance_transaction == body["id"]
    identities = [(document.type, document.movement_id) for document in documents]
    assert len(set(identities)) == len(identities)


charges = st.builds(
    lambda amount, captured, currency: {
        "id": "ch_1",
        "object": "charge",
        "amount": amount,
        "amount_captured": captured,
        "currency": currency,
        "created": CREATED,
        "status": "succeeded",
        "captured": True,
        "paid": True,
        "balance_transaction": "txn_1",
    },
    amount=st.integers(1, 10**9),
    captured=st.integers(1, 10**9),
    currency=st.sampled_from(["eur", "usd"]),
)


@given(charges, st.integers(1, 10**9), st.integers(0, 10**6))
def test_an_expanded_charge_is_booked_at_what_reached_the_balance(charge, settled, fee):
    charge["amount_captured"] = min(charge["amount_captured"], charge["amount"])
    converted = charge["currency"] != "eur"
    amount = settled if converted else charge["amount_captured"]
    documents = transaction_documents(CONTEXT, line(amount=amount, fee=fee, source=charge))
    assert documents[0].amount == money(charge["amount_captured"], charge["currency"])
    assert documents[0].settled == (money(settled, "eur") if converted else None)
    net = money(amount - fee, "eur").value
    assert booked_total(documents) == ({"EUR": net} if net else {})


@given(st.integers(2, 10**9).flatmap(lambda full: st.tuples(st.just(full), st.integers(1, full - 1))))
def test_a_partial_capture_nets_over_its_pair_of_lines(pair):
    full, captured = pair
    charge = {
        **CASES["pull_partial_capture"].pull["answer"]["body"]["data"][1]["source"],
        "amount": full,
        "amount_captured": captured,
        "balance_transaction": "txn_1",
        "currency": "eur",
    }
    refund = {
        "id": "re_1",
        "object": "refund",
        "amount": full - captured,
        "currency": "eur",
        "created": CREATED,
    }
    reversal = line(
        id="txn_2",
        type="refund",
        reporting_category=const.PARTIAL_CAPTURE_REVERSAL,
        amount=captured - full,
        source={**refund, "status": "succeeded", "charge": charge["id"]},
    )
    documents = transaction_documents(CONTEXT, line(amount=full, source=charge))
    documents += transaction_documents(CONTEXT, reversal)
    assert booked_total(documents) == {"EUR": money(captured, "eur").value}
    assert documents[0].amount == money(captured, "eur")


@pytest.mark.parametrize(
    ("kind", "category", "amount", "wanted"),
    [
        ("charge", "charge", 1, "payment"),
        ("charge", "charge", -1, "unknown"),
        ("payment", "charge", 1, "payment"),
        ("payment_failure_refund", "charge_failure", -1, "payment_return"),
        ("refund", "refund", -1, "refund"),
        ("payment_refund", "refund_failure", 1, "refund_return"),
        ("payment_refund", None, 1, "refund_return"),
        ("adjustment", "dispute", -1, "dispute"),
        ("adjustment", "dispute_reversal", 1, "dispute_return"),
        ("adjustment", "dispute", 1, "unknown"),
        ("adjustment", None, -1, "unknown"),
        ("payout", "payout", -1, "payout"),
        ("payout", "payout", 1, "payout_return"),
        ("payout_cancel", "payout_reversal", 1, "payout_return"),
        ("payout_failure", "payout_reversal", -1, "payout"),
        ("topup", "topup", 1, "payout_return"),
        ("reserved_funds", None, -1, "reserve"),
        ("reserved_funds", None, 1, "reserve_release"),
        ("payout_minimum_balance_hold", None, -1, "reserve"),
        ("stripe_fee", "fee", -1, "fee"),
        ("tax_fee", "tax", -1, "fee"),
        ("application_fee", "platform_earning", 1, "unknown"),
        ("transfer", "transfer", -1, "unknown"),
    ],
)
def test_the_words_of_stripe(kind, category, amount, wanted):
    body = line(type=kind, reporting_category=category, amount=amount)
    transaction = wire.BalanceTransaction(
        **{name: value for name, value in body.items() if name in wire.BalanceTransaction.__struct_fields__}
    )
    assert movement_type(transaction) == wanted


def test_an_old_adjustment_tells_a_dispute_by_its_source():
    source = {"id": "dp_1", "object": "dispute", "charge": "ch_1", "reason": "fraudulent"}
    (withdrawn,) = transaction_documents(CONTEXT, line(type="adjustment", amount=-500, source=source))
    assert (withdrawn.type, withdrawn.movement_id, withdrawn.related) == ("dispute", "dp_1", "ch_1")


def test_another_balance_than_the_payments_balance_gives_nothing():
    assert transaction_documents(CONTEXT, line(balance_type="issuing")) == []
    assert len(transaction_documents(CONTEXT, line(balance_type="payments"))) == 1


SAME_MONEY = [
    ("charge_updated_ledger_id", "pull_charge_with_fee", "payment"),
    ("charge_updated_expanded_converted", "pull_charge_converted", "payment"),
    ("charge_captured_partial", "pull_partial_capture", "payment"),
    ("refund_created_partial", "pull_refund_with_fee", "refund"),
    ("refund_failed", "pull_refund_failure", "refund_return"),
    ("charge_failed_after_ledger", "pull_payment_failure", "payment_return"),
    ("payout_created", "pull_payouts", "payout"),
    ("payout_failed", "pull_payouts", "payout_return"),
]


@pytest.mark.parametrize(("webhook", "pull", "kind"), SAME_MONEY)
def test_webhook_and_pull_tell_the_same_movement(webhook, pull, kind):
    """Same identity, same amount, same ledger line: whichever comes second books nothing more."""

    def told(name):
        movements = [document for document in documents_of(STRIPE, CASES[name]) if document.type == kind]
        return movements[0]

    first, second = told(webhook), told(pull)
    for field in ("movement_id", "amount", "settled", "balance_transaction", "related", "changes_balance"):
        if field == "related" and kind == "payout_return":
            continue
        assert getattr(first, field) == getattr(second, field), field
    assert first.source == second.source
    assert first.references == second.references or kind == "payment_return"
