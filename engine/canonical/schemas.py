# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""JSON Schemas of the canonical documents (draft 2020-12), generated from their types and published."""

from __future__ import annotations

import inspect
import json
from pathlib import Path
from typing import Any

import msgspec

from ..money import MAX_TEXT_CHARACTERS
from .base import CLASSIFICATIONS, INTERNAL
from .registry import KINDS, document_type

DIALECT = "https://json-schema.org/draft/2020-12/schema"
# As ``money.parse_decimal`` reads it: no exponent, no plus, no leading zeros.
DECIMAL_PATTERN = r"^-?(0|[1-9][0-9]*)(\.[0-9]+)?$"


def json_schema(kind: str, version: str) -> dict[str, Any]:
    """Return the JSON Schema of ``kind`` in ``version``, with ``$id`` and ``x-classification`` per field.

    :raises ContractError: ``unknown_kind``.
    """
    schema = msgspec.json.schema(document_type(kind, version))
    name = schema["$ref"].rpartition("/")[2]
    definitions = {key: _publish(part) for key, part in schema["$defs"].items()}
    main = definitions.pop(name)
    return {
        "$schema": DIALECT,
        "$id": f"urn:finance-integration:contract:{kind}:{version}",
        "title": f"{kind} {version}",
        **{key: value for key, value in main.items() if key != "title"},
        "$defs": dict(sorted(definitions.items())),
    }


def _publish(part: Any) -> Any:
    """Return ``part`` of a generated schema as we publish it: amounts as decimal strings, tidy texts."""
    if isinstance(part, list):
        return [_publish(element) for element in part]
    if not isinstance(part, dict):
        return part
    published = {key: _publish(value) for key, value in part.items()}
    if published.get("type") == "string" and published.get("format") == "decimal":
        del published["format"]
        published.update(
            pattern=DECIMAL_PATTERN,
            maxLength=MAX_TEXT_CHARACTERS,
            description="An exact decimal number, written as a string.",
        )
    if isinstance(published.get("description"), str):
        published["description"] = inspect.cleandoc(published["description"])
    return published


def file_name(kind: str, version: str) -> str:
    """Return the name of the published file of ``kind`` in ``version``."""
    return f"{kind}.v{version}.schema.json"


def schema_text(kind: str, version: str) -> str:
    """Return the text of the published file of ``kind`` in ``version``."""
    return json.dumps(json_schema(kind, version), indent=2, ensure_ascii=False) + "\n"


def write_contracts(folder: Path) -> list[Path]:
    """Write the schema of every kind and version into ``folder`` and return the paths."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for kind, versions in KINDS.items():
        for version in versions:
            path = folder / file_name(kind, version)
            path.write_text(schema_text(kind, version), encoding="utf-8")
            paths.append(path)
    return paths


def classification_of(kind: str, version: str) -> dict[str, str]:
    """Return the classification of every field, by path (``lines[].net_amount``).

    A field that says nothing is ``internal``: never less than what can do harm in a log.

    :raises ContractError: ``unknown_kind``.
    """
    schema = json_schema(kind, version)
    found: dict[str, str] = {}
    _classify(schema, schema["$defs"], "", found)
    return found


def _classify(part: dict[str, Any], definitions: dict[str, Any], path: str, found: dict[str, str]) -> None:
    if "$ref" in part:
        part = definitions[part["$ref"].rpartition("/")[2]]
    if "properties" in part:
        for name, field in part["properties"].items():
            _classify(field, definitions, f"{path}.{name}" if path else name, found)
    elif "anyOf" in part:
        for choice in part["anyOf"]:
            if choice != {"type": "null"}:
                _classify(choice, definitions, path, found)
    elif part.get("type") == "array":
        _classify(part.get("items", {}), definitions, f"{path}[]", found)
    else:
        level = part.get("x-classification", INTERNAL)
        # Of two readings of one field the stricter counts.
        found[path] = max(level, found.get(path, CLASSIFICATIONS[0]), key=CLASSIFICATIONS.index)
