# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Puts a portion of a file into the inbox: one statement for all of its events."""

from odoo import api, models

from ...engine import correlation
from ...engine.canonical_json import digest
from ...engine.formats.base import corrupt
from .batch_intake import DUPLICATE, MAX_CONFLICTS, TooManyConflictsError, _Line


class IntegrationIngest(models.AbstractModel):
    _inherit = "integration.ingest"

    @api.model
    def _accept_portion(self, facts, batch, events, origin):
        """Store events of a batch; returns (ids of new messages, also of conflicts; ids of those known before).

        :param facts: what ``_pull_facts`` of the connection says.
        :param events: list of (line number, envelope, body as bytes without line ends).
        :raises ContractError: ``file_corrupt``: too many contradict events that are stored under their ids.
        """
        lines = []
        for number, envelope, raw in events:
            line = _Line(number, raw)
            line.envelope, line.body_digest = envelope, digest(raw)
            lines.append(line)
        with correlation.scope(correlation.Correlation(f"{origin}-{batch.id}")) as now:
            ids = self._store_lines(facts, lines, batch.id, origin)
            try:
                conflicts = self._judge_lines(facts, lines, ids)
            except TooManyConflictsError:
                problem = f"more than {MAX_CONFLICTS} records contradict what was received under their ids"
                raise corrupt(batch.source, problem) from None
            kept = [
                self._keep_conflict(
                    facts, line.envelope, line.raw, {}, line.body_digest, now.correlation_id, origin
                )[1]
                for line in conflicts
            ]
        known = [line.known_id for line in lines if line.verdict == DUPLICATE]
        return [*ids.values(), *kept], known
