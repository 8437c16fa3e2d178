# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""A shop for the Odoo tests: its deliveries and the lines of its balance, written as Shopify writes them."""

import json
from decimal import Decimal

from .common import IntegrationCommon

SHOP = "anna.myshopify.com"
SECOND = "2026-03-{day:02d}T10:00:{second:02d}-05:00"


def tax(amount, title="VAT 20 %", rate="0.2", **facts):
    return {"title": title, "price": amount, "rate": float(rate), **facts}


def item(item_id, price, quantity=1, taxes=(), **facts):
    return {
        "id": item_id,
        "title": f"Article {item_id}",
        "sku": None,
        "quantity": quantity,
        "current_quantity": quantity,
        "price": price,
        "gift_card": False,
        "tax_lines": list(taxes),
        "discount_allocations": [],
        "duties": [],
        **facts,
    }


def shipping(price, taxes=(), **facts):
    return {
        "id": 900,
        "title": "Standard",
        "price": price,
        "tax_lines": list(taxes),
        "discount_allocations": [],
        **facts,
    }


class ShopCommon(IntegrationCommon):
    """One active shop in US dollars with its balance, its accounts and one mapped tax of 20 %."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.shop = cls._connection("shopify", "Anna's shop")
        cls._secret(cls.shop, "inbound_signature", "shpss_tests")
        cls.shop.outside_account = SHOP
        cls.shop.action_activate()
        cls.tax20 = cls.env["account.tax"].create(
            {"name": "Output tax 20 %", "amount": 20.0, "type_tax_use": "sale", "company_id": cls.company.id}
        )
        lines = cls.tax20.invoice_repartition_line_ids | cls.tax20.refund_repartition_line_ids
        taxed = lines.filtered(lambda line: line.repartition_type == "tax")
        taxed.account_id = cls.company_data["default_account_tax_sale"]
        cls.map_tax("VAT 20 %")
        cls.cash = cls.shop.balance_account_ids.journal_id.default_account_id
        cls.income = cls.shop.issued_journal_id.default_account_id

    @classmethod
    def map_tax(cls, code, target=None):
        cls.env["integration.mapping"].create(
            {
                "connection_id": cls.shop.id,
                "mapping": "tax",
                "outside_value": code,
                "tax_id": (target or cls.tax20).id,
            }
        )

    def setUp(self):
        super().setUp()
        self._second = 0
        self._line = 0

    def at(self, day=2):
        """Return an instant later than the one before: versions are seconds."""
        self._second += 1
        return SECOND.format(day=day, second=self._second % 60)

    # -- what the shop sends -------------------------------------------------------------------------------

    def order(self, items, order_id=1001, lines=None, day=2, **facts):
        at = self.at(day)
        return {
            "id": order_id,
            "name": f"#{order_id}",
            "currency": "USD",
            "created_at": at,
            "updated_at": at,
            "processed_at": at,
            "cancelled_at": None,
            "financial_status": "paid",
            "fulfillment_status": None,
            "taxes_included": False,
            "test": False,
            "email": "jo@buyer.example",
            "customer": {"id": 77, "email": "jo@buyer.example", "first_name": "Jo", "last_name": "Buyer"},
            "line_items": items,
            "shipping_lines": lines or [],
            "total_tip_received": "0.00",
            "payment_gateway_names": ["shopify_payments"],
            "note": None,
            **facts,
        }

    def again(self, body, day=2, **changes):
        """Return an order as it stands a moment later."""
        return {**json.loads(json.dumps(body)), "updated_at": self.at(day), **changes}

    def fulfilment(self, fulfilment_id, quantities, order_id=1001, day=4, status="success", counter=None):
        at = self.at(day)
        return {
            "id": fulfilment_id,
            "order_id": order_id,
            "name": f"#{order_id}.{counter or fulfilment_id}",
            "status": status,
            "created_at": at,
            "updated_at": at,
            "tracking_number": None,
            "line_items": [{"id": each, "quantity": quantity} for each, quantity in quantities.items()],
        }

    def refund(
        self, refund_id, lines, paid=None, order_id=1001, day=6, adjustments=(), gateway="shopify_payments"
    ):
        """Return a refund; ``lines``: {item id: (quantity, net, tax, restock)}; ``paid``: what was sent back."""
        at = self.at(day)
        transactions = []
        if paid is not None:
            transactions = [
                {
                    "id": refund_id * 10,
                    "kind": "refund",
                    "gateway": gateway,
                    "status": "success",
                    "amount": paid,
                    "currency": "USD",
                }
            ]
        return {
            "id": refund_id,
            "order_id": order_id,
            "created_at": at,
            "processed_at": at,
            "note": None,
            "refund_line_items": [
                {
                    "id": refund_id * 100 + index,
                    "line_item_id": item_id,
                    "quantity": quantity,
                    "restock_type": restock,
                    "subtotal": net,
                    "total_tax": taxed,
                }
                for index, (item_id, (quantity, net, taxed, restock)) in enumerate(lines.items())
            ],
            "order_adjustments": [
                {"id": 1, "kind": kind, "reason": kind, "amount": amount, "tax_amount": taxed}
                for kind, amount, taxed in adjustments
            ],
            "transactions": transactions,
        }

    def transaction(self, transaction_id, amount, gateway, kind="sale", order_id=1001, day=2, **facts):
        at = self.at(day)
        return {
            "id": transaction_id,
            "order_id": order_id,
            "kind": kind,
            "gateway": gateway,
            "status": "success",
            "created_at": at,
            "processed_at": at,
            "test": False,
            "authorization": None,
            "parent_id": None,
            "amount": amount,
            "currency": "USD",
            **facts,
        }

    def send(self, topic, *bodies, shop=SHOP, drain=True):
        """Bring deliveries in and work them off; returns their messages."""
        messages = self.env["integration.message"]
        for body in bodies:
            headers = {"x-shopify-topic": topic, "x-shopify-shop-domain": shop}
            _verdict, message = self.accept(self.shop, json.dumps(body).encode(), headers)
            messages |= message
        if drain:
            self.drain(self.shop)
        return messages

    def balance_line(self, kind, amount, fee="0.00", order="#1001", day=5, transaction=None):
        """Bring one line of the shop's balance in, as its list tells it; returns its movement."""
        self._line += 1
        line_id = f"gid://shopify/ShopifyPaymentsBalanceTransaction/{self._line}"
        body = {
            "object": "balance_transaction",
            "id": line_id,
            "type": kind,
            "test": False,
            "transactionDate": f"2026-03-{day:02d}T15:00:00Z",
            "amount": {"amount": amount, "currencyCode": "USD"},
            "fee": {"amount": fee, "currencyCode": "USD"},
            "net": {"amount": str(Decimal(amount) - Decimal(fee)), "currencyCode": "USD"},
            "sourceOrderTransactionId": transaction,
            "adjustmentReason": None,
            "associatedOrder": {"id": "gid://shopify/Order/1", "name": order} if order else None,
            "associatedPayout": None,
        }
        connection = self.shop.with_env(self.root)
        envelope = self.shop._connector().read_envelope(body, {})
        self.root["integration.ingest"]._accept(
            connection._pull_facts(), envelope, json.dumps(body).encode(), {}, "pull", origin="pull"
        )
        self.drain(self.shop)
        types = {"CHARGE": "payment", "REFUND": "refund"}
        return self.movement(types[kind], line_id)

    def cups(self, quantity=2, **facts):
        """An order of two cups at 50.00 with 20 % tax and shipping of 5.00 with 1.00 tax: 126.00 altogether."""
        net = 50 * quantity
        items = [item(1, "50.00", quantity, [tax(f"{net * 0.2:.2f}")])]
        return self.order(items, lines=[shipping("5.00", [tax("1.00")])], **facts)

    # -- what became of it ---------------------------------------------------------------------------------

    def shop_order(self, order_id=1001):
        return self.env["integration.shop.order"].search(
            [("connection_id", "=", self.shop.id), ("outside_id", "=", str(order_id))]
        )

    def documents(self):
        """Return the posted invoices and credit notes of the shop, oldest first."""
        return self.env["account.move"].search(
            [
                ("integration_connection_id", "=", self.shop.id),
                ("move_type", "in", ("out_invoice", "out_refund")),
                ("state", "=", "posted"),
            ],
            order="id",
        )

    def booked(self):
        """Return the documents as (type, number, day, net, tax, what is open)."""
        return [
            (
                move.move_type,
                move.ref,
                str(move.invoice_date),
                move.amount_untaxed,
                move.amount_tax,
                move.amount_residual,
            )
            for move in self.documents()
        ]

    def entries(self):
        return self.env["account.move"].search_count([("company_id", "=", self.company.id)])

    def receivable(self):
        """Return what Jo owes altogether; negative = what we owe Jo."""
        partner = self.shop_order().partner_id
        lines = self.env["account.move.line"].search(
            [
                ("partner_id", "=", partner.id),
                ("account_id.account_type", "=", "asset_receivable"),
                ("parent_state", "=", "posted"),
            ]
        )
        return Decimal(str(round(sum(lines.mapped("balance")), 2)))
