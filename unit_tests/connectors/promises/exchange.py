# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""What the hub fetches and sends through a connector, and what its folder must hold."""

from __future__ import annotations

import copy
from pathlib import Path

from odoo.addons.finance_integration.connectors.base import NEED_KINDS, UNSAID, Connector, HttpAnswer, Receipt
from odoo.addons.finance_integration.engine.canonical import KINDS
from odoo.addons.finance_integration.engine.errors import IntegrationError
from odoo.addons.finance_integration.engine.json_guard import parse_json
from odoo.addons.finance_integration.engine.outgoing_access import API_KEY, authorization
from odoo.addons.finance_integration.engine.signatures import SignedRequest, get_scheme

from .cases import NOW, UNKNOWN_TYPE, URL, DeviationError, expect, inbound_events, outcome, read_cases
from .signatures import make_secret, refused

ANSWERS = (
    (401, {}, b'{"error": {"code": "x"}}', "credential_refused", None),
    (403, {}, b"", "credential_refused", None),
    (429, {"retry-after": "17"}, b"{}", "source_rate_limited", 17),
    (429, {}, b"{}", "source_rate_limited", None),
    (500, {}, b"oops", "source_unavailable", None),
    (503, {"retry-after": "120"}, b"<html>maintenance</html>", "source_unavailable", 120),
    (302, {"location": "https://elsewhere.example.com"}, b"", "source_unavailable", None),
    (200, {}, b"<html>captive portal</html>", "source_unavailable", None),
    (200, {}, b"\xff\xfe", "source_unavailable", None),
    (400, {}, b'{"error": {"code": "parameter_unknown"}}', "destination_garbage", None),
)


def check_pull(connector: Connector, pull: str, settings: dict) -> None:
    """The secret is in the headers only; every bad answer has its name; odd cursors are refused by name."""
    secret = "sk_test_suite_only_0001"
    for kind in connector.spec.access_kinds:
        asked = connector.pull_request(pull, {}, {**settings, "access_kind": kind}, secret)
        expect(
            secret not in asked.url and secret.encode() not in asked.body, f"{kind}: secret in the address"
        )
        shown = {name.lower(): value for name, value in asked.headers.items()}
        if kind != API_KEY:  # where an API key goes is the vendor's choice
            expect(shown.get("authorization") == authorization(kind, secret), f"{kind}: another header")
    expect(not connector.pull_request(pull, {}, settings, secret).certificate, "certificates are the hub's")
    request = connector.pull_request(pull, {}, settings, secret)
    expect(request.url.startswith("https://"), "the request is not encrypted")
    expect(secret not in request.url and secret.encode() not in request.body, "the secret is in the address")
    expect(secret not in repr(request), "the secret is in the request's text form")
    expect(any(secret in value for value in request.headers.values()), "the request carries no credential")
    expect(0 < request.timeout_seconds <= 60, "the request has no sensible time limit")
    for status, headers, body, code, seconds in ANSWERS:
        try:
            connector.pull_page(pull, {}, HttpAnswer(status, headers, body), settings)
        except IntegrationError as error:
            expect(
                (error.code, error.retry_after_seconds) == (code, seconds),
                f"answer {status}: {error.code}, {error.retry_after_seconds} s",
            )
            continue
        raise DeviationError(f"answer {status} is taken for a page")
    for cursor in ({"step": "odd"}, {"complete_until": "odd"}, {"starting_after": 7, "next_day": 7}):
        found = outcome(lambda: connector.pull_request(pull, cursor, settings, secret))  # noqa: B023
        expect(found == "schema_violation" or not isinstance(found, str), f"odd cursor: {found}")


def check_outbound(connector: Connector, event_type: str) -> None:
    """An event is rendered to the same bytes every time and can be signed with every scheme."""
    document = {
        "source": {"system": "odoo", "object_id": "1"},
        "amount": {"value": "12.30", "currency": "EUR"},
    }
    before = copy.deepcopy(document)
    body, headers = connector.render_event(event_type, "evt_1", NOW, document)
    again, _headers = connector.render_event(event_type, "evt_1", NOW, dict(reversed(document.items())))
    expect(body == again and document == before, "rendering twice gives different bytes or changes its input")
    expect(parse_json(body), "the body is no JSON")
    expect(any(name.lower() == "content-type" for name in headers), "the content type is missing")
    for code in connector.spec.signature_schemes:
        scheme = get_scheme(code)
        value, secret = make_secret(scheme, "out")
        request = SignedRequest("POST", URL, list(scheme.sign(body, value, NOW, "evt_1").items()), body)
        expect(refused(scheme, request, [secret], 300) is None, f"not verifiable with {code}")
    found = outcome(lambda: connector.render_event(UNKNOWN_TYPE, "evt_1", NOW, document))
    expect(found == "unknown_event_type", f"an unknown event is rendered: {found!r}")


