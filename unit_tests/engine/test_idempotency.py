# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""One event, one effect."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from odoo.addons.finance_integration.engine.idempotency import MAX_KEY_CHARACTERS, Verdict, effect_key, judge

NAMES = st.from_regex(r"[a-z][a-z0-9_.]{0,20}", fullmatch=True)
DIGESTS = st.text("0123456789abcdef", min_size=64, max_size=64)
IDS = st.text(min_size=1, max_size=400)


@given(DIGESTS, DIGESTS)
def test_verdicts(stored, digest):
    assert judge(None, digest) is Verdict.NEW
    assert judge(digest, digest) is Verdict.DUPLICATE
    assert (judge(stored, digest) is Verdict.CONFLICT) == (stored != digest)


def test_nothing_is_judged_without_a_digest():
    with pytest.raises(ValueError, match="digest"):
        judge(None, "")


@given(st.tuples(NAMES, IDS, NAMES), st.tuples(NAMES, IDS, NAMES))
def test_different_effects_have_different_keys(first, second):
    assert (effect_key(*first) == effect_key(*second)) == (first == second)


@given(NAMES, st.text(min_size=1, max_size=5000), NAMES)
def test_keys_are_bounded(kind, object_id, effect):
    assert len(effect_key(kind, object_id, effect)) <= MAX_KEY_CHARACTERS


def test_keys_are_readable_and_stable():
    assert effect_key("movement", "ch_1", "booked") == "movement:booked:ch_1"
    assert effect_key("movement", "a:b", "booked") == "movement:booked:a:b"


def test_nobody_can_imitate_the_digest_of_a_long_id():
    long_key = effect_key("movement", "x" * 300, "booked")
    imitation = long_key.removeprefix("movement:booked:")
    assert imitation.startswith("sha256:")
    assert effect_key("movement", imitation, "booked") != long_key


@pytest.mark.parametrize(
    ("kind", "object_id", "effect"), [("A", "1", "b"), ("a:b", "1", "c"), ("a", "", "b"), ("a", "1", "")]
)
def test_unusual_names_are_refused(kind, object_id, effect):
    with pytest.raises(ValueError):
        effect_key(kind, object_id, effect)
