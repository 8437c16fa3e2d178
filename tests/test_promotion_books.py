# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Bank journals of balances, and rules that follow business events, are carried over and taken back (M5, M8)."""

from datetime import date

from odoo.exceptions import UserError

from .promotion_common import PromotionCommon


class TestBalances(PromotionCommon):
    def balance(self, company):
        return self.root["integration.balance.account"].search(
            [("company_id", "=", company.id), ("connection_id.name", "=", "Stripe account")]
        )

    def test_a_balance_gets_the_journal_of_the_same_code(self):
        self.fill_gaps()
        promotion = self.load(self.export())
        self.approve(self.ask(promotion))
        here, there = self.balance(self.other), self.balance(self.company)
        self.assertEqual((len(here), here.currency_id), (1, there.currency_id))
        self.assertEqual(here.journal_id.code, there.journal_id.code)
        self.assertEqual(here.journal_id.company_id, self.other)
        self.approve(self.ask(promotion, "Not yet"), self.ben)
        self.assertFalse(self.balance(self.other))

    def test_a_journal_that_does_not_fit_is_a_gap(self):
        self.fill_gaps()
        code = self.balance(self.company).journal_id.code
        journal = self.root["account.journal"].search(
            [("code", "=", code), ("company_id", "=", self.other.id)]
        )
        euro = self.env.ref("base.EUR")
        euro.active = True
        journal.currency_id = euro
        promotion = self.load(self.export())
        line = self.line_of(promotion, "balance_accounts", "Stripe account · USD")
        self.assertIn("no bank journal kept in USD", line.gap)
        self.assertIn("Add a bank journal", line.step)
        with self.assertRaisesRegex(UserError, "no bank journal kept in USD"):
            self.ask(promotion)
        self.assertFalse(self.balance(self.other))

    def test_with_money_in_it_it_is_not_taken_back(self):
        self.fill_gaps()
        promotion = self.load(self.export())
        self.approve(self.ask(promotion))
        balance = self.balance(self.other)
        self.root["account.bank.statement.line"].create(
            {
                "journal_id": balance.journal_id.id,
                "date": date(2026, 3, 2),
                "payment_ref": "Charge",
                "amount": 10.0,
                "integration_connection_id": balance.connection_id.id,
            }
        )
        with self.assertRaisesRegex(UserError, "Money of Stripe account USD is booked"):
            self.ask(promotion, "Not yet")
        self.assertEqual(self.balance(self.other), balance)


class TestRules(PromotionCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.rule = cls.root["integration.rule"].create(
            {
                "name": "Chase a failed payment",
                "company_id": cls.company.id,
                "user_id": cls.operator.id,
                "scope": "invoice",
                "deadline_hours": 36.5,
                "prerequisite_ids": [
                    (0, 0, {"kind": "event.payment_failed", "amount_from": 99.5}),
                    (0, 0, {"kind": "event.invoice_posted", "domain": "[('move_type', '=', 'out_invoice')]"}),
                ],
                "action_ids": [
                    (
                        0,
                        0,
                        {"action": "notify", "role": "user", "user_id": cls.ann.id, "summary": "Call them"},
                    ),
                    (0, 0, {"action": "pull", "connection_id": cls.stripe_connection.id}),
                    (0, 0, {"action": "release_flow", "flow_id": cls.flow.id}),
                ],
            }
        )

    def rules(self):
        return (
            self.root["integration.rule"]
            .with_context(active_test=False)
            .search([("company_id", "=", self.other.id)])
        )

    def test_a_rule_comes_with_its_events_and_follow_ups(self):
        self.fill_gaps()
        promotion = self.load(self.export())
        line = self.line_of(promotion, "rules", "Chase a failed payment")
        self.assertIn("Call them", line.after)
        self.assertIn("≥ 99.5", line.after)
        request = self.ask(promotion)
        self.assertFalse(self.rules())
        self.approve(request)
        [rule] = self.rules()
        self.assertEqual(
            self.rows(self.other)["rules"]["Chase a failed payment",],
            self.rows(self.company)["rules"]["Chase a failed payment",],
        )
        self.assertEqual(
            rule.text, self.rule.text.replace(self.flow.display_name, rule.action_ids.flow_id.display_name)
        )
        self.assertEqual(rule.action_ids.connection_id.company_id, self.other)
        self.assertEqual(rule.action_ids.flow_id.company_id, self.other)
        self.approve(self.ask(promotion, "Not yet"), self.ben)
        self.assertFalse(self.rules().active, "kept, out of use")

    def test_a_changed_follow_up_is_changed_there(self):
        self.fill_gaps()
        self.approve(self.ask(self.load(self.export())))
        self.rule.action_ids[0].summary = "Write to them"
        promotion = self.load(self.export())
        self.assertEqual(promotion.line_ids.mapped("section"), ["rules"])
        self.approve(self.ask(promotion))
        [rule] = self.rules()
        self.assertEqual(rule.action_ids[0].summary, "Write to them")
        self.assertEqual(len(rule.prerequisite_ids), 2)

    def test_who_and_what_is_missing_is_said(self):
        self.fill_gaps()
        self.ann.sudo().write({"company_ids": [(6, 0, self.company.ids)]})
        promotion = self.load(self.export())
        line = self.line_of(promotion, "rules", "Chase a failed payment")
        self.assertIn("user ap_ann has no access to Second company", line.gap)
        self.line_of(promotion, "connections", "Stripe account").leave_out = True
        promotion.action_compare()
        line = self.line_of(promotion, "rules", "Chase a failed payment")
        self.assertIn("there is no connection Stripe account", line.gap)

    def test_conditions_that_name_records_by_number_are_refused(self):
        self.rule.prerequisite_ids[1].domain = "[('partner_id', '=', 7)]"
        promotion = self.load(self.export())
        self.assertEqual((promotion.state, promotion.problem_code), ("refused", "bundle_contradiction"))
