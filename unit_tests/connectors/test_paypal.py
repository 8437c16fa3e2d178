# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""PayPal: what is asked again, the list of transactions, the settlement report with its totals (S2)."""

import io
import json
from datetime import datetime, timezone
from decimal import Decimal

import pytest

from odoo.addons.finance_integration.connectors.base import HttpAnswer, InboundEvent
from odoo.addons.finance_integration.connectors.paypal.connector import CONNECTOR
from odoo.addons.finance_integration.connectors.paypal.const import CODES, GROUPS
from odoo.addons.finance_integration.engine.batch import ControlTotals, differences
from odoo.addons.finance_integration.engine.errors import AuthorizationError, ContractError, TransientError
from odoo.addons.finance_integration.engine.formats.base import Limits, Trailer
from odoo.addons.finance_integration.simulators.paypal import report as simulated
from odoo.addons.finance_integration.simulators.paypal.state import Line

SECRET = "access-token-1"
CAPTURE_ID = "8MC585209K746392H"


def event_of(event_type="PAYMENT.CAPTURE.COMPLETED", value="119.00", currency="USD", **resource):
    body = {
        "id": "WH-1",
        "event_type": event_type,
        "create_time": "2026-03-02T14:58:14Z",
        "resource": {
            "id": CAPTURE_ID,
            "status": "COMPLETED",
            "amount": {"currency_code": currency, "value": value},
            "create_time": "2026-03-02T14:58:11Z",
            **resource,
        },
    }
    headers = {"paypal-cert-url": "https://api.paypal.com/v1/notifications/certs/CERT-1"}
    return InboundEvent(CONNECTOR.read_envelope(body, headers), body, {})


def answer(status=200, body=None, headers=None):
    raw = body if isinstance(body, bytes) else json.dumps(body or {}).encode()
    return HttpAnswer(status, headers or {"date": "Fri, 06 Mar 2026 08:00:00 GMT"}, raw)


# -- asked again -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("event_type", "path"),
    [
        ("PAYMENT.CAPTURE.COMPLETED", f"/v2/payments/captures/{CAPTURE_ID}"),
        ("PAYMENT.CAPTURE.DENIED", f"/v2/payments/captures/{CAPTURE_ID}"),
        ("PAYMENT.CAPTURE.REFUNDED", f"/v2/payments/refunds/{CAPTURE_ID}"),
        ("PAYMENT.CAPTURE.REVERSED", f"/v2/payments/refunds/{CAPTURE_ID}"),
    ],
)
def test_money_is_asked_for_by_the_id_alone(event_type, path):
    links = [{"rel": "self", "href": "https://evil.example/v2/payments/captures/1"}]
    request = CONNECTOR.refetch_request(event_of(event_type, links=links), {}, SECRET)
    assert (request.method, request.url) == ("GET", "https://api-m.paypal.com" + path)
    assert request.headers["authorization"] == f"Bearer {SECRET}"


def test_an_id_cannot_lead_elsewhere():
    request = CONNECTOR.refetch_request(event_of(id="../../v1/x?y=1#z"), {}, SECRET)
    assert request.url == "https://api-m.paypal.com/v2/payments/captures/..%2F..%2Fv1%2Fx%3Fy%3D1%23z"
    with pytest.raises(ContractError):
        CONNECTOR.refetch_request(event_of(id=7), {}, SECRET)


def test_what_says_nothing_of_money_is_not_asked_for():
    for event_type in ("CUSTOMER.DISPUTE.CREATED", "PAYMENT.AUTHORIZATION.CREATED", "resource.capture"):
        body = {"object": "resource.capture", "event": "WH-1", "resource": event_of().body["resource"]}
        envelope = CONNECTOR.read_envelope(body, {})
        event = InboundEvent(envelope, body, {})
        if event_type != "resource.capture":
            event = event_of(event_type)
        assert CONNECTOR.refetch_request(event, {}, SECRET) is None


@pytest.mark.parametrize(
    ("limit", "value", "currency", "asked"),
    [
        (None, "1.00", "USD", True),
        ("0", "1.00", "USD", True),
        ("50.00", "50.00", "USD", False),
        ("50.00", "50.01", "USD", True),
        ("50.00", "1.00", "EUR", True),
    ],
)
def test_small_money_is_trusted_only_where_somebody_said_so(limit, value, currency, asked):
    settings = {"trusted_amount": {"value": limit, "currency": "USD"}} if limit is not None else {}
    request = CONNECTOR.refetch_request(event_of(value=value, currency=currency), settings, SECRET)
    assert (request is not None) is asked


def test_the_answer_becomes_an_event_of_its_own():
    event = event_of()
    resource = {**event.body["resource"], "amount": {"currency_code": "USD", "value": "20.00"}}
    envelope, body = CONNECTOR.refetched(event, answer(body=resource))
    again, _body = CONNECTOR.refetched(event, answer(body=dict(reversed(resource.items()))))
    assert envelope.event_type == "resource.capture"
    assert envelope.event_id == again.event_id
    assert envelope.object_key == event.envelope.object_key
    [payment] = CONNECTOR.transform(InboundEvent(envelope, body, {}))
    assert (payment.amount.value, payment.movement_id) == (Decimal("20.00"), CAPTURE_ID)


