# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""The stage "reconciled": an event is covered by a checkpoint that agrees (policy F31), set and unset in bulk.

Three checkpoints cover events: the processor statement of a day, whose closing balance is the provider's, covers what
booked the day's movements; a bank's statement that agrees with the books covers what booked its lines; a file or list
that is complete and whose control totals agree covers its events. An event that any day which does not agree contains
is never covered. Other checkpoints call ``_cover`` and ``_uncover``.

What a checkpoint covers is decided once, before the transaction in which it turned green or red commits: nothing is
asked per event.
"""

from odoo import api, models
from odoo.tools import SQL

NOTED_IN_BATCH = "integration.coverage"
# A booked movement v moves the day of a statement s.
OF_THE_DAY = """
    v.connection_id = s.connection_id AND v.settled_currency_id = s.currency_id AND v.event_date = s.date
    AND v.changes_balance
"""
# A total that nobody stated proves nothing.
TOTALS_AGREE = (
    "b.state = 'complete' AND b.declared IS NOT NULL AND b.declared NOT IN ('{}'::jsonb, 'null'::jsonb)"
)


class IntegrationCoverage(models.AbstractModel):
    """Which events a checkpoint covers."""

    _name = "integration.coverage"
    _description = "What a checkpoint covers"

    @api.model
    def _later(self, model, ids):
        """Look at these checkpoints once before the transaction commits: what they cover may be written after them.

        In the middle of a drain's batch that is when the batch is written down, since its events are finished then.
        """
        if (noted := self.env.cr.cache.get(NOTED_IN_BATCH)) is not None:
            noted.setdefault(model, set()).update(ids)
            return
        precommit = self.env.cr.precommit
        waiting = precommit.data.setdefault("integration.coverage", {})
        if not waiting:
            env = self.env(su=True)

            @precommit.add
            def look():
                for name, found in precommit.data.pop("integration.coverage", {}).items():
                    env["integration.coverage"]._look_at(name, sorted(found))

        waiting.setdefault(model, set()).update(ids)

    @api.model
    def _look_at(self, model, ids):
        """Set and unset the stage of what these checkpoints cover, by how they stand now."""
        self.env.flush_all()
        if model == "integration.batch":
            self._cover("integration.batch", self._of_batches(ids))
            return
        statements = self.env[model].browse(ids).exists()
        green = statements.filtered(lambda row: row._integration_is_reconciled())
        red = statements.filtered(lambda row: row.state == "differs")
        of_these = self._of_bank_statements if model == "integration.bank.statement" else self._of_statements
        if red:
            self._uncover(model, of_these(red.ids))
        if green:
            self._cover(model, of_these(green.ids))

    # -- what belongs to a checkpoint ------------------------------------------------------------------------

    def _of_statements(self, ids):
        """Return SELECT of (event, statement): what booked the movements of these days, and told their balance."""
        return SQL(
            """
            SELECT v.message_id, s.id FROM integration_processor_statement s
              JOIN integration_movement v ON %s
             WHERE s.id = ANY(%s) AND v.message_id IS NOT NULL
            UNION
            SELECT s.message_id, s.id FROM integration_processor_statement s
             WHERE s.id = ANY(%s) AND s.message_id IS NOT NULL
            """,
            SQL(OF_THE_DAY),
            ids,
            ids,
        )

    def _of_bank_statements(self, ids):
        """Return SELECT of (event, statement): what booked the lines of these statements, and told of them."""
        return SQL(
            """
            SELECT f.message_id, s.id FROM integration_bank_statement s
              JOIN account_bank_statement_line l ON l.journal_id = s.journal_id
              JOIN account_move b ON b.id = l.move_id
                   AND (l.integration_bank_statement_id = s.id
                        OR l.integration_bank_statement_id IS NULL
                           AND b.integration_event_date BETWEEN s.first_date AND s.last_date)
              JOIN integration_effect f ON f.res_model = 'account.move' AND f.res_id = l.move_id
                   AND f.key = 'bank_line:' || l.journal_id || ':' || l.integration_bank_entry
             WHERE s.id = ANY(%s)
            UNION
            SELECT s.message_id, s.id FROM integration_bank_statement s
             WHERE s.id = ANY(%s) AND s.message_id IS NOT NULL
            """,
            ids,
            ids,
        )

    def _of_batches(self, ids):
        return SQL(
            "SELECT m.id, b.id FROM integration_message m JOIN integration_batch b ON b.id = m.batch_id"
            " WHERE b.id = ANY(%s) AND %s",
            ids,
            SQL(TOTALS_AGREE),
        )

    @api.model
    def _cover_finished(self, message_ids):
        """Cover what a drain has just finished of files and lists that are complete already."""
        self._cover(
            "integration.batch",
            SQL(
                "SELECT m.id, b.id FROM integration_message m JOIN integration_batch b ON b.id = m.batch_id"
                " WHERE m.id = ANY(%s) AND %s",
                list(message_ids),
                SQL(TOTALS_AGREE),
            ),
        )

    # -- setting and unsetting -------------------------------------------------------------------------------

    @api.model
    def _cover(self, model, covered):
        """Mark events as reconciled.

        :param model: model of the checkpoint, which agrees.
        :param covered: SELECT of (event id, checkpoint id), as ``odoo.tools.SQL``.
        :returns: number of events.
        """
        self.env.cr.execute(
            SQL(
                """
                UPDATE integration_message e
                   SET stage = 'reconciled', reconciled_at = now() AT TIME ZONE 'UTC', uncovered_at = NULL,
                       covered_by = %s || ',' || c.checkpoint_id
                  FROM (%s) AS c(message_id, checkpoint_id)
                 WHERE e.id = c.message_id AND e.direction = 'in' AND e.status = 'done'
                   AND e.stage IN ('posted', 'acknowledged')
                   AND NOT EXISTS (SELECT FROM integration_movement v
                                     JOIN integration_processor_statement s ON %s
                                    WHERE v.message_id = e.id AND s.state = 'differs')
                """,
                model,
                covered,
                SQL(OF_THE_DAY),
            )
        )
        return self._changed(self.env.cr.rowcount)

    @api.model
    def _uncover(self, model, covered):
        """Take the stage back from events whose checkpoint does not agree any more; they show since when.

        :param model: as for ``_cover``.
        :param covered: as for ``_cover``.
        :returns: number of events.
        """
        self.env.cr.execute(
            SQL(
                """
                UPDATE integration_message e
                   SET stage = CASE WHEN e.acknowledged_at IS NULL THEN 'posted' ELSE 'acknowledged' END,
                       reconciled_at = NULL, uncovered_at = now() AT TIME ZONE 'UTC',
                       covered_by = %s || ',' || c.checkpoint_id
                  FROM (%s) AS c(message_id, checkpoint_id)
                 WHERE e.id = c.message_id AND e.direction = 'in' AND e.status = 'done' AND e.stage = 'reconciled'
             RETURNING c.checkpoint_id
                """,
                model,
                covered,
            )
        )
        counts = {}
        for (checkpoint_id,) in self.env.cr.fetchall():
            counts[checkpoint_id] = counts.get(checkpoint_id, 0) + 1
        if counts:
            self._tell(model, counts)
        return self._changed(sum(counts.values()))

    def _changed(self, count):
        if count:
            self.env["integration.message"].invalidate_model(
                ["stage", "reconciled_at", "uncovered_at", "covered_by"], flush=False
            )
        return count

    def _tell(self, model, counts):
        """Write one audit entry per checkpoint from which its events were taken back."""
        checkpoints = self.env[model].browse(counts)
        self.env["integration.audit.leaf"]._append(
            [
                {
                    "action": "checkpoint.uncovered",
                    "company_id": checkpoint.company_id.id,
                    "connection_id": checkpoint.connection_id.id,
                    "res_model": model,
                    "res_id": checkpoint.id,
                    "detail": self.env._("%s events are not reconciled any more", counts[checkpoint.id]),
                }
                for checkpoint in checkpoints
            ]
        )


class IntegrationProcessorStatement(models.Model):
    _inherit = "integration.processor.statement"

    def _compare(self):
        """Have what a day covers looked at where the day turned green or red, or where its movements changed."""
        before = {statement.id: (statement.state, statement.movement_count) for statement in self}
        result = super()._compare()
        changed = [
            statement.id
            for statement in self
            if (statement.state, statement.movement_count) != before[statement.id] and statement.as_of
        ]
        if changed:
            self.env["integration.coverage"]._later(self._name, changed)
        return result

    def _hear_provider(self, document, message_id):
        result = super()._hear_provider(document, message_id)
        self.env["integration.coverage"]._later(self._name, self.ids)
        return result


class IntegrationBankStatement(models.Model):
    _inherit = "integration.bank.statement"

    def _compare(self):
        """Have looked at what a statement covers."""
        result = super()._compare()
        if told := self.filtered("message_id"):
            self.env["integration.coverage"]._later(self._name, told.ids)
        return result

    def _integration_is_reconciled(self):
        return self.state == "agrees"


class IntegrationBatch(models.Model):
    _inherit = "integration.batch"

    def _close(self, error=None):
        state = super()._close(error)
        if state == "complete":
            self.env["integration.coverage"]._later(self._name, self.ids)
        return state


class IntegrationDrain(models.AbstractModel):
    _inherit = "integration.drain"

    def _row_columns(self, behind=None):
        return SQL("%s, m.batch_id", super()._row_columns(behind))

    def _work_off(self, *args, **kwargs):
        """Let checkpoints that the batch touches be looked at when its events are finished."""
        self.env.cr.cache[NOTED_IN_BATCH] = {}
        try:
            return super()._work_off(*args, **kwargs)
        finally:
            self.env.cr.cache.pop(NOTED_IN_BATCH, None)

    def _after(self, works):
        """Cover what came with a file or list that was complete before it was worked off, and what agrees now."""
        result = super()._after(works)
        for model, ids in self.env.cr.cache.get(NOTED_IN_BATCH, {}).items():
            self.env["integration.coverage"]._look_at(model, sorted(ids))
        if covered := [work.message_id for work in works if not work.error and work.row.get("batch_id")]:
            self.env["integration.coverage"]._cover_finished(covered)
        return result
