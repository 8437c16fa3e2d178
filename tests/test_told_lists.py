# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Odoo's own lists are told: each change once, the whole list when somebody asks for it (O3, O15, O16)."""

from decimal import Decimal
from unittest.mock import patch

from odoo.exceptions import AccessError, UserError
from odoo.fields import Command
from odoo.tests import new_test_user

from odoo.addons.queue_job.tests.common import trap_jobs

from ..engine.status_words import STATUS_WORDS
from ..models.messaging.event import STATUS_WORDS as INVOICE_WORDS
from ..models.odoo import told_statuses
from ..models.reconciliation.movement import APPLICATIONS
from .language_common import GERMAN, LanguageCommon
from .test_business_events import EventsCommon


class TestToldLists(EventsCommon):
    def new_account(self, **values):
        return self.env["account.account"].create(
            {"name": "Online sales", "code": "499001", "account_type": "income", **values}
        )

    def test_an_account_is_told_when_it_is_added_changed_and_ended(self):
        self.subscribe("event.account_changed")
        account = self.new_account()
        (added,) = self.told()
        self.assertEqual((added.change, added.code, added.label), ("added", "499001", "Online sales"))
        self.assertEqual(
            (added.account_type, added.record_id, added.active), ("income", str(account.id), True)
        )
        account.tag_ids = [Command.create({"name": "T", "applicability": "accounts"})]
        self.assertEqual(len(self.told()), 1, "of a tag nobody hears")
        account.active = False
        *_rest, ended = self.told()
        self.assertEqual((ended.change, ended.active), ("ended", False))

    def test_what_changes_twice_in_one_transaction_is_told_once(self):
        account = self.new_account()
        self.subscribe("event.account_changed")
        account.name = "Shop"
        account.name = "Shops"
        self.assertEqual([one.label for one in self.told()], ["Shops"])

    def test_nobody_listens_nothing_is_told(self):
        self.new_account().active = False
        self.assertEqual(self.told(), [])

    def test_a_tax_is_told_with_its_exact_rate(self):
        self.subscribe("event.tax_changed")
        tax = self.env["account.tax"].create(
            {
                "name": "7.25 % CA",
                "amount": 7.25,
                "type_tax_use": "sale",
                "tax_group_id": self.tax_sale_a.tax_group_id.id,
            }
        )
        (told,) = self.told()
        self.assertEqual(
            (told.rate_percent, told.use, told.computation), (Decimal("7.25"), "sale", "percent")
        )
        tax.amount_type = "fixed"
        self.assertIsNone(self.told()[-1].rate_percent, "a fixed amount is no rate")

    def test_a_payment_term_is_told_with_its_parts_also_when_only_a_part_changes(self):
        self.subscribe("event.payment_term_changed")
        term = self.env["account.payment.term"].create(
            {
                "name": "30/70",
                "line_ids": [
                    Command.create({"value": "percent", "value_amount": 30, "nb_days": 0}),
                    Command.create({"value": "percent", "value_amount": 70, "nb_days": 45}),
                ],
            }
        )
        (told,) = self.told()
        self.assertEqual(
            [(part.percent, part.days) for part in told.parts], [(Decimal(30), 0), (Decimal(70), 45)]
        )
        term.line_ids[1].nb_days = 60
        self.assertEqual(self.told()[-1].parts[1].days, 60)

    def test_a_currency_is_told_when_it_is_switched_on(self):
        currency = self.env["res.currency"].with_context(active_test=False).search([("name", "=", "JPY")])
        currency.active = False
        self.subscribe("event.currency_changed")
        currency.active = True
        (told,) = self.told()
        self.assertEqual((told.code, told.decimal_places, told.active), ("JPY", 0, True))

    def test_an_analytic_account_is_told_with_its_dimension_and_when_it_is_deleted(self):
        self.subscribe("event.dimension_changed")
        plan = self.env["account.analytic.plan"].create({"name": "Cost centres"})
        account = self.env["account.analytic.account"].create(
            {"name": "Sales North", "code": "CC10", "plan_id": plan.id}
        )
        (told,) = self.told()
        self.assertEqual((told.code, told.label, told.dimension), ("CC10", "Sales North", "Cost centres"))
        account.unlink()
        self.assertEqual((self.told()[-1].change, self.told()[-1].active), ("ended", False))

    def test_a_product_is_told_with_its_price_and_only_while_it_is_sold(self):
        self.subscribe("event.product_changed")
        self.env["product.product"].create({"name": "Raw wood", "sale_ok": False})
        self.assertEqual(self.told(), [])
        product = self.env["product.product"].create(
            {
                "name": "Chair",
                "default_code": "CH-1",
                "list_price": 99.95,
                "taxes_id": [Command.set(self.tax_sale_a.ids)],
            }
        )
        (told,) = self.told()
        self.assertEqual((told.code, told.price, told.currency), ("CH-1", Decimal("99.95"), "USD"))
        self.assertEqual((told.change, told.tax_ids), ("added", (str(self.tax_sale_a.id),)))
        product.product_tmpl_id.list_price = 89.5
        self.assertEqual(self.told()[-1].price, Decimal("89.5"))
        product.product_tmpl_id.sale_ok = False
        self.assertEqual((self.told()[-1].change, self.told()[-1].active), ("ended", False))
        before = len(self.told())
        product.list_price = 1
        self.assertEqual(len(self.told()), before)

    def test_another_companys_list_is_not_told(self):
        self.subscribe("event.account_changed", "event.tax_changed")
        other = self.setup_other_company()["company"]
        self.env["account.account"].with_company(other).create(
            {
                "name": "Theirs",
                "code": "499002",
                "account_type": "income",
                "company_ids": [Command.set(other.ids)],
            }
        )
        self.assertEqual([one for one in self.told() if one.label == "Theirs"], [])

    def test_the_whole_list_is_sent_once_to_the_one_who_asked(self):
        row = self.subscribe("event.account_changed", domain="[('account_type', '=', 'income')]")
        wanted = self.env["account.account"].search(
            [
                *self.env["account.account"]._check_company_domain(row.company_id),
                ("account_type", "=", "income"),
            ]
        )
        with trap_jobs() as jobs:
            row.action_send_list()
            self.assertEqual(self.told(), [], "nothing is told before the job runs")
            jobs.perform_enqueued_jobs()
        told = self.told()
        self.assertEqual({one.record_id for one in told}, {str(row_id) for row_id in wanted.ids})
        self.assertEqual((len(told), {one.change for one in told}), (len(wanted), {"listed"}))

    def test_a_list_is_refused_where_there_is_none_and_to_who_may_not(self):
        row = self.subscribe("event.credit_hold_set")
        with self.assertRaises(UserError):
            row.action_send_list()
        accounts = self.subscribe("event.account_changed")
        auditor = new_test_user(
            self.env,
            "list-auditor",
            groups="finance_integration.group_auditor",
            company_id=self.company.id,
            company_ids=[Command.set(self.company.ids)],
        )
        with self.assertRaises(AccessError):
            accounts.with_user(auditor).action_send_list()
        self.assertEqual(self.told(), [])


