# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Mappings as files: what is written is read as the same, what is wrong is named line by line (M2, C4)."""

import csv
import io
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from odoo.addons.finance_integration.engine.mapping_file import Row, read_rows, write_rows

KINDS = ("tax", "account")
HEAD = "what,value,means,from,until\n"
printable = st.text(
    st.characters(categories=("L", "N", "P", "S"), include_characters=" "), min_size=1, max_size=20
).filter(lambda text: text.strip() == text and text.isprintable() and not text.startswith("'"))
days = st.one_of(st.none(), st.dates(date(2020, 1, 1), date(2030, 12, 31)))


@st.composite
def rows(draw):
    first, last = draw(days), draw(days)
    if first and last and last < first:
        first, last = last, first
    value = draw(st.one_of(printable, st.sampled_from(["=1+1", "@SUM(A1)", "-5", "+A", "%x", "|cmd"])))
    return Row(0, draw(st.sampled_from(KINDS)), value, draw(printable), first, last)


@given(st.lists(rows(), max_size=8, unique_by=lambda row: (row.kind, row.value)))
def test_what_is_written_is_read_as_the_same(written):
    read, problems = read_rows(write_rows(written, {}), KINDS)
    assert problems == []
    assert [(r.kind, r.value, r.means, r.first, r.last, r.action) for r in read] == [
        (r.kind, r.value, r.means, r.first, r.last, r.action) for r in written
    ]


@given(rows(), st.sampled_from(["=cmd|'/c calc'!A0", "@x", "+1+1", "-1+1", "\tx", "label"]))
def test_no_cell_is_taken_for_a_formula(row, label):
    text = write_rows([row], {(row.kind, row.value): label}).decode("utf-8-sig")
    for cells in csv.reader(io.StringIO(text)):
        for cell in cells:
            numeric = cell.removeprefix("-").replace(".", "", 1).isdecimal()
            assert not cell.startswith(("=", "+", "-", "@", "\t", "\r", "|", "%")) or numeric


@pytest.mark.parametrize(
    ("text", "codes"),
    [
        ("colour,A,x,,\n", ["unknown_kind"]),
        ("tax,,x,,\n", ["value_empty"]),
        (f"tax,{'v' * 256},x,,\n", ["value_too_long"]),
        ("tax,A,,,\n", ["no_meaning"]),
        ("tax,A,x,2026-02-30,\n", ["wrong_date"]),
        ("tax,A,x,01.02.2026,\n", ["wrong_date"]),
        ("tax,A,x,2026-02-02,2026-02-01\n", ["days_in_wrong_order"]),
        ("tax,A,x,,2026-03-31\ntax,A,y,2026-03-31,\n", ["days_twice"]),
        ("tax,A,x,,\ntax,A,x,,\n", ["days_twice"]),
        ("tax,A,x\n", ["wrong_columns"]),
        ("TRAILER,1,,,\n", ["not_a_row"]),
        ("colour,,x,never,\n", ["unknown_kind", "value_empty", "wrong_date"]),
    ],
)
def test_each_problem_is_named(text, codes):
    found, problems = read_rows((HEAD + text).encode(), KINDS)
    assert [problem.code for problem in problems] == codes
    assert all(problem.line >= 2 for problem in problems)
    assert len(found) < 2 or codes == ["days_twice"]


def test_a_wrong_line_does_not_hide_the_others():
    text = HEAD + "tax,A,x,,\ncolour,B,x,,\ntax,C,,,\n"
    found, problems = read_rows(text.encode(), KINDS)
    assert [row.value for row in found] == ["A"]
    assert [(problem.line, problem.code) for problem in problems] == [(3, "unknown_kind"), (4, "no_meaning")]


def test_days_next_to_each_other_are_fine():
    text = HEAD + "tax,A,x,,2026-03-31\ntax,A,y,2026-04-01,\n"
    found, problems = read_rows(text.encode(), KINDS)
    assert (len(found), problems) == (2, [])


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "file_truncated"),
        (b"\xff\xfe\xff", "file_corrupt"),
        (b"what,value\n", "file_corrupt"),
        (b"what,value,means,from,until,extra\n", "file_corrupt"),
        (HEAD.encode() + b'tax,"A,x,,\n', "file_corrupt"),
        (b"x" * 1_000_001, "file_too_large"),
        (HEAD.encode() + b"tax,A,x,,\n" * 2001, "file_too_large"),
        (HEAD.encode() + b"tax," + b"v" * 30_000 + b",x,,\n", "file_too_large"),
    ],
)
def test_a_file_that_cannot_be_read_is_refused(content, code):
    _rows, problems = read_rows(content, KINDS)
    assert code in {problem.code for problem in problems} | (
        {"file_corrupt"} if code == "file_truncated" else set()
    )


def test_an_end_needs_no_meaning():
    text = "what,value,means,from,until,action\ntax,A,,2026-07-01,,end\n"
    assert read_rows(text.encode(), KINDS) == ([Row(2, "tax", "A", "", date(2026, 7, 1), None, "end")], [])
