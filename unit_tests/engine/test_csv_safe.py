# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Cells that a spreadsheet would compute are texts."""

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from odoo.addons.finance_integration.engine.csv_safe import csv_line, safe_cell


@pytest.mark.parametrize(
    "text",
    ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "  =1", "\u00a0=1", "＝1", '=cmd|"/c calc"!A0'],
)
def test_formulas_become_texts(text):
    assert safe_cell(text) == "'" + text


@pytest.mark.parametrize(
    ("value", "cell"), [(None, ""), (5, "5"), (-5, "-5"), ("Anna = Ben", "Anna = Ben"), ("", "")]
)
def test_other_values_stay(value, cell):
    assert safe_cell(value) == cell


@given(
    st.lists(
        st.text(st.characters(exclude_characters="\x00", exclude_categories=["Cs"])), min_size=1, max_size=5
    )
)
def test_a_line_is_read_back_as_one_row(cells):
    [row] = csv.reader(io.StringIO(csv_line(cells).decode(), newline=""))
    assert row == [safe_cell(cell) for cell in cells]
    assert not any(cell.lstrip(" \u00a0").startswith(("=", "+", "-", "@")) for cell in row)


def test_half_characters_do_not_break_the_file():
    assert csv_line(["\ud800"]) == b"?\r\n"
