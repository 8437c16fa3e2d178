# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""The month: exact totals, determinism, and what the network does to it."""

import itertools
from collections import Counter
from datetime import date, datetime, timedelta, timezone
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulators.scenario import DEMO_MONTH, default_month, demo_month, plan_month
from simulators.trickle import MAX_EVENTS, trickle


@pytest.fixture(scope="module")
def month():
    return demo_month(1)


def test_the_demo_is_small(month):
    assert len(month) == 55
    assert Counter(step.system for step in month) == {"stripe": 39, "partner": 16}


def test_totals_of_the_month_to_the_cent(month):
    expected = month.expected
    totals = {
        field: expected.total(field)
        for field in (
            "gross",
            "fees",
            "refunds",
            "refund_returns",
            "payment_returns",
            "payouts",
            "payout_returns",
            "disputes",
        )
    }
    assert totals == {
        "gross": Decimal("14117.74"),
        "fees": Decimal("402.52"),
        "refunds": Decimal("2285.00"),
        "refund_returns": Decimal("0.00"),
        "payment_returns": Decimal("1104.00"),
        "payouts": Decimal("17977.95"),
        "payout_returns": Decimal("8442.92"),
        "disputes": Decimal("0.00"),
    }
    assert expected.closing() == Decimal("791.19")
    assert expected.closing(until=date(2026, 10, 23)) == Decimal("0.00")
    assert expected.closing() == (
        totals["gross"]
        - totals["fees"]
        - totals["refunds"]
        - totals["payment_returns"]
        - totals["payouts"]
        + totals["payout_returns"]
    )


def test_what_every_invoice_must_show(month):
    residuals = {number[-4:]: invoice.residual for number, invoice in month.expected.invoices.items()}
    assert residuals == {
        "0001": Decimal("0.00"),
        "0002": Decimal("828.00"),
        "0003": Decimal("0.00"),
        "0004": Decimal("0.00"),
        "0005": Decimal("0.00"),
        "0006": Decimal("437.00"),
        "0007": Decimal("0.00"),
        "0008": Decimal("0.00"),
        "0009": Decimal("1104.00"),
    }
    assert [entry.reason for entry in month.expected.exceptions] == [
        "payment_excess",
        "payment_invoice_closed",
        "payment_currency_differs",
        "payment_party_unknown",
        "payment_without_reference",
        "refund_without_credit_note",
    ]
    assert sorted(month.expected.open_credits.values()) == [
        (Decimal("80.00"), "USD"),
        (Decimal("150.00"), "USD"),
        (Decimal("400.00"), "EUR"),
        (Decimal("2162.00"), "USD"),
    ]
    assert list(month.expected.unidentified.values()) == [(Decimal("250.00"), "USD")]
    assert month.expected.requested == ["REQ-202610-0001"]


def test_payments_of_the_ledger_are_those_that_the_notes_explain(month):
    """What came in is applied, a customer's credit, unidentified, or was taken back: nothing else."""
    expected = month.expected
    in_euros = Decimal("434.00")  # 400.00 EUR at 1.085
    explained = (
        sum(invoice.applied for invoice in expected.invoices.values())
        + sum(amount for amount, currency in expected.open_credits.values() if currency == "USD")
        + in_euros
        + sum(amount for amount, _currency in expected.unidentified.values())
        + expected.total("payment_returns")
    )
    assert expected.total("gross") == explained
    assert expected.total("refunds") == sum(invoice.refunded for invoice in expected.invoices.values())


def test_the_network_s_mischief(month):
    steps = list(month)
    assert [step.event.type for step in steps if step.copies == 2] == [
        "invoice.issued",
        "charge.succeeded",
        "payout.paid",
    ]
    forged = [step for step in steps if step.forged]
    assert len(forged) == 1
    forged_id = forged[0].content["data"]["object"]["id"]
    assert forged_id not in month.account.charges
    expected = month.expected
    assert (expected.distinct_events, expected.duplicates, expected.refused) == (54, 3, 1)
    places = {(step.event.type, str(step.content["data"])): place for place, step in enumerate(steps)}
    assert len(places) == 55
    late = [
        (place, step)
        for place, step in enumerate(steps)
        if any(earlier.occurred_at > step.occurred_at for earlier in steps[:place])
    ]
    assert [step.event.type for _place, step in late] == ["charge.succeeded", "invoice.issued"]
    assert [step.event.type for step in steps].count("terminal.reader.action_succeeded") == 1


