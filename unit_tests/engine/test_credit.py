# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""The credit decision, its deadline, and what a question must say (E15)."""

from datetime import datetime, timezone
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from odoo.addons.finance_integration.engine.canonical import (
    Amount,
    CreditAnswer,
    CreditQuery,
    InvoiceQuery,
    PaymentQuery,
    Source,
    decode,
)
from odoo.addons.finance_integration.engine.canonical.rules import check
from odoo.addons.finance_integration.engine.credit import LOOKS_AT, CreditFacts, decide, decide_late
from odoo.addons.finance_integration.engine.deadline import Deadline, TimeIsUpError
from odoo.addons.finance_integration.engine.errors import ContractError

HEAD = {
    "source": Source(system="shop", object_id="q-1"),
    "occurred_at": datetime(2026, 3, 2, tzinfo=timezone.utc),
}
cents = st.integers(0, 10**9).map(lambda value: Decimal(value).scaleb(-2))


def facts(**values):
    return CreditFacts(
        **{name: Decimal(value) if isinstance(value, str) else value for name, value in values.items()}
    )


@pytest.mark.parametrize(
    ("known", "purpose", "decision", "reasons"),
    [
        ({}, "order_release", "release", ()),
        ({"on_hold": True}, "hold", "stop", ("customer_on_hold",)),
        ({"on_hold": True}, "credit", "stop", ("customer_on_hold",)),
        ({"archived": True}, "hold", "release", ()),
        ({"archived": True}, "credit", "stop", ("customer_archived",)),
        # The limit itself is still granted, a cent more is not.
        (
            {"limit": "100", "receivable": "60", "to_invoice": "30", "requested": "10"},
            "credit",
            "release",
            (),
        ),
        (
            {"limit": "100", "receivable": "60", "to_invoice": "30", "requested": "10.01"},
            "credit",
            "stop",
            ("credit_limit_exceeded",),
        ),
        ({"limit": "0", "requested": "0.01"}, "credit", "stop", ("credit_limit_exceeded",)),
        ({"limit": "1", "receivable": "500"}, "hold", "release", ()),
        ({"receivable": "1000000"}, "order_release", "release", ()),
        ({"limit": "10", "receivable": "-50", "requested": "60"}, "credit", "release", ()),
        ({"overdue": "5", "overdue_days": 30}, "order_release", "release", ()),
        ({"overdue": "5", "overdue_days": 31}, "order_release", "stop", ("invoices_overdue",)),
        ({"overdue": "5", "overdue_days": 31}, "credit", "release", ()),
        ({"overdue": "0", "overdue_days": 31}, "order_release", "release", ()),
        (
            {
                "on_hold": True,
                "archived": True,
                "limit": "1",
                "receivable": "2",
                "overdue": "2",
                "overdue_days": 99,
            },
            "order_release",
            "stop",
            ("customer_on_hold", "customer_archived", "credit_limit_exceeded", "invoices_overdue"),
        ),
    ],
)
def test_decisions(known, purpose, decision, reasons):
    assert decide(purpose, facts(**known), 30) == (decision, reasons)


def test_how_long_invoices_may_be_overdue():
    late = facts(overdue="5", overdue_days=1)
    assert decide("order_release", late, 0) == ("stop", ("invoices_overdue",))
    assert decide("order_release", late, 1)[0] == "release"
    assert decide("order_release", facts(overdue="5", overdue_days=9999), -1)[0] == "release"


def test_what_was_agreed_for_the_case_that_the_time_is_up():
    assert decide_late(open_when_late=False) == ("stop", ("answer_late",))
    assert decide_late(open_when_late=True) == ("release", ("answer_late",))


@given(cents, cents, cents, cents, cents)
def test_asking_for_more_never_helps(limit, receivable, to_invoice, requested, more):
    def decided(amount):
        known = CreditFacts(limit=limit, receivable=receivable, to_invoice=to_invoice, requested=amount)
        assert known.available == limit - receivable - to_invoice - amount
        return decide("credit", known, 0)[0]

    assert not (decided(requested) == "stop" and decided(requested + more) == "release")


@given(st.sampled_from(sorted(LOOKS_AT)), st.booleans(), st.booleans(), cents, st.integers(0, 400))
def test_a_stop_has_a_reason_and_a_release_has_none(purpose, on_hold, archived, amount, days):
    known = CreditFacts(
        on_hold, archived, receivable=amount, limit=Decimal(500), overdue=amount, overdue_days=days
    )
    decision, reasons = decide(purpose, known, 30)
    assert (decision == "stop") == bool(reasons)
    assert set(reasons) <= LOOKS_AT[purpose]


# -- the deadline ------------------------------------------------------------------------------------------------


def test_time_runs_out():
    now = [1_000_000_000]
    deadline = Deadline(100, began=now[0], clock=lambda: now[0])
    assert (deadline.left_ms(), deadline.taken_ms) == (100, 0)
    now[0] += 99_999_999
    assert deadline.left_ms() == 1
    now[0] += 1
    with pytest.raises(TimeIsUpError):
        deadline.left_ms()
    assert deadline.taken_ms == 100


# -- what a question must say ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("document", "path"),
    [
        (InvoiceQuery(**HEAD), "invoice_id"),
        (InvoiceQuery(**HEAD, invoice_id="1", number="2"), "invoice_id"),
        (PaymentQuery(**HEAD, movement_id=""), "movement_id"),
        (CreditQuery(**HEAD, customer="1", time_limit_ms=49), "time_limit_ms"),
        (CreditQuery(**HEAD, customer="1", time_limit_ms=10_001), "time_limit_ms"),
    ],
)
def test_questions_that_are_refused(document, path):
    with pytest.raises(ContractError) as refused:
        check(document)
    assert (refused.value.code, refused.value.params["path"]) == ("schema_violation", path)


@pytest.mark.parametrize(
    ("value", "currency", "code"),
    [("-1.00", "EUR", "amount_sign"), ("0.001", "EUR", "amount_not_exact"), ("1", "XXQ", "unknown_currency")],
)
def test_amounts_of_questions(value, currency, code):
    query = CreditQuery(**HEAD, customer="1", amount=Amount(value=Decimal(value), currency=currency))
    with pytest.raises(ContractError) as refused:
        check(query)
    assert refused.value.code == code


def test_amounts_of_answers_are_exact():
    answer = CreditAnswer(
        **HEAD,
        query_id="q",
        outcome="answered",
        decided_by="facts",
        company="C",
        took_ms=1,
        purpose="credit",
        available=Amount(value=Decimal("-1.001"), currency="EUR"),
    )
    with pytest.raises(ContractError) as refused:
        check(answer)
    assert refused.value.code == "amount_not_exact"
    assert check(PaymentQuery(**HEAD, movement_id="ch_1")) == ()


def test_a_question_says_how_long_it_waits_or_gets_a_second():
    body = {
        "source": {"system": "shop", "object_id": "q"},
        "occurred_at": "2026-03-02T10:00:00Z",
        "customer": "C",
    }
    query = decode("query.credit", "1", body)
    assert (query.time_limit_ms, query.purpose) == (1000, "order_release")
