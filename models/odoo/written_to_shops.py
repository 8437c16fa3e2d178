# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Where changes of Odoo's own records become what a shop shall hold: products, prices, what is paid (S3)."""

from odoo import api, models


class AccountPartialReconcile(models.Model):
    _inherit = "account.partial.reconcile"

    @api.model_create_multi
    def create(self, vals_list):
        partials = super().create(vals_list)
        partials._integration_tell_shops()
        return partials

    def unlink(self):
        self._integration_tell_shops()
        return super().unlink()

    def _integration_tell_shops(self):
        """Have the orders looked at whose invoices and credit notes are matched here, or taken apart."""
        shops = self.env["integration.connection"]._written_shops("order")
        if not shops:
            return
        moves = (self.debit_move_id | self.credit_move_id).move_id
        documents = moves.filtered(
            lambda move: (
                move.move_type in ("out_invoice", "out_refund") and move.integration_connection_id.id in shops
            )
        )
        if documents:
            self.env["integration.event"]._later("_write_moves_to_shops", documents.ids)


class ProductProduct(models.Model):
    _inherit = "product.product"

    def _integration_tell(self):
        result = super()._integration_tell()
        if self.ids and self.env["integration.connection"]._written_shops("product"):
            self.env["integration.event"]._later("_write_products_to_shops", self.ids)
        return result

    def unlink(self):
        ids = self.ids
        result = super().unlink()
        self.env["integration.event"]._unwrite_products(ids)
        return result


class ProductPricelistItem(models.Model):
    _inherit = "product.pricelist.item"

    @api.model_create_multi
    def create(self, vals_list):
        items = super().create(vals_list)
        items.pricelist_id._integration_tell_shops()
        return items

    def write(self, vals):
        lists = self.pricelist_id
        result = super().write(vals)
        (lists | self.pricelist_id)._integration_tell_shops()
        return result

    def unlink(self):
        lists = self.pricelist_id
        result = super().unlink()
        lists._integration_tell_shops()
        return result


class ProductPricelist(models.Model):
    _inherit = "product.pricelist"

    def _integration_tell_shops(self):
        """Have the shops compared whose prices these are: a rule may concern any product."""
        shops = self.env["integration.connection"]._written_shops("product")
        connections = self.env["integration.connection"].sudo().browse(shops)
        if connections.shop_pricelist_id:
            concerned = self._integration_with_lists_built_on()
            connections.filtered(lambda row: row.shop_pricelist_id in concerned)._compare_products_soon()

    def _integration_with_lists_built_on(self):
        """Return these lists and those whose rules start from one of their prices, over any number of steps."""
        found = new = self.sudo()
        while new:
            groups = (
                self.env["product.pricelist.item"]
                .sudo()
                .with_context(active_test=False)
                ._read_group(
                    [("base", "=", "pricelist"), ("base_pricelist_id", "in", new.ids)], ["pricelist_id"]
                )
            )
            new = new.union(*(pricelist for (pricelist,) in groups)) - found
            found |= new
        return found
