# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
import json
import re
import time
import uuid
from datetime import datetime, timezone

from odoo import SUPERUSER_ID
from odoo.http import Controller, Response, request, route
from odoo.sql_db import Cursor
from odoo.tools.misc import get_lang

from ..connectors.registry import get_connector
from ..engine.errors import AuthorizationError, ContractError, IntegrationError
from ..engine.idempotency import Verdict
from ..engine.json_guard import parse_json
from ..engine.rate_limit import TokenBucket
from ..engine.signatures import Secret, SignedRequest, get_scheme
from ..models.messaging import key_ring
from ..models.messaging.lane import ring_lanes
from .dispatcher import header_list, problem

ADDRESS = "/integration/v1/in/<string:key>"
CORRELATION = re.compile(r"[A-Za-z0-9._:-]{1,128}")
CONTENT_LENGTH = re.compile(r"[0-9]{1,10}")
KEY = re.compile(r"[A-Za-z0-9_-]{1,64}")
REFUSALS_WRITTEN_EVERY_SECONDS = 1.0

_buckets: dict[int, TokenBucket] = {}
_refusals: dict[tuple[int, str], tuple[int, float]] = {}


class RefusedRequestError(Exception):
    """The request is not accepted; ``response`` tells the sender why."""

    def __init__(self, status, code, title, detail, headers=None):
        super().__init__(code)
        self.code = code
        self.response = (status, code, title, detail, headers)


class Webhook(Controller):
    """The one inbound route. What it answers 2xx to is committed."""

    @route(
        ADDRESS,
        type="integration",
        auth="none",
        methods=["POST"],
        csrf=False,
        save_session=False,
        readonly=False,
    )
    def receive(self, key):
        facts = None
        correlation_id = _correlation_id()
        try:
            raw = _read_body()
            facts = _known_address(key)
            _check_length(raw, facts)
            _check_rate(facts)
            _verify(facts, raw)
            envelope = _read_envelope(facts, raw)
        except RefusedRequestError as refusal:
            _count_refusal(facts or _address_facts(key), refusal.code)
            return problem(*refusal.response, correlation_id=correlation_id)
        verdict, message_id = _store(facts, envelope, raw, correlation_id)
        if verdict is not Verdict.DUPLICATE:
            registry, lane_id = request.env.registry, _lane_of(facts, envelope)
            request.env.cr.postcommit.add(lambda: ring_lanes(registry, (lane_id,)))
        return _answer(verdict, message_id, correlation_id)


def _answer(verdict, message_id, correlation_id):
    body = {"status": verdict.name.lower(), "message": message_id, "correlation_id": correlation_id}
    response = Response(json.dumps(body), status=200, content_type="application/json")
    response.headers["X-Correlation-Id"] = correlation_id
    return response


def _lane_of(facts, envelope):
    rule = get_connector(facts["connector"]).spec.events.get(envelope.event_type)
    return facts["flows"].get(rule and rule.kind, (None, facts["default_lane"]))[1]


def _correlation_id():
    """Return the caller's correlation id, or its trace id (W3C Trace Context), or a new one."""
    headers = request.httprequest.headers
    given = headers.get("X-Correlation-Id", "")
    if CORRELATION.fullmatch(given):
        return given
    trace = headers.get("traceparent", "").split("-")
    if len(trace) == 4 and re.fullmatch(r"[0-9a-f]{32}", trace[1]) and set(trace[1]) != {"0"}:
        return trace[1]
    return uuid.uuid4().hex


def _read_body():
    """Read the raw body once. Odoo takes a garbled length for an empty body, so the length is checked first."""
    length = request.httprequest.environ.get("CONTENT_LENGTH") or ""
    if not CONTENT_LENGTH.fullmatch(length):
        raise RefusedRequestError(
            411, "length_required", "Length required", "Send the body with a Content-Length header."
        )
    if not int(length):
        raise RefusedRequestError(400, "body_empty", "Empty body", "An event has a body.")
    media_type = request.httprequest.mimetype
    if media_type != "application/json":
        raise RefusedRequestError(
            415, "media_type", "Unsupported media type", "Send the event as application/json."
        )
    encoding = request.httprequest.headers.get("Content-Encoding", "identity").strip().lower()
    if encoding not in ("", "identity"):
        raise RefusedRequestError(
            415, "content_encoding", "Unsupported encoding", "Send the event without content encoding."
        )
    if int(length) > 10_000_000:
        raise _too_large(10_000_000)
    if not hasattr(request, "integration_body"):  # a replayed transaction must not read the stream again
        request.integration_body = request.httprequest.get_data(cache=False, parse_form_data=False)
    if len(request.integration_body) != int(length):
        raise RefusedRequestError(
            400, "body_truncated", "Body truncated", "The body is shorter than its Content-Length says."
        )
    return request.integration_body


