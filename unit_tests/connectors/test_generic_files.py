# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Files of the generic connector: the same events as by webhook, with control totals, whatever the format."""

import io
import json
from decimal import Decimal

import pytest

from odoo.addons.finance_integration.connectors.base import InboundEvent
from odoo.addons.finance_integration.connectors.registry import get_connector
from odoo.addons.finance_integration.engine.batch import NO_TOTALS
from odoo.addons.finance_integration.engine.canonical.rules import check
from odoo.addons.finance_integration.engine.formats.base import Limits, Trailer

GENERIC = get_connector("generic")
SETTINGS = {"system": "bank", "time_zone": "Europe/Brussels"}


def read(file_format, text, settings=SETTINGS):
    """Return (events, totals counted, trailer) of a file."""
    stream = io.BufferedReader(io.BytesIO(text.encode()))
    events, counted, trailer = [], NO_TOTALS, None
    for found in GENERIC.read_file(file_format, stream, "f", Limits(), settings):
        if isinstance(found, Trailer):
            trailer = found
        else:
            events.append(found)
            counted = counted.plus(found.totals)
    return events, counted, trailer


def documents(events):
    """Return the canonical documents of events, checked like those of a webhook."""
    found = []
    for event in events:
        [document] = GENERIC.transform(InboundEvent(event.envelope, event.body, SETTINGS))
        check(document, provider="generic")
        found.append(document)
    return found


def test_ndjson_is_the_webhook_line_by_line():
    data = {
        "kind": "movement",
        "schema_version": "1",
        "source": {"system": "shop", "object_id": "m-1", "version": 2},
        "occurred_at": "2026-03-01T12:00:00Z",
        "movement_id": "m-1",
        "type": "payment",
        "amount": {"value": "106.00", "currency": "EUR"},
    }
    line = {"id": "e-1", "type": "movement.reported", "timestamp": "2026-03-01T12:00:00Z", "data": data}
    nameless = {key: value for key, value in line.items() if key != "id"}
    text = f'{json.dumps(line)}\n{json.dumps(nameless)}\n{{"control": {{"count": 1}}}}\n'
    events, counted, trailer = read("ndjson", text)
    assert [event.problem and event.problem.code for event in events] == [None, "schema_violation"]
    envelope = events[0].envelope
    assert (envelope.event_id, envelope.object_key, envelope.version) == ("e-1", "movement:m-1", 2)
    assert "id" not in events[0].body
    assert documents(events[:1])[0].amount.value == Decimal("106.00")
    assert (counted.count, counted.sums, trailer.totals.count) == (1, {"EUR": Decimal("106.00")}, 1)


@pytest.mark.parametrize(
    ("kind", "fields", "sums"),
    [
        ("invoice", {"total_gross": "106.00", "currency": "EUR"}, {"EUR": Decimal("106.00")}),
        (
            "entry",
            {"lines": [{"debit": "5"}, {"debit": "2.5"}, {"credit": "7.5"}], "currency": "EUR"},
            {"EUR": Decimal("7.5")},
        ),
        ("entry", {"lines": "none", "currency": "EUR"}, {}),
        ("movement", {"amount": "12"}, {}),
        ("invoice", {"total_gross": "a lot", "currency": "EUR"}, {}),
        ("invoice", {"total_gross": "1", "currency": "???"}, {}),
        ("customer", {}, {}),
    ],
)
def test_what_a_document_adds_to_the_totals(kind, fields, sums):
    line = {"id": "e", "type": "x", "timestamp": "2026-03-01T12:00:00Z", "data": {"kind": kind, **fields}}
    events, counted, _trailer = read("ndjson", f"{json.dumps(line)}\n")
    assert (counted.count, counted.sums) == (1, sums)
    assert not events[0].problem


MOVEMENT_HEAD = (
    "movement_id;type;occurred_at;amount;currency;customer_id;invoice;settled_amount;settled_currency"
)
MOVEMENTS = f"""{MOVEMENT_HEAD};changes_balance
m-1;payment;2026-03-01T12:00:00+01:00;106.00;EUR;c-88;F-1;114.48;USD;
m-2;refund;2026-03-02T12:00:00+01:00;-6.00;EUR;;;;;yes
TRAILER;2;EUR=100.00
"""


def test_movements_become_documents_with_totals():
    events, counted, trailer = read("movements_csv", MOVEMENTS)
    payment, refund = documents(events)
    assert (payment.movement_id, payment.type, payment.amount.value) == ("m-1", "payment", Decimal("106.00"))
    assert (payment.settled.value, payment.settled.currency) == (Decimal("114.48"), "USD")
    assert payment.customer.outside_id == "c-88"
    assert [(row.type, row.value) for row in payment.references] == [("invoice", "F-1")]
    assert (refund.amount.value, refund.changes_balance) == (Decimal("-6.00"), True)
    assert payment.source.system == "bank"
    assert counted == trailer.totals
    assert counted.sums == {"EUR": Decimal("100.00")}


