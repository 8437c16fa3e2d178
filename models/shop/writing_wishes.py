# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""What a shop shall hold, seen from Odoo's records: chosen per connection and field, and only what Odoo owns (M1)."""

from decimal import Decimal

from odoo import SUPERUSER_ID, api, fields, models, tools
from odoo.exceptions import UserError

from ...engine import shop_writing
from ...engine.errors import ContractError
from ...engine.money import plain
from ...engine.ownership import ODOO
from ..messaging.lane import CHANNEL

# Odoo keeps prices as floating numbers; so many decimals are more than any price list states.
PRICE_DECIMALS = 6
PORTION = 500


class IntegrationConnection(models.Model):
    _inherit = "integration.connection"

    shop_writes = fields.Selection(
        [
            ("off", "Nothing"),
            ("dry", "Nothing: only compare, and show what would be written"),
            ("on", "What is chosen below"),
        ],
        string="Written to the shop",
        required=True,
        default="off",
        tracking=True,
        help="Begin with comparing: the list under Money, Written to shops then shows each difference.",
    )
    shop_writes_name = fields.Boolean(
        string="Names of products", tracking=True, help="The product's name becomes the title in the shop."
    )
    shop_writes_price = fields.Boolean(
        string="Prices",
        tracking=True,
        help="The sales price, or that of the price list, becomes the price of the variant with the same article "
        "number (internal reference).",
    )
    shop_pricelist_id = fields.Many2one(
        "product.pricelist",
        string="Price list of the shop",
        check_company=True,
        tracking=True,
        help="Its prices are written as they stand: it has to be in the shop's currency, and to include taxes where "
        "the shop's prices do. Empty = the sales price. A price that begins or ends at a time is written within the "
        "hour, one that follows from the cost with each change of the cost.",
    )
    shop_creates_products = fields.Boolean(
        string="Make missing products",
        tracking=True,
        help="A product with an article number that the shop does not have is made there as a draft, for a person at "
        "the shop to complete.",
    )
    shop_writes_tags = fields.Boolean(
        string="Tags of orders",
        tracking=True,
        help="Tags that begin with odoo- say whether an order is invoiced, paid or credited. Other tags stay as they "
        "are. For orders with an invoice each.",
    )
    can_write_records = fields.Boolean(compute="_compute_can_write_records")
    shop_writes_note = fields.Text(compute="_compute_shop_writes_note")

    @api.depends("connector")
    def _compute_can_write_records(self):
        for connection in self:
            connection.can_write_records = bool(connection.connector and connection._spec().writes_records)

    @api.depends("shop_writes", "shop_writes_name", "shop_writes_price")
    def _compute_shop_writes_note(self):
        for connection in self:
            lines = []
            for field, chosen in (("name", "shop_writes_name"), ("price", "shop_writes_price")):
                if connection[chosen] and not connection._owns_for_shop(field):
                    _rule, owners = self._shop_owner(connection, field)
                    lines.append(
                        self.env._(
                            "%(what)s: not written, since another system owns it (%(owner)s).",
                            what=self._fields[chosen]._description_string(self.env),
                            owner=self.env["integration.ownership"]._say_owners(owners),
                        )
                    )
            connection.shop_writes_note = "\n".join(lines)

    @api.model
    def _shop_owner(self, connection, field):
        return (
            self.env["integration.ownership"]
            .sudo()
            ._owner_of(connection.company_id, "product", field, connection)
        )

    def _owns_for_shop(self, field):
        """Whether Odoo owns a field of products, so that it may be written."""
        return ODOO in self._shop_owner(self, field)[1]

    def write(self, vals):
        turned_on = vals.get("shop_writes") == "on"
        was_dry = self.filtered(lambda row: row.shop_writes == "dry") if turned_on else self.browse()
        result = super().write(vals)
        if was_dry:
            rows = self.env["integration.shop.writing"].sudo()
            shown = rows.search(
                [("connection_id", "in", was_dry.ids), ("state", "=", "shown")], limit=10 * PORTION
            )
            shown.write({"state": "to_send", "due_at": False, "tries": 0})
            shown._send_soon()
        return result

    @api.model
    @tools.ormcache("subject")
    def _written_shops(self, subject):
        """Return the ids of the connections to which something of products or orders is written."""
        chosen = {
            "product": ["|", ("shop_writes_name", "=", True), ("shop_writes_price", "=", True)],
            "order": [("shop_writes_tags", "=", True)],
        }[subject]
        domain = [("shop_writes", "!=", "off"), ("state", "in", ("active", "paused")), *chosen]
        found = self.sudo().search(domain, order="id")
        return tuple(found.filtered(lambda row: subject in row._spec().writes_records).ids)

    def action_compare_products(self):
        """Button: compare all products that are sold with the shop.

        :raises UserError: nothing of products is written to this shop.
        """
        self.ensure_one()
        self.check_access("read")
        if self.id not in self._written_shops("product"):
            raise UserError(
                self.env._("Activate the connection, and choose what of products is written to the shop.")
            )
        self._compare_products_soon(again=True)
        return True

    def _compare_products_soon(self, again=False):
        """Queue the job that compares the products that are sold."""
        for connection in self.with_user(SUPERUSER_ID):
            connection.with_delay(
                channel=CHANNEL,
                priority=12,
                identity_key=f"finance_integration.compare_products.{connection.id}.{again}",
            )._compare_products(0, again)

    def _compare_products(self, after_id, again=False):
        """Job: want a portion of the products that are sold, and go on with the next; returns how many.

        :param again: compare with the shop also what is as it was.
        """
        self.ensure_one()
        products = self.env["product.product"].sudo()
        domain = [
            *products._check_company_domain(self.company_id),
            ("sale_ok", "=", True),
            ("default_code", "!=", False),
            ("id", ">", after_id),
        ]
        found = products.search(domain, order="id", limit=PORTION)
        self.sudo()._want_products(found, again)
        if len(found) == PORTION:
            whole = self.with_user(SUPERUSER_ID)
            whole.with_delay(channel=CHANNEL, priority=12)._compare_products(found[-1].id, again)
        return len(found)

    # -- wishes --------------------------------------------------------------------------------------------

    def _want_products(self, products, again=False):
        """Keep what this shop shall hold of products, as they stand."""
        self.ensure_one()
        rows = self.env["integration.shop.writing"]
        wishes = self._product_wishes(products)
        wanted = {product.id for product, *_rest in wishes}
        rows._unwant(self, "product.product", [each for each in products.ids if each not in wanted])
        rows._want(self, "product", wishes, again)

    def _product_wishes(self, products):
        """Return what this shop shall hold of products as they stand; what is not sold, or not ours, has no wish."""
        company = self.company_id
        names = {
            name for name in ("name", "price") if self[f"shop_writes_{name}"] and self._owns_for_shop(name)
        }
        if not names:
            return []
        own = products.filtered_domain(products._check_company_domain(company))
        sold = own.filtered(lambda row: row.sale_ok and row.active and row.default_code)
        lang = company.partner_id.lang
        theirs = self.with_context(lang=lang)
        sold = sold.with_company(company).with_context(lang=lang)
        return [theirs._product_wish(product, names) for product in sold]

    def _product_wish(self, product, names):
        values, problem = {"sku": product.default_code}, False
        if "name" in names:
            values["name"] = product.product_tmpl_id.name
        if "price" in names:
            price, currency, included = self._shop_price(product)
            try:
                values["price"] = shop_writing.price_text(price, currency.name)
            except shop_writing.CannotWriteError as why:
                values["price"] = plain(price)
                problem = self._price_problem(why)
            except ContractError as error:  # a currency of one's own must not keep a product from being saved
                values["price"] = plain(price)
                problem = error.sentence
            values |= {"currency": currency.name, "taxes_included": included}
        return product, product.display_name, False, values, problem

    def _shop_price(self, product):
        """Return (price as Odoo states it, currency, whether it includes taxes or None where nobody says)."""
        pricelist = self.shop_pricelist_id
        if pricelist:
            price, currency, included = (
                pricelist._get_product_price(product, 1.0),
                pricelist.currency_id,
                None,
            )
        else:
            taxes = product.taxes_id._filter_taxes_by_company(self.company_id)
            included = any(taxes.mapped("price_include")) if taxes else None
            price, currency = product.lst_price, product.currency_id
        return Decimal(f"{price:.{PRICE_DECIMALS}f}").normalize() + 0, currency, included

    def _price_problem(self, why):
        if why.reason == shop_writing.NEGATIVE:
            return self.env._("The price %(price)s %(currency)s is below zero.", **why.params)
        return self.env._(
            "%(price)s %(currency)s has more decimals than the currency. Say in the price list how it is rounded.",
            **why.params,
        )

    def _want_orders(self, orders):
        """Keep what the tags of orders shall say of their documents."""
        self.ensure_one()
        self.env["integration.shop.writing"]._want(self, "order", self._order_wishes(orders))

    def _order_wishes(self, orders):
        """Return what the tags of orders shall say of their documents as they stand."""
        if not self.shop_writes_tags:
            return []
        rows = self.env["integration.shop.writing"]
        own = orders.filtered(lambda row: row.connection_id == self and row.booking == "each")
        domain = [("connection_id", "=", self.id), ("res_model", "=", own._name), ("res_id", "in", own.ids)]
        written = set(rows.search(domain).mapped("res_id"))
        return [
            (order, order.number, order.outside_id, {"tags": list(tags)}, False)
            for order in own
            if (tags := order._status_tags()) or order.id in written
        ]


