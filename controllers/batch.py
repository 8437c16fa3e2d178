# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Many events in one signed request, one per line (E9): all that can be read are stored and answered, or none."""

import json

from odoo.http import Controller, request, route

from ..connectors.registry import get_connector
from ..engine import correlation, ndjson
from ..models.messaging import isolation, lane
from ..models.messaging.batch_intake import TooManyConflictsError
from . import reading, webhook
from .reading import RefusedRequestError

ADDRESS = f"{webhook.ADDRESS}/batch"
# A line costs a small part of what an event of its own costs.
LINES_PER_TOKEN = 100


class Batch(Controller):
    """The inbound route for many events. What it answers 2xx to is committed."""

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
        return webhook.answered(key, self._receive)

    def _receive(self, inbound):
        raw = webhook.read_body(inbound.environ, ndjson.MEDIA_TYPE, "A batch")
        facts = inbound.look_up()
        _check_takes_batches(facts)
        count = ndjson.count_lines(raw)
        reading.check_rate(facts, inbound.environ, 1 + min(count, ndjson.MAX_LINES) // LINES_PER_TOKEN)
        reading.verify(facts, raw, inbound.headers, inbound.environ, webhook.end_transaction)
        answer = _store(facts, raw, reading.kept_headers(facts, inbound.headers), inbound.environ)
        text = json.dumps({**answer, "correlation_id": inbound.correlation_id}, separators=(",", ":"))
        return webhook.json_response(text, inbound.correlation_id)


def _check_takes_batches(facts):
    if not get_connector(facts["connector"]).spec.accepts_batches:
        raise RefusedRequestError(
            415, "batch_not_accepted", "No batches", "This address takes one event per request."
        )


def _store(facts, raw, kept_headers, environ):
    try:
        lines = ndjson.split(raw)
    except ndjson.UnreadableBatchError as error:
        status = 413 if error.code == "batch_too_many_lines" else 400
        raise RefusedRequestError(status, error.code, "Not a batch", error.text) from error
    webhook.read_committed(request.env.cr)
    webhook.speak_as_company()
    try:
        # Two batches with the same events in another order can lock each other out: Odoo repeats one of them.
        with isolation.conflicts_are_expected():
            answer, lane_ids = request.env["integration.ingest"]._accept_batch(
                facts,
                raw,
                lines,
                kept_headers,
                admit=lambda envelopes: reading.check_flow_rates(facts, envelopes, environ),
            )
    except TooManyConflictsError as error:
        raise RefusedRequestError(
            409,
            "batch_conflicts",
            "Too many conflicts",
            "Too many events have an id that was used before with another content. Nothing was stored.",
        ) from error
    registry = request.env.registry
    if lane_ids:
        request.env.cr.postcommit.add(correlation.bound(lambda: lane.ring_lanes(registry, lane_ids)))
    return answer
