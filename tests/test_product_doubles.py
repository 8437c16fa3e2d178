# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Which product an outside one is: a person says it where it is only probable, and nothing is made twice (O3, M3)."""

from odoo.exceptions import UserError

from ..engine.duplicates import Suspicion
from ..simulators.partner import documents
from .product_common import BARCODE, OTHER_BARCODE, ProductCommon


class TestProductsAreNotDoubled(ProductCommon):
    def refused(self, message, code="product_uncertain"):
        self.assertEqual((message.status, message.error_code), ("parked", code), message.error_detail)
        exception = self.exceptions(code)
        self.assertEqual(len(exception), 1)
        return exception

    def test_the_same_barcode_or_reference_is_the_same_product(self):
        one, other = self.here("Bread", barcode=BARCODE), self.here("Roll", default_code="ROLL")
        count = self.env["product.product"].search_count([])
        self.tell_product("P-1", name="Rye bread", barcode=BARCODE, code="RYE-1")
        self.tell_product("P-2", name="Roll", code="ROLL", barcode=OTHER_BARCODE)
        self.assertEqual((self.binding("P-1").res_id, self.binding("P-2").res_id), (one.id, other.id))
        self.assertEqual(self.env["product.product"].search_count([]), count)
        # What was empty is filled in, what differs is kept beside it.
        self.assertEqual((one.default_code, one.name, other.barcode), ("RYE-1", "Bread", OTHER_BARCODE))
        self.assertEqual(self.proposals().mapped("their_text"), ["Rye bread"])

    def test_several_that_could_be_it_are_asked_about_and_the_choice_is_kept(self):
        first, second = self.here(default_code="RYE-1"), self.here("Bread", default_code="RYE-1")
        count = self.env["product.product"].search_count([])
        exception = self.refused(self.tell_product(code="RYE-1"))
        self.assertEqual((exception.fix, exception.severity), ("product", "medium"))
        self.assertIn("several products have this number", exception.what)
        self.assertEqual(self.env["product.product"].search_count([]), count)
        with self.assertRaises(UserError):
            exception.with_user(self.operator).action_choose_product()
        exception.with_user(self.operator).fix_product_id = second
        exception.with_user(self.operator).action_choose_product()
        self.drain(self.partner_connection)
        self.assertEqual((self.binding().res_id, exception.state), (second.id, "resolved"))
        self.tell_product(version=2, code="RYE-1")
        self.assertFalse(self.exceptions("product_uncertain"))
        self.assertFalse(first.sudo().integration_sources)

    def test_a_number_written_otherwise_is_asked_about(self):
        product = self.here(default_code="RYE 1")
        self.env.flush_all()
        self.root["integration.duplicate"]._look_at(product.with_env(self.root))
        exception = self.refused(self.tell_product(code="RYE-1"))
        self.assertIn("only written otherwise", exception.what)
        self.assertEqual(exception.action_open_product()["res_id"], product.id)
        self.assertEqual(self.products(default_code="RYE-1").ids, [])

    def test_another_barcode_speaks_against_the_same_reference(self):
        self.here(default_code="RYE-1", barcode=BARCODE)
        exception = self.refused(self.tell_product(code="RYE-1", barcode=OTHER_BARCODE))
        self.assertIn("another barcode", exception.what)

    def test_the_same_name_without_any_number_is_asked_about(self):
        self.here("RYE BREAD")
        self.refused(self.tell_product())

    def test_a_person_says_that_it_is_a_new_one(self):
        old = self.here("RYE BREAD")
        message = self.tell_product()
        exception = self.refused(message)
        exception.with_user(self.operator).action_new_product()
        self.drain(self.partner_connection)
        self.assertEqual((message.status, exception.state), ("done", "resolved"))
        product = self.became(message, "product.product")
        self.assertNotEqual(product, old)
        self.assertEqual(exception.new_product, "P-1")

    def test_an_archived_product_waits_until_it_is_taken_back(self):
        product = self.here(default_code="RYE-1")
        product.action_archive()
        count = len(self.products())
        message = self.tell_product(code="RYE-1")
        exception = self.refused(message, "product_archived")
        self.assertEqual((exception.fix, len(self.products())), ("archived", count))
        self.assertEqual(exception.action_open_product()["res_id"], product.id)
        product.with_user(self.operator).action_unarchive()
        self.drain(self.partner_connection)
        self.assertEqual((message.status, self.binding().res_id), ("done", product.id))
        self.assertEqual(exception.state, "resolved")

    def test_two_ids_of_one_source_with_one_number_are_asked_about_also_in_one_batch(self):
        self.tell_product("P-1", code="RYE-1", drain=False)
        second = self.tell_product("P-2", code="rye 1", name="Rye", drain=False)
        self.drain(self.partner_connection)
        exception = self.refused(second)
        product = self.became(
            self.env["integration.message"].search([("object_key", "=", "product:P-1")]), "product.product"
        )
        self.assertEqual(len(product), 1)
        exception.with_user(self.operator).fix_product_id = product
        exception.with_user(self.operator).action_choose_product()
        self.drain(self.partner_connection)
        self.assertTrue(self.binding("P-2").is_second)
        # What is said under the second id is only proposed: the two would take turns.
        self.product_rule(field="name", owner="connection", owner_connection_id=self.partner_connection.id)
        self.tell_product("P-2", code="rye 1", name="Loaf", version=2)
        self.assertEqual(product.name, "Rye bread")
        self.assertEqual(self.proposals(field="name").why, "second_name")

    def test_a_mapping_says_which_product_a_code_means_and_a_default_does_not(self):
        product, rest = self.here("Bread", default_code="B-9"), self.here("Anything")
        lines = [
            {"mapping": "product", "outside_value": value, "product_id": target.id}
            for value, target in (("RYE-1", product), ("*", rest))
        ]
        change = self.env["integration.mapping.change"].create(
            {
                "connection_id": self.partner_connection.id,
                "reason": "As agreed",
                "line_ids": [(0, 0, line) for line in lines],
            }
        )
        change.action_ask()
        change.request_id.with_user(self.approver).action_approve()
        self.env.invalidate_all()
        self.tell_product("P-1", name="Bread", code="RYE-1")
        self.assertEqual(self.binding("P-1").res_id, product.id)
        new = self.brought(outside_id="P-2", name="Cake", code="CAKE")
        self.assertNotIn(new, product | rest)

    def test_a_product_of_another_company_is_neither_found_nor_changed(self):
        other = self.setup_other_company()["company"]
        foreign = (
            self.root["product.product"]
            .with_company(other)
            .create({"name": "Theirs", "default_code": "RYE-1", "barcode": BARCODE, "company_id": other.id})
        )
        product = self.brought(code="RYE-1", barcode=BARCODE)
        self.assertNotEqual(product, foreign)
        self.assertEqual((product.company_id, foreign.name), (self.company, "Theirs"))
        self.assertFalse(foreign.sudo().integration_sources)
        twin = self.here(default_code="X-1")
        self.here(default_code="X-1")
        exception = self.refused(self.tell_product("P-3", code="X-1"))
        exception.fix_product_id = foreign
        with self.assertRaises(UserError):
            exception.with_user(self.operator).action_choose_product()
        self.assertFalse(self.binding("P-3"))
        self.assertTrue(twin.active)

    def test_an_invoice_that_waits_for_a_product_goes_on_when_it_comes_in(self):
        line = documents.Line("Rye bread", 1, 100, ("STD",))
        document = documents.invoice(
            "INV-1",
            documents.Party("C-1", "Anna", "a@x.example"),
            [],
            self.clock.now,
            due_date=self.clock.now.date(),
        )
        document["lines"] = [
            {
                "description": line.description,
                "quantity": "1",
                "unit_price": "100.00",
                "product": "RYE-1",
                "tax_codes": ["STD"],
                "net_amount": "100.00",
                "taxes": [{"code": "STD", "amount": "15.00"}],
            }
        ]
        document |= {"total_net": "100.00", "total_tax": "15.00", "total_gross": "115.00"}
        message = self.send_partner("invoice.issued", document)
        self.assertEqual((message.status, message.error_code), ("parked", "mapping_missing"))
        product = self.brought(code="RYE-1")
        self.drain(self.partner_connection)
        self.assertEqual(message.status, "done", self.stopped())
        self.assertEqual(self.became(message, "account.move").invoice_line_ids.product_id, product)
        self.assertFalse(self.exceptions("mapping_missing"))

    def test_a_merged_product_is_told_of_under_both_ids_and_keeps_the_chosen_values(self):
        one = self.brought(outside_id="P-1", code="RYE-1")
        other = self.brought(outside_id="P-2", name="Rye breads", code="RYE-2", barcode=BARCODE)
        self.root["integration.duplicate"]._keep(
            "product.product",
            (one | other).ids,
            {(one.id, other.id): Suspicion(one.id, other.id, 90, exact=True, reasons=("name_alike",))},
            self.env["integration.duplicate.reader"]._subjects(one | other),
        )
        pair = self.env["integration.duplicate"].search(
            [("first_id", "=", one.id), ("second_id", "=", other.id)]
        )
        request = pair.with_user(self.operator)._ask_for_merge(one, ["barcode"], "The same", "")
        self.assertTrue(other.active)
        request.with_user(self.approver).action_approve()
        self.assertEqual((one.barcode, other.active, one.name), (BARCODE, False, "Rye bread"))
        self.assertEqual((self.binding("P-2").res_id, self.binding("P-2").is_second), (one.id, True))
