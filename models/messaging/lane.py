# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
import contextlib
import logging
import threading
import time

import psycopg2

from odoo import SUPERUSER_ID, api, fields, models
from odoo.exceptions import UserError
from odoo.sql_db import db_connect
from odoo.tools import SQL

from ...engine.correlation import described
from ...engine.flow_life import WORKING_STATES
from .doorbell import comes_back

_logger = logging.getLogger(__name__)

# First half of the advisory lock key: names what the second half (the lane id) means.
LOCK_SPACE = 0x4649_4C4E
# A ring within this time after the last one of this process is left out: the drain that the last one
# started lingers longer than this and takes the new message along.
RING_EVERY_SECONDS = 1.0
CHANNEL = "root.finance_integration"
# Apart from the others, so that it has a place in the job runner when theirs are taken by jobs whose process died.
WATCH_CHANNEL = "root.finance_integration_watch"
# A drain that was killed is taken up again after this time; the job queue alone needs a minute.
WATCH_AFTER_SECONDS = 10
STALE_SECONDS = 60
SWEEP_BUDGET_SECONDS = 15
# All lanes of one sweep together; the others come first in the next one, which begins with the oldest.
SWEEP_TOTAL_SECONDS = 45

_last_ring: dict[tuple[str, int], float] = {}
_ring_lock = threading.Lock()


class IntegrationLane(models.Model):
    """What must run one after the other. Different lanes run side by side."""

    _name = "integration.lane"
    _inherit = ["integration.doorbell"]
    _description = "Lane"
    _order = "name"

    name = fields.Char(required=True)
    company_id = fields.Many2one("res.company", required=True, index=True)
    flow_ids = fields.One2many("integration.flow", "lane_id")

    _name_unique = models.Constraint("UNIQUE(company_id, name)", "This lane exists already.")

    @api.model
    def _for_connection(self, connection):
        """Return the connection's own lane: what one sender says is worked off in the order it was said."""
        name = f"{connection.name} [{connection.id}]"
        return self.sudo().search(
            [("company_id", "=", connection.company_id.id), ("name", "=", name)], limit=1
        ) or self.sudo().create({"name": name, "company_id": connection.company_id.id})

    @api.ondelete(at_uninstall=False)
    def _unlink_except_used(self):
        if self.env["integration.message"].sudo().search_count([("lane_id", "in", self.ids)], limit=1):
            raise UserError(self.env._("A lane that holds events cannot be deleted."))

    # -- the doorbell ------------------------------------------------------------------------------------

    @api.model
    def _ring_after_commit(self, lane_ids):
        """Ring the lanes once this transaction is committed."""
        registry = self.env.registry
        lane_ids = tuple(lane_ids)

        @self.env.cr.postcommit.add
        def ring():
            ring_lanes(registry, lane_ids)

    def _ring(self):
        """Ask for a drain of these lanes: one queue job each, only the doorbell, and one that looks after it.

        Such a job may be handed out again as often as its process dies (``max_retries`` 0): there is no other work in
        it than what it finds.
        """
        for lane in self._without_job("drain"):
            lane.with_delay(
                channel=CHANNEL,
                identity_key=f"finance_integration.drain.{lane.id}",
                description=described(self.env._("Work off %s", lane.name)),
                max_retries=0,
                priority=lane._priority(),
            )._drain()
        self._watch_later()

    def _without_job(self, name):
        """Return the lanes for which no such job waits: one statement, where making a job takes thirty."""
        keys = {f"finance_integration.{name}.{lane.id}": lane.id for lane in self}
        self.env.cr.execute(
            SQL(
                """
                SELECT identity_key FROM queue_job
                 WHERE identity_key = ANY(%s) AND state IN ('pending', 'enqueued')
                """,
                list(keys),
            )
        )
        waiting = {keys[key] for (key,) in self.env.cr.fetchall()}
        return self.filtered(lambda lane: lane.id not in waiting)

    def _watch_later(self):
        """Let a second job look after the first: a drain whose process is killed is noticed by nobody else at once."""
        for lane in self._without_job("watch"):
            lane.with_delay(
                channel=WATCH_CHANNEL,
                identity_key=f"finance_integration.watch.{lane.id}",
                eta=WATCH_AFTER_SECONDS,
                max_retries=0,
                priority=5,
            )._watch()

    @comes_back
    def _watch(self):
        """Job: go on with what is still ready in this lane; where a drain is at work, look again later."""
        self.ensure_one()
        drain, registry = self.env["integration.drain"], self.env.registry
        # The second look of a drain that was killed between its commit and that look.
        self.env["integration.waiting"]._sweep_recent()
        if not drain._is_work_left(registry, self.id):
            return 0
        with registry.cursor() as cr:  # committed at once: this process may be killed, too
            self.with_env(api.Environment(cr, SUPERUSER_ID, {}))._watch_later()
        return drain._run(self.id)

    @comes_back
    def _drain(self):
        """Job: work off what is ready in this lane; where this is not its first try, also what the last one left."""
        self.ensure_one()
        done = self.env["integration.drain"]._run(self.id)
        if self._came_back():
            self.env["integration.waiting"]._sweep_recent()
        return done

    @api.model
    def _cron_sweep(self):
        """Ring every lane that has work: the net below lost rings and killed workers.

        Work that nobody has touched for STALE_SECONDS is done here and now, by the same rules: the job runner may be
        missing. Where a drain is at work the lane is locked, and nothing happens.
        """
        self.env.cr.execute(
            SQL(
                """
                SELECT m.lane_id, min(COALESCE(m.due_at, m.received_at))
                  FROM integration_message m
                  JOIN integration_connection c ON c.id = m.connection_id AND c.state = 'active'
                  LEFT JOIN integration_flow f ON f.id = m.flow_id
                 WHERE m.direction = 'in' AND COALESCE(f.state, 'live') = ANY(%s)
                   AND (m.status = 'ready' OR (m.status = 'waiting' AND m.due_at <= now() AT TIME ZONE 'UTC'))
                   %s
                 GROUP BY m.lane_id
                 ORDER BY 2
                """,
                list(WORKING_STATES),
                self.env["integration.drain"]._resting_part(),
            )
        )
        rows = self.env.cr.fetchall()
        deadline = time.monotonic() + SWEEP_TOTAL_SECONDS
        self.browse(lane_id for lane_id, _oldest in rows)._ring()
        stale_since = fields.Datetime.subtract(fields.Datetime.now(), seconds=STALE_SECONDS)
        for lane_id, oldest in rows:
            if oldest < stale_since and time.monotonic() < deadline:
                _logger.info(
                    "lane %s has not been worked off for %s s, the scheduler does it", lane_id, STALE_SECONDS
                )
                self.env["integration.drain"].with_context(integration_trigger="sweep")._run(
                    lane_id, budget_seconds=SWEEP_BUDGET_SECONDS, linger_seconds=0
                )


