# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""The receiver as an HTTP server.

``POST /events`` takes an event, ``GET /events/<id>`` says whether it is here (signed),
``GET /_sim/received`` shows what was taken, ``GET /_sim/health`` says ok.
"""

from __future__ import annotations

import time
from urllib.parse import unquote

from .. import wire
from ..local_server import LocalServer, Reply, Request, json_reply
from .receiver import Receiver, Verdict

PATH = "/events"


def receiver_server(
    receiver: Receiver, port: int = 0, timeout_seconds: float = 25, drip_seconds: float = 1
) -> LocalServer:
    """Return a server that feeds ``receiver``; a planned timeout keeps the sender waiting that long."""

    def answering(request: Request) -> Reply:
        if request.method == "GET" and request.path == "/_sim/received":
            return json_reply(200, receiver.report())
        if request.method == "GET" and request.path == "/_sim/health":
            return json_reply(200, {"status": "ok"})
        if request.method == "GET" and request.path.startswith(f"{PATH}/"):
            return _reply(receiver.asked(request.headers, unquote(request.path[len(PATH) + 1 :])))
        if request.method != "POST" or request.path != PATH:
            return json_reply(404, {"error": "unknown address"})
        event_id = request.headers.get("webhook-id", "")
        receiver.at_work(event_id, 1)
        try:
            verdict = receiver.receive(request.headers, request.body)
            if verdict.action == "timeout":
                time.sleep(timeout_seconds)
        finally:
            receiver.at_work(event_id, -1)
        return _reply(verdict, drip_seconds if verdict.action == "drip" else 0)

    return LocalServer(answering, port)


def _reply(verdict: Verdict, drip_seconds: float = 0) -> Reply:
    return Reply(
        verdict.status,
        {"Content-Type": "application/json", **verdict.headers},
        wire.compact(verdict.body) if verdict.raw is None else verdict.raw,
        reset=verdict.action == "reset",
        drip_seconds=drip_seconds,
    )
