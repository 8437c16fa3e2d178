# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Documents are read strictly, written exactly, and the two agree."""

import copy
import json
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from odoo.addons.finance_integration.engine.canonical import (
    KINDS,
    MOVEMENT_TYPES,
    Amount,
    BalanceMovement,
    Document,
    Source,
    decode,
    encode,
    kind_of,
    latest_version,
    registry,
    validate,
)
from odoo.addons.finance_integration.engine.errors import ContractError

from .document_examples import EXAMPLES

EXAMPLES |= json.loads((Path(__file__).parent / "vectors" / "events.json").read_text(encoding="utf-8"))


def amount_places(value, path=()):
    """Every place in the examples that holds a decimal string."""
    if isinstance(value, dict):
        parts = value.items()
    elif isinstance(value, list):
        parts = enumerate(value)
    else:
        return [path] if isinstance(value, str) and value.replace(".", "").isdigit() and "." in value else []
    return [place for key, part in parts for place in amount_places(part, (*path, key))]


def replaced(value, path, new):
    result = json.loads(json.dumps(value))  # the examples share parts, a deep copy would keep that
    inner = result
    for key in path[:-1]:
        inner = inner[key]
    inner[path[-1]] = new
    return result


def dotted(path):
    return "".join(f"[{key}]" if isinstance(key, int) else f".{key}" for key in path).removeprefix(".")


def violation(kind, value):
    with pytest.raises(ContractError) as caught:
        decode(kind, "1", value)
    assert caught.value.code == "schema_violation"
    return caught.value.params


PLACES = [(kind, path) for kind, value in EXAMPLES.items() for path in amount_places(value)]


def test_there_is_an_example_of_every_kind():
    assert set(EXAMPLES) == set(KINDS)
    assert len(PLACES) >= 29


@pytest.mark.parametrize("kind", sorted(EXAMPLES))
def test_there_and_back(kind):
    document = decode(kind, "1", EXAMPLES[kind])
    assert kind_of(document) == (kind, "1")
    assert encode(document) == EXAMPLES[kind]
    assert decode(kind, "1", msgspec.json.encode(encode(document))) == document
    assert validate(document) == document
    assert latest_version(kind) == "1"


@pytest.mark.parametrize(("kind", "path"), PLACES)
@pytest.mark.parametrize(
    "wrong", [1.5, "1e3", "NaN", "Infinity", "1_0", " 1", "1,00", "٣", "", Decimal("NaN"), 10**31]
)
def test_no_amount_is_read_loosely(kind, path, wrong):
    assert violation(kind, replaced(EXAMPLES[kind], path, wrong))["path"] == dotted(path)


@pytest.mark.parametrize(("kind", "path"), PLACES)
@pytest.mark.parametrize("wrong", [True, [], {}, b"1"])
def test_an_amount_of_another_type_is_refused_at_its_place(kind, path, wrong):
    assert violation(kind, replaced(EXAMPLES[kind], path, wrong))["path"] == dotted(path)


@pytest.mark.parametrize("exact", [7, Decimal("7"), "7"])
def test_exact_numbers_are_accepted_as_amounts(exact):
    value = replaced(EXAMPLES["movement"], ("amount", "value"), exact)
    assert decode("movement", "1", value).amount.value == Decimal(7)


def test_json_numbers_stay_exact():
    raw = msgspec.json.encode(EXAMPLES["movement"]).replace(b'"10.00"', b"0.1000000000000000055511151231")
    assert str(decode("movement", "1", raw).amount.value) == "0.1000000000000000055511151231"


def test_decoding_never_changes_what_it_was_given():
    value = copy.deepcopy(EXAMPLES["invoice"])
    decode("invoice", "1", value)
    assert value == EXAMPLES["invoice"]


@pytest.mark.parametrize(
    ("kind", "path", "wrong", "place"),
    [
        ("movement", ("type",), "gift", "type"),
        ("movement", ("occurred_at",), "2025-03-01T12:00:00", "occurred_at"),
        ("movement", ("occurred_at",), 1740830400, "occurred_at"),
        ("movement", ("amount", "currency"), "eur", "amount.currency"),
        ("movement", ("amount", "currency"), "EUR\n", "amount.currency"),
        ("movement", ("movement_id",), "", "movement_id"),
        ("movement", ("movement_id",), "x" * 256, "movement_id"),
        ("movement", ("source", "version"), -1, "source.version"),
        ("movement", ("source", "version"), "1", "source.version"),
        ("movement", ("changes_balance",), "yes", "changes_balance"),
        ("movement", ("references",), [{"type": "invoice", "value": "1"}] * 51, "references"),
        ("invoice", ("lines",), [], "lines"),
        ("invoice", ("lines", 0, "nonsense"), 1, "lines[0]"),
        ("invoice", ("issue_date",), "2025-13-01", "issue_date"),
        ("customer", ("address", "country"), "AUT", "address.country"),
        ("customer", ("surprise",), 1, "$"),
    ],
)
def test_violations_name_their_place(kind, path, wrong, place):
    params = violation(kind, replaced(EXAMPLES[kind], path, wrong))
    assert params["path"] == place
    assert params["problem"]


