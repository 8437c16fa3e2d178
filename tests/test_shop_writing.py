# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""What Odoo writes to a shop: names, prices and tags, once, exactly, and only what Odoo owns (S3, M1, E8, ADR 0064)."""

from decimal import Decimal
from unittest.mock import patch
from urllib.parse import urlsplit

from odoo.exceptions import AccessError, UserError
from odoo.tests import new_test_user, tagged

from ..connectors.base import HttpAnswer
from ..engine.errors import TransientError
from ..models.messaging import sent_once
from ..simulators.shopify.api import ShopifyApi
from ..simulators.shopify.state import ShopifyShop
from ..simulators.stripe.faults import BROKEN, FaultPlan
from .shop_common import SHOP, ShopCommon

TOKEN = "shpat_1"


class WritingCommon(ShopCommon):
    def setUp(self):
        super().setUp()
        self.sim = ShopifyShop("writing", self.clock, SHOP)
        self.api = ShopifyApi(self.sim, TOKEN)
        self._secret(self.shop, "api", TOKEN)
        self.lose, self.calls = set(), 0
        self.startPatcher(
            patch.object(sent_once, "in_own_transaction", lambda _registry, what: what(self.root))
        )
        self.startPatcher(patch.object(sent_once.http_client, "send", self.call))

    def call(self, request, _allowed_hosts=(), _max_bytes=None, _total=None):
        self.calls += 1
        if "before" in self.lose:
            raise TransientError("destination_unavailable")
        answer = self.api.handle(request.method, urlsplit(request.url).path, request.headers, request.body)
        if "after" in self.lose and b"mutation" in request.body:
            raise TransientError("destination_timeout")
        return HttpAnswer(
            answer.status, {name.lower(): value for name, value in answer.headers.items()}, answer.body
        )

    def choose(self, mode="on", **chosen):
        self.shop.write({"shop_writes": mode, **{f"shop_{name}": value for name, value in chosen.items()}})

    def article(self, code="CUP-1", price=12.5, **facts):
        values = {"name": "Cup", "default_code": code, "list_price": price, "taxes_id": False, **facts}
        product = self.env["product.product"].create(values)
        self.settle()
        return product

    def settle(self):
        """Let what is told before a commit be told."""
        self.env.cr.flush()

    def rows(self):
        return self.env["integration.shop.writing"].search([("connection_id", "=", self.shop.id)])

    def send(self, rows=None):
        """Run the jobs of these rows."""
        for row in self.rows() if rows is None else rows:
            row.sudo().due_at = False
            row.with_env(self.root)._send()
        self.env.invalidate_all()

    def jobs(self):
        return self.env["queue.job"].sudo().search([("model_name", "=", "integration.shop.writing")])


