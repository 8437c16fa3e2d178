# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Which product an outside one is: certain by its number, asked about where it is only probable, never doubled (M3)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from odoo.addons.finance_integration.engine.duplicates import Subject, keys_of
from odoo.addons.finance_integration.engine.product_match import (
    ARCHIVED,
    NONE,
    ONE,
    REASONS,
    UNCERTAIN,
    Known,
    match,
    spellings,
)

EAN, OTHER = "4006381333931", "4006381333948"


@pytest.mark.parametrize(
    ("said", "known", "kind", "reason"),
    [
        ((None, EAN), [Known(1, barcode=EAN)], ONE, ""),
        (("A", EAN), [Known(1, code="B", barcode=EAN)], ONE, ""),
        (("A", None), [Known(1, code="A", barcode=EAN)], ONE, ""),
        (("A", EAN), [Known(1, code="A")], ONE, ""),
        (("A", OTHER), [Known(1, code="A", barcode=EAN)], UNCERTAIN, "barcode_differs"),
        (("A", EAN), [Known(1, code="A"), Known(2, barcode=EAN)], UNCERTAIN, "several"),
        (("A", None), [Known(1, code="A"), Known(2, code="A")], UNCERTAIN, "several"),
        (("A", None), [Known(1, code="A", taken=True)], UNCERTAIN, "taken"),
        (("A", None), [Known(1, code="A", active=False)], ARCHIVED, ""),
        (("A", None), [Known(1, code="A", active=False), Known(2, code="A")], ONE, ""),
        (("ABC-1", None), [Known(1, code="abc 1")], UNCERTAIN, "spelled_otherwise"),
        (("ABC-1", None), [Known(1, code="abc 1", active=False)], NONE, ""),
        ((None, None), [Known(1, name="RYE BREAD")], UNCERTAIN, "same_name"),
        (("A", None), [Known(1, name="Rye bread")], NONE, ""),
        (("A", EAN), [], NONE, ""),
    ],
)
def test_what_is_found(said, known, kind, reason):
    found = match("Rye bread", *said, known)
    assert (found.kind, found.reason) == (kind, reason)
    assert set(found.ids) <= {one.id for one in known}
    assert bool(found.ids) == (kind != NONE)


def test_the_keys_are_those_by_which_duplicates_are_found():
    subject = Subject(1, "Rye", references=("RYE-1",), barcodes=(EAN,))
    assert spellings("rye 1", EAN) <= keys_of(subject)
    assert spellings(None, None) == spellings("", "00") == frozenset()


texts = st.one_of(st.none(), st.sampled_from(["A-1", "a 1", "B", EAN]))
products = st.builds(
    Known,
    st.integers(1, 9),
    st.sampled_from(["", "Rye bread"]),
    texts.map(lambda text: text or ""),
    texts.map(lambda text: text or ""),
    st.booleans(),
    st.booleans(),
)


@given(texts, texts, st.lists(products, max_size=4, unique_by=lambda one: one.id))
def test_nothing_is_linked_that_is_not_certain_and_nothing_made_that_is_there(code, barcode, known):
    found = match("Rye bread", code, barcode, known)
    same = [one for one in known if (barcode and one.barcode == barcode) or (code and one.code == code)]
    assert found.reason in (*REASONS, "")
    if found.kind == ONE:
        [one] = [one for one in same if one.active]
        assert found.ids == (one.id,) and not one.taken
    if same:
        assert found.kind != NONE
