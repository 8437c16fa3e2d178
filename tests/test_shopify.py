# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""A shop's customers and its payments' balance are booked, and nothing of another shop (S3)."""

import json
from pathlib import Path

from odoo.exceptions import UserError
from odoo.tests import tagged

from ..connectors import shopify
from .common import IntegrationCommon

FIXTURES = Path(shopify.__file__).parent / "fixtures"
SHOP = "anna.myshopify.com"


@tagged("post_install", "-at_install")
class TestShopify(IntegrationCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.shop = cls._connection("shopify", "Anna's shop")
        cls._secret(cls.shop, "inbound_signature", "shpss_tests")
        cls.shop.outside_account = SHOP
        cls.shop.action_activate()

    def send(self, *names, shop=SHOP):
        """Bring the deliveries of these fixtures in and work them off; returns their messages, in order."""
        found = []
        for name in names:
            body = (FIXTURES / name / "request.json").read_bytes()
            headers = json.loads((FIXTURES / name / "headers.json").read_text(encoding="utf-8"))
            told = {key: shop if key.endswith("shop-domain") else value for key, value in headers.items()}
            found.append(self.accept(self.shop, body, told))
        self.drain(self.shop)
        return found

    def test_without_its_shop_a_connection_does_not_start(self):
        self.shop.action_pause()
        self.shop.outside_account = False
        with self.assertRaises(UserError):
            self.shop.action_activate()

    def test_a_delivery_for_another_shop_is_not_taken(self):
        [(_verdict, message)] = self.send("customer_created", shop="evil.myshopify.com")
        self.assertEqual((message.status, message.error_code), ("parked", "wrong_account"))
        self.assertFalse(self.env["integration.binding"].search([("connection_id", "=", self.shop.id)]))

    def test_customers_become_partners_once(self):
        sent = self.send("customer_created", "customer_created")
        self.assertEqual([verdict for verdict, _message in sent], ["new", "duplicate"])
        self.assertEqual(sent[0][1].status, "done")
        binding = self.env["integration.binding"].search(
            [("connection_id", "=", self.shop.id), ("kind", "=", "customer")]
        )
        self.assertEqual(self.env["res.partner"].browse(binding.res_id).name, "Annas Bakery")

    def test_the_balance_of_shopify_payments_is_booked_line_by_line(self):
        told = json.loads((FIXTURES / "pull_balance" / "pull.json").read_text(encoding="utf-8"))["answer"][
            "body"
        ]
        nodes = told["data"]["shopifyPaymentsAccount"]["balanceTransactions"]["nodes"]
        connector = self.shop._connector()
        connection = self.shop.with_env(self.root)
        lines = [
            {**json.loads(json.dumps(node).replace('"EUR"', '"USD"')), "object": "balance_transaction"}
            for node in nodes
            if "JPY" not in json.dumps(node)
        ]
        for body in lines:
            self.root["integration.ingest"]._accept(
                connection._pull_facts(),
                connector.read_envelope(body, {}),
                json.dumps(body).encode(),
                {},
                "pull",
                origin="pull",
            )
        self.drain(self.shop)
        movements = self.env["integration.movement"].search([("connection_id", "=", self.shop.id)])
        self.assertEqual(len(movements), 19)
        account = self.shop.balance_account_ids.journal_id.default_account_id
        booked = self.env["account.move.line"].search(
            [("account_id", "=", account.id), ("parent_state", "=", "posted")]
        )
        self.assertAlmostEqual(sum(booked.mapped("balance")), 118.50, 2)  # all but the test line of 9.00
