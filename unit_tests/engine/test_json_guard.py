# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Whatever bytes arrive, they are read exactly or refused by name."""

import json
from decimal import Decimal

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from odoo.addons.finance_integration.engine.errors import ContractError
from odoo.addons.finance_integration.engine.json_guard import parse_json, parse_json_object

JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**20), 10**20)
    | st.text(alphabet=st.characters(exclude_categories=["Cs"], exclude_characters="\x00")),
    lambda inner: (
        st.lists(inner, max_size=5) | st.dictionaries(st.text("abcd", max_size=3), inner, max_size=5)
    ),
    max_leaves=20,
)
FRAGMENTS = st.lists(
    st.sampled_from(
        [*'[]{}",:\\', "\\u", "d800", "0000", "1", "-", "e9", ".5", "null", "true", "NaN", " ", "é"]
    ),
    max_size=60,
).map("".join)


def refused(raw, **limits):
    with pytest.raises(ContractError) as caught:
        parse_json(raw, **limits)
    return caught.value.code


@given(JSON)
def test_reads_what_was_written(value):
    assert parse_json(json.dumps(value).encode()) == value
    assert parse_json(json.dumps(value, ensure_ascii=False).encode()) == value


@given(st.binary(max_size=200))
@example(b"\xef\xbb\xbf{}")
@example(b"\xff\xfe")
def test_arbitrary_bytes_raise_nothing_but_a_contract_error(raw):
    try:
        parse_json(raw)
    except ContractError as error:
        assert error.code in {"invalid_json", "too_deep", "duplicate_key", "number_out_of_range"}


@given(FRAGMENTS)
def test_almost_json_raises_nothing_but_a_contract_error(text):
    try:
        value = parse_json(text.encode())
    except ContractError:
        return
    assert value == json.loads(text, parse_float=Decimal)


def test_numbers_stay_exact():
    value = parse_json(b'{"a": 0.1, "b": 1.10, "c": 100000000000000000000, "d": 1e2, "e": -0}')
    assert value == {"a": Decimal("0.1"), "b": Decimal("1.10"), "c": 10**20, "d": Decimal("1E+2"), "e": 0}
    assert str(value["b"]) == "1.10"
    assert [type(part) for part in value.values()] == [Decimal, Decimal, int, Decimal, int]


@pytest.mark.parametrize(
    "raw",
    [
        *[b"", b" ", b"{", b"[1,]", b"{'a': 1}", b"nul", b"1 2", b'"a', b'"\x01"', b'"\\x"', b'{"a": 1}x'],
        *[
            b"NaN",
            b"[Infinity]",
            b"-Infinity",
            b"01",
            b"+1",
            b".5",
            b"\xff",
            b'"\xed\xa0\x80"',
            b"\xef\xbb\xbf1",
        ],
        *[
            b'"\\ud800"',
            b'["\\udfff"]',
            b'{"\\ud800": 1}',
            b'"\\u0000"',
            b'{"a": [{"b": "x\\u0000y"}]}',
            b"]",
        ],
    ],
)
def test_invalid_json(raw):
    assert refused(raw) == "invalid_json"


def test_a_pair_of_surrogates_is_one_character():
    assert parse_json(b'"\\ud83d\\ude00"') == "\N{GRINNING FACE}"
    assert parse_json(b'"\\\\u0000"') == "\\u0000"


@pytest.mark.parametrize(
    ("raw", "key"), [(b'{"a": 1, "a": 1}', "a"), (b'[{"x": {"b": 1, "c": 2, "b": 3}}]', "b")]
)
def test_duplicate_keys(raw, key):
    with pytest.raises(ContractError) as caught:
        parse_json(raw)
    assert (caught.value.code, caught.value.params["key"]) == ("duplicate_key", key)


def test_an_escaped_duplicate_is_a_duplicate():
    assert refused(b'{"a": 1, "\\u0061": 2}') == "duplicate_key"


def test_depth():
    assert parse_json(b"[" * 64 + b"]" * 64)
    assert refused(b"[" * 65 + b"]" * 65) == "too_deep"
    assert refused(b'{"a":' * 65 + b"1" + b"}" * 65) == "too_deep"
    assert refused(b"[[1]]", max_depth=1) == "too_deep"
    for raw in (b"[" * 100_000, b"[" * 100_000 + b"]" * 100_000, b'{"a":' * 100_000):
        assert refused(raw) == "too_deep"


def test_brackets_in_strings_do_not_count():
    assert parse_json(json.dumps(["[" * 1000, '"[{' * 1000]).encode()) == ["[" * 1000, '"[{' * 1000]


def test_size():
    assert refused(b" " * 101, max_bytes=100) == "body_too_large"
    assert parse_json(b"1" + b" " * 99, max_bytes=100) == 1


@pytest.mark.parametrize(
    "raw", [b"1" * 65, b"-" + b"1" * 5000, b"1." + b"1" * 5000, b"1e999999999", b"1e-61", b"0e999"]
)
def test_numbers_are_bounded(raw):
    assert refused(raw) == "number_out_of_range"


def test_an_open_string_of_many_quotes_is_scanned_once():
    # Scanned again from every quote, this would take hours.
    assert refused(b'"' + b'\\"' * 400_000) == "invalid_json"
    assert refused(b'["' + b"\\\\" * 400_000) == "invalid_json"


def test_an_object_is_asked_for():
    assert parse_json_object(b'{"a": 1}') == {"a": 1}
    for raw in (b"[]", b"1", b"null", b'"a"'):
        with pytest.raises(ContractError) as caught:
            parse_json_object(raw)
        assert caught.value.code == "not_an_object"


def test_the_detail_never_shows_the_content():
    with pytest.raises(ContractError) as caught:
        parse_json(b'{"card": "4242424242424242" oops}')
    assert "4242" not in str(caught.value)
