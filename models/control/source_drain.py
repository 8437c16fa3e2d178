# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Where the drain looks at the form of what it has worked off."""

from odoo import models


class IntegrationDrain(models.AbstractModel):
    _inherit = "integration.drain"

    def _record(self, works, held, started):
        self.env["integration.source.shape"]._compare_versions(works)
        result = super()._record(works, held, started)
        self.env["integration.source.shape"]._look_at(works)
        return result
