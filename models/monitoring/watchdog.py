# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Looks whether work is being done, says so to people while it is not, and takes it back once it is (E11)."""

from datetime import timedelta, timezone

from odoo import api, fields, models
from odoo.tools import SQL

from odoo.addons.queue_job.jobrunner.runner import PG_ADVISORY_LOCK_ID

from ...engine import watchdog
from ...engine.error_catalogue import CODES
from ..messaging.error_words import sentence_words

# Both channels of the hub begin like this.
CHANNELS = "root.finance_integration%"
# Jobs that end by themselves within about a minute, however much there is to do.
SHORT_METHODS = ("_drain", "_watch", "_deliver_outbox", "_watch_outbox", "_settle")
LAST_JOBS = 50
MAX_CANDIDATES = 20
GROUPS = ("finance_integration.group_auditor", "finance_integration.group_administrator")


class IntegrationWatchdog(models.AbstractModel):
    _name = "integration.watchdog"
    _description = "Watch over the work of the hub"

    # -- looking -------------------------------------------------------------------------------------------

    @api.model
    def _runner_seen(self):
        """Whether a job runner holds its lock on this database: it does as long as it is connected."""
        self.env.cr.execute(
            SQL(
                """
                SELECT EXISTS (
                    SELECT FROM pg_locks l JOIN pg_database d ON d.oid = l.database
                     WHERE d.datname = current_database() AND l.locktype = 'advisory' AND l.granted
                       AND l.objsubid = 1 AND l.classid::bigint = %s AND l.objid::bigint = %s)
                """,
                PG_ADVISORY_LOCK_ID >> 32,
                PG_ADVISORY_LOCK_ID & 0xFFFFFFFF,
            )
        )
        return self.env.cr.fetchone()[0]

    @api.model
    def _look(self):
        """Return what one look at the database shows (``engine.watchdog.Seen``)."""
        self.env.cr.execute(
            SQL(
                """
                SELECT min(COALESCE(eta, date_created)) FILTER (
                           WHERE state IN ('pending', 'enqueued') AND COALESCE(eta, date_created) <= %(now)s),
                       count(*) FILTER (WHERE state = 'started'),
                       min(date_started) FILTER (WHERE state = 'started' AND method_name = ANY(%(short)s)),
                       count(*) > 0
                  FROM queue_job
                 WHERE state IN ('pending', 'enqueued', 'started') AND channel LIKE %(channels)s
                """,
                now=fields.Datetime.now(),
                short=list(SHORT_METHODS),
                channels=CHANNELS,
            )
        )
        pending_since, running, short_since, asked = self.env.cr.fetchone()
        return watchdog.Seen(
            now=_aware(fields.Datetime.now()),
            runner_seen=self._runner_seen(),
            pending_since=_aware(pending_since),
            running=running,
            last_started=_aware(self._last_started()),
            short_job_since=_aware(short_since),
            ready_since=_aware(self._ready_since()),
            asked=asked,
        )

    def _last_started(self):
        self.env.cr.execute(
            SQL(
                """
                SELECT max(date_started)
                  FROM (SELECT date_started FROM queue_job WHERE channel LIKE %s ORDER BY id DESC LIMIT %s) AS latest
                """,
                CHANNELS,
                LAST_JOBS,
            )
        )
        return self.env.cr.fetchone()[0]

    def _ready_since(self):
        """Return since when the oldest event waits that could be booked or sent now.

        Whether it could is asked where it is decided: a closed window or a paused flow is no neglect.
        """
        old = fields.Datetime.now() - timedelta(seconds=watchdog.STRANDED_SECONDS)
        registry, found = self.env.registry, []
        drain, delivery = self.env["integration.drain"], self.env["integration.delivery"]
        for lane_id, since in self._oldest("in", "lane_id", old):
            if drain._is_work_left(registry, lane_id):
                found.append(since)
        for connection_id, since in self._oldest("out", "connection_id", old):
            if delivery._due_in_seconds(registry, connection_id) == 0:
                found.append(since)
        return min(found, default=None)

    def _oldest(self, direction, column, before):
        """Return [(id, since)] of lanes or connections whose oldest event has been due since before an instant."""
        self.env.cr.execute(
            SQL(
                """
                SELECT m.%(column)s, min(COALESCE(m.due_at, m.received_at))
                  FROM integration_message m
                  JOIN integration_connection c ON c.id = m.connection_id AND c.state = 'active'
                  LEFT JOIN integration_flow f ON f.id = m.flow_id
                 WHERE m.direction = %(direction)s AND m.%(column)s IS NOT NULL
                   AND COALESCE(f.state, 'live') IN ('live', 'shadow')
                   AND (m.status = 'ready' OR (m.status = 'waiting' AND m.due_at <= %(before)s))
                 GROUP BY 1
                HAVING min(COALESCE(m.due_at, m.received_at)) <= %(before)s
                 ORDER BY 2
                 LIMIT %(limit)s
                """,
                column=SQL.identifier(column),
                direction=direction,
                before=before,
                limit=MAX_CANDIDATES,
            )
        )
        return self.env.cr.fetchall()

    # -- saying --------------------------------------------------------------------------------------------

    @api.model
    def _cron_watch(self):
        """Raise an exception for what is wrong, with an activity for the administrators; close what is right again."""
        found = {row.code: row for row in watchdog.findings(self._look())}
        exceptions = self.env["integration.exception"].sudo()
        open_now = exceptions.search(
            [("code", "in", watchdog.FINDINGS), ("state", "=", "open"), ("connection_id", "=", False)]
        )
        open_now.filtered(lambda row: row.code not in found)._resolve(
            self.env._("It is working again; what had waited is being done.")
        )
        for code, row in found.items():
            if code in open_now.filtered(lambda one: one.state == "open").mapped("code"):
                continue
            exception = exceptions._raise_company_cause(
                self.env["res.company"], code, self._params(row), "the hub"
            )
            for person in self._administrators():
                theirs = exception._for_reader(person)
                exception.activity_schedule(
                    "mail.mail_activity_data_todo", summary=theirs.next_step[:200], user_id=person.id
                )

    def _params(self, row):
        return {"since": f"{row.since.astimezone(timezone.utc):%Y-%m-%d %H:%M:%S} UTC"}

    @api.model
    def _administrators(self):
        group = self.env.ref("finance_integration.group_administrator").sudo()
        return group.all_user_ids.filtered(lambda user: user.active and not user.share)[:10]

    @api.model
    def _readiness(self):
        """Return what a load balancer or an alarm may know: no names, no counts, nothing about the business."""
        seen = self._look()
        waiting = [
            (seen.now - since).total_seconds() for since in (seen.pending_since, seen.ready_since) if since
        ]
        found = watchdog.findings(seen)
        return {
            "status": "degraded" if found else "ready",
            "database": True,
            "job_runner": seen.runner_seen,
            "waiting_seconds": int(max(waiting, default=0)),
            "findings": [row.code for row in found],
        }

    @api.model
    def banner(self):
        """Return what is wrong now, in the words of the banner, or False. Called by the web client once a minute.

        It looks for itself: when the scheduler is dead, too, nobody else would say it.
        """
        if not any(self.env.user.has_group(group) for group in GROUPS):
            return False
        found = watchdog.findings(self.sudo()._look())
        if not found:
            return False
        row = found[0]
        info, params = CODES[row.code], self._params(row)
        exception = (
            self.env["integration.exception"]
            .sudo()
            .search([("code", "=", row.code), ("state", "=", "open"), ("connection_id", "=", False)], limit=1)
        )
        return {
            "title": self.env._(info.title),  # pylint: disable=translation-not-lazy
            "text": sentence_words(self.env, info.sentence, params),
            "next_step": sentence_words(self.env, info.next_step, params),
            "exception_id": exception.id,
        }


def _aware(instant):
    return instant and instant.replace(tzinfo=timezone.utc)
