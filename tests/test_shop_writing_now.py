# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""What is written to a shop is what Odoo says when it is written, to the article that is meant, and once (ADR 0064)."""

from decimal import Decimal
from unittest.mock import patch

from lxml import etree

from odoo.tests import tagged

from ..models.messaging import sent_once
from .test_shop_writing import WritingCommon


class NowCommon(WritingCommon):
    def silently(self, record, **values):
        """Change a record so that nobody tells the shop of it: a rule that begins today, a crash, plain SQL."""
        with patch.object(type(self.env["integration.event"]), "_later"):
            record.write(values)
        self.settle()

    def mutations(self):
        return sum(asked.lstrip().startswith("mutation") for asked in self.api.asked)

    def assert_asked(self, row, text):
        """The writing is refused with one open exception that says so."""
        exception = self.exceptions("shop_not_written")
        self.assertEqual((row.state, exception.mapped("state")), ("refused", ["open"]))
        self.assertIn(text, exception.what)
        return exception


@tagged("post_install", "-at_install")
class TestWrittenAsOdooStands(NowCommon):
    def test_a_waiting_product_is_written_as_it_stands_when_it_is_sent(self):
        there = self.sim.stock("Mug", "CUP-1", "11.00")
        self.choose(writes_name=True, writes_price=True)
        product = self.article()
        self.silently(product, list_price=20.0, name="Big cup")
        self.assertEqual(self.rows().wanted["price"], "12.50")
        self.send()
        self.assertEqual((there.title, there.price), ("Big cup", Decimal("20.00")))
        self.assertEqual((self.rows().state, self.rows().wanted["price"]), ("sent", "20.00"))

    def test_a_field_that_was_taken_from_the_choice_is_not_written_any_more(self):
        there = self.sim.stock("Mug", "CUP-1", "11.00")
        self.choose(writes_name=True, writes_price=True)
        self.article()
        self.choose(writes_name=False)
        self.send()
        self.assertEqual((there.title, there.price, self.mutations()), ("Mug", Decimal("12.50"), 1))

    def test_what_is_not_sold_any_more_by_then_is_let_go(self):
        there = self.sim.stock("Mug", "CUP-1", "11.00")
        self.choose(writes_price=True)
        product = self.article()
        self.silently(product, sale_ok=False)
        self.assertEqual(self.rows().state, "to_send")
        self.send()
        self.assertEqual((self.rows().state, there.price, self.calls), ("off", Decimal("11.00"), 0))

    def test_what_ends_while_it_is_on_its_way_is_not_sent_again(self):
        there = self.sim.stock("Mug", "CUP-1", "11.00")
        self.choose(writes_price=True)
        product = self.article()
        self.lose = {"before"}
        self.send()
        self.assertEqual(self.rows().state, "unknown")
        product.active = False
        self.settle()
        self.lose, calls = set(), self.calls
        self.send()
        self.assertEqual((self.rows().state, there.price, self.calls), ("off", Decimal("11.00"), calls))

    def test_a_price_that_was_put_right_meanwhile_is_no_exception(self):
        self.sim.stock("Cup", "CUP-1", "11.00")
        pricelist = self.env["product.pricelist"].create(
            {"name": "Shop", "currency_id": self.env.ref("base.USD").id, "company_id": self.company.id}
        )
        self.choose(writes_price=True, pricelist_id=pricelist.id)
        product = self.article(price=10.001)
        row = self.rows()
        self.assertIn("more decimals than the currency", row.problem)
        self.silently(product, list_price=10.0)
        self.send()
        self.assertEqual((row.state, row.problem), ("sent", False))
        self.assertFalse(self.exceptions("shop_not_written"))

    def test_a_record_changed_while_its_writing_is_refused_is_sent_again(self):
        there = self.sim.stock("Cup", "CUP-1", "11.00")
        self.choose(writes_name=True)
        product = self.article()
        product.name = "C" * 300
        self.settle()
        call = self.call

        def change_then_call(request, *arguments, **named):
            if b"mutation" in request.body and product.name != "Blue cup":
                product.name = "Blue cup"
                self.settle()
            return call(request, *arguments, **named)

        self.startPatcher(patch.object(sent_once.http_client, "send", change_then_call))
        self.send()
        row = self.rows()
        self.assertEqual((row.state, there.title), ("to_send", "Cup"))
        self.assertFalse(self.exceptions("shop_not_written"))
        self.send()
        self.assertEqual((row.state, there.title), ("sent", "Blue cup"))


