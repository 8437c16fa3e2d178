# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Why something stopped, as the reader writes it: it is kept in English, amounts and days in their exact form."""

from odoo import api, fields, models

from ..messaging.error_words import kept_words, order_numbers


class IntegrationMessage(models.Model):
    _inherit = "integration.message"

    error_words = fields.Char(compute="_compute_error_words", string="What happened")

    @api.depends("error_code", "error_text")
    @api.depends_context("lang", "tz", "uid")
    def _compute_error_words(self):
        for message in self:
            message.error_words = kept_words(
                self.env, message.error_code, message.error_text, message.connection_id
            )

    @api.depends("object_key", "direction")
    def _compute_subject(self):
        """An order is known to people by its number, not by the id that the shop gives it."""
        result = super()._compute_subject()
        orders = self.filtered(
            lambda row: row.direction == "in" and (row.object_key or "").startswith("order:")
        )
        for connection, messages in orders.grouped("connection_id").items():
            numbers = order_numbers(self.env, connection, messages.mapped("subject"))
            for message in messages:
                message.subject = numbers.get(message.subject, message.subject)
        return result


class IntegrationAttempt(models.Model):
    _inherit = "integration.attempt"

    detail_words = fields.Char(compute="_compute_detail_words", string="What came of it")

    @api.depends("error_code", "detail")
    @api.depends_context("lang", "tz", "uid")
    def _compute_detail_words(self):
        for attempt in self:
            attempt.detail_words = kept_words(
                self.env, attempt.error_code, attempt.detail, attempt.message_id.connection_id
            )


class IntegrationStoppedEvent(models.Model):
    _inherit = "integration.stopped.event"

    error_words = fields.Char(compute="_compute_error_words", string="What happened")

    @api.depends("error_code", "error_text")
    @api.depends_context("lang", "tz", "uid")
    def _compute_error_words(self):
        for stopped in self:
            stopped.error_words = kept_words(
                self.env, stopped.error_code, stopped.error_text, stopped.connection_id
            )


class IntegrationPullCursor(models.Model):
    _inherit = "integration.pull.cursor"

    error_words = fields.Char(compute="_compute_error_words", string="Last problem")

    @api.depends("error_code", "last_error")
    @api.depends_context("lang", "tz", "uid")
    def _compute_error_words(self):
        for cursor in self:
            cursor.error_words = kept_words(
                self.env, cursor.error_code, cursor.last_error, cursor.connection_id
            )


class IntegrationDrop(models.Model):
    _inherit = "integration.drop"

    error_words = fields.Char(compute="_compute_error_words", string="Last problem")

    @api.depends("error_code", "last_error")
    @api.depends_context("lang", "tz", "uid")
    def _compute_error_words(self):
        for drop in self:
            drop.error_words = kept_words(self.env, drop.error_code, drop.last_error, drop.connection_id)
