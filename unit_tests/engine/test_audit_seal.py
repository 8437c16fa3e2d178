# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Seals: whatever is changed, taken out, put in or moved is found, and the first broken place is named."""

import dataclasses
import hashlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from odoo.addons.finance_integration.engine.audit_seal import (
    FLAWS,
    MAX_ENTRIES,
    NO_SEAL,
    Chain,
    Flaw,
    Seal,
    SealError,
    SigningKey,
    check_entries,
    check_head,
    key_id_of,
    new_seed,
    pack_list,
    read_list,
    read_seal,
    root_of,
    signature_holds,
    text_digest,
)

OLD, NEW, STRANGER = (SigningKey(new_seed()) for _number in range(3))
KEYS = {OLD.id: OLD.public, NEW.id: NEW.public}
IDS = st.lists(st.integers(1, 2**40), min_size=1, max_size=30, unique=True).map(sorted)


def digest(number, text=""):
    """A digest of an entry."""
    return f"v1:{hashlib.sha256(f'{number}{text}'.encode()).hexdigest()}"


def entries_of(ids):
    """What is in the database: number, stated and true digest."""
    return [(number, digest(number), digest(number)) for number in ids]


def seal_of(ids, last=None, key=OLD, **changes):
    """Return the seal over these entries and its list."""
    pairs = [(number, digest(number)) for number in ids]
    facts = {
        "trail": "11111111-2222-3333-4444-555555555555",
        "number": last.number + 1 if last else 1,
        "first_id": last.last_id + 1 if last else 1,
        "last_id": ids[-1],
        "entries": len(ids),
        "root": root_of(pairs),
        "previous": last.digest if last else NO_SEAL,
        "sealed_at": "2026-03-02T15:00:00Z",
        "key_id": key.id,
    }
    return Seal(**facts | changes), pack_list(pairs)


def chain_of(count, keys=(OLD,)):
    """Return a chain of seals of three entries each, as (text, signature) pairs."""
    rows, last = [], None
    for place in range(count):
        key = keys[min(place, len(keys) - 1)]
        last, _packed = seal_of([place * 3 + 1, place * 3 + 2, place * 3 + 3], last, key)
        rows.append((last.text, key.sign(last.text)))
    return rows


def follow(rows, keys=KEYS, **start):
    """Follow the seals until the first flaw."""
    chain = Chain(keys, **start)
    return next((flaw for row in rows if (flaw := chain.follow(*row))), None)


def test_a_seal_is_read_back_and_its_digest_is_that_of_its_text():
    seal, _packed = seal_of([1, 2, 5])
    assert read_seal(seal.text) == seal
    assert seal.digest == text_digest(seal.text) == hashlib.sha256(seal.text.encode()).hexdigest()
    assert json.loads(seal.text)["format"] == "finance-integration-seal/1"


@pytest.mark.parametrize(
    "change",
    [
        lambda whole: whole | {"format": "finance-integration-seal/2"},
        lambda whole: whole | {"more": 1},
        lambda whole: {name: value for name, value in whole.items() if name != "root"},
        lambda whole: whole | {"number": "1"},
        lambda whole: whole | {"number": True},
        lambda whole: whole | {"number": 0},
        lambda whole: whole | {"entries": 0},
        lambda whole: whole | {"entries": 6},
        lambda whole: whole | {"entries": MAX_ENTRIES + 1, "last_id": 10**9},
        lambda whole: whole | {"last_id": 0},
        lambda whole: whole | {"last_id": 2**63},
        lambda whole: whole | {"root": "F" * 64},
        lambda whole: whole | {"previous": "0"},
        lambda whole: whole | {"trail": None},
        lambda whole: whole | {"sealed_at": 5},
    ],
)
def test_what_is_no_seal_is_refused(change):
    seal, _packed = seal_of([1, 2, 5])
    with pytest.raises(SealError):
        read_seal(json.dumps(change(json.loads(seal.text)), sort_keys=True, separators=(",", ":")))


