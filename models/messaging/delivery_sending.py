# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""One request to a receiver and what came of it; no transaction is open here."""

import time

from odoo import models

from ...connectors.base import UNSAID, Receipt
from ...connectors.registry import get_connector
from ...engine.delivery import judge_answer, judge_failure, judge_question
from ...engine.errors import IntegrationError
from ...engine.errors import error as error_of
from ...engine.instants import utc_now
from ...engine.retry import RetryPolicy, parse_retry_after
from ...engine.signatures.receipts import receipt_is_signed
from . import http_client
from .delivery_exchange import MAX_ACKNOWLEDGEMENT_BYTES, QUESTION, TOTAL_SECONDS, Tried

# These alone may ask for a pause (RFC 9110, section 10.2.3; RFC 6585, section 4).
PAUSE_STATUSES = (429, 503)


class IntegrationDelivery(models.AbstractModel):
    _inherit = "integration.delivery"

    def _send(self, prepared):
        """Send one prepared request and judge what came of it."""
        began = time.monotonic()
        try:
            answer = http_client.send(
                prepared.request, prepared.allowed_hosts, MAX_ACKNOWLEDGEMENT_BYTES, TOTAL_SECONDS
            )
        except IntegrationError as error:
            verdict = judge_failure(error.code)
            tried = Tried(verdict.state, verdict.effect, error=error)
        else:
            tried = self._judge(prepared, answer)
        tried.duration_ms = int((time.monotonic() - began) * 1000)
        return tried

    def _judge(self, prepared, answer):
        connector, asked = get_connector(prepared.connector), prepared.act == QUESTION
        signed = receipt_is_signed(answer.headers, answer.body, prepared.event_id, prepared.proofs, utc_now())
        receipt = Receipt(UNSAID)
        if asked:
            receipt = connector.read_status(prepared.event_id, answer)
        elif 200 <= answer.status < 300:
            receipt = connector.read_acknowledgement(prepared.event_id, answer)
        judge = judge_question if asked else judge_answer
        verdict = judge(answer.status, receipt.verdict, prepared.expectation, signed)
        tried = Tried(verdict.state, verdict.effect, answer, None, receipt, signed)
        code = "destination_refused" if verdict.state == "refused" else verdict.code
        if code:
            tried.retry_after_seconds = _asked_pause_seconds(answer)
            tried.error = error_of(
                code,
                f"HTTP {answer.status}" + (f": {receipt.reason}" if receipt.reason else ""),
                params={"status": answer.status},
                retry_after_seconds=tried.retry_after_seconds or None,
            )
        return tried


def _asked_pause_seconds(answer):
    """Return how long the destination asks to be left alone, bounded; 0 = it does not ask."""
    if answer.status not in PAUSE_STATUSES:
        return 0
    seconds = parse_retry_after(answer.headers.get("retry-after"), utc_now())
    return min(seconds or 0, RetryPolicy().retry_after_cap_seconds)