def ring_lanes(registry, lane_ids):
    """Ring from anywhere, in a transaction of its own, at most once per lane in RING_EVERY_SECONDS.

    What is rung for is committed already: a ring that fails is no failure of the caller, the sweep makes up for it.
    """
    now = time.monotonic()
    due = []
    with _ring_lock:
        for lane_id in lane_ids:
            key = (registry.db_name, lane_id)
            if now - _last_ring.get(key, -RING_EVERY_SECONDS) >= RING_EVERY_SECONDS:
                _last_ring[key] = now
                due.append(lane_id)
    if not due:
        return
    try:
        with registry.cursor() as cr:
            api.Environment(cr, SUPERUSER_ID, {})["integration.lane"].browse(due)._hear_ring()
    except psycopg2.Error as error:
        _logger.warning("lanes %s could not be rung: %s", due, type(error).__name__)


@contextlib.contextmanager
def exclusive(dbname, lane_id, space=LOCK_SPACE):
    """Hold the lane's session lock on a connection of its own; yields whether it was free.

    ``space`` is another first half of the key, for what is no lane. A session lock outlives ``close()`` in the
    connection pool, so it is given back explicitly.
    """
    with contextlib.closing(db_connect(dbname).cursor()) as cr:
        cr.execute(SQL("SELECT pg_try_advisory_lock(%s, %s)", space, lane_id))
        locked = cr.fetchone()[0]
        # No snapshot is held while the lane is worked off.
        cr.commit()  # pylint: disable=invalid-commit
        try:
            yield locked
        finally:
            if locked and not cr.closed:
                _unlock(cr, lane_id, space)


def _unlock(cr, lane_id, space=LOCK_SPACE):
    """Give the lock back; where the connection is lost, PostgreSQL has done so already."""
    try:
        cr.rollback()
        cr.execute(SQL("SELECT pg_advisory_unlock(%s, %s)", space, lane_id), log_exceptions=False)
        cr.commit()  # pylint: disable=invalid-commit
    except (psycopg2.OperationalError, psycopg2.InterfaceError) as error:
        _logger.info("the connection that held lock %s %s was lost: %s", space, lane_id, type(error).__name__)
