# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
from odoo import api, fields, models
from odoo.exceptions import UserError


class IntegrationChooseParty(models.TransientModel):
    """Who a customer of the source could be, best first; a person chooses."""

    _name = "integration.choose.party"
    _description = "Choose the customer"

    exception_id = fields.Many2one("integration.exception", required=True, readonly=True)
    what = fields.Text(related="exception_id.what")
    outside_name = fields.Char(compute="_compute_outside", string="Name at the source")
    outside_email = fields.Char(compute="_compute_outside", string="E-mail at the source")
    outside_tax_id = fields.Char(compute="_compute_outside", string="Tax number at the source")
    line_ids = fields.One2many("integration.choose.party.line", "wizard_id", readonly=True)
    partner_id = fields.Many2one("res.partner", string="Somebody else")

    @api.depends("exception_id")
    def _compute_outside(self):
        for wizard in self:
            wanted = wizard.exception_id._wanted_party()
            wizard.outside_name = wanted.name
            wizard.outside_email = wanted.email
            wizard.outside_tax_id = wanted.tax_id

    @api.model_create_multi
    def create(self, vals_list):
        wizards = super().create(vals_list)
        for wizard in wizards:
            wizard.exception_id.check_access("write")
            wizard.line_ids = [
                (
                    0,
                    0,
                    {
                        "partner_id": partner.id,
                        "likelihood": row.likelihood,
                        "reason": wizard.exception_id._say_party_reasons(row.reasons),
                    },
                )
                for partner, row in wizard.exception_id._party_candidates()
            ]
        return wizards

    def action_choose(self):
        """Button: it is the contact in “Somebody else”."""
        self.ensure_one()
        if not self.partner_id:
            raise UserError(self.env._("Choose the customer first."))
        return self.exception_id._choose_party(self.partner_id)

    def action_create(self):
        """Button: it is nobody known; make a new customer from what the source says."""
        self.ensure_one()
        return self.exception_id._choose_party(self.exception_id._create_party())


class IntegrationChoosePartyLine(models.TransientModel):
    _name = "integration.choose.party.line"
    _description = "Possible customer"

    wizard_id = fields.Many2one("integration.choose.party", required=True, ondelete="cascade")
    partner_id = fields.Many2one("res.partner", required=True, readonly=True, string="Contact")
    email = fields.Char(related="partner_id.email")
    vat = fields.Char(related="partner_id.vat")
    city = fields.Char(related="partner_id.city")
    likelihood = fields.Selection(
        [("certain", "Certain"), ("likely", "Likely"), ("possible", "Possible")], readonly=True
    )
    reason = fields.Char(readonly=True, string="Why")

    def action_choose(self):
        """Button: it is this contact."""
        self.ensure_one()
        return self.wizard_id.exception_id._choose_party(self.partner_id)
