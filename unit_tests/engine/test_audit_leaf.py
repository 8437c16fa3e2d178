# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Leaves and Merkle trees: what was changed, dropped, added or moved is found."""

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from odoo.addons.finance_integration.engine.audit_leaf import (
    EMPTY_ROOT,
    MerkleTree,
    inclusion_proof,
    leaf_bytes,
    leaf_digest,
    leaf_digests,
    merkle_root,
    verify_inclusion,
    verify_leaf,
)
from odoo.addons.finance_integration.engine.canonical_json import canonical_bytes

FIELDS = st.dictionaries(
    st.text("abcdef", min_size=1, max_size=4),
    st.none() | st.integers(-(2**60), 2**60) | st.text("xyz", max_size=5),
    max_size=6,
)
LEAVES = st.lists(
    st.integers(0, 10**6).map(lambda number: hashlib.sha256(str(number).encode()).hexdigest()),
    min_size=1,
    max_size=40,
)


def reference_root(leaves):
    """The definition of RFC 6962, section 2.1, word for word."""
    if not leaves:
        return hashlib.sha256(b"")
    if len(leaves) == 1:
        return hashlib.sha256(b"\x00" + leaves[0].encode())
    split = 1
    while split * 2 < len(leaves):
        split *= 2
    left, right = reference_root(leaves[:split]).digest(), reference_root(leaves[split:]).digest()
    return hashlib.sha256(b"\x01" + left + right)


def test_leaf_digest_is_versioned_and_stable():
    digest = leaf_digest({"kind": "receipt", "message": 7, "by": None})
    assert digest == leaf_digest({"by": None, "message": 7, "kind": "receipt"})
    plain = b'{"fields":{"by":null,"kind":"receipt","message":7},"version":"v1"}'
    assert digest == "v1:" + hashlib.sha256(plain).hexdigest()


@given(FIELDS, FIELDS)
def test_different_entries_have_different_digests(first, second):
    assert (leaf_digest(first) == leaf_digest(second)) == (first == second)
    assert verify_leaf(first, leaf_digest(first))
    assert verify_leaf(first, leaf_digest(second)) == (first == second)


@pytest.mark.parametrize("stated", ["", "v1", "v1:", "v0:abc", "abc", "v2:" + "0" * 64, "v1:é"])
def test_an_unknown_form_never_verifies(stated):
    assert not verify_leaf({"a": 1}, stated)


def test_only_exact_values_are_sealed():
    for wrong in (1.5, True, b"x", [], {}):
        with pytest.raises(TypeError):
            leaf_digest({"a": wrong})
    with pytest.raises(ValueError, match="version"):
        leaf_digest({}, "v9")


def test_known_roots():
    assert merkle_root([]) == EMPTY_ROOT == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    assert merkle_root(["a"]) == hashlib.sha256(b"\x00a").hexdigest()


@given(LEAVES)
def test_the_tree_is_that_of_rfc_6962(leaves):
    assert merkle_root(leaves) == reference_root(leaves).hexdigest()


@given(LEAVES, st.data())
def test_every_leaf_can_be_proved(leaves, data):
    index = data.draw(st.integers(0, len(leaves) - 1))
    root, proof = merkle_root(leaves), inclusion_proof(leaves, index)
    assert verify_inclusion(leaves[index], index, len(leaves), proof, root)
    assert len(proof) <= (len(leaves) - 1).bit_length()


@given(LEAVES, st.data())
def test_a_proof_holds_for_nothing_else(leaves, data):
    index = data.draw(st.integers(0, len(leaves) - 1))
    root, proof = merkle_root(leaves), inclusion_proof(leaves, index)
    size = len(leaves)
    assert not verify_inclusion("another", index, size, proof, root)
    assert not verify_inclusion(leaves[index], index, size, [*proof, "0" * 64], root)
    assert not verify_inclusion(leaves[index], index, size, proof, "0" * 64)
    if proof:
        assert not verify_inclusion(leaves[index], index, size, proof[:-1], root)
        place = data.draw(st.integers(0, len(proof) - 1))
        changed = [*proof]
        changed[place] = f"{int(changed[place], 16) ^ 1:064x}"
        assert not verify_inclusion(leaves[index], index, size, changed, root)
    other = data.draw(st.integers(0, size - 1))
    if leaves[other] != leaves[index]:
        assert not verify_inclusion(leaves[other], index, size, proof, root)


