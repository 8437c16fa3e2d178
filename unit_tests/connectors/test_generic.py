# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""The generic webhook: its README is the contract, so its examples must work as printed."""

import json
import os
import re
import shutil
import subprocess
import sys
from datetime import datetime, timezone
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread

import pytest

from odoo.addons.finance_integration import connectors as package
from odoo.addons.finance_integration.connectors.base import InboundEvent
from odoo.addons.finance_integration.connectors.generic.const import INBOUND, OUTBOUND
from odoo.addons.finance_integration.connectors.registry import get_connector
from odoo.addons.finance_integration.engine.canonical import decode, encode
from odoo.addons.finance_integration.engine.errors import ContractError
from odoo.addons.finance_integration.engine.instants import utc_now
from odoo.addons.finance_integration.engine.json_guard import parse_json
from odoo.addons.finance_integration.engine.signatures import Secret, SignedRequest, get_scheme

GENERIC = get_connector("generic")
README = (Path(package.__path__[0]) / "generic" / "README.md").read_text(encoding="utf-8")
AT = datetime(2026, 3, 1, 12, 0, tzinfo=timezone.utc)


def block(language):
    return re.search(rf"```{language}\n(.*?)```", README, re.DOTALL).group(1)


@pytest.fixture
def listener():
    """Return (address, requests received) of a small server on this machine."""
    received = []

    class Listener(BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["content-length"]))
            received.append(SignedRequest("POST", self.path, list(self.headers.items()), body))
            self.send_response(202)
            self.end_headers()

        def log_message(self, *_arguments):
            """Say nothing."""

    server = HTTPServer(("127.0.0.1", 0), Listener)
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/in", received
    server.shutdown()
    thread.join(timeout=10)
    server.server_close()


def check_received(received, secret):
    """The request is signed as our scheme wants it, and its body becomes a document."""
    (request,) = received
    scheme = get_scheme("standard_webhooks_v1")
    assert scheme.verify(request, [Secret("partner", secret)], utc_now(), 300).secret_id == "partner"
    body = parse_json(request.body)
    envelope = GENERIC.read_envelope(body, {name.lower(): value for name, value in request.headers})
    assert (envelope.event_id, envelope.event_type) == ("evt-readme-1", "invoice.issued")
    (document,) = GENERIC.transform(InboundEvent(envelope, body))
    assert document.number == "SHOP-2026-1041"


def test_the_python_example_of_the_readme_works_as_printed(listener):
    address, received = listener
    secret = get_scheme("standard_webhooks_v1").generate_secret()
    script = f"{block('python')}\nimport sys\nprint(send(*sys.argv[1:], json.load(sys.stdin)))\n"
    done = subprocess.run(
        [sys.executable, "-I", "-c", script, address, secret, "evt-readme-1"],
        input=block("json").encode(),
        capture_output=True,
        timeout=60,
        check=True,
    )
    assert done.stdout == b"202\n"
    check_received(received, secret)


@pytest.mark.skipif(
    not all(shutil.which(name) for name in ("sh", "openssl", "curl", "base64", "od")),
    reason="needs openssl and curl",
)
def test_the_shell_example_of_the_readme_works_as_printed(listener):
    address, received = listener
    secret = get_scheme("standard_webhooks_v1").generate_secret()
    values = {
        "URL": address,
        "SECRET": secret,
        "EVENT_ID": "evt-readme-1",
        "BODY": block("json"),
        "NO_PROXY": "*",
    }
    subprocess.run(
        ["sh", "-e", "-c", block("sh")],
        env={**os.environ, **values},
        capture_output=True,
        timeout=60,
        check=True,
    )
    check_received(received, secret)


def test_the_readme_names_every_event_and_every_status():
    for name in (*INBOUND, *OUTBOUND.values()):
        assert f"`{name}`" in README


def test_events_of_one_object_share_a_queue_and_carry_its_version():
    event = json.loads(block("json"))
    envelope = GENERIC.read_envelope(event, {"webhook-id": "evt-1"})
    assert (envelope.object_key, envelope.version) == ("invoice:inv-1041", 1)
    assert envelope.occurred_at == AT
    event["data"]["source"] = "odd"
    envelope = GENERIC.read_envelope(event, {"webhook-id": "evt-1"})
    assert (envelope.object_key, envelope.version) == ("evt-1", None)


def test_without_an_id_nothing_is_taken_in():
    with pytest.raises(ContractError, match="webhook-id"):
        GENERIC.read_envelope(json.loads(block("json")), {})


EVENTS = Path(__file__).parents[1] / "engine" / "vectors" / "events.json"


@pytest.mark.parametrize("event_type", [*OUTBOUND, *OUTBOUND.values()])
def test_our_events_can_be_read_with_the_published_schema(event_type):
    kind = (
        event_type if event_type in OUTBOUND else {wire: kind for kind, wire in OUTBOUND.items()}[event_type]
    )
    amount = {"value": "106.00", "currency": "EUR"}
    common = {
        "source": {"system": "odoo", "object_id": "account.move,17"},
        "occurred_at": "2026-03-01T12:00:00Z",
        "company": "Maes & Zonen BV",
    }
    documents = json.loads(EVENTS.read_text(encoding="utf-8")) | {
        "event.invoice_posted": {
            "invoice_id": "17",
            "document_type": "invoice",
            "entry_number": "INV/2026/00017",
            "issue_date": "2026-03-01",
            "accounting_date": "2026-03-01",
            "total_gross": amount,
            "total_tax": {"value": "6.00", "currency": "EUR"},
            "amount_due": amount,
        },
        "event.payment_settled": {
            "movement_id": "mp-1",
            "movement_type": "payment",
            "entry_number": "BNK/1",
            "accounting_date": "2026-03-01",
            "amount": amount,
            "invoice_id": "17",
            "invoice_number": "INV/2026/00017",
            "applied": amount,
            "invoice_amount_due": {"value": "0.00", "currency": "EUR"},
            "invoice_status": "paid",
        },
        "event.payment_failed": {"movement_id": "mp-3", "amount": amount, "failure_code": "declined"},
    }
    document = {**common, **documents[kind]}
    raw, headers = GENERIC.render_event(event_type, "evt-1", AT, document)
    body = parse_json(raw)
    assert headers == {"content-type": "application/json"}
    assert (body["type"], body["timestamp"]) == (OUTBOUND[kind], "2026-03-01T12:00:00Z")
    fields = dict(body["data"])
    assert (fields.pop("kind"), fields.pop("schema_version")) == (kind, "1")
    assert encode(decode(kind, "1", fields)) == document
