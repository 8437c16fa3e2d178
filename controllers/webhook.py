# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
import json
import time

from odoo import SUPERUSER_ID
from odoo.http import Controller, Response, request, route
from odoo.sql_db import Cursor
from odoo.tools.misc import get_lang

from ..engine import correlation
from ..engine.idempotency import Verdict
from ..models.messaging.lane import ring_lanes
from . import reading
from .dispatcher import problem
from .reading import RefusedRequestError

ADDRESS = "/integration/v1/in/<string:key>"
REFUSALS_WRITTEN_EVERY_SECONDS = 1.0

_refusals: dict[tuple[int, str], tuple[int, float]] = {}


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
        return answered(key, self._receive)

    def _receive(self, inbound):
        raw, environ, headers = read_body(inbound.environ), inbound.environ, inbound.headers
        facts = inbound.look_up()
        reading.check_length(raw, facts)
        reading.check_rate(facts, environ)
        reading.verify(facts, raw, headers, environ, end_transaction)
        envelope = reading.read_envelope(facts, raw, headers)
        reading.check_flow_rate(facts, envelope, environ)
        kept = reading.kept_headers(facts, headers)
        verdict, message_id = _store(facts, envelope, raw, kept, inbound.correlation_id)
        if verdict is not Verdict.DUPLICATE:
            registry, lane_id = request.env.registry, reading.lane_of(facts, envelope)
            request.env.cr.postcommit.add(correlation.bound(lambda: ring_lanes(registry, (lane_id,))))
        return json_response(answer_body(verdict, message_id, inbound.correlation_id), inbound.correlation_id)


class Inbound:
    """A request at an inbound address: what every route reads of it first. ``facts`` are known once looked up."""

    def __init__(self, key):
        self.key = key
        self.environ = request.httprequest.environ
        self.headers = reading.headers_of(self.environ)
        self.correlation_id = correlation.current().correlation_id
        self.facts = None

    def look_up(self):
        """Return what is known of the address.

        :raises RefusedRequestError: there is no such address (404).
        """
        self.facts = known_address(self.key)
        return self.facts


def answered(key, receive):
    """Return what ``receive`` makes of the request, or the problem document of its refusal, which is counted."""
    inbound = Inbound(key)
    try:
        return receive(inbound)
    except RefusedRequestError as refusal:
        count_refusal(inbound.facts or address_facts(key), refusal.code)
        return problem(*refusal.response, correlation_id=inbound.correlation_id)


def json_response(text, correlation_id, headers=None):
    """Return the answer 200 with this JSON text."""
    response = Response(text, status=200, content_type="application/json")
    response.headers.extend({**(headers or {}), "X-Correlation-Id": correlation_id})
    return response


def answer_body(verdict, message_id, correlation_id):
    """Return the JSON text with which an event is acknowledged."""
    return json.dumps(
        {"status": verdict.name.lower(), "message": message_id, "correlation_id": correlation_id}
    )


def read_body(environ, wanted_type=reading.JSON, what="An event"):
    """Read the raw body once: a replayed transaction must not read the stream again."""
    length = reading.check_head(environ, wanted_type, what)
    if not hasattr(request, "integration_body"):
        request.integration_body = request.httprequest.get_data(cache=False, parse_form_data=False)
    reading.check_whole(request.integration_body, length)
    return request.integration_body


def address_facts(key):
    """Return what is known of an address; a text that no address can have costs no query."""
    if not request.db or not reading.KEY.fullmatch(key):
        return None
    return request.env["integration.endpoint"]._address_facts(key)


def known_address(key):
    facts = address_facts(key)
    if facts is None:  # unknown and disabled answer alike
        raise RefusedRequestError(404, "unknown_address", "Not found", "There is no such address.")
    return facts


def _store(facts, envelope, raw, headers, correlation_id):
    """Store one event. A new one is committed on return; what else there is to do is committed with the request."""
    cr = request.env.cr
    if isinstance(cr, Cursor):  # in tests everything happens in the test's transaction
        message_id = request.env["integration.ingest"]._accept_at_once(
            facts, envelope, raw, headers, correlation_id
        )
        if message_id:
            return Verdict.NEW, message_id
    read_committed(cr)
    speak_as_company()
    return request.env["integration.ingest"]._accept(facts, envelope, raw, headers, correlation_id)


def speak_as_company():
    """What is about to be written is read by people: the route itself works without a language."""
    request.update_context(lang=get_lang(request.env(user=SUPERUSER_ID)).code)


def end_transaction():
    """Give up the transaction of this request, in which nothing was written yet: something is to be fetched."""
    if isinstance(request.env.cr, Cursor):
        request.env.cr.rollback()


def read_committed(cr):
    """Leave REPEATABLE READ for this transaction: a duplicate that waits for its twin must not fail with 40001."""
    if isinstance(cr, Cursor):
        cr.rollback()
        cr.execute("SET TRANSACTION ISOLATION LEVEL READ COMMITTED")


def count_refusal(facts, code):
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
    read_committed(request.env.cr)
    speak_as_company()
    request.env["integration.endpoint"]._record_refusals(facts["endpoint_id"], count + 1, code)
