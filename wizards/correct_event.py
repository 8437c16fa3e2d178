# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
from odoo import api, fields, models
from odoo.exceptions import UserError

from ..engine.correction import DIRECT, effect_of, needs_approval
from ..engine.errors import IntegrationError


class IntegrationCorrectEvent(models.TransientModel):
    """What of an event may be corrected, beside what it says; facts do not stand here at all."""

    _name = "integration.correct.event"
    _description = "Correct a copy of an event"

    message_id = fields.Many2one("integration.message", required=True, readonly=True, string="Event")
    error_text = fields.Char(related="message_id.error_words", string="What happened")
    payload_text = fields.Text(related="message_id.payload_text", string="As it arrived")
    line_ids = fields.One2many("integration.correct.event.line", "wizard_id")
    needs_approval = fields.Boolean(compute="_compute_needs_approval")
    reason = fields.Char(help="Why it is right. It is kept beside the original.")

    @api.model_create_multi
    def create(self, vals_list):
        wizards = super().create(vals_list)
        for wizard in wizards:
            message = wizard.message_id
            message.check_access("write")
            kind = message._correctable()[1]
            wizard.line_ids = [
                (
                    0,
                    0,
                    {
                        "path": path,
                        "before": value,
                        "after": value,
                        "direct": effect_of(kind, path) == DIRECT,
                    },
                )
                for path, value in message._editable_fields()
            ]
        return wizards

    @api.depends("line_ids.after")
    def _compute_needs_approval(self):
        for wizard in self:
            wizard.needs_approval = any(not line.direct and line._is_changed() for line in wizard.line_ids)

    def action_correct(self):
        """Button: store the copy and process it; where it decides what is booked, ask an approver."""
        self.ensure_one()
        message = self.message_id
        message.check_access("write")
        edits = [[line.path, line.after or None] for line in self.line_ids if line._is_changed()]
        if not edits:
            raise UserError(self.env._("Nothing is corrected yet."))
        exception = message.exception_id
        if needs_approval(message._correctable()[1], [path for path, _value in edits]):
            exception._ask_step("correct", {"message_id": message.id, "edits": edits}, self.reason)
            return exception._told(self.env._("An approver decides about the correction now."))
        try:
            message._correct(edits, self.reason)
        except IntegrationError as error:
            raise exception._in_words(error) from error
        return exception._told(
            self.env._("The corrected copy is being processed; the original stays as it is.")
        )


class IntegrationCorrectEventLine(models.TransientModel):
    _name = "integration.correct.event.line"
    _description = "Field that may be corrected"

    wizard_id = fields.Many2one("integration.correct.event", required=True, ondelete="cascade")
    path = fields.Char(required=True, readonly=True, string="Field")
    before = fields.Char(readonly=True, string="As it arrived")
    after = fields.Char(string="Corrected")
    direct = fields.Boolean(readonly=True, string="At once", help="Otherwise an approver decides first.")

    def _is_changed(self):
        return (self.after or "") != (self.before or "")