class TestStatusWords(LanguageCommon, EventsCommon):
    """The hub's own status words are a list like the others (O16)."""

    def test_the_list_holds_every_word_that_the_hub_says(self):
        words = self.root["integration.status.word"].search([])
        self.assertEqual(len(words), len(STATUS_WORDS))
        said = {(word.about, word.code) for word in words}
        self.assertLessEqual({("invoice", code) for code in INVOICE_WORDS.values()}, said)
        self.assertEqual(
            {code for about, code in said if about == "application"}, {code for code, _label in APPLICATIONS}
        )
        self.assertTrue(all(words.mapped("label")))

    def test_the_whole_list_is_sent_to_the_one_who_asked(self):
        row = self.subscribe("event.status_changed", domain="[('about', '=', 'invoice')]")
        with trap_jobs() as jobs:
            row.action_send_list()
            jobs.perform_enqueued_jobs()
        told = self.told("event.status_changed")
        self.assertEqual(
            [(one.code, one.about, one.change, one.active) for one in told],
            [(code, "invoice", "listed", True) for code in
             ("draft", "open", "partly_paid", "paid_by_customer", "credited", "cancelled")],
        )  # fmt: skip
        self.assertEqual(told[2].label, "Partly paid")

    def test_a_word_that_comes_or_goes_with_an_update_is_told_once(self):
        self.subscribe("event.status_changed")
        Word = self.root["integration.status.word"]
        Word._install_words()
        self.assertEqual(self.told(), [], "nothing changed")
        with patch.dict(told_statuses._LABELS, {("invoice", "disputed"): "Disputed"}):
            del told_statuses._LABELS["customer", "archived"]
            Word._install_words()
            Word._install_words()
            self.assertEqual(
                {(one.about, one.code, one.change, one.active) for one in self.told()},
                {("invoice", "disputed", "added", True), ("customer", "archived", "ended", False)},
            )
        self.assertEqual(len(self.told()), 2)
        Word._install_words()
        self.assertEqual(
            {(one.code, one.change) for one in self.told()[2:]},
            {("disputed", "ended"), ("archived", "changed")},
        )

    def test_a_word_is_explained_in_the_companys_language(self):
        self.say_in_german({"Partly paid": "Teilweise bezahlt"})
        self.company.partner_id.lang = GERMAN
        row = self.subscribe("event.status_changed", domain="[('code', '=', 'partly_paid')]")
        with trap_jobs() as jobs:
            row.action_send_list()
            jobs.perform_enqueued_jobs()
        [told] = self.told("event.status_changed")
        self.assertEqual((told.code, told.label), ("partly_paid", "Teilweise bezahlt"))

    def test_nobody_changes_the_list(self):
        word = self.root["integration.status.word"].search([], limit=1)
        for group in ("administrator", "operator", "auditor"):
            user = new_test_user(self.env, f"word-{group}", groups=f"finance_integration.group_{group}")
            self.assertTrue(word.with_user(user).read(["code", "label"]))
            for attempt in (
                lambda own: own.write({"code": "x"}),
                lambda own: own.unlink(),
                lambda own: own.create({"about": "invoice", "code": "y"}),
            ):
                with self.assertRaises(AccessError):
                    attempt(word.with_user(user))
