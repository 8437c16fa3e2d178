# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
import json
import threading
import time

from odoo import SUPERUSER_ID
from odoo.http import Controller, Response, request, route

# The address is open to everybody: however often it is asked, the database is looked at no more often than this.
LOOK_EVERY_SECONDS = 5.0

_last: dict[str, tuple[float, dict]] = {}
_lock = threading.Lock()


class Operations(Controller):
    """Liveness and readiness for load balancers and monitoring; they say nothing about the business."""

    @route(
        "/integration/v1/health", type="http", auth="none", methods=["GET"], csrf=False, save_session=False
    )
    def health(self):
        """Answer 200 when the server can reach its database."""
        request.env.cr.execute("SELECT 1")
        return Response(json.dumps({"status": "alive"}), content_type="application/json")

    @route("/integration/v1/ready", type="http", auth="none", methods=["GET"], csrf=False, save_session=False)
    def ready(self, strict="0", **_ignored):
        """Answer whether work is being done: 200 with ``ready`` or ``degraded``; with ``strict=1`` degraded is a 503.

        A server without a job runner still takes events in and must stay in the load balancer; an alarm asks strictly.
        """
        seen = self._look()
        status = 503 if strict == "1" and seen["status"] != "ready" else 200
        return Response(json.dumps(seen), status=status, content_type="application/json")

    def _look(self):
        with _lock:
            asked_at, seen = _last.get(request.db, (0.0, None))
        if seen is None or time.monotonic() - asked_at >= LOOK_EVERY_SECONDS:
            seen = request.env(user=SUPERUSER_ID)["integration.watchdog"]._readiness()
            with _lock:
                _last[request.db] = (time.monotonic(), seen)
        return seen
