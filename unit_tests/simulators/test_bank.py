# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""The simulated bank: its lines are of the contract, and its statement adds up."""

from datetime import date
from decimal import Decimal

from odoo.addons.finance_integration.connectors.base import InboundEvent
from odoo.addons.finance_integration.connectors.registry import get_connector
from odoo.addons.finance_integration.engine.canonical import BankLine, BankStatement
from odoo.addons.finance_integration.engine.canonical.rules import check
from odoo.addons.finance_integration.simulators import wire
from odoo.addons.finance_integration.simulators.partner import bank

ACCOUNT = "BE71 0961 2345 6769"
LAST = date(2026, 3, 31)
PAYOUT = {"id": "po_1", "amount": 12345, "currency": "usd", "arrival_date": 1773446400}


def documents():
    """Return what the hub reads of it."""
    connector = get_connector("generic")
    found = []
    for event in told():
        body = wire.parse(event.body)
        envelope = connector.read_envelope(body, {"webhook-id": event.id})
        found += connector.transform(InboundEvent(envelope, body))
    return found


def told(invoice=("F-100234", Decimal("50.00"))):
    lines = bank.payout_lines(ACCOUNT, [PAYOUT]) + bank.other_lines(ACCOUNT, LAST, invoice)
    return bank.as_events("1", ACCOUNT, lines, Decimal("10.00"))


def test_lines_come_in_the_order_of_their_days_and_the_statement_last():
    found = documents()
    assert [type(document) for document in found] == [BankLine] * 4 + [BankStatement]
    assert [document.line_id for document in found[:-1]] == ["P-po_1", "F-202603", "R-202603", "W-202603"]
    assert found[0].booking_date == date(2026, 3, 14)
    assert "po_1" in found[0].text


def test_the_statement_adds_up():
    found = documents()
    assert [check(document, "generic") for document in found] == [()] * 5
    total = sum(document.amount.value for document in found[:-1])
    statement = found[-1]
    assert (statement.line_count, statement.line_total.value) == (4, total)
    assert statement.closing.value == Decimal("10.00") + total


def test_the_same_month_is_told_with_the_same_ids():
    assert [(event.id, event.body) for event in told()] == [(event.id, event.body) for event in told()]
    assert len({event.id for event in told()}) == 5
    assert wire.parse(told(None)[-1].body)["data"]["line_count"] == 3
