# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
from odoo import fields, models

from .mapping_version import DAILY_CAP


class ResCompany(models.Model):
    _inherit = "res.company"

    integration_mapping_cap = fields.Integer(
        string="New values mapped per person and day",
        default=DAILY_CAP,
        help="Standing policy: so many values that nobody has mapped before may one person map in a day without "
        "approval. Each is reviewed afterwards. Everything else is proposed and approved. 0 = none.",
    )
    _mapping_cap_sane = models.Constraint(
        "CHECK (integration_mapping_cap IS NULL OR integration_mapping_cap BETWEEN 0 AND 1000)",
        "The daily limit of new mappings is between 0 and 1000.",
    )

    def write(self, vals):
        result = super().write(vals)
        if "integration_mapping_cap" in vals:
            self._record_integration("mapping.policy", str(vals["integration_mapping_cap"]))
        return result
