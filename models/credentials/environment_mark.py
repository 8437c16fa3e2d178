# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""What is not production says so wherever a person looks at it, and what a secret is stands beside it."""

from odoo import api, fields, models


class IntegrationConnection(models.Model):
    _inherit = "integration.connection"

    secret_words = fields.Char(
        compute="_compute_secret_words",
        help="What the secret of this outside system is and where it is found.",
    )

    @api.depends("connector")
    def _compute_secret_words(self):
        for connection in self:
            hint = connection.connector and connection._spec().secret_hint
            # Said by the connector, in its own words.
            connection.secret_words = self.env._("For this system: %s", hint) if hint else False


class IntegrationMessage(models.Model):
    _inherit = "integration.message"

    environment = fields.Selection(related="connection_id.environment")


class IntegrationException(models.Model):
    _inherit = "integration.exception"

    environment = fields.Selection(related="connection_id.environment")
