# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
from odoo import api, fields, models, tools

from ...engine import order_progress


class IntegrationShopOrder(models.Model):
    """An order of a shop as it stands, and how far it has come (O4). By itself it books nothing (policy F10)."""

    _name = "integration.shop.order"
    _description = "Order of a shop"
    _order = "ordered_at desc, id desc"
    _rec_name = "number"
    _check_company_auto = True

    connection_id = fields.Many2one(
        "integration.connection", required=True, readonly=True, ondelete="restrict"
    )
    company_id = fields.Many2one(related="connection_id.company_id", store=True, index=True)
    outside_id = fields.Char(required=True, readonly=True, string="Id in the shop")
    number = fields.Char(required=True, readonly=True)
    ordered_at = fields.Datetime(readonly=True, required=True)
    partner_id = fields.Many2one("res.partner", readonly=True, string="Customer", ondelete="restrict")
    currency_id = fields.Many2one("res.currency", required=True, readonly=True)
    taxes_included = fields.Boolean(readonly=True, string="Prices include taxes")
    state = fields.Selection(
        [("open", "Open"), ("cancelled", "Cancelled")], required=True, readonly=True, default="open"
    )
    payment_status = fields.Char(readonly=True, help="As the shop calls it.")
    fulfilment_status = fields.Char(readonly=True, help="As the shop calls it.")
    paid_with = fields.Char(readonly=True, string="Gateways")
    channel = fields.Char(readonly=True)
    tax_country = fields.Char(readonly=True)
    amount_net = fields.Monetary(readonly=True, string="Before taxes")
    amount_tax = fields.Monetary(readonly=True, string="Taxes")
    amount_total = fields.Monetary(readonly=True, string="Total")
    to_deliver = fields.Boolean(readonly=True, help="Something of it is still to be handed over.")
    invoiced = fields.Boolean(readonly=True, help="Something of it is invoiced.")
    content_digest = fields.Char(readonly=True)
    message_id = fields.Many2one(
        "integration.message", readonly=True, ondelete="set null", index="btree_not_null"
    )
    line_ids = fields.One2many("integration.shop.order.line", "order_id", readonly=True)
    step_ids = fields.One2many("integration.shop.step", "order_id", readonly=True, string="What happened")

    _outside_unique = models.UniqueIndex("(connection_id, outside_id)")
    _number_idx = models.Index("(company_id, number)")

    @api.model_create_multi
    def create(self, vals_list):
        orders = super().create(vals_list)
        if not all(self._are_there(company.id) for company in orders.company_id):
            self.env.registry.clear_cache()
        return orders

    @api.model
    @tools.ormcache("company_id")
    def _are_there(self, company_id):
        """Whether a company has orders of a shop at all: most have none, and are asked nothing for each payment."""
        return bool(self.sudo().search_count([("company_id", "=", company_id)], limit=1))

    @api.model
    def _find(self, connection, outside_ids):
        """Return {id in the shop: order} of one connection."""
        orders = self.search(
            [("connection_id", "=", connection.id), ("outside_id", "in", sorted(set(outside_ids)))]
        )
        return {order.outside_id: order for order in orders}

    @api.model
    def _is_from_before(self, connection, outside_id):
        """Whether an order was told, and not kept as one because it is older than the start of its flow (E14)."""
        domain = [
            ("connection_id", "=", connection.id),
            ("direction", "=", "in"),
            ("object_key", "=", f"order:{outside_id}"[:255]),
            ("kept_as", "in", ("before_start", "reference")),
        ]
        return bool(self.env["integration.message"].sudo().search_count(domain, limit=1))

    @api.model
    def _named(self, connection, values):
        """Return {number or id: order} for what references name; the connection's own shop goes first.

        A number that several other shops of the company use names nothing.
        """
        values = sorted({value for value in values if value})
        if not values or not self._are_there(connection.company_id.id):
            return {}
        orders = self.search(
            [
                ("company_id", "=", connection.company_id.id),
                "|",
                ("number", "in", values),
                ("outside_id", "in", values),
            ]
        )
        found = {}
        for own in (True, False):
            names = {}
            for order in orders.filtered(lambda row, own=own: (row.connection_id == connection) is own):
                for name in {order.number, order.outside_id} & set(values):
                    names[name] = names.get(name, self.browse()) | order
            for name, matches in names.items():
                if len(matches) == 1:
                    found.setdefault(name, matches)
        return found

    def _lines(self):
        """Return the lines as the engine knows them."""
        self.ensure_one()
        return [order_progress.read(line.facts) for line in self.line_ids]

    def _keep_lines(self, lines):
        """Write down how far the lines have come."""
        self.ensure_one()
        known = {line.outside_id: line for line in self.line_ids}
        new = []
        for line in lines:
            values = self.env["integration.shop.order.line"]._values(line)
            if line.line_id in known:
                if known[line.line_id].facts != values["facts"]:
                    known[line.line_id].write(values)
            else:
                new.append({"order_id": self.id, **values})
        created = self.env["integration.shop.order.line"].create(new)
        self.write(
            {
                "to_deliver": self.state == "open" and not order_progress.is_complete(lines),
                "invoiced": order_progress.is_invoiced(lines),
            }
        )
        return created

    def _documents(self):
        """Return the posted invoices and credit notes of these orders, those over advances too."""
        return self.step_ids.move_ids.filtered(lambda move: move.state == "posted" and move.is_invoice())

    def _advances(self):
        """Return the posted advance invoices of these orders, newest first."""
        steps = self.step_ids.filtered(lambda step: step.kind == "advance")
        return (steps.move_ids & self._documents()).sorted("id", reverse=True)

    def _final_invoices(self):
        """Return the posted invoices over what was handed over, oldest first."""
        invoices = self._documents().filtered(lambda move: move.move_type == "out_invoice")
        return (invoices - self._advances()).sorted("id")

    def _bears_vat_when_paid(self):
        """Whether what is paid before it is handed over gets an advance invoice."""
        self.ensure_one()
        countries = self.connection_id.prepayment_vat_country_ids.mapped("code")
        return self.booking == "each" and bool(self.tax_country) and self.tax_country in countries


