# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Which codes events use and how they are mapped: missing, default, ended, doubtful, unused (M2, M3)."""

from datetime import date, timedelta

from odoo import fields
from odoo.exceptions import AccessError, ValidationError

from .mapping_common import MappingCommon


class TestMappingCoverage(MappingCommon):
    def look(self, days=60, user=None):
        dialog = (
            self.env["integration.mapping.look"]
            .with_user(user or self.auditor)
            .create({"connection_id": self.partner_connection.id, "days": days})
        )
        action = dialog.action_look()
        self.env.invalidate_all()
        return self.env["integration.mapping.coverage"].with_user(self.auditor).search(action["domain"])

    def situations(self, rows):
        return {(row.mapping, row.outside_value): (row.situation, row.seen_count) for row in rows}

    def test_every_code_has_one_situation(self):
        soon = fields.Date.today() + timedelta(days=10)
        self.env["product.product"].create({"name": "Beans", "default_code": "BEANS"})
        self.map_value("tax", "ENDING", self.tax15, valid_until=soon)
        self.map_value("tax", "UNUSED", self.tax15)
        self.map_value("account", "OLD", self.income2)
        self.change_mapping(self.line("*", "account", account_id=self.income.id))
        self.map_value("tax", "ENDED", self.tax15, valid_until=date(2020, 1, 1))
        for number, facts in enumerate(
            (
                {"codes": ("STD",)},
                {"codes": ("STD",)},
                {"codes": ("NEW",)},
                {"codes": ("ENDING",)},
                {"codes": ("ENDED",)},
                {"codes": ("STD",), "line": {"account": "ANY"}},
                {"codes": ("STD",), "line": {"account": "OLD"}},
                {"codes": ("STD",), "line": {"product": "BEANS"}},
                {"codes": ("STD",), "line": {"product": "NOTHING"}},
            )
        ):
            self.tell(f"C-{number}", **facts)
        self.income2.active = False
        self.env.flush_all()
        found = self.situations(self.look())
        self.assertEqual(
            found,
            {
                ("tax", "STD"): ("mapped", 6),
                ("tax", "NEW"): ("missing", 1),
                ("tax", "ENDING"): ("ending", 1),
                ("tax", "ENDED"): ("expired", 1),
                ("tax", "UNUSED"): ("unused", 0),
                ("account", "ANY"): ("default", 1),
                ("account", "OLD"): ("archived", 1),
                ("account", "*"): ("unused", 0),
                ("product", "BEANS"): ("reference", 1),
                ("product", "NOTHING"): ("missing", 1),
            },
        )

    def test_looking_again_replaces_what_was_found(self):
        self.tell("C-1", codes=("NEW",))
        self.assertEqual(self.situations(self.look())["tax", "NEW"], ("missing", 1))
        self.map_value("tax", "NEW", self.tax15)
        rows = self.look()
        self.assertEqual(self.situations(rows)["tax", "NEW"], ("mapped", 1))
        self.assertEqual(len(rows), len({(row.mapping, row.outside_value) for row in rows}))

    def test_events_of_earlier_days_are_not_looked_at(self):
        message = self.tell("C-1", codes=("NEW",))
        self.env.cr.execute(
            "UPDATE integration_message SET received_at = received_at - interval '90 days' WHERE id = %s",
            [message.id],
        )
        self.assertNotIn(("tax", "NEW"), self.situations(self.look(days=60)))
        self.assertIn(("tax", "NEW"), self.situations(self.look(days=120)))
        for days in (0, -1, 10_000):
            with self.assertRaises(ValidationError):
                self.look(days=days)

    def test_a_rate_that_contradicts_the_source_is_doubtful(self):
        self.env["integration.outside.code"].sudo().create(
            {
                "connection_id": self.partner_connection.id,
                "mapping": "tax",
                "code": "STD",
                "label": "Value added tax 20 %",
                "rate_percent": "20",
            }
        )
        self.tell("C-1")
        [row] = self.look().filtered(lambda row: row.outside_value == "STD")
        self.assertEqual((row.situation, row.outside_label), ("doubtful", "Value added tax 20 %"))
        self.assertIn("another rate", row.note)

    def test_the_buttons_lead_to_the_mapping(self):
        self.tell("C-1", codes=("NEW",))
        rows = {row.outside_value: row for row in self.look().with_user(self.operator)}
        action = rows["NEW"].action_map()
        self.assertEqual(action["res_model"], "integration.mapping")
        self.assertEqual(action["context"]["default_outside_value"], "NEW")
        self.assertEqual(
            self.env[action["res_model"]].with_context(**action["context"]).new({}).mapping, "tax"
        )
        self.tell("C-2")
        self.look()
        std = self.env["integration.mapping.coverage"].search([("outside_value", "=", "STD")])
        self.assertEqual(std.action_map()["res_model"], "integration.mapping.change")
        history = std.action_open_mapping_history()
        self.assertEqual(
            self.env["integration.mapping.version"].search(history["domain"]),
            self.mapping_of("STD").version_ids,
        )

    def test_nobody_writes_it_by_hand(self):
        self.tell("C-1", codes=("NEW",))
        rows = self.look()
        for user in (self.operator, self.administrator, self.auditor):
            with self.assertRaises(AccessError):
                rows[0].with_user(user).write({"situation": "mapped"})
