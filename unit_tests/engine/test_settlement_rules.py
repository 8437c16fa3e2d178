# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""The lines that a provider lists, of a day and of a payout, add up and stand there once."""

from decimal import Decimal

from odoo.addons.finance_integration.engine.canonical import LedgerLine, Settlement, SettlementLine
from odoo.addons.finance_integration.engine.canonical.rules import check
from odoo.addons.finance_integration.unit_tests.engine.test_rules import HEAD, balance, money, refused


def test_the_lines_of_a_provider_balance_are_its_totals():
    lines = (
        LedgerLine(ledger_id="a", net=Decimal("7.00")),
        LedgerLine(ledger_id="b", net=Decimal("-12.00")),
    )
    assert check(balance(lines=lines, movement_count=2, movement_total=money("-5.00"))) == ()
    assert check(balance(lines=())) == ()
    assert refused(balance(lines=lines, movement_total=money("-4.99"))) == (
        "totals_do_not_add_up",
        "movement_total.value",
    )
    assert refused(balance(lines=lines, movement_count=3)) == ("schema_violation", "movement_count")
    assert refused(balance(lines=lines[:1] * 2)) == ("schema_violation", "lines")
    odd = (LedgerLine(ledger_id="a", net=Decimal("0.001")),)
    assert refused(balance(lines=odd))[0] == "amount_not_exact"


def settlement(*lines, amount="9.50", **fields):
    fields = {"currency": "EUR", "amount": money(amount), **fields}
    return Settlement(**HEAD, payout="po_1", lines=lines, **fields)


def settled(ledger_id="txn_1", gross="10.00", fee="0.50", net="9.50"):
    return SettlementLine(
        ledger_id=ledger_id, type="payment", gross=Decimal(gross), fee=Decimal(fee), net=Decimal(net)
    )


def test_settlements():
    assert check(settlement(settled())) == ()
    assert check(settlement(told=False)) == ()
    assert check(settlement(settled(), amount="100.00")) == ()  # a part of it
    assert refused(settlement(settled(net="9.51"))) == ("totals_do_not_add_up", "lines[0].net")
    assert refused(settlement(settled(), settled())) == ("schema_violation", "lines[1].ledger_id")
    assert refused(settlement(settled(), currency="USD")) == ("schema_violation", "amount.currency")
    assert refused(settlement(settled(), told=False)) == ("schema_violation", "lines")
    assert refused(settlement(settled(gross="10.001", net="9.501")))[0] == "amount_not_exact"
