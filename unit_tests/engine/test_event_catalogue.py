# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Every business event of E12 exists once, with a contract and its words."""

import json
from pathlib import Path

import pytest

from odoo.addons.finance_integration.connectors.generic.const import OUTBOUND
from odoo.addons.finance_integration.engine.canonical import KINDS, decode
from odoo.addons.finance_integration.engine.canonical.rules import check
from odoo.addons.finance_integration.engine.errors import ContractError
from odoo.addons.finance_integration.engine.event_catalogue import EVENTS, LISTS, PUBLISHED_BY_RULES

# The words of the requirement.
REQUIRED = """
customer-approved supplier-activated order-contracted invoice-posted credit-note-posted payment-settled payment-failed
refund-settled dispute-opened credit-hold-set credit-hold-cleared purchase-order-changed statement-loaded
reconciliation-complete exception-raised exception-resolved close-ready period-closed
"""


# What the requirement does not name and the hub tells all the same.
MORE = {
    "event.rule_fulfilled",
    "event.bill_posted",
    "event.bill_paid",
    "event.supplier_credit_posted",
    *LISTS,
}


def test_every_required_event_is_in_the_catalogue():
    wanted = {f"event.{name.replace('-', '_')}" for name in REQUIRED.split()}
    assert wanted == set(EVENTS) - MORE


def test_every_event_has_a_contract_and_no_contract_is_without_words():
    assert {kind for kind in KINDS if kind.startswith("event.")} == set(EVENTS)


def test_names_on_the_wire_are_unique_and_sent_by_the_generic_connector():
    assert len({info.wire_name for info in EVENTS.values()}) == len(EVENTS)
    assert set(OUTBOUND) == set(EVENTS)


def test_every_event_says_what_it_means():
    for kind, info in EVENTS.items():
        assert all((info.label, info.phrase, info.told, info.model)), kind
        assert kind == f"event.{info.wire_name.replace('.', '_')}"
    assert set(PUBLISHED_BY_RULES) <= set(EVENTS)


EXAMPLES = json.loads((Path(__file__).parent / "vectors" / "events.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("kind", sorted(EXAMPLES))
def test_an_amount_that_its_currency_cannot_hold_is_refused(kind):
    assert check(decode(kind, "1", EXAMPLES[kind])) == ()
    for name, value in EXAMPLES[kind].items():
        if isinstance(value, dict) and "currency" in value:
            broken = {**EXAMPLES[kind], name: {"value": "1.005", "currency": "EUR"}}
            with pytest.raises(ContractError):
                check(decode(kind, "1", broken))
