# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Events about customers that were written from here: what of them is an echo plans nothing (ADR 0062)."""

from msgspec.structs import replace

from odoo import models


class IntegrationPostingCustomer(models.AbstractModel):
    _inherit = "integration.posting.customer"

    def _part(self, work, document, binding):
        """Return what is planned for one document, without its echo; None where nothing else is said.

        The id is bound before the answer to what was sent is known.
        """
        outside_id = document.source.object_id
        copy = (
            self.env["integration.customer.copy"]._of_documents(work.connection, [document]).get(outside_id)
        )
        if not copy:
            return super()._part(work, document, binding)
        echoed = copy._hear(document)
        binding = binding or copy._binding(outside_id)
        if not echoed:
            return super()._part(work, document, binding)
        unsaid = dict.fromkeys(echoed)
        if document.reference == outside_id:
            unsaid["reference"] = None
        part = super()._part(work, replace(document, **unsaid), binding)
        if part:
            # That it is there, and from its name whether it is a company, follows from what was written.
            follows = {"active", "is_company"} if "name" in echoed else {"active"}
            part["values"] = {
                column: value for column, value in part["values"].items() if column not in follows
            }
        return part if part and part["values"].keys() - self._only_new else None
