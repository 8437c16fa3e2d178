# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Due times, ageing, turns, standing limits, and what money or a customer could be (X1, X2, X3, policy F5)."""

from datetime import date, datetime, time, timedelta, timezone
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from odoo.addons.finance_integration.engine import cash_candidates, party_candidates
from odoo.addons.finance_integration.engine.ageing import bucket, next_owner
from odoo.addons.finance_integration.engine.cash_candidates import OpenDocument, suggest
from odoo.addons.finance_integration.engine.limits import (
    AT_ONCE,
    DEFAULTS,
    Limits,
    judge_application,
    judge_classification,
    judge_difference,
    judge_identification,
    tolerance,
)
from odoo.addons.finance_integration.engine.party_candidates import Party, candidates, name_words
from odoo.addons.finance_integration.engine.working_time import WorkingTime, due_at

instants = st.integers(0, 10**6).map(
    lambda minutes: datetime(2024, 1, 1, tzinfo=timezone.utc) + timedelta(minutes=minutes)
)
cents = st.integers(0, 10**7).map(lambda value: Decimal(value).scaleb(-2))
BERLIN = WorkingTime("Europe/Berlin")


# -- when it is due ------------------------------------------------------------------------------------------


def test_without_working_hours_the_clock_runs_through():
    friday = datetime(2026, 3, 6, 15, 0, tzinfo=timezone.utc)
    assert due_at(friday, 24) == friday + timedelta(hours=24)


def test_working_hours_go_on_after_the_weekend():
    friday = datetime(2026, 3, 6, 15, 0, tzinfo=timezone.utc)  # 16:00 in Berlin, one hour left
    assert due_at(friday, 4, BERLIN) == datetime(2026, 3, 9, 11, 0, tzinfo=timezone.utc)  # Monday 12:00


def test_the_day_on_which_the_clocks_change_begins_at_nine_all_the_same():
    friday = datetime(2026, 3, 27, 16, 0, tzinfo=timezone.utc)  # after work, clocks change on Sunday
    assert due_at(friday, 1, BERLIN) == datetime(2026, 3, 30, 8, 0, tzinfo=timezone.utc)  # 10:00 summer time


@given(instants, st.integers(0, 200), st.sets(st.integers(0, 6), min_size=1))
def test_what_is_due_in_working_time_is_due_within_it(since, hours, days):
    working = WorkingTime("America/New_York", frozenset(days))
    due = due_at(since, hours, working)
    assert due >= since + timedelta(hours=hours) or hours == 0
    assert due >= due_at(since, max(hours - 1, 0), working)
    if hours:
        local = due.astimezone(ZoneInfo("America/New_York"))
        assert local.weekday() in days
        assert time(9) < local.time() <= time(17)


@pytest.mark.parametrize(
    "arguments", [{"days": frozenset()}, {"days": frozenset({7})}, {"from_minute": 600, "to_minute": 600}]
)
def test_nobody_works_never(arguments):
    with pytest.raises(ValueError):
        WorkingTime("UTC", **arguments)


def test_hours_are_not_negative_and_not_endless():
    now = datetime(2026, 3, 6, tzinfo=timezone.utc)
    with pytest.raises(ValueError):
        due_at(now, -1)
    with pytest.raises(ValueError):
        due_at(now, 10**6, BERLIN)


# -- ageing and turns ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("days", "code"),
    [(0, "1_day"), (0.99, "1_day"), (1, "2_week"), (7, "3_month"), (29.9, "3_month"), (30, "4_older")],
)
def test_buckets(days, code):
    assert bucket(days) == code


def test_nothing_is_younger_than_now():
    with pytest.raises(ValueError):
        bucket(-1)


@given(st.lists(st.integers(1, 9), unique=True, min_size=1), st.integers(1, 40))
def test_turns_are_shared_out_evenly(people, rounds):
    last, counts = None, dict.fromkeys(people, 0)
    for _number in range(rounds):
        last = next_owner(people, last)
        counts[last] += 1
    assert max(counts.values()) - min(counts.values()) <= 1


def test_nobody_there_is_nobodys_turn():
    assert next_owner([], 3) is None


# -- limits --------------------------------------------------------------------------------------------------


