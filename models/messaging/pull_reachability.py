# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Fetching tells how well a source is, too; one that refuses us or is silent for too long is left alone (E7).

When a list is tried again is decided list by list (``pull_run``); here only the pause that a person ends is kept.
"""

import logging

from odoo import models

from ...engine import circuit_breaker
from ...engine.rate_limit import TokenBucket
from .circuit import Claim, Note

_logger = logging.getLogger(__name__)


class IntegrationConnection(models.Model):
    _inherit = "integration.connection"

    def _pull(self, pull):
        row = self.env["integration.circuit"].sudo()._of(self.id, "pull")
        if row.paused_at:
            _logger.info("connection %s is paused by itself, %s is not fetched", self.id, pull)
            return 0
        return super()._pull(pull)

    def _store_page(self, pull, page):
        stored = super()._store_page(pull, page)
        if not page.more:
            self._note_pull(None)
        return stored

    def _pull_failed(self, pull, error):
        result = super()._pull_failed(pull, error)
        self._note_pull(error.code, error.retry_after_seconds or 0)
        return result

    def _note_pull(self, code, pause_seconds=0):
        """Keep what a fetch says about the source; a person hears of it when the hub stops by itself."""
        now = self.env["integration.delivery"]._clock().now()
        row = self.env["integration.circuit"]._row(self.id, "pull")
        was_left_alone = bool(row.paused_at) or row.state != circuit_breaker.CLOSED
        # The fetch that is reported on was the probe, when one was due.
        _permission, circuit = circuit_breaker.ask(row._kept(), now)
        row.write(row._keep(circuit))
        claim = Claim(
            1,
            is_probe=False,
            circuit=circuit,
            bucket=TokenBucket(1, 1),
            notes=[Note(code, now, pause_seconds)],
        )
        if row._settle(claim):
            self._tell_of_pause(row, self.env["integration.flow"])
        elif was_left_alone and row.state == circuit_breaker.CLOSED and not row.paused_at:
            self._tell_of_recovery(row)
