# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Refunds that people start here: asked for, approved by another person, sent once, booked from the provider's event.

Nothing is booked when a refund is sent: the provider's ledger tells what moved, under the id that it gave the refund.
So a refund that was started here and comes back as an event is one refund. A refund of which nobody knows whether it
arrived is looked for at the provider before it is sent again (ADR 0015).
"""

import secrets

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools.misc import formatLang

from ...connectors.registry import get_connector
from ...engine.canonical import Amount

STATES = [
    ("draft", "To be asked for"),
    ("asked", "Waits for approval"),
    ("to_send", "To be sent"),
    ("unknown", "Sent, answer not known"),
    ("refused", "Refused by the provider"),
    ("sent", "At the provider"),
    ("booked", "Booked"),
]
ON_ITS_WAY = ("asked", "to_send", "unknown", "sent")
SEND_SECONDS = 30


class IntegrationRefundOrder(models.Model):
    _name = "integration.refund.order"
    _description = "Refund started here"
    _inherit = ["integration.sent.once"]
    _order = "id desc"
    _check_company_auto = True

    payment_id = fields.Many2one(
        "integration.movement",
        required=True,
        ondelete="restrict",
        index=True,
        domain="[('type', '=', 'payment'), ('changes_balance', '=', True)]",
    )
    connection_id = fields.Many2one(related="payment_id.connection_id", store=True, index=True)
    company_id = fields.Many2one(related="connection_id.company_id", store=True, index=True)
    partner_id = fields.Many2one(related="payment_id.partner_id")
    currency_id = fields.Many2one(related="payment_id.currency_id", store=True)
    amount = fields.Monetary(required=True, help="In the currency in which the customer paid.")
    left_amount = fields.Monetary(compute="_compute_left_amount", string="Can be refunded")
    reason = fields.Char(required=True, help="Why: the person who agrees decides on it.")
    state = fields.Selection(STATES, required=True, readonly=True, default="draft", copy=False, index=True)
    outside_id = fields.Char(readonly=True, copy=False, index="btree_not_null", string="Provider's id")
    movement_id = fields.Many2one("integration.movement", readonly=True, copy=False, string="Booked as")

    _amount_positive = models.Constraint("CHECK(amount > 0)", "A refund is positive.")

    @api.depends("payment_id", "amount", "currency_id")
    def _compute_display_name(self):
        for order in self:
            amount = formatLang(self.env, order.amount, currency_obj=order.currency_id)
            order.display_name = f"{order.payment_id.movement_id or ''} {amount}".strip()

    @api.depends("payment_id")
    def _compute_left_amount(self):
        for order in self:
            order.left_amount = order.payment_id._refundable(order._origin) if order.payment_id else 0.0

    @api.ondelete(at_uninstall=False)
    def _unlink_except_draft(self):
        if self.filtered(lambda order: order.state != "draft"):
            raise UserError(self.env._("A refund that was asked for is evidence and cannot be deleted."))

    def write(self, vals):
        own = {"payment_id", "amount", "reason"} & vals.keys()
        if own and self.filtered(lambda order: order.state != "draft"):
            raise UserError(
                self.env._("A refund that was asked for does not change any more. Make a new one.")
            )
        return super().write(vals)

    # -- asking --------------------------------------------------------------------------------------------

    def action_ask(self):
        """Button: ask another person to agree; then it is sent.

        :raises UserError: it is more than can be refunded, or the provider takes no refunds from here.
        """
        self.ensure_one()
        self.check_access("write")
        if self.state not in ("draft", "refused"):
            raise UserError(self.env._("This refund was asked for already."))
        if not self.connection_id._spec().sends_refunds:
            raise UserError(self.env._("%s takes no refunds from here.", self.connection_id.name))
        if self.currency_id.compare_amounts(self.amount, self.payment_id._refundable(self)) > 0:
            raise UserError(self.env._("No more than what is left of the payment can be refunded."))
        self.sudo().state = "asked"
        self._let_go(self.env._("It is asked for anew."))
        self.env["integration.change.request"]._ask(
            self,
            self.env._("Refund of %s", self.payment_id.movement_id),
            {
                "amount": f"{self.amount:.{self.currency_id.decimal_places}f}",
                "payment": self.payment_id.movement_id,
            },
            self.reason,
            kind="entry",
            amount=self.amount,
            currency=self.currency_id,
            company=self.company_id,
        )
        return True

    def _approval_preview(self, values):
        places = self.currency_id.decimal_places
        return {
            "rows": [
                {
                    "field": "amount",
                    "before": "",
                    "after": f"{self.amount:.{places}f} {self.currency_id.name}",
                },
                {"field": "payment_id", "before": "", "after": self.payment_id.movement_id},
                {"field": "state", "before": self.state, "after": "to_send"},
            ],
            "digest": str(values),
        }

    def _approval_ended(self, _request):
        """It was refused, withdrawn or ran out of time."""
        self.sudo().filtered(lambda order: order.state == "asked").write({"state": "draft"})

    def _carry_out(self, request):
        """Send what was approved; called by integration.change.request.

        :raises UserError: it was not approved by a second person.
        """
        self.ensure_one()
        if not request._approves(self) or self.state != "asked":
            raise UserError(self.env._("This approval is not one of this refund."))
        self.write({"state": "to_send", "key": f"refund-{self.id}-{secrets.token_hex(8)}"})
        self._send_soon()

    # -- sending -------------------------------------------------------------------------------------------

    def _facts_to_send(self):
        amount = self.currency_id._integration_exact(self.amount)
        return {
            "payment": self.payment_id.movement_id,
            "amount": Amount(value=amount, currency=self.currency_id.name),
        }

    @api.model
    def _tell(self, facts, step):
        """Return the provider's id of the refund, in a tuple: found there, or made now."""
        connector = get_connector(facts["connector"])
        payment, key, access = facts["payment"], facts["key"], (facts["settings"], facts["secret"])
        known = facts["asks_first"] and self._ask_provider(
            facts,
            lambda: connector.refund_find(payment, *access),
            lambda answer: connector.refund_found(answer, key),
            SEND_SECONDS,
        )
        made = known or self._tell_provider(
            facts,
            lambda: connector.refund_send(payment, facts["amount"], key, *access),
            connector.refund_sent,
            SEND_SECONDS,
        )
        return (made,)

    def _made(self, outside_id):
        self.write({"state": "sent", "outside_id": outside_id, "answer": False, "due_at": False})
        self._let_go(self.env._("The refund is at the provider."))
        self.env["integration.audit.leaf"]._record_change(self, "refund.sent", outside_id)
        movement = self.env["integration.movement"].search(
            [
                ("connection_id", "=", self.connection_id.id),
                ("type", "=", "refund"),
                ("movement_id", "=", outside_id),
            ],
            limit=1,
        )
        self._booked(movement)

    @api.model
    def _failure_code(self):
        return "refund_not_made"

    def _failure_params(self):
        places = self.currency_id.decimal_places
        return {
            "amount": f"{self.amount:.{places}f} {self.currency_id.name}",
            "payment": self.payment_id.movement_id,
        }

    def _cause(self):
        return f"refund order {self.id}"

    @api.model
    def _touch(self, movements):
        """Refunds that were started here and are booked now."""
        refunds = movements.filtered(lambda row: row.type == "refund")
        if not refunds:
            return
        orders = self.search(
            [
                ("connection_id", "in", refunds.connection_id.ids),
                ("outside_id", "in", refunds.mapped("movement_id")),
            ]
        )
        for order in orders:
            order._booked(refunds.filtered(lambda row, order=order: row.movement_id == order.outside_id)[:1])

    def _booked(self, movement):
        if movement.changes_balance:
            self.write({"state": "booked", "movement_id": movement.id})


