# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""The lines of Stripe Billing's invoices and credit notes → canonical lines that add up to Stripe's totals.

Shipping costs are no line of an invoice at Stripe; here they become its last one, on the account of what is charged
for shipping. A billing credit (credit grant) is taken off before tax. Given for nothing it lessens the price, as a
discount does. Paid for before, it changes what the customer still has to pay, not what was sold: the part of the sale
is booked in full, and taken from the customer's deposits, both without tax.

Sources: https://docs.stripe.com/api/invoice-line-item/object, https://docs.stripe.com/api/invoices/object
(``shipping_cost``), https://docs.stripe.com/billing/subscriptions/usage-based/billing-credits,
https://docs.stripe.com/api/billing/credit-grant/object (``category``).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import msgspec

from ...engine.canonical import InvoiceLine, LineTax
from ...engine.errors import BusinessError, ContractError
from ...engine.instants import local_date
from ..reading import clip, read_as, schema_violation
from . import wire
from . import wire_billing as shapes
from .shared import Context, instant, money

PLACE = "$.data.object"
SHIPPING_ACCOUNT, DEPOSIT_ACCOUNT = "role:SHIP", "role:CUSTDEP"
_HUNDRED = Decimal(100)


def not_bookable(number: str, reason: str) -> BusinessError:
    """Return the error by which a document is held that a person books by hand."""
    return BusinessError("billing_not_bookable", reason, params={"number": number, "reason": reason})


def all_lines(lines: shapes.LineList, number: str, shape: type) -> list[Any]:
    """Return the lines of a document, read.

    :raises BusinessError: ``billing_lines_missing``.
    :raises ContractError: a line is not as Stripe documents it.
    """
    if lines.has_more:
        raise BusinessError(
            "billing_lines_missing", number, params={"number": number, "count": len(lines.data)}
        )
    return [read_as(one, shape, f"{PLACE}.lines.data[{place}]") for place, one in enumerate(lines.data)]


def document_lines(
    context: Context,
    document: shapes.Invoice | shapes.CreditNote,
    lines: Sequence[shapes.InvoiceLine | shapes.CreditLine],
    sign: int = 1,
) -> list[InvoiceLine]:
    """Return the lines of a document, its shipping costs last; those worth nothing only where there are no others.

    :param sign: -1 where a negative invoice is told as the credit note that it is.
    :raises BusinessError: ``billing_not_bookable``.
    """
    number = document.number or document.id
    told = [line for one in lines for line in _line(context, one, document.currency, number, sign)]
    if shipping := _shipping(document.shipping_cost, document.currency, number, sign):
        told.append(shipping)
    return [line for line in told if line.net_amount or any(tax.amount for tax in line.taxes)] or told


def _line(
    context: Context, line: shapes.InvoiceLine | shapes.CreditLine, currency: str, number: str, sign: int
) -> list[InvoiceLine]:
    """Return a line with its net amount and its taxes, and what billing credits paid of it."""
    stated = line.taxes if line.taxes is not None else line.tax_amounts or ()
    included = sign * sum(tax.amount for tax in stated if _is_included(tax))
    given, paid = _granted(line, number)
    discount = sign * (sum(part.amount for part in line.discount_amounts or ()) + given)
    before = sign * line.amount - included
    net = before - discount - sign * paid
    quantity, price, percent = _priced(
        line.quantity, before, 0 if paid else discount, net, currency, included
    )
    told = InvoiceLine(
        line_id=line.id,
        description=clip(line.description) or line.id,
        quantity=quantity,
        unit_price=price,
        discount_percent=percent,
        product=_product(context, line),
        net_amount=money(net, currency).value,
        taxes=_taxes(stated, currency, sign),
        **_days(context, getattr(line, "period", None)),
    )
    return [told, *_paid_before(told, money(sign * paid, currency).value)] if paid else [told]


def _taxes(stated: Sequence[shapes.LineTax], currency: str, sign: int) -> tuple[LineTax, ...]:
    return tuple(
        LineTax(code=_tax_code(tax), amount=money(sign * tax.amount, currency).value) for tax in stated
    )


def _granted(line: shapes.InvoiceLine | shapes.CreditLine, number: str) -> tuple[int, int]:
    """Return how much of a line was taken off by billing credits: (given for nothing, paid for before).

    :raises BusinessError: ``billing_not_bookable``: the source does not say which of both, or it is a credit note.
    """
    given = paid = 0
    for part in line.pretax_credit_amounts or ():
        if part.type == "discount" or not part.amount:
            continue  # told among the discounts, too
        if isinstance(line, shapes.CreditLine):
            raise not_bookable(number, "it credits what billing credits had paid")
        category = _category(part)
        if category == "promotional":
            given += part.amount
        elif category == "paid":
            paid += part.amount
        else:
            raise not_bookable(
                number, "it uses billing credits, and nobody says whether the customer had paid for them"
            )
    return given, paid


