# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""From a payment, an order or a contact to the events it comes from, and to what still needs somebody about it."""

from odoo import api, fields, models


class IntegrationExceptionSubject(models.AbstractModel):
    """A record of Odoo that exceptions can be about: a count, a banner and the way to the source."""

    _name = "integration.exception.subject"
    _description = "Record that exceptions can be about"

    integration_open_count = fields.Integer(compute="_compute_integration_open", string="Open exceptions")
    integration_open_text = fields.Char(compute="_compute_integration_open")
    integration_source_count = fields.Integer(compute="_compute_integration_source_count", string="Events")

    def _compute_integration_open(self):
        may_see = self.env["integration.exception"].has_access("read")
        for record in self:
            exceptions = record._integration_exceptions() if may_see else self.env["integration.exception"]
            record.integration_open_count = len(exceptions)
            record.integration_open_text = " · ".join(exceptions.mapped("name"))[:300] or False

    def _compute_integration_source_count(self):
        may_see = self.env["integration.message"].has_access("read")
        for record in self:
            record.integration_source_count = len(record._integration_events()) if may_see else 0

    def _integration_exceptions(self):
        """Return the open exceptions about this record that the reader may see."""
        movements = (
            self.env["integration.movement"].sudo().search(self._integration_movement_domain(), limit=200)
        )
        messages = self._integration_events().sudo()
        found = movements.exception_id | messages.exception_id
        return self.env["integration.exception"].search([("id", "in", found.ids), ("state", "=", "open")])

    def _integration_movement_domain(self):
        """Return the domain of the movements that are about this record."""
        return [("id", "=", False)]

    def _integration_events(self):
        """Return the events that this record comes from, or that tell about it to the outside; bounded."""
        own = self._origin
        if not own:
            return self.env["integration.message"]
        effects = (
            self.env["integration.effect"]
            .sudo()
            .search([("res_model", "=", self._name), ("res_id", "in", own.ids)], limit=200)
        )
        bindings = (
            self.env["integration.binding"]
            .sudo()
            .search([("res_model", "=", self._name), ("res_id", "in", own.ids)], limit=50)
        )
        messages = effects.message_id
        for binding in bindings:
            messages |= messages.search(
                [
                    ("connection_id", "=", binding.connection_id.id),
                    ("object_key", "=", f"{binding.kind}:{binding.outside_id}"),
                ],
                limit=50,
            )
        return messages.search([("id", "in", messages.ids)])

    def action_open_integration_exceptions(self):
        """Button of the banner: open what still needs somebody about this record."""
        self.ensure_one()
        exceptions = self._integration_exceptions()
        action = self.env["ir.actions.actions"]._for_xml_id("finance_integration.action_exception")
        if len(exceptions) == 1:
            return dict(action, res_id=exceptions.id, views=[(False, "form")])
        return dict(action, domain=[("id", "in", exceptions.ids)], context={})

    def action_open_integration_source(self):
        """Button: open the events that this record comes from."""
        self.ensure_one()
        messages = self._integration_events()
        action = self.env["ir.actions.actions"]._for_xml_id("finance_integration.action_message")
        if len(messages) == 1:
            return dict(action, res_id=messages.id, views=[(False, "form")])
        return dict(action, domain=[("id", "in", messages.ids)], context={})


class ResPartner(models.Model):
    _name = "res.partner"
    _inherit = ["res.partner", "integration.exception.subject"]

    def _integration_movement_domain(self):
        commercial = self.commercial_partner_id
        return [("partner_id.commercial_partner_id", "in", commercial.ids), ("exception_id", "!=", False)]


class SaleOrder(models.Model):
    _name = "sale.order"
    _inherit = ["sale.order", "integration.exception.subject"]

    def _integration_movement_domain(self):
        """Money that names this order, and money of its invoices."""
        return [
            ("company_id", "=", self.company_id.id),
            ("exception_id", "!=", False),
            "|",
            ("reference_ids.value", "=", self.name or "?"),
            ("invoice_ids", "in", self.invoice_ids.ids),
        ]

    def _integration_events(self):
        return super()._integration_events() | self.env["integration.message"].search(
            [("company_id", "=", self.company_id.id), ("object_key", "=", f"order:{self._origin.id}")],
            limit=50,
        )


class PurchaseOrder(models.Model):
    _name = "purchase.order"
    _inherit = ["purchase.order", "integration.exception.subject"]

    def _integration_events(self):
        return super()._integration_events() | self.env["integration.message"].search(
            [("company_id", "=", self.company_id.id), ("object_key", "=", f"purchase:{self._origin.id}")],
            limit=50,
        )


class AccountPayment(models.Model):
    _name = "account.payment"
    _inherit = ["account.payment", "integration.exception.subject"]

    def _integration_movement_domain(self):
        """Movements that were matched with this payment, or carry its provider's reference."""
        lines = self.move_id.line_ids
        matched = lines.matched_debit_ids.debit_move_id | lines.matched_credit_ids.credit_move_id
        domain = [("move_id", "in", matched.move_id.ids)]
        reference = self.memo or self.name
        return [
            "|",
            *domain,
            "&",
            ("movement_id", "=", reference or "?"),
            ("company_id", "=", self.company_id.id),
        ]


class AccountMove(models.Model):
    _inherit = "account.move"

    @api.depends("integration_movement_ids")
    def _compute_integration_exceptions(self):
        """Also what waits for this document itself: another version of it, a small rest on it."""
        result = super()._compute_integration_exceptions()
        for move in self:
            own = (
                self.env["integration.exception"]
                .sudo()
                .search([("subject_move_id", "in", move._origin.ids), ("state", "=", "open")])
            )
            bindings = (
                self.env["integration.binding"]
                .sudo()
                .search([("res_model", "=", "account.move"), ("res_id", "in", move._origin.ids)], limit=5)
            )
            for binding in bindings:
                own |= (
                    self.env["integration.message"]
                    .sudo()
                    .search(
                        [
                            ("connection_id", "=", binding.connection_id.id),
                            ("object_key", "=", f"{binding.kind}:{binding.outside_id}"),
                            ("exception_id.state", "=", "open"),
                        ],
                        limit=20,
                    )
                    .exception_id
                )
            move.integration_exception_ids |= own
        return result