class IntegrationMovement(models.Model):
    _inherit = "integration.movement"

    can_refund = fields.Boolean(compute="_compute_can_refund")

    def _compute_can_refund(self):
        for movement in self:
            movement.can_refund = (
                movement.type == "payment"
                and movement.changes_balance
                and movement.connection_id._spec().sends_refunds
            )

    def _refundable(self, besides=None):
        """Return what of a payment is not refunded, nor about to be.

        :param besides: a refund order that does not count.
        """
        self.ensure_one()
        refunds = self.search(
            [
                ("connection_id", "=", self.connection_id.id),
                ("type", "in", ("refund", "refund_return")),
                ("changes_balance", "=", True),
                ("related_id", "=", self.movement_id),
            ]
        )
        orders = self.env["integration.refund.order"].search(
            [("payment_id", "=", self.id), ("state", "in", ON_ITS_WAY)]
        )
        on_its_way = sum((orders - besides if besides else orders).mapped("amount"))
        return self.currency_id.round(self.amount + sum(refunds.mapped("amount")) - on_its_way)

    def action_refund(self):
        """Button: start a refund of this payment."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Refund"),
            "res_model": "integration.refund.order",
            "views": [(False, "form")],
            "context": {"default_payment_id": self.id, "default_amount": self._refundable()},
        }
