# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""The partner's products and suppliers keep the contracts that are published (O2, O3)."""

from datetime import datetime, timezone

from odoo.addons.finance_integration.connectors.base import InboundEvent
from odoo.addons.finance_integration.connectors.registry import get_connector
from odoo.addons.finance_integration.engine.canonical import kind_of
from odoo.addons.finance_integration.engine.canonical.rules import check
from odoo.addons.finance_integration.engine.json_guard import parse_json
from odoo.addons.finance_integration.simulators.partner.documents import as_event
from odoo.addons.finance_integration.simulators.partner.masters import (
    CATALOGUE,
    bank_account,
    catalogue,
    supplier,
)

WHEN = datetime(2026, 3, 1, tzinfo=timezone.utc)


def understood(event):
    connector = get_connector("generic")
    body = parse_json(event.body)
    [document] = connector.transform(
        InboundEvent(connector.read_envelope(body, {"webhook-id": event.id}), body)
    )
    assert check(document) == ()
    return document


def test_the_catalogue_is_understood_and_repeats():
    events = list(catalogue("seed", WHEN))
    assert events == list(catalogue("seed", WHEN))
    told = [understood(event) for event in events]
    assert {kind_of(document)[0] for document in told} == {"product"}
    assert [(one.code, str(one.price), one.currency) for one in told] == [
        (code, price, "USD") for _id, code, _name, price in CATALOGUE
    ]


def test_a_supplier_is_understood():
    account = bank_account("BE68539007547034", holder="Paper Mill", bic="KREDBEBB")
    told = understood(
        as_event("seed", "supplier.updated", supplier("S-1", "Paper Mill", WHEN, bank_accounts=[account]))
    )
    assert kind_of(told)[0] == "supplier"
    assert told.bank_accounts[0].account_number == "BE68539007547034"
