# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
from odoo import models

from ...engine.preflight import GO_LIVE


class IntegrationFlow(models.Model):
    _inherit = "integration.flow"

    def _check_may_become(self, target):
        """Nothing books in production while a point of the set-up is not in order (D6)."""
        if target == "live" and self.direction == "in" and self.state in ("draft", "shadow"):
            self.connection_id._check_preflight(GO_LIVE, self)
        return super()._check_may_become(target)