def _category(part: shapes.PartAmount) -> str | None:
    """Return whether a billing credit was paid for; None = its grant is not told."""
    use = part.credit_balance_transaction
    if part.type != "credit_balance_transaction" or not isinstance(use, dict):
        return None
    grant = read_as(use, shapes.CreditUse, f"{PLACE}.lines.data.pretax_credit_amounts").credit_grant
    return grant.category if isinstance(grant, shapes.CreditGrant) else None


def _paid_before(line: InvoiceLine, amount: Decimal) -> list[InvoiceLine]:
    """Return two lines that together are worth nothing: what billing credits paid was sold, and was a deposit."""
    sold = msgspec.structs.replace(
        line,
        description=clip(f"{line.description} (paid with billing credits)"),
        quantity=Decimal(1),
        unit_price=amount,
        discount_percent=None,
        net_amount=amount,
        taxes=(),
    )
    used = InvoiceLine(
        line_id=line.line_id,
        description="Billing credits used",
        quantity=Decimal(1),
        unit_price=-amount,
        net_amount=-amount,
        account=DEPOSIT_ACCOUNT,
    )
    return [sold, used]


def _shipping(cost: shapes.ShippingCost | None, currency: str, number: str, sign: int) -> InvoiceLine | None:
    """Return what is charged for shipping, as a line; None = nothing is.

    :raises BusinessError: ``billing_not_bookable``: its tax is not named, or is another sum.
    """
    if cost is None or not (cost.amount_total or cost.amount_tax):
        return None
    if cost.amount_tax and cost.taxes is None:
        raise not_bookable(number, "it charges tax on shipping costs, and the source does not say which tax")
    if sum(tax.amount for tax in cost.taxes or ()) != cost.amount_tax:
        raise not_bookable(number, "the taxes on its shipping costs do not add up")
    net = money(sign * (cost.amount_total - cost.amount_tax), currency).value
    return InvoiceLine(
        line_id="shipping",
        description="Shipping",
        quantity=Decimal(1),
        unit_price=net,
        account=SHIPPING_ACCOUNT,
        net_amount=net,
        taxes=_taxes(cost.taxes or (), currency, sign),
    )


def _is_included(tax: shapes.LineTax) -> bool:
    return bool(tax.inclusive) if tax.tax_behavior is None else tax.tax_behavior == "inclusive"


def _tax_code(tax: shapes.LineTax) -> str:
    rate = wire.id_of(tax.tax_rate_details.tax_rate if tax.tax_rate_details else tax.tax_rate)
    if rate is None:
        raise schema_violation(f"{PLACE}.lines.data.taxes", "A tax names its tax rate")
    return rate[:64]


def _priced(
    quantity: int | None, before: int, discount: int, net: int, currency: str, included: int
) -> tuple[Decimal, Decimal, Decimal | None]:
    """Return (quantity, net price of one, discount in percent) whose product is the net amount to the cent.

    Where Stripe's figures do not divide evenly (prices of fractions of a cent, tiers), the line stands as one piece
    at its amount: what is booked is then right, and nothing is rounded.
    """
    one = Decimal(1)
    whole = Decimal(quantity or 1)
    if quantity and before and discount and not included:
        percent = Decimal(discount) * _HUNDRED / Decimal(before)
        if (
            percent == percent.quantize(Decimal("0.01"))
            and 0 < percent <= _HUNDRED
            and before % quantity == 0
        ):
            return whole, money(before // quantity, currency).value, percent.quantize(Decimal("0.01"))
    if quantity and net % quantity == 0:
        return whole, money(net // quantity, currency).value, None
    return one, money(net, currency).value, None


def _product(context: Context, line: Any) -> str | None:
    """Return Stripe's product, where this connection books by product."""
    if not context.billing_products:
        return None
    pricing, price = getattr(line, "pricing", None), getattr(line, "price", None)
    details = pricing.price_details if pricing else price
    found = wire.id_of(details.product) if details else None
    return found[:64] if found else None


def _days(context: Context, period: shapes.Period | None) -> dict[str, dt.date]:
    """Return the first and the last day of service; Stripe's end is the instant at which the next period begins."""
    if period is None or period.end <= period.start:
        return {}
    end = instant(period.end) - dt.timedelta(seconds=1)
    return {
        "period_start": local_date(instant(period.start), context.time_zone),
        "period_end": local_date(end, context.time_zone),
    }


def stated_totals(
    lines: list[InvoiceLine], total: int, total_net: int | None, currency: str
) -> dict[str, Decimal]:
    """Return what Stripe states; that it is the sum of the lines is checked by the rules of the document."""
    if not lines:
        raise ContractError(
            "schema_violation",
            params={"path": f"{PLACE}.lines", "problem": "Expected a line with an amount"},
        )
    stated = {"total_gross": money(total, currency).value}
    if total_net is not None:
        stated["total_net"] = money(total_net, currency).value
        stated["total_tax"] = money(total - total_net, currency).value
    return stated
