# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Runs a plan: checks that it still holds, then puts portion after portion into the queue, each its own transaction."""

from odoo import fields, models
from odoo.tools import SQL

from ...engine.replay import fingerprint
from .replay_plan import PORTION


class IntegrationReplayRun(models.Model):
    _inherit = "integration.replay"

    def action_run(self):
        """Button: run the plan."""
        self.check_access("write")
        self._lock("planned", "approved")
        self._check_reason()
        self._check_approval()
        self._set(
            state="running",
            note=False,
            run_by_id=self.env.uid,
            started_at=fields.Datetime.now(),
            checked_at=False,
            finished_at=False,
        )
        self._note_step("replay.run", self.reason)
        return self._ring_after_commit()

    def action_cancel(self):
        """Button: stop here. What is in the queue already stays there; the rest is left as it was."""
        self.check_access("write")
        self._lock("draft", "planning", "planned", "waiting", "approved", "running")
        left = self.line_count - self.done_count
        note = self.env._(
            "%(user)s stopped it; %(left)s events were left as they were.", user=self.env.user.name, left=left
        )
        self._set(state="cancelled", note=note, finished_at=fields.Datetime.now())
        self._note_step("replay.cancel", note)
        return True

    # -- portions --------------------------------------------------------------------------------------------

    def _run_portion(self):
        if not self.checked_at:
            return self._check_portion()
        lines = self._open_lines(SQL("became_id IS NULL AND mode <> 'skip'"), PORTION)
        if not lines:
            return self._look_what_became()
        self._resume(lines.filtered(lambda line: line.mode == "resume"))
        self._repeat(lines.filtered(lambda line: line.mode == "new"))
        return len(lines)

    def _check_portion(self):
        """Compute the plan of a portion again, before anything is done at all; the run stops where it has changed."""
        lines = self._open_lines(SQL("fresh_fingerprint IS NULL"), PORTION)
        if not lines:
            self._set(checked_at=fields.Datetime.now())
            return 1
        changed = lines.filtered(
            lambda line: line.mode != "skip" and line.message_id.status != line.planned_status
        )
        told = self._rehearse(lines) if not changed else {}
        for line in lines - changed:
            mark = fingerprint(line.mode, told[line.id]) if told else line.fingerprint
            if mark != line.fingerprint:
                changed |= line
            self.env.cr.execute(
                SQL("UPDATE integration_replay_line SET fresh_fingerprint = %s WHERE id = %s", mark, line.id)
            )
        if changed:
            self._plan_anew(changed[0])
        return len(lines)

    def _plan_anew(self, line):
        """What was approved is not what would happen: nothing is done, and the plan is computed again."""
        note = self.env._(
            "Nothing was done: since the plan was made, what would become of %s (perhaps of others, too) has changed. "
            "The plan is computed again; where it concerns the books it has to be approved again.",
            line.message_id.display_name,
        )
        self._note_step("replay.changed", str(line.message_id.id))
        self._start_plan(note=note)

    def _resume(self, lines):
        """Let stopped events go on in their place."""
        if not lines:
            return
        stopped = lines.message_id.filtered(lambda message: message.status in ("parked", "dead", "waiting"))
        stopped.with_user(self.run_by_id).sudo()._requeue("message.replay")
        self.env.cr.execute(
            SQL("UPDATE integration_replay_line SET became_id = message_id WHERE id = ANY(%s)", lines.ids)
        )
        lines.invalidate_recordset(flush=False)

    def _repeat(self, lines):
        """Store finished events once more, each as a new event that points to the one it repeats."""
        if not lines:
            return
        lines.message_id._bring_back()  # contents whose time is over are in archives
        self.env.cr.execute(
            SQL(
                """
                INSERT INTO integration_message
                       (direction, company_id, connection_id, endpoint_id, flow_id, lane_id, origin, replayed_origin,
                        replay_of_id, replay_line_id, event_id, event_type, object_key, version, kind, occurred_at,
                        received_at, stage, status, attempt_count, tries_before, body_digest, correlation_id, amount,
                        currency_id, trace_parent, trace_state, key_share, next_trigger, trigger_user_id)
                SELECT o.direction, o.company_id, o.connection_id, o.endpoint_id, o.flow_id, o.lane_id, 'replay',
                       COALESCE(o.replayed_origin, o.origin), o.id, l.id,
                       o.event_id || '#replay-' || 1 + (SELECT count(*) FROM integration_message r
                                                         WHERE r.replay_of_id = o.id),
                       o.event_type, o.object_key, o.version, o.kind, o.occurred_at, now() AT TIME ZONE 'UTC',
                       'received', 'ready', 0, 0, o.body_digest, o.correlation_id, o.amount, o.currency_id,
                       o.trace_parent, o.trace_state, o.key_share, 'replay', %s
                  FROM integration_replay_line l JOIN integration_message o ON o.id = l.message_id
                 WHERE l.id = ANY(%s)
                 ORDER BY o.id
                RETURNING id
                """,
                self.run_by_id.id,
                lines.ids,
            )
        )
        made = self.env["integration.message"].browse(row[0] for row in self.env.cr.fetchall())
        self.env.cr.execute(
            SQL(
                """
                INSERT INTO integration_payload (message_id, raw, headers, documents)
                SELECT n.id, CASE n.direction WHEN 'in' THEN p.raw END, CASE n.direction WHEN 'in' THEN p.headers END,
                       CASE n.direction WHEN 'out' THEN p.documents END
                  FROM integration_message n JOIN integration_payload p ON p.message_id = n.replay_of_id
                 WHERE n.id = ANY(%s)
                """,
                made.ids,
            )
        )
        self.env.cr.execute(
            SQL(
                """
                UPDATE integration_replay_line l SET became_id = n.id
                  FROM integration_message n WHERE n.replay_line_id = l.id AND l.id = ANY(%s)
                """,
                lines.ids,
            )
        )
        lines.invalidate_recordset(flush=False)
        leaves = self.env["integration.audit.leaf"].with_user(self.run_by_id).sudo()
        leaves._record_messages(made, "message.from_replay", f"integration.replay,{self.id}")
        leaves._record_messages(made.replay_of_id, "message.replayed", f"integration.replay,{self.id}")
        inbound = made.filtered(lambda message: message.direction == "in")
        self.env["integration.lane"]._ring_after_commit(inbound.lane_id.ids)
        self.env["integration.delivery"]._ring_after_commit((made - inbound).connection_id.ids)
