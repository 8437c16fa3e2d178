# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Nothing that is exported runs in a spreadsheet, and what is read back is what was written."""

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from odoo.addons.finance_integration.engine.csv_text import MAX_CELL_CHARACTERS, csv_bytes, harmless

TRAPS = (
    "=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "  =1", "＝1", '=HYPERLINK("http://a.example")',
)  # fmt: skip


def read(data):
    return list(csv.reader(io.StringIO(data.decode("utf-8-sig"), newline="")))


@pytest.mark.parametrize("text", TRAPS)
def test_a_formula_is_text(text):
    assert harmless(text) == f"'{text}"


@pytest.mark.parametrize(
    ("value", "cell"), [(None, ""), (False, ""), (True, "True"), (0, "0"), (-5, "-5"), ("a", "a"), ("", "")]
)
def test_other_values_stay(value, cell):
    assert harmless(value) == cell


@given(st.lists(st.lists(st.text(max_size=30), min_size=2, max_size=2), max_size=5))
def test_it_comes_back_as_it_was(rows):
    table = read(csv_bytes(("one", "two"), rows))
    assert table == [["one", "two"], *[[harmless(cell) for cell in row] for row in rows]]
    assert not any(
        cell.lstrip(" ").startswith(("=", "+", "-", "@", "\t", "\r")) for row in table for cell in row
    )


def test_a_cell_has_a_limit():
    assert len(harmless("=" + "x" * 100_000)) == MAX_CELL_CHARACTERS


def test_a_row_must_fit_its_head():
    with pytest.raises(ValueError, match="1 cells under a head of 2"):
        csv_bytes(("one", "two"), [("only",)])
