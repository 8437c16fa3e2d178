# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Every posted line says in plain words why it is in the books (A5)."""

from datetime import date
from decimal import Decimal

from odoo.exceptions import AccessError
from odoo.tests import new_test_user

from ..simulators.partner.documents import Line, invoice
from .common import ANNA, IntegrationCommon


class TestExplanation(IntegrationCommon):
    def sell(self, number="X-1"):
        lines = [Line("Advice", Decimal(1), Decimal("100.00"))]
        document = invoice(number, ANNA, lines, self.clock.now, due_date=date(2026, 4, 1))
        document["source"] |= {"actor": "Kim in sales", "approver": "Lee"}
        message = self.send_partner("invoice.issued", document)
        return message, self.became(message, "account.move")

    def texts(self, move, topic=None):
        return [fact.text for fact in move._integration_explain() if topic in (None, fact.topic)]

    def line_text(self, line):
        return " ".join(line._integration_explain())

    def test_an_invoice_names_event_contract_people_and_date(self):
        message, move = self.sell()
        [event] = self.texts(move, "Event")
        self.assertIn(message.event_id, event)
        self.assertIn("signature was checked", event)
        [source] = self.texts(move, "At the source")
        self.assertEqual(source, "Entered there by Kim in sales, approved there by Lee.")
        [contract] = self.texts(move, "Contract")
        self.assertIn("“invoice” by version 1", contract)
        self.assertIn("object X-1", contract)
        [day] = self.texts(move, "Date")
        self.assertIn("on the day on which it happened", day)
        self.assertFalse(self.texts(move, "Decision"))

    def test_the_meaning_of_a_code_is_told_as_it_was_when_it_was_booked(self):
        lines = [Line("Advice", Decimal(1), Decimal("100.00"), ("STD",))]
        message = self.send_partner(
            "invoice.issued", invoice("X-M", ANNA, lines, self.clock.now, due_date=date(2026, 4, 1))
        )
        move = self.became(message, "account.move")
        [meaning] = self.texts(move, "Meaning")
        self.assertIn("Tax “STD” was read as “Output tax 15 %”: version 1", meaning)
        self.assertIn(self.env.user.name, meaning)
        by_hand = self.init_invoice("out_invoice", amounts=[100.0], post=True)
        self.assertEqual(self.texts(by_hand, "Meaning"), [])

    def test_the_sources_of_the_customers_data_are_told(self):
        _message, move = self.sell()
        [told] = self.texts(move, "Customer's data")
        self.assertIn(ANNA.name, told)
        self.assertIn(f"from {self.partner_connection.name}", told)

    def test_each_line_of_an_invoice_has_a_reason(self):
        _message, move = self.sell()
        for line in move.line_ids:
            self.assertTrue(self.line_text(line))
        tax = move.line_ids.filtered("tax_repartition_line_id")
        self.assertIn("Output tax 15 %", self.line_text(tax))
        self.assertIn("the one that the issuer stated", self.line_text(tax))
        owed = move.line_ids.filtered(lambda line: line.display_type == "payment_term")
        self.assertIn(ANNA.name, self.line_text(owed))

    def test_money_names_its_role_and_what_it_is_matched_with(self):
        _message, invoice_move = self.sell()
        charge = self.stripe.charge(11500, "usd", metadata={"invoice_number": "X-1"}, settled=True)
        self.send_stripe()
        self.pull_stripe()
        movement = self.movement("payment", charge["id"])
        owed = movement.move_id.line_ids.filtered(lambda line: line.account_type == "asset_receivable")
        self.assertIn(invoice_move.name, self.line_text(owed))
        balance = movement.move_id.line_ids - owed
        self.assertIn("The balance that the journal", self.line_text(balance))
        fee = self.env["integration.movement"].search([("type", "=", "fee")], limit=1)
        expense = fee.counterpart_id
        self.assertIn("Payment fees", self.line_text(expense))
        self.assertIn("fetched", " ".join(self.texts(fee.move_id, "Event")))

    def test_a_locked_day_is_told(self):
        self.company.sudo().fiscalyear_lock_date = date(2026, 3, 31)
        _message, move = self.sell()
        [day] = self.texts(move, "Date")
        self.assertIn("was locked", day)

    def test_what_a_person_decided_is_told(self):
        charge = self.stripe.charge(4200, "usd", description="who knows")
        self.send_stripe()
        movement = self.movement("payment", charge["id"])
        exception = movement.exception_id
        exception.fix_partner_id = self.partner_a
        exception.action_identify()
        decisions = self.texts(movement.move_id, "Decision")
        self.assertTrue(any("Money applied" in text and self.env.user.name in text for text in decisions))

    def test_an_entry_made_by_hand_says_so(self):
        move = self.init_invoice("out_invoice", amounts=[100.0], post=True)
        [origin] = self.texts(move, "Origin")
        self.assertIn("No event of an outside system", origin)

    def test_an_exchange_difference_names_what_was_matched(self):
        euro = self.env.ref("base.EUR")
        euro.active = True
        for day, rate in ((date(2026, 3, 1), 0.5), (date(2026, 3, 10), 0.4)):
            self.env["res.currency.rate"].create(
                {"name": day, "rate": rate, "currency_id": euro.id, "company_id": self.company.id}
            )
        sold = self.init_invoice(
            "out_invoice", invoice_date="2026-03-02", amounts=[100.0], post=True, currency=euro
        )
        back = self.init_invoice(
            "out_refund", invoice_date="2026-03-12", amounts=[100.0], post=True, currency=euro
        )
        (sold | back).line_ids.filtered(lambda line: line.display_type == "payment_term").reconcile()
        exchange = sold.line_ids.matched_credit_ids.exchange_move_id
        self.assertTrue(exchange)
        [origin] = self.texts(exchange, "Origin")
        self.assertIn(sold.name, origin)
        self.assertIn(back.name, origin)

    def test_an_exchange_difference_leads_to_the_event_behind_it(self):
        euro = self.env.ref("base.EUR")
        euro.active = True
        for day, rate in ((date(2026, 3, 1), 0.5), (date(2026, 3, 10), 0.4)):
            self.env["res.currency.rate"].create(
                {"name": day, "rate": rate, "currency_id": euro.id, "company_id": self.company.id}
            )
        lines = [Line("Advice", Decimal(1), Decimal("100.00"))]
        message = self.send_partner(
            "invoice.issued",
            invoice("X-E", ANNA, lines, self.clock.now, due_date=date(2026, 4, 1), currency="EUR"),
        )
        sold = self.became(message, "account.move")
        back = self.init_invoice(
            "out_refund",
            partner=sold.partner_id,
            invoice_date="2026-03-12",
            amounts=[100.0],
            post=True,
            currency=euro,
        )
        (sold | back).line_ids.filtered(lambda line: line.display_type == "payment_term").reconcile()
        exchange = sold.line_ids.matched_credit_ids.exchange_move_id
        self.assertTrue(exchange)
        self.assertEqual(exchange._integration_messages(), message)
        self.assertEqual(exchange.action_open_integration_source()["res_id"], message.id)
        self.assertFalse(back._integration_messages())

    def test_the_button_shows_it_to_who_may_read_the_entry(self):
        _message, move = self.sell()
        auditor = new_test_user(
            self.env, "why-auditor", groups="finance_integration.group_auditor", company_id=self.company.id,
            company_ids=[(6, 0, self.company.ids)],
        )  # fmt: skip
        action = move.with_user(auditor).action_explain()
        explanation = self.env[action["res_model"]].with_user(auditor).browse(action["res_id"])
        self.assertIn("Kim in sales", explanation.entry_html)
        self.assertIn("Output tax 15 %", explanation.lines_html)
        outsider = new_test_user(self.env, "why-outsider", groups="base.group_user")
        with self.assertRaises(AccessError):
            move.with_user(outsider).action_explain()

    def test_texts_of_a_source_are_shown_and_never_run(self):
        lines = [Line("Advice", Decimal(1), Decimal("100.00"))]
        document = invoice("X-2", ANNA, lines, self.clock.now, due_date=date(2026, 4, 1))
        document["source"] |= {"actor": "<script>alert(1)</script>"}
        move = self.became(self.send_partner("invoice.issued", document), "account.move")
        explanation = self.env["integration.explanation"].create({"move_id": move.id})
        self.assertNotIn("<script>", explanation.entry_html)
        self.assertIn("&lt;script&gt;", explanation.entry_html)