@tagged("post_install", "-at_install")
class TestProductsToShop(WritingCommon):
    def test_nothing_is_written_before_somebody_chooses_it(self):
        self.assertEqual(self.shop.shop_writes, "off")
        self.article()
        self.shop.shop_writes_price = True
        self.article("CUP-2")
        self.choose("on", writes_price=False)
        self.article("CUP-3")
        self.assertFalse(self.rows())
        self.assertEqual((self.calls, len(self.jobs())), (0, 0))

    def test_a_change_is_kept_with_it_and_written_once(self):
        there = self.sim.stock("Mug", "CUP-1", "11.00")
        self.choose(writes_name=True, writes_price=True)
        product = self.article()
        row = self.rows()
        self.assertEqual((row.state, row.res_id, len(self.jobs())), ("to_send", product.id, 1))
        self.assertEqual(self.calls, 0)
        self.send()
        self.assertEqual((there.title, there.price), ("Cup", Decimal("12.50")))
        self.assertEqual((row.state, row.changes), ("sent", "Name: Mug → Cup\nPrice: 11.00 USD → 12.50 USD"))
        self.assertEqual(row.changes_shown, "Name: Mug → Cup\nPrice: $\xa011.00 → $\xa012.50")
        self.assertIn("$\xa012.50", row.wanted_text)
        self.assertEqual(row.outside_id, f"gid://shopify/ProductVariant/{there.id + 1}")
        self.assertEqual(self.calls, 3)
        leaf = self.env["integration.audit.leaf"].search([("action", "=", "shop.written")])
        self.assertEqual(len(leaf), 1)
        product.description = "Blue"
        product.name = "Cup"
        self.settle()
        self.send()
        self.assertEqual((row.state, self.calls), ("sent", 3))

    def test_only_the_chosen_field_is_written(self):
        there = self.sim.stock("Mug", "CUP-1", "11.00")
        self.choose(writes_price=True)
        product = self.article()
        self.send()
        self.assertEqual((there.title, there.price), ("Mug", Decimal("12.50")))
        product.list_price = 13.0
        self.settle()
        self.send()
        self.assertEqual((there.title, there.price), ("Mug", Decimal("13.00")))

    def test_what_another_system_owns_is_not_written(self):
        there = self.sim.stock("Mug", "CUP-1", "11.00")
        self.env["integration.ownership"].sudo()._with_key().create(
            {
                "object": "product",
                "field": "name",
                "owner": "connection",
                "owner_connection_id": self.shop.id,
                "company_id": self.company.id,
                "state": "active",
            }
        )
        self.choose(writes_name=True, writes_price=True)
        self.assertIn(self.shop.name, self.shop.shop_writes_note)
        self.article()
        self.send()
        self.assertEqual((there.title, there.price), ("Mug", Decimal("12.50")))

    def test_a_dry_run_shows_the_difference_and_writes_nothing(self):
        there = self.sim.stock("Mug", "CUP-1", "11.00")
        self.choose("dry", writes_name=True, writes_price=True)
        self.article()
        self.send()
        row = self.rows()
        self.assertEqual((row.state, row.changes), ("shown", "Name: Mug → Cup\nPrice: 11.00 USD → 12.50 USD"))
        self.assertEqual((there.title, there.price, self.calls), ("Mug", Decimal("11.00"), 1))
        self.choose("on")
        self.assertEqual(row.state, "to_send")
        self.send()
        self.assertEqual((row.state, there.title, there.price), ("sent", "Cup", Decimal("12.50")))

    def test_what_the_shop_does_not_have_is_left_alone_or_made_as_a_draft(self):
        self.choose(writes_name=True, writes_price=True)
        self.article()
        self.send()
        self.assertEqual((self.rows().state, self.sim.products), ("absent", {}))
        self.assertFalse(self.exceptions("shop_not_written"))
        self.choose(creates_products=True)
        self.lose = {"after"}
        self.rows().action_write_again()
        self.send()
        self.assertEqual((self.rows().state, len(self.sim.products)), ("unknown", 1))
        self.lose = set()
        self.send()
        [made] = self.sim.products.values()
        self.assertEqual((made.title, made.price, made.status), ("Cup", Decimal("12.50"), "DRAFT"))
        self.assertEqual(self.rows().state, "sent")

    def test_a_product_that_is_not_sold_or_gone_is_not_written_any_more(self):
        there = self.sim.stock("Mug", "CUP-1", "11.00")
        self.choose(writes_price=True)
        product, other = self.article(), self.article("CUP-2")
        product.active = False
        other.unlink()
        self.settle()
        self.send()
        self.assertEqual(self.rows().mapped("state"), ["off", "off"])
        self.assertEqual((there.price, self.calls), (Decimal("11.00"), 0))

    def test_all_products_are_compared_at_a_button(self):
        there = self.sim.stock("Cup", "CUP-1", "11.00")
        self.article()
        with self.assertRaises(UserError):
            self.shop.action_compare_products()
        self.choose(writes_price=True)
        self.shop.action_compare_products()
        self.shop.with_env(self.root)._compare_products(0, again=True)
        self.send()
        self.assertEqual(there.price, Decimal("12.50"))
        there.price = Decimal("1.00")  # somebody changed it in the shop
        self.shop.with_env(self.root)._compare_products(0, again=True)
        self.send()
        self.assertEqual(
            (there.price, self.rows().changes), (Decimal("12.50"), "Price: 1.00 USD → 12.50 USD")
        )

    def test_who_may_have_it_written_again(self):
        self.choose(writes_price=True)
        self.article()
        reader = new_test_user(self.env, "writing_reader", groups="finance_integration.group_auditor")
        with self.assertRaises(AccessError):
            self.rows().with_user(reader).action_write_again()
        with self.assertRaises(AccessError):
            self.rows().with_user(reader).write({"state": "sent"})


