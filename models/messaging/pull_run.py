# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""One run over a fetched list: each step is one transaction, and the run is a batch with its totals."""

import random
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from zoneinfo import ZoneInfo

from odoo import fields, models
from odoo.exceptions import AccessError, UserError

from ...connectors.registry import get_connector
from ...engine.batch import OPEN_STATES, ControlTotals
from ...engine.canonical_json import canonical_bytes
from ...engine.errors import ErrorClass
from ...engine.retry import RetryPolicy, next_delay_seconds

# A source that is down is asked again for as long as it takes; a person hears of it after so many tries.
ALARM_AFTER_FAILURES = 8
_POLICY = RetryPolicy(max_attempts=1_000_000, base_seconds=10)


class IntegrationConnection(models.Model):
    _inherit = "integration.connection"

    def _pull_cursor(self, pull):
        cursor = self.pull_cursor_ids.filtered(lambda row: row.pull == pull)
        return cursor or self.env["integration.pull.cursor"].create({"connection_id": self.id, "pull": pull})

    def _pull_begin(self, pull):
        """Take a run up, or begin one; returns whether the source may be asked now."""
        cursor = self._pull_cursor(pull)
        now = fields.Datetime.now()
        if cursor.state == "stopped" or (cursor.not_before and cursor.not_before > now):
            return False
        values = {"state": "reading", "started_at": now, "not_before": False}
        batch = cursor.batch_id
        if cursor.restart_at:
            instant = cursor.restart_at.replace(tzinfo=timezone.utc)
            position = get_connector(self.connector).pull_cursor_from(pull, instant)
            values |= {"position": dict(position), "progress": False, "restart_at": False, "batch_id": False}
            if batch.state in OPEN_STATES:
                batch._resume()
                batch._close()
        else:
            batch._resume_open()
        cursor.write(values)
        return True

    def _pull_request(self, pull):
        """Return everything that the request for the next page needs, read in one short transaction."""
        cursor = self.pull_cursor_ids.filtered(lambda row: row.pull == pull)
        kind, secret = self._access()
        settings = self._settings() | {"access_kind": kind}
        position = cursor.position or {}
        request = get_connector(self.connector).pull_request(pull, position, settings, secret)
        return {
            "connector": self.connector,
            "settings": settings,
            "position": position,
            "order": cursor.progress or None,
            "request": replace(request, certificate=self._client_certificate()),
            "allowed_hosts": (self.allowed_hosts or "").split(),
        }

    def _store_page(self, pull, page):
        """Store the events of a page, its totals and the new position together; returns how many events were new."""
        self.ensure_one()
        cursor = self._pull_cursor(pull)
        batch = cursor.batch_id.filtered(lambda row: row.state in OPEN_STATES)
        if not batch and (page.events or page.declared):
            start = {"start": cursor.position or {}, "progress": cursor.progress or None}
            batch = self.env["integration.batch"]._open(self, pull, kind="poll", position=start)
        new_ids, known_ids = self._accept_page(page)
        values = {
            "position": dict(page.cursor),
            "progress": page.order if page.order is not None else cursor.progress,
            "last_error": False,
            "error_code": False,
            "failure_count": 0,
            "batch_id": batch.id,
        }
        if batch:
            counted = ControlTotals(len(page.events), page.sums)
            batch._add(
                counted,
                message_ids=new_ids,
                known_ids=known_ids,
                new_count=len(new_ids),
                repeated_count=len(known_ids),
            )
            if page.declared:
                batch._declare(page.declared)
        if not page.more:
            values |= {"fetched_at": fields.Datetime.now(), "state": "resting", "batch_id": False}
            if batch:
                batch._close()
            self._pull_recovered(pull)
        cursor.write(values)
        return len(new_ids)

    def _accept_page(self, page):
        """Store the events of a page; returns the ids of new messages (also of conflicts) and of known ones."""
        facts = self._pull_facts()
        ingest = self.env["integration.ingest"]
        new_ids, known_ids = [], []
        for envelope, body in page.events:
            verdict, message_id = ingest._accept(
                facts, envelope, canonical_bytes(body), {}, f"pull-{envelope.event_id}"[:128], origin="pull"
            )
            (known_ids if verdict.value == "duplicate" else new_ids).append(message_id)
        return new_ids, known_ids

    def _pull_facts(self):
        return {
            "connection_id": self.id,
            "company_id": self.company_id.id,
            "connector": self.connector,
            "outside_account": self.outside_account or None,
            "environment": self.environment,
            "flows": {
                flow.kind: (flow.id, flow.lane_id.id) for flow in self.flow_ids if flow.direction == "in"
            },
            "default_lane": self.flow_ids.lane_id[:1].id,
            "sealing": self._sealing_of(self.id),
        }

    # -- when it goes wrong --------------------------------------------------------------------------------

    def _pull_failed(self, pull, error):
        """Keep the position, say what went wrong, and when it goes on: by itself or with a person."""
        cursor = self._pull_cursor(pull)
        failures = cursor.failure_count + 1
        values = {"last_error": error.sentence[:300], "error_code": error.code, "failure_count": failures}
        batch = cursor.batch_id.filtered(lambda row: row.state in OPEN_STATES)
        if error.error_class is ErrorClass.CONTRACT:
            # The same request would bring the same answer: a person decides how it goes on.
            if not batch:
                start = {"start": cursor.position or {}, "progress": cursor.progress or None}
                batch = self.env["integration.batch"]._open(self, pull, kind="poll", position=start)
            batch._close(error)
            cursor.write({**values, "state": "stopped", "batch_id": batch.id, "not_before": False})
            return
        if batch.state == "receiving":
            batch._interrupt(error)
        delay_seconds = next_delay_seconds(_POLICY, failures, error.retry_after_seconds, random.random())
        passing = error.error_class is ErrorClass.TRANSIENT
        if not passing:  # a secret or a right is missing: look again at the usual time
            delay_seconds = self.pull_every_minutes * 60
        not_before = fields.Datetime.now() + timedelta(seconds=delay_seconds)
        cursor.write({**values, "state": "waiting", "not_before": not_before})
        self._pull_now([pull], delay_seconds=delay_seconds)
        if not passing or failures >= ALARM_AFTER_FAILURES:
            self.env["integration.exception"]._raise_cause(self, error.code, error.params, f"pull {pull}")

    def _pull_recovered(self, pull):
        """Close what was raised because this list could not be fetched."""
        self.env["integration.exception"]._settle_cause(
            self, None, f"pull {pull}", self.env._("The list was read to its end.")
        )

    # -- what people ask for -------------------------------------------------------------------------------

    def _fetch_for_person(self, reason, pulls=None, from_date=None):
        """Fetch because a person asked: now, or once more everything from the beginning of a day on.

        :raises AccessError: neither an operator nor an administrator of the integration.
        :raises UserError: no reason; nothing to fetch; the source asked for a pause that is not over.
        """
        self.ensure_one()
        user = self.env.user
        if not any(
            user.has_group(f"finance_integration.group_{name}") for name in ("operator", "administrator")
        ):
            raise AccessError(self.env._("Only an operator or an administrator fetches from the source."))
        if not (reason or "").strip():
            raise UserError(self.env._("Say why; it is kept in the audit trail."))
        connection = self.sudo()
        pulls = list(connection._spec().pulls if pulls is None else pulls)
        if not pulls or connection.state != "active":
            raise UserError(
                self.env._("There is nothing to fetch: no lists, or the connection is not active.")
            )
        for pull in pulls:
            connection._prepare_fetch(pull, from_date)
        detail = (
            f"{', '.join(pulls)}: {reason}" if not from_date else f"{', '.join(pulls)} {from_date}: {reason}"
        )
        self.env["integration.audit.leaf"].sudo()._append(
            [
                {
                    "action": "pull.again" if from_date else "pull.now",
                    "user_id": self.env.uid,
                    "company_id": connection.company_id.id,
                    "connection_id": connection.id,
                    "res_model": connection._name,
                    "res_id": connection.id,
                    "detail": detail,
                }
            ]
        )
        connection._pull_now(pulls)

    def _prepare_fetch(self, pull, from_date):
        cursor = self._pull_cursor(pull)
        now = fields.Datetime.now()
        if cursor.error_code == "source_rate_limited" and cursor.not_before and cursor.not_before > now:
            raise UserError(
                self.env._(
                    "The source asked for a pause until %s (UTC); it is fetched by itself then.",
                    cursor.not_before.replace(microsecond=0),
                )
            )
        values = {"not_before": False}
        if from_date:
            midnight = datetime.combine(from_date, datetime.min.time(), ZoneInfo(self.time_zone))
            values["restart_at"] = midnight.astimezone(timezone.utc).replace(tzinfo=None)
            if cursor.state == "stopped":
                values["state"] = "resting"
        cursor.write(values)


