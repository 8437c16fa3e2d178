# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""However an order is divided, its parts come to exactly what the shop states (F10, F26)."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from odoo.addons.finance_integration.engine import order_progress as progress
from odoo.addons.finance_integration.engine.canonical.base import Source
from odoo.addons.finance_integration.engine.canonical.order import (
    Order,
    OrderLine,
    OrderRefund,
    OrderTax,
    RefundAdjustment,
    RefundedLine,
)
from odoo.addons.finance_integration.engine.instants import parse_instant
from odoo.addons.finance_integration.engine.order_gateway import COVERED_BY, PAID_TO_THE_BANK, gateway_key

AT = parse_instant("2026-03-02T12:00:00Z")


def line(line_id, net, quantity=1, kind="product", tax=None, liable=None, **facts):
    taxes = [OrderTax(code="VAT", amount=Decimal(tax))] if tax else []
    taxes += [OrderTax(code="STATE", amount=Decimal(liable), channel_liable=True)] if liable else []
    return OrderLine(
        line_id=line_id,
        kind=kind,
        description=line_id,
        quantity=Decimal(quantity),
        unit_price=Decimal(net),
        net_amount=Decimal(net),
        taxes=tuple(taxes),
        **facts,
    )


def order(*lines, currency="EUR"):
    zero = Decimal(0)
    return Order(
        source=Source(system="shop", object_id="1"),
        occurred_at=AT,
        number="#1",
        currency=currency,
        lines=lines,
        total_net=zero,
        total_tax=zero,
        total_gross=zero,
    )


def refund(*lines, adjustments=()):
    return OrderRefund(
        source=Source(system="shop", object_id="9"),
        occurred_at=AT,
        order="1",
        currency="EUR",
        lines=lines,
        adjustments=adjustments,
        total_net=Decimal(0),
        total_tax=Decimal(0),
    )


def back(line_id, quantity, net, tax="0", restock="return"):
    return RefundedLine(
        line_id=line_id,
        quantity=Decimal(quantity),
        restock=restock,
        net_amount=Decimal(net),
        tax_amount=Decimal(tax),
    )


def said(parts):
    return [(part.line_id, part.amount.quantity, part.amount.net, part.amount.tax) for part in parts]


FULL = order(
    line("cup", "100.00", 3, tax="19.99", liable="4.00"),
    line("duty", "1.00", 3, kind="duty", follows="cup"),
    line("gift", "50.00", kind="gift_card"),
    line("ship", "5.00", kind="shipping", tax="1.00"),
    line("tip", "2.00", kind="tip"),
)


def test_several_fulfilments_divide_an_order_to_the_cent():
    first, lines = progress.fulfil(progress.lines_of(FULL), {"cup": Decimal("1")}, "EUR")
    assert said(first) == [
        ("cup", 1, Decimal("33.33"), Decimal("6.66")),
        ("duty", 1, Decimal("0.33"), 0),
        ("ship", 1, Decimal("5.00"), Decimal("1.00")),
        ("tip", 1, Decimal("2.00"), 0),
    ]
    assert not progress.is_complete(lines)
    second, lines = progress.fulfil(lines, {"cup": Decimal("2"), "gift": Decimal("1")}, "EUR")
    assert said(second) == [
        ("cup", 2, Decimal("66.67"), Decimal("13.33")),
        ("duty", 2, Decimal("0.67"), 0),
        ("gift", 1, Decimal("50.00"), 0),
    ]
    assert progress.is_complete(lines)


@given(
    st.integers(0, 10**7),
    st.integers(0, 10**6),
    st.lists(st.integers(1, 9), min_size=1, max_size=6),
    st.sampled_from(["EUR", "JPY", "KWD"]),
)
def test_the_parts_of_a_line_come_to_the_whole(net, tax, quantities, currency):
    decimals = {"EUR": 2, "JPY": 0, "KWD": 3}[currency]
    amount, taxed = Decimal(net).scaleb(-decimals), Decimal(tax).scaleb(-decimals)
    lines = progress.lines_of(order(line("a", str(amount), sum(quantities), tax=str(taxed) or None)))
    found = progress.Sum()
    for quantity in quantities:
        parts, lines = progress.fulfil(lines, {"a": Decimal(quantity)}, currency)
        found = found.plus(parts[0].amount)
        assert parts[0].amount.net == round(parts[0].amount.net, decimals)
    assert (found.net, found.tax, found.quantity) == (amount, taxed, sum(quantities))


