# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""The account model: amounts, states and events of every kind of movement."""

import itertools
from datetime import datetime, timezone
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulators.clock import SimulatedClock
from simulators.stripe.fees import FeePlan
from simulators.stripe.holdings import RefusedError
from simulators.stripe.state import StripeAccount

START = datetime(2026, 10, 1, 10, tzinfo=timezone.utc)


def account(**options):
    return StripeAccount("test", SimulatedClock(START), **options)


def told(stripe):
    return [event["type"] for event in stripe.events]


@pytest.mark.parametrize(
    ("amount", "currency", "fee"),
    # 2.9 % + 0.30: 1.55 gives 0.34495 and rounds down, 5.00 gives 0.445 and rounds up.
    [
        (10_000, "usd", 320),
        (50, "usd", 31),
        (155, "usd", 34),
        (500, "usd", 45),
        (1_000, "jpy", 59),
        (10_000, "eur", 315),
    ],
)
def test_card_fee(amount, currency, fee):
    assert FeePlan().card(amount, currency) == fee


def test_debit_fee_is_limited():
    assert FeePlan().debit(10_000, "usd") == 80
    assert FeePlan().debit(1_000_000, "usd") == 500


def test_a_card_payment_is_told_before_its_ledger_line_is_known():
    stripe = account()
    made = stripe.charge(10_000, "usd", metadata={"invoice_number": "INV-1"})
    first = stripe.events[-1]
    assert first["type"] == "charge.succeeded"
    assert first["api_version"] == "2025-09-30.clover"
    assert first["data"]["object"]["balance_transaction"] is None
    assert first["data"]["object"]["metadata"] == {"invoice_number": "INV-1"}
    assert len(stripe.ledger) == 0

    stripe.clock.advance(seconds=3)
    stripe.settle(made["id"])
    line = next(iter(stripe.ledger))
    second = stripe.events[-1]
    assert second["type"] == "charge.updated"
    assert second["data"]["previous_attributes"] == {"balance_transaction": None}
    assert second["data"]["object"]["balance_transaction"] == line.id
    assert second["created"] == first["created"] + 3
    assert (line.type, line.amount, line.fee, line.net, line.source) == (
        "charge",
        10_000,
        320,
        9_680,
        made["id"],
    )
    assert line.fee_details[0]["amount"] == 320
    assert first["data"]["object"]["balance_transaction"] is None, "an event that went out must not change"
    with pytest.raises(RefusedError):
        stripe.settle(made["id"])


def test_money_is_available_two_days_later():
    stripe = account()
    stripe.charge(10_000, "usd", settled=True)
    now = stripe.clock.timestamp
    assert (stripe.ledger.available("usd", now), stripe.ledger.pending("usd", now)) == (0, 9_680)
    with pytest.raises(RefusedError, match="0 are available"):
        stripe.pay_out("usd")
    stripe.clock.advance(days=2)
    assert stripe.ledger.available("usd", stripe.clock.timestamp) == 9_680


def test_partial_capture_is_two_lines_that_sum_to_what_was_captured():
    stripe = account()
    made = stripe.authorize(10_000, "usd")
    assert not made["captured"]
    assert len(stripe.ledger) == 0
    stripe.capture(made["id"], 4_000)
    stripe.settle(made["id"])
    lines = list(stripe.ledger)
    assert [(line.type, line.reporting_category, line.amount, line.fee) for line in lines] == [
        ("charge", "charge", 10_000, 320),
        ("refund", "partial_capture_reversal", -6_000, -174),
    ]
    assert stripe.ledger.balance("usd") == 4_000 - 146
    assert told(stripe) == ["charge.succeeded", "charge.captured", "charge.updated"]
    with pytest.raises(RefusedError):
        stripe.refund(made["id"], 4_001)


def test_a_declined_card_moves_nothing():
    stripe = account()
    made = stripe.failed_charge(5_000, "usd")
    assert (made["status"], made["failure_code"], made["paid"]) == ("failed", "card_declined", False)
    assert told(stripe) == ["charge.failed"]
    assert len(stripe.ledger) == 0


def test_a_debit_has_its_line_while_pending_and_loses_it_again():
    stripe = account()
    made = stripe.start_debit(20_000, "usd")
    assert made["status"] == "pending"
    assert made["balance_transaction"] == next(iter(stripe.ledger)).id
    stripe.clock.advance(days=4)
    assert stripe.complete_debit(made["id"])["status"] == "succeeded"
    stripe.clock.advance(days=6)
    failed = stripe.fail_debit(made["id"])
    lines = list(stripe.ledger)
    assert [(line.type, line.amount, line.fee) for line in lines] == [
        ("payment", 20_000, 160),
        ("payment_failure_refund", -20_000, 400),
    ]
    assert failed["failure_balance_transaction"] == lines[1].id
    assert (failed["status"], failed["amount_captured"]) == ("failed", 0)
    assert told(stripe) == ["charge.pending", "charge.succeeded", "charge.failed"]
    assert stripe.ledger.balance("usd") == -560
    with pytest.raises(RefusedError):
        stripe.fail_debit(made["id"])


