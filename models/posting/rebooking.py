# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""An entry that changed at its source is reversed and booked anew, as a second person approved it (policy P4)."""

from decimal import Decimal

from odoo import api, models

from ...engine.canonical_json import document_digest
from ...engine.errors import BusinessError
from ...engine.rebooking import plan_mark
from .work import Effect

# Column of the drain's row with which a rehearsal computes what an approval would let happen.
REHEARSED = "rebooking_rehearsed"


class IntegrationPostingEntry(models.AbstractModel):
    _inherit = "integration.posting.entry"

    def _plan(self, work, document, bound, resolve):
        """Plan the reversal of the earlier version together with the new entry, where that is approved.

        :raises BusinessError: ``document_changed``: nobody has approved it; ``rebooking_outdated``: what was approved
            is not what would be booked now.
        """
        binding = bound.get(document.source.object_id)
        if not binding or binding.content_digest == document_digest(document):
            return super()._plan(work, document, bound, resolve)
        rehearsed = work.row.get(REHEARSED)
        if not rehearsed and not work.row.get("rebooking_request_id"):
            raise BusinessError(
                "document_changed", f"move {binding.res_id}", params={"number": document.reference}
            )
        move = self.env["account.move"].browse(binding.res_id).exists()
        if not move:
            raise self._impossible(document.reference, "its entry does not exist any more")
        reversal = self._plan_reversal(move, document.reference)
        super()._plan(work, document, {}, resolve)
        work.plan |= {"corrects": move, "reversal": reversal, "binding": binding}
        work.plan["mark"] = self._mark(work, document)
        if not rehearsed:
            self._check_agreed(work, document)
        return None

    def _mark(self, work, document):
        """Return the digest of everything that the plan books: what is approved is this, and nothing else."""
        plan = work.plan
        return plan_mark(
            {
                "message": work.message_id,
                "document": document_digest(document),
                "origin": plan["corrects"].id,
                "reversal": plan["reversal"] and plan["reversal"]["date"],
                "date": plan["date"],
                "journal": plan["journal"].id,
                "lines": [
                    {
                        name: _exact(value) if isinstance(value, float) else _texts(value)
                        for name, value in line.items()
                    }
                    for line in plan["lines"]
                ],
            }
        )

    def _check_agreed(self, work, document):
        """Refuse what is not, to the line, what a second person approved.

        :raises BusinessError: ``rebooking_outdated``.
        """
        request_id = work.row["rebooking_request_id"]
        if self.env["integration.message"]._approved_mark(request_id) != work.plan["mark"]:
            raise BusinessError(
                "rebooking_outdated",
                f"request {request_id}: plan {work.plan['mark']}",
                params={"number": document.reference},
            )

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


def _exact(amount):
    return Decimal(str(round(amount, 6)))


def _texts(value):
    """Return a value of a line without fractions: an analytic distribution holds percentages."""
    if isinstance(value, dict):
        return {str(key): str(part) for key, part in value.items()}
    return value
