# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
import base64

from odoo import api, fields, models
from odoo.exceptions import UserError

from ..engine.errors import IntegrationError
from ..models.messaging.connection import ENVIRONMENTS
from ..models.messaging.error_words import in_words


class IntegrationPromotionExport(models.TransientModel):
    """The dialog in which the configuration of a company becomes a signed file."""

    _name = "integration.promotion.export"
    _description = "Export a configuration"

    company_id = fields.Many2one(
        "res.company",
        required=True,
        default=lambda self: self.env.company,
        domain=lambda self: [("id", "in", self.env.companies.ids)],
        string="Configuration of",
    )
    environment = fields.Selection(
        ENVIRONMENTS, required=True, default="test", string="This is", help="What the books here are."
    )
    for_company = fields.Char(
        string="Only for company",
        help="Name of the company that may take it over; another one refuses it. Empty = any.",
    )
    for_environment = fields.Selection(
        ENVIRONMENTS, string="Only for environment", help="Another environment refuses it. Empty = any."
    )
    file = fields.Binary(readonly=True, attachment=False, string="Configuration")
    file_name = fields.Char(readonly=True)
    public_key = fields.Char(
        compute="_compute_public_key",
        string="Public key of this server",
        help="Whoever runs the other server names it there once, outside the database. It is no secret.",
    )

    @api.depends("file")
    def _compute_public_key(self):
        for wizard in self:
            wizard.public_key = wizard._key().public if wizard.file else False

    @api.model
    def _key(self):
        try:
            return self.env["integration.bundle.keys"]._signing_key()
        except IntegrationError as error:
            raise UserError(in_words(self.env, error)) from error

    def action_export(self):
        """Button: make the file and show it for download."""
        self.ensure_one()
        content = self.env["integration.promotion"]._export(
            self.company_id,
            self.environment,
            (self.for_company or "").strip(),
            self.for_environment or "",
        )
        self.sudo().write(
            {
                "file": base64.b64encode(content),
                "file_name": f"configuration_{self.environment}_{fields.Date.context_today(self)}.json",
            }
        )
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Export a configuration"),
            "res_model": self._name,
            "res_id": self.id,
            "views": [(False, "form")],
            "target": "new",
        }