def test_the_same_row_is_the_same_event_and_another_row_is_not():
    first, _counted, _trailer = read("movements_csv", MOVEMENTS)
    again, _counted, _trailer = read("movements_csv", MOVEMENTS)
    other, _counted, _trailer = read("movements_csv", MOVEMENTS.replace("106.00", "107.00"))
    assert [event.envelope.event_id for event in first] == [event.envelope.event_id for event in again]
    assert first[0].envelope.event_id != other[0].envelope.event_id
    assert first[0].envelope.object_key == other[0].envelope.object_key
    assert [event.number for event in first] == [1, 2]


ENTRIES = """reference,date,currency,account,debit,credit,label,analytic
PAY-1,2026-02-28,EUR,620000,12500.00,,Gross wages,SALES|WEST
PAY-1,2026-02-28,EUR,455000,,12500.00,Net,
PAY-2,2026-02-28,EUR,620000,10.00,,,
PAY-2,2026-02-28,EUR,455000,,10.00,,
TRAILER,4,EUR=12510.00
"""


def test_rows_of_one_reference_are_one_entry():
    events, counted, trailer = read("entries_csv", ENTRIES)
    first, second = documents(events)
    assert (first.reference, len(first.lines), second.reference) == ("PAY-1", 2, "PAY-2")
    assert (first.lines[0].debit, first.lines[0].analytic) == (Decimal("12500.00"), ("SALES", "WEST"))
    assert first.occurred_at.isoformat() == "2026-02-27T23:00:00+00:00"
    assert counted == trailer.totals
    assert [(event.number, event.line) for event in events] == [(1, 2), (2, 4)]


BANK_HEAD = (
    "account_number;line_id;booking_date;amount;currency;"
    "text;party_name;invoice;original_amount;original_currency"
)
BANK_LINES = f"""{BANK_HEAD}
BE71 0961 2345 6769;L-1;2026-03-02;106.00;EUR;F-1 thanks;Maes;F-1;114.48;USD
BE71 0961 2345 6769;L-2;2026-03-03;-6.00;EUR;Fee;;;;
TRAILER;2;EUR=100.00
"""


def test_bank_lines_become_documents_with_totals():
    events, counted, trailer = read("bank_lines_csv", BANK_LINES)
    receipt, fee = documents(events)
    assert (receipt.line_id, receipt.booking_date.isoformat()) == ("L-1", "2026-03-02")
    assert (receipt.amount.value, receipt.original.value) == (Decimal("106.00"), Decimal("114.48"))
    assert (receipt.text, receipt.party_name) == ("F-1 thanks", "Maes")
    assert [(row.type, row.value) for row in receipt.references] == [("invoice", "F-1")]
    assert receipt.occurred_at.isoformat() == "2026-03-01T23:00:00+00:00"
    assert (fee.amount.value, fee.original, fee.references) == (Decimal("-6.00"), None, ())
    assert counted == trailer.totals
    # A list of events shows the ids of objects: no account number stands in them.
    assert not any("2345" in event.envelope.object_key for event in events)


@pytest.mark.parametrize(
    ("file_format", "text", "code"),
    [
        ("bank_lines_csv", BANK_LINES.replace("106.00;EUR;F", "a lot;EUR;F"), "invalid_amount"),
        ("bank_lines_csv", BANK_LINES.replace("L-1;2026-03-02", "L-1;Monday"), "date_invalid"),
        ("bank_lines_csv", BANK_LINES.replace("L-1;2026-03-02", ";2026-03-02"), "schema_violation"),
        ("movements_csv", MOVEMENTS.replace("106.00", "a lot"), "invalid_amount"),
        ("movements_csv", MOVEMENTS.replace("106.00;EUR", "106.00;EURO"), "unknown_currency"),
        ("movements_csv", MOVEMENTS.replace("m-1;payment", "m-1;"), "schema_violation"),
        ("movements_csv", MOVEMENTS.replace("2026-03-01T12:00:00+01:00", "yesterday"), "date_invalid"),
        ("movements_csv", MOVEMENTS.replace(";USD;\n", ";USD;perhaps\n"), "schema_violation"),
        ("entries_csv", ENTRIES.replace("12500.00,,Gross", "much,,Gross"), "invalid_amount"),
        ("entries_csv", ENTRIES.replace("28,EUR,455000,,12500", "27,EUR,455000,,12500"), "schema_violation"),
        ("entries_csv", ENTRIES.replace("PAY-1,2026-02-28", "PAY-1,Monday"), "date_invalid"),
    ],
)
def test_a_bad_row_is_named_and_the_others_are_read(file_format, text, code):
    events, counted, trailer = read(file_format, text)
    assert [event.problem and event.problem.code for event in events] == [code, None]
    assert counted.count < trailer.totals.count


def test_a_receipt_is_plain_json():
    raw = GENERIC.render_receipt(
        {"source": "x.csv", "state": "complete", "declared": {"sums": {"EUR": "1.00"}}}
    )
    assert json.loads(raw) == {
        "type": "file.received",
        "schema_version": "1",
        "source": "x.csv",
        "state": "complete",
        "declared": {"sums": {"EUR": "1.00"}},
    }
