# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Where a blocked or unapproved partner is refused: orders, invoices that Odoo issues, outgoing payments (M7, F21).

Money that moved, credit notes, and documents that somebody else issued are facts: they are booked whoever it is.
"""

from odoo import api, fields, models
from odoo.exceptions import UserError

RELEASED = ("in_process", "paid")


class SaleOrder(models.Model):
    _inherit = "sale.order"

    def _confirmation_error_message(self):
        if error := super()._confirmation_error_message():
            return error
        return (
            self.partner_invoice_id._integration_refusal("customer", self.company_id)
            or self.partner_id._integration_refusal("customer", self.company_id)
            or False
        )


class AccountMove(models.Model):
    _inherit = "account.move"

    integration_partner_refusal = fields.Char(compute="_compute_integration_partner_refusal")

    @api.depends("partner_id", "move_type", "state", "company_id", "integration_issued_elsewhere")
    def _compute_integration_partner_refusal(self):
        for move in self:
            move.integration_partner_refusal = move.state == "draft" and move._integration_refusal()

    def _integration_refusal(self):
        """Return why this document is not posted because of whom it is for; None where nothing is in the way."""
        if self.move_type != "out_invoice" or self.integration_issued_elsewhere:
            return None
        return self.partner_id._integration_refusal("customer", self.company_id)

    def _post(self, soft=True):
        for move in self.filtered(lambda move: move.move_type == "out_invoice"):
            if refusal := move._integration_refusal():
                raise UserError(self.env._("%s Nothing is invoiced until that changes.", refusal))
        payments = self.filtered(lambda move: move.move_type == "entry").origin_payment_id
        payments.filtered(lambda payment: payment.state == "draft")._integration_check_release()
        return super()._post(soft)


class AccountPayment(models.Model):
    _inherit = "account.payment"

    integration_young_account = fields.Boolean(
        compute="_compute_integration_young_account",
        search="_search_integration_young_account",
        string="To a new bank account",
        help="The bank account was approved only a few days before the payment, as set for the company.",
    )

    @api.depends("partner_bank_id.integration_approved_at", "date", "payment_type", "company_id")
    def _compute_integration_young_account(self):
        for payment in self:
            bank = payment.partner_bank_id.sudo()
            since = bank.integration_approved_at or bank.create_date
            days = payment.company_id.integration_bank_young_days
            payment.integration_young_account = bool(
                payment.payment_type == "outbound"
                and since
                and payment.date
                and (payment.date - since.date()).days < days
            )

    @api.model
    def _search_integration_young_account(self, operator, value):
        if operator != "in":
            return NotImplemented
        self.flush_model()
        self.env["res.partner.bank"].flush_model()
        self.env["res.company"].flush_model()
        self.env.cr.execute(
            """
            SELECT p.id FROM account_payment p
              JOIN res_partner_bank b ON b.id = p.partner_bank_id
              JOIN res_company c ON c.id = p.company_id
             WHERE p.payment_type = 'outbound'
               AND p.date - COALESCE(b.integration_approved_at, b.create_date)::date < c.integration_bank_young_days
             ORDER BY p.id DESC LIMIT 10000
            """
        )
        young = [row[0] for row in self.env.cr.fetchall()]
        return [("id", "in" if True in value else "not in", young)]

    @api.model_create_multi
    def create(self, vals_list):
        payments = super().create(vals_list)
        payments.filtered(lambda payment: payment.state in RELEASED)._integration_check_release()
        return payments

    def write(self, vals):
        if vals.get("state") in RELEASED:
            self.filtered(lambda payment: payment.state not in RELEASED)._integration_check_release()
        return super().write(vals)

    def _integration_check_release(self):
        """Refuse to release an outgoing payment to whom nothing is paid, or to a bank account that is not to be used.

        :raises UserError: in plain words.
        """
        for payment in self.filtered(lambda payment: payment.payment_type == "outbound"):
            role = "customer" if payment.partner_type == "customer" else "supplier"
            # A refund to a customer is not stopped by a missing approval, only by a block.
            refusal = payment.partner_id._integration_refusal(role, payment.company_id)
            state = payment.partner_id.commercial_partner_id.with_company(
                payment.company_id
            ).integration_customer_state
            if refusal and (role == "supplier" or state == "blocked"):
                raise UserError(self.env._("%s Nothing is paid until that changes.", refusal))
            payment.partner_bank_id._integration_check_payment(
                payment.company_id, used=payment.require_partner_bank_account
            )