@pytest.mark.parametrize("handed", [{"cup": Decimal("4")}, {"other": Decimal("1")}])
def test_more_than_was_ordered_is_not_handed_over(handed):
    with pytest.raises(progress.NotOrderedError):
        progress.fulfil(progress.lines_of(FULL), handed, "EUR")


def test_what_was_kept_is_read_again_and_a_fulfilment_is_undone():
    before = progress.lines_of(FULL)
    parts, lines = progress.fulfil(before, {"cup": Decimal("2")}, "EUR")
    lines = [progress.read(progress.kept(each)) for each in lines]
    undone = progress.undo(lines, progress.booked(parts))
    again, _lines = progress.fulfil(undone, {"cup": Decimal("2")}, "EUR")
    assert said(again) == said(parts)


# -- edits -----------------------------------------------------------------------------------------------------


def test_an_edit_before_anything_is_invoiced_makes_no_document():
    dearer = order(line("cup", "120.00", 3))
    assert progress.corrections(progress.lines_of(dearer, progress.lines_of(FULL)), "EUR")[:2] == ([], [])


def test_an_edit_afterwards_is_corrected_by_the_difference_of_what_is_invoiced():
    _parts, lines = progress.fulfil(
        progress.lines_of(FULL), {"cup": Decimal("2"), "gift": Decimal("1")}, "EUR"
    )
    edited = order(line("cup", "90.00", 3, tax="18.00"), line("gift", "50.00", kind="gift_card"),
                   line("ship", "8.00", kind="shipping", tax="1.60"), line("tip", "2.00", kind="tip"))  # fmt: skip
    more, less, lines = progress.corrections(progress.lines_of(edited, lines), "EUR")
    assert said(more) == [("ship", 1, Decimal("3.00"), Decimal("0.60"))]
    assert said(less) == [("cup", 2, Decimal("6.67"), Decimal("1.33")), ("duty", 2, Decimal("0.67"), 0)]
    assert progress.corrections(lines, "EUR")[:2] == ([], [])
    last, lines = progress.fulfil(lines, {"cup": Decimal("1")}, "EUR")
    assert said(last) == [("cup", 1, Decimal("30.00"), Decimal("6.00"))]


def test_a_tip_that_comes_when_all_is_handed_over_is_invoiced_at_once():
    _parts, lines = progress.fulfil(progress.lines_of(order(line("a", "10.00"))), {"a": Decimal("1")}, "EUR")
    told = order(line("a", "10.00"), line("tip", "1.50", kind="tip"))
    more, less, _lines = progress.corrections(progress.lines_of(told, lines), "EUR")
    assert (said(more), less) == ([("tip", 1, Decimal("1.50"), 0)], [])


# -- refunds ---------------------------------------------------------------------------------------------------


def test_what_was_handed_over_is_credited_and_the_rest_released():
    _parts, lines = progress.fulfil(progress.lines_of(FULL), {"cup": Decimal("2")}, "EUR")
    told = refund(back("cup", 3, "100.00", "23.99", "no_restock"))
    parts, lines = progress.refund(lines, told, "EUR", taxes_included=False)
    assert said(parts) == [("cup", 2, Decimal("66.67"), Decimal("13.33"))]
    assert progress.is_complete([each for each in lines if each.line_id == "cup"])
    with pytest.raises(progress.NotOrderedError):
        progress.fulfil(lines, {"cup": Decimal("1")}, "EUR")


def test_the_tax_that_the_channel_owes_is_no_part_of_the_credit():
    _parts, lines = progress.fulfil(progress.lines_of(FULL), {"cup": Decimal("3")}, "EUR")
    parts, _lines = progress.refund(
        lines, refund(back("cup", 3, "100.00", "23.99")), "EUR", taxes_included=False
    )
    assert said(parts) == [("cup", 3, Decimal("100.00"), Decimal("19.99"))]


def test_cancelled_goods_are_those_that_were_not_handed_over():
    _parts, lines = progress.fulfil(progress.lines_of(FULL), {"cup": Decimal("2")}, "EUR")
    parts, _lines = progress.refund(
        lines, refund(back("cup", 1, "33.33", "8.00", "cancel")), "EUR", taxes_included=False
    )
    assert parts == []


