# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""What people see and decide of deliveries: the receiver's last answer, tries per day, what a person knows."""

from odoo import api, fields, models


class IntegrationAttempt(models.Model):
    _inherit = "integration.attempt"

    connection_id = fields.Many2one(related="message_id.connection_id")
    direction = fields.Selection(related="message_id.direction")


class IntegrationMessage(models.Model):
    _inherit = "integration.message"

    answer_at = fields.Datetime(compute="_compute_answer")
    answer_status = fields.Integer(compute="_compute_answer")
    answer_signed = fields.Boolean(
        string="Signed",
        compute="_compute_answer",
        help="The answer carried a valid signature over its content and this event's id.",
    )
    answer_headers = fields.Text(compute="_compute_answer")
    answer_body = fields.Text(compute="_compute_answer")

    @api.depends("attempt_ids.http_status")
    def _compute_answer(self):
        for message in self:
            answered = message.attempt_ids.filtered("http_status").sorted("id")[-1:]
            headers = answered.answer_headers or {}
            message.answer_at = answered.started_at
            message.answer_status = answered.http_status
            message.answer_signed = answered.answer_signed
            message.answer_headers = (
                "\n".join(f"{name}: {value}" for name, value in sorted(headers.items())) or False
            )
            message.answer_body = answered.answer_body


class IntegrationException(models.Model):
    _inherit = "integration.exception"

    def action_has_arrived(self):
        """Button: a person knows that the receiver has everything that waits here."""
        self.check_access("write")
        self.message_ids_held.action_has_arrived()
        return self._told(self.env._("Noted: it has arrived."))

    def action_send_again(self):
        """Button: send everything that waits here again, under the same ids."""
        self.check_access("write")
        self.message_ids_held.action_send_again()
        return self._told(self.env._("It is being sent again."))

    def action_resume(self):
        """Button: the other system answers again; what waits for it is sent."""
        self.check_access("write")
        return self.connection_id.action_resume()
