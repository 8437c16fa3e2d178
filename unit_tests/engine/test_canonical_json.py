# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""One byte form per value, and digests that do not depend on how it was written."""

import hashlib
import json
from datetime import date, datetime, timezone
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from odoo.addons.finance_integration.engine.canonical import decode
from odoo.addons.finance_integration.engine.canonical_json import (
    canonical_bytes,
    digest,
    document_digest,
    to_plain,
)
from odoo.addons.finance_integration.engine.errors import ContractError

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
    max_leaves=15,
)
MOVEMENT = {
    "source": {"system": "stripe", "object_id": "ch_1"},
    "occurred_at": "2025-03-01T12:00:00Z",
    "movement_id": "ch_1",
    "type": "payment",
    "amount": {"value": "10.00", "currency": "EUR"},
}


def test_example_of_rfc_8785():
    # RFC 8785, section 3.2.3: keys sort by UTF-16 code units.
    value = {
        "\u20ac": "Euro Sign",
        "\r": "Carriage Return",
        "\ufb33": "Hebrew",
        "1": "One",
        "\U0001f600": "Smiley",
        "\x80": "Control",
        "\xf6": "Latin",
    }
    names = list(json.loads(canonical_bytes(value).decode()))
    assert names == ["\r", "1", "\x80", "\xf6", "\u20ac", "\U0001f600", "\ufb33"]


@given(VALUES)
def test_is_json_and_stable(value):
    raw = canonical_bytes(value)
    assert json.loads(raw) == value
    assert canonical_bytes(json.loads(raw)) == raw


@given(st.dictionaries(TEXT, VALUES, max_size=6))
def test_the_order_of_keys_does_not_matter(value):
    assert canonical_bytes(dict(reversed(value.items()))) == canonical_bytes(value)


def test_exact_types():
    value = {"a": Decimal("1.50"), "b": 2**60, "c": date(2025, 3, 1), "d": (Decimal("1E+2"),), "e": True}
    value["f"] = datetime(2025, 3, 1, 12, tzinfo=timezone.utc)
    assert canonical_bytes(value) == (
        b'{"a":"1.50","b":"1152921504606846976","c":"2025-03-01","d":["100"],"e":true,"f":"2025-03-01T12:00:00Z"}'
    )


@pytest.mark.parametrize("value", [1.5, {"a": [0.1]}, {1: 2}, {"a": object()}, b"x", {"a": {1}}])
def test_what_has_no_exact_form_is_refused(value):
    with pytest.raises(TypeError):
        canonical_bytes(value)


@pytest.mark.parametrize("value", ["\ud800", {"\ud800": 1}, {"\ud800": 1, "a": 2}])
def test_invalid_unicode_is_refused(value):
    with pytest.raises(ContractError) as caught:
        canonical_bytes(value)
    assert caught.value.code == "invalid_json"


def test_digest_is_sha256():
    assert digest(b"abc") == hashlib.sha256(b"abc").hexdigest()


def test_document_digest_ignores_how_it_was_written():
    first = decode("movement", "1", MOVEMENT)
    reordered = dict(reversed(MOVEMENT.items()))
    reordered["occurred_at"] = "2025-03-01T13:00:00+01:00"
    assert document_digest(decode("movement", "1", reordered)) == document_digest(first)
    assert document_digest(decode("movement", "1", {**MOVEMENT, "movement_id": "ch_2"})) != document_digest(
        first
    )
    assert len(document_digest(first)) == 64


def test_to_plain_copies():
    value = {"a": [Decimal("1.0")]}
    assert to_plain(value) == {"a": ["1.0"]}
    assert value == {"a": [Decimal("1.0")]}
