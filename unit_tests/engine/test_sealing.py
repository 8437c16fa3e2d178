# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Contents that are encrypted, opened, altered and erased (C9)."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from odoo.addons.finance_integration.engine import sealing
from odoo.addons.finance_integration.engine.canonical import KINDS
from odoo.addons.finance_integration.engine.errors import AuthorizationError, BusinessError

KEY = bytes(range(32))
SHARE = sealing.new_share(7)


@given(st.binary(max_size=6000))
def test_what_is_sealed_is_opened_and_tells_nothing(content):
    stored = sealing.seal(KEY, SHARE, content, sealing.RAW)
    assert sealing.is_sealed(stored)
    assert sealing.unseal(KEY, SHARE, stored, sealing.RAW) == content
    assert len(content) < 8 or content not in stored


def test_a_long_text_is_compressed_first():
    content = b'{"name":"Anna"}' * 1000
    assert len(sealing.seal(KEY, SHARE, content, sealing.RAW)) < len(content) / 10
    assert len(sealing.seal(KEY, SHARE, content, sealing.BATCH, pack=False)) > len(content)


def test_the_same_content_never_looks_the_same():
    texts = {sealing.seal(KEY, SHARE, b"same", sealing.RAW) for _try in range(100)}
    assert len(texts) == 100
    assert len({sealing.new_share(7) for _try in range(100)}) == 100


@pytest.mark.parametrize("place", [0, 4, 5, 10, 17, 30, -1])
def test_what_was_altered_is_not_opened(place):
    stored = bytearray(sealing.seal(KEY, SHARE, b"amount: 10.00", sealing.RAW))
    stored[place] ^= 1
    if place == 0:
        assert not sealing.is_sealed(bytes(stored))
        return
    with pytest.raises(AuthorizationError) as caught:
        sealing.unseal(KEY, SHARE, bytes(stored), sealing.RAW)
    assert caught.value.code == "content_unreadable"


def test_only_with_its_key_its_share_and_its_purpose():
    stored = sealing.seal(KEY, SHARE, b"x", sealing.RAW)
    for key, share, purpose in (
        (bytes(32), SHARE, sealing.RAW),
        (KEY, sealing.new_share(7), sealing.RAW),
        (KEY, SHARE, sealing.DOCUMENTS),
    ):
        with pytest.raises(AuthorizationError):
            sealing.unseal(key, share, stored, purpose)
    for cut in (stored[:10], stored[:17], stored[:-1]):
        with pytest.raises(AuthorizationError):
            sealing.unseal(KEY, SHARE, cut, sealing.RAW)


def test_without_its_share_it_is_erased():
    stored = sealing.seal(KEY, SHARE, b"x", sealing.RAW)
    for share, content in ((None, stored), (SHARE, sealing.ERASED), (None, sealing.ERASED)):
        with pytest.raises(BusinessError) as caught:
            sealing.unseal(KEY, share, content, sealing.RAW)
        assert caught.value.code == "content_erased"


def test_a_share_names_its_data_key():
    assert sealing.data_key_id_of(SHARE) == 7
    with pytest.raises(AuthorizationError):
        sealing.data_key_id_of(b"short")


@given(
    st.recursive(
        st.none() | st.booleans() | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    )
)
def test_no_json_text_is_taken_for_something_sealed(value):
    assert not sealing.is_sealed(json.dumps(value).encode())


def test_documents_are_told_apart():
    assert sealing.from_json(sealing.as_json(b"\x00x")) == b"\x00x"
    for value in (None, [], [{"sealed": "00"}], {"sealed": 7}, {"sealed": "zz"}, {"sealed": "00", "more": 1}):
        assert sealing.from_json(value) is None


def test_what_is_stored_as_it_comes():
    assert sealing.plain_kinds("none") is None
    assert sealing.plain_kinds("all") == frozenset()
    plain = sealing.plain_kinds("classified")
    assert plain <= set(KINDS)
    # Whatever names people or amounts is confidential at least.
    assert not plain & {"customer", "invoice", "movement", "entry", "event.invoice_posted"}
