# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""W3C Trace Context: the specification's own examples, and properties of everything else (A3)."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from odoo.addons.finance_integration.engine import trace_context
from odoo.addons.finance_integration.engine.trace_context import TraceContext, parse, parse_state

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
SPAN = "00f067aa0ba902b7"
HEADER = re.compile(r"00-[0-9a-f]{32}-[0-9a-f]{16}-0[01]", re.ASCII)
HEX = "0123456789abcdef"
traces = st.text(HEX, min_size=32, max_size=32).filter(lambda text: set(text) != {"0"})
spans = st.text(HEX, min_size=16, max_size=16).filter(lambda text: set(text) != {"0"})
keys = st.from_regex(r"\A[a-z][a-z0-9_\-*/]{0,30}\Z").filter(lambda text: text.isascii())
values = st.from_regex(r"\A[!-+\--<>-~]{1,60}\Z")


# -- examples of the specification -----------------------------------------------------------------------------


def test_the_example_of_the_specification():
    found = parse(f"00-{TRACE}-{SPAN}-01", "congo=t61rcWkgMzE")
    assert found == TraceContext(TRACE, SPAN, 1, "congo=t61rcWkgMzE")
    assert found.headers() == {"traceparent": f"00-{TRACE}-{SPAN}-01", "tracestate": "congo=t61rcWkgMzE"}


def test_a_caller_that_did_not_sample():
    assert parse("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00").flags == 0


def test_state_of_several_systems_is_passed_on_in_its_order():
    state = "rojo=00f067aa0ba902b7,congo=t61rcWkgMzE"
    assert parse_state(state) == state
    # Blanks around members, empty members and several headers joined by commas are allowed.
    assert parse_state(" rojo=00f067aa0ba902b7 ,, \tcongo=t61rcWkgMzE ,") == state
    assert (
        parse_state("fw529a3039@dt=FfAAAAAAAA,0tenant@vendor=x")
        == "fw529a3039@dt=FfAAAAAAAA,0tenant@vendor=x"
    )


def test_later_versions_are_read_as_this_one():
    """Versioning: a higher version may carry more fields behind a dash; what follows is written as version 00."""
    for text in (f"cc-{TRACE}-{SPAN}-01", f"cc-{TRACE}-{SPAN}-01-what-the-future-will-be-like"):
        assert parse(text).parent == f"00-{TRACE}-{SPAN}-01"


def test_flags_that_mean_nothing_are_not_passed_on():
    assert parse(f"00-{TRACE}-{SPAN}-ff").parent == f"00-{TRACE}-{SPAN}-01"
    assert parse(f"00-{TRACE}-{SPAN}-fe").parent == f"00-{TRACE}-{SPAN}-00"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "0",
        f"ff-{TRACE}-{SPAN}-01",  # the forbidden version
        f"00-{TRACE}-{SPAN}-01-",
        f"00-{TRACE}-{SPAN}-01-more",
        f"cc-{TRACE}-{SPAN}-01.more",
        f"00-{TRACE}-{SPAN}",
        f"00-{TRACE}-{SPAN}-1",
        f"00-{TRACE}-{SPAN}-0x",
        f"00-{TRACE[1:]}-{SPAN}-01",
        f"00-{TRACE}-{SPAN[1:]}-01",
        f"00-{'0' * 32}-{SPAN}-01",
        f"00-{TRACE}-{'0' * 16}-01",
        f"00-{TRACE.upper()}-{SPAN}-01",
        f"00-{TRACE}-{SPAN}-01,00-{TRACE}-{SPAN}-01",  # the header twice
        f"00_{TRACE}_{SPAN}_01",
        f"00-{'٣' * 32}-{SPAN}-01",  # digits, but not these
        f"00-{TRACE}-{SPAN}-01\n",
        f"cc-{TRACE}-{SPAN}-01-" + "x" * 300,
    ],
)
def test_parents_that_are_not_valid(text):
    assert parse(text, "congo=t61rcWkgMzE") is None


