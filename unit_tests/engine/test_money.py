# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Money is exact: minor units there and back, nothing rounded, nothing guessed."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from odoo.addons.finance_integration.engine import money
from odoo.addons.finance_integration.engine.errors import ContractError
from odoo.addons.finance_integration.engine.money import PROVIDER_MINOR_UNITS, Money

CURRENCIES = st.sampled_from(["EUR", "USD", "JPY", "KWD", "CLF", "ISK", "MGA", "BGN"])
COUNTS = st.integers(-(10**18), 10**18)
STRIPE = PROVIDER_MINOR_UNITS["stripe"]


def refused(code, function, *arguments):
    with pytest.raises(ContractError) as caught:
        function(*arguments)
    assert caught.value.code == code
    return caught.value


@pytest.mark.parametrize(
    ("currency", "units"),
    [
        ("EUR", 2),
        ("USD", 2),
        ("JPY", 0),
        ("ISK", 0),
        ("UGX", 0),
        ("KWD", 3),
        ("TND", 3),
        ("CLF", 4),
        ("HRK", 2),
    ],
)
def test_minor_units_of_iso_4217(currency, units):
    assert money.minor_units(currency) == units


@pytest.mark.parametrize("currency", ["eur", "EURO", "", "XXX", "XAU", "XTS", "ABC", None, 978, ["EUR"]])
def test_what_is_no_currency_is_refused(currency):
    refused("unknown_currency", money.minor_units, currency)


@given(COUNTS, CURRENCIES)
def test_minor_units_there_and_back(count, currency):
    amount = money.from_minor(count, currency)
    assert money.to_minor(amount, currency) == count
    assert -amount.as_tuple().exponent == money.minor_units(currency)


@given(COUNTS, st.sampled_from(["EUR", "JPY", "KWD", "MGA"]))
def test_a_providers_own_units_there_and_back(count, currency):
    assert money.to_minor(money.from_minor(count, currency, STRIPE), currency, STRIPE) == count


@pytest.mark.parametrize(
    ("count", "currency", "exceptions", "amount"),
    [
        (1999, "EUR", None, "19.99"),
        (500, "JPY", None, "500"),
        (5120, "KWD", None, "5.120"),
        (-1, "USD", None, "-0.01"),
        (0, "EUR", None, "0.00"),
        (500, "ISK", STRIPE, "5"),
        (500, "UGX", STRIPE, "5"),
        (500, "MGA", STRIPE, "500.00"),
        (1999, "EUR", STRIPE, "19.99"),
    ],
)
def test_known_amounts(count, currency, exceptions, amount):
    assert str(money.from_minor(count, currency, exceptions)) == amount


def test_a_provider_cannot_state_a_part_that_the_currency_does_not_know():
    refused("amount_not_exact", money.from_minor, 550, "ISK", STRIPE)


@pytest.mark.parametrize("count", [True, 1.0, "100", None, Decimal(1), 10**30])
def test_a_count_is_a_whole_number_of_bounded_length(count):
    refused("invalid_amount", money.from_minor, count, "EUR")


@pytest.mark.parametrize(
    ("amount", "currency", "exceptions"),
    [("0.001", "EUR", None), ("1.5", "JPY", None), ("1.00001", "CLF", None), ("1.50", "MGA", STRIPE)],
)
def test_a_finer_amount_is_never_rounded(amount, currency, exceptions):
    refused("amount_not_exact", money.to_minor, Decimal(amount), currency, exceptions)


@pytest.mark.parametrize(
    "text", ["0", "-0.10", "12345678901234567890.1234567890", "1.000", "-1", "0.5", "-0." + "0" * 29 + "1"]
)
def test_plain_decimals_are_read_as_written(text):
    assert money.plain(money.parse_decimal(text)) == text


@pytest.mark.parametrize(
    "value",
    [
        *["", " 1", "1 ", "+1", "1e5", "1E5", "NaN", "Infinity", "-Infinity", "sNaN", "1_000", "1,5", "01"],
        *[".5", "5.", "--1", "٣", "１", "1.5\n", "0x10", "1" * 31, "0." + "0" * 30 + "1"],
        *[True, False, 1.5, 0.0, None, b"1", [], 10**30, -(10**30)],
        *[Decimal("NaN"), Decimal("Infinity"), Decimal("1E+40"), Decimal("1E-40"), Decimal("1" * 31)],
    ],
)
def test_anything_else_is_refused(value):
    refused("invalid_amount", money.parse_decimal, value)


@given(st.one_of(st.text(max_size=40), st.floats(), st.booleans(), st.integers(), st.decimals()))
def test_reading_raises_nothing_but_a_contract_error(value):
    try:
        amount = money.parse_decimal(value)
    except ContractError:
        return
    assert amount.is_finite()
    assert money.parse_decimal(money.plain(amount)) == amount
    assert "E" not in money.plain(amount)


def test_an_exact_decimal_with_an_exponent_is_written_out():
    assert money.plain(money.parse_decimal(Decimal("1.2E+5"))) == "120000"
    refused("invalid_amount", money.to_minor, 1, "EUR")


def test_zero_has_no_sign():
    assert money.plain(money.parse_decimal("-0.00")) == "0.00"


@given(st.decimals(min_value=-(10**12), max_value=10**12, places=6), st.integers(0, 8))
def test_exactness_is_what_the_digits_say(amount, decimals):
    assert money.is_exact(amount, decimals) == (amount == round(amount, decimals))


@pytest.mark.parametrize(("text", "rounded"), [("0.125", "0.13"), ("-0.125", "-0.13"), ("0.124", "0.12")])
def test_comparison_rounds_half_away_from_zero(text, rounded):
    assert money.round_to(Decimal(text), 2) == Decimal(rounded)


@given(COUNTS, COUNTS)
def test_money_adds_exactly(first, second):
    left, right = Money(money.from_minor(first, "EUR"), "EUR"), Money(money.from_minor(second, "EUR"), "EUR")
    assert money.to_minor((left + right).amount, "EUR") == first + second
    assert money.to_minor((left - right).amount, "EUR") == first - second
    assert left + -left == Money(Decimal(0), "EUR")
    assert (left < right, left <= right, left == right) == (first < second, first <= second, first == second)
    assert bool(left) == bool(first)
    assert money.to_minor(abs(left).amount, "EUR") == abs(first)


def test_different_currencies_never_meet():
    euro, dollar = Money(Decimal(1), "EUR"), Money(Decimal(1), "USD")
    assert euro != dollar
    for operation in (lambda: euro + dollar, lambda: euro - dollar, lambda: euro < dollar, lambda: euro + 1):
        with pytest.raises(TypeError):
            operation()


def test_money_that_cannot_exist_is_refused():
    refused("unknown_currency", Money, Decimal(1), "XYZ")
    refused("amount_not_exact", Money, Decimal("0.001"), "EUR")
    refused("invalid_amount", Money, 1.5, "EUR")
    refused("invalid_amount", Money, 1, "EUR")
    refused("invalid_amount", Money, Decimal("NaN"), "EUR")


def test_money_is_frozen_hashable_and_readable():
    assert str(Money(Decimal("1.50"), "EUR")) == "1.50 EUR"
    assert len({Money(Decimal("1.5"), "EUR"), Money(Decimal("1.50"), "EUR")}) == 1
    with pytest.raises(AttributeError):
        Money(Decimal(1), "EUR").amount = Decimal(2)


def test_only_codes_of_the_standard_are_currencies():
    assert money.is_currency("EUR") and money.is_currency("JPY")
    assert not any(money.is_currency(code) for code in ("EUX", "eur", "", "*", "€"))