class IntegrationShopOrder(models.Model):
    _inherit = "integration.shop.order"

    def _status_tags(self):
        """Return the tags that say how far an order is invoiced, paid and credited."""
        self.ensure_one()
        exact = self.currency_id._integration_exact
        invoices = self._final_invoices()
        notes = self._documents().filtered(lambda move: move.move_type == "out_refund")
        return shop_writing.order_tags(
            invoiced=bool(invoices),
            complete=not self.to_deliver,
            total=exact(sum(invoices.mapped("amount_total"))),
            still_open=exact(sum(invoices.mapped("amount_residual"))),
            credited=exact(sum(notes.mapped("amount_total"))),
        )

    def write(self, vals):
        result = super().write(vals)
        if {"to_deliver", "invoiced", "state"} & vals.keys():
            self._integration_write_tags()
        return result

    def _integration_write_tags(self):
        shops = self.env["integration.connection"]._written_shops("order")
        if shops and (orders := self.filtered(lambda order: order.connection_id.id in shops)):
            self.env["integration.event"]._later("_write_orders_to_shops", orders.ids)


class IntegrationShopStep(models.Model):
    _inherit = "integration.shop.step"

    @api.model_create_multi
    def create(self, vals_list):
        steps = super().create(vals_list)
        steps.order_id._integration_write_tags()
        return steps

    def write(self, vals):
        result = super().write(vals)
        if "move_ids" in vals:
            self.order_id._integration_write_tags()
        return result


class IntegrationEvent(models.AbstractModel):
    _inherit = "integration.event"

    @api.model
    def _write_products_to_shops(self, ids):
        products = self.env["product.product"].with_context(active_test=False).browse(ids).exists()
        for connection in self._shops("product"):
            connection._want_products(products)

    @api.model
    def _unwrite_products(self, ids):
        for connection in self._shops("product"):
            self.env["integration.shop.writing"].sudo()._unwant(connection, "product.product", ids)

    @api.model
    def _write_orders_to_shops(self, ids):
        orders = self.env["integration.shop.order"].browse(ids).exists()
        for connection in self._shops("order"):
            connection._want_orders(orders)

    @api.model
    def _write_moves_to_shops(self, ids):
        steps = self.env["integration.shop.step"].search([("move_ids", "in", ids)])
        self._write_orders_to_shops(steps.order_id.ids)

    def _shops(self, subject):
        connections = self.env["integration.connection"]
        return connections.sudo().browse(connections._written_shops(subject)).exists()
