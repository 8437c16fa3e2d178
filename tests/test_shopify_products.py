# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""A shop's products in Odoo: one per variant, judged like those of every other system (S3, O3)."""

import json

from .shop_common import SHOP, ShopCommon


class TestShopifyProducts(ShopCommon):
    def tell(self, variants, topic="products/update", second=0, **facts):
        body = {
            "id": 632910392,
            "title": "Shirt",
            "status": "active",
            "updated_at": f"2026-03-02T10:00:{second:02d}-05:00",
            "variants": variants,
            **facts,
        }
        headers = {"x-shopify-topic": topic, "x-shopify-shop-domain": SHOP}
        _verdict, message = self.accept(self.shop, json.dumps(body).encode(), headers)
        self.drain(self.shop)
        return message

    def variant(self, variant_id, title, sku=None, barcode=None):
        return {"id": variant_id, "title": title, "sku": sku, "barcode": barcode, "price": "19.90"}

    def test_each_variant_is_a_product_and_is_known_again(self):
        variants = [self.variant(1, "S", "SHIRT-S", "4006381333931"), self.variant(2, "L", "SHIRT-L")]
        message = self.tell(variants)
        self.assert_done(message)
        products = self.became(message, "product.product")
        self.assertEqual(sorted(products.mapped("name")), ["Shirt – L", "Shirt – S"])
        self.assertEqual(len(products.product_tmpl_id), 2)
        self.assertEqual(set(products.mapped("lst_price")), {1.0}, "the event does not say its currency")
        count = self.env["product.product"].search_count([])
        again = self.tell(variants, second=5, title="Blouse")
        self.assert_done(again)
        self.assertEqual(self.env["product.product"].search_count([]), count)
        # Odoo owns products as shipped: the new name stands beside the one that counts.
        self.assertEqual(sorted(products.mapped("name")), ["Shirt – L", "Shirt – S"])
        proposals = self.env["integration.proposed.value"].search(
            [("connection_id", "=", self.shop.id), ("state", "=", "open")]
        )
        self.assertEqual(sorted(proposals.mapped("their_text")), ["Blouse – L", "Blouse – S"])
        self.assertEqual(len(self.exceptions("value_kept_out")), 1)

    def test_one_uncertain_variant_stops_the_whole_event_until_a_person_has_decided(self):
        for name in ("One", "Two"):
            self.env["product.product"].create({"name": name, "default_code": "SHIRT-L"})
        count = self.env["product.product"].search_count([])
        message = self.tell([self.variant(1, "S", "SHIRT-S"), self.variant(2, "L", "SHIRT-L")])
        self.assertEqual((message.status, message.error_code), ("parked", "product_uncertain"))
        self.assertEqual(self.env["product.product"].search_count([]), count)
        exception = self.exceptions("product_uncertain")
        self.assertEqual(exception.params["object_id"], "2")
        exception.fix_product_id = self.env["product.product"].search([("name", "=", "Two")], limit=1)
        exception.action_choose_product()
        self.drain(self.shop)
        self.assertEqual((message.status, exception.state), ("done", "resolved"))
        self.assertEqual(self.env["product.product"].search_count([]), count + 1)

    def test_a_deleted_product_is_recorded_and_nothing_else(self):
        products = self.became(self.tell([self.variant(1, "Default Title", "CUP")]), "product.product")
        headers = {"x-shopify-topic": "products/delete", "x-shopify-shop-domain": SHOP}
        _verdict, message = self.accept(self.shop, b'{"id": 632910392}', headers)
        self.drain(self.shop)
        self.assertEqual(message.status, "done")
        self.assertTrue(products.active)
