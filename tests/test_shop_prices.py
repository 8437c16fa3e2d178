# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Prices that are written to a shop: of its price list, whatever that is built on, exact, in its currency (S3, M1)."""

from datetime import timedelta
from decimal import Decimal

from freezegun import freeze_time

from odoo import fields
from odoo.tests import tagged

from .test_shop_writing import WritingCommon


@tagged("post_install", "-at_install")
class TestPricesWritten(WritingCommon):
    def test_a_price_list_is_written_as_it_stands_and_never_rounded(self):
        there = self.sim.stock("Cup", "CUP-1", "11.00")
        pricelist = self.env["product.pricelist"].create(
            {"name": "Shop", "currency_id": self.env.ref("base.USD").id, "company_id": self.company.id}
        )
        self.choose(writes_price=True, pricelist_id=pricelist.id)
        product = self.article()
        rule = self.env["product.pricelist.item"].create(
            {
                "pricelist_id": pricelist.id,
                "applied_on": "0_product_variant",
                "product_id": product.id,
                "compute_price": "fixed",
                "fixed_price": 9.99,
            }
        )
        jobs = self.env["queue.job"].sudo().search([("method_name", "=", "_compare_products")])
        self.assertEqual(len(jobs), 1)
        self.assertEqual(self.shop.with_env(self.root)._compare_products(0), 1)
        self.send()
        self.assertEqual(there.price, Decimal("9.99"))
        rule.write({"compute_price": "percentage", "percent_price": 33.33})
        self.shop.with_env(self.root)._compare_products(0)
        self.send()
        row, exception = self.rows(), self.exceptions("shop_not_written")
        self.assertEqual((row.state, there.price, len(exception)), ("refused", Decimal("9.99"), 1))
        self.assertIn("more decimals than the currency", exception.what)
        rule.write({"compute_price": "fixed", "fixed_price": 8.0})
        self.shop.with_env(self.root)._compare_products(0)
        self.send()
        self.assertEqual((row.state, there.price, exception.state), ("sent", Decimal("8.00"), "resolved"))

    def test_a_price_list_that_is_built_on_another_follows_its_prices(self):
        there = self.sim.stock("Cup", "CUP-1", "11.00")
        facts = {"currency_id": self.env.ref("base.USD").id, "company_id": self.company.id}
        lists = self.env["product.pricelist"].create(
            [{"name": name, **facts} for name in ("Base", "Between", "Shop", "Of nobody")]
        )
        base, between, shop, nobody = lists
        items = self.env["product.pricelist.item"]
        for upper, lower in ((between, base), (shop, between)):
            items.create(
                {
                    "pricelist_id": upper.id,
                    "applied_on": "3_global",
                    "compute_price": "formula",
                    "base": "pricelist",
                    "base_pricelist_id": lower.id,
                    "price_discount": 0.0,
                }
            )
        self.choose(writes_price=True, pricelist_id=shop.id)
        product = self.article()
        jobs = self.env["queue.job"].sudo()
        compared = [("method_name", "=", "_compare_products")]
        jobs.search(compared).unlink()
        fixed = {
            "applied_on": "0_product_variant",
            "product_id": product.id,
            "compute_price": "fixed",
            "fixed_price": 9.99,
        }
        items.create({"pricelist_id": nobody.id, **fixed})
        self.assertEqual(jobs.search_count(compared), 0)
        rule = items.create({"pricelist_id": base.id, **fixed})
        self.assertEqual(jobs.search_count(compared), 1)
        self.shop.with_env(self.root)._compare_products(0)
        self.send()
        self.assertEqual(there.price, Decimal("9.99"))
        jobs.search(compared).unlink()
        rule.unlink()
        self.assertEqual(jobs.search_count(compared), 1)
        self.shop.with_env(self.root)._compare_products(0)
        self.send()
        self.assertEqual(there.price, Decimal("12.50"))

    def test_a_price_in_another_currency_is_refused_with_its_reason(self):
        self.sim.currency = "EUR"
        there = self.sim.stock("Cup", "CUP-1", "11.00")
        self.choose(writes_price=True)
        self.article()
        self.send()
        exception = self.exceptions("shop_not_written")
        self.assertEqual((self.rows().state, there.price, len(exception)), ("refused", Decimal("11.00"), 1))
        self.assertIn("The price is in USD, the shop sells in EUR", exception.what)

    def test_a_price_without_taxes_is_not_written_where_the_shop_includes_them(self):
        self.sim.taxes_included = True
        there = self.sim.stock("Cup", "CUP-1", "11.00")
        self.choose(writes_price=True)
        self.article(taxes_id=[(6, 0, self.tax20.ids)])
        self.send()
        self.assertEqual((self.rows().state, there.price), ("refused", Decimal("11.00")))
        self.assertIn("with taxes", self.exceptions("shop_not_written").what)

    def test_a_shop_in_yen_gets_whole_yen(self):
        self.sim.currency = "JPY"
        there = self.sim.stock("Cup", "CUP-1", "1000")
        yen = self.env.ref("base.JPY")
        yen.active = True
        pricelist = self.env["product.pricelist"].create(
            {"name": "Yen", "currency_id": yen.id, "company_id": self.company.id}
        )
        product = self.article()
        fixed = {"pricelist_id": pricelist.id, "compute_price": "fixed", "fixed_price": 1250.0}
        self.env["product.pricelist.item"].create(
            fixed | {"applied_on": "0_product_variant", "product_id": product.id}
        )
        self.choose(writes_price=True, pricelist_id=pricelist.id)
        self.shop.with_env(self.root)._compare_products(0)
        self.send()
        self.assertEqual((self.rows().state, there.price), ("sent", Decimal("1250")))
        self.assertEqual(self.rows().changes, "Price: 1000.00 JPY → 1250 JPY")


