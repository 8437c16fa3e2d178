# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
from odoo import api, fields, models

from ...engine.canonical import MOVEMENT_TYPES

TYPE_LABELS = {
    "payment": "Payment",
    "payment_return": "Payment taken back",
    "refund": "Refund",
    "refund_return": "Refund came back",
    "fee": "Fee",
    "payout": "Payout to the bank",
    "payout_return": "Payout came back",
    "dispute": "Dispute",
    "dispute_return": "Dispute given back",
    "reserve": "Held back",
    "reserve_release": "Held back, released",
    "conversion": "Currency conversion",
    "unknown": "Unclassified",
}
APPLICATIONS = [
    ("none", "Nothing to apply"),
    ("applied", "Applied"),
    ("partly", "Partly applied"),
    ("open", "Open credit of the customer"),
    ("deposit", "Deposit for an order"),
    ("unidentified", "Unidentified"),
    ("credit_note", "Waits for its credit note"),
    ("suspense", "In suspense"),
]
WAITING = ("partly", "open", "unidentified", "credit_note", "suspense")


class IntegrationMovement(models.Model):
    """One movement of a balance at a provider, booked once under its own identity (policy F1)."""

    _name = "integration.movement"
    _description = "Provider movement"
    _order = "occurred_at desc, id desc"
    _rec_name = "movement_id"
    _check_company_auto = True

    connection_id = fields.Many2one(
        "integration.connection", required=True, readonly=True, ondelete="restrict"
    )
    company_id = fields.Many2one(related="connection_id.company_id", store=True, index=True)
    message_id = fields.Many2one("integration.message", readonly=True, ondelete="restrict", index=True)
    type = fields.Selection(
        [(code, TYPE_LABELS[code]) for code in MOVEMENT_TYPES], required=True, readonly=True
    )
    movement_id = fields.Char(required=True, readonly=True, string="Provider's id")
    balance_transaction = fields.Char(readonly=True, string="Provider's ledger id", index="btree_not_null")
    changes_balance = fields.Boolean(readonly=True, string="Moved money")
    status = fields.Selection(
        [
            ("pending", "Pending"),
            ("succeeded", "Succeeded"),
            ("failed", "Failed"),
            ("cancelled", "Cancelled"),
        ],
        readonly=True,
        required=True,
    )
    occurred_at = fields.Datetime(readonly=True, required=True)
    event_date = fields.Date(
        readonly=True, required=True, help="The day on which it happened, in the company's time zone."
    )
    currency_id = fields.Many2one("res.currency", required=True, readonly=True)
    amount = fields.Monetary(readonly=True, help="Positive = money came in at the provider.")
    settled_currency_id = fields.Many2one("res.currency", readonly=True)
    settled_amount = fields.Monetary(
        currency_field="settled_currency_id", readonly=True, help="What reached the balance, in its currency."
    )
    related_id = fields.Char(readonly=True, string="Belongs to", index="btree_not_null")
    outside_customer = fields.Char(readonly=True, string="Customer at the provider", index="btree_not_null")
    customer_name = fields.Char(readonly=True)
    reference_ids = fields.One2many("integration.movement.reference", "movement_id", readonly=True)
    method = fields.Char(readonly=True)
    is_purchase = fields.Boolean(
        readonly=True, string="Paid from the balance", help="Money of ours that paid somebody else."
    )
    subject_to_return = fields.Boolean(readonly=True, help="The bank may still take it back.")
    description = fields.Char(readonly=True)
    failure = fields.Char(readonly=True, string="Why it failed")
    partner_id = fields.Many2one("res.partner", readonly=True, string="Customer")
    statement_line_id = fields.Many2one(
        "account.bank.statement.line", readonly=True, ondelete="restrict", index=True
    )
    move_id = fields.Many2one(related="statement_line_id.move_id", string="Journal entry")
    counterpart_id = fields.Many2one(
        "account.move.line",
        readonly=True,
        help="The line that is applied: receivable, unidentified or other account.",
    )
    invoice_ids = fields.Many2many(
        "account.move", "integration_movement_invoice_rel", readonly=True, string="Applied to"
    )
    application = fields.Selection(APPLICATIONS, required=True, default="none", readonly=True)
    payout_id = fields.Many2one(
        "integration.payout",
        readonly=True,
        ondelete="set null",
        index="btree_not_null",
        string="Paid out with",
        help="The payout of whose composition it is a part, as the provider tells.",
    )
    exception_id = fields.Many2one(
        "integration.exception", readonly=True, ondelete="set null", index="btree_not_null"
    )

    _identity_unique = models.UniqueIndex("(connection_id, type, movement_id)")
    _waiting_idx = models.Index(
        "(connection_id, application)"
        " WHERE application IN ('partly', 'open', 'unidentified', 'credit_note', 'suspense')"
    )
    _day_idx = models.Index("(connection_id, settled_currency_id, event_date)")

    @api.depends("type", "movement_id")
    def _compute_display_name(self):
        labels = dict(self._fields["type"]._description_selection(self.env))
        for movement in self:
            movement.display_name = f"{labels.get(movement.type, '')} {movement.movement_id or ''}"

    @api.model
    def _existing(self, connection, keys):
        """Return {(type, movement id): movement} of those that are known."""
        movements = self.search(
            [
                ("connection_id", "=", connection.id),
                ("movement_id", "in", list({movement_id for _type, movement_id in keys})),
            ]
        )
        return {(movement.type, movement.movement_id): movement for movement in movements}

    @api.model
    def _by_ledger_line(self, connection, ledger_ids):
        """Return {provider's ledger id: (type, movement id)} of booked movements; a fee shares its payment's line."""
        movements = self.search(
            [
                ("connection_id", "=", connection.id),
                ("balance_transaction", "in", list(ledger_ids)),
                ("changes_balance", "=", True),
                ("type", "!=", "fee"),
            ]
        )
        return {movement.balance_transaction: (movement.type, movement.movement_id) for movement in movements}

    def _settle_application(self, application, exception=None):
        """Set the state of application and let go of the exception that asked for it, where it is answered."""
        before = self.exception_id
        self.write(
            {
                "application": application,
                "exception_id": exception.id if exception and application in WAITING else False,
            }
        )
        before._resolve_if_empty()

    def _refresh_application(self):
        """Say anew how far these payments are applied, after something else was matched with them."""
        for movement in self:
            if movement.counterpart_id.reconciled:
                movement._settle_application("applied")

    def _open_moves(self):
        moves = self.move_id
        action = {
            "type": "ir.actions.act_window",
            "res_model": "account.move",
            "name": self.env._("Journal entries"),
        }
        if len(moves) == 1:
            return dict(action, res_id=moves.id, views=[(False, "form")])
        return dict(action, views=[(False, "list"), (False, "form")], domain=[("id", "in", moves.ids)])

    def action_open_move(self):
        return self._open_moves()

    def action_open_invoices(self):
        invoices = self.invoice_ids
        action = {
            "type": "ir.actions.act_window",
            "res_model": "account.move",
            "name": self.env._("Applied to"),
        }
        if len(invoices) == 1:
            return dict(action, res_id=invoices.id, views=[(False, "form")])
        return dict(action, views=[(False, "list"), (False, "form")], domain=[("id", "in", invoices.ids)])

    def action_open_message(self):
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "res_model": "integration.message",
            "res_id": self.message_id.id,
            "views": [(False, "form")],
        }


class IntegrationMovementReference(models.Model):
    """A reference that a movement carries: what it may pay."""

    _name = "integration.movement.reference"
    _description = "Reference of a provider movement"
    _log_access = False
    _rec_name = "value"

    movement_id = fields.Many2one("integration.movement", required=True, ondelete="cascade", index=True)
    type = fields.Char(required=True)
    value = fields.Char(required=True)

    _value_idx = models.Index("(value)")