@pytest.mark.parametrize(
    ("status", "body", "error", "code"),
    [
        (404, {"name": "RESOURCE_NOT_FOUND"}, ContractError, "refetch_unknown"),
        (401, {}, AuthorizationError, "credential_refused"),
        (429, {}, TransientError, "source_rate_limited"),
        (503, b"<html>", TransientError, "source_unavailable"),
        (200, {"id": "ANOTHER"}, ContractError, "schema_violation"),
    ],
)
def test_bad_answers_have_names(status, body, error, code):
    if body == {"id": "ANOTHER"}:
        body = {**event_of().body["resource"], "id": "ANOTHER"}
    with pytest.raises(error) as caught:
        CONNECTOR.refetched(event_of(), answer(status, body))
    assert caught.value.code == code


def test_the_certificate_tells_live_from_sandbox():
    body = event_of().body
    for url, live in (
        ("https://api.paypal.com/v1/notifications/certs/CERT-1", True),
        ("https://api.sandbox.paypal.com/v1/notifications/certs/CERT-1", False),
        ("http://127.0.0.1:9/v1/notifications/certs/CERT-1", None),
    ):
        assert CONNECTOR.read_envelope(body, {"paypal-cert-url": url}).live is live


# -- the list --------------------------------------------------------------------------------------------------


def page(items, number=1, total=1, refreshed="2026-03-06T06:00:00+0000"):
    return {
        "transaction_details": items,
        "page": number,
        "total_pages": total,
        "total_items": len(items),
        "last_refreshed_datetime": refreshed,
    }


def test_the_list_is_read_in_windows_and_moves_only_at_their_end():
    settings = {"pull_from": "2026-01-01T00:00:00Z"}
    cursor, asked, moves = {}, [], []
    for _step in range(12):
        request = CONNECTOR.pull_request("transactions", cursor, settings, SECRET)
        asked.append(request.url.partition("/v1/reporting/")[2])
        total = 2 if "page=1" in request.url and "start_date=2026-01-01" in request.url else 1
        number = 2 if "page=2" in request.url else 1
        body = {"balances": []} if "balances" in request.url else page([], number, max(total, number))
        told = CONNECTOR.pull_page("transactions", cursor, answer(body=body), settings)
        moves.append(told.cursor.get("complete_until"))
        cursor = told.cursor
        if not told.more:
            break
    assert asked[0] == "balances"
    assert moves == [None, None, "2026-01-31T23:59:59Z", "2026-03-03T19:59:58Z", "2026-03-06T06:00:00Z"]
    assert "start_date=2026-01-31T19%3A59%3A59Z" in asked[3]
    assert "end_date=2026-03-06T08%3A00%3A00Z" in asked[4]
    assert cursor == {"complete_until": "2026-03-06T06:00:00Z"}


def test_without_a_beginning_thirty_days_are_read():
    first = CONNECTOR.pull_page("transactions", {}, answer(body={"balances": []}), {})
    request = CONNECTOR.pull_request("transactions", first.cursor, {}, SECRET)
    assert "start_date=2026-02-04T08%3A00%3A00Z" in request.url
    with pytest.raises(ContractError):
        CONNECTOR.pull_page("transactions", {}, HttpAnswer(200, {}, b"{}"), {})


def test_reading_again_begins_at_the_instant():
    cursor = CONNECTOR.pull_cursor_from("transactions", datetime(2026, 2, 1, tzinfo=timezone.utc))
    request = CONNECTOR.pull_request("transactions", {**cursor, "clock": "2026-03-01T00:00:00Z"}, {}, SECRET)
    assert "start_date=2026-02-01T00%3A00%3A00Z" in request.url


def test_the_codes_of_the_policy_have_their_rows():
    assert set(CODES) == {"T1105", "T1106", "T1107", "T1108", "T1109", "T1110", "T1111"}
    assert GROUPS["13"] is None
    assert GROUPS["02"] == ("conversion", "conversion")


# -- the settlement report -------------------------------------------------------------------------------------

AT = datetime(2026, 3, 2, 14, 58, 12, tzinfo=timezone.utc)
LINES = (
    Line("T-1", "T0006", AT, Decimal("119.00"), "USD", Decimal("-4.15"), invoice="INV-1"),
    Line("T-2", "T1107", AT, Decimal("-19.00"), "USD", Decimal("0.55"), reference="T-1"),
    Line("T-3", "T2103", AT, Decimal("-25.00"), "USD"),
    Line("T-4", "T2104", AT, Decimal("25.00"), "USD"),
    Line("T-5", "T0400", AT, Decimal("-90.00"), "USD"),
    Line("T-6", "T0200", AT, Decimal("-100.00"), "EUR", reference="T-7"),
    Line("T-7", "T0200", AT, Decimal("105.00"), "USD", reference="T-6"),
    Line("T-8", "T0006", AT, Decimal(1200), "JPY", Decimal(-83)),
    Line("T-9", "T0006", AT, Decimal("12.345"), "KWD"),
)