def test_refunds_in_parts_and_one_that_comes_back():
    stripe = account()
    made = stripe.charge(10_000, "usd", settled=True)
    first = stripe.refund(made["id"], 3_000)
    second = stripe.refund(made["id"])
    assert (first["amount"], second["amount"]) == (3_000, 7_000)
    assert stripe.charges[made["id"]]["refunded"] is True
    with pytest.raises(RefusedError):
        stripe.refund(made["id"])
    assert stripe.ledger.balance("usd") == -320
    failed = stripe.fail_refund(second["id"])
    assert failed["failure_balance_transaction"] == list(stripe.ledger)[-1].id
    assert stripe.ledger.balance("usd") == 6_680
    assert stripe.charges[made["id"]]["amount_refunded"] == 3_000
    assert told(stripe)[1:] == [
        "refund.created",
        "charge.refunded",
        "refund.created",
        "charge.refunded",
        "refund.updated",
        "refund.failed",
    ]
    with pytest.raises(RefusedError):
        stripe.fail_refund(second["id"])


def test_a_payout_takes_everything_available_and_says_of_what_it_consists():
    stripe = account()
    stripe.charge(10_000, "usd", settled=True)
    stripe.clock.advance(days=2)
    stripe.charge(5_000, "usd", settled=True)
    sent = stripe.pay_out("usd")
    assert (sent["amount"], sent["status"]) == (9_680, "in_transit")
    parts = [stripe.ledger.get(line_id) for line_id in stripe.composition[sent["id"]]]
    assert sum(line.net for line in parts) == 0
    stripe.clock.advance(days=1)
    stripe.complete_payout(sent["id"])
    stripe.clock.advance(days=3)
    returned = stripe.fail_payout(sent["id"])
    assert returned["status"] == "failed"
    again = stripe.pay_out("usd")
    assert again["amount"] == 9_680 + 4_825
    assert sum(stripe.ledger.get(line_id).net for line_id in stripe.composition[again["id"]]) == 0
    assert stripe.ledger.balance("usd") == 0
    assert told(stripe)[2:] == ["payout.created", "payout.paid", "payout.failed", "payout.created"]


def test_a_fee_without_a_payment_is_only_in_the_ledger():
    stripe = account()
    line = stripe.account_fee(1_250, "usd", "Radar")
    assert (line.type, line.reporting_category, line.net, line.source) == ("stripe_fee", "fee", -1_250, None)
    assert told(stripe) == []


def test_a_charge_in_euros_settles_in_dollars_and_a_failed_refund_brings_the_same_dollars_back():
    stripe = account(conversions={"eur": ("usd", Decimal("1.085"))})
    made = stripe.charge(10_001, "eur", settled=True)
    line = stripe.ledger.get(made["balance_transaction"])
    # 100.01 EUR x 1.085 = 108.51085 USD; the fee is taken from the dollars.
    assert (line.currency, line.amount, line.exchange_rate) == ("usd", 10_851, Decimal("1.085"))
    assert line.fee == 345
    stripe.conversions["eur"] = ("usd", Decimal("1.100"))
    back = stripe.refund(made["id"], 5_000)
    assert stripe.ledger.get(back["balance_transaction"]).amount == -5_500
    stripe.conversions["eur"] = ("usd", Decimal("1.200"))
    failed = stripe.fail_refund(back["id"])
    assert stripe.ledger.get(failed["failure_balance_transaction"]).amount == 5_500
    assert stripe.ledger.balance("usd") == 10_851 - 345


def test_a_dispute_takes_amount_and_fee_and_gives_the_amount_back_when_won():
    stripe = account()
    made = stripe.charge(10_000, "usd", settled=True)
    opened = stripe.open_dispute(made["id"])
    assert stripe.ledger.balance("usd") == 9_680 - 11_500
    stripe.close_dispute(opened["id"], won=True)
    assert stripe.ledger.balance("usd") == 9_680 - 1_500
    assert told(stripe)[1:] == [
        "charge.dispute.created",
        "charge.dispute.funds_withdrawn",
        "charge.dispute.closed",
        "charge.dispute.funds_reinstated",
    ]
    with pytest.raises(RefusedError):
        stripe.close_dispute(opened["id"], won=False)


