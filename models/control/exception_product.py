# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Exceptions about which product an outside one is: a person says it once, and what waits goes on (M3, X2)."""

from odoo import api, fields, models
from odoo.exceptions import UserError

QUESTIONS = ("product_uncertain", "product_archived")
MAX_EXCEPTIONS = 1000


class IntegrationException(models.Model):
    _inherit = "integration.exception"

    fix_product_id = fields.Many2one(
        "product.product", string="Product", help="Which product of Odoo this is."
    )
    new_product = fields.Char(
        readonly=True,
        copy=False,
        index="btree_not_null",
        string="New product",
        help="The outside id of the product of which a person has said that it is a new one.",
    )

    @api.model
    def _said_new_products(self, connection, outside_ids):
        """Return those outside ids of which a person has said that they are products of their own."""
        said = self.sudo().search_fetch(
            [("connection_id", "=", connection.id), ("new_product", "in", list(outside_ids))], ["new_product"]
        )
        return set(said.mapped("new_product"))

    @api.model
    def _let_product_go(self, connection, code):
        """Let the events go on that named this number of a product before the product was there."""
        if self.env.context.get("integration_rehearsal"):
            return
        waiting = self.sudo().search(
            [
                ("connection_id", "=", connection.id),
                ("code", "=", "mapping_missing"),
                ("state", "=", "open"),
            ],
            limit=MAX_EXCEPTIONS,
        )
        meant = waiting.filtered(
            lambda row: (
                (row.params or {}).get("code") == "product" and (row.params or {}).get("value") == code
            )
        )
        meant.message_ids_held._requeue("message.product_known")

    def _asked_product(self):
        """Return the outside id of the product about which this exception asks.

        :raises UserError: it asks about none.
        """
        self.ensure_one()
        self.check_access("write")
        outside_id = (self.params or {}).get("object_id")
        if self.state != "open" or self.code not in QUESTIONS or not outside_id:
            raise UserError(self.env._("It is not asked here which product something is."))
        return str(outside_id)

    def action_choose_product(self):
        """Button: the outside product is this one of Odoo; later events of it need nobody."""
        outside_id, product = self._asked_product(), self.fix_product_id
        if not product:
            raise UserError(self.env._("Choose the product first."))
        product.check_access("read")
        if product.company_id and product.company_id != self.company_id:
            raise UserError(self.env._("%s belongs to another company.", product.display_name))
        Binding = self.env["integration.binding"]
        connection = self.connection_id
        if not Binding._find(connection, "product", [outside_id]):
            leads = product.id not in Binding._known_of(connection, "product", product)
            Binding._bind(connection, "product", [(outside_id, product, 0, None)])
            # Of two ids of one system one leads: they would take turns in overwriting each other.
            Binding._find(connection, "product", [outside_id])[outside_id].is_second = not leads
        self.env["integration.audit.leaf"]._record_change(
            self, "exception.choose_product", f"product.product,{product.id}"
        )
        return self.action_try_again()

    def action_new_product(self):
        """Button: the outside product is none of those that are here; it is made, and asked about no more."""
        outside_id = self._asked_product()
        self.sudo().new_product = outside_id
        self.env["integration.audit.leaf"]._record_change(self, "exception.new_product", outside_id)
        return self.action_try_again()

    def action_open_product(self):
        """Button: open the product that it could be, to take it out of the archive, for example."""
        return self._open_party("product.product", "product_id")
