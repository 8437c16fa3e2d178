# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""A tax of another company is found by its name and by what it is; what contradicts is refused with its reason (M8)."""

from odoo.exceptions import UserError

from .promotion_common import PromotionCommon
from .test_promotion_abroad import as_third

KEY = "Partner platform · tax · STD"


class TestTaxes(PromotionCommon):
    def setUp(self):
        super().setUp()
        self.fill_gaps()
        self.theirs = self.root["account.tax"].search(
            [("name", "=", "Output tax 15 %"), ("company_id", "=", self.other.id)]
        )
        self.assertEqual(len(self.theirs), 1)

    def mapped(self):
        return self.root["integration.mapping"].search(
            [("company_id", "=", self.other.id), ("mapping", "=", "tax")]
        )

    def gap(self):
        """Bring the configuration in; returns why the tax is not found, having seen that nothing was asked for."""
        promotion = self.load(self.export())
        line = self.line_of(promotion, "mappings", KEY)
        self.assertTrue(line.step)
        with self.assertRaisesRegex(UserError, "Something is missing here"):
            self.ask(promotion)
        self.assertFalse(promotion.request_id)
        self.assertFalse(self.mapped())
        return line.gap

    def twin(self, **facts):
        values = {"name": "Output tax 15 %", "amount": 15.0, "type_tax_use": "sale"}
        return self.root["account.tax"].create({**values, "company_id": self.other.id, **facts})

    def test_for_sales_and_for_purchases_under_one_name_the_right_one_is_taken(self):
        self.twin(type_tax_use="purchase")
        promotion = self.load(self.export())
        line = self.line_of(promotion, "mappings", KEY)
        self.assertEqual((line.change, line.gap), ("added", False))
        self.assertIn("Which tax that is: Output tax 15 % (15.0, Percentage, Sales", line.after)
        self.approve(self.ask(promotion))
        self.assertEqual(self.mapped().tax_id, self.theirs)
        self.approve(self.ask(promotion, "Not yet"), self.ben)
        self.assertEqual(promotion.state, "back")

    def test_what_contradicts_is_named(self):
        for values, words in (
            ({"amount": 16.0}, "rate: 15.0 there, 16.0 here"),
            ({"type_tax_use": "purchase"}, "used for: Sales there, Purchases here"),
            ({"amount_type": "fixed"}, "computed as: Percentage there, Fixed here"),
            ({"price_include_override": "tax_included"}, "included in the price: no there, yes here"),
            ({"tax_scope": "service"}, "goods or services: – there, Services here"),
        ):
            with self.subTest(values=values):
                savepoint = self.env.cr.savepoint()
                self.theirs.write(values)
                gap = self.gap()
                self.assertIn("the tax of this name is another one here", gap)
                self.assertIn(words, gap)
                savepoint.close(rollback=True)
                self.env.invalidate_all()

    def test_a_tax_of_another_country_is_another_one(self):
        self.env.flush_all()
        # A company with taxes of several countries, without their groups and reports.
        self.env.cr.execute(
            "UPDATE account_tax SET country_id = %s WHERE id = %s",
            [self.env.ref("base.de").id, self.theirs.id],
        )
        self.env.invalidate_all()
        self.assertIn("country: US there, DE here", self.gap())

    def test_what_was_mapped_by_its_name_is_looked_at_too(self):
        """Both companies map the code to a tax of one name: another rate is a difference, and is not taken over."""
        promotion = self.load(self.export())
        self.approve(self.ask(promotion))
        self.theirs.amount = 16.0
        again = self.load(self.export())
        line = self.line_of(again, "mappings", KEY)
        self.assertEqual(line.change, "changed")
        self.assertIn("rate: 15.0 there, 16.0 here", line.gap)
        line.write({"leave_out": True})
        with self.assertRaisesRegex(UserError, "Nothing would change"):
            self.ask(again)
        self.assertEqual(self.mapped().tax_id, self.theirs)

    def test_none_and_archived_ones(self):
        self.theirs.active = False
        self.assertIn("is archived", self.gap())
        self.theirs.name = "Something else"
        self.assertIn("no tax is called “Output tax 15 %” here", self.gap())

    def test_a_file_that_says_the_name_alone_finds_one_tax_or_none(self):
        content = self.signed_again(self.export(), as_third)
        twin = self.twin(type_tax_use="purchase")
        promotion = self.load(content)
        self.assertIn("several taxes called", self.line_of(promotion, "mappings", KEY).gap)
        with self.assertRaisesRegex(UserError, "several taxes called"):
            self.ask(promotion)
        twin.name = "Input tax 15 %"
        promotion.action_compare()
        self.approve(self.ask(promotion))
        self.assertEqual(self.mapped().tax_id, self.theirs)

    def test_that_it_changes_between_asking_and_approving_is_noticed(self):
        promotion = self.load(self.export())
        request = self.ask(promotion)
        self.theirs.amount = 16.0
        with self.assertRaisesRegex(UserError, "another one here"), self.env.cr.savepoint():
            self.approve(request)
        self.env.invalidate_all()
        self.assertEqual((request.state, len(self.mapped())), ("asked", 0))

    def test_two_companies_of_one_server(self):
        self.twin(type_tax_use="purchase")
        promotion = self.promotions()._from_company(self.company, self.other, "test")
        self.assertFalse(self.line_of(promotion, "mappings", KEY).gap)
        self.approve(self.ask(promotion))
        self.assertEqual(self.mapped().tax_id, self.theirs)