@pytest.mark.parametrize("value", [None, [], "x", 1, {}, b"[]", b"null"])
def test_what_is_no_document_is_refused(value):
    violation("movement", value)


def test_missing_fields_are_named():
    value = {key: part for key, part in EXAMPLES["movement"].items() if key != "amount"}
    assert "amount" in violation("movement", value)["problem"]


def test_bytes_are_guarded():
    with pytest.raises(ContractError) as caught:
        decode("movement", "1", b'{"a": 1, "a": 2}')
    assert caught.value.code == "duplicate_key"


@pytest.mark.parametrize(("kind", "version"), [("gift", "1"), ("movement", "2"), ("", ""), ("movement", "")])
def test_unknown_kinds_and_versions(kind, version):
    with pytest.raises(ContractError) as caught:
        decode(kind, version, {})
    assert caught.value.code == "unknown_kind"


def test_unknown_kind_has_no_latest_version():
    with pytest.raises(ContractError):
        latest_version("gift")


def test_an_unregistered_type_is_a_programming_error():
    for wrong in (Source(system="a", object_id="1"), object(), None):
        with pytest.raises(TypeError):
            kind_of(wrong)
        with pytest.raises(TypeError):
            encode(wrong)


def test_instants_become_utc_however_they_were_written():
    plus_two = datetime(2025, 3, 1, 14, tzinfo=timezone(timedelta(hours=2)))
    document = movement(occurred_at=plus_two)
    assert document.occurred_at.tzinfo is timezone.utc
    assert encode(document)["occurred_at"] == "2025-03-01T12:00:00Z"
    source = Source(system="a", object_id="1", approved_at=plus_two)
    assert source.approved_at.hour == 12
    with pytest.raises(ValueError, match="time zone"):
        movement(occurred_at=datetime(2025, 3, 1))  # noqa: DTZ001 - the point of the test


def movement(value=Decimal(10), **fields):
    fields.setdefault("occurred_at", datetime(2025, 3, 1, 12, tzinfo=timezone.utc))
    fields.setdefault("type", "payment")
    return BalanceMovement(
        source=Source(system="shop", object_id="1"),
        movement_id="ch_1",
        amount=Amount(value=value, currency="EUR"),
        **fields,
    )


def test_validate_finds_what_python_code_built_wrongly():
    assert validate(movement()) == movement()
    for wrong in (movement(type="gift"), movement(value=Decimal("NaN")), movement(method="")):
        with pytest.raises(ContractError) as caught:
            validate(wrong)
        assert caught.value.code == "schema_violation"
    with pytest.raises(TypeError):
        validate(movement(value=1.5))


@given(st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**15), max_value=10**15, places=4))
def test_amounts_are_written_plainly(value):
    text = encode(movement(value=value))["amount"]["value"]
    assert "E" not in text
    assert Decimal(text) == value


def test_a_field_with_two_kinds_of_amounts_is_a_programming_error():
    class Odd(msgspec.Struct):
        value: Decimal | Amount

    with pytest.raises(TypeError, match="ambiguous"):
        registry._amount_checker(Odd)


def test_a_list_that_is_none_is_refused_at_its_place():
    assert violation("invoice", {**EXAMPLES["invoice"], "lines": "x"})["path"] == "lines"


def test_documents_are_frozen():
    with pytest.raises(AttributeError):
        movement().type = "refund"


def test_the_movement_types_are_those_of_the_schema():
    field = next(one for one in msgspec.inspect.type_info(BalanceMovement).fields if one.name == "type")
    assert sorted(field.type.values) == sorted(MOVEMENT_TYPES)


def test_registered_types_are_documents():
    for versions in KINDS.values():
        for version, document_type in versions.items():
            assert version.isdigit()
            assert issubclass(document_type, Document)
            assert registry.document_type(kind_of_type(document_type), version) is document_type


def kind_of_type(document_type):
    return next(kind for kind, versions in KINDS.items() if document_type in versions.values())
