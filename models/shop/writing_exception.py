# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""What a person does about something that was not written to a shop: look at it, and have it written again (S3)."""

from odoo import models
from odoo.exceptions import UserError

from .writing import CODE, MAX_ROWS


class IntegrationException(models.Model):
    _inherit = "integration.exception"

    def _shop_writings(self):
        """Return the rows that these exceptions are about; not let in: all that wait."""
        rows = self.env["integration.shop.writing"]
        for exception in self.filtered(lambda row: row.code == CODE):
            number = (exception.cause or "").removeprefix("shop writing ")
            domain = [("connection_id", "=", exception.connection_id.id)]
            if number.isdecimal():
                domain.append(("id", "=", int(number)))
            else:
                domain.append(("state", "in", ("to_send", "unknown")))
            rows |= rows.search(domain, limit=MAX_ROWS)
        return rows

    def action_open_shop_writing(self):
        """Button: show what was to be written to the shop."""
        self.ensure_one()
        action = self.env["ir.actions.actions"]._for_xml_id("finance_integration.action_shop_writing")
        rows = self._shop_writings()
        if len(rows) == 1:
            return dict(action, res_id=rows.id, views=[(False, "form")])
        return dict(action, domain=[("id", "in", rows.ids)], context={})

    def action_write_again(self):
        """Button: write it to the shop again, now that what was wrong is put right."""
        self.check_access("write")
        rows = self._shop_writings()
        if not rows:
            raise UserError(self.env._("Nothing of it is to be written any more."))
        return rows.action_write_again()
