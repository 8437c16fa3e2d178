# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""What Stripe says of a customer's balance, and what of it may be true."""

import json
from decimal import Decimal
from pathlib import Path

import msgspec
import pytest

from odoo.addons.finance_integration import connectors
from odoo.addons.finance_integration.connectors.base import InboundEvent
from odoo.addons.finance_integration.connectors.registry import get_connector
from odoo.addons.finance_integration.engine.canonical.rules import check
from odoo.addons.finance_integration.engine.canonical_json import document_digest
from odoo.addons.finance_integration.engine.errors import ContractError

FIXTURES = Path(connectors.__path__[0]) / "stripe" / "fixtures"
SETTINGS = {"billing_issuer": "source", "time_zone": "Europe/Brussels"}
STRIPE = get_connector("stripe")


def told(case, **facts):
    body = json.loads((FIXTURES / case / "request.json").read_text(encoding="utf-8"))
    body["data"]["object"].update(facts)
    [document] = STRIPE.transform(InboundEvent(STRIPE.read_envelope(body, {}), body, SETTINGS))
    return document


@pytest.mark.parametrize(
    ("before", "after", "used"),
    [
        (0, 0, None),
        (None, None, None),
        (-1500, None, None),
        (-1500, -1500, None),
        (-1500, -500, "-10.00"),
        (-1500, 0, "-15.00"),
        (-100000, -90925, "-90.75"),  # all of it
        (700, 0, None),  # a debt, collected with it
        (0, 40, None),  # too little to be collected now
        (-100000, 0, "-90.75"),  # more than its total is not of this invoice
    ],
)
def test_what_an_invoice_used_is_what_the_balance_lost_of_its_credit(before, after, used):
    document = told("invoice_finalized", starting_balance=before, ending_balance=after)
    assert document.credit_change == (None if used is None else Decimal(used))


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
