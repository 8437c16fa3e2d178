# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
from odoo import api, fields, models

# What suppliers issue.
BILL_TYPES = ("in_invoice", "in_refund")


class AccountMove(models.Model):
    _inherit = "account.move"

    integration_connection_id = fields.Many2one(
        "integration.connection",
        string="Outside source",
        readonly=True,
        copy=False,
        index="btree_not_null",
        ondelete="restrict",
    )
    integration_source_id = fields.Char(
        string="Id at the source", readonly=True, copy=False, index="btree_not_null"
    )
    integration_event_date = fields.Date(
        string="True date",
        readonly=True,
        copy=False,
        help="The day on which it happened at the source. The accounting date differs only where that day is locked.",
    )
    integration_correlation_id = fields.Char(string="Correlation", readonly=True, copy=False)
    integration_issued_elsewhere = fields.Boolean(
        string="Issued by the source",
        readonly=True,
        copy=False,
        help="The legal document was issued by the outside system. Odoo books it, but prints and sends no second one.",
    )
    integration_corrects_id = fields.Many2one(
        "account.move",
        string="Takes the place of",
        readonly=True,
        copy=False,
        index="btree_not_null",
        ondelete="restrict",
        help="The entry that was booked from an earlier version of the same document and was reversed.",
    )
    integration_corrected_by_id = fields.Many2one(
        "account.move", string="Booked anew as", compute="_compute_integration_corrected_by_id"
    )
    integration_paid_told = fields.Boolean(
        readonly=True, copy=False, help="Other systems and rules were told that nothing is open of it."
    )
    integration_movement_ids = fields.Many2many(
        "integration.movement",
        "integration_movement_invoice_rel",
        string="Provider movements",
        readonly=True,
        copy=False,
    )
    integration_exception_ids = fields.Many2many(
        "integration.exception", compute="_compute_integration_exceptions", string="Open exceptions"
    )

    integration_movement_count = fields.Integer(compute="_compute_integration_movement_count")
    integration_exception_text = fields.Char(compute="_compute_integration_exception_text")

    def _compute_integration_exceptions(self):
        Movement = self.env["integration.movement"].sudo()
        for move in self:
            movements = Movement.search(
                [
                    ("exception_id.state", "=", "open"),
                    "|",
                    ("move_id", "in", move._origin.ids),
                    ("invoice_ids", "in", move._origin.ids),
                ]
            )
            move.integration_exception_ids = movements.exception_id

    def _compute_integration_corrected_by_id(self):
        newer = self.search([("integration_corrects_id", "in", self._origin.ids)])
        by_origin = {move.integration_corrects_id.id: move for move in newer}
        for move in self:
            move.integration_corrected_by_id = by_origin.get(move._origin.id, False)

    @api.depends("integration_movement_ids")
    def _compute_integration_movement_count(self):
        for move in self:
            move.integration_movement_count = len(move.integration_movement_ids)

    @api.depends("integration_exception_ids")
    def _compute_integration_exception_text(self):
        for move in self:
            exceptions = move.integration_exception_ids.sudo()
            move.integration_exception_text = " · ".join(exceptions.mapped("name"))[:300] or False

    def _post(self, soft=True):
        """Tell the outside that documents are in the books, and apply money that has waited for them."""
        posted = super()._post(soft)
        documents = posted.filtered(lambda move: move.move_type in ("out_invoice", "out_refund"))
        if bills := posted.filtered(lambda move: move.move_type in BILL_TYPES):
            self.env["integration.event"]._later("_publish_bills_posted", bills.ids)
        if documents:
            self.env["integration.event"]._publish_invoices_posted(documents)
            self.env["integration.waiting"]._look_after_commit(documents)
        return posted

    def _integration_number(self):
        """Return the number under which people know this document: the issuer's, else Odoo's."""
        self.ensure_one()
        return (self.ref if self.integration_issued_elsewhere else self.name) or self.name or self.ref or ""

    def _integration_messages(self):
        """Return the events from which this entry comes; an entry made when money was applied comes from the money."""
        effects = self.env["integration.effect"].search(
            [("res_model", "=", self._name), ("res_id", "in", self.ids)]
        )
        messages = effects.message_id | self.integration_movement_ids.message_id
        if made_by_odoo := self._integration_origins():
            messages |= made_by_odoo._integration_messages()
        if not messages and (known := self.filtered("integration_correlation_id")):
            messages = messages.search(
                [
                    ("correlation_id", "in", known.mapped("integration_correlation_id")),
                    ("connection_id", "in", known.integration_connection_id.ids),
                ]
            )
        return messages

    def _integration_origins(self):
        """Return the entries whose matching made Odoo add these: exchange differences, taxes due on payment."""
        exchange = self.env["account.partial.reconcile"].search([("exchange_move_id", "in", self.ids)])
        matched = (exchange.debit_move_id | exchange.credit_move_id).move_id
        on_payment = self.tax_cash_basis_rec_id
        paid = (on_payment.debit_move_id | on_payment.credit_move_id).move_id
        return (matched | paid | self.tax_cash_basis_origin_move_id) - self

    def action_open_integration_source(self):
        """Button: open the events that this entry comes from."""
        self.ensure_one()
        messages = self._integration_messages()
        action = self.env["ir.actions.actions"]._for_xml_id("finance_integration.action_message")
        if len(messages) == 1:
            return dict(action, res_id=messages.id, views=[(False, "form")])
        return dict(action, domain=[("id", "in", messages.ids)], context={})

    def action_open_integration_movements(self):
        """Button: open the provider movements that were applied to this document."""
        self.ensure_one()
        action = self.env["ir.actions.actions"]._for_xml_id("finance_integration.action_movement")
        return dict(action, domain=[("id", "in", self.integration_movement_ids.ids)], context={})

    def action_open_integration_exceptions(self):
        """Button of the banner: open what still needs a person about this entry."""
        self.ensure_one()
        exceptions = self.integration_exception_ids
        action = self.env["ir.actions.actions"]._for_xml_id("finance_integration.action_exception")
        if len(exceptions) == 1:
            return dict(action, res_id=exceptions.id, views=[(False, "form")])
        return dict(action, domain=[("id", "in", exceptions.ids)], context={})
