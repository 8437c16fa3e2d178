# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
from odoo import fields, models
from odoo.exceptions import UserError

from ..models.messaging.connection import ENVIRONMENTS


class IntegrationPromotionLoad(models.TransientModel):
    """The dialog in which a configuration is brought to a company: from a file, or from another company."""

    _name = "integration.promotion.load"
    _description = "Bring in a configuration"

    company_id = fields.Many2one(
        "res.company",
        required=True,
        default=lambda self: self.env.company,
        domain=lambda self: [("id", "in", self.env.companies.ids)],
        string="For company",
    )
    origin = fields.Selection(
        [("file", "A file of another server"), ("company", "Another company of this server")],
        required=True,
        default="file",
        string="From",
    )
    environment = fields.Selection(
        ENVIRONMENTS,
        required=True,
        default="test",
        string="New connections are",
        help="Connections that are there already keep what they are.",
    )
    file = fields.Binary(attachment=False, string="Configuration")
    file_name = fields.Char()
    source_company_id = fields.Many2one(
        "res.company",
        domain=lambda self: [("id", "in", self.env.companies.ids)],
        string="Copy from",
        help="One of the companies that are switched on at the top right.",
    )

    def action_load(self):
        """Button: compare it. Nothing changes yet."""
        self.ensure_one()
        promotions = self.env["integration.promotion"]
        if self.origin == "file":
            if not self.file:
                raise UserError(self.env._("Choose the file."))
            promotion = promotions._load(
                self.with_context(bin_size=False).file, self.company_id, self.environment
            )
        else:
            if not self.source_company_id:
                raise UserError(self.env._("Choose the company to copy from."))
            promotion = promotions._from_company(self.source_company_id, self.company_id, self.environment)
        self.sudo().write({"file": False})
        return {
            "type": "ir.actions.act_window",
            "res_model": promotion._name,
            "res_id": promotion.id,
            "views": [(False, "form")],
        }
