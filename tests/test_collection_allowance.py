# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Expected loss of disputed money that another company collected: booked where it stands, by two there (F17, R18)."""

from datetime import date
from decimal import Decimal

from psycopg2 import IntegrityError

from odoo.exceptions import AccessError, UserError
from odoo.tests import new_test_user
from odoo.tools import mute_logger

from .test_collection_disputes import ZERO, DisputedCommon

MONTH_END = date(2026, 3, 31)


class TestCollectedAllowance(DisputedCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.allow = cls.account(cls.other, "Allowance", "149810", "asset_current", reconcile=False)
        cls.allow_role = cls.root["integration.role.account"].create(
            {"company_id": cls.other.id, "role": "ALLOW", "account_id": cls.allow.id}
        )
        cls.decider = new_test_user(
            cls.env,
            "ic_decider",
            groups="finance_integration.group_approver",
            company_id=cls.other.id,
            company_ids=[(6, 0, cls.other.ids)],
        )

    def there(self, record, user=None):
        return record.with_user(user or self.clerk).with_context(allowed_company_ids=self.other.ids)

    def allowance(self, day=MONTH_END, rate=50.0, **facts):
        values = {"agreement_id": self.agreement.id, "date": day, "rate": rate, **facts}
        return self.there(self.env["integration.dispute.allowance"]).create(values)

    def request(self, allowance):
        found = self.root["integration.change.request"].search(
            [("res_model", "=", allowance._name), ("res_id", "=", allowance.id)]
        )
        return self.there(found, self.decider)

    def test_it_is_booked_there_with_a_second_person_and_taken_back_the_next_day(self):
        _invoice, charge = self.collected()
        self.dispute(charge, amount=4000)
        row = self.collections()[-1]
        allowance = self.allowance()
        self.assertEqual((allowance.exposure, allowance.amount), (40.0, 20.0))
        self.assertEqual(
            (allowance.company_id, allowance.collection_ids.ids, allowance.dispute_ids.ids),
            (self.other, row.ids, []),
        )
        allowance.action_ask()
        request = self.request(allowance)
        self.assertEqual(
            (request.kind, request.amount, request.company_id, request.requester_id),
            ("entry", 20.0, self.other, self.clerk),
        )
        with self.assertRaises(UserError), self.env.cr.savepoint():
            request.with_user(self.clerk).action_approve()
        self.assertEqual((allowance.state, self.between(), self.balance(self.bad)), ("asked", (2, 2), ZERO))
        request.action_approve()
        self.env.invalidate_all()
        self.assertEqual((allowance.state, self.between()), ("booked", (2, 4)))
        entry, back = allowance.sudo().move_id, allowance.sudo().reversal_id
        self.assertEqual(
            (entry.date, back.date, back.reversed_entry_id), (MONTH_END, date(2026, 4, 1), entry)
        )
        for move in (entry, back):
            self.assertEqual(
                (move.state, move.company_id, move.journal_id, move.create_uid),
                ("posted", self.other, self.agreement.payee_journal_id, self.agreement.payee_user_id),
            )
        nobody, twenty = self.env["res.partner"], Decimal("20.00")
        self.assertEqual(
            self.figures(entry), {self.bad: (twenty, twenty, nobody), self.allow: (-twenty, -twenty, nobody)}
        )
        self.assertEqual((self.balance(self.bad), self.balance(self.allow)), (ZERO, ZERO))
        # Nothing of it in the collecting company, which bears the fee of the dispute.
        own = self.env["integration.dispute.allowance"].create(
            {"connection_id": self.stripe_connection.id, "date": MONTH_END, "rate": 100.0}
        )
        self.assertEqual((own.company_id, own.exposure), (self.company, 0.0))
        self.assertEqual(self.balance(self.role("FEE-D")), Decimal("15.00"))
        self.assertEqual(self.balance(self.role("BAD")), ZERO)
        with self.assertRaises(UserError):
            allowance.agreement_id = False

    def test_what_counts_is_how_it_stood_on_the_day(self):
        _invoice, charge = self.collected()
        dispute = self.dispute(charge)  # on 3 March
        self.close(dispute, won=True)  # on 8 March
        days = {date(2026, 3, 2): 0.0, date(2026, 3, 5): 115.0, MONTH_END: 0.0}
        self.assertEqual({day: self.allowance(day).exposure for day in days}, days)
        allowance = self.allowance(rate=70.0)
        with self.assertRaisesRegex(UserError, "nothing to book"):
            allowance.action_ask()
        allowance.action_take_rate()
        self.assertEqual(allowance.rate, 0.01)

    def test_what_is_lost_is_no_expectation_any_more(self):
        _invoice, charge = self.collected()
        dispute = self.dispute(charge)
        allowance = self.allowance()
        with self.assertRaisesRegex(UserError, "No dispute was decided"):
            allowance.action_take_rate()
        self.close(dispute, won=False)
        self.env.invalidate_all()
        self.assertEqual((allowance.exposure, allowance.collection_ids.ids), (0.0, []))
        allowance.action_take_rate()
        self.assertEqual(allowance.rate, 100.0)

    def test_without_an_account_or_an_agreement_in_force_nothing_is_booked(self):
        _invoice, charge = self.collected()
        self.dispute(charge)
        allowance = self.allowance()
        allowance.action_ask()
        self.allow_role.unlink()
        with self.assertRaisesRegex(UserError, "Allowance for expected losses"), self.env.cr.savepoint():
            self.request(allowance).action_approve()
        self.agreement.action_end()
        with self.assertRaisesRegex(UserError, "not in force"), self.env.cr.savepoint():
            self.request(allowance).action_approve()
        self.env.invalidate_all()
        self.assertEqual((allowance.state, allowance.move_id.ids, self.between()), ("asked", [], (2, 2)))

    def test_it_has_one_source_and_is_made_by_those_who_work_there(self):
        allowances = self.env["integration.dispute.allowance"]
        both = {"connection_id": self.stripe_connection.id, "agreement_id": self.agreement.id}
        for facts in (both, {}):
            with (
                self.subTest(facts),
                mute_logger("odoo.sql_db"),
                self.assertRaises(IntegrityError),
                self.env.cr.savepoint(),
            ):
                allowances.create({"date": MONTH_END, "rate": 50.0, **facts})
                self.env.flush_all()
        here = allowances.with_user(self.operator2).with_context(allowed_company_ids=self.company.ids)
        with self.assertRaises(AccessError), self.env.cr.savepoint():
            here.create({"agreement_id": self.agreement.id, "date": MONTH_END, "rate": 50.0})
