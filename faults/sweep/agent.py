# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""An Odoo process that loads the registry once and runs each order in a child of its own, which may be killed.

Orders come as lines of JSON on the standard input, answers go as lines of JSON to the standard output:
``{"workload", "load", "at", "mode"}`` → ``{"killed", "told", "statements", "verbs", "text", "error"}``. With ``"warm"``
the order runs in this process, so that the children find its caches filled.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import traceback

from faults.sweep import trigger as triggers


def main(arguments: list[str]) -> None:
    """Serve orders until the standard input ends; ``arguments`` are Odoo's own options."""
    channel = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # what others print is no answer
    from odoo.modules.registry import Registry
    from odoo.service import server
    from odoo.tools import config

    config.parse_config(arguments, setup_logging=True)
    server.load_server_wide_modules()
    registry = Registry(config["db_name"][0])
    from faults.sweep import workloads

    for line in sys.stdin:
        order = json.loads(line)
        if order.get("warm"):
            told: list = []
            run = workloads.WORKLOADS[order["workload"]]
            run(registry, order["load"], lambda name, value, told=told: told.append([name, value]))
            answer = {"killed": False, "told": told}
        else:
            _let_go()
            answer = _in_a_child(registry, workloads.WORKLOADS[order["workload"]], order)
        channel.write(json.dumps(answer) + "\n")
        channel.flush()


def _let_go() -> None:
    """Close every connection: two processes on one would garble it. Forget when lanes were rung last."""
    from odoo import sql_db

    from odoo.addons.finance_integration.models.messaging import inbox_connection, lane

    sql_db.close_all()
    for connection in inbox_connection._connections.values():
        connection.close()
    lane._last_ring.clear()


class _Child:
    """Context manager around the life of a child: reports how it ended, and ends it for good."""

    def __init__(self, pipe: int):
        self._pipe = pipe

    def __enter__(self) -> _Child:
        return self

    def tell(self, name: str, value: object) -> None:
        """Hand a fact to the parent; what was told stays told after a kill."""
        os.write(self._pipe, json.dumps([name, value]).encode() + b"\n")

    def __exit__(self, _kind, error, _trace) -> None:
        if error is not None:
            self.tell("error", "".join(traceback.format_exception(error))[-4000:])
        os._exit(1 if error else 0)


def _in_a_child(registry, workload, order: dict) -> dict:
    reading, writing = os.pipe()
    pid = os.fork()
    if not pid:
        os.close(reading)
        with _Child(writing) as child:
            trigger = triggers.Trigger(
                lambda text: child.tell("text", text), order.get("at", 0), order.get("mode", triggers.BEFORE)
            )
            triggers.install(trigger)
            workload(registry, order["load"], child.tell)
            child.tell("statements", trigger.count)
            child.tell("verbs", trigger.verbs)
    os.close(writing)
    with os.fdopen(reading, encoding="utf-8") as stream:
        told = [json.loads(line) for line in stream]
    _pid, status = os.waitpid(pid, 0)
    named = dict(told)
    return {
        "killed": os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL,
        "told": [entry for entry in told if entry[0] not in ("text", "statements", "verbs", "error")],
        **{name: named.get(name) for name in ("text", "statements", "verbs", "error")},
    }


if __name__ == "__main__":
    main(sys.argv[1:])
