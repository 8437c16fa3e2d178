# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""What a person has said of money in suspense or unidentified: a row each, with who, why and with which approval."""

from odoo import fields, models
from odoo.tools.translate import LazyTranslate

from ...engine.limits import BILLS, CUSTOMER, EXPENSE, FEE, INVOICES, OTHER, PURPOSES, REFUND, TRANSFER

_lt = LazyTranslate(__name__)

PURPOSE_LABELS = {
    CUSTOMER: _lt("Money of a customer"),
    INVOICES: _lt("Pays these invoices"),
    REFUND: _lt("Refund to a customer"),
    FEE: _lt("Fee of the provider"),
    TRANSFER: _lt("Transfer between own accounts"),
    BILLS: _lt("Pays these supplier bills"),
    EXPENSE: _lt("A purchase without a bill"),
    OTHER: _lt("Something else"),
}


class IntegrationClassification(models.Model):
    """What a person has said of one movement. Written by the hub alone; what is taken back stays as history."""

    _name = "integration.classification"
    _description = "What money turned out to be"
    _order = "id desc"
    _rec_name = "movement_id"

    movement_id = fields.Many2one(
        "integration.movement", required=True, readonly=True, ondelete="restrict", index=True
    )
    company_id = fields.Many2one("res.company", required=True, readonly=True, index=True, ondelete="restrict")
    currency_id = fields.Many2one(related="company_id.currency_id")
    amount = fields.Monetary(readonly=True, help="In the currency of the books, never negative.")
    purpose = fields.Selection("_selection_purpose", required=True, readonly=True, string="What it is")
    partner_id = fields.Many2one("res.partner", readonly=True, ondelete="restrict", string="Customer")
    invoice_ids = fields.Many2many(
        "account.move", "integration_classification_invoice_rel", readonly=True, string="Invoices"
    )
    account_id = fields.Many2one("account.account", readonly=True, ondelete="restrict", string="Booked to")
    from_account_id = fields.Many2one(
        "account.account", required=True, readonly=True, ondelete="restrict", string="Stood in"
    )
    from_partner_id = fields.Many2one("res.partner", readonly=True, ondelete="restrict")
    from_application = fields.Char(required=True, readonly=True)
    entry_id = fields.Many2one("account.move", required=True, readonly=True, ondelete="restrict")
    replaced = fields.Boolean(readonly=True, help="The suspense of the statement line itself was replaced.")
    reason = fields.Text(readonly=True, string="Why")
    user_id = fields.Many2one(
        "res.users", required=True, readonly=True, ondelete="restrict", string="Said by"
    )
    said_at = fields.Datetime(required=True, readonly=True, default=fields.Datetime.now, string="Said on")
    request_id = fields.Many2one(
        "integration.change.request", readonly=True, ondelete="restrict", string="Approved with"
    )
    state = fields.Selection(
        [("booked", "Booked"), ("undone", "Taken back")], required=True, readonly=True, default="booked"
    )
    undo_request_id = fields.Many2one(
        "integration.change.request", readonly=True, ondelete="restrict", string="Taken back with"
    )
    undone_at = fields.Datetime(readonly=True, string="Taken back on")

    _one_stands = models.UniqueIndex(
        "(movement_id) WHERE state = 'booked'", "It has been said already what this money is."
    )

    def _selection_purpose(self):
        return [(purpose, self.env._(PURPOSE_LABELS[purpose])) for purpose in PURPOSES]
