# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""The drain's last resort: a batch that fails as a whole is worked off event by event."""

import logging
import time

from odoo import models

from . import isolation
from .drain import BATCH_SIZE

_logger = logging.getLogger(__name__)


class IntegrationDrainRescue(models.AbstractModel):
    _inherit = "integration.drain"

    def _one_by_one(self, registry, lane_id, error):
        """Work off the events of a failing batch each on its own, up to the one that fails, which is set aside.

        Without this an event that makes the writing-down fail would stop its lane for ever, and nobody would see why.
        Returns how many events were looked at.
        """
        _logger.warning(
            "lane %s: a batch failed (%s); its events are tried one by one", lane_id, type(error).__name__
        )
        for number in range(BATCH_SIZE):
            count = 0
            with isolation.one_batch() as errors:
                count = self._in_own_transaction(
                    registry, lambda env: env["integration.drain"]._work_off(lane_id, limit=1)
                )
            if errors:
                self._set_one_aside(registry, lane_id, errors[0])
                return number + 1
            if not count:
                return number
        return BATCH_SIZE

    def _set_one_aside(self, registry, lane_id, error):
        self._in_own_transaction(registry, lambda env: env["integration.drain"]._set_aside(lane_id, error))

    def _set_aside(self, lane_id, error):
        """Park the lane's next event with what went wrong, without looking at what it says."""
        started = time.monotonic()
        works = [self._open_work(row) for row in self._next_rows(lane_id, 1)[0]]
        for work in works:
            work.error = isolation.internal_error(error)
        self._record(works, [], started)
