# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""What fills a sentence is recognised by the type of its parameter, and by nothing that could be something else."""

import datetime
import re
from decimal import Decimal

import pytest

from odoo.addons.finance_integration.engine import sentence_values as values
from odoo.addons.finance_integration.engine.error_catalogue import CODES, fill, unfill
from odoo.addons.finance_integration.engine.preview_words import WORDS
from odoo.addons.finance_integration.engine.sentence_values import Day, Instant, Money, OutsideId, parts

PLACEHOLDER = re.compile(r"%\((\w+)\)s")
KINDS = (values.MONEY, values.WHEN, values.TEXT, values.NAME)


def used():
    texts = [text for info in CODES.values() for text in (info.sentence, info.next_step)]
    return {name for text in (*texts, *WORDS.values()) for name in PLACEHOLDER.findall(text)}


def test_every_parameter_of_every_sentence_has_one_type():
    known = [name for kind in KINDS for name in kind]
    assert len(known) == len(set(known))
    assert used() - set(known) == set()


def test_no_type_is_kept_for_a_parameter_that_is_gone():
    assert {name for kind in KINDS for name in kind} - used() == set()


def money(number, currency, text=None):
    return Money(Decimal(number), currency, text or f"{number} {currency}".strip())


@pytest.mark.parametrize(
    ("name", "text", "params", "expected"),
    [
        ("amount", "2162.00 USD", {}, [money("2162.00", "USD")]),
        ("amount", "-5.00 EUR", {}, [money("-5.00", "EUR")]),
        ("ours", "1234.5", {"currency": "EUR"}, [money("1234.5", "EUR", "1234.5")]),
        ("stated", "140", {}, [money("140", "")]),
        ("stated", "3 records, 5.00 EUR", {}, ["3 records, ", money("5.00", "EUR")]),
        ("reason", "Paid 5.00 EUR twice.", {}, ["Paid ", money("5.00", "EUR"), " twice."]),
    ],
)
def test_amounts(name, text, params, expected):
    assert list(parts(name, text, params)) == expected


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("number", "2162.00 USD"),  # a number is what its issuer calls it
        ("number", "2026-03-02"),
        ("reason", "INV-5 USD"),
        ("reason", "1.234,50 USD"),
        ("reason", "Order 12 SHIPPED"),
        ("stated", "USD, EUR"),
        ("amount", "12345678901234567.00 USD"),  # Odoo's floats would make another number of it
        ("date", "2026-02-30"),
        ("reason", "2026-03-02/5"),
        ("date", "at the end of the month"),
        ("reason", ""),
    ],
)
def test_what_is_something_else_stays_as_it_is(name, text):
    assert list(parts(name, text)) == [text]


def test_an_amount_without_a_known_currency_has_none():
    assert list(parts("amount", "5.00", {"currency": "USD, EUR"})) == [money("5.00", "")]


def test_days_and_instants():
    at = datetime.datetime(2026, 3, 2, 9, 30, 5, tzinfo=datetime.timezone.utc)
    assert list(parts("date", "2026-03-02")) == [Day(at.date(), "2026-03-02")]
    for text in ("2026-03-02 09:30:05", "2026-03-02 09:30:05 UTC", "2026-03-02T09:30:05.123Z"):
        assert list(parts("due", text)) == [Instant(at, text)]
    days = list(parts("days", "2026-03-02, 2026-03-03"))
    assert [part if isinstance(part, str) else part.day.day for part in days] == [2, ", ", 3]


def test_the_frame_of_an_outside_id_is_seen_in_every_parameter():
    text = "gid://shopify/Order/820982911946154508"
    assert list(parts("value", text)) == [OutsideId("Order", "820982911946154508", text)]
    assert list(parts("reason", f"{text} is gone"))[1:] == [" is gone"]


def test_a_kept_sentence_is_read_back():
    template = CODES["payment_excess"].sentence
    params = {"amount": "50.00 USD", "customer": "Anna", "number": "INV/1", "excess": "5.00 USD"}
    assert unfill(template, fill(template, params)) == params


@pytest.mark.parametrize("code", sorted(CODES))
def test_every_sentence_is_read_back_as_it_was_filled(code):
    for template in (CODES[code].sentence, CODES[code].next_step):
        params = {name: f"<{name}>" for name in PLACEHOLDER.findall(template)}
        assert unfill(template, fill(template, params)) == params


@pytest.mark.parametrize(
    "text",
    [
        "Something else happened.",
        "5.00 USD of A of B is booked, and nothing says which invoice it pays",
        # Two ways to read it: of whom is it?
        "5.00 USD of A of B is booked, and nothing says which invoice it pays.",
    ],
)
def test_what_could_be_read_in_two_ways_is_not_read(text):
    assert unfill(CODES["payment_without_reference"].sentence, text) is None