class IntegrationShopOrderLine(models.Model):
    """A line of an order: what was ordered of it, and what of that is invoiced and credited."""

    _name = "integration.shop.order.line"
    _description = "Line of an order of a shop"
    _order = "order_id, id"
    _rec_name = "description"

    order_id = fields.Many2one("integration.shop.order", required=True, ondelete="cascade", index=True)
    company_id = fields.Many2one(related="order_id.company_id", store=True, index=True)
    currency_id = fields.Many2one(related="order_id.currency_id")
    outside_id = fields.Char(required=True, readonly=True, string="Id in the shop")
    kind = fields.Selection(
        [
            ("product", "Goods or services"),
            ("gift_card", "Gift card"),
            ("shipping", "Shipping"),
            ("tip", "Tip"),
            ("duty", "Import duty"),
            ("rounding", "Rounding"),
        ],
        readonly=True,
        required=True,
    )
    description = fields.Char(readonly=True)
    product = fields.Char(readonly=True, string="Article number")
    quantity = fields.Float(readonly=True, digits=0, string="Ordered")
    invoiced_quantity = fields.Float(readonly=True, digits=0, string="Invoiced")
    credited_quantity = fields.Float(readonly=True, digits=0, string="Credited")
    amount_net = fields.Monetary(readonly=True, string="Before taxes")
    amount_tax = fields.Monetary(readonly=True, string="Taxes")
    advanced_gross = fields.Monetary(
        readonly=True,
        string="Paid in advance, invoiced",
        help="Advance invoices over it that no final invoice has deducted yet, taxes included.",
    )
    invoiced_net = fields.Monetary(readonly=True, string="Invoiced before taxes")
    credited_net = fields.Monetary(readonly=True, string="Credited before taxes")
    # The exact amounts, as engine.order_progress keeps them; the fields above show them.
    facts = fields.Json(readonly=True, required=True)

    _outside_unique = models.UniqueIndex("(order_id, outside_id)")

    @api.model
    def _values(self, line):
        """Return the values of a line of ``engine.order_progress``."""
        return {
            "outside_id": line.line_id,
            "kind": line.kind,
            "description": line.description,
            "product": line.product,
            "quantity": float(line.whole.quantity),
            "invoiced_quantity": float(line.invoiced.quantity),
            "credited_quantity": float(line.credited.quantity),
            "amount_net": float(line.whole.net),
            "amount_tax": float(line.whole.tax),
            "advanced_gross": float(line.advanced.net + line.advanced.tax),
            "invoiced_net": float(line.invoiced.net),
            "credited_net": float(line.credited.net),
            "facts": order_progress.kept(line),
        }
