# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
import hashlib

from odoo import models


class ResPartner(models.Model):
    """When the telephone number of a supplier changed: a number that is younger than a new account proves nothing."""

    _inherit = "res.partner"

    def write(self, vals):
        changed = self.browse()
        if "phone" in vals:
            changed = self.filtered(
                lambda partner: (
                    partner.commercial_partner_id.supplier_rank
                    and (partner.phone or "") != (vals["phone"] or "")
                )
            )
        result = super().write(vals)
        if changed:
            self.env["integration.audit.leaf"].sudo()._append(
                [
                    {
                        "action": "partner.phone_changed",
                        "company_id": self.env.company.id,
                        "res_model": "res.partner",
                        "res_id": partner.id,
                        "user_id": self.env.uid,
                        # The trail holds no personal data: the number as a digest only.
                        "subject_digest": hashlib.sha256((vals["phone"] or "").encode()).hexdigest(),
                    }
                    for partner in changed
                ]
            )
        return result
