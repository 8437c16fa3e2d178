# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""To which day a document belongs, and what is brought forward of an old invoice."""

from datetime import date, datetime, timezone
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from odoo.addons.finance_integration.engine.canonical.base import PartyRef, Source
from odoo.addons.finance_integration.engine.canonical.customer import Customer
from odoo.addons.finance_integration.engine.canonical.invoice import Invoice, InvoiceLine
from odoo.addons.finance_integration.engine.cutover import (
    HISTORY_POLICIES,
    OPENING_ACCOUNT,
    economic_date,
    opening_document,
)
from odoo.addons.finance_integration.engine.errors import BusinessError

LATE = datetime(2026, 1, 1, 3, 0, tzinfo=timezone.utc)
SOURCE = Source(system="partner", object_id="I-1")
cents = st.decimals(min_value=0, max_value=10**9, places=2)


def invoice(**facts):
    line = InvoiceLine(description="Advice", quantity=Decimal(2), unit_price=Decimal(50), tax_codes=("STD",))
    facts = {"total_gross": Decimal("115.00"), "total_tax": Decimal("15.00"), "number": "I-1"} | facts
    return Invoice(
        source=SOURCE,
        occurred_at=LATE,
        issuer="source",
        issue_date=date(2025, 12, 30),
        due_date=date(2026, 1, 30),
        currency="USD",
        customer=PartyRef(outside_id="C-1", name="Anna"),
        lines=(line,),
        **facts,
    )


def test_a_document_belongs_to_its_own_date_and_else_to_the_day_on_which_it_happened():
    assert economic_date(invoice(), "America/New_York") == date(2025, 12, 30)
    customer = Customer(source=SOURCE, occurred_at=LATE, name="Anna")
    assert economic_date(customer, "America/New_York") == date(2025, 12, 31)
    assert economic_date(customer, "UTC") == date(2026, 1, 1)


def test_an_opening_document_keeps_number_dates_and_customer_and_has_no_tax():
    opening = opening_document(invoice(amount_due=Decimal("40.00")), "Open of I-1")
    assert (opening.number, opening.issue_date, opening.due_date, opening.customer.outside_id) == (
        "I-1",
        date(2025, 12, 30),
        date(2026, 1, 30),
        "C-1",
    )
    (line,) = opening.lines
    assert (line.account, line.tax_codes, line.taxes, line.net_amount) == (
        OPENING_ACCOUNT,
        (),
        (),
        Decimal("40.00"),
    )
    assert (opening.total_net, opening.total_tax, opening.total_gross) == (
        Decimal("40.00"),
        0,
        Decimal("40.00"),
    )


def test_what_is_paid_needs_no_opening_document():
    assert opening_document(invoice(amount_due=Decimal(0)), "Open") is None


@pytest.mark.parametrize(
    ("open_amount", "code"),
    [
        (None, "open_amount_missing"),
        (Decimal("-0.01"), "open_amount_wrong"),
        (Decimal("115.01"), "open_amount_wrong"),
    ],
)
def test_an_open_amount_that_is_missing_or_cannot_be_right_is_refused(open_amount, code):
    with pytest.raises(BusinessError) as refused:
        opening_document(invoice(amount_due=open_amount), "Open")
    assert refused.value.code == code
    assert "I-1" in refused.value.sentence


@given(cents, cents)
def test_never_more_is_brought_forward_than_was_invoiced(total, open_amount):
    document = invoice(total_gross=total, amount_due=open_amount)
    if open_amount > total:
        with pytest.raises(BusinessError):
            opening_document(document, "Open")
    elif open_amount:
        opening = opening_document(document, "Open")
        assert sum(line.net_amount for line in opening.lines) == open_amount == opening.total_gross
    else:
        assert opening_document(document, "Open") is None


def test_no_outside_code_can_be_taken_for_the_opening_account():
    assert OPENING_ACCOUNT.strip() != OPENING_ACCOUNT
    assert HISTORY_POLICIES[0] == "keep"
