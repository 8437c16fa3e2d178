# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Files are read record by record; what is cut off, damaged or a trap ends in a named error."""

import gzip
import io
import json
import tracemalloc
import zipfile
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from odoo.addons.finance_integration.engine.errors import ContractError
from odoo.addons.finance_integration.engine.formats.base import Limits, Trailer
from odoo.addons.finance_integration.engine.formats.text import read_csv, read_ndjson, safe_cell
from odoo.addons.finance_integration.engine.formats.unpack import open_unpacked

LIMITS = Limits()
COLUMNS = ("id", "amount", "text")


def unpacked(raw, limits=LIMITS):
    return open_unpacked(io.BytesIO(raw), "f", len(raw), limits)


def ndjson(raw, limits=LIMITS, encoding="utf-8"):
    return list(read_ndjson(unpacked(raw, limits), "f", limits, encoding))


def rows(raw, limits=LIMITS, encoding="utf-8"):
    return list(read_csv(unpacked(raw, limits), "f", limits, COLUMNS, ("note",), encoding))


def code_of(call, *arguments, **options):
    with pytest.raises(ContractError) as caught:
        call(*arguments, **options)
    return caught.value.code


def zipped(*members, **options):
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED, **options) as archive:
        for name, content in members:
            archive.writestr(name, content)
    return packed.getvalue()


# -- NDJSON --------------------------------------------------------------------------------------------------


@given(
    st.lists(st.dictionaries(st.text(max_size=5), st.text(max_size=20), min_size=1, max_size=3), max_size=20)
)
def test_every_object_comes_back_in_order(objects):
    objects = [
        {key.replace("\x00", ""): value.replace("\x00", "") for key, value in content.items()}
        for content in objects
    ]
    objects = [content for content in objects if content.keys() != {"control"}]
    raw = "".join(f"{json.dumps(content)}\n" for content in objects).encode()
    found = ndjson(raw)
    assert [line.value for line in found] == objects
    assert [line.number for line in found] == list(range(1, len(objects) + 1))


def test_the_last_line_may_hold_the_totals():
    [line, trailer] = ndjson(b'{"a": 1}\r\n\n{"control": {"count": 1, "sums": {"EUR": "2.50"}}}\n')
    assert (line.value, line.line) == ({"a": 1}, 1)
    assert isinstance(trailer, Trailer)
    assert (trailer.line, trailer.totals.count, trailer.totals.sums) == (3, 1, {"EUR": Decimal("2.50")})


def test_a_bad_line_is_named_and_the_others_are_read():
    found = ndjson(b'{"a": 1}\nnonsense\n[1]\n{"a": 1, "a": 2}\n{"b": 2}\n')
    assert [(line.line, line.problem and line.problem.code) for line in found] == [
        (1, None),
        (2, "invalid_json"),
        (3, "not_an_object"),
        (4, "duplicate_key"),
        (5, None),
    ]


def test_a_line_that_is_too_long_is_skipped_in_bounded_portions():
    limits = Limits(max_record_characters=100)
    found = ndjson(b'{"a": "' + b"x" * 10_000 + b'"}\n{"b": 2}\n', limits)
    assert [line.problem and line.problem.code for line in found] == ["body_too_large", None]
    assert [line.line for line in found] == [1, 2]


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        (b'{"a": 1}\n{"b": ', "file_truncated"),
        (b'{"control": {"count": 0}}\n{"a": 1}\n', "file_corrupt"),
        (b'{"control": {"count": "many"}}\n', "file_corrupt"),
        (b'{"a": "\xff"}\n', "file_corrupt"),
    ],
)
def test_a_file_that_cannot_be_read_on(raw, code):
    assert code_of(ndjson, raw) == code


@pytest.mark.parametrize("mark", ["utf-8-sig", "utf-16"])
def test_a_byte_order_mark_decides(mark):
    [line] = ndjson('{"a": "é"}\n'.encode(mark), encoding="cp1252")
    assert line.value == {"a": "é"}
    [line] = ndjson('{"a": "é"}\n'.encode("cp1252"), encoding="cp1252")
    assert line.value == {"a": "é"}
    assert code_of(ndjson, b"{}\n", encoding="rot13") == "file_corrupt"


def test_more_records_than_allowed():
    assert code_of(ndjson, b"{}\n" * 4, Limits(max_records=3)) == "file_too_large"


# -- CSV -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_rows_by_column_name(separator):
    text = f'id|amount|text|note\n1|2.50|"a{separator}\nb"|\n\nTRAILER|1|EUR=2.50|\n'.replace("|", separator)
    [row, trailer] = rows(text.encode())
    assert row.value == {"id": "1", "amount": "2.50", "text": f"a{separator}\nb"}
    assert (row.line, trailer.line) == (2, 5)
    assert (trailer.totals.count, trailer.totals.sums) == (1, {"EUR": Decimal("2.50")})


