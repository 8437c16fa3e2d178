# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""A source that counts anew: proposed by one person, accepted by another (X4)."""

from odoo import models
from odoo.exceptions import UserError
from odoo.tools import SQL

from ...engine.preview_words import told as said


class IntegrationException(models.Model):
    _inherit = "integration.exception"

    def action_accept_numbering(self):
        """Button: propose that the source has begun a new numbering; its events are then counted anew from here on."""
        self.ensure_one()
        self.check_access("write")
        self._end_overtaken()
        return self._open_step("accept_numbering", {})

    def _counted_anew(self):
        """Return the events whose numbers do not go on.

        :raises UserError: none waits here any more.
        """
        messages = self.sudo().message_ids_held.filtered(lambda row: row.number_state == "broken")
        if self.code != "sequence_broken" or not messages:
            raise UserError(self.env._("No event waits here."))
        return messages.sorted("id")

    def _say_numbering(self, values):
        messages = self._counted_anew()
        name = self.env._("Accept the new numbering of %s", self.connection_id.name)
        return name, "\n".join(
            [
                self.what,
                self.env._(
                    "%(count)s events are counted anew, the first has the number %(number)s. Numbers that were missing "
                    "before are given up.",
                    count=len(messages),
                    number=messages[:1].sequence,
                ),
            ]
        )

    def _rows_numbering(self, values):
        """Return from which event on is counted anew; what comes in after it is counted the same way and no change."""
        messages = self._counted_anew()
        first = messages[:1]
        return [
            said(
                {"field": f"series {series.id}", "label": series.name},
                before="numbering_goes_on",
                after=("counted_anew", {"number": first.sequence, "event": first.event_id}),
            )
            for series in messages.series_id.sorted("id")
        ]

    def _do_numbering(self, values, request):
        messages = self._counted_anew()
        series = messages.series_id
        open_gaps = series.gap_ids.filtered(lambda gap: gap.state == "open")
        self.env.cr.execute(
            SQL(
                """
                UPDATE integration_series SET lowest = NULL, highest = NULL, restarted_after = %s
                 WHERE id = ANY (%s)
                """,
                min(messages.ids) - 1,
                series.ids,
            )
        )
        series.invalidate_recordset(flush=False)
        messages.write({"number_state": False, "series_id": False, "sequence": False})
        messages.flush_recordset()
        open_gaps._settle("waived", waived_by_id=request.approver_id.id, reason=request.reason[:250])
        self.env["integration.audit.leaf"]._record_change(
            self, "exception.accept_numbering", request.reason[:200]
        )
        messages._requeue("message.retry")