@tagged("post_install", "-at_install")
class TestPricesThatChangeByThemselves(WritingCommon):
    def setUp(self):
        super().setUp()
        self.now = fields.Datetime.now()
        self.there = self.sim.stock("Cup", "CUP-1", "11.00")
        self.pricelist = self.pricelists("Shop")
        self.choose(writes_price=True, pricelist_id=self.pricelist.id)
        self.product = self.article(standard_price=4.0)

    def pricelists(self, name):
        facts = {"currency_id": self.env.ref("base.USD").id, "company_id": self.company.id}
        return self.env["product.pricelist"].create({"name": name, **facts})

    def rule(self, pricelist=None, **facts):
        values = {"pricelist_id": (pricelist or self.pricelist).id, "applied_on": "3_global", **facts}
        return self.env["product.pricelist.item"].create(values)

    def compared(self):
        """Do what the queued comparisons would do; returns how many were queued."""
        jobs = self.env["queue.job"].sudo().search([("method_name", "=", "_compare_products")])
        count = len(jobs)
        jobs.unlink()
        if count:
            self.shop.with_env(self.root)._compare_products(0)
        return count

    def at(self, hours):
        """Return the instant so many hours from now: access that is valid now has to be valid then, too."""
        return self.now + timedelta(hours=hours)

    def look(self, hours):
        with freeze_time(self.at(hours)):
            self.shop.with_env(self.root)._cron_begin_prices()
            return self.compared()

    def send_at(self, hours):
        with freeze_time(self.at(hours)):
            self.send(self.rows().filtered(lambda row: row.state == "to_send"))

    def test_a_price_is_written_when_its_rule_begins_and_when_it_ends(self):
        self.rule(compute_price="fixed", fixed_price=9.99, date_start=self.at(10), date_end=self.at(40))
        self.assertEqual((self.compared(), self.look(1)), (1, 1))  # the first look compares all
        self.send_at(1)
        self.assertEqual(self.there.price, Decimal("12.50"))
        self.assertEqual((self.look(9), self.look(10)), (0, 1))
        self.send_at(10)
        self.assertEqual((self.there.price, self.rows().state), (Decimal("9.99"), "sent"))
        calls = self.calls
        self.assertEqual([self.look(hours) for hours in (11, 25, 40)], [0, 0, 0])  # it holds at its end
        self.send_at(40)
        self.assertEqual((self.there.price, self.calls), (Decimal("9.99"), calls))
        # After a standstill of days the end is found all the same, once.
        self.assertEqual((self.look(120), self.look(121)), (1, 0))
        self.send_at(121)
        self.assertEqual(self.there.price, Decimal("12.50"))

    def test_a_rule_of_the_list_below_counts_and_one_of_another_does_not(self):
        base, other = self.pricelists("Base"), self.pricelists("Other")
        self.rule(compute_price="formula", base="pricelist", base_pricelist_id=base.id)
        self.rule(base, compute_price="fixed", fixed_price=8.0, date_start=self.at(10))
        self.rule(other, compute_price="fixed", fixed_price=7.0, date_start=self.at(20))
        self.look(1)
        self.assertEqual((self.look(10), self.look(21)), (1, 0))
        self.send_at(10)
        self.assertEqual(self.there.price, Decimal("8.00"))

    def test_a_price_that_is_built_on_the_cost_follows_it(self):
        self.rule(compute_price="formula", base="standard_price", price_markup=50.0)
        self.compared()
        self.send()
        self.assertEqual(self.there.price, Decimal("6.00"))
        self.product.standard_price = 5.0
        self.settle()
        self.assertEqual((self.rows().state, self.compared()), ("to_send", 0))  # this product alone is told
        self.send()
        self.assertEqual((self.there.price, self.rows().state), (Decimal("7.50"), "sent"))

    def test_a_cost_changes_nothing_where_the_price_is_not_built_on_it(self):
        self.send()
        calls = self.calls
        self.product.standard_price = 5.0
        self.settle()
        self.assertEqual((self.rows().state, self.calls), ("sent", calls))
