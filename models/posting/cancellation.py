# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
from odoo import api, models
from odoo.tools.misc import format_date

from ...engine.errors import BusinessError, IntegrationError
from .work import Effect, Finding

# Of what was cancelled no version is in the books: whatever comes under this id afterwards is for a person.
CANCELLED_DIGEST = "cancelled"


class IntegrationPostingCancellation(models.AbstractModel):
    """Documents that are void at their source: what they became is reversed (policy P4, F2).

    A reversal stands on the day of the document, or on the first open day after it, and says what it reverses. An
    invoice that is paid stays paid: its reversal is a credit of the customer, of which a person is told.
    """

    _name = "integration.posting.cancellation"
    _inherit = "integration.posting"
    _description = "Posting rules: cancellations"

    @api.model
    def _prepare(self, works):
        connection = works[0].connection
        bound = {
            kind: self.env["integration.binding"]._find(
                connection,
                kind,
                [work.documents[0].source.object_id for work in works if work.documents[0].cancels == kind],
            )
            for kind in ("entry", "invoice")
        }
        for work in works:
            document = work.documents[0]
            try:
                self._plan(work, document, bound[document.cancels].get(document.source.object_id))
            except IntegrationError as error:
                work.error = error

    def _plan(self, work, document, binding):
        number = document.reference or document.source.object_id
        if not binding:
            if work.told is None:
                raise BusinessError("cancellation_unknown", number, params={"number": number})
            # A late older version of it is overtaken by this one.
            work.outcome = "nothing"
            work.note = self.env._("It was never booked here; nothing is to be taken back.")
            return
        move = self.env["account.move"].browse(binding.res_id).exists()
        if not move:
            raise self._impossible(number, "its entry does not exist any more")
        plan = self._plan_reversal(move, number)
        if plan is None:
            work.outcome = "duplicate"
            work.note = self.env._("%s was taken back already.", move.name)
            return
        work.plan = plan | {"binding": binding}

    @api.model
    def _apply(self, works):
        for work in works:
            self._open_credited(work.plan["move"])
        reversals = self._reverse(
            [work.plan for work in works],
            [{"integration_correlation_id": work.row["correlation_id"]} for work in works],
        )
        for work, reversal in zip(works, reversals, strict=True):
            document, origin = work.documents[0], work.plan["move"]
            work.effects.append(
                Effect(
                    f"cancellation:{document.cancels}:{document.source.object_id}:{origin.id}",
                    "account.move",
                    reversal.id,
                )
            )
            binding = work.plan["binding"]
            version = document.source.version or binding.outside_version
            binding._rebind(origin, version, CANCELLED_DIGEST)
            self._say(origin, reversal, document)
            self._tell(work, origin, reversal)

    def _open_credited(self, note):
        """A credit note that is void lessens its invoice no more: what it was set off against is open again."""
        invoice = note.reversed_entry_id
        if note.move_type != "out_refund" or not invoice:
            return
        lines = note.line_ids.filtered(lambda line: line.display_type == "payment_term")
        set_off = (lines.matched_debit_ids | lines.matched_credit_ids).filtered(
            lambda part: (part.debit_move_id | part.credit_move_id).move_id == note | invoice
        )
        set_off.with_context(skip_invoice_sync=True).unlink()

    def _say(self, origin, reversal, document):
        """Leave the reason on both entries."""
        text = self.env._(
            "Cancelled at the source on %(date)s: %(reason)s",
            date=format_date(self.env, document.date),
            reason=document.reason,
        )
        for move in (origin, reversal):
            move.message_post(body=text)

    def _tell(self, work, origin, reversal):
        number, places = work.plan["number"], reversal.currency_id.decimal_places
        if reversal.date != origin.date:
            work.findings.append(
                Finding(
                    "late_document",
                    {"number": number, "date": str(origin.date), "booked_on": str(reversal.date)},
                    cause=f"cancellation {work.documents[0].source.object_id}",
                )
            )
        if origin.is_invoice() and not reversal.currency_id.is_zero(reversal.amount_residual):
            work.findings.append(
                Finding(
                    "cancelled_after_payment",
                    {
                        "number": number,
                        "amount": f"{reversal.amount_residual:.{places}f} {reversal.currency_id.name}",
                        "note": reversal.name,
                    },
                    cause=f"cancellation {work.documents[0].source.object_id}",
                )
            )