def test_the_same_seed_gives_the_same_bytes_and_another_seed_other_ids(month):
    again, other = demo_month(1), demo_month(2)
    assert [(step.event, step.copies) for step in again] == [(step.event, step.copies) for step in month]
    assert again.expected == month.expected
    ids = {step.event.id for step in month}
    assert not ids & {step.event.id for step in other}
    assert not ids & {step.event.id for step in demo_month(1, month=date(2026, 9, 1))}


@settings(max_examples=8, deadline=None)
@given(st.integers(0, 10_000), st.integers(9, 120))
def test_any_month_adds_up(seed, invoices):
    played = demo_month(seed, invoices=invoices)
    expected = played.expected
    assert len(expected.invoices) == invoices
    days = list(expected.days.values())
    for before, after in itertools.pairwise(days):
        assert after.opening == before.closing
    assert all(day.opening + day.movement == day.closing for day in days)
    assert expected.closing() == Decimal(played.account.ledger.balance("usd")).scaleb(-2)
    assert played.account.ledger.currencies() == ["usd"]
    assert expected.total("gross") == (
        sum(invoice.applied for invoice in expected.invoices.values())
        + sum(amount for amount, currency in expected.open_credits.values() if currency == "USD")
        + Decimal("434.00")
        + Decimal("250.00")
        + expected.total("payment_returns")
    )
    genuine = {step.event.id for step in played if not step.forged}
    assert len(genuine) == expected.distinct_events
    assert sum(step.copies for step in played) == expected.distinct_events + expected.duplicates + 1
    assert [number[-4:] for number in sorted(expected.invoices)] == [
        f"{n:04d}" for n in range(1, invoices + 1)
    ]


def test_a_month_in_another_zone_has_the_same_days():
    """Everything happens in the hours in which it is one day nearly everywhere."""
    reference = demo_month(1).expected.days
    for zone in ("America/Los_Angeles", "Pacific/Honolulu", "Asia/Tokyo"):
        assert demo_month(1, zone=ZoneInfo(zone)).expected.days == reference


def test_playing_step_by_step_never_shows_the_future_and_ends_the_same(month):
    live = plan_month(1)
    latest = live.moment(1)
    for step in month:
        live.play(until=step.occurred_at)
        latest = max(latest, step.occurred_at)
        assert live.account.clock.now == latest
        if step.system == "stripe" and not step.forged:
            assert step.event.id in {told["id"] for told in live.account.events}
    live.end_month()
    assert list(live.account.events) == list(month.account.events)
    assert list(live.account.ledger) == list(month.account.ledger)
    assert live.clock.now == month.account.clock.now == datetime(2026, 11, 1, 9, tzinfo=timezone.utc)


def test_what_trickles_in_is_the_same_every_time_and_bounded():
    first = [step.event for step in trickle(plan_month(1), 31)]
    second = [step.event for step in trickle(plan_month(1), 60)]
    assert (len(first), first) == (31, second[:31])
    assert len({event.id for event in second}) == 60
    assert [event.type for event in first[:3]] == ["invoice.issued", "charge.succeeded", "charge.updated"]
    last = list(trickle(plan_month(1), MAX_EVENTS))[-1]
    assert last.occurred_at < datetime(2026, 11, 11, tzinfo=timezone.utc)
    with pytest.raises(ValueError, match="at most 200"):
        next(trickle(plan_month(1), MAX_EVENTS + 1))


@given(st.dates(date(2024, 1, 1), date(2030, 1, 1)))
def test_the_month_of_the_demo_is_over_and_stays_the_same(today):
    month = default_month(today)
    assert month.day == 1
    assert (month + timedelta(days=32)).replace(day=1) + timedelta(days=10) <= today
    if today >= date(2026, 11, 11):
        assert month == DEMO_MONTH


def test_too_few_invoices_are_refused():
    with pytest.raises(ValueError, match="9 invoices"):
        demo_month(1, invoices=8)
