# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Units of measure (M2): by the mapping of the code, else by the code of the standard, else a person is asked."""

from datetime import date

from odoo.exceptions import UserError

from .mapping_common import MappingCommon

MARCH, APRIL = date(2026, 3, 1), date(2026, 4, 1)


class TestUnits(MappingCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.unit, cls.dozen, cls.hour, cls.day, cls.kilogram = (
            cls.env.ref(f"uom.product_uom_{name}") for name in ("unit", "dozen", "hour", "day", "kgm")
        )
        cls.advice = cls.env["product.product"].create(
            {"name": "Advice", "default_code": "ADVICE", "type": "service", "uom_id": cls.hour.id}
        )

    def line_of(self, message):
        [line] = self.became(message, "account.move").invoice_line_ids
        return line

    def test_a_code_of_the_standard_means_itself(self):
        line = self.line_of(self.tell("U-1", line={"unit": "HUR"}))
        self.assertEqual((line.product_uom_id, line.quantity, line.price_subtotal), (self.hour, 1.0, 100.0))
        self.assertEqual(line.move_id.amount_total, 115.0)
        self.assertFalse(self.mapping_of("HUR", "unit"))

    def test_a_mapping_goes_before_the_standard_and_its_version_is_named(self):
        self.map_value("unit", "HUR", self.day)
        message = self.tell("U-1", line={"unit": "HUR", "product": "ADVICE"})
        self.assertEqual(self.line_of(message).product_uom_id, self.day)
        self.assertIn(self.mapping_of("HUR", "unit").version_ids, message.mapping_version_ids)

    def test_without_a_unit_it_is_the_products_own(self):
        self.assertEqual(self.line_of(self.tell("U-1", line={"product": "ADVICE"})).product_uom_id, self.hour)
        self.assertFalse(self.line_of(self.tell("U-2")).product_uom_id)

    def test_a_unit_that_nobody_knows_stops_and_goes_on_when_it_is_mapped(self):
        message = self.tell("U-1", line={"unit": "BOX12"})
        self.assertEqual(self.outcome(message), ("parked", "mapping_missing"))
        self.assertFalse(self.env["account.move"].search_count([("ref", "=", "U-1")]))
        exception = message.exception_id.with_user(self.operator)
        self.assertIn("Unit of measure", exception.what)
        action = exception.action_add_mapping()
        self.assertEqual(
            (
                action["res_model"],
                action["context"]["default_mapping"],
                action["context"]["default_outside_value"],
            ),
            ("integration.mapping", "unit", "BOX12"),
        )
        self.map_value("unit", "BOX12", self.dozen)
        self.drain(self.partner_connection)
        self.assertEqual(self.outcome(message), ("done", None))
        self.assertEqual(self.line_of(message).product_uom_id, self.dozen)

    def test_an_ended_unit_stops_even_where_the_standard_knows_the_code(self):
        self.map_value("unit", "DAY", self.day)
        self.change_mapping(self.line("DAY", "unit", action="end", valid_from=APRIL))
        message = self.tell("U-1", day=APRIL, line={"unit": "DAY"})
        self.assertEqual(self.outcome(message), ("parked", "mapping_expired"))

    def test_a_unit_that_does_not_measure_the_product_books_nothing(self):
        message = self.tell("U-1", line={"unit": "KGM", "product": "ADVICE"})
        self.assertEqual(self.outcome(message), ("parked", "unit_not_of_product"))
        self.assertFalse(self.env["account.move"].search_count([("ref", "=", "U-1")]))
        exception = message.exception_id.with_user(self.operator)
        self.assertIn("KGM", exception.what)
        self.assertIn(self.hour.name, exception.what)
        self.map_value("unit", "KGM", self.hour)
        self.drain(self.partner_connection)
        self.assertEqual(self.line_of(message).product_uom_id, self.hour)

    def test_the_standard_path_of_odoo_takes_the_unit_too(self):
        term = self.env["account.payment.term"].create(
            {"name": "Early", "early_discount": True, "discount_percentage": 2, "discount_days": 5}
        )
        self.map_value("payment_term", "EARLY", term)
        message = self.tell(
            "U-1", line={"unit": "DAY", "product": "ADVICE"}, due_date=None, payment_term="EARLY"
        )
        line = self.line_of(message)
        self.assertEqual((line.move_id.invoice_payment_term_id, line.product_uom_id), (term, self.day))

    def test_no_default_for_units(self):
        with self.assertRaises(UserError):
            self.map_value("unit", "*", self.unit)
        with self.assertRaises(UserError):
            self.change_mapping(self.line("*", "unit", unit_id=self.unit.id))
        self.assertFalse(self.mapping_of("*", "unit"))

    def test_what_a_unit_means_is_answered_and_listed(self):
        self.tell("U-1", line={"unit": "HUR"})
        self.tell("U-2", line={"unit": "BOX12"})
        self.assertEqual(self.meaning("HUR", MARCH, "unit"), ("standard", self.hour.name))
        self.assertEqual(self.meaning("BOX12", MARCH, "unit"), ("missing", False))
        self.env["integration.mapping.coverage"]._look(self.partner_connection, 30)
        rows = self.env["integration.mapping.coverage"].search(
            [("connection_id", "=", self.partner_connection.id), ("mapping", "=", "unit")]
        )
        self.assertEqual(
            {row.outside_value: (row.situation, row.seen_count) for row in rows},
            {"HUR": ("reference", 1), "BOX12": ("missing", 1)},
        )

    def test_a_file_and_a_configuration_name_it(self):
        Mapping = self.env["integration.mapping"]
        self.map_value("unit", "BOX12", self.dozen)
        self.assertEqual(
            Mapping._named(self.partner_connection, "unit", self.dozen.name), (self.dozen.id, None)
        )
        rows = self.env["integration.promotion.rows"]._read_rows(self.company)[0]
        self.assertEqual(
            rows["mappings"]["Partner platform", "unit", "BOX12"],
            {"spans": [[None, None, self.dozen.name]], "taxes": []},
        )