@tagged("post_install", "-at_install")
class TestShopRefuses(WritingCommon):
    def setUp(self):
        super().setUp()
        self.there = self.sim.stock("Cup", "CUP-1", "11.00")
        self.choose(writes_price=True)
        self.item = self.article()
        self.row = self.rows()

    def test_an_answer_that_was_lost_is_asked_for_and_not_written_again(self):
        self.lose = {"after"}
        self.send()
        self.assertEqual((self.row.state, self.there.price, self.calls), ("unknown", Decimal("12.50"), 2))
        self.lose = set()
        self.send()
        self.assertEqual((self.row.state, self.calls), ("sent", 3))
        self.assertEqual(sum(asked.lstrip().startswith("mutation") for asked in self.api.asked), 1)

    def test_a_change_while_it_is_on_its_way_is_written_afterwards(self):
        self.lose = {"after"}
        self.send()
        self.item.list_price = 14.0
        self.settle()
        self.assertEqual(self.row.state, "unknown")
        self.lose = set()
        self.send()
        self.assertEqual((self.row.state, self.there.price), ("sent", Decimal("14.00")))

    def test_a_spent_budget_waits_and_costs_no_try(self):
        self.api.budget = 0
        self.jobs().unlink()
        for _time in range(sent_once.TRIES_BEFORE_ALARM + 2):
            self.send()
        self.assertEqual((self.row.state, self.row.tries, self.there.price), ("to_send", 0, Decimal("11.00")))
        self.assertFalse(self.exceptions())
        self.assertTrue(self.jobs().filtered("eta"))
        self.clock.advance(seconds=30)
        self.send()
        self.assertEqual((self.row.state, self.there.price), ("sent", Decimal("12.50")))

    def test_what_the_shop_refuses_is_an_exception_with_a_button(self):
        self.choose(writes_name=True)
        self.item.name = "C" * 300
        self.settle()
        self.send()
        exception = self.exceptions("shop_not_written")
        self.assertEqual((self.row.state, len(exception), exception.fix), ("refused", 1, "shop_writing"))
        self.assertIn("Title is too long (maximum is 255 characters)", exception.what)
        self.assertEqual(exception.action_open_shop_writing()["res_id"], self.row.id)
        self.send()
        self.assertEqual((self.row.state, self.there.title), ("refused", "Cup"))
        self.item.name = "Blue cup"
        self.settle()
        exception.action_write_again()
        self.send()
        self.assertEqual((self.row.state, self.there.title), ("sent", "Blue cup"))
        self.assertEqual(exception.state, "resolved")

    def test_a_missing_right_is_one_exception_for_all_products(self):
        self.api.scopes = frozenset()
        self.sim.stock("Plate", "CUP-2", "1.00")
        self.article("CUP-2")
        self.send()
        exception = self.exceptions("shop_not_written")
        self.assertEqual((len(exception), self.rows().mapped("state")), (1, ["to_send"] * 2))
        self.assertIn("lacks a right", exception.what)
        self.assertEqual(self.there.price, Decimal("11.00"))
        self.api.scopes = frozenset({"write_products"})
        exception.action_write_again()
        self.send()
        self.assertEqual((self.rows().mapped("state"), exception.state), (["sent"] * 2, "resolved"))

    def test_a_token_that_was_taken_back_stops_nothing_else(self):
        self.api.roll("shpat_2")
        self.send()
        self.assertEqual((self.row.state, len(self.exceptions("shop_not_written"))), ("to_send", 1))
        self.api.roll(TOKEN)
        self.send()
        self.assertEqual((self.row.state, self.exceptions()), ("sent", self.env["integration.exception"]))

    def test_a_shop_that_is_broken_or_away_is_tried_again(self):
        self.api.faults = FaultPlan({1: BROKEN})
        self.send()
        self.assertEqual((self.row.state, self.there.price), ("unknown", Decimal("11.00")))
        self.lose = {"before"}
        self.send()
        self.assertEqual((self.row.state, self.there.price), ("unknown", Decimal("11.00")))
        self.lose = set()
        self.send()
        self.assertEqual((self.row.state, self.there.price), ("sent", Decimal("12.50")))

    def test_nothing_is_written_while_the_connection_is_paused_or_after_it_was_switched_off(self):
        self.shop.action_pause()
        self.send()
        self.assertEqual((self.row.state, self.calls), ("to_send", 0))
        self.shop.action_activate()
        self.choose("off")
        self.send()
        self.assertEqual((self.row.state, self.calls, self.there.price), ("off", 0, Decimal("11.00")))

    def test_what_was_left_behind_is_swept_up(self):
        self.jobs().unlink()
        self.root["integration.sweep"]._cron_run()
        self.assertEqual(len(self.jobs()), 1)


