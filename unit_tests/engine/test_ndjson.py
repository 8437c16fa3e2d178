# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""A body of many events is split into its lines, or refused as a whole with a name (E9)."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from odoo.addons.finance_integration.engine import ndjson
from odoo.addons.finance_integration.engine.ndjson import UnreadableBatchError, split

TRAILER = b'{"control": {"count": 2, "sums": {"EUR": "1.00"}}}'


@pytest.mark.parametrize(
    ("raw", "events"),
    [
        (b'{"a":1}', [(1, b'{"a":1}')]),
        (b'{"a":1}\n', [(1, b'{"a":1}')]),
        (b'{"a":1}\r\n{"a":2}\r\n', [(1, b'{"a":1}'), (2, b'{"a":2}')]),
        (b'\n\n {"a":1}\t\n\r\n\n{"a":2}', [(3, b'{"a":1}'), (6, b'{"a":2}')]),
        (b"not json\n\xff\xfe\n", [(1, b"not json"), (2, b"\xff\xfe")]),
        # A carriage return alone ends no line: the two objects are one bad line.
        (b'{"a":1}\r{"a":2}', [(1, b'{"a":1}\r{"a":2}')]),
    ],
)
def test_lines(raw, events):
    assert split(raw).events == events
    assert split(raw).declared is None


def test_a_trailer_states_totals_and_is_no_event():
    lines = split(b'{"a":1}\n{"a":2}\n' + TRAILER + b"\n\n")
    assert lines.events == [(1, b'{"a":1}'), (2, b'{"a":2}')]
    assert lines.declared == {"count": 2, "sums": {"EUR": "1.00"}}


@pytest.mark.parametrize(
    "line",
    [
        b'{"control": {}, "id": "1"}',
        b'{"control"',
        b'["control"]',
        b'{"id": "control"}',
        b'{"x": 1, "y": "control"}',
        b'{"control":' + b" " * 30_000 + b"{}}",
    ],
)
def test_a_last_line_that_is_no_trailer_is_an_event(line):
    assert split(b'{"a":1}\n' + line).events[-1] == (2, line)


def test_a_trailer_stands_at_the_end_only():
    assert len(split(TRAILER + b'\n{"a":1}').events) == 2


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        (b"", "batch_empty"),
        (b"\n\r\n \t \n", "batch_empty"),
        (TRAILER, "batch_empty"),
        (b'\xef\xbb\xbf{"a":1}', "batch_encoding"),
        ('{"a":1}'.encode("utf-16"), "batch_encoding"),
        ('{"a":1}'.encode("utf-16-le"), "batch_encoding"),
        ('{"a":1}'.encode("utf-16-be"), "batch_encoding"),
        ('{"a":1}'.encode("utf-32"), "batch_encoding"),
        (b"{}\n" * (ndjson.MAX_LINES + 1), "batch_too_many_lines"),
        (b"\n" * 9_999_999, "batch_too_many_lines"),
        (b'{"a":1}\n{"control": 3}', "batch_trailer"),
        (b'{"a":1}\n{"control": null}', "batch_trailer"),
    ],
)
def test_bodies_that_are_no_batch(raw, code):
    with pytest.raises(UnreadableBatchError) as refused:
        split(raw)
    assert refused.value.code == code
    assert refused.value.text


def test_as_many_lines_as_allowed():
    assert len(split(b"{}\n" * ndjson.MAX_LINES).events) == ndjson.MAX_LINES
    assert len(split(b"{}\n" * ndjson.MAX_LINES + TRAILER + b"\n").events) == ndjson.MAX_LINES


@given(st.binary(max_size=400))
def test_nothing_else_is_raised_and_nothing_is_lost(raw):
    try:
        lines = split(raw)
    except UnreadableBatchError as refused:
        assert refused.code.startswith("batch_")
        return
    kept = b"".join(line for _number, line in lines.events)
    if lines.declared is None:
        everything = b"".join(line.strip(b" \t\r") for line in raw.split(b"\n"))
        assert kept == everything
    whole = raw.split(b"\n")
    assert all(whole[number - 1].strip(b" \t\r") == line for number, line in lines.events)


@given(
    st.lists(
        st.dictionaries(st.text(max_size=5), st.integers() | st.text(max_size=9)), min_size=1, max_size=20
    )
)
def test_objects_come_back(objects):
    raw = "\r\n".join(json.dumps(each) for each in objects).encode()
    events = [line for _number, line in split(raw).events]
    assert [json.loads(line) for line in events][: len(objects)] == objects[: len(events)]
