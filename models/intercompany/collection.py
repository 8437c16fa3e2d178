# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""What was collected for another company: one record for the two entries, which stand in both books or in neither."""

from decimal import Decimal

from odoo import api, fields, models
from odoo.exceptions import UserError

KINDS = [
    ("collected", "Collected"),
    ("refunded", "Sent back to the customer"),
    ("refund_returned", "Came back after it was sent"),
    ("taken_back", "Taken back by the customer's bank"),
    ("disputed", "Disputed by the customer"),
    ("dispute_returned", "Given back after a dispute"),
]
BASES = [
    ("entity", "The event names the company"),
    ("customer", "The same customer, and the number of the invoice"),
    ("amount", "The number of the invoice, and its amount to the cent"),
    ("person", "A person said so"),
    ("origin", "It undoes what was collected"),
]


class IntegrationCollection(models.Model):
    _name = "integration.collection"
    _description = "Collected for another company"
    _order = "date desc, id desc"
    _rec_name = "reference"

    agreement_id = fields.Many2one(
        "integration.collection.agreement", required=True, readonly=True, ondelete="restrict", index=True
    )
    company_id = fields.Many2one(
        related="agreement_id.company_id", store=True, index=True, string="Collecting company"
    )
    payee_id = fields.Many2one(
        related="agreement_id.payee_id", store=True, index=True, string="Collected for"
    )
    kind = fields.Selection(KINDS, required=True, readonly=True)
    basis = fields.Selection(BASES, required=True, readonly=True, string="Why it is so")
    decided_by_id = fields.Many2one(
        "res.users", readonly=True, ondelete="restrict", string="Decided by", help="Empty = followed by rule."
    )
    movement_id = fields.Many2one(
        "integration.movement", required=True, readonly=True, ondelete="restrict", index=True, string="Money"
    )
    invoice_id = fields.Many2one(
        "account.move", required=True, readonly=True, ondelete="restrict", index=True
    )
    invoice_number = fields.Char(required=True, readonly=True)
    reference = fields.Char(required=True, readonly=True, help="Stands on both entries.")
    date = fields.Date(required=True, readonly=True)
    currency_id = fields.Many2one("res.currency", required=True, readonly=True)
    amount = fields.Monetary(required=True, readonly=True, help="In the currency of the document; positive.")
    move_id = fields.Many2one(
        "account.move",
        required=True,
        readonly=True,
        ondelete="restrict",
        index=True,
        string="Entry of the collecting company",
    )
    payee_move_id = fields.Many2one(
        "account.move",
        required=True,
        readonly=True,
        ondelete="restrict",
        index=True,
        string="Entry of the other company",
    )
    undoes_id = fields.Many2one(
        "integration.collection", readonly=True, ondelete="restrict", index="btree_not_null"
    )
    undone_by_ids = fields.One2many("integration.collection", "undoes_id", readonly=True, string="Undone by")
    rest = fields.Monetary(
        compute="_compute_rest", help="What is still collected: less what was sent back or taken back."
    )

    # Told twice, or decided by two people at the same moment, it is booked once.
    _once_unique = models.UniqueIndex("(movement_id, invoice_id, kind)")
    _amount_positive = models.Constraint("CHECK (amount > 0)", "What is collected is more than nothing.")

    @api.depends("amount", "undone_by_ids.amount", "undone_by_ids.undone_by_ids.amount")
    def _compute_rest(self):
        for row in self:
            # What undoes a refund is undone by nothing: two steps are all there are.
            undone = sum(one.amount - sum(one.undone_by_ids.mapped("amount")) for one in row.undone_by_ids)
            row.rest = row.currency_id.round(row.amount - undone) if row.currency_id else row.amount

    def _exact_rest(self):
        """Return what is still collected, exact."""
        self.ensure_one()
        return Decimal(str(round(self.rest, 6)))

    def _side_of(self, move):
        """Return (own company, other company, entry of the other company) as one of the two entries sees it."""
        self.ensure_one()
        whole = self.sudo()
        if move == whole.move_id:
            return whole.company_id, whole.payee_id, whole.payee_move_id
        return whole.payee_id, whole.company_id, whole.move_id

    def action_open_move(self):
        """Button: the entry of the collecting company."""
        self.ensure_one()
        return self._open_entry(self.company_id, self.move_id)

    def action_open_payee_move(self):
        """Button: the entry of the company that was collected for."""
        self.ensure_one()
        return self._open_entry(self.payee_id, self.payee_move_id)

    def _open_entry(self, company, move):
        if company not in self.env.user.company_ids:
            raise UserError(
                self.env._(
                    "This entry is in the books of %s, in which you do not work. Ask somebody there.",
                    company.sudo().name,
                )
            )
        companies = [company.id, *(id_ for id_ in self.env.companies.ids if id_ != company.id)]
        return {
            "type": "ir.actions.act_window",
            "res_model": "account.move",
            "res_id": move.id,
            "views": [(False, "form")],
            "context": {"allowed_company_ids": companies},
        }


class IntegrationMovement(models.Model):
    _inherit = "integration.movement"

    collection_ids = fields.One2many(
        "integration.collection", "movement_id", readonly=True, string="Collected for other companies"
    )
