# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools.misc import formatLang


class IntegrationCollect(models.TransientModel):
    """Shows what money pays in another company, with both entries, before anything is booked."""

    _name = "integration.collect"
    _description = "Collected for another company"

    exception_id = fields.Many2one("integration.exception", required=True, readonly=True)
    what = fields.Text(related="exception_id.what")
    company_id = fields.Many2one(related="exception_id.company_id")
    found = fields.Text(
        readonly=True, string="What it names", help="Open invoices of other companies with this number."
    )
    agreement_id = fields.Many2one(
        "integration.collection.agreement",
        domain="[('company_id', '=', company_id), ('state', '=', 'active')]",
    )
    payee_id = fields.Many2one(related="agreement_id.payee_id")
    invoice_id = fields.Many2one(
        "account.move",
        string="Invoice that it pays",
        domain="[('company_id', '=', payee_id), ('move_type', '=', 'out_invoice'), ('state', '=', 'posted'),"
        " ('payment_state', 'in', ('not_paid', 'partial'))]",
    )
    preview = fields.Text(compute="_compute_preview", string="What would be booked")
    day_text = fields.Char(compute="_compute_preview", string="Another day")

    @api.model_create_multi
    def create(self, vals_list):
        wizards = super().create(vals_list)
        for wizard in wizards:
            wizard.exception_id.check_access("write")
            wizard._fill()
        return wizards

    def _fill(self):
        """Say what the money names, and propose it where that is one invoice."""
        pairs = self.exception_id._collect_found()
        lines = [
            self.env._(
                "%(number)s of %(company)s: %(customer)s, open %(amount)s",
                number=invoice._integration_number(),
                company=invoice.company_id.name,
                customer=invoice.commercial_partner_id.name,
                amount=formatLang(self.env, invoice.amount_residual, currency_obj=invoice.currency_id),
            )
            for _agreement, invoice in pairs
        ]
        self.found = "\n".join(lines) or self.env._("Nothing: choose the company and the invoice yourself.")
        companies = self.env.user.company_ids
        own = [pair for pair in pairs if pair[1].company_id.id in companies.ids]
        if len(own) == 1 and not self.invoice_id:
            self.write({"agreement_id": own[0][0].id, "invoice_id": own[0][1].id})

    @api.onchange("agreement_id")
    def _onchange_agreement_id(self):
        if self.invoice_id.company_id != self.payee_id:
            self.invoice_id = False

    @api.depends("agreement_id", "invoice_id")
    def _compute_preview(self):
        for wizard in self:
            wizard.preview = wizard.day_text = False
            if not (wizard.agreement_id and wizard.invoice_id):
                continue
            exception, agreement = wizard.exception_id, wizard.agreement_id._origin
            invoice = wizard.invoice_id._origin
            exception._check_collected(agreement, invoice)
            wanted, day = exception._collect_day(agreement, invoice)
            wizard.preview = exception._collect_preview(agreement, invoice, day)
            if wanted != day:
                wizard.day_text = self.env._(
                    "%s is locked in one of the two companies: another person decides about the day.", wanted
                )

    def action_confirm(self):
        """Button: book it in both companies."""
        self.ensure_one()
        if not (self.agreement_id and self.invoice_id):
            raise UserError(
                self.env._("Choose for which company it was collected, and which invoice it pays.")
            )
        return self.exception_id._collect_confirmed(self.agreement_id, self.invoice_id)
