# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""The receiver as an HTTP server.

``POST /events`` takes an event, ``GET /_sim/received`` shows what was taken, ``GET /_sim/health`` says ok.
"""

from __future__ import annotations

import time

from .. import wire
from ..local_server import LocalServer, Reply, Request, json_reply
from .receiver import Receiver

PATH = "/events"


def receiver_server(receiver: Receiver, port: int = 0, timeout_seconds: int = 25) -> LocalServer:
    """Return a server that feeds ``receiver``; a planned timeout keeps the sender waiting that long."""

    def answering(request: Request) -> Reply:
        if request.method == "GET" and request.path == "/_sim/received":
            return json_reply(200, receiver.report())
        if request.method == "GET" and request.path == "/_sim/health":
            return json_reply(200, {"status": "ok"})
        if request.method != "POST" or request.path != PATH:
            return json_reply(404, {"error": "unknown address"})
        verdict = receiver.receive(request.headers, request.body)
        if verdict.action == "timeout":
            time.sleep(timeout_seconds)
        return Reply(
            verdict.status,
            {"Content-Type": "application/json", **verdict.headers},
            wire.compact(verdict.body),
            reset=verdict.action == "reset",
        )

    return LocalServer(answering, port)