def _too_large(limit):
    return RefusedRequestError(413, "body_too_large", "Too large", f"An event has at most {limit} bytes.")


def _address_facts(key):
    """Return what is known of an address; a text that no address can have costs no query."""
    return request.env["integration.endpoint"]._address_facts(key) if KEY.fullmatch(key) else None


def _known_address(key):
    facts = _address_facts(key)
    if facts is None:  # unknown and disabled answer alike
        raise RefusedRequestError(404, "unknown_address", "Not found", "There is no such address.")
    return facts


def _check_length(raw, facts):
    if len(raw) > facts["max_body_bytes"]:
        raise _too_large(facts["max_body_bytes"])


def _check_rate(facts):
    rate = facts["rate_per_second"]
    bucket = _buckets.get(facts["endpoint_id"])
    if bucket is None or bucket.rate_per_second != rate:
        bucket = _buckets[facts["endpoint_id"]] = TokenBucket(rate_per_second=rate, burst=rate * 5)
    wait_seconds = bucket.take(time.monotonic_ns())
    if wait_seconds:
        raise RefusedRequestError(
            429,
            "rate_limited",
            "Too many requests",
            "Send more slowly.",
            {"Retry-After": str(int(wait_seconds) + 1)},
        )


def _secrets(facts):
    def aware(value):
        return value.replace(tzinfo=timezone.utc) if value else None

    return [
        Secret(
            id=str(row_id),
            value=key_ring.decrypt(ciphertext),
            valid_from=aware(start),
            valid_until=aware(end),
        )
        for row_id, ciphertext, start, end in facts["secrets"]
    ]


def _verify(facts, raw):
    http = request.httprequest
    signed = SignedRequest(method=http.method, url=http.url, headers=header_list(), body=raw)
    try:
        get_scheme(facts["scheme"]).verify(
            signed, _secrets(facts), datetime.now(timezone.utc), facts["tolerance_seconds"]
        )
    except AuthorizationError as error:
        raise RefusedRequestError(401, error.code, "Signature refused", error.sentence) from error


def _read_envelope(facts, raw):
    """Parse the body, now that its signature holds, as far as storing it needs."""
    headers = {name.lower(): value for name, value in header_list()}
    try:
        return get_connector(facts["connector"]).read_envelope(parse_json(raw), headers)
    except ContractError as error:
        raise RefusedRequestError(400, error.code, "Not an event", error.sentence) from error
    except IntegrationError as error:
        raise RefusedRequestError(400, error.code, "Refused", error.sentence) from error


def _kept_headers(facts):
    kept = get_scheme(facts["scheme"]).kept_headers
    return {name.lower(): value for name, value in header_list() if name.lower() in kept}


def _store(facts, envelope, raw, correlation_id):
    """Store one event. A new one is committed on return; what else there is to do is committed with the request."""
    headers, cr = _kept_headers(facts), request.env.cr
    if isinstance(cr, Cursor):  # in tests everything happens in the test's transaction
        message_id = request.env["integration.ingest"]._accept_at_once(
            facts, envelope, raw, headers, correlation_id
        )
        if message_id:
            return Verdict.NEW, message_id
    _read_committed(cr)
    _speak_as_company()
    return request.env["integration.ingest"]._accept(facts, envelope, raw, headers, correlation_id)


def _speak_as_company():
    """What is about to be written is read by people: the route itself works without a language."""
    request.update_context(lang=get_lang(request.env(user=SUPERUSER_ID)).code)


def _read_committed(cr):
    """Leave REPEATABLE READ for this transaction: a duplicate that waits for its twin must not fail with 40001."""
    if isinstance(cr, Cursor):
        cr.rollback()
        cr.execute("SET TRANSACTION ISOLATION LEVEL READ COMMITTED")


def _count_refusal(facts, code):
    """Count refusals without a write per request: a flood of bad requests must not become a flood of updates.

    The first refusal for a reason is written at once, so that it is told; those that follow within
    REFUSALS_WRITTEN_EVERY_SECONDS are written with the next one after it.
    """
    if facts is None:
        return
    key = (facts["endpoint_id"], code)
    count, written_at = _refusals.get(key, (0, None))
    now = time.monotonic()
    if written_at is not None and now - written_at < REFUSALS_WRITTEN_EVERY_SECONDS:
        _refusals[key] = (count + 1, written_at)
        return
    _refusals[key] = (0, now)
    _read_committed(request.env.cr)
    _speak_as_company()
    request.env["integration.endpoint"]._record_refusals(facts["endpoint_id"], count + 1, code)
