# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""What the sweep ends at each statement; runs inside an Odoo process, on the product's own entry points.

A workload is a function of (registry, load, tell): ``load`` says what to work on, ``tell(name, value)`` reports what a
sender would know even if the process ended now. ``recover`` is what a process that was started anew does.
"""

from __future__ import annotations

import base64
import time
from collections.abc import Callable

from werkzeug.test import Client

from odoo import SUPERUSER_ID, api
from odoo.http import root

from odoo.addons.finance_integration.controllers.fast_intake import FastIntake
from odoo.addons.finance_integration.models.messaging import drop_run

Tell = Callable[[str, object], None]

TURNS = 6
LOCK_TURNS = 100
SEAL_TURNS = 50
SEAL_SECONDS = 20
UNSEALED = (
    "SELECT count(*) FROM integration_audit_leaf"
    " WHERE id > (SELECT COALESCE(max(last_id), 0) FROM integration_audit_seal)"
)
LEFT = (
    "SELECT count(*) FROM integration_message m JOIN integration_connection c ON c.id = m.connection_id"
    " WHERE c.state = 'active' AND (m.status = 'ready'"
    " OR (m.status = 'waiting' AND m.due_at <= now() AT TIME ZONE 'UTC'))"
)


def ingest(_registry, load: dict, tell: Tell) -> None:
    """Post the requests of the load to the short way in, which hands on what is not the plain case."""
    _post(FastIntake(root), load, tell)


def route(_registry, load: dict, tell: Tell) -> None:
    """Post the requests of the load to Odoo's own route."""
    _post(root, load, tell)


def _post(application, load: dict, tell: Tell) -> None:
    client = Client(application)
    for request in load["requests"]:
        answer = client.post(
            request["path"],
            data=base64.b64decode(request["body"]),
            headers=request["headers"],
            content_type=request.get("content_type", "application/json"),
        )
        tell("answer", {"keys": request["keys"], "status": answer.status_code, "text": answer.text[:2000]})


def drain(registry, load: dict, tell: Tell) -> None:
    """Work off every lane."""
    del load, tell
    with registry.cursor() as cr:
        env = api.Environment(cr, SUPERUSER_ID, {})
        lanes = env["integration.lane"].search([]).ids
        cr.rollback()
        for lane_id in lanes:
            env["integration.drain"]._run(lane_id, linger_seconds=0)


def delivery(registry, load: dict, tell: Tell) -> None:
    """Send what is due to one connection."""
    del tell
    with registry.cursor() as cr:
        api.Environment(cr, SUPERUSER_ID, {})["integration.delivery"]._run(load["connection_id"])


def fetch(registry, load: dict, tell: Tell) -> None:
    """Fetch one list of an outside system to its end."""
    del tell
    with registry.cursor() as cr:
        env = api.Environment(cr, SUPERUSER_ID, {})
        env["integration.connection"].browse(load["connection_id"])._pull(load["pull"])


def import_file(registry, load: dict, tell: Tell) -> None:
    """Look at a folder and read what is there; the folder is set up where it is missing."""
    del tell
    drop_run.PORTION_EVENTS = 2
    with registry.cursor() as cr:
        env = api.Environment(cr, SUPERUSER_ID, {})
        drop = env["integration.drop"].search([("name", "=", load["drop"]["name"])])
        if not drop:
            drop = env["integration.drop"].create(load["drop"])
            cr.commit()  # pylint: disable=invalid-commit
        drop._look()


def jobs(registry, load: dict, tell: Tell) -> None:
    """Run the queue jobs that wait, each through the route that the job runner calls."""
    del load, tell
    client = Client(root)
    for uuid in _waiting_jobs(registry):
        _query(
            registry, "UPDATE queue_job SET state = 'enqueued' WHERE uuid = %s AND state = 'pending'", uuid
        )
        client.get(f"/queue_job/runjob?db={registry.db_name}&job_uuid={uuid}")


def seal(registry, load: dict, tell: Tell) -> None:
    """Seal what is in the audit trail."""
    del load
    with registry.cursor() as cr:
        sealer = api.Environment(cr, SUPERUSER_ID, {})["integration.audit.sealer"]
        cr.rollback()
        tell("sealed", sealer._run(SEAL_SECONDS))


def _seal_all(registry) -> None:
    """Seal until nothing is left; the lock of a process that was killed is free once PostgreSQL has noticed."""
    with registry.cursor() as cr:
        sealer = api.Environment(cr, SUPERUSER_ID, {})["integration.audit.sealer"]
        cr.rollback()
        for _turn in range(SEAL_TURNS):
            made = sealer._run(SEAL_SECONDS)
            if made == 0 and not _query(registry, UNSEALED)[0][0]:
                return
            if not made:
                time.sleep(0.1)


def _wait_for_locks(registry) -> None:
    """Wait until PostgreSQL has noticed that the killed process is gone: until then its lane, list or file is taken.

    A server finds such a lock taken, too, and comes again; here each step is done once.
    """
    held = (
        "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'"
        " AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
    )
    for _turn in range(LOCK_TURNS):
        if not _query(registry, held)[0][0]:
            return
        time.sleep(0.1)


def recover(registry, load: dict, tell: Tell) -> None:
    """What comes after the restart: senders repeat, the sweep and the deliveries go on until nothing is left."""
    _wait_for_locks(registry)
    # A job runner that is started anew puts back what an earlier one had handed out.
    _query(registry, "UPDATE queue_job SET state = 'pending' WHERE state IN ('enqueued', 'started')")
    if load.get("requests"):
        ingest(registry, load, tell)
    if load.get("drop"):
        import_file(registry, load, tell)
    for connection_id, pull in load.get("pulls", ()):
        fetch(registry, {"connection_id": connection_id, "pull": pull}, tell)
    for _turn in range(TURNS):
        drain(registry, {}, tell)
        with registry.cursor() as cr:
            env = api.Environment(cr, SUPERUSER_ID, {})
            env["integration.waiting"]._sweep()
        for connection_id in load.get("deliver_to", ()):
            delivery(registry, {"connection_id": connection_id}, tell)
        if not _query(registry, LEFT)[0][0]:
            _seal_all(registry)
            return
    tell("left", _query(registry, LEFT)[0][0])


def _waiting_jobs(registry) -> list[str]:
    rows = _query(
        registry,
        "SELECT uuid FROM queue_job WHERE state = 'pending' AND (eta IS NULL OR eta <= now() AT TIME ZONE 'UTC')"
        " ORDER BY priority, date_created",
    )
    return [uuid for (uuid,) in rows]


def _query(registry, statement: str, *values) -> list[tuple]:
    with registry.cursor() as cr:
        cr.execute(statement, values)
        return cr.fetchall() if cr.description else []


WORKLOADS: dict[str, Callable[[object, dict, Tell], None]] = {
    "ingest": ingest,
    "route": route,
    "lines": route,
    "drain": drain,
    "delivery": delivery,
    "fetch": fetch,
    "file": import_file,
    "jobs": jobs,
    "seal": seal,
    "recover": recover,
}