@pytest.mark.parametrize(
    ("restock", "handed_over", "waits"),
    [
        ("return", False, True),
        ("no_restock", True, True),
        ("no_restock", False, False),
        ("cancel", True, False),
    ],
)
def test_what_comes_back_waits_until_it_is_told_that_it_left(restock, handed_over, waits):
    told = refund(back("cup", 1, "33.33", "8.00", restock))
    if waits:
        with pytest.raises(progress.NotHandedOverError):
            progress.refund(
                progress.lines_of(FULL), told, "EUR", taxes_included=False, handed_over=handed_over
            )
    else:
        parts, _lines = progress.refund(
            progress.lines_of(FULL), told, "EUR", taxes_included=False, handed_over=handed_over
        )
        assert parts == []


def test_an_included_tax_is_taken_out_of_what_is_given_back():
    _parts, lines = progress.fulfil(
        progress.lines_of(order(line("a", "100.00", tax="20.00"))), {"a": Decimal("1")}, "EUR"
    )
    parts, _lines = progress.refund(
        lines, refund(back("a", 1, "120.00", "20.00")), "EUR", taxes_included=True
    )
    assert said(parts) == [("a", 1, Decimal("100.00"), Decimal("20.00"))]


def test_an_amount_without_the_tax_is_refused_where_prices_include_it():
    """Refused is what is exactly the price without tax; what somebody gave back in part is no contradiction."""
    _parts, lines = progress.fulfil(
        progress.lines_of(order(line("a", "100.00", 2, tax="20.00"))), {"a": Decimal("2")}, "EUR"
    )
    for net, tax in (("50.00", "10.00"), ("50.01", "10.00")):
        with pytest.raises(progress.TaxNotIncludedError):
            progress.refund(lines, refund(back("a", 1, net, tax)), "EUR", taxes_included=True)
    parts, _lines = progress.refund(lines, refund(back("a", 1, "60.00", "10.00")), "EUR", taxes_included=True)
    assert said(parts) == [("a", 1, Decimal("50.00"), Decimal("10.00"))]
    parts, _lines = progress.refund(lines, refund(back("a", 1, "30.00", "5.00")), "EUR", taxes_included=True)
    assert said(parts) == [("a", 1, Decimal("25.00"), Decimal("5.00"))]


def test_shipping_is_credited_where_it_is_invoiced_and_does_not_come_where_it_is_not():
    given_back = RefundAdjustment(kind="shipping", net_amount=Decimal("5.00"), tax_amount=Decimal("1.00"))
    before = progress.lines_of(FULL)
    parts, lines = progress.refund(before, refund(adjustments=(given_back,)), "EUR", taxes_included=False)
    assert parts == []
    invoiced, _lines = progress.fulfil(lines, {"cup": Decimal("3")}, "EUR")
    assert "ship" not in {part.line_id for part in invoiced}
    _parts, lines = progress.fulfil(before, {"cup": Decimal("3")}, "EUR")
    parts, lines = progress.refund(lines, refund(adjustments=(given_back,)), "EUR", taxes_included=False)
    assert said(parts) == [("ship", 1, Decimal("5.00"), Decimal("1.00"))]
    with pytest.raises(progress.TooMuchRefundedError):
        progress.refund(lines, refund(adjustments=(given_back,)), "EUR", taxes_included=False)


def test_a_discrepancy_is_a_line_of_its_own():
    _parts, lines = progress.fulfil(progress.lines_of(FULL), {"cup": Decimal("3")}, "EUR")
    kept = RefundAdjustment(
        kind="discrepancy", reason="Kept", net_amount=Decimal("-2.00"), tax_amount=Decimal("0")
    )
    parts, _lines = progress.refund(
        lines, refund(back("cup", 1, "33.33"), adjustments=(kept,)), "EUR", taxes_included=False
    )
    assert [(part.kind, part.amount.net) for part in parts] == [
        ("product", Decimal("33.33")),
        ("discrepancy", Decimal("-2.00")),
    ]
    assert progress.total(parts) == Decimal("31.33")


@pytest.mark.parametrize(
    "told", [back("cup", 4, "10.00"), back("cup", 3, "100.01"), back("cup", 3, "100.00", "24.50")]
)
def test_more_than_was_sold_is_never_credited(told):
    _parts, lines = progress.fulfil(progress.lines_of(FULL), {"cup": Decimal("3")}, "EUR")
    with pytest.raises(progress.TooMuchRefundedError):
        progress.refund(lines, refund(told), "EUR", taxes_included=False)


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("Cash on Delivery (COD)", "cash_on_delivery_cod"),
        ("shopify_payments", "shopify_payments"),
        ("Bank Deposit", "bank_deposit"),
    ],
)
def test_a_gateway_has_one_name(name, key):
    assert gateway_key(name) == key
    assert (key in PAID_TO_THE_BANK) is (key not in COVERED_BY)
