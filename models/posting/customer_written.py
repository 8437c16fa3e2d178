# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Events about customers that were written from here: what they tell back plans nothing (ADR 0062)."""

from odoo import models


class IntegrationPostingCustomer(models.AbstractModel):
    _inherit = "integration.posting.customer"

    def _part(self, work, document, binding):
        """Return what is planned for one document; None for an echo, whose id is bound before the answer is known."""
        outside_id = document.source.object_id
        copies = self.env["integration.customer.copy"]._of_documents(work.connection, [document])
        if copy := copies.get(outside_id):
            if copy._hear(document):
                return None
            binding = binding or copy._binding(outside_id)
        return super()._part(work, document, binding)
