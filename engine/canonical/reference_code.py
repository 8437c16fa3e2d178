# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""O15, O16: the codes that an outside system uses: analytic dimensions, taxes, terms, accounts, statuses."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Literal

from .base import INTERNAL, Code, CurrencyCode, Document, Label, Money, classified

Day = Annotated[dt.date, classified(INTERNAL)]


class AnalyticDimension(Document, kw_only=True):
    """A value of an analytic dimension: a cost centre, a project.

    ``dimension`` names the axis (what Odoo calls a plan); ``valid_until`` is the last day on which the source books
    with the code; ``parent`` is the code above it in the same dimension.
    """

    dimension: Code
    code: Code
    label: Label
    parent: Code | None = None
    valid_from: Day | None = None
    valid_until: Day | None = None


class ReferenceCode(Document, kw_only=True):
    """A code of one of the source's lists.

    ``catalogue`` is the kind of mapping that gives the code its meaning here. ``rate_percent`` belongs to taxes,
    ``currency`` to accounts that are kept in one currency.
    """

    catalogue: Literal[
        "account",
        "tax",
        "payment_term",
        "journal",
        "product",
        "currency",
        "status",
        "company",
        "country",
        "unit",
    ]
    code: Code
    label: Label
    parent: Code | None = None
    rate_percent: Money | None = None
    currency: CurrencyCode | None = None
    valid_from: Day | None = None
    valid_until: Day | None = None
