# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Prices that change without anybody changing them: rules of price lists begin and end, costs move (S3).

Rules begin and end at an instant, which is midnight in the time zone of whoever entered it; an hourly look finds each
within the hour, in whatever time zone the company is. It keeps up to when it has looked, so that nothing is left out
after a standstill, and sends nothing itself: it queues the job that compares what the shop shall hold with what was
wanted before. What is as it was is not written again.
"""

from odoo import api, fields, models


class IntegrationConnection(models.Model):
    _inherit = "integration.connection"

    shop_prices_seen_at = fields.Datetime(string="Rules of prices looked at until", readonly=True, copy=False)

    @api.model
    def _cron_names(self):
        return (*super()._cron_names(), "cron_shop_prices")

    @api.model
    def _cron_begin_prices(self):
        """Have the products of those shops compared in whose price lists a rule has begun or ended since the last look.

        The first look at a shop compares all: nobody knows what began before it.
        """
        now = fields.Datetime.now()
        for connection in self.sudo().browse(self._written_shops("product")):
            seen = connection.shop_prices_seen_at
            if connection.shop_writes_price and (not seen or connection._prices_changed_between(seen, now)):
                connection._compare_products_soon()
            connection.shop_prices_seen_at = now

    def _prices_changed_between(self, seen, now):
        """Whether a rule of this shop's price list, or of one on which it is built, begins or ends after ``seen`` and
        until ``now``. A rule holds still at the instant that is its end.
        """
        lists = self.shop_pricelist_id._integration_lists_it_is_built_on()
        domain = [
            ("pricelist_id", "in", lists.ids),
            "|",
            "&",
            ("date_start", ">", seen),
            ("date_start", "<=", now),
            "&",
            ("date_end", ">=", seen),
            ("date_end", "<", now),
        ]
        return bool(lists and self.env["product.pricelist.item"].sudo().search_count(domain, limit=1))

    @api.model
    def _shops_priced_by_cost(self):
        """Return the shops whose price list starts from the cost of products, over any number of steps."""
        connections = self.sudo().browse(self._written_shops("product")).filtered("shop_writes_price")
        found = self.browse()
        for connection in connections.filtered("shop_pricelist_id"):
            lists = connection.shop_pricelist_id._integration_lists_it_is_built_on()
            domain = [("pricelist_id", "in", lists.ids), ("base", "=", "standard_price")]
            if self.env["product.pricelist.item"].sudo().search_count(domain, limit=1):
                found |= connection
        return found


class ProductPricelist(models.Model):
    _inherit = "product.pricelist"

    def _integration_lists_it_is_built_on(self):
        """Return these lists and those from whose prices their rules start, over any number of steps."""
        found = new = self.sudo()
        while new:
            rows = (
                self.env["product.pricelist.item"]
                .sudo()
                ._read_group(
                    [("base", "=", "pricelist"), ("pricelist_id", "in", new.ids)], ["base_pricelist_id"]
                )
            )
            new = new.union(*(pricelist for (pricelist,) in rows)) - found
            found |= new
        return found


class ProductProduct(models.Model):
    _inherit = "product.product"

    def write(self, vals):
        result = super().write(vals)
        if (
            "standard_price" in vals
            and self.ids
            and self.env["integration.connection"]._shops_priced_by_cost()
        ):
            self.env["integration.event"]._later("_write_products_to_shops", self.ids)
        return result
