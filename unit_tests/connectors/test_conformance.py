# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""One test per connector, fixture and promise; a new connector or fixture is picked up by itself."""

from pathlib import Path

import pytest

from odoo.addons.finance_integration import connectors as package
from odoo.addons.finance_integration.connectors.registry import all_connectors
from odoo.addons.finance_integration.unit_tests.connectors import conformance

ROOT = Path(package.__path__[0])
CHECKS = [
    (f"{code}-{name}", check)
    for code, connector in sorted(all_connectors().items())
    for name, check in conformance.all_checks(connector, ROOT / code, conformance.SETTINGS)
]


@pytest.mark.parametrize("check", [check for _name, check in CHECKS], ids=[name for name, _check in CHECKS])
def test_connector_keeps_its_promise(check):
    check()


@pytest.mark.parametrize(("code", "at_least"), [("stripe", 20), ("generic", 10)])
def test_there_are_enough_fixtures(code, at_least):
    assert len(conformance.read_cases(ROOT / code)) >= at_least
