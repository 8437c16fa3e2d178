# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""What is being worked on is known to log lines, jobs and calls, and forgotten afterwards (A3)."""

import logging
import threading
import uuid

import pytest

from odoo.addons.finance_integration.engine import correlation
from odoo.addons.finance_integration.engine.correlation import Correlation, CorrelationFilter
from odoo.addons.finance_integration.engine.trace_context import TraceContext

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
PARENT = f"00-{TRACE}-00f067aa0ba902b7-01"


def test_an_id_that_was_given_is_kept_beside_the_trace():
    found = correlation.read({"X-Correlation-Id": "order-77", "traceparent": PARENT, "tracestate": "a=1"})
    assert found == Correlation("order-77", TraceContext(TRACE, "00f067aa0ba902b7", 1, "a=1"))


def test_a_trace_alone_gives_the_id():
    assert correlation.read({"traceparent": PARENT}).correlation_id == TRACE


@pytest.mark.parametrize("given", ["", "two words", "x" * 129, "a\nb", "ünïcode", "%s"])
def test_an_id_that_could_do_harm_is_replaced(given):
    found = correlation.read({"X-Correlation-Id": given})
    assert len(found.correlation_id) == 32
    assert found.trace is None


def test_new_ids_are_uuids_in_the_order_of_time(monkeypatch):
    moments = [1_795_000_000_000 + number for number in range(200)]
    clock = iter(moments)
    monkeypatch.setattr(correlation.time, "time_ns", lambda: next(clock) * 1_000_000 + 999_999)
    made = [correlation.new_id() for _moment in moments]
    assert made == sorted(made)
    assert [int(one[:12], 16) for one in made] == moments
    read = [uuid.UUID(hex=one) for one in made]
    assert {(one.version, one.variant) for one in read} == {(7, uuid.RFC_4122)}
    assert len({one.int & ((1 << 62) - 1) for one in read}) == 200


def test_scopes_nest_and_end():
    assert correlation.current() is None
    with correlation.scope(Correlation("outer")), pytest.raises(ValueError):
        with correlation.scope(Correlation("inner")):
            assert correlation.current().correlation_id == "inner"
        assert correlation.current().correlation_id == "outer"
        raise ValueError
    assert correlation.current() is None


def test_what_runs_after_the_commit_runs_in_the_scope_in_which_it_was_asked_for():
    with correlation.scope(Correlation("asked")):
        later = correlation.bound(lambda: correlation.current().correlation_id)
    assert correlation.current() is None
    assert later() == "asked"
    assert correlation.current() is None


def test_threads_do_not_see_each_other():
    seen = []
    with correlation.scope(Correlation("mine")):
        thread = threading.Thread(target=lambda: seen.append(correlation.current()))
        thread.start()
        thread.join()
    assert seen == [None]


def test_a_call_names_the_correlation_and_a_child_span():
    trace = TraceContext(TRACE, "00f067aa0ba902b7", 1, "a=1")
    headers = Correlation("order-77", trace).headers("message/1/1")
    assert headers["X-Correlation-Id"] == "order-77"
    assert headers["traceparent"].startswith(f"00-{TRACE}-")
    assert "00f067aa0ba902b7" not in headers["traceparent"]
    assert headers["tracestate"] == "a=1"
    assert headers == Correlation("order-77", trace).headers("message/1/1")


def test_a_call_without_a_trace_begins_one_that_is_not_sampled():
    headers = Correlation("order-77").headers("x")
    assert headers["traceparent"].endswith("-00")
    assert "tracestate" not in headers
    assert headers["traceparent"][3:35] == Correlation("order-77").headers("y")["traceparent"][3:35]


def test_jobs_are_described_with_it():
    assert correlation.described("Work off") == "Work off"
    with correlation.scope(Correlation("order-77")):
        assert correlation.described("Work off") == "Work off · order-77"


@pytest.fixture
def logger():
    logger = logging.getLogger("odoo.addons.finance_integration.models.of_a_test")
    logger.setLevel(logging.INFO)
    records = []
    sink = logging.Handler()
    sink.emit = records.append
    logger.addHandler(sink)
    logger.records = records
    yield logger
    logger.removeHandler(sink)
    logger.filters.clear()


def test_every_line_of_the_hub_carries_it(logger):
    correlation.watch_loggers("odoo.addons.finance_integration")
    assert correlation.watch_loggers("odoo.addons.finance_integration") == 0, "once is enough"
    logger.info("outside of %s", "any")
    with correlation.scope(Correlation("50%-sure", TraceContext(TRACE, "00f067aa0ba902b7"))):
        logger.info("stored %s of %d", "100 %", 3)
        logger.info("100 % without arguments")
    outside, inside, plain = logger.records
    assert (outside.getMessage(), outside.correlation_id, outside.trace_id) == ("outside of any", "", "")
    assert inside.getMessage() == "stored 100 % of 3 [correlation 50%-sure]"
    assert (inside.correlation_id, inside.trace_id) == ("50%-sure", TRACE)
    assert plain.getMessage() == "100 % without arguments [correlation 50%-sure]"


def test_other_loggers_are_left_alone():
    other = logging.getLogger("odoo.addons.finance_integration_bench_of_a_test")
    correlation.watch_loggers("odoo.addons.finance_integration")
    assert not other.filters


def test_a_line_is_marked_once(logger):
    logger.addFilter(CorrelationFilter())
    logger.addFilter(CorrelationFilter())
    with correlation.scope(Correlation("fetch of a stranger\n\x1b[31m")):
        logger.info("fetched")
    assert logger.records[0].getMessage() == "fetched [correlation fetch?of?a?stranger??[31m]"
