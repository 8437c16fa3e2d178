# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Gateways of a shop whose money no connection tells (policy F7): said once how it comes into the books."""

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools.misc import formatLang

from ...engine.order_gateway import gateway_key

CODE = "gateway_not_covered"
MAX_ORDERS = 500


class IntegrationShopGateway(models.Model):
    """A gateway that the hub does not know: who tells its money is said by a person, once, for all of its orders."""

    _name = "integration.shop.gateway"
    _description = "Gateway of a shop"
    _order = "connection_id, name"
    _check_company_auto = True

    connection_id = fields.Many2one(
        "integration.connection", required=True, readonly=True, ondelete="cascade", string="Shop"
    )
    company_id = fields.Many2one(related="connection_id.company_id", store=True, index=True)
    key = fields.Char(required=True, readonly=True)
    name = fields.Char(required=True, readonly=True, string="Gateway", help="As the shop calls it.")
    way = fields.Selection(
        [
            ("unknown", "Nobody has said it yet"),
            ("bank", "The bank statement brings it"),
            ("hand", "Somebody books it by hand"),
        ],
        required=True,
        default="unknown",
        string="Its money",
        help="How the money of this gateway comes into the books. Until then the invoices stay open. A gateway with a "
        "ledger of its own is connected instead: that settles it, too.",
    )
    order_count = fields.Integer(compute="_compute_orders", string="Orders")
    amount_text = fields.Char(compute="_compute_orders", string="Paid through it")
    order_ids = fields.Many2many("integration.shop.order", compute="_compute_orders", string="Paid orders")

    _key_unique = models.UniqueIndex("(connection_id, key)")

    def _compute_orders(self):
        for gateway in self:
            steps = self.env["integration.shop.step"].search(
                gateway._steps_domain(), limit=MAX_ORDERS, order="id desc"
            )
            sums = self.env["integration.shop.step"]._read_group(
                gateway._steps_domain(), ["order_id"], ["amount:sum"]
            )
            amounts = {}
            for order, amount in sums:
                amounts[order.currency_id] = amounts.get(order.currency_id, 0.0) + amount
            gateway.order_ids = steps.order_id
            gateway.order_count = len(sums)
            gateway.amount_text = " · ".join(
                formatLang(self.env, amount, currency_obj=currency) for currency, amount in amounts.items()
            )

    def _steps_domain(self):
        return [
            ("connection_id", "=", self.connection_id.id),
            ("kind", "=", "payment"),
            ("state", "=", "success"),
            ("type", "in", ("sale", "capture")),
            ("gateway_key", "=", self.key),
        ]

    @api.model
    def _ways(self, connection):
        """Return {key: way} of the gateways of a shop that were met."""
        return {row.key: row.way for row in self.search([("connection_id", "=", connection.id)])}

    @api.model
    def _met(self, connection, name):
        """Remember a gateway whose money nobody tells; returns it."""
        key = gateway_key(name)
        found = self.search([("connection_id", "=", connection.id), ("key", "=", key)])
        return found or self.create({"connection_id": connection.id, "key": key, "name": name})

    def write(self, vals):
        if vals.get("way") == "unknown":
            raise UserError(self.env._("Say how the money of this gateway comes into the books."))
        result = super().write(vals)
        if "way" in vals:
            self._settle()
        return result

    def _settle(self, note=None):
        """Close the exceptions of gateways about which it is known now who tells their money."""
        ways = dict(self._fields["way"]._description_selection(self.env))
        for gateway in self:
            self.env["integration.exception"]._settle_cause(
                gateway.connection_id,
                CODE,
                f"gateway {gateway.key}",
                note or f"{gateway.name}: {ways[gateway.way]}",
            )

    @api.model
    def _connected(self, connections):
        """Close what a connection settles that tells the money from now on."""
        payments = self.env["integration.posting.order_payment"].sudo()
        gateways = self.sudo().search(
            [("company_id", "in", connections.company_id.ids), ("way", "=", "unknown")]
        )
        for gateway in gateways:
            if payments._is_covered(gateway.connection_id, gateway.key):
                gateway._settle(self.env._("%s is connected.", gateway.name))


class IntegrationShopStep(models.Model):
    _inherit = "integration.shop.step"

    gateway_key = fields.Char(
        compute="_compute_gateway_key", store=True, index="btree_not_null", help="The gateway in one form."
    )

    @api.depends("gateway")
    def _compute_gateway_key(self):
        for step in self:
            step.gateway_key = gateway_key(step.gateway) if step.gateway else False


class IntegrationConnection(models.Model):
    _inherit = "integration.connection"

    def action_activate(self):
        result = super().action_activate()
        self.env["integration.shop.gateway"]._connected(self)
        return result


class IntegrationException(models.Model):
    _inherit = "integration.exception"

    def _gateways(self):
        """Return the gateways that these exceptions are about."""
        found = self.env["integration.shop.gateway"]
        for exception in self.filtered(lambda row: row.code == CODE):
            key = (exception.cause or "").removeprefix("gateway ")
            found |= found.search([("connection_id", "=", exception.connection_id.id), ("key", "=", key)])
        return found

    def action_open_gateway(self):
        """Button: open the gateway with all of its orders, to say how its money comes into the books."""
        self.ensure_one()
        gateway = self._gateways()[:1]
        if not gateway:
            raise UserError(
                self.env._("The shop has not named an order of this gateway yet. Try again later.")
            )
        return {
            "type": "ir.actions.act_window",
            "name": gateway.name,
            "res_model": gateway._name,
            "res_id": gateway.id,
            "views": [(False, "form")],
        }

    def action_mark_resolved(self):
        if self._gateways().filtered(lambda row: row.way == "unknown"):
            raise UserError(
                self.env._(
                    "Say first how the money of this gateway comes into the books: the next order asks again."
                )
            )
        return super().action_mark_resolved()