@pytest.mark.parametrize(("amount", "currency"), [(0, "usd"), (-1, "usd"), (1_234, "kwd"), (100, "USD")])
def test_impossible_amounts_are_refused(amount, currency):
    with pytest.raises(RefusedError):
        account().charge(amount, currency)


def test_the_account_is_bounded():
    stripe = account(max_objects=2, max_events=3)
    stripe.charge(100, "usd")
    stripe.charge(100, "usd")
    with pytest.raises(RefusedError, match="takes no more"):
        stripe.charge(100, "usd")
    stripe.create_customer("A")
    stripe.create_customer("B")
    assert (len(stripe.events), stripe.events_told) == (3, 4)


def _capture(stripe, amount, pick):
    made = stripe.authorize(amount, "usd")
    stripe.capture(made["id"], max(1, amount - pick))
    stripe.settle(made["id"])


def _debit(stripe, amount, pick):
    made = stripe.start_debit(amount, "usd")
    if pick % 2:
        stripe.fail_debit(made["id"])


def _refund(stripe, amount, pick):
    for held in _paid(stripe)[pick:]:
        left = held["amount"] - held["amount_refunded"]
        if left:
            stripe.refund(held["id"], min(amount, left))
            return


def _fail_refund(stripe, _amount, pick):
    for held in [held for held in stripe.refunds.values() if held["status"] == "succeeded"][pick % 3 :]:
        stripe.fail_refund(held["id"])
        return


def _pay_out(stripe, _amount, pick):
    if stripe.ledger.available("usd", stripe.clock.timestamp) > 0:
        sent = stripe.pay_out("usd")
        if pick % 3 == 0:
            stripe.fail_payout(sent["id"])


def _dispute(stripe, _amount, pick):
    for held in _paid(stripe)[pick:]:
        left = held["amount"] - held["amount_refunded"]
        if left and not held["disputed"]:
            stripe.close_dispute(stripe.open_dispute(held["id"], left)["id"], won=bool(pick % 2))
            return


def _paid(stripe):
    return [held for held in stripe.charges.values() if held["paid"] and held["balance_transaction"]]


DOING = {
    "charge": lambda stripe, amount, _pick: stripe.charge(amount, "usd", settled=True),
    "euro": lambda stripe, amount, _pick: stripe.charge(amount, "eur", settled=True),
    "capture": _capture,
    "debit": _debit,
    "refund": _refund,
    "fail_refund": _fail_refund,
    "payout": _pay_out,
    "fee": lambda stripe, amount, _pick: stripe.account_fee(amount, "usd", "fee"),
    "dispute": _dispute,
    "wait": lambda stripe, _amount, pick: stripe.clock.advance(hours=pick * 10),
}
ACTIONS = st.lists(
    st.tuples(st.sampled_from(sorted(DOING)), st.integers(50, 500_000), st.integers(0, 5)), max_size=40
)


@settings(max_examples=150, deadline=None)
@given(ACTIONS)
def test_the_ledger_adds_up_whatever_happens(actions):
    stripe = account(conversions={"eur": ("usd", Decimal("1.0850"))})
    for action, amount, pick in actions:
        DOING[action](stripe, amount, pick)

    lines = list(stripe.ledger)
    assert stripe.ledger.balance("usd") == sum(line.net for line in lines)
    assert all(line.net == line.amount - line.fee for line in lines)
    assert all(sum(detail["amount"] for detail in line.fee_details) == line.fee for line in lines)
    now = stripe.clock.timestamp
    assert stripe.ledger.available("usd", now) + stripe.ledger.pending("usd", now) == stripe.ledger.balance(
        "usd"
    )

    days = list(stripe.ledger.days(timezone.utc).values())
    assert sum(day.lines for day in days) == len(lines)
    for before, after in itertools.pairwise(days):
        assert after.opening == before.closing
    for day in days:
        assert day.opening + day.movement == day.closing
    if days:
        assert days[-1].closing == Decimal(stripe.ledger.balance("usd")).scaleb(-2)

    for payout_id, parts in stripe.composition.items():
        assert sum(stripe.ledger.get(line_id).net for line_id in parts) == 0, payout_id
    paid = [line_id for parts in stripe.composition.values() for line_id in parts]
    assert len(paid) == len(set(paid)), "a line is paid out once"


@settings(max_examples=30, deadline=None)
@given(ACTIONS)
def test_the_same_actions_give_the_same_events(actions):
    first, second = (account(conversions={"eur": ("usd", Decimal("1.085"))}) for _ in range(2))
    for stripe in (first, second):
        for action, amount, pick in actions:
            DOING[action](stripe, amount, pick)
    assert list(first.events) == list(second.events)
    assert list(first.ledger) == list(second.ledger)
