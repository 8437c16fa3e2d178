# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""An archive gives back what was put in, and no change to it goes unnoticed (A4, E9)."""

import gzip
import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from odoo.addons.finance_integration.engine.archive import Kept, pack, unpack
from odoo.addons.finance_integration.engine.errors import ContractError

json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**9), 10**9) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
contents = st.lists(
    st.builds(
        Kept,
        message_id=st.integers(1, 10**12),
        event_id=st.text(max_size=30),
        raw=st.binary(max_size=200),
        headers=json_values,
        documents=json_values,
    ),
    max_size=8,
)
TWO = [Kept(1, "evt_1", b'{"a":1}', {"webhook-id": "evt_1"}, [{"kind": "invoice"}]), Kept(2, "evt_2", b"")]


@given(contents)
def test_what_is_packed_comes_back(kept):
    assert list(unpack(pack(kept))) == kept


@given(contents)
def test_packing_is_reproducible(kept):
    assert pack(kept) == pack(kept)


def changed(archive: bytes, old: bytes, new: bytes) -> bytes:
    text = gzip.decompress(archive)
    assert old in text
    return gzip.compress(text.replace(old, new, 1))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"eyJhIjoxfQ==", b"eyJhIjoyfQ=="),
        (b'"message":1,', b'"message":9,'),
        (b"webhook-id", b"webhook-ix"),
        (b'"count":2', b'"count":1'),
        (b"finance-integration-archive/1", b"finance-integration-archive/9"),
    ],
)
def test_a_change_is_noticed(old, new):
    with pytest.raises(ContractError) as caught:
        list(unpack(changed(pack(TWO), old, new)))
    assert caught.value.code == "archive_damaged"


@pytest.mark.parametrize(
    "line", [b'{"message":1}', b'{"message":1,"event":"x","raw":5,"headers":0,"documents":0}']
)
def test_a_line_with_a_right_digest_and_no_event_is_noticed(line):
    lines = gzip.decompress(pack(TWO)).splitlines(keepends=True)
    lines[1] = hashlib.sha256(line).hexdigest().encode() + b" " + line + b"\n"
    with pytest.raises(ContractError):
        list(unpack(gzip.compress(b"".join(lines))))


def test_a_missing_event_is_noticed():
    lines = gzip.decompress(pack(TWO)).splitlines(keepends=True)
    for cut in (
        lines[:1] + lines[2:],
        lines[:-1],
        [],
        lines + lines[-1:],
        lines[:1] + lines[2:1:-1] + lines[1:2],
    ):
        with pytest.raises(ContractError):
            list(unpack(gzip.compress(b"".join(cut))))


@given(st.data())
def test_a_flipped_bit_or_a_cut_never_gives_something_else(data):
    archive = bytearray(pack(TWO))
    if data.draw(st.booleans()):
        position = data.draw(st.integers(10, len(archive) - 1))
        archive[position] ^= 1 << data.draw(st.integers(0, 7))
    else:
        del archive[data.draw(st.integers(0, len(archive) - 1)) :]
    found = []
    try:
        found.extend(unpack(bytes(archive)))
    except ContractError as error:
        assert error.code == "archive_damaged"
    assert found == TWO[: len(found)]
