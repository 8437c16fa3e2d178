# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Computes what a replay would do: in portions, each its own transaction, by rehearsing the real drain."""

import json
from contextlib import closing
from decimal import Decimal

from odoo import SUPERUSER_ID, api, fields, models
from odoo.tools import SQL

from ...engine.replay import ON_ITS_WAY, SEND, affects_books, fingerprint, plan_digest
from ..messaging import isolation
from ..messaging.doorbell import comes_back
from ..messaging.lane import CHANNEL, exclusive

PORTION = 50
# First half of the keys of session locks, as of lanes: replays are kept apart from them by this number.
LOCK_OFFSET = 1_500_000_000


class IntegrationReplayPlan(models.Model):
    _inherit = "integration.replay"

    def action_plan(self):
        """Button: fix which events are meant and compute what would become of each."""
        self.check_access("write")
        self._lock("draft", "planned")
        self._check_selection()
        self._start_plan(note=False)
        self._note_step("replay.plan", self.domain)
        return self._ring_after_commit()

    def action_choose_again(self):
        """Button: go back to the choice of events; the plan goes."""
        self.check_access("write")
        self._lock("planning", "planned", "waiting", "approved")
        self._set(state="draft", note=False, **self._no_approval())
        return True

    def _no_approval(self):
        return dict.fromkeys(
            ("approved_by_id", "approved_at", "approved_until", "approved_digest", "requested_by_id",
             "requested_at", "plan_digest", "checked_at"), False
        )  # fmt: skip

    def _start_plan(self, note):
        self._set(state="planning", note=note, needs_approval=False, totals=False, **self._no_approval())
        self._set(domain=self._write_lines())

    # -- the job ---------------------------------------------------------------------------------------------

    def _ring_after_commit(self):
        """Ask for a job that goes on with these replays, once this transaction is committed."""
        registry, ids = self.env.registry, tuple(self.ids)

        @self.env.cr.postcommit.add
        def ring():
            with registry.cursor() as cr:
                api.Environment(cr, SUPERUSER_ID, {})["integration.replay"].browse(ids)._ring()

        return True

    def _ring(self, eta_seconds=None):
        for replay in self:
            replay.with_delay(
                channel=CHANNEL,
                identity_key=f"finance_integration.replay.{replay.id}",
                max_retries=0,
                priority=10,
                eta=eta_seconds,
            )._go_on()

    @comes_back
    def _go_on(self):
        """Job: compute the plan, run it, or look what became of it, whatever is next; returns how many lines it did.

        Each portion is a transaction of its own and the next one begins with what is committed: a job that is killed is
        gone on with by the next. Does nothing where another job is at it.
        """
        self.ensure_one()
        registry, replay_id = self.env.registry, self.id
        total = 0
        with exclusive(self.env.cr.dbname, LOCK_OFFSET + replay_id) as free:
            while free:
                count = self._portion(registry, replay_id)
                if not count:
                    break
                total += count
        if free:
            with closing(registry.cursor()) as cr:
                api.Environment(cr, SUPERUSER_ID, {})["integration.replay"].browse(replay_id)._follow_later()
                cr.commit()  # pylint: disable=invalid-commit
        return total

    def _portion(self, registry, replay_id):
        """Do the next portion in a transaction of its own; returns how many lines it took, 0 = nothing is next."""
        Drain = self.env["integration.drain"]
        count = 0
        with isolation.one_batch() as errors:
            count = Drain._in_own_transaction(
                registry, lambda env: env["integration.replay"].browse(replay_id)._next_portion()
            )
        if errors:
            error = isolation.internal_error(errors[0])
            Drain._in_own_transaction(
                registry, lambda env: env["integration.replay"].browse(replay_id)._give_up(error)
            )
        return count

    def _give_up(self, error):
        """Stop visibly at a portion that nobody foresaw to fail; what was done before it stays."""
        note = self.env._(
            "It stopped at something unexpected: %s", error.detail.strip().splitlines()[-1][:300]
        )
        if self.state == "planning":
            self._set(state="draft", note=note)
        elif self.state == "running":
            self._set(state="partly", note=note, finished_at=fields.Datetime.now())
            self._note_step("replay.finish", note)

    def _next_portion(self):
        """Do what is next in the current transaction, by the state that is committed."""
        if self.state == "planning":
            return self._plan_portion()
        if self.state == "running":
            return self._run_portion()
        return 0

    # -- planning --------------------------------------------------------------------------------------------

    def _open_lines(self, condition, limit):
        self.env.cr.execute(
            SQL(
                """
                SELECT id FROM integration_replay_line
                 WHERE replay_id = %s AND %s ORDER BY message_id LIMIT %s
                """,
                self.id,
                condition,
                limit,
            )
        )
        return self.env["integration.replay.line"].browse(row[0] for row in self.env.cr.fetchall())

    def _plan_portion(self):
        lines = self._open_lines(SQL("outcome IS NULL"), PORTION)
        if not lines:
            self._finish_plan()
            return 0
        told = self._rehearse(lines)
        for line in lines:
            row = told[line.id]
            entries = row.get("entries") or []
            self.env.cr.execute(
                SQL(
                    """
                    UPDATE integration_replay_line
                       SET outcome = %s, error_code = %s, error_text = %s, entries = %s::jsonb, applied = %s::jsonb,
                           entry_line_count = %s, fingerprint = %s
                     WHERE id = %s
                    """,
                    row["outcome"],
                    row.get("error_code") or None,
                    (row.get("error_text") or "")[:500] or None,
                    json.dumps(entries),
                    json.dumps(row.get("applied") or []),
                    sum(len(entry.get("lines") or []) for entry in entries),
                    fingerprint(line.mode, row),
                    line.id,
                )
            )
        lines.invalidate_recordset(flush=False)
        return len(lines)

    def _rehearse(self, lines):
        """Return {line id: what would become of its event}; nothing of it is kept.

        An outgoing event is not booked: it would be sent again under its first id.
        """
        told = {}
        inbound = lines.filtered(lambda line: line.mode != "skip" and line.message_id.direction == "in")
        for line in lines - inbound:
            outcome = ON_ITS_WAY if line.mode == "skip" else SEND
            told[line.id] = {"outcome": outcome, "entries": [], "applied": []}
        if inbound:
            inbound.message_id._bring_back()  # contents whose time is over are in archives
            rows = self.env["integration.rehearsal"]._rehearse(inbound.message_id.ids)
            by_message = {row["message_id"]: row for row in rows}
            told |= {line.id: by_message[line.message_id.id] for line in inbound}
        return told

    def _finish_plan(self):
        """Freeze the plan: its digest, its totals, and whether a second person must approve it."""
        rows = self._plan_rows()
        self._set(
            state="planned",
            planned_at=fields.Datetime.now(),
            plan_digest=plan_digest((message_id, mode, mark) for message_id, mode, _outcome, mark in rows),
            needs_approval=any(affects_books(mode, outcome) for _message, mode, outcome, _mark in rows),
            totals=self._add_up(),
        )

    def _plan_rows(self):
        """Return [(message id, mode, outcome, fingerprint)] of all lines, in the order of the events."""
        self.env.cr.execute(
            SQL(
                """
                SELECT message_id, mode, outcome, fingerprint FROM integration_replay_line
                 WHERE replay_id = %s ORDER BY message_id
                """,
                self.id,
            )
        )
        return self.env.cr.fetchall()

    def _add_up(self):
        """Return the plan's totals: [{outcome, mode, currency, events, amount, lines, debit}], amounts as texts."""
        self.env.cr.execute(
            SQL(
                """
                SELECT l.outcome, l.mode, c.name, count(*), sum(l.amount)::text, sum(l.entry_line_count)
                  FROM integration_replay_line l LEFT JOIN res_currency c ON c.id = l.currency_id
                 WHERE l.replay_id = %s GROUP BY l.outcome, l.mode, c.name ORDER BY l.outcome, l.mode, c.name
                """,
                self.id,
            )
        )
        rows = self.env.cr.fetchall()
        return [
            {
                "outcome": outcome,
                "mode": mode,
                "currency": currency or "",
                "events": count,
                "amount": str(Decimal(amount)) if currency and amount else "",
                "lines": int(lines or 0),
            }
            for outcome, mode, currency, count, amount, lines in rows
        ]