def judged(amount, total=1000, today=0, month=0, limits=DEFAULTS):
    return judge_difference(
        limits,
        Decimal(str(amount)),
        Decimal(total),
        used_today=Decimal(str(today)),
        used_this_month=Decimal(str(month)),
    )


def test_the_default_limits_are_those_of_the_policy():
    assert (
        Limits(Decimal(1), Decimal("0.1"), Decimal(50), Decimal(200), Decimal(5000), Decimal(500)) == DEFAULTS
    )


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        ({"amount": "1.00"}, ""),
        ({"amount": "1.01"}, "difference_above_limit"),
        ({"amount": "5.00", "total": 5000}, ""),
        ({"amount": "500.01"}, "write_off_above_limit"),
        ({"amount": "1.00", "today": "49.00"}, ""),
        ({"amount": "1.00", "today": "49.01"}, "user_day_cap"),
        ({"amount": "1.00", "month": "199.01"}, "partner_month_cap"),
    ],
)
def test_differences(arguments, reason):
    assert judged(**arguments).reason == reason
    assert judged(**arguments).at_once == (not reason)


@given(st.lists(cents, max_size=60), cents)
def test_at_once_never_comes_to_more_than_the_cap_of_a_day(amounts, total):
    used = Decimal(0)
    for amount in amounts:
        if judged(amount, total, used).at_once:
            used += amount
    assert used <= DEFAULTS.user_day_amount


@given(cents, cents)
def test_tighter_limits_never_allow_more(amount, total):
    tight = Limits(difference_amount=Decimal("0.50"), difference_percent=Decimal("0.05"))
    if judged(amount, total, limits=tight).at_once:
        assert judged(amount, total).at_once
    assert tolerance(tight, total) <= tolerance(DEFAULTS, total)
    assert tight.looser_than(DEFAULTS) == []
    assert DEFAULTS.looser_than(tight) == ["difference_amount", "difference_percent"]


def test_money_is_applied_at_once_where_it_names_its_document_or_is_little():
    assert judge_application(DEFAULTS, Decimal(10**6), exact=True) == AT_ONCE
    assert judge_application(DEFAULTS, Decimal(5000), exact=False) == AT_ONCE
    assert judge_application(DEFAULTS, Decimal("5000.01"), exact=False).reason == "application_above_limit"


def test_limits_are_not_negative():
    with pytest.raises(ValueError):
        Limits(difference_amount=Decimal(-1))


# -- what money could pay ------------------------------------------------------------------------------------


def document(number, residual, same=True, day=1):
    return OpenDocument(number, (f"INV/2026/{number:04}",), Decimal(residual), date(2026, 3, day), same)


def test_the_document_that_is_named_comes_first_and_takes_the_money():
    found = suggest(Decimal(150), ["inv-2026-0002"], [document(1, 150), document(2, 100)])
    assert [(row.id, row.likelihood, row.proposed) for row in found] == [
        (2, "exact", Decimal(100)),
        (1, "likely", Decimal(50)),
    ]


def test_the_amount_alone_points_at_the_own_document_not_at_somebody_elses():
    found = suggest(Decimal(100), [], [document(1, 100, same=False), document(2, 100, day=9)])
    assert [(row.id, row.reasons, row.proposed) for row in found] == [
        (2, ("amount",), Decimal(100)),
        (1, ("amount_only",), Decimal(0)),
    ]


def test_several_documents_that_come_to_the_amount():
    found = suggest(Decimal(175), [], [document(1, 100), document(2, 75), document(3, 60)])
    assert {row.id: row.proposed for row in found} == {1: Decimal(100), 2: Decimal(75), 3: Decimal(0)}


@given(
    cents,
    st.lists(st.tuples(cents, st.booleans()), max_size=20),
    st.lists(st.sampled_from(["INV/2026/0001", "2026-0003", "thanks"]), max_size=3),
)
def test_never_more_than_there_is_and_never_more_than_is_open(amount, rows, references):
    documents = [document(number, residual, same) for number, (residual, same) in enumerate(rows, 1)]
    found = suggest(amount, references, documents)
    assert sum(row.proposed for row in found) <= amount
    by_id = {row.id: row for row in documents}
    assert all(Decimal(0) <= row.proposed <= by_id[row.id].residual for row in found)
    assert all(row.likelihood in cash_candidates.LIKELIHOODS for row in found)
    assert {reason for row in found for reason in row.reasons} <= set(cash_candidates.REASONS)
    assert len({row.id for row in found}) == len(found)


