# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
from odoo import models
from odoo.http import request


class IrHttp(models.AbstractModel):
    _inherit = "ir.http"

    @classmethod
    def _pre_dispatch(cls, rule, args):
        """Spare the inbound route what is done for people before each page: language, debug mode, editor, sign-up.

        Its address holds no records, it has limits of its own on the length, and nobody is signed in.
        """
        if rule.endpoint.routing["type"] == "integration":
            return request.dispatcher.pre_dispatch(rule, args)
        if used := getattr(request, "integration_key_use", None):
            # A cursor that cannot write fails as for a write of the call: Odoo serves it again on one that can.
            request.env["res.users.apikeys"].sudo()._integration_append_use(*used)
        return super()._pre_dispatch(rule, args)