def read(raw, settings=None, limits=None):
    stream = io.BufferedReader(io.BytesIO(raw))
    told = list(CONNECTOR.read_file("settlement_csv", stream, "STL.csv", limits or Limits(), settings or {}))
    return [each for each in told if not isinstance(each, Trailer)], [
        each for each in told if isinstance(each, Trailer)
    ]


def counted(events):
    totals = ControlTotals(0, {})
    for event in events:
        totals = totals.plus(event.totals if not event.problem else ControlTotals(1))
    return totals


def test_a_report_is_complete_and_says_what_the_list_says():
    events, [trailer] = read(simulated.settlement_csv(LINES, "MERCH1", AT))
    assert trailer.totals == ControlTotals(
        9,
        {"USD": Decimal("111.40"), "EUR": Decimal("-100.00"), "JPY": Decimal(1117), "KWD": Decimal("12.345")},
    )
    assert differences(trailer.totals, counted(events)) == ()
    found = [
        (each.type, each.movement_id, str(each.amount.value), each.amount.currency)
        for event in events
        for each in CONNECTOR.transform(InboundEvent(event.envelope, event.body, {}))
    ]
    assert found == [
        ("payment", "T-1", "119.00", "USD"),
        ("fee", "T-1", "-4.15", "USD"),
        ("refund", "T-2", "-19.00", "USD"),
        ("fee", "T-2", "0.55", "USD"),
        ("reserve", "T-3", "-25.00", "USD"),
        ("reserve_release", "T-4", "25.00", "USD"),
        ("payout", "T-5", "-90.00", "USD"),
        ("conversion", "T-6", "-100.00", "EUR"),
        ("conversion", "T-7", "105.00", "USD"),
        ("payment", "T-8", "1200", "JPY"),
        ("fee", "T-8", "-83", "JPY"),
        ("payment", "T-9", "12.345", "KWD"),
    ]
    assert events[0].envelope.occurred_at == AT
    assert events == read(simulated.settlement_csv(LINES, "MERCH1", AT))[0]


def test_a_missing_row_shows_in_count_and_sum():
    whole = simulated.settlement_csv(LINES, "MERCH1", AT).splitlines(keepends=True)
    without = b"".join(line for line in whole if b'"T-5"' not in line)
    events, [trailer] = read(without)
    found = differences(trailer.totals, counted(events))
    assert [(each.currency, each.missing) for each in found] == [
        (None, Decimal(1)),
        ("USD", Decimal("-90.00")),
    ]


def test_a_row_that_cannot_be_read_is_named_and_the_rest_goes_on():
    raw = simulated.settlement_csv(LINES, "MERCH1", AT).replace(b'"CR",11900', b'"XX",11900')
    events, _trailers = read(raw)
    assert [event.number for event in events] == list(range(1, 10))
    assert [event.problem.code for event in events if event.problem] == ["schema_violation"]


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (lambda raw: raw[: raw.rindex(b'"FF"')], "file_truncated"),
        (lambda raw: raw[: len(raw) // 2], "file_truncated"),
        (lambda raw: raw + b'"SB","late"\r\n', "file_corrupt"),
        (lambda raw: raw.replace(b'"CH"', b'"ZZ"'), "file_corrupt"),
        (lambda raw: raw.replace(b'"Transaction ID"', b'"Something"'), "file_corrupt"),
        (lambda raw: raw.replace(b'"SF","USD"', b'"SF","XXX"'), "file_corrupt"),
        (lambda raw: raw.replace(b'"SC",9', b'"SC",nine'), "file_corrupt"),
        (lambda raw: raw.replace(b'"INV-1"', b'"INV-1'), "file_corrupt"),
    ],
)
def test_what_is_no_report_is_refused_by_name(change, code):
    with pytest.raises(ContractError) as caught:
        read(change(simulated.settlement_csv(LINES, "MERCH1", AT)))
    assert caught.value.code == code


def test_a_report_of_another_account_is_refused():
    raw = simulated.settlement_csv(LINES, "MERCH1", AT)
    assert len(read(raw, {"outside_account": "MERCH1"})[0]) == 9
    with pytest.raises(ContractError) as caught:
        read(raw, {"outside_account": "OTHER"})
    assert caught.value.code == "wrong_account"


def test_a_report_has_a_limit():
    with pytest.raises(ContractError) as caught:
        read(simulated.settlement_csv(LINES, "MERCH1", AT), limits=Limits(max_records=3))
    assert caught.value.code == "file_too_large"


def test_a_byte_order_mark_and_tabs_are_read():
    raw = b"\xef\xbb\xbf" + simulated.settlement_csv(LINES, "MERCH1", AT, separator="\t")
    assert len(read(raw)[0]) == 9
