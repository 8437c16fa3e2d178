# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""The words of the workbench in audit trail and timeline."""

from odoo import api, fields, models
from odoo.tools.translate import LazyTranslate

from ..control.display import ACTION_LABELS, words_for
from ..reconciliation.movement import WAITING

_lt = LazyTranslate(__name__)

ACTION_LABELS.update(
    {
        "exception.accept_difference": _lt("Difference accepted by a person"),
        "exception.book_open_period": _lt("May be posted on the first open day"),
        "exception.create_customer": _lt("New customer made"),
        "exception.escalate": _lt("Next level told"),
        "exception.match": _lt("Matched by a person what Odoo had refused"),
        "exception.write_off": _lt("Small rest written off"),
        "limit.change": _lt("Limits changed"),
        "limit.review": _lt("Use of a limit reviewed"),
        "limit.object": _lt("Use of a limit objected to"),
        "movement.classify": _lt("Said what the money is"),
        "suspense.let_match": _lt("Items of a suspense account may be matched"),
        "movement.declassify": _lt("Taken back what was said of the money"),
        "message.correct": _lt("Corrected in a copy"),
        "message.corrected": _lt("The corrected copy is processed"),
        "message.difference_accepted": _lt("The difference was accepted; tried again"),
        "message.late_allowed": _lt("Approved for the first open day; tried again"),
    }
)
SHOWN = frozenset({"message.correct", "exception.accept_difference", "exception.book_open_period"})


class IntegrationMessage(models.Model):
    _inherit = "integration.message"

    not_applied = fields.Boolean(
        compute="_compute_not_applied", help="Its money is posted, and nobody has said yet what it pays."
    )

    @api.depends("status", "kind")
    def _compute_not_applied(self):
        posted = self.filtered(
            lambda row: row.direction == "in" and row.status == "done" and row.kind == "movement"
        )
        self.not_applied = False
        if posted:
            waiting = (
                self.env["integration.movement"]
                .sudo()
                ._read_group(
                    [("message_id", "in", posted.ids), ("application", "in", WAITING)], ["message_id"]
                )
            )
            self.browse([message.id for (message,) in waiting]).not_applied = True

    @api.depends("status", "exception_id.approval_asked")
    def _compute_state_label(self):
        """Say of posted money whether it is applied, and of what is stopped whether an approver has the word."""
        result = super()._compute_state_label()
        for message in self.filtered("not_applied"):
            message.state_label = self.env._("Posted, not applied")
        for message in self.filtered(lambda row: row.status == "parked" and row.exception_id.approval_asked):
            message.state_label = self.env._("Not posted: waiting for approval")
        return result

    def _timeline_people(self):
        rows = super()._timeline_people()
        for leaf in self.leaf_ids.filtered(lambda leaf: leaf.action in SHOWN).sorted("id"):
            title = words_for(self.env, leaf.action)
            text = f"{leaf.user_id.name}: {leaf.detail}" if leaf.detail else leaf.user_id.name
            rows.append(self._entry(leaf.recorded_at, title, text, tone="info", icon="fa-user"))
        return rows
