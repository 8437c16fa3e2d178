# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""The published contracts are those of the types, and say how each field is classified."""

import json
import re
from pathlib import Path

import pytest

from odoo.addons.finance_integration.engine.canonical import KINDS, schemas
from odoo.addons.finance_integration.engine.canonical.base import CLASSIFICATIONS, classified
from odoo.addons.finance_integration.engine.errors import ContractError

CONTRACTS = Path(__file__).resolve().parents[2] / "contracts"
ALL = [(kind, version) for kind, versions in KINDS.items() for version in versions]


@pytest.mark.parametrize(("kind", "version"), ALL)
def test_the_committed_contract_is_the_generated_one(kind, version):
    committed = (CONTRACTS / schemas.file_name(kind, version)).read_text(encoding="utf-8")
    assert committed == schemas.schema_text(kind, version)


def test_no_contract_without_a_type():
    assert {path.name for path in CONTRACTS.glob("*.json")} == {schemas.file_name(*one) for one in ALL}


def test_contracts_can_be_written_anywhere(tmp_path):
    paths = schemas.write_contracts(tmp_path / "contracts")
    assert len(paths) == len(ALL)
    assert {path.name: path.read_bytes() for path in paths} == {
        path.name: path.read_bytes() for path in CONTRACTS.glob("*.json")
    }


@pytest.mark.parametrize(("kind", "version"), ALL)
def test_contracts_are_closed_and_bounded(kind, version):
    schema = schemas.json_schema(kind, version)
    assert schema["$schema"] == schemas.DIALECT
    assert schema["$id"] == f"urn:finance-integration:contract:{kind}:{version}"
    for part in walk(schema):
        if part.get("type") == "object":
            assert part["additionalProperties"] is False
        if part.get("type") == "array":
            assert part["maxItems"] >= 1
        if part.get("type") == "string":
            assert part.get("maxLength") or part.get("format") in ("date", "date-time")
        assert part.get("type") != "number"
        assert part.get("format") != "decimal"


def walk(part):
    if isinstance(part, list):
        part = dict(enumerate(part))
    elif isinstance(part, dict):
        yield part
    else:
        return
    for value in part.values():
        yield from walk(value)


def test_amounts_are_decimal_strings():
    value = schemas.json_schema("movement", "1")["$defs"]["Amount"]["properties"]["value"]
    assert (value["type"], value["pattern"]) == ("string", schemas.DECIMAL_PATTERN)
    for text, fits in [
        ("1.50", True),
        ("-0.1", True),
        ("0", True),
        ("1e5", False),
        ("01", False),
        ("+1", False),
    ]:
        assert bool(re.search(value["pattern"], text)) is fits


def test_classifications():
    levels = schemas.classification_of("invoice", "1")
    assert levels["customer.email"] == "confidential"
    assert levels["customer.tax_id"] == "confidential"
    assert levels["lines[].net_amount"] == "internal"
    assert levels["lines[].taxes[].amount"] == "internal"
    assert levels["source.actor"] == "confidential"
    assert set(schemas.classification_of("customer", "1").values()) == {"confidential", "internal"}


@pytest.mark.parametrize(("kind", "version"), ALL)
def test_every_field_has_a_known_level(kind, version):
    levels = schemas.classification_of(kind, version)
    assert set(levels.values()) <= set(CLASSIFICATIONS)
    assert {"source.system", "source.object_id", "occurred_at"} <= set(levels)


def test_unknown_contracts_and_levels_are_refused():
    with pytest.raises(ContractError):
        schemas.json_schema("gift", "1")
    with pytest.raises(ValueError, match="classification"):
        classified("secret")


def test_contracts_are_plain_json():
    for path in CONTRACTS.glob("*.json"):
        assert json.loads(path.read_text(encoding="utf-8"))["type"] == "object"