@pytest.mark.parametrize("text", ["", "null", "[]", "{", "x" * 3000, "[" * 1500, '{"format":1}'])
def test_other_texts_are_no_seals(text):
    with pytest.raises(SealError):
        read_seal(text)


def test_a_seal_is_read_in_one_form_only():
    seal, _packed = seal_of([1])
    with pytest.raises(SealError):
        read_seal(seal.text.replace(",", ", "))


def test_signatures():
    text = seal_of([1])[0].text
    signature = OLD.sign(text)
    assert signature_holds(text, signature, OLD.public)
    assert not signature_holds(text + " ", signature, OLD.public)
    assert not signature_holds(text, signature, NEW.public)
    assert not signature_holds(text, NEW.sign(text), OLD.public)
    for broken in ("", "AAAA", "é", signature[:-4]):
        assert not signature_holds(text, broken, OLD.public)
        assert not signature_holds(text, signature, broken)
    assert key_id_of(OLD.public) == OLD.id
    with pytest.raises(SealError):
        key_id_of("é")


@pytest.mark.parametrize("seed", ["", "short", "A" * 43, "é" * 44, "A" * 88])
def test_what_is_no_key_is_refused(seed):
    with pytest.raises(SealError):
        SigningKey(seed)


@given(IDS)
def test_the_list_is_read_back(ids):
    pairs = [(number, digest(number)) for number in ids]
    assert read_list(pack_list(pairs)) == pairs


def test_a_list_of_another_form_is_refused():
    for wrong in [(1, "v2:" + "0" * 64), (1, "v1:x"), (0, digest(0)), (2**63, digest(1)), (1, "")]:
        with pytest.raises(SealError):
            pack_list([wrong])
    for packed in (b"x", b"\x02" + b"\x00" * 40, b"\x01" * 41 * (MAX_ENTRIES + 1)):
        with pytest.raises(SealError):
            read_list(packed)


# -- the chain -----------------------------------------------------------------------------------------------


def test_a_chain_holds_also_over_a_change_of_the_key():
    rows = chain_of(5, (OLD, OLD, NEW))
    assert follow(rows) is None
    assert follow(rows[3:], last=rows[2][0]) is None


def test_what_breaks_a_chain_is_named():
    rows = chain_of(5)
    assert follow([*rows[:2], *rows[3:]]) == Flaw("seal_missing", seal=3)
    assert follow(rows[1:]) == Flaw("seal_missing", seal=1)
    assert follow([*rows[:2], rows[1], *rows[2:]]) == Flaw("seal_order", seal=3)
    assert follow([rows[0], rows[2], rows[1]]) == Flaw("seal_missing", seal=2)
    assert follow([rows[0], ("x", rows[1][1])]) == Flaw("seal_unreadable", seal=2)
    assert follow(rows, keys={}) == Flaw("seal_key", seal=1)
    assert follow(rows, keys={OLD.id: NEW.public}) == Flaw("seal_key", seal=1)


def test_a_forged_seal_is_named():
    rows = chain_of(3)
    other = dataclasses.replace(read_seal(rows[1][0]), sealed_at="2026-03-02T15:00:01Z")
    assert follow([rows[0], (other.text, rows[1][1])]) == Flaw("seal_signature", seal=2)
    assert follow([rows[0], (other.text, STRANGER.sign(other.text))]) == Flaw("seal_signature", seal=2)
    resigned = (other.text, OLD.sign(other.text))
    assert follow([rows[0], resigned]) is None  # whoever holds the key can; the next seal shows it
    assert follow([rows[0], resigned, rows[2]]) == Flaw("seal_chain", seal=3)


def test_seals_leave_no_number_out():
    rows = chain_of(1)
    first = read_seal(rows[0][0])
    later, _packed = seal_of([6, 7], first, first_id=5)
    assert follow([*rows, (later.text, OLD.sign(later.text))]) == Flaw("seal_chain", seal=2)
    late, _packed = seal_of([2, 3], first_id=2)
    assert follow([(late.text, OLD.sign(late.text))]) == Flaw("seal_chain", seal=1)


