# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""The partner's lists keep the contract that is published, and repeat under the same ids (O15, O16)."""

from datetime import datetime, timezone

from odoo.addons.finance_integration.connectors.base import InboundEvent
from odoo.addons.finance_integration.connectors.registry import get_connector
from odoo.addons.finance_integration.engine.canonical import kind_of
from odoo.addons.finance_integration.engine.canonical.rules import check
from odoo.addons.finance_integration.engine.json_guard import parse_json
from odoo.addons.finance_integration.simulators.partner.codes import COST_CENTRES, TAXES, lists

WHEN = datetime(2026, 3, 1, tzinfo=timezone.utc)


def test_the_lists_are_understood():
    connector = get_connector("generic")
    kinds = []
    for event in lists("seed", WHEN):
        body = parse_json(event.body)
        envelope = connector.read_envelope(body, {"webhook-id": event.id})
        [document] = connector.transform(InboundEvent(envelope, body))
        assert check(document) == ()
        kinds.append(kind_of(document)[0])
    assert kinds == ["reference_code"] * len(TAXES) + ["dimension"] * len(COST_CENTRES)


def test_told_again_they_are_the_same_events():
    first, again = list(lists("seed", WHEN)), list(lists("seed", WHEN))
    assert first == again
    assert len({event.id for event in first}) == len(first)