# -- who a customer could be ---------------------------------------------------------------------------------

WANTED = Party(0, "Müller Söhne GmbH", "ap@mueller.example", "DE 123.456.789")


def test_candidates_by_likelihood_with_reasons():
    found = candidates(
        WANTED,
        [
            Party(1, "Nobody at all", "x@other.example", ""),
            Party(2, "Muller Sohne", "info@mueller.example", ""),
            Party(3, "Other name", "AP@Mueller.example", ""),
            Party(4, "Mueller", "", "DE123456789"),
        ],
    )
    assert [(row.id, row.likelihood) for row in found] == [(4, "certain"), (2, "likely"), (3, "likely")]
    assert found[1].reasons == ("name", "domain")


def test_a_mail_provider_is_no_reason_and_neither_is_a_legal_form():
    assert candidates(Party(0, "Anna GmbH", "anna@gmail.com"), [Party(1, "Ben GmbH", "ben@gmail.com")]) == []
    assert name_words("GmbH") == {"gmbh"}


@given(st.text(max_size=30), st.text(max_size=30), st.text(max_size=20))
def test_whoever_is_the_same_is_found_and_nothing_breaks(name, email, tax_id):
    party = Party(7, name, email, tax_id)
    found = candidates(Party(0, name, email, tax_id), [party])
    assert len(found) <= 1
    if name_words(name):
        assert found and found[0].reasons
    assert all(reason in party_candidates.REASONS for row in found for reason in row.reasons)


# -- what money in suspense is --------------------------------------------------------------------------------


@pytest.mark.parametrize("purpose", ["refund", "other"])
def test_a_refund_or_another_account_is_never_said_alone(purpose):
    verdict = judge_classification(DEFAULTS, Decimal("0.01"), purpose, exact=False, used_today=Decimal(0))
    assert (verdict.at_once, verdict.reason) == (False, "classification_other")


@pytest.mark.parametrize("purpose", ["fee", "transfer"])
def test_fees_and_transfers_of_one_person_and_day_stay_within_the_limit(purpose):
    def judge(amount, used):
        return judge_classification(DEFAULTS, Decimal(amount), purpose, exact=False, used_today=Decimal(used))

    assert judge("5000", "0") == AT_ONCE
    assert judge("-5000", "0") == AT_ONCE
    assert judge("1000", "4000") == AT_ONCE
    assert judge("1000.01", "4000").reason == "classification_cap"


def test_a_purchase_without_a_bill_is_said_alone_only_while_it_is_small():
    def judge(amount, used="0"):
        return judge_classification(
            DEFAULTS, Decimal(amount), "expense", exact=False, used_today=Decimal(used)
        )

    assert judge("-500") == AT_ONCE
    assert judge("-500.01").reason == "classification_cap"
    assert judge("-100", "400.01").reason == "classification_cap"


@given(cents, st.booleans())
def test_bills_that_are_paid_are_judged_like_any_application(amount, exact):
    said = judge_classification(DEFAULTS, amount, "bills", exact=exact, used_today=Decimal(10**6))
    assert said == judge_application(DEFAULTS, amount, exact=exact)


@given(cents, st.booleans())
def test_money_of_a_customer_is_judged_like_any_application(amount, exact):
    said = judge_classification(DEFAULTS, amount, "customer", exact=exact, used_today=Decimal(10**6))
    assert said == judge_application(DEFAULTS, amount, exact=exact)


@given(cents)
def test_whose_money_is_is_said_alone_up_to_the_limit_in_both_directions(amount):
    for signed in (amount, -amount):
        said = judge_identification(DEFAULTS, signed)
        assert said.at_once == (amount <= DEFAULTS.application_amount)
        assert said.at_once or (said.reason, said.limit) == ("identification_above_limit", Decimal(5000))


def test_an_unknown_purpose_is_an_error():
    with pytest.raises(ValueError):
        judge_classification(DEFAULTS, Decimal(1), "gift", exact=True, used_today=Decimal(0))