# What no receiver of an event should have answered.
ODD_BODIES = (
    b"",
    b"<html>captive portal</html>",
    b"\xff\xfe",
    b"null",
    b"[]",
    b"7",
    b'{"id": null}',
    b'{"id": 7, "status": 7}',
    b'{"id": "evt_1", "status": "odd"}',
    b'{"id": "evt_1", "id": "evt_1"}',
    b'{"id": "evt_2", "status": "received"}',
    b"[" * 5000,
)


def check_receipts(connector: Connector) -> None:
    """An answer that says nothing readable of the very event is UNSAID; the question has no effect and no secret."""
    for body in ODD_BODIES:
        for status in (200, 202):
            answer = HttpAnswer(status, {"content-type": "application/json"}, body)
            for read in (connector.read_acknowledgement, connector.read_status):
                found = read("evt_1", answer)
                expect(found == Receipt(UNSAID), f"{read.__name__} takes {body[:20]!r} for {found}")
    request = connector.status_request("evt_1", "https://receiver.example.com/events?tenant=7")
    if request is None:
        return
    expect(request.method in ("GET", "HEAD") or request.body, "the question may have an effect")
    expect(request.url.startswith("https://receiver.example.com/"), "the question goes elsewhere")
    expect("evt_1" in request.url or b"evt_1" in request.body, "the question names no event")
    expect(0 < request.timeout_seconds <= 60, "the question has no sensible time limit")
    other = connector.status_request("evt_2", "https://receiver.example.com/events?tenant=7")
    expect(other != request, "two events have the same question")
    odd = connector.status_request("a/b?c#d é", "https://receiver.example.com/events")
    expect("?c" not in odd.url and "#" not in odd.url, "the event's id is not escaped")
    for status in (401, 403, 429, 500, 302):
        found = connector.read_status("evt_1", HttpAnswer(status, {}, b"{}"))
        expect(found == Receipt(UNSAID), f"status {status} is taken for {found}")


README_SECTIONS = ("Supported", "Not supported", "Money", "Dates")


def check_needs(connector: Connector) -> None:
    """It says what a person needs to connect it and where that stands: each secret that it uses, and our address."""
    spec = connector.spec
    kinds = [need.kind for need in spec.needs]
    expect(set(kinds) <= set(NEED_KINDS), f"needs are of {', '.join(NEED_KINDS)}")
    wanted = {"address", "inbound_signature"} if spec.signature_schemes else set()
    wanted |= ({"api"} if spec.pulls else set()) | ({"outbound_signature"} if spec.outbound_events else set())
    expect(not wanted - set(kinds), f"does not say where to find: {', '.join(sorted(wanted - set(kinds)))}")
    expect(spec.fetched_events <= set(spec.events), "events that it makes itself are in its table of events")
    for need in spec.needs:
        for text in (need.what, need.where):
            expect(
                bool(text) and text == text.strip() and len(text) <= 300, f"{need.kind}: 1 to 300 characters"
            )


def check_folder(connector: Connector, folder: Path) -> None:
    """The README answers what an accountant asks; every event that books has a fixture; kinds exist."""
    readme = (folder / "README.md").read_text(encoding="utf-8")
    for section in README_SECTIONS:
        expect(f"## {section}" in readme, f"README.md has no section “{section}”")
    for name, rule in connector.spec.events.items():
        expect(rule.kind is None or rule.kind in KINDS, f"{name}: unknown kind {rule.kind}")
        expect(rule.kind or rule.reason, f"{name} books nothing and does not say why")
    seen = set()
    for case in read_cases(folder):
        if case.stage_of_error not in ("envelope", "pull"):
            seen |= {event.envelope.event_type for event in inbound_events(connector, case)}
    missing = {name for name, rule in connector.spec.events.items() if rule.kind} - seen
    expect(not missing, f"no fixture for {', '.join(sorted(missing))}")
    for name in connector.spec.outbound_events:
        expect(name in KINDS, f"unknown outbound kind {name}")
    for key in connector.spec.sensitive_keys:
        expect(key == key.lower(), f"sensitive key {key!r} is not lower case")
