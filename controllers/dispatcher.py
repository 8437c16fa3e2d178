# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""The inbound route's own way of reading a request: raw bytes once, never a form, problem documents on error."""

import json
import logging

from werkzeug.exceptions import HTTPException

from odoo.http import Dispatcher, Response

from ..engine import correlation
from ..engine.errors import IntegrationError

_logger = logging.getLogger(__name__)

PROBLEM_TYPE = "application/problem+json"


def problem(status, code, title, detail, headers=None, **extra):
    """Return an RFC 9457 problem document as a response."""
    body = {
        "type": f"urn:finance-integration:error:{code}",
        "title": title,
        "status": status,
        "detail": detail,
    }
    response = Response(json.dumps(body | {"code": code} | extra), status=status, content_type=PROBLEM_TYPE)
    response.headers.extend(headers or {})
    return response


class IntegrationDispatcher(Dispatcher):
    """Serves ``type="integration"`` routes: the endpoint gets the path's arguments and reads the body itself."""

    routing_type = "integration"

    @classmethod
    def is_compatible_with(cls, request):
        return True

    def dispatch(self, endpoint, args):
        self.request.params = dict(args)
        with correlation.scope(correlation.read(self.request.httprequest.headers)):
            return endpoint(**args)

    def handle_error(self, exc):
        if isinstance(exc, HTTPException) and exc.code:
            return problem(exc.code, "http_error", exc.name, exc.description or exc.name)
        if isinstance(exc, IntegrationError):
            return problem(400, exc.code, "Refused", exc.sentence)
        _logger.error("the inbound route failed", exc_info=exc)
        return problem(
            503,
            "temporarily_unavailable",
            "Temporarily unavailable",
            "The event was not stored. Send it again later.",
            headers={"Retry-After": "30"},
        )
