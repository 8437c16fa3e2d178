# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""A source's own words are replaced where they are mapped, and nothing else changes (M2)."""

from datetime import date, datetime, timezone
from decimal import Decimal

from odoo.addons.finance_integration.engine.canonical.base import Amount, Source
from odoo.addons.finance_integration.engine.canonical.entry import EntryLine, JournalEntry
from odoo.addons.finance_integration.engine.canonical.movement import BalanceMovement
from odoo.addons.finance_integration.engine.own_words import with_currencies, with_word

NOW = datetime(2026, 3, 2, tzinfo=timezone.utc)
SOURCE = Source(system="shop", object_id="1")
MEANING = {"RMB": "CNY", "NIS": "ILS"}


def meaning(code):
    return MEANING.get(code, code)


def test_currencies_are_called_by_their_iso_name_wherever_they_stand():
    movement = BalanceMovement(
        source=SOURCE,
        occurred_at=NOW,
        movement_id="m1",
        type="payment",
        amount=Amount(value=Decimal("10.00"), currency="RMB"),
        settled=Amount(value=Decimal("1.40"), currency="USD"),
    )
    told = with_currencies(movement, meaning)
    assert (told.amount.currency, told.settled.currency) == ("CNY", "USD")
    assert told.amount.value == Decimal("10.00")
    assert movement.amount.currency == "RMB"  # what came in stays as it came in


def test_a_document_without_such_a_code_comes_back_itself():
    lines = (EntryLine(account="RMB", debit=Decimal(1)), EntryLine(account="NIS", credit=Decimal(1)))
    entry = JournalEntry(
        source=SOURCE, occurred_at=NOW, reference="E", date=date(2026, 3, 2), currency="USD", lines=lines
    )
    assert with_currencies(entry, meaning) is entry  # an account that is called like a currency is an account


def test_the_word_at_a_place_is_replaced_and_the_body_is_not_touched():
    body = {"type": "customer.updated", "data": {"status": "gone", "name": "gone"}}
    told = with_word(body, ("data", "status"), {"gone": "archived"}.get)
    assert told == {"type": "customer.updated", "data": {"status": "archived", "name": "gone"}}
    assert body["data"]["status"] == "gone"


def test_where_no_word_stands_nothing_happens():
    def never(_word):
        raise AssertionError("asked for the meaning of nothing")

    for body in (
        None,
        [],
        {},
        {"data": None},
        {"data": {}},
        {"data": {"status": 5}},
        {"data": {"status": ["x"]}},
    ):
        assert with_word(body, ("data", "status"), never) is body