@tagged("post_install", "-at_install")
class TestTheArticleThatIsMeant(NowCommon):
    def setUp(self):
        super().setUp()
        self.there = self.sim.stock("Cup", "CUP-1", "11.00")
        self.choose(writes_name=True, writes_price=True)
        self.item = self.article()
        self.send()
        self.row = self.rows()
        self.assertEqual((self.row.state, self.there.price), ("sent", Decimal("12.50")))

    def gid(self, product):
        return f"gid://shopify/ProductVariant/{product.id + 1}"

    def test_a_variant_with_another_number_by_now_is_another_article(self):
        self.there.sku = "SAUCER-1"
        other = self.sim.stock("Cup", "CUP-1", "5.00")
        self.item.list_price = 13.0
        self.settle()
        self.send()
        self.assertEqual((self.there.price, other.price), (Decimal("12.50"), Decimal("13.00")))
        self.assertEqual((self.row.state, self.row.outside_id), ("sent", self.gid(other)))

    def test_a_number_that_changed_in_odoo_alone_writes_nothing(self):
        self.item.write({"default_code": "CUP-9", "list_price": 13.0})
        self.settle()
        self.send()
        self.assertEqual((self.row.state, self.there.price), ("absent", Decimal("12.50")))
        self.assertEqual(self.row.outside_id, self.gid(self.there))
        self.there.sku = "CUP-9"
        self.row.action_write_again()
        self.send()
        self.assertEqual((self.row.state, self.there.price), ("sent", Decimal("13.00")))

    def test_what_was_deleted_in_the_shop_is_not_made_again(self):
        self.choose(creates_products=True)
        del self.sim.products[self.there.id]
        written = self.mutations()
        self.item.list_price = 13.0
        self.settle()
        self.send()
        exception = self.assert_asked(self.row, "It was in the shop once")
        self.assertIn("CUP-1", exception.what)
        self.assertEqual((self.sim.products, self.mutations()), ({}, written))
        self.assertEqual(self.row.outside_id, self.gid(self.there))
        exception.action_write_again()
        self.send()
        self.assertEqual((self.row.state, self.sim.products), ("refused", {}))
        back = self.sim.stock("Cup", "CUP-1", "1.00")
        exception.action_write_again()
        self.send()
        self.assertEqual((self.row.state, back.price), ("sent", Decimal("13.00")))
        self.assertEqual(exception.state, "resolved")

    def test_ending_its_sale_settles_the_question(self):
        self.choose(creates_products=True)
        self.sim.products.clear()
        self.row.action_write_again()
        self.send()
        exception = self.assert_asked(self.row, "It was in the shop once")
        self.item.sale_ok = False
        self.settle()
        self.assertEqual((self.row.state, exception.state), ("off", "resolved"))

    def test_an_order_that_was_away_keeps_its_id(self):
        self.map_tax("US VAT 20%")
        self.choose(writes_tags=True)
        placed = self.sim.place([("Cup", 2, "50.00")])
        self.sim.fulfil(placed)
        for event in self.sim.events:
            headers = {"x-shopify-topic": event.type, "x-shopify-shop-domain": self.shop.outside_account}
            self.accept(self.shop, event.body, headers)
        self.drain(self.shop)
        self.settle()
        row = self.rows().filtered(lambda each: each.subject == "order")
        kept = self.sim.orders.pop(placed.id)
        self.send(row)
        self.assertEqual((row.state, row.outside_id), ("absent", str(placed.id)))
        self.sim.orders[placed.id] = kept
        row.action_write_again()
        self.send(row)
        self.assertEqual((row.state, placed.tags), ("sent", ["odoo-invoiced", "odoo-open"]))


@tagged("post_install", "-at_install")
class TestMadeOnce(NowCommon):
    def setUp(self):
        super().setUp()
        self.choose(writes_name=True, writes_price=True, creates_products=True)
        self.item = self.article()
        self.row = self.rows()
        self.lose = {"after"}
        self.send()
        self.lose = set()
        [self.made] = self.sim.products.values()
        self.assertEqual((self.row.state, self.row.outside_id, self.mutations()), ("unknown", False, 1))

    def test_the_handle_is_asked_for_before_a_lost_creation_is_repeated(self):
        self.sim.search_lags = True
        self.made.title = "Cup, with a picture"  # somebody at the shop completes the draft
        self.send()
        self.assertEqual((self.row.state, len(self.sim.products)), ("sent", 1))
        self.assertEqual((self.made.title, self.made.status), ("Cup", "DRAFT"))
        self.assertEqual(sum("productSet" in asked for asked in self.api.asked), 1)
        self.assertEqual(self.row.outside_id, f"gid://shopify/ProductVariant/{self.made.id + 1}")

    def test_a_draft_that_got_another_number_is_asked_about_and_not_overwritten(self):
        self.made.sku = "CUP-B"
        self.send()
        self.assert_asked(self.row, "It was in the shop once")
        self.assertEqual((len(self.sim.products), self.made.sku, self.mutations()), (1, "CUP-B", 1))


