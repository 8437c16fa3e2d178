# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Business events are told once, in the transaction of the change, wherever the change is made (E12)."""

from datetime import date
from decimal import Decimal

from odoo.exceptions import ValidationError
from odoo.fields import Command

from ..engine.canonical import decode
from ..engine.event_catalogue import EVENTS
from .common import ANNA, IntegrationCommon


class EventsCommon(IntegrationCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls._secret(cls.partner_connection, "outbound_signature", "whsec_dGVzdHNlY3JldHRlc3RzZWNyZXQ=")
        cls.partner_connection.write(
            {"delivery_url": "http://127.0.0.1:9/hook", "allowed_hosts": "127.0.0.1"}
        )

    def subscribe(self, *kinds, **values):
        """Let the partner hear of these events, and of nothing else that it did not hear before."""
        return self.env["integration.subscription"].create(
            [{"connection_id": self.partner_connection.id, "kind": kind, **values} for kind in kinds]
        )

    def told(self, kind=None):
        """Return the documents that were put into the outbox, oldest first; each fits its contract."""
        self.env.cr.flush()
        domain = [("direction", "=", "out"), ("connection_id", "=", self.partner_connection.id)]
        found = []
        for message in self.env["integration.message"].search(domain, order="id"):
            if kind in (None, message.kind):
                [told] = self.root["integration.payload"]._documents_by_message(message.ids).values()
                found += [decode(message.kind, "1", document) for document in told]
        return found

    def new_partner(self, **values):
        return self.env["res.partner"].create({"name": "Anna's Bakery", "is_company": True, **values})


class TestBusinessEvents(EventsCommon):
    def test_every_kind_can_be_subscribed_and_gets_its_flow(self):
        before = set(
            self.partner_connection.flow_ids.filtered(lambda flow: flow.direction == "out").mapped("kind")
        )
        self.assertEqual(before, {kind for kind, info in EVENTS.items() if info.by_default})
        self.subscribe(*(EVENTS.keys() - before))
        after = self.partner_connection.flow_ids.filtered(lambda flow: flow.direction == "out")
        self.assertEqual(set(after.mapped("kind")), set(EVENTS))
        self.assertEqual(len(after.subscription_ids), len(EVENTS))

    def test_a_credit_hold_is_told_when_it_is_set_and_when_it_is_cleared(self):
        self.subscribe("event.credit_hold_set", "event.credit_hold_cleared")
        partner = self.new_partner(vat="", country_id=self.env.ref("base.at").id)
        partner._integration_set_credit_hold("Three invoices overdue")
        partner._integration_set_credit_hold("Again")
        held, *rest = self.told()
        self.assertFalse(rest)
        self.assertEqual(
            (held.reason, held.country, held.partner_id), ("Three invoices overdue", "AT", str(partner.id))
        )
        partner.write({"integration_credit_hold": False})
        self.assertEqual(len(self.told("event.credit_hold_cleared")), 1)

    def test_an_approval_is_told_with_who_gave_it(self):
        self.subscribe("event.customer_approved", "event.supplier_activated")
        partner = self.new_partner()
        partner.write({"integration_customer_approved": True, "integration_supplier_active": True})
        partner.write({"integration_customer_approved": True})
        (approved,), (activated,) = (
            self.told("event.customer_approved"),
            self.told("event.supplier_activated"),
        )
        self.assertEqual((approved.approved_by, activated.activated_by), (self.env.user.name,) * 2)
        partner.integration_customer_approved = False
        self.assertEqual(len(self.told()), 2)

    def test_a_confirmed_sales_order_is_told_once(self):
        self.subscribe("event.order_contracted")
        order = self.root["sale.order"].create(
            {
                "partner_id": self.new_partner().id,
                "company_id": self.company.id,
                "client_order_ref": "PO 77",
                "order_line": [
                    Command.create(
                        {
                            "name": "Advice",
                            "product_id": self.product_a.id,
                            "price_unit": 100.0,
                            "tax_ids": [Command.clear()],
                        }
                    )
                ],
            }
        )
        self.assertEqual(self.told(), [])
        order.action_confirm()
        order.write({"client_order_ref": "PO 78"})
        (document,) = self.told()
        self.assertEqual((document.order_number, document.customer_reference), (order.name, "PO 78"))
        self.assertEqual(document.total_gross.value, Decimal("100.00"))

    def test_a_purchase_order_is_told_when_it_is_confirmed_changed_and_cancelled(self):
        self.subscribe("event.purchase_order_changed")
        order = self.env["purchase.order"].create(
            {
                "partner_id": self.new_partner().id,
                "order_line": [
                    Command.create(
                        {
                            "name": "Flour",
                            "product_id": self.product_a.id,
                            "product_qty": 2,
                            "price_unit": 10.0,
                            "tax_ids": [Command.clear()],
                        }
                    )
                ],
            }
        )
        order.order_line.product_qty = 3
        self.assertEqual(self.told(), [])
        order.button_confirm()
        self.assertEqual(
            [(one.change, one.total_gross.value) for one in self.told()], [("confirmed", Decimal("30.00"))]
        )
        order.order_line.write({"product_qty": 5})
        order.order_line.write({"price_unit": 11.0})
        self.assertEqual(
            [(one.change, one.total_gross.value) for one in self.told()][1:], [("changed", Decimal("55.00"))]
        )
        order.order_line.write({"price_unit": 11.0})
        order.write({"partner_ref": "not part of what is ordered"})
        self.assertEqual(len(self.told()), 2)
        order.button_cancel()
        self.assertEqual([one.change for one in self.told()][2:], ["cancelled"])
        order.button_draft()
        self.assertEqual([one.change for one in self.told()][2:], ["cancelled", "reopened"])

    def test_two_changes_in_one_transaction_are_told_once_as_they_stand_in_the_end(self):
        self.subscribe("event.purchase_order_changed")
        order = self.env["purchase.order"].create({"partner_id": self.new_partner().id})
        order.button_confirm()
        line = {
            "name": "Flour",
            "product_id": self.product_a.id,
            "product_qty": 1,
            "price_unit": 10.0,
            "tax_ids": [Command.clear()],
        }
        self.told()
        order.write({"order_line": [Command.create(line)]})
        order.order_line.write({"product_qty": 4})
        changed = self.told()[1:]
        self.assertEqual(
            [(one.change, one.total_gross.value) for one in changed], [("changed", Decimal("40.00"))]
        )

    def test_an_invoice_and_its_credit_note_by_hand_are_two_events(self):
        invoice = self.init_invoice(
            "out_invoice", self.partner_a, date(2026, 3, 2), amounts=[100.0], post=True
        )
        note = invoice._reverse_moves([{"date": date(2026, 3, 3), "invoice_date": date(2026, 3, 3)}])
        note.action_post()
        self.assertEqual([one.entry_number for one in self.told("event.invoice_posted")], [invoice.name])
        (told,) = self.told("event.credit_note_posted")
        self.assertEqual((told.entry_number, told.reversed_invoice_number), (note.name, invoice.name))
        self.assertEqual(told.total_gross.value, Decimal(f"{note.amount_total:.2f}"))

    def test_a_refund_is_told_once_when_it_meets_its_credit_note(self):
        self.issue("P-1")
        charge = self.stripe.charge(115000, "usd", settled=True, metadata={"invoice_number": "P-1"})
        self.send_stripe()
        self.stripe.refund(charge["id"])
        self.send_stripe()
        self.assertEqual(self.told("event.refund_settled"), [])
        invoice = self.env["account.move"].search([("ref", "=", "P-1")])
        note = invoice._reverse_moves([{"date": date(2026, 3, 3), "invoice_date": date(2026, 3, 3)}])
        note.action_post()
        self.root["integration.waiting"]._apply(note.ids)
        (refund,) = self.told("event.refund_settled")
        self.assertEqual(refund.credit_note_number, note._integration_number())
        self.assertEqual(
            (refund.applied.value, refund.credit_note_open.value), (Decimal("1150.00"), Decimal("0.00"))
        )
        self.assertEqual(len(self.told("event.payment_settled")), 1)

    def test_money_that_a_person_matches_by_hand_is_told_too(self):
        invoice = self.issue("P-2")
        self.stripe.charge(115000, "usd", metadata={})
        self.send_stripe()
        movement = self.env["integration.movement"].search([("type", "=", "payment")])
        self.assertEqual(self.told("event.payment_settled"), [])
        counterpart = movement.counterpart_id
        counterpart.move_id.button_draft()
        counterpart.write(
            {
                "partner_id": invoice.partner_id.id,
                "account_id": invoice.line_ids.filtered(
                    lambda row: row.display_type == "payment_term"
                ).account_id.id,
            }
        )
        counterpart.move_id.action_post()
        receivable = invoice.line_ids.filtered(lambda row: row.display_type == "payment_term")
        (counterpart | receivable).reconcile()
        (settled,) = self.told("event.payment_settled")
        self.assertEqual((settled.invoice_number, settled.applied.value), ("P-2", Decimal("1150.00")))
        self.assertEqual(settled.invoice_amount_due.value, Decimal("0.00"))

    def test_a_bank_statement_is_told_when_it_is_loaded_and_when_all_of_it_is_matched(self):
        self.subscribe("event.statement_loaded", "event.reconciliation_complete")
        journal = self.company_data["default_journal_bank"]
        lines = self.env["account.bank.statement.line"].create(
            [
                {"journal_id": journal.id, "date": date(2026, 3, 2), "payment_ref": "A", "amount": 60.0},
                {"journal_id": journal.id, "date": date(2026, 3, 2), "payment_ref": "B", "amount": 40.0},
            ]
        )
        statement = self.env["account.bank.statement"].create(
            {"name": "March", "balance_end_real": 100.0, "line_ids": [Command.set(lines.ids)]}
        )
        (loaded,) = self.told("event.statement_loaded")
        self.assertEqual((loaded.line_count, loaded.closing.value), (2, Decimal("100.00")))
        self.match(lines[0])
        self.assertEqual(self.told("event.reconciliation_complete"), [])
        self.match(lines[1])
        (complete,) = self.told("event.reconciliation_complete")
        self.assertEqual((complete.statement_type, complete.line_count), ("bank", 2))
        self.assertTrue(statement.integration_reconciled_told)
        lines[1].action_undo_reconciliation()
        self.env.cr.flush()
        self.assertFalse(statement.integration_reconciled_told)
        self.match(lines[1])
        self.assertEqual(len(self.told("event.reconciliation_complete")), 2)

    def match(self, line):
        """Explain a statement line as a person does: its counterpart goes from suspense to revenue."""
        _liquidity, suspense, _other = line._seek_for_lines()
        line.move_id.button_draft()
        suspense.account_id = self.company_data["default_account_revenue"]
        line.move_id.action_post()

    def test_an_exception_is_told_when_it_is_raised_and_when_it_is_resolved(self):
        self.subscribe("event.exception_raised", "event.exception_resolved")
        raised = self.root["integration.exception"]._raise_cause(
            self.partner_connection.with_env(self.root), "mapping_missing", {}, "a cause"
        )
        self.root["integration.exception"]._raise_cause(
            self.partner_connection.with_env(self.root), "mapping_missing", {}, "a cause"
        )
        raised._resolve("Given")
        raised._resolve("Given again")
        (first,), (second,) = self.told("event.exception_raised"), self.told("event.exception_resolved")
        self.assertEqual((first.code, first.connection), ("mapping_missing", "Partner platform"))
        self.assertEqual((second.exception_id, second.resolution), (first.exception_id, "Given"))

    def test_a_lock_date_that_moves_forward_closes_a_period(self):
        self.subscribe("event.period_closed")
        self.company.sudo().tax_lock_date = date(2026, 1, 31)
        self.company.sudo().tax_lock_date = date(2026, 1, 31)
        self.company.sudo().write({"tax_lock_date": date(2026, 2, 28), "sale_lock_date": date(2026, 2, 28)})
        self.assertEqual(
            [(one.lock, one.locked_until, one.locked_until_before) for one in self.told()],
            [
                ("tax", date(2026, 1, 31), None),
                ("sales", date(2026, 2, 28), None),
                ("tax", date(2026, 2, 28), date(2026, 1, 31)),
            ],
        )

    def test_a_dispute_is_told_with_the_invoice_that_it_is_about(self):
        self.subscribe("event.dispute_opened")
        self.issue("P-3")
        charge = self.stripe.charge(115000, "usd", settled=True, metadata={"invoice_number": "P-3"})
        self.send_stripe()
        self.stripe.open_dispute(charge["id"])
        self.pull_stripe()
        (dispute,) = self.told("event.dispute_opened")
        self.assertEqual((dispute.amount.value, dispute.payment_id), (Decimal("1150.00"), charge["id"]))
        self.assertEqual(dispute.invoice_number, "P-3")

    def test_an_inquiry_is_told_although_it_moves_no_money_and_told_again_when_it_becomes_a_dispute(self):
        self.subscribe("event.dispute_opened")
        self.issue("P-4")
        charge = self.stripe.charge(115000, "usd", settled=True, metadata={"invoice_number": "P-4"})
        self.send_stripe()
        inquiry = self.stripe.open_inquiry(charge["id"])
        self.send_stripe()
        (told,) = self.told("event.dispute_opened")
        self.assertEqual((told.money_withdrawn, told.amount.value), (False, Decimal("1150.00")))
        self.assertEqual((told.payment_id, told.invoice_number), (charge["id"], "P-4"))
        movement = self.env["integration.movement"].search([("movement_id", "=", inquiry["id"])])
        self.assertEqual(
            (movement.changes_balance, movement.status, movement.move_id.id), (False, "pending", False)
        )
        self.stripe.escalate(inquiry["id"])
        self.send_stripe()
        self.assertEqual(len(self.told("event.dispute_opened")), 1, "its ledger line has not come yet")
        self.pull_stripe()
        _first, second = self.told("event.dispute_opened")
        self.assertEqual((second.money_withdrawn, second.movement_id), (True, inquiry["id"]))
        self.assertTrue(movement.move_id)

    def test_an_inquiry_that_was_closed_before_we_heard_of_it_is_not_told(self):
        self.subscribe("event.dispute_opened")
        charge = self.stripe.charge(115000, "usd", settled=True, metadata={})
        self.stripe.close_inquiry(self.stripe.open_inquiry(charge["id"])["id"])
        told = [event for event in self.stripe_events() if event["type"] != "charge.dispute.created"]
        self.assertIn("charge.dispute.closed", [event["type"] for event in told])
        self.send_stripe(told)
        self.assertEqual(self.told("event.dispute_opened"), [])

    def bill(self, number, amount=100.0, move_type="in_invoice"):
        bill = self.init_invoice(move_type, self.partner_a, date(2026, 3, 2), amounts=[amount])
        bill.ref = number
        bill.action_post()
        return bill

    def test_a_suppliers_bill_and_credit_note_are_told_with_the_suppliers_own_number(self):
        self.subscribe("event.bill_posted", "event.supplier_credit_posted")
        bill = self.bill("V-1")
        credit = bill._reverse_moves(
            [{"date": date(2026, 3, 3), "invoice_date": date(2026, 3, 3), "ref": "V-1-C"}]
        )
        credit.action_post()
        (told,) = self.told("event.bill_posted")
        self.assertEqual((told.entry_number, told.legal_number), (bill.name, "V-1"))
        self.assertEqual(told.supplier_id, str(self.partner_a.commercial_partner_id.id))
        self.assertEqual(told.total_gross.value, Decimal(f"{bill.amount_total:.2f}"))
        (told,) = self.told("event.supplier_credit_posted")
        self.assertEqual((told.legal_number, told.reversed_bill_number), ("V-1-C", "V-1"))
        self.assertEqual(self.told("event.invoice_posted"), [], "a bill is no invoice of ours")

    def pay(self, bill, amount):
        wizard = self.env["account.payment.register"].with_context(
            active_model="account.move", active_ids=bill.ids
        )
        wizard.create({"amount": amount, "payment_date": date(2026, 3, 5)})._create_payments()

    def test_a_bill_is_told_as_paid_once_when_nothing_is_open_any_more(self):
        self.subscribe("event.bill_paid")
        bill = self.bill("V-2")
        self.pay(bill, 40.0)
        self.assertEqual(self.told(), [])
        self.pay(bill, bill.amount_residual)
        (told,) = self.told()
        self.assertEqual(
            (told.legal_number, told.bill_status, told.paid_on), ("V-2", "paid", date(2026, 3, 5))
        )
        payable = bill.line_ids.filtered(lambda row: row.account_type == "liability_payable")
        payable.remove_move_reconcile()
        self.env.cr.flush()
        self.assertFalse(bill.integration_paid_told)
        self.assertEqual(len(self.told()), 1)
        self.pay(bill, bill.amount_residual)
        self.assertEqual(len(self.told()), 2)

    def test_a_bill_that_a_credit_note_settles_is_told_as_credited(self):
        self.subscribe("event.bill_paid")
        bill = self.bill("V-3")
        bill._reverse_moves([{"date": date(2026, 3, 3), "invoice_date": date(2026, 3, 3)}], cancel=True)
        (told,) = self.told()
        self.assertEqual((told.legal_number, told.bill_status), ("V-3", "credited"))

    def test_a_bill_that_is_taken_back_in_the_same_transaction_is_not_told(self):
        self.subscribe("event.bill_posted")
        bill = self.init_invoice("in_invoice", self.partner_a, date(2026, 3, 2), amounts=[10.0])
        bill.ref = "V-4"
        bill.with_context(tracking_disable=True)._post(soft=False)
        bill.button_draft()
        self.assertEqual(self.told(), [])

    def test_nothing_is_told_of_a_change_that_is_taken_back(self):
        self.subscribe("event.credit_hold_set")
        partner = self.new_partner()
        with self.assertRaises(ZeroDivisionError), self.env.cr.savepoint():
            partner._integration_set_credit_hold("Overdue")
            raise ZeroDivisionError
        self.assertEqual(self.told(), [])


class TestSubscriptions(EventsCommon):
    def invoices(self):
        self.issue("S-1", amount="100.00")
        self.issue("S-2", amount="1000.00")
        return [one.legal_number for one in self.told("event.invoice_posted")]

    def subscription(self):
        return self.partner_connection.flow_ids.filtered(
            lambda flow: flow.kind == "event.invoice_posted"
        ).subscription_ids

    def test_without_a_filter_everything_is_told(self):
        self.assertEqual(self.invoices(), ["S-1", "S-2"])

    def test_an_amount_is_a_threshold(self):
        self.subscription().write({"amount_from": 1150.0, "currency_id": self.company.currency_id.id})
        self.assertEqual(self.invoices(), ["S-2"])

    def test_a_journal_and_a_country_narrow_it(self):
        self.subscription().journal_ids = self.company_data["default_journal_purchase"]
        self.assertEqual(self.invoices(), [])
        self.subscription().journal_ids = self.partner_connection.issued_journal_id
        self.issue("S-3")
        self.assertEqual([one.legal_number for one in self.told("event.invoice_posted")], ["S-3"])

    def test_further_conditions_are_read_as_data(self):
        subscription = self.subscription()
        subscription.domain = "[('amount_untaxed', '>', 500)]"
        self.assertEqual(self.invoices(), ["S-2"])
        for text in ("[('nothing', '=', 1)]", "__import__('os').getcwd()", "[('name', '=', uid)]", "7"):
            with self.assertRaises(ValidationError, msg=text), self.env.cr.savepoint():
                subscription.domain = text

    def test_two_subscriptions_of_one_flow_tell_an_event_once(self):
        self.subscribe("event.invoice_posted", amount_from=50.0)
        self.assertEqual(self.invoices(), ["S-1", "S-2"])

    def test_a_subscription_that_is_switched_off_tells_nothing(self):
        self.subscription().active = False
        self.assertEqual(self.invoices(), [])

    def test_a_connector_that_takes_no_events_cannot_be_subscribed(self):
        with self.assertRaises(ValidationError):
            self.env["integration.subscription"].create(
                {"connection_id": self.stripe_connection.id, "kind": "event.invoice_posted"}
            )
        self.assertFalse(self.stripe_connection.flow_ids.filtered(lambda flow: flow.direction == "out"))

    def test_the_customers_country_is_a_filter(self):
        self.subscription().country_ids = self.env.ref("base.be")
        invoice = self.issue("S-4", party=ANNA)
        self.assertEqual(self.told("event.invoice_posted"), [])
        invoice.partner_id.commercial_partner_id.country_id = self.env.ref("base.be")
        self.issue("S-5", party=ANNA)
        self.assertEqual([one.legal_number for one in self.told("event.invoice_posted")], ["S-5"])
