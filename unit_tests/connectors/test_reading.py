# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
import pytest
from hypothesis import given
from hypothesis import strategies as st

from odoo.addons.finance_integration.connectors.base import HttpAnswer, HttpRequest
from odoo.addons.finance_integration.connectors.reading import (
    MinorUnits,
    Wire,
    clip,
    http_time,
    read_answer,
    read_as,
)
from odoo.addons.finance_integration.engine.errors import ContractError, IntegrationError, TransientError


class Line(Wire):
    amount: MinorUnits


class Page(Wire):
    lines: list[Line]


@pytest.mark.parametrize(
    ("body", "path"),
    [
        ({"lines": [{"amount": 1}, {"amount": "1"}]}, "page.lines[1].amount"),
        ({"lines": [{}]}, "page.lines[0]"),
        ({"lines": [{"amount": 10**16}]}, "page.lines[0].amount"),
        ({"lines": [{"amount": True}]}, "page.lines[0].amount"),
        ([], "page"),
        (None, "page"),
    ],
)
def test_what_is_wrong_is_named_by_its_path(body, path):
    with pytest.raises(ContractError) as caught:
        read_as(body, Page, "page")
    assert (caught.value.code, caught.value.params["path"]) == ("schema_violation", path)


def test_fields_that_nobody_uses_do_no_harm():
    assert read_as({"lines": [{"amount": 5, "colour": object}]}, Page).lines[0].amount == 5


@pytest.mark.parametrize(
    ("header", "date", "seconds"),
    [
        ("7", None, 7),
        ("", None, None),
        ("soon", None, None),
        ("Mon, 02 Mar 2026 12:01:00 GMT", "Mon, 02 Mar 2026 12:00:00 GMT", 60),
        ("Mon, 02 Mar 2026 12:01:00 GMT", None, 0),
        ("Mon, 02 Mar 2026 11:00:00 GMT", "Mon, 02 Mar 2026 12:00:00 GMT", 0),
    ],
)
def test_the_source_says_how_long_to_wait(header, date, seconds):
    headers = {"retry-after": header, **({"date": date} if date else {})}
    with pytest.raises(TransientError) as caught:
        read_answer(HttpAnswer(429, headers, b""))
    assert (caught.value.code, caught.value.retry_after_seconds) == ("source_rate_limited", seconds)


@given(st.integers(100, 599), st.binary(max_size=60), st.text(max_size=40))
def test_no_answer_crashes_the_reader(status, body, header):
    answer = HttpAnswer(status, {"retry-after": header, "date": header}, body)
    http_time(answer)
    try:
        read_answer(answer)
    except IntegrationError as error:
        assert not (200 <= status < 300 and error.code == "credential_refused")
    else:
        assert 200 <= status < 300


def test_an_error_code_is_told_and_a_message_is_not():
    body = b'{"error": {"code": "resource_missing", "message": "No such customer: Ines Maes"}}'
    with pytest.raises(ContractError) as caught:
        read_answer(HttpAnswer(404, {}, body))
    assert "resource_missing" in str(caught.value)
    assert "Ines" not in str(caught.value)


def test_requests_and_answers_show_no_secret():
    request = HttpRequest("GET", "https://x.example.com", {"authorization": "Bearer hidden-1"}, b"hidden-2")
    answer = HttpAnswer(200, {"date": "x"}, b"hidden-3")
    assert "hidden" not in repr(request) + repr(answer)


@pytest.mark.parametrize(
    ("text", "kept"),
    [(None, None), ("", None), ("  ", None), (" a ", "a"), ("abcdef", "abcd"), ("abc def", "abc")],
)
def test_texts_are_cut_to_their_length(text, kept):
    assert clip(text, 4) == kept
