# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Advance invoices over what is paid before it is handed over, to the cent (policy F10)."""

from decimal import Decimal

import pytest

from odoo.addons.finance_integration.engine import order_advance as advances
from odoo.addons.finance_integration.engine import order_progress as progress
from odoo.addons.finance_integration.engine.order_progress import Line, Sum


def line(line_id, net, quantity=1, tax=None, kind="product", **facts):
    taxes = {"VAT": Decimal(tax)} if tax else {}
    return Line(
        line_id=line_id,
        kind=kind,
        description=line_id,
        whole=Sum(quantity=Decimal(quantity), net=Decimal(net), taxes=taxes),
        **facts,
    )


def gross(parts):
    return sum((part.amount.net + part.amount.tax for part in parts), Decimal(0))


def said(parts):
    return [(part.line_id, part.amount.net, part.amount.tax) for part in parts]


CUPS = [line("cup", "100.00", 3, "20.00"), line("ship", "5.00", 1, "1.00", kind="shipping")]


def test_all_that_is_paid_before_is_deducted_by_the_fulfilments_to_the_cent():
    parts, lines = advances.advance(CUPS, Decimal("126.00"), "EUR")
    assert said(parts) == [
        ("cup", Decimal("100.00"), Decimal("20.00")),
        ("ship", Decimal("5.00"), Decimal("1.00")),
    ]
    for _time in range(3):
        invoiced, lines = progress.fulfil(lines, {"cup": Decimal(1)}, "EUR")
        deducted, lines = advances.deduct(lines, invoiced)
        assert gross(invoiced) == gross(deducted)
        assert gross(invoiced) + gross(advances.turned(deducted)) == 0
    assert advances.excess(lines)[0] == []
    assert all(each.advanced.is_nothing for each in lines)


@pytest.mark.parametrize("paid", ["0.01", "1.00", "33.33", "62.99", "63.00", "100.01", "125.99", "126.00"])
def test_an_advance_comes_to_exactly_what_was_paid(paid):
    parts, lines = advances.advance(CUPS, Decimal(paid), "EUR")
    assert gross(parts) == Decimal(paid)
    rest, lines = advances.advance(lines, Decimal("500.00"), "EUR")
    assert gross(parts) + gross(rest) == Decimal("126.00")
    assert [(each.advanced.net, each.advanced.tax) for each in lines] == [
        (Decimal("100.00"), Decimal("20.00")),
        (Decimal("5.00"), Decimal("1.00")),
    ]
    assert advances.advance(lines, Decimal("1.00"), "EUR")[0] == []


def test_a_part_paid_before_goes_to_what_is_handed_over_first():
    _parts, lines = advances.advance(CUPS, Decimal("63.00"), "EUR")
    invoiced, lines = progress.fulfil(lines, {"cup": Decimal(1)}, "EUR")
    deducted, lines = advances.deduct(lines, invoiced)
    assert said(deducted) == [
        ("cup", Decimal("33.33"), Decimal("6.67")),
        ("ship", Decimal("2.50"), Decimal("0.50")),
    ]
    invoiced, lines = progress.fulfil(lines, {"cup": Decimal(2)}, "EUR")
    deducted, lines = advances.deduct(lines, invoiced)
    assert said(deducted) == [("cup", Decimal("16.67"), Decimal("3.33"))]


def test_what_will_not_come_is_taken_back_of_the_advance():
    _parts, lines = advances.advance(CUPS, Decimal("126.00"), "EUR")
    cup, ship = lines
    gone = Sum(quantity=Decimal(1), net=Decimal("33.33"), taxes={"VAT": Decimal("6.67")})
    back, lines = advances.excess([Line(**{**_facts(cup), "released": gone}), ship])
    assert said(back) == [("cup", Decimal("33.33"), Decimal("6.67"))]
    assert advances.excess(lines)[0] == []
    # Given back for less than it cost: all of it is not going to come, so all of the advance goes.
    cheap = Sum(quantity=Decimal(3), net=Decimal("90.00"), taxes={"VAT": Decimal("18.00")})
    back, _lines = advances.excess([Line(**{**_facts(cup), "released": cheap}), ship])
    assert said(back) == [("cup", Decimal("100.00"), Decimal("20.00"))]


def _facts(each):
    return {name: getattr(each, name) for name in each.__struct_fields__}


def test_a_cancelled_fulfilment_leaves_the_advance_as_it_was():
    _parts, before = advances.advance(CUPS, Decimal("126.00"), "EUR")
    invoiced, lines = progress.fulfil(before, {"cup": Decimal(2)}, "EUR")
    deducted, lines = advances.deduct(lines, invoiced)
    undone = progress.undo(lines, progress.booked(invoiced))
    undone = advances.restore(undone, progress.booked(deducted))
    assert [(each.advanced.net, each.advanced.tax) for each in undone] == [
        (each.advanced.net, each.advanced.tax) for each in before
    ]


def test_rounding_and_untaxed_lines_are_part_of_what_is_paid():
    lines = [
        line("cup", "10.00", 1, "2.00"),
        line("round", "-0.02", kind="rounding"),
        line("tip", "1.00", kind="tip"),
    ]
    parts, lines = advances.advance(lines, Decimal("12.98"), "EUR")
    assert said(parts) == [
        ("cup", Decimal("10.00"), Decimal("2.00")),
        ("round", Decimal("-0.02"), 0),
        ("tip", Decimal("1.00"), 0),
    ]
    invoiced, lines = progress.fulfil(lines, {"cup": Decimal(1)}, "EUR")
    deducted, _lines = advances.deduct(lines, invoiced)
    assert gross(deducted) == Decimal("12.98")


def test_a_payment_of_what_is_invoiced_is_no_advance():
    _parts, lines = progress.fulfil(CUPS, {"cup": Decimal(3)}, "EUR")
    assert advances.prepaid(lines, Decimal(0), Decimal("126.00")) == 0
    assert advances.advance(lines, Decimal("126.00"), "EUR")[0] == []
    _parts, lines = progress.fulfil(CUPS, {"cup": Decimal(1)}, "EUR")
    assert advances.prepaid(lines, Decimal(0), Decimal("126.00")) == Decimal("80.00")
    assert advances.prepaid(lines, Decimal("46.00"), Decimal("80.00")) == Decimal("80.00")
    assert not advances.is_due([line("book", "10.00")])


def test_currencies_without_decimals_keep_the_whole():
    parts, _lines = advances.advance(
        [line("a", "1000", 3, "200"), line("b", "77", 1, "15")], Decimal(431), "JPY"
    )
    assert gross(parts) == 431
    assert all(part.amount.net == part.amount.net.to_integral_value() for part in parts)