@tagged("post_install", "-at_install")
class TestTitlesOfSeveralVariants(NowCommon):
    def setUp(self):
        super().setUp()
        self.large = self.sim.stock("Shirt", "SHIRT-L", "20.00")
        self.small = self.sim.stock("", "SHIRT-S", "20.00", of=self.large)

    def template(self, name, *codes):
        """Return a product with a variant per article number."""
        attribute = self.env["product.attribute"].create({"name": f"Size of {name}"})
        values = self.env["product.attribute.value"].create(
            [{"name": code, "attribute_id": attribute.id} for code in codes]
        )
        line = {"attribute_id": attribute.id, "value_ids": [(6, 0, values.ids)]}
        template = self.env["product.template"].create(
            {"name": name, "list_price": 25.0, "taxes_id": False, "attribute_line_ids": [(0, 0, line)]}
        )
        for product, code in zip(template.product_variant_ids, codes, strict=True):
            product.default_code = code
        self.settle()
        return template

    def test_two_products_under_one_title_do_not_overwrite_it(self):
        self.choose(writes_name=True, writes_price=True)
        self.article("SHIRT-L", 25.0, name="Shirt, large")
        self.article("SHIRT-S", 24.0, name="Shirt, small")
        self.send()
        self.assertEqual((self.large.title, self.large.price, self.small.price), ("Shirt", 25, 24))
        self.assertEqual(self.rows().mapped("state"), ["sent"] * 2)
        self.assertIn("Its title stays as it is", self.rows()[0].answer)
        self.assertFalse(self.exceptions())

    def test_the_variants_of_one_product_have_its_title(self):
        self.choose(writes_name=True, writes_price=True)
        self.template("Summer shirt", "SHIRT-L", "SHIRT-S")
        self.send()
        self.assertEqual(
            (self.large.title, self.large.price, self.small.price), ("Summer shirt", Decimal(25), Decimal(25))
        )
        self.assertEqual((self.rows().mapped("state"), self.mutations()), (["sent"] * 2, 3))
        parents = set(self.rows().mapped("outside_parent_id"))
        self.assertEqual(parents, {f"gid://shopify/Product/{self.large.id}"})

    def test_two_products_with_variants_under_one_title_do_not_quarrel(self):
        self.sim.stock("", "SHIRT-XL", "20.00", of=self.large)
        self.choose(writes_price=True)
        first = self.template("Summer shirt", "SHIRT-L", "SHIRT-S")
        second = self.template("Winter shirt", "SHIRT-XL", "SHIRT-XXL")
        self.send()
        self.choose(writes_name=True)
        (first | second).product_variant_ids._integration_tell()
        self.settle()
        self.send()
        self.assertEqual((self.large.title, self.large.price), ("Shirt", 25))
        self.assertEqual(sorted(self.rows().mapped("state")), ["absent", "sent", "sent", "sent"])

    def test_a_variant_that_is_a_product_of_its_own_there_has_the_title_of_its_product(self):
        alone = self.sim.stock("Old", "SHIRT-M", "1.00")
        self.choose(writes_name=True)
        self.article("SHIRT-M", name="Shirt, medium")
        self.send()
        self.assertEqual((alone.title, self.rows().answer), ("Shirt, medium", False))


@tagged("post_install", "-at_install")
class TestSweptUp(NowCommon):
    def setUp(self):
        super().setUp()
        # Jobs that other tests have left may be due for the fallback, which commits.
        self.startPatcher(patch.object(type(self.env["integration.fallback"]), "_cron_run"))

    def test_what_was_only_shown_is_written_once_writing_is_on(self):
        there = self.sim.stock("Mug", "CUP-1", "11.00")
        self.choose("dry", writes_price=True)
        self.article()
        self.send()
        row, sweep = self.rows(), self.root["integration.sweep"]
        self.assertEqual(row.state, "shown")
        self.jobs().unlink()
        self.env.flush_all()
        sweep._cron_run()
        self.assertEqual((self.rows().state, len(self.jobs())), ("shown", 0))
        self.choose("off")
        self.choose("on")  # a comparison that was on its way ends as shown after this
        self.assertEqual((row.state, len(self.jobs())), ("shown", 0))
        self.env.flush_all()
        sweep._cron_run()
        self.env.invalidate_all()
        self.assertEqual((row.state, len(self.jobs())), ("to_send", 1))
        self.send()
        self.assertEqual((row.state, there.price), ("sent", Decimal("12.50")))

    def test_the_list_can_be_read_on_a_small_screen(self):
        arch = self.env["integration.shop.writing"].get_view(view_type="list")["arch"]
        fields = etree.fromstring(arch).findall("field")
        shown = [field for field in fields if field.get("optional") != "hide"]
        widths = [int(field.get("width", "0px").removesuffix("px")) for field in shown]
        self.assertTrue(all(widths), [field.get("name") for field in shown])
        self.assertLessEqual(sum(widths), 1366 - 110)  # less the margins, the ticks and the menu of columns
