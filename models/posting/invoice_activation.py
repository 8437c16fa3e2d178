# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
from odoo import models

from ...engine.errors import MissingReferenceError


class IntegrationPostingInvoice(models.AbstractModel):
    """Nothing that Odoo issues goes to a blocked or unapproved customer; what the source issued is a fact (M7)."""

    _inherit = "integration.posting.invoice"

    def _header(self, work, document, lookups):
        header = super()._header(work, document, lookups)
        if document.issuer == "odoo" and header["move_type"] == "out_invoice":
            partner = header["partner"].commercial_partner_id
            if why := partner._integration_refusal("customer", header["company"]):
                raise MissingReferenceError(
                    "partner_blocked",
                    f"res.partner {partner.id}",
                    params={"value": partner.name, "reason": why, "partner_id": partner.id},
                )
        return header