def test_a_key_that_was_replaced_signs_no_more():
    rows = chain_of(3, (OLD, NEW, OLD))
    assert follow(rows) == Flaw("seal_old_key", seal=3)
    assert follow(rows[2:], last=rows[1][0], replaced=[OLD.id]) == Flaw("seal_old_key", seal=3)


# -- the entries ---------------------------------------------------------------------------------------------


@given(IDS)
def test_what_was_sealed_holds(ids):
    seal, packed = seal_of(ids)
    assert check_entries(seal, packed, entries_of(ids)) is None


@given(IDS, st.data())
def test_a_changed_entry_is_named(ids, data):
    seal, packed = seal_of(ids)
    place = data.draw(st.integers(0, len(ids) - 1))
    entries = entries_of(ids)
    number = ids[place]
    for changed in [
        (number, digest(number), digest(number, "x")),  # the text was changed
        (number, digest(number, "x"), digest(number, "x")),  # the text and its digest
        (number, digest(number, "x"), digest(number)),  # the digest
    ]:
        broken = [*entries[:place], changed, *entries[place + 1 :]]
        assert check_entries(seal, packed, broken) == Flaw("entry_changed", 1, number)


@given(IDS, st.data())
def test_a_deleted_and_an_inserted_entry_is_named(ids, data):
    seal, packed = seal_of(ids)
    place = data.draw(st.integers(0, len(ids) - 1))
    entries = entries_of(ids)
    assert check_entries(seal, packed, entries[:place] + entries[place + 1 :]) == Flaw(
        "entry_missing", 1, ids[place]
    )
    number = data.draw(st.integers(1, ids[-1] + 5).filter(lambda number: number not in ids))
    assert check_entries(seal, packed, sorted(entries + entries_of([number]))) == Flaw(
        "entry_inserted", 1, number
    )


def test_an_entry_under_another_number_is_found():
    seal, packed = seal_of([1, 2, 5])
    moved = [(1, digest(1), digest(1)), (3, digest(2), digest(2)), (5, digest(5), digest(5))]
    assert check_entries(seal, packed, moved) == Flaw("entry_missing", 1, 2)
    swapped = [(1, digest(2), digest(2)), (2, digest(1), digest(1)), (5, digest(5), digest(5))]
    assert check_entries(seal, packed, swapped) == Flaw("entry_changed", 1, 1)


def test_a_list_that_was_changed_does_not_hide_anything():
    seal, packed = seal_of([1, 2, 5])
    entries = entries_of([1, 2, 5])
    other = pack_list([(1, digest(1)), (2, digest(2, "x")), (5, digest(5))])
    for false in (b"", packed[:41], packed + packed[:41], b"x", other):
        assert check_entries(seal, false, entries) == Flaw("seal_list", seal=1)
    forged = [entries[0], (2, digest(2, "x"), digest(2, "x")), entries[2]]
    assert check_entries(seal, other, forged) == Flaw("seal_content", seal=1)
    clumsy = [entries[0], (2, digest(2), digest(2, "x")), entries[2]]
    assert check_entries(seal, other, clumsy) == Flaw("entry_changed", 1, 2)
    assert check_entries(seal, other, entries[:2]) == Flaw("seal_content", seal=1)


# -- outside -------------------------------------------------------------------------------------------------


def test_exported_seals():
    [(text, signature)] = chain_of(1)
    assert check_head(1, text, signature, text_digest(text), KEYS) is None
    assert check_head(1, text, signature, text_digest(text), {}) is None
    assert check_head(1, text, signature, None, KEYS) == Flaw("head_missing", seal=1)
    assert check_head(1, text, signature, text_digest("x"), KEYS) == Flaw("head_differs", seal=1)
    assert check_head(1, text, NEW.sign(text), text_digest(text), KEYS) == Flaw("seal_signature", seal=1)
    assert check_head(4, "x", signature, text_digest(text), KEYS) == Flaw("heads_unreadable", seal=4)


@pytest.mark.parametrize("code", FLAWS)
def test_each_flaw_has_words(code):
    words = Flaw(code, seal=17, entry=42).words
    assert ("17" in words) or ("42" in words)