@tagged("post_install", "-at_install")
class TestTagsOfOrders(WritingCommon):
    def setUp(self):
        super().setUp()
        self.map_tax("US VAT 20%")
        self.choose(writes_tags=True)
        self.placed = self.sim.place([("Cup", 2, "50.00")], shipping="5.00")
        self.placed.tags = ["VIP"]
        self._told = 0

    def tell(self):
        """Bring what the shop has told since in, and write the tags."""
        told, self._told = self.sim.events[self._told :], len(self.sim.events)
        for event in told:
            self.accept(self.shop, event.body, {"x-shopify-topic": event.type, "x-shopify-shop-domain": SHOP})
        self.drain(self.shop)
        self.settle()
        self.send(self.rows().filtered(lambda row: row.state in ("to_send", "unknown")))

    def test_tags_follow_the_order_s_documents_and_their_echo_changes_nothing(self):
        self.tell()
        self.assertFalse(self.rows())
        self.clock.advance(days=1)
        self.sim.fulfil(self.placed)
        self.tell()
        self.assertEqual(self.placed.tags, ["VIP", "odoo-invoiced", "odoo-open"])
        self.clock.advance(minutes=1)
        self.sim.pay(self.placed)
        self.tell()
        self.balance_line("CHARGE", "126.00", "3.95", order=self.placed.name)
        self.tell()
        self.assertEqual(self.placed.tags, ["VIP", "odoo-invoiced", "odoo-paid"])
        calls, entries, digest = self.calls, self.entries(), self.rows().wanted_digest
        self.sim.changed(self.placed)
        self.tell()  # the echo of the tags themselves
        self.assertEqual((self.calls, self.entries(), self.rows().wanted_digest), (calls, entries, digest))
        self.assertEqual(self.rows().mapped("state"), ["sent"])
        self.assertFalse(self.exceptions())

    def test_a_payment_that_is_taken_apart_is_told_too(self):
        self.sim.pay(self.placed)
        self.sim.fulfil(self.placed)
        self.tell()
        self.balance_line("CHARGE", "126.00", "3.95", order=self.placed.name)
        self.tell()
        self.assertEqual(self.placed.tags, ["VIP", "odoo-invoiced", "odoo-paid"])
        lines = self.documents().line_ids.filtered(
            lambda line: line.account_id.account_type == "asset_receivable"
        )
        lines.remove_move_reconcile()
        self.settle()
        self.send()
        self.assertEqual(self.placed.tags, ["VIP", "odoo-invoiced", "odoo-open"])

    def test_a_dry_run_leaves_the_order_as_it_is(self):
        self.choose("dry")
        self.sim.fulfil(self.placed)
        self.tell()
        self.assertEqual((self.placed.tags, self.rows().state), (["VIP"], "shown"))
        self.assertEqual(self.rows().changes, "Tags, new: odoo-invoiced, odoo-open")

    def test_an_order_that_the_shop_does_not_have_any_more_asks_nobody(self):
        self.sim.fulfil(self.placed)
        del self.sim.orders[self.placed.id]
        self.tell()
        self.assertEqual(self.rows().state, "absent")
        self.assertFalse(self.exceptions())
