# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Where something goes: the most specific rule decides, an ended one stops, without a rule nothing goes anywhere."""

from datetime import date
from decimal import Decimal
from types import SimpleNamespace

import pytest

from odoo.addons.finance_integration.engine.errors import MissingReferenceError
from odoo.addons.finance_integration.engine.mapping import Table, Version
from odoo.addons.finance_integration.engine.routing import codes_for, currency_of, decide, identities

DAY = date(2026, 3, 2)
INC, GMBH, LTD = 1, 2, 3


def spans(*rows):
    return Table(Version(number, "company", *row) for number, row in enumerate(rows))


RULES = spans(
    ("SHOP1@EUR", None, None, GMBH),
    ("SHOP1", None, None, INC),
    ("@GBP", None, None, LTD),
    ("*", None, None, INC),
)


@pytest.mark.parametrize(
    ("entity", "currency", "company", "rule"),
    [
        ("SHOP1", "EUR", GMBH, "SHOP1@EUR"),
        ("SHOP1", "USD", INC, "SHOP1"),
        ("SHOP1", None, INC, "SHOP1"),
        ("SHOP2", "GBP", LTD, "@GBP"),
        (None, "GBP", LTD, "@GBP"),
        (None, "EUR", INC, "*"),
        (None, None, INC, "*"),
    ],
)
def test_the_first_rule_that_there_is_decides(entity, currency, company, rule):
    found = decide(RULES, entity, currency, DAY)
    assert (found.company_id, found.code) == (company, rule)


@pytest.mark.parametrize(("entity", "currency"), [("SHOP2", "EUR"), ("SHOP2", None), ("shop1", "EUR")])
def test_an_entity_without_a_rule_never_falls_to_what_names_none(entity, currency):
    with pytest.raises(MissingReferenceError) as caught:
        decide(RULES, entity, currency, DAY)
    assert caught.value.code == "legal_entity_unknown"
    assert caught.value.params["value"] == entity


def test_without_any_rule_nothing_goes_anywhere():
    for entity, currency in ((None, None), ("X", None), (None, "EUR"), ("X", "EUR")):
        with pytest.raises(MissingReferenceError, match="legal_entity_unknown"):
            decide(Table(()), entity, currency, DAY)


def test_other_kinds_of_mappings_are_no_rules():
    other = Table([Version(1, "account", "*", None, None, 9), Version(2, "account", "X", None, None, 9)])
    with pytest.raises(MissingReferenceError, match="legal_entity_unknown"):
        decide(other, "X", "EUR", DAY)


def test_a_rule_that_has_ended_stops_and_the_next_does_not_take_its_place():
    ended = spans(("SHOP1@EUR", None, date(2026, 2, 28), GMBH), ("SHOP1", None, None, INC))
    assert decide(ended, "SHOP1", "EUR", date(2026, 2, 28)).company_id == GMBH
    with pytest.raises(MissingReferenceError) as caught:
        decide(ended, "SHOP1", "EUR", DAY)
    assert caught.value.code == "mapping_expired"


def test_a_rule_changes_on_its_day():
    changed = spans(("@EUR", None, date(2026, 3, 31), INC), ("@EUR", date(2026, 4, 1), None, GMBH))
    assert decide(changed, None, "EUR", date(2026, 3, 31)).company_id == INC
    assert decide(changed, None, "EUR", date(2026, 4, 1)).company_id == GMBH


def test_a_company_that_is_archived_gets_nothing():
    archived = Table([Version(1, "company", "*", None, None, INC, usable=False)])
    with pytest.raises(MissingReferenceError) as caught:
        decide(archived, None, "EUR", DAY)
    assert caught.value.code == "mapping_target_archived"


def test_the_codes_in_their_order():
    assert codes_for("A", "EUR") == ("A@EUR", "A", "@EUR")
    assert codes_for(None, "EUR") == ("@EUR", "*")
    assert codes_for("A", None) == ("A",)
    assert codes_for(None, None) == ("*",)


def test_the_currency_of_the_balance_decides_about_money():
    amount, settled = (SimpleNamespace(value=Decimal(1), currency=code) for code in ("CHF", "EUR"))
    assert currency_of(SimpleNamespace(amount=amount, settled=settled)) == "EUR"
    assert currency_of(SimpleNamespace(amount=amount, settled=None)) == "CHF"
    assert currency_of(SimpleNamespace(currency="USD")) == "USD"
    assert currency_of(SimpleNamespace(closing=settled)) == "EUR"
    assert currency_of(SimpleNamespace(name="Anna")) is None


def test_masters_may_be_known_to_several_companies():
    document = SimpleNamespace(source=SimpleNamespace(object_id="C-1"), movement_id="ch_1")
    assert identities(document, "customer") == ()
    assert identities(document, "movement") == ("ch_1",)
    assert identities(document, "invoice") == ("C-1",)