@pytest.mark.parametrize(
    "state",
    [
        "foo",
        "foo=",
        "=bar",
        "foo@=1",
        "@foo=1",
        "FOO=1",
        "foo=1,foo=2",
        "foo =1",
        "foo.bar=1",
        "foo=b=r",
        "foo=1;bar=2",
        "foo=ünicode",
        "z" * 257 + "=1",
        "foo=" + "v" * 257,
        "t" * 242 + "@v=1",
        "t@" + "v" * 15 + "x" * 240 + "=1",
        ",".join(f"bar{number}=1" for number in range(33)),
    ],
)
def test_a_state_that_is_not_valid_is_left_out_and_the_trace_kept(state):
    assert parse(f"00-{TRACE}-{SPAN}-01", state) == TraceContext(TRACE, SPAN, 1)


def test_32_members_are_allowed():
    state = ",".join(f"bar{number:02}=1" for number in range(32))
    assert parse_state(state) == state


def test_a_long_state_loses_long_members_first_then_the_last_ones():
    short = [f"k{number}={'v' * 60}" for number in range(7)]
    assert parse_state(",".join([short[0], f"big={'v' * 200}", *short[1:]])) == ",".join(short)
    many = [f"k{number}={'v' * 60}" for number in range(12)]
    kept = parse_state(",".join(many)).split(",")
    assert kept == many[: len(kept)]
    assert 0 < len(",".join(kept)) <= trace_context.MAX_STATE_CHARACTERS


# -- properties --------------------------------------------------------------------------------------------------


@given(st.text(max_size=80), st.text(max_size=80))
def test_nothing_is_ever_raised(parent, state):
    found = parse(parent, state)
    assert found is None or HEADER.fullmatch(found.parent)


@given(
    traces,
    spans,
    st.integers(0, 255),
    st.lists(st.tuples(keys, values), max_size=32, unique_by=lambda p: p[0]),
)
def test_what_is_written_is_read_as_it_was(trace_id, span_id, flags, members):
    state = ",".join(f"{key}={value}" for key, value in members)
    found = parse(f"00-{trace_id}-{span_id}-{flags:02x}", state)
    assert (found.trace_id, found.span_id, found.flags) == (trace_id, span_id, flags & 1)
    assert parse(found.parent, found.state) == found
    assert len(found.state) <= trace_context.MAX_STATE_CHARACTERS
    if len(state) <= trace_context.MAX_STATE_CHARACTERS:
        assert found.state == state


@given(traces, spans, st.text(min_size=1, max_size=40))
def test_a_child_keeps_the_trace_and_has_a_span_of_its_own(trace_id, span_id, seed):
    parent = TraceContext(trace_id, span_id, 1, "congo=1")
    child = parent.child(seed)
    assert (child.trace_id, child.flags, child.state) == (trace_id, 1, "congo=1")
    assert child.span_id != span_id
    assert parse(child.parent, child.state) == child
    assert child == parent.child(seed)
    assert child.span_id != parent.child(seed + "x").span_id
    assert parent.child().span_id != parent.child().span_id


@given(st.text(min_size=1, max_size=128))
def test_a_correlation_without_a_trace_has_one_trace(correlation_id):
    one, other = trace_context.of_correlation(correlation_id), trace_context.of_correlation(correlation_id)
    assert one == other
    assert HEADER.fullmatch(one.parent)
    assert one.flags == 0


def test_a_correlation_that_is_a_trace_id_is_that_trace():
    assert trace_context.of_correlation(TRACE).trace_id == TRACE
    assert trace_context.of_correlation("0" * 32).trace_id != "0" * 32


def test_a_new_trace_is_valid_and_new():
    assert HEADER.fullmatch(trace_context.start().parent)
    assert trace_context.start().trace_id != trace_context.start().trace_id
