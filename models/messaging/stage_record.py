# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""The last two stages of an event with their times, and all six as a person reads them (E4)."""

from odoo import api, fields, models
from odoo.tools import SQL

from ...engine import stage_record as record
from ...engine.lifecycle import STAGES

TONES = {
    record.PASSED: ("success", "fa-check"),
    record.FAILED: ("danger", "fa-times"),
    record.SKIPPED: ("muted", "fa-minus"),
    record.OPEN: ("muted", "fa-circle-o"),
    record.LOST: ("danger", "fa-chain-broken"),
}
# Our events that report to a source what became of its own.
REPORTS = ("event.invoice_posted", "event.credit_note_posted")


class IntegrationMessage(models.Model):
    _inherit = "integration.message"

    acknowledged_at = fields.Datetime(
        readonly=True, help="When the source confirmed that it was told what became of its event."
    )
    reconciled_at = fields.Datetime(readonly=True, help="Since when a checkpoint that agrees covers it.")
    covered_by = fields.Char(
        readonly=True, help="The checkpoint that covers it, or covered it last: its model and number."
    )
    uncovered_at = fields.Datetime(
        string="Not covered since",
        readonly=True,
        help="When the checkpoint that covered it was found not to agree any more.",
    )
    covered_by_name = fields.Char(string="Checkpoint", compute="_compute_covered_by_name")
    stage_steps = fields.Json(
        string="Stages", compute="_compute_stage_steps", help="Each stage with its time and its outcome."
    )

    _uncovered_idx = models.Index("(connection_id, uncovered_at) WHERE uncovered_at IS NOT NULL")

    @api.depends("covered_by")
    def _compute_covered_by_name(self):
        for message in self:
            checkpoint = message._checkpoint()
            message.covered_by_name = checkpoint.display_name if checkpoint else False

    def _checkpoint(self):
        """Return the record that covers this event, None where there is none or the reader may not see it."""
        model, _comma, number = (self.covered_by or "").partition(",")
        if model not in self.env or not number.isdecimal():
            return None
        found = self.env[model].browse(int(number)).exists()
        return found if found and found.has_access("read") else None

    def action_open_checkpoint(self):
        """Button: open the checkpoint that covers this event, or covered it last."""
        self.ensure_one()
        checkpoint = self._checkpoint()
        if not checkpoint:
            return False
        return {
            "type": "ir.actions.act_window",
            "res_model": checkpoint._name,
            "res_id": checkpoint.id,
            "views": [(False, "form")],
        }

    # -- as a person reads it ------------------------------------------------------------------------------

    @api.depends("stage", "status", "attempt_ids", "acknowledged_at", "reconciled_at", "uncovered_at")
    def _compute_stage_steps(self):
        labels = dict(self._fields["stage"]._description_selection(self.env))
        for message in self:
            message.stage_steps = [
                message._step_entry(labels, step) for step in record.stage_record(message._stage_facts())
            ]

    def _step_entry(self, labels, step):
        tone, icon = TONES[step.state]
        # A sentence of an error was translated when it was written down.
        outcome = step.outcome if step.state == record.FAILED else self.env._(step.outcome)  # pylint: disable=translation-not-lazy
        text = " · ".join(part for part in (outcome, step.detail) if part)
        return self._entry(step.at, labels[step.stage], text, tone=tone, icon=icon)

    def _stage_facts(self):
        """Return what ``engine.stage_record.stage_record`` asks for; instants as RFC 3339 texts."""
        self.ensure_one()
        attempts = self.attempt_ids.sorted("id")
        last = attempts[-1:]
        times = {}
        for attempt in attempts:
            times.update({stage["stage"]: stage["at"] for stage in attempt.stages or []})
        if self.direction == "out" and self.stage in ("posted", "acknowledged", "reconciled"):
            handed_over = attempts.filtered(lambda row: row.outcome in ("done", "accepted"))[:1]
            times["posted"] = _text(handed_over.started_at or self.finished_at)
        acknowledged_at = self.acknowledged_at
        if self.direction == "out" and STAGES.index(self.stage) >= STAGES.index("acknowledged"):
            acknowledged_at = acknowledged_at or self.finished_at
        stopped = self.status in ("parked", "dead", "waiting")
        return {
            "direction": self.direction,
            "origin": self.origin,
            "stage": self.stage,
            "status": self.status,
            "received_at": _text(self.received_at),
            "finished_at": _text(self.finished_at),
            "times": times,
            "error": self.error_text if stopped else "",
            "failed_at": _text(last.started_at),
            "outcome": last.outcome,
            "kept_as": self.kept_as,
            "effects": self.effect_summary or "",
            "acknowledged_at": _text(acknowledged_at),
            "reconciled_at": _text(self.reconciled_at),
            "uncovered_at": _text(self.uncovered_at),
            "covered_by": self.covered_by_name or "",
        }

    # -- what changes them, always many at once --------------------------------------------------------------

    @api.model
    def _note_reports(self, message_ids):
        """Note that sources were told what became of their events, where these events of ours told it.

        :param message_ids: events of ours that were sent, of kinds in ``REPORTS``.
        """
        self.env.cr.execute(
            SQL(
                """
                UPDATE integration_message m
                   SET stage = CASE m.stage WHEN 'posted' THEN 'acknowledged' ELSE m.stage END,
                       acknowledged_at = now() AT TIME ZONE 'UTC'
                  FROM integration_message o
                  JOIN integration_effect e ON e.res_model = 'account.move'
                                           AND 'invoice:' || e.res_id = o.object_key
                                           AND e.connection_id = o.connection_id
                 WHERE o.id = ANY(%s) AND o.direction = 'out' AND o.status = 'done' AND o.stage = 'acknowledged'
                   AND o.kind = ANY(%s) AND e.res_id = ANY(%s)
                   AND m.id = e.message_id AND m.direction = 'in' AND m.status = 'done'
                   AND m.stage IN ('posted', 'reconciled') AND m.acknowledged_at IS NULL
                """,
                list(message_ids),
                list(REPORTS),
                self._told_moves(message_ids),
            )
        )
        self.invalidate_model(["stage", "acknowledged_at"], flush=False)

    def _told_moves(self, message_ids):
        """Return the ids of the entries that these events tell of: by them the effects are found."""
        keys = [(message.object_key or "").partition(":")[2] for message in self.browse(message_ids)]
        return [int(key) for key in keys if key.isdecimal()]


def _text(instant):
    """Return what Odoo stores (naive, UTC) as RFC 3339, None for nothing."""
    return f"{instant.isoformat()}Z" if instant else None