@given(LEAVES, st.data())
def test_any_change_of_the_leaves_changes_the_root(leaves, data):
    index = data.draw(st.integers(0, len(leaves) - 1))
    root = merkle_root(leaves)
    assert merkle_root([*leaves[:index], "changed", *leaves[index + 1 :]]) != root
    assert merkle_root([*leaves, "added"]) != root
    assert merkle_root(leaves[:index] + leaves[index + 1 :]) != root
    if leaves[0] != leaves[-1]:
        assert merkle_root([leaves[-1], *leaves[1:-1], leaves[0]]) != root


def test_the_last_leaf_is_not_doubled():
    assert merkle_root(["a", "b", "c"]) != merkle_root(["a", "b", "c", "c"])


def test_a_node_is_never_a_leaf():
    left, right = hashlib.sha256(b"\x00a").digest(), hashlib.sha256(b"\x00b").digest()
    assert merkle_root(["a", "b"]) != merkle_root([(left + right).hex()])


@pytest.mark.parametrize(
    ("index", "size", "proof", "root"),
    [
        *[(-1, 1, [], "0" * 64), (1, 1, [], "0" * 64), (0, 0, [], "0" * 64), (0, 2, ["xyz"], "0" * 64)],
        *[(0, 1, [], "xyz"), (0, 2**70, ["0" * 64] * 65, "0" * 64), (0, 2, ["É" * 64], "0" * 64)],
    ],
)
def test_malformed_proofs_are_a_no(index, size, proof, root):
    assert not verify_inclusion("a", index, size, proof, root)


def test_there_is_no_proof_of_a_leaf_that_is_not_there():
    for index in (-1, 2):
        with pytest.raises(IndexError):
            inclusion_proof(["a", "b"], index)


@given(st.dictionaries(st.text(max_size=6), st.none() | st.integers() | st.text(max_size=30), max_size=12))
def test_the_short_way_of_writing_a_leaf_is_the_canonical_one(fields):
    whole = {"version": "v1", "fields": fields}
    assert leaf_digest(fields) == f"v1:{hashlib.sha256(canonical_bytes(whole)).hexdigest()}"


@given(LEAVES)
def test_a_tree_that_is_kept_gives_the_same_root_and_proofs(leaves):
    tree = MerkleTree(leaves)
    assert tree.root == merkle_root(leaves)
    for index in range(len(leaves)):
        assert tree.proof(index) == inclusion_proof(leaves, index)
    for index in (-1, len(leaves)):
        with pytest.raises(IndexError):
            tree.proof(index)


def test_an_empty_tree_has_the_empty_root():
    assert MerkleTree([]).root == EMPTY_ROOT


def test_what_is_hashed_can_be_had():
    fields = {"by": None, "kind": "receipt", "message": 7}
    assert leaf_bytes(fields) == b'{"fields":{"by":null,"kind":"receipt","message":7},"version":"v1"}'


VALUES = st.one_of(st.none(), st.text(max_size=20), st.integers(-(2**53) + 1, 2**53 - 1))


@given(
    shared=st.dictionaries(st.sampled_from("abcde"), VALUES),
    rows=st.lists(st.tuples(VALUES, VALUES), max_size=5),
)
def test_many_digests_at_once_are_those_of_each_entry(shared, rows):
    columns = {"m": [row[0] for row in rows], "n": [row[1] for row in rows]}
    try:
        single = [leaf_digest({**shared, "m": m, "n": n}) for m, n in rows]
    except UnicodeEncodeError:
        with pytest.raises(UnicodeEncodeError):
            leaf_digests(shared, columns)
        return
    assert leaf_digests(shared, columns) == single


def test_a_shared_value_that_looks_like_a_place_changes_nothing():
    for value in ("\x000\x00", "\x001\x00", '"\\u00000\\u0000"'):
        assert leaf_digests({"a": value}, {"m": [1], "n": ["x"]}) == [
            leaf_digest({"a": value, "m": 1, "n": "x"})
        ]


def test_what_is_no_entry_has_no_digest_among_many():
    for wrong in (1.5, True, b"x", 2**53):
        with pytest.raises(TypeError):
            leaf_digests({"a": 1}, {"m": [wrong]})
    with pytest.raises(ValueError, match="differ in nothing"):
        leaf_digests({"a": 1}, {})
    with pytest.raises(ValueError):
        leaf_digests({"a": 1}, {"m": [1, 2], "n": [1]})
