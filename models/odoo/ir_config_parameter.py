# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
from odoo import api, models
from odoo.exceptions import ValidationError

from ..messaging.endpoint import HOSTS_PARAMETER, MAX_HOSTS


class IrConfigParameter(models.Model):
    _inherit = "ir.config_parameter"

    @api.constrains("key", "value")
    def _check_integration_hosts(self):
        """Refuse a number of hosts that is none, and let every process read the new one."""
        for parameter in self.filtered(lambda row: row.key == HOSTS_PARAMETER):
            text = parameter.value or ""
            if not text.isdecimal() or not 1 <= int(text[:4]) <= MAX_HOSTS:
                raise ValidationError(
                    self.env._(
                        "%(parameter)s is the number of hosts on which Odoo runs, from 1 to %(most)s.",
                        parameter=HOSTS_PARAMETER,
                        most=MAX_HOSTS,
                    )
                )
            self.env.registry.clear_cache()

    @api.ondelete(at_uninstall=False)
    def _unlink_integration_hosts(self):
        if HOSTS_PARAMETER in self.mapped("key"):
            self.env.registry.clear_cache()
