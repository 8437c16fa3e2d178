# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""A day's sales in one document: nothing is left out, nothing counted twice (F10)."""

from datetime import date
from decimal import Decimal

import pytest

from odoo.addons.finance_integration.engine import order_summary as summary
from odoo.addons.finance_integration.engine.order_progress import Part, Sum


def part(kind="product", net="10.00", taxes=None, product=None, quantity=1):
    amount = Sum(quantity=Decimal(quantity), net=Decimal(net), taxes=taxes or {})
    return Part(line_id="1", kind=kind, description="Cup", product=product, amount=amount)


def entries(*parts, step=1, way=summary.SOLD):
    return summary.read(summary.kept(parts, way), step)


@pytest.mark.parametrize(
    ("day", "closed", "expected"),
    [
        (date(2026, 3, 4), None, date(2026, 3, 4)),
        (date(2026, 3, 4), date(2026, 3, 3), date(2026, 3, 4)),
        (date(2026, 3, 4), date(2026, 3, 4), date(2026, 3, 5)),
        (date(2026, 3, 4), date(2026, 3, 31), date(2026, 4, 1)),
    ],
)
def test_what_comes_for_a_closed_day_goes_into_the_first_open_one(day, closed, expected):
    assert summary.day_of(day, closed) == expected


def test_lines_are_apart_by_kind_article_taxes_and_way():
    nineteen, seven = {"DE VAT 19%": Decimal("1.90")}, {"DE VAT 7%": Decimal("0.70")}
    told = [
        *entries(part(taxes=nineteen), part(taxes=nineteen, net="5.05"), step=1),
        *entries(part(taxes=seven), part("shipping", "4.00", nineteen), step=2),
        *entries(part(taxes=nineteen, product="CUP"), step=3),
        *entries(part(taxes=nineteen), step=4, way=summary.BACK),
    ]
    found = [
        (line.way, line.part.kind, line.part.product, line.part.amount.net, line.part.amount.tax, line.steps)
        for line in summary.lines_of(told)
    ]
    assert found == [
        ("back", "product", None, Decimal("10.00"), Decimal("1.90"), (4,)),
        ("sold", "product", None, Decimal("15.05"), Decimal("3.80"), (1,)),
        ("sold", "product", None, Decimal("10.00"), Decimal("0.70"), (2,)),
        ("sold", "product", "CUP", Decimal("10.00"), Decimal("1.90"), (3,)),
        ("sold", "shipping", None, Decimal("4.00"), Decimal("1.90"), (2,)),
    ]
    total = sum(entry.part.amount.net for entry in told)
    assert sum(line.part.amount.net for line in summary.lines_of(told)) == total


def test_what_is_taken_out_again_is_the_opposite():
    items = summary.kept([part(), part("tip", "2.00")], summary.SOLD)
    assert [item["way"] for item in summary.turned(items)] == ["back", "back"]
    assert [item["way"] for item in summary.turned(summary.turned(items))] == ["sold", "sold"]
    assert [item["part"] for item in summary.turned(items)] == [item["part"] for item in items]