class IntegrationBatch(models.Model):
    _inherit = "integration.batch"

    def _resume_open(self):
        for batch in self.filtered(lambda row: row.state in OPEN_STATES):
            batch._resume()

    def _poll_cursor(self):
        return (
            self.env["integration.pull.cursor"]
            .sudo()
            .search([("connection_id", "=", self.connection_id.id), ("pull", "=", self.source)])
        )

    def _can_read_again(self):
        return self.kind == "poll" or super()._can_read_again()

    def _start_again(self):
        """Read the list once more from where this run began."""
        start = self.position or {}
        result = super()._start_again()
        if self.kind == "poll":
            self.position = start
            self._poll_cursor().write(
                {
                    "position": start.get("start") or {},
                    "progress": start.get("progress") or False,
                    "batch_id": self.id,
                    "state": "resting",
                    "not_before": False,
                    "restart_at": False,
                }
            )
            self.connection_id.sudo()._pull_now([self.source])
        return result

    def _move(self, state, **values):
        """A list that was stopped goes on from where it stands when its run is decided."""
        result = super()._move(state, **values)
        if state in ("accepted", "cancelled"):
            cursors = self.env["integration.pull.cursor"].sudo().search([("batch_id", "in", self.ids)])
            cursors.write({"state": "resting", "batch_id": False})
        return result
