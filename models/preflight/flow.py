# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
from odoo import models

from ...engine.preflight import ACTIVATE, GO_LIVE


class IntegrationFlow(models.Model):
    _inherit = "integration.flow"

    def _check_may_become(self, target):
        """Nothing books in production while a point of the set-up is not in order (D6).

        A flow that was paused was computed and compared when it went live; what a connection must not be without may
        have changed since, so that is looked at anew.
        """
        if target == "live" and self.direction == "in":
            if self.state in ("draft", "shadow"):
                self.connection_id._check_preflight(GO_LIVE, self)
            elif self.state == "paused":
                self.connection_id._check_preflight(ACTIVATE)
        return super()._check_may_become(target)
