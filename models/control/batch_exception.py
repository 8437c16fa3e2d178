# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""The exception of a file or list that is incomplete: it closes when the file or list is decided."""

from odoo import api, fields, models
from odoo.exceptions import UserError

from ...engine.batch import NEEDS_PERSON


class IntegrationException(models.Model):
    _inherit = "integration.exception"

    batch_id = fields.Many2one("integration.batch", readonly=True, ondelete="set null", string="File or list")

    def action_open_batch(self):
        """Button: open the file or list, where it is read again, accepted or put aside."""
        self.ensure_one()
        return self.batch_id._open_form()

    def action_mark_resolved(self):
        if any(exception.batch_id.state in NEEDS_PERSON for exception in self):
            raise UserError(
                self.env._("The file or list still waits for a decision. Open it and decide there.")
            )
        return super().action_mark_resolved()

    def _resolve_if_empty(self):
        waits = self.sudo().filtered(lambda row: row.batch_id.state in NEEDS_PERSON)
        return super(IntegrationException, self - waits)._resolve_if_empty()

    @api.depends("code", "state", "batch_id")
    def _compute_fix(self):
        """A file that cannot be read is decided on the file itself, where there is one."""
        result = super()._compute_fix()
        for exception in self.filtered(lambda row: row.fix == "folder" and row.batch_id):
            exception.fix = "batch"
        return result

    def action_open_folder(self):
        """Button: open the folder in which the file is, or which cannot be opened."""
        self.ensure_one()
        kind, _blank, number = (self.cause or "").partition(" ")
        found = self.env["integration.drop"].browse()
        if number.isdecimal() and kind == "drop":
            found = found.browse(int(number)).exists()
        elif number.isdecimal() and kind == "file":
            found = self.env["integration.drop.file"].browse(int(number)).exists().drop_id
        if not found:
            raise UserError(self.env._("The folder is not there any more."))
        return {
            "type": "ir.actions.act_window",
            "res_model": found._name,
            "res_id": found.id,
            "views": [(False, "form")],
        }
