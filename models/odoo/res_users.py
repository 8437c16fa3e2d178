# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
from odoo import api, fields, models
from odoo.exceptions import AccessDenied, ValidationError


class ResUsers(models.Model):
    _inherit = "res.users"

    integration_service = fields.Boolean(
        readonly=True, copy=False, help="This user exists only so that a connection can post in its name."
    )
    integration_connection_ids = fields.One2many("integration.connection", "service_user_id", readonly=True)

    @api.constrains("integration_service", "group_ids")
    def _check_integration_service(self):
        """A service user is confined to posting; a person never gets the service group."""
        service = self.env.ref("finance_integration.group_service")
        for user in self:
            if user.integration_service and user.group_ids != service:
                raise ValidationError(
                    self.env._("%s posts for a connection and cannot be given other rights.", user.name)
                )
            if not user.integration_service and service in user.all_group_ids:
                raise ValidationError(
                    self.env._(
                        "The rights of a service user are for connections only; %s is a person.", user.name
                    )
                )

    def _check_credentials(self, credential, env):
        """Service users never sign in, whatever is stored as their password."""
        if self.integration_service:
            raise AccessDenied()
        return super()._check_credentials(credential, env)

    def _integration_journal_ids(self):
        """Return the ids of the journals to which this service user may write; used by a global record rule."""
        return self.sudo().integration_connection_ids.journal_ids.ids
