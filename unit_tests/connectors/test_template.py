# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""The template, copied as its README says, is a connector that keeps every promise."""

import importlib
import shutil
import sys
from pathlib import Path

import pytest

from odoo.addons.finance_integration import connectors as package
from odoo.addons.finance_integration.connectors import registry
from odoo.addons.finance_integration.unit_tests.connectors import conformance

TEMPLATE = Path(package.__path__[0]) / "_template"


@pytest.fixture
def copied(tmp_path, monkeypatch):
    """Return the folder of a copy of the template, importable as a neighbour of the real connectors."""
    folder = tmp_path / "acme"
    shutil.copytree(TEMPLATE, folder, ignore=shutil.ignore_patterns("__pycache__"))
    source = (folder / "connector.py").read_text(encoding="utf-8")
    (folder / "connector.py").write_text(source.replace('code="example"', 'code="acme"'), encoding="utf-8")
    monkeypatch.setattr(package, "__path__", [*package.__path__, str(tmp_path)])
    importlib.invalidate_caches()
    yield folder
    for name in [name for name in sys.modules if name.startswith(f"{package.__name__}.acme")]:
        del sys.modules[name]


def test_the_copied_template_passes_the_suite(copied):
    connector = registry.load(package.__name__, "acme")
    assert conformance.suite_failures(connector, copied) == []


def test_the_copied_template_is_found_without_editing_anything(copied):
    found = registry.discover(package)
    assert {"acme", "generic", "stripe"} <= set(found)
    assert not any(code.startswith("_") for code in found)


def test_the_suite_notices_a_wrong_amount(copied):
    expected = copied / "fixtures" / "payment_captured" / "expected.json"
    expected.write_text(expected.read_text().replace('"121.00"', '"121.01"'), encoding="utf-8")
    failures = conformance.suite_failures(registry.load(package.__name__, "acme"), copied)
    assert [line.split(":")[0] for line in failures] == ["payment_captured-result"]


def test_the_suite_notices_a_float_and_a_crash(copied):
    path = copied / "transformers.py"
    source = path.read_text(encoding="utf-8")
    source = source.replace("from_minor(payment.amount, currency)", "Decimal(payment.amount / 100)")
    path.write_text(
        source.replace("from typing import Any", "from decimal import Decimal\nfrom typing import Any")
    )
    failures = conformance.suite_failures(registry.load(package.__name__, "acme"), copied)
    assert any(line.startswith("payment_captured_jpy-result") for line in failures)


def test_the_suite_notices_an_event_without_fixture(copied):
    shutil.rmtree(copied / "fixtures" / "payment_refused")
    failures = conformance.suite_failures(registry.load(package.__name__, "acme"), copied)
    assert failures == ["folder: no fixture for payment.refused"]
