# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""What a flow says about the order of its events: how long one waits for another, and whether they are numbered."""

from odoo import api, fields, models
from odoo.exceptions import ValidationError

NUMBERINGS = [
    ("none", "Not numbered"),
    ("connection", "All events of the connection in one numbering"),
    ("object", "Each outside object has its own numbering"),
    ("series", "By the series that the event names"),
]


class IntegrationFlow(models.Model):
    _inherit = "integration.flow"

    parent_hours = fields.Integer(
        string="Wait for what it belongs to (hours)",
        default=24,
        required=True,
        help="How long an event that belongs to something that has not arrived (a credit note to its invoice, an "
        "invoice to its customer) waits for it, before a person is asked.",
    )
    customers_first = fields.Boolean(
        string="Wait for the customer",
        help="Documents of customers that are not known yet wait until the source has sent the customer. Otherwise the "
        "customer is created from what the document says.",
    )
    numbering = fields.Selection(
        NUMBERINGS,
        default="none",
        required=True,
        string="Numbered events",
        help="Choose only what the source promises: that it numbers its events one by one, without holes.",
    )
    numbering_policy = fields.Selection(
        [
            ("hold", "Hold what comes after it"),
            ("report", "Only report it"),
        ],
        default="hold",
        required=True,
        string="When a number is missing",
        help="Hold: later numbers of the series wait until the missing one has come or an approver goes on without. "
        "Report: they are booked; the missing number is an exception after its time.",
    )
    numbering_start = fields.Integer(
        string="First number",
        default=-1,
        help="The number with which the source began. -1: whatever arrives first begins the series.",
    )
    gap_hours = fields.Integer(
        string="Wait for a missing number (hours)",
        default=4,
        required=True,
        help="How long a number may be missing before a person is asked.",
    )

    @api.constrains("parent_hours", "gap_hours", "numbering_start")
    def _check_waiting_times(self):
        for flow in self:
            if flow.parent_hours < 1 or flow.gap_hours < 1:
                raise ValidationError(self.env._("Something is waited for at least one hour."))
            if flow.numbering_start < -1:
                raise ValidationError(self.env._("The first number is 0 or more, or -1 for any."))

    def write(self, vals):
        """Take what is still open along when the lane changes: two lanes would work side by side on one object."""
        moved = {}
        if "lane_id" in vals:
            moved = {flow.id: flow.lane_id.id for flow in self if flow.lane_id.id != vals["lane_id"]}
        result = super().write(vals)
        if moved:
            self.env["integration.message"]._change_lane(list(moved), vals["lane_id"])
            self.env["integration.lane"]._ring_after_commit({vals["lane_id"]})
        return result

    def _series_name(self, envelope, object_key):
        """Return the name of the numbering that an event counts in, or None when the flow is not numbered."""
        self.ensure_one()
        if self.numbering == "none" or envelope.sequence is None:
            return None
        return {
            "connection": "all events",
            "object": object_key,
            "series": envelope.series or "all events",
        }[self.numbering]

    def _series_start(self):
        """Return the number with which this flow's series begin, or None for any."""
        self.ensure_one()
        return self.numbering_start if self.numbering_start >= 0 else None
