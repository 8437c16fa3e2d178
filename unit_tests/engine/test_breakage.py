# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Breakage of gift cards is earned in proportion to what is used, and never more than is owed (policy F26)."""

from decimal import Decimal

import pytest

from odoo.addons.finance_integration.engine.breakage import earned


@pytest.mark.parametrize(
    ("sold", "redeemed", "rate", "currency", "total"),
    [
        ("1000.00", "0.00", "10", "EUR", "0"),
        ("1000.00", "450.00", "10", "EUR", "50.00"),
        ("1000.00", "900.00", "10", "EUR", "100.00"),
        ("1000.00", "950.00", "10", "EUR", "50.00"),
        ("1000.00", "1000.00", "10", "EUR", "0.00"),
        ("1000.00", "1100.00", "10", "EUR", "0"),
        ("100.00", "33.33", "7.5", "EUR", "2.70"),
        ("10000", "3333", "7.5", "JPY", "270"),
        ("0.00", "10.00", "10", "EUR", "0"),
    ],
)
def test_what_is_earned(sold, redeemed, rate, currency, total):
    assert earned(Decimal(sold), Decimal(redeemed), Decimal(rate), currency) == Decimal(total)


@pytest.mark.parametrize("rate", ["0", "100", "-1", "250"])
def test_a_rate_is_a_part(rate):
    with pytest.raises(ValueError, match="above 0 and below 100"):
        earned(Decimal("100.00"), Decimal("10.00"), Decimal(rate), "EUR")
