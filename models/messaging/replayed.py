# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
from odoo import api, fields, models
from odoo.exceptions import UserError


class IntegrationMessage(models.Model):
    """A replay is a new event that points to the one it repeats."""

    _inherit = "integration.message"

    replay_of_id = fields.Many2one(
        "integration.message",
        string="Replay of",
        readonly=True,
        ondelete="restrict",
        help="The event whose bytes this one repeats.",
    )
    replay_ids = fields.One2many("integration.message", "replay_of_id", string="Replays", readonly=True)
    replay_count = fields.Integer(compute="_compute_replay_count")
    replay_line_id = fields.Many2one("integration.replay.line", readonly=True, ondelete="restrict")
    replayed_origin = fields.Selection(
        lambda self: self._fields["origin"]._description_selection(self.env),
        readonly=True,
        help="How the event came in that this one repeats.",
    )

    _replay_line_unique = models.UniqueIndex("(replay_line_id) WHERE replay_line_id IS NOT NULL")
    _replay_of_idx = models.Index("(replay_of_id) WHERE replay_of_id IS NOT NULL")

    @api.depends("replay_ids")
    def _compute_replay_count(self):
        counts = dict(self._read_group([("replay_of_id", "in", self.ids)], ["replay_of_id"], ["__count"]))
        for message in self:
            message.replay_count = counts.get(message, 0)

    def _told_event_id(self):
        """Return the id under which the outside knows this event: a receiver recognises what it got before."""
        self.ensure_one()
        return (self.replay_of_id or self).event_id

    def action_plan_replay(self):
        """Button: plan to process these events again; returns the plan's form."""
        if len(self.company_id) > 1:
            raise UserError(self.env._("These events belong to several companies: plan one replay for each."))
        replay = self.env["integration.replay"].create(
            {"company_id": self.company_id.id, "scope": "events", "event_ids": [(6, 0, self.ids)]}
        )
        return replay._open_form()

    def action_open_replays(self):
        self.ensure_one()
        action = self.env["ir.actions.actions"]._for_xml_id("finance_integration.action_message")
        return dict(
            action,
            name=self.env._("Replays"),
            domain=["|", ("replay_of_id", "=", self.id), ("id", "=", self.replay_of_id.id)],
            context={},
        )
