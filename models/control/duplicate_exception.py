# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""The exception of a suspected duplicate: it closes when somebody has said whether it is one."""

from odoo import fields, models
from odoo.exceptions import UserError

WAITING = ("open", "asked")


class IntegrationException(models.Model):
    _inherit = "integration.exception"

    duplicate_ids = fields.One2many("integration.duplicate", "exception_id", string="Suspected duplicates")

    def _waits_for_duplicates(self):
        return self.sudo().filtered(
            lambda row: row.state == "open" and row.duplicate_ids.filtered(lambda pair: pair.state in WAITING)
        )

    def action_open_duplicate(self):
        """Button: show both side by side, and decide."""
        self.ensure_one()
        pair = self.duplicate_ids[:1]
        return {
            "type": "ir.actions.act_window",
            "res_model": "integration.duplicate",
            "res_id": pair.id,
            "views": [(False, "form")],
        }

    def action_mark_resolved(self):
        if self._waits_for_duplicates():
            raise UserError(self.env._("Say first whether the two are one: open them and decide there."))
        return super().action_mark_resolved()

    def _resolve_if_empty(self):
        return super(IntegrationException, self - self._waits_for_duplicates())._resolve_if_empty()
