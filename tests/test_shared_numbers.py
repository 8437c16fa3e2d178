# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
from datetime import date
from unittest.mock import patch

from odoo.fields import Command

from ..models.odoo import account_move_numbers
from .common import IntegrationCommon

DAYS = (
    date(2026, 1, 31),
    date(2026, 2, 1),
    date(2026, 2, 1),
    date(2026, 1, 31),
    date(2025, 12, 31),
    date(2026, 2, 2),
)


class TestSharedNumbers(IntegrationCommon):
    """A batch that looks for its number formats once gets the numbers that core gives one by one."""

    def journal(self, code, **facts):
        return self.env["account.journal"].create(
            {"name": code, "code": code, "type": "sale", "company_id": self.company.id, **facts}
        )

    def documents(self, journal, types):
        revenue = self.company_data["default_account_revenue"]
        return self.env["account.move"].create(
            [
                {
                    "move_type": types[place % len(types)],
                    "journal_id": journal.id,
                    "partner_id": self.partner_a.id,
                    "invoice_date": day,
                    "date": day,
                    "invoice_line_ids": [
                        Command.create(
                            {
                                "name": "Advice",
                                "quantity": 1,
                                "price_unit": 10,
                                "tax_ids": [],
                                "account_id": revenue.id,
                            }
                        )
                    ],
                }
                for place, day in enumerate(DAYS)
            ]
        )

    def looked(self):
        """Count how often core looks for the last number."""
        return patch.object(
            type(self.env["account.move"]), "_get_last_sequence", autospec=True, side_effect=self.original
        )

    def setUp(self):
        super().setUp()
        self.original = type(self.env["account.move"])._get_last_sequence

    def test_the_numbers_are_those_of_core(self):
        for name, types, facts in (
            ("A", ("out_invoice",), {}),
            ("B", ("out_invoice", "out_refund"), {"refund_sequence": True}),
            ("D", ("out_invoice", "out_refund"), {"refund_sequence": False}),
        ):
            core, shared = self.journal(f"CC{name}", **facts), self.journal(f"SS{name}", **facts)
            for _batch in range(2):
                one, other = self.documents(core, types), self.documents(shared, types)
                one._post(soft=False)
                other._with_shared_numbers()._post(soft=False)
                self.assertEqual(
                    [move.name.replace("SS", "CC") for move in other], one.mapped("name"), (types, facts)
                )
            names = self.env["account.move"].search([("journal_id", "=", shared.id)]).mapped("name")
            self.assertEqual(len(set(names)), 2 * len(DAYS))

    def test_core_is_asked_once_for_each_day(self):
        moves = self.documents(self.journal("SSS"), ("out_invoice",))
        with self.looked() as look:
            moves._with_shared_numbers()._post(soft=False)
        asked = {call.args[0].date for call in look.call_args_list}
        self.assertEqual(asked, set(DAYS))
        self.assertLess(len(look.call_args_list), 2 * len(DAYS))

    def test_with_anybody_elses_rules_each_is_asked_for(self):
        moves = self.documents(self.journal("SSS"), ("out_invoice",))
        self.patch(account_move_numbers, "KNOWN_MODULES", frozenset({"finance_integration"}))
        self.assertEqual(moves._with_shared_numbers().env.context, moves.env.context)
        with self.looked() as look:
            moves._with_shared_numbers()._post(soft=False)
        self.assertEqual(len({call.args[0].id for call in look.call_args_list}), len(DAYS))
