# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Products that come in: known by their outside id, changed only by who owns the field, the rest decided (O3, M1)."""

from odoo.exceptions import UserError, ValidationError

from .product_common import BARCODE, ProductCommon


class TestProductsComeIn(ProductCommon):
    def test_a_new_product_is_made_with_all_that_is_said_and_its_outside_id_is_kept(self):
        product = self.brought(
            type="service",
            code="RYE-1",
            barcode=BARCODE,
            price="4.125",
            currency="USD",
            tax_codes=["GST"],
            income_account="4000",
        )
        self.assertEqual(
            (product.name, product.type, product.default_code, product.barcode, product.lst_price),
            ("Rye bread", "service", "RYE-1", BARCODE, 4.125),
        )
        self.assertEqual(product.company_id, self.company)
        self.assertEqual(product.taxes_id, self.tax15)
        self.assertEqual(product.with_company(self.company).property_account_income_id, self.income)
        self.assertEqual((self.binding().res_model, self.binding().res_id), ("product.product", product.id))
        self.assertEqual(product.integration_sources["name"]["connection"], self.partner_connection.id)
        self.assertIn(f"accounts@{self.company.id}", product.integration_sources)
        self.assertEqual(product.create_uid, self.partner_connection.sudo().service_user_id)
        self.assertFalse(self.exceptions())

    def test_told_again_it_is_the_same_and_nothing_is_made_twice(self):
        product = self.brought(code="RYE-1", barcode=BARCODE)
        count = self.env["product.product"].search_count([])
        message = self.tell_product(
            version=1, code="RYE-1", barcode=BARCODE, connection=self.partner_connection
        )
        self.assertEqual(message, self.tell_product(version=1, code="RYE-1", barcode=BARCODE))
        self.tell_product(version=2, code="RYE-1", barcode=BARCODE)
        self.assertEqual(self.env["product.product"].search_count([]), count)
        self.assertEqual(self.binding().res_id, product.id)

    def test_a_late_older_version_changes_nothing(self):
        self.product_rule(field="*", owner="connection", owner_connection_id=self.partner_connection.id)
        product = self.brought(version=5)
        message = self.tell_product(version=3, name="Old bread")
        self.assertEqual((message.status, product.name), ("superseded", "Rye bread"))

    def test_odoo_owns_products_so_another_value_is_kept_beside_it(self):
        product = self.brought(code="RYE-1", price="4.00", currency="USD")
        message = self.tell_product(version=2, name="Rye loaf", code="RYE-1", price="5.00", currency="USD")
        self.assertEqual(message.status, "done")
        self.assertEqual((product.name, product.lst_price), ("Rye bread", 4.0))
        proposals = self.proposals(object="product").sorted("field")
        self.assertEqual(
            [(row.field, row.our_text, row.their_text, row.why, row.owner_text) for row in proposals],
            [
                ("name", "Rye bread", "Rye loaf", "owner_wins", "Odoo"),
                ("price", "4", "5", "owner_wins", "Odoo"),
            ],
        )
        self.assertEqual(proposals.message_id, message)
        exceptions = self.exceptions("value_kept_out")
        self.assertEqual(sorted(exceptions.mapped("cause")), ["product.name", "product.price"])
        with self.assertRaises(UserError):
            exceptions[0].action_mark_resolved()

    def test_a_person_takes_the_other_value_over(self):
        product = self.brought(price="4.00", currency="USD")
        self.tell_product(version=2, name="Rye loaf", price="5.00", currency="USD")
        decision = (
            self.env["integration.value.decision"]
            .with_user(self.operator)
            .create({"proposal_ids": self.proposals().ids, "choice": "take", "reason": "New list"})
        )
        self.assertEqual((decision.count, decision.needs_approval), (2, False))
        decision.action_confirm()
        self.assertEqual((product.name, product.lst_price), ("Rye loaf", 5.0))
        self.assertEqual(product.integration_sources["price"]["user"], self.operator.id)
        self.assertFalse(self.exceptions())

    def test_a_tax_category_and_an_account_need_a_second_person(self):
        tax = self.tax15.copy({"name": "Reduced"})
        self.env["integration.mapping"].create(
            {
                "connection_id": self.partner_connection.id,
                "mapping": "tax",
                "outside_value": "RED",
                "tax_id": tax.id,
            }
        )
        product = self.brought(tax_codes=["GST"])
        self.tell_product(version=2, tax_codes=["RED"])
        self.assertEqual(product.taxes_id, self.tax15)
        self.assertEqual(len(self.exceptions("value_not_owned")), 1)
        proposal = self.proposals(field="tax_category").with_user(self.operator)
        self.assertTrue(proposal.needs_approval)
        proposal._take_theirs("The authority says so")
        self.assertEqual((proposal.state, product.taxes_id), ("asked", self.tax15))
        request = self.env["integration.change.request"].search([("res_id", "=", proposal.id)], limit=1)
        with self.assertRaises(UserError):
            request.with_user(self.operator).action_approve()
        self.assertEqual(product.taxes_id, self.tax15)
        self.approve(proposal)
        self.assertEqual((proposal.state, product.taxes_id), ("taken", tax))
        self.assertFalse(self.exceptions())

    def test_taxes_of_another_company_stay_when_ours_are_taken_over(self):
        other = self.setup_other_company()
        foreign = other["default_tax_sale"]
        product = self.brought(tax_codes=["GST"])
        product.sudo().product_tmpl_id.company_id = False
        product.sudo().with_context(
            allowed_company_ids=(self.company | other["company"]).ids
        ).taxes_id |= foreign
        self.product_rule(
            field="tax_category", owner="connection", owner_connection_id=self.partner_connection.id
        )
        self.env["integration.mapping"].create(
            {
                "connection_id": self.partner_connection.id,
                "mapping": "tax",
                "outside_value": "RED",
                "tax_id": self.tax15.copy({"name": "Reduced"}).id,
            }
        )
        self.tell_product(version=2, tax_codes=["RED"])
        self.assertEqual(sorted(product.sudo().taxes_id.mapped("name")), sorted(["Reduced", foreign.name]))

    def test_who_owns_a_field_by_rule_writes_it_and_nothing_else(self):
        self.product_rule(field="price", owner="connection", owner_connection_id=self.partner_connection.id)
        product = self.brought(price="4.00", currency="USD")
        self.tell_product(version=2, name="Rye loaf", price="5.50", currency="USD")
        self.assertEqual((product.name, product.lst_price), ("Rye bread", 5.5))
        self.assertEqual(self.proposals().mapped("field"), ["name"])
        self.tell_product("W-1", name="Rye bread", connection=self.erp, price="9.00", currency="USD")
        self.assertEqual(product.lst_price, 5.5)

    def test_making_a_system_the_owner_settles_what_is_open(self):
        product = self.brought()
        self.tell_product(version=2, name="Rye loaf")
        proposal = self.proposals()
        proposal.with_user(self.operator)._make_owner("The platform keeps the names")
        rule = self.env["integration.ownership"].search([("state", "=", "asked")])
        self.assertEqual((rule.object, rule.field, product.name), ("product", "name", "Rye bread"))
        self.approve(rule)
        self.assertEqual((proposal.state, product.name), ("taken", "Rye loaf"))

    def test_circular_ownership_of_a_product_is_refused(self):
        def rule(connection, owner):
            return {
                "field": "price",
                "connection_id": connection.id,
                "owner": "connection",
                "owner_connection_id": owner.id,
            }

        self.product_rule(**rule(self.partner_connection, self.erp))
        with self.assertRaisesRegex(ValidationError, "circular"):
            self.product_rule(**rule(self.erp, self.partner_connection))

    def test_a_person_changes_what_another_system_owns_on_the_template(self):
        self.product_rule(field="price", owner="connection", owner_connection_id=self.partner_connection.id)
        product = self.brought(price="4.00", currency="USD")
        product.product_tmpl_id.with_user(self.operator).list_price = 6
        proposal = self.proposals()
        self.assertEqual(
            (proposal.origin, proposal.object, proposal.our_text, proposal.their_text, proposal.times),
            ("person", "product", "6", "4", 1),
        )
        self.assertEqual(len(self.exceptions("owned_value_edited")), 1)
        self.assertEqual(product.integration_sources["price"]["user"], self.operator.id)
        self.tell_product(version=2, price="7.00", currency="USD")
        self.assertEqual((product.lst_price, proposal.state), (7.0, "overtaken"))
        self.assertEqual(self.proposals("landed").our_text, "6")
        self.assertFalse(self.exceptions())

    def test_a_person_changes_it_on_the_variant_and_it_is_noted_once(self):
        self.product_rule(field="name", owner="connection", owner_connection_id=self.partner_connection.id)
        product = self.brought()
        product.with_user(self.operator).name = "By hand"
        self.assertEqual((self.proposals().our_text, self.proposals().times), ("By hand", 1))
        leaves = self.env["integration.audit.leaf"].sudo()
        self.assertEqual(leaves.search_count([("action", "=", "product.owned_value_edited")]), 1)

    def test_no_context_of_a_call_keeps_a_change_from_being_noted(self):
        self.product_rule(field="name", owner="connection", owner_connection_id=self.partner_connection.id)
        product = self.brought()
        called = product.with_user(self.operator).with_context(integration_noting=True)
        called.name = "By hand"
        self.assertEqual((self.proposals().our_text, self.proposals().times), ("By hand", 1))
        called.product_tmpl_id.name = "On the template"
        self.assertEqual((self.proposals().our_text, self.proposals().times), ("On the template", 2))
        self.assertEqual(product.integration_sources["name"]["user"], self.operator.id)

    def test_a_variant_among_several_is_not_changed_for_all_of_them(self):
        attribute = self.env["product.attribute"].create(
            {"name": "Size", "value_ids": [(0, 0, {"name": "S"}), (0, 0, {"name": "L"})]}
        )
        template = self.env["product.template"].create(
            {
                "name": "Shirt",
                "company_id": self.company.id,
                "attribute_line_ids": [
                    (0, 0, {"attribute_id": attribute.id, "value_ids": [(6, 0, attribute.value_ids.ids)]})
                ],
            }
        )
        small, large = template.product_variant_ids
        small.default_code = "SHIRT-S"
        self.product_rule(field="*", owner="connection", owner_connection_id=self.partner_connection.id)
        self.tell_product(name="Shirt S", code="SHIRT-S", barcode=BARCODE)
        self.assertEqual((template.name, small.barcode, large.barcode), ("Shirt", BARCODE, False))
        proposal = self.proposals(field="name")
        self.assertEqual((proposal.why, len(self.exceptions("value_not_owned"))), ("shared", 1))

    def test_a_price_in_another_currency_is_left_out_and_told(self):
        product = self.brought(price="4.00", currency="USD")
        self.product_rule(field="*", owner="connection", owner_connection_id=self.partner_connection.id)
        self.tell_product(version=2, name="Rye loaf", price="5.00", currency="EUR")
        self.assertEqual((product.name, product.lst_price), ("Rye loaf", 4.0))
        exception = self.exceptions("price_currency_differs")
        self.assertEqual((len(exception), exception.severity), (1, "low"))
        exception.action_mark_resolved()

    def test_an_unmapped_tax_stops_the_event_and_the_mapping_lets_it_go(self):
        count = self.env["product.product"].search_count([])
        message = self.tell_product(tax_codes=["VAT99"])
        self.assertEqual((message.status, message.error_code), ("parked", "mapping_missing"))
        self.assertEqual(self.exceptions("mapping_missing").fix, "mapping")
        self.assertEqual(self.env["product.product"].search_count([]), count)
        self.env["integration.mapping"].create(
            {
                "connection_id": self.partner_connection.id,
                "mapping": "tax",
                "outside_value": "VAT99",
                "tax_id": self.tax15.id,
            }
        )
        self.drain(self.partner_connection)
        self.assertEqual(message.status, "done")
        self.assertEqual(self.became(message, "product.product").taxes_id, self.tax15)

    def test_archived_at_the_source(self):
        product = self.brought(status="archived")
        self.assertEqual((product.active, product.product_tmpl_id.active), (False, False))
        self.product_rule(field="status", owner="connection", owner_connection_id=self.partner_connection.id)
        self.tell_product(version=2)
        self.assertEqual((product.active, product.product_tmpl_id.active), (True, True))
        self.tell_product(version=3, status="archived")
        self.assertEqual((product.active, product.product_tmpl_id.active), (False, False))

    def test_an_event_of_a_product_that_was_archived_here_is_an_exception(self):
        product = self.brought()
        product.action_archive()
        self.tell_product(version=2)
        self.assertFalse(product.active)
        self.assertEqual(self.proposals().field, "status")
        self.assertEqual(self.exceptions("value_kept_out").fix, "values")
        self.proposals().with_user(self.operator)._take_theirs("Sold again")
        self.assertTrue(product.active)

    def test_where_a_value_comes_from_is_on_the_product_and_its_template(self):
        product = self.brought(price="4.00", currency="USD").with_user(self.operator)
        for record in (product, product.product_tmpl_id):
            self.assertIn("Partner platform", record.integration_source_table)
            self.assertIn("Price", record.integration_source_table)
        self.tell_product(version=2, name="Rye loaf")
        self.env.invalidate_all()
        self.assertEqual(product.product_tmpl_id.integration_proposed_count, 1)
        action = product.product_tmpl_id.action_open_integration_proposed()
        self.assertEqual(self.env["integration.proposed.value"].search_count(action["domain"]), 1)

    def test_history_for_reference_links_and_makes_nothing(self):
        product = self.here(default_code="RYE-1")
        count = self.env["product.product"].search_count([])
        for outside_id, code, note in (("P-1", "RYE-1", ""), ("P-2", "NONE", "no such product")):
            message = self.tell_product(outside_id, code=code, name="Loaf", drain=False)
            work = self.reference_work(message)
            work.connection.env["integration.reference"]._make_known(work, self.env["account.move"])
            self.assertIn(note, work.note)
        self.assertEqual((self.binding("P-1").res_id, len(self.binding("P-2"))), (product.id, 0))
        self.assertEqual((product.name, self.env["product.product"].search_count([])), ("Rye bread", count))

    def reference_work(self, message):
        drain = self.root["integration.drain"]
        [row] = [
            row
            for row in drain._next_rows(self.partner_connection.flow_ids.lane_id.id, 100)[0]
            if row["id"] == message.id
        ]
        work = drain._open_work(row)
        drain._understand(work)
        self.assertFalse(work.error)
        return work
