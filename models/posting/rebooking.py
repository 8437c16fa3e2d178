# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""A journal entry that changed at its source is reversed and booked anew, where an approver said so (policy P4)."""

from odoo import api, models

from ...engine.canonical_json import document_digest
from ...engine.errors import BusinessError
from .work import Effect


class IntegrationPostingEntry(models.AbstractModel):
    _inherit = "integration.posting.entry"

    def _plan(self, work, document, bound, resolve):
        """Plan the reversal of the earlier version together with the new entry, where that is agreed."""
        binding = bound.get(document.source.object_id)
        if not binding or binding.content_digest == document_digest(document):
            return super()._plan(work, document, bound, resolve)
        if not work.row.get("rebooking_by_id"):
            raise BusinessError(
                "document_changed", f"move {binding.res_id}", params={"number": document.reference}
            )
        move = self.env["account.move"].browse(binding.res_id).exists()
        if not move:
            raise self._impossible(document.reference, self.env._("its entry does not exist any more"))
        reversal = self._plan_reversal(move, document.reference)
        super()._plan(work, document, {}, resolve)
        work.plan |= {"corrects": move, "reversal": reversal, "binding": binding}
        return None

    @api.model
    def _apply(self, works):
        corrected = [work for work in works if work.plan.get("corrects")]
        plans = [work.plan["reversal"] for work in corrected if work.plan["reversal"]]
        reversals = iter(self._reverse(plans) if plans else ())
        for work in corrected:
            if work.plan["reversal"]:
                reversal = next(reversals)
                key = f"reversal:{work.documents[0].source.object_id}:{work.plan['corrects'].id}"
                work.effects.append(Effect(key, "account.move", reversal.id))
        return super()._apply(works)

    def _entry_values(self, work):
        values = super()._entry_values(work)
        if corrected := work.plan.get("corrects"):
            values["integration_corrects_id"] = corrected.id
        return values

    def _effect_key(self, work):
        """A corrected entry is another effect of the same document than the one that it replaces."""
        key = super()._effect_key(work)
        return f"{key}:{work.plan['corrects'].id}" if work.plan.get("corrects") else key

    def _bind_entries(self, pairs):
        for work, move in pairs:
            if work.plan.get("corrects"):
                document = work.documents[0]
                work.plan["binding"]._rebind(move, document.source.version, document_digest(document))
        return super()._bind_entries([pair for pair in pairs if not pair[0].plan.get("corrects")])