def test_a_row_with_other_cells_is_named_and_the_others_are_read():
    found = rows(b"id,amount,text\n1,2,x\n2,3\n3,4,y\n")
    assert [row.problem and row.problem.code for row in found] == [None, "schema_violation", None]


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        (b"", "file_truncated"),
        (b"id,amount\n", "file_corrupt"),
        (b"id,amount,text,what\n", "file_corrupt"),
        (b"id,amount,text,id\n", "file_corrupt"),
        (b"id,amount,text\n1,2", "file_truncated"),
        (b'id,amount,text\n1,2,"open', "file_truncated"),
        (b'id,amount,text\n1,2,"open\n', "file_corrupt"),
        (b'id,amount,text\n1,2,"a"b\n', "file_corrupt"),
        (b"id,amount,text\nTRAILER,0,\n1,2,x\n", "file_corrupt"),
        (b"id,amount,text\nTRAILER,x,\n", "file_corrupt"),
        (b"id,amount,text\nTRAILER,1,EUR:3\n", "file_corrupt"),
        (b"id,amount,text\n1,2,\x81\xff\n", "file_corrupt"),
        (b"id,amount,text\n1,2," + b"x" * 200_000 + b"\n", "file_corrupt"),
    ],
)
def test_a_csv_file_that_cannot_be_read(raw, code):
    assert code_of(rows, raw) == code


@given(st.binary(max_size=300))
@settings(max_examples=200)
def test_no_bytes_crash_a_reader(raw):
    for reader in (ndjson, rows):
        try:
            reader(raw)
        except ContractError as error:
            assert error.code in ("file_truncated", "file_corrupt", "file_too_large")


@pytest.mark.parametrize(
    ("value", "cell"),
    [
        ("=1+1", "'=1+1"),
        ("+SUM(A1)", "'+SUM(A1)"),
        ("-2+3", "'-2+3"),
        ("@x", "'@x"),
        ("\t=x", "'\t=x"),
        ("-12.50", "-12.50"),
        (Decimal("-3"), "-3"),
        ("plain", "plain"),
        (None, ""),
    ],
)
def test_no_cell_is_a_formula(value, cell):
    assert safe_cell(value) == cell


# -- packed files --------------------------------------------------------------------------------------------


def test_gzip_and_zip_are_unpacked():
    content = b'{"a": 1}\n'
    assert unpacked(gzip.compress(content)).read() == content
    assert unpacked(zipped(("x", content))).read() == content
    assert unpacked(content).read() == content


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        (gzip.compress(b"x" * 5000)[:-9], "file_truncated"),
        (gzip.compress(bytes(range(256)) * 20)[:40] + b"\x00" * 40, "file_corrupt"),
        (zipped(("a", b"1"), ("b", b"2")), "file_corrupt"),
        (zipped(), "file_corrupt"),
        (zipped(("folder/", b"")), "file_corrupt"),
        (zipped(("x", b"content"))[:-10], "file_truncated"),
        (gzip.compress(gzip.compress(b"inside")), "file_corrupt"),
        (zipped(("x", zipped(("y", b"inside")))), "file_corrupt"),
        (b"BZh91AY&SY", "file_corrupt"),
    ],
    # Packed files hold the time at which they were made: as names of tests they would change from worker to worker.
    ids=["cut", "damaged", "two", "none", "folder", "end missing", "gzip in gzip", "zip in zip", "bzip2"],
)
def test_packed_files_that_are_damaged_or_nested(raw, code):
    assert code_of(lambda: unpacked(raw).read()) == code


def test_a_bomb_is_stopped_by_its_ratio_and_by_its_size():
    bomb = gzip.compress(b"\n" * 30_000_000)
    assert len(bomb) < 50_000
    assert code_of(lambda: unpacked(bomb).read()) == "file_too_large"
    ratio = Limits(free_unpacked_bytes=1000, max_ratio=10)
    assert code_of(lambda: unpacked(zipped(("x", b" " * 100_000)), ratio).read()) == "file_too_large"
    size = Limits(max_unpacked_bytes=1000)
    assert code_of(lambda: unpacked(gzip.compress(b"0123456789" * 200), size).read()) == "file_too_large"
    assert code_of(unpacked, b"12345", Limits(max_bytes=4)) == "file_too_large"


class Endless(io.RawIOBase):
    """A file of ``length`` bytes of JSON lines that is never in memory as a whole."""

    LINE = b'{"id": "x", "padding": "' + b"p" * 2000 + b'"}\n'

    def __init__(self, length):
        super().__init__()
        self.left = length // len(self.LINE)
        self.rest = b""

    def readable(self):
        return True

    def seekable(self):
        return True

    def seek(self, _offset, _whence=0):
        return 0

    def readinto(self, buffer):
        while len(self.rest) < len(buffer) and self.left:
            self.rest += self.LINE
            self.left -= 1
        chunk, self.rest = self.rest[: len(buffer)], self.rest[len(buffer) :]
        buffer[: len(chunk)] = chunk
        return len(chunk)


def test_a_large_file_is_read_in_bounded_memory():
    whole = 40_000_000
    tracemalloc.start()
    try:
        stream = open_unpacked(Endless(whole), "f", whole, LIMITS)
        count = sum(1 for _line in read_ndjson(stream, "f", LIMITS))
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert count in (whole // len(Endless.LINE), whole // len(Endless.LINE) - 1)
    assert peak < 2_000_000
