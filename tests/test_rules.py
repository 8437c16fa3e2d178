# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Rules: what follows which event, and a wait for all of several events (E12)."""

from datetime import timedelta

from odoo import fields
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.fields import Command
from odoo.tests import new_test_user

from ..models.rules import fact as fact_model
from .test_business_events import EventsCommon


class RulesCommon(EventsCommon):
    def rule(self, kinds, actions, **values):
        """Make an active rule of this company; ``kinds`` are names without "event."."""
        return self.env["integration.rule"].create(
            {
                "name": "A rule",
                "company_id": self.company.id,
                "prerequisite_ids": [
                    Command.create({"kind": f"event.{kind}", "sequence": place})
                    for place, kind in enumerate(kinds)
                ],
                "action_ids": [Command.create(action) for action in actions],
                **values,
            }
        )

    def settle(self):
        """Judge what has happened, as the job does after the commit; returns how many facts were judged."""
        self.env.cr.flush()
        total = 0
        while count := self.root["integration.rule.fact"]._settle_batch():
            total += count
        self.root["integration.rule.wait"]._look_again()
        self.env.invalidate_all()
        return total

    def waits(self, rule):
        return self.env["integration.rule.wait"].search([("rule_id", "=", rule.id)], order="id")

    def fail_payment(self, number):
        self.stripe.failed_charge(115000, "usd", metadata={"invoice_number": number})
        self.send_stripe()


SAYS = {"action": "exception", "summary": "Look at it"}


class TestRules(RulesCommon):
    def test_a_single_event_is_followed_up_once_for_each_record(self):
        rule = self.rule(["invoice_posted"], [SAYS])
        self.issue("R-1")
        self.issue("R-2")
        self.assertFalse(self.waits(rule))  # nothing is done in the transaction of the change itself
        self.assertEqual(self.settle(), 2)
        self.assertEqual(self.settle(), 0)
        self.assertEqual(self.waits(rule).mapped("state"), ["fired", "fired"])
        self.assertEqual(self.waits(rule).mapped("name"), ["R-1", "R-2"])
        self.assertEqual(len(self.exceptions("rule_says")), 2)

    def test_it_fires_when_the_last_of_several_has_happened_whatever_the_order(self):
        rule = self.rule(["payment_settled", "invoice_posted"], [SAYS], scope="invoice")
        self.issue("R-1")
        self.settle()
        wait = self.waits(rule)
        self.assertEqual((wait.state, wait.held_text), ("waiting", "an invoice is posted"))
        self.assertEqual(wait.missing_text, "a payment is applied to its invoice")
        self.stripe.charge(115000, "usd", metadata={"invoice_number": "R-1"})
        self.send_stripe()
        self.settle()
        self.assertEqual((wait.state, len(wait.fact_ids)), ("fired", 2))
        self.assertEqual(len(self.exceptions("rule_says")), 1)

    def test_both_in_one_batch_fire_once(self):
        rule = self.rule(["invoice_posted", "payment_settled"], [SAYS], scope="invoice")
        self.issue("R-1")
        self.stripe.charge(115000, "usd", metadata={"invoice_number": "R-1"})
        self.send_stripe()
        self.assertEqual(self.settle(), 2)
        self.assertEqual(self.waits(rule).mapped("state"), ["fired"])
        self.assertEqual(len(self.exceptions("rule_says")), 1)

    def test_repeated_events_of_a_fulfilled_rule_do_nothing(self):
        rule = self.rule(["credit_hold_set"], [SAYS])
        partner = self.new_partner()
        for _round in range(3):
            partner._integration_set_credit_hold("Overdue")
            partner._integration_clear_credit_hold()
            self.settle()
        self.assertEqual(len(self.waits(rule)), 1)
        self.assertEqual(len(self.exceptions("rule_says")), 1)

    def test_every_time_means_every_time(self):
        rule = self.rule(
            ["credit_hold_set"], [{"action": "notify", "role": "owner", "summary": "On hold"}], each_time=True
        )
        partner = self.new_partner()
        for _round in range(3):
            partner._integration_set_credit_hold("Overdue")
            partner._integration_clear_credit_hold()
        self.assertEqual(self.settle(), 3)
        self.assertEqual(self.waits(rule).mapped("state"), ["fired"] * 3)

    def test_the_filter_of_an_event_counts(self):
        rule = self.rule(["invoice_posted"], [SAYS])
        rule.prerequisite_ids.write({"amount_from": 500.0, "domain": "[('amount_tax', '>', 0)]"})
        self.issue("R-1", amount="100.00")
        self.issue("R-2", amount="1000.00", tax=False)
        self.issue("R-3", amount="1000.00")
        self.settle()
        self.assertEqual(self.waits(rule).mapped("name"), ["R-3"])

    def test_a_failed_payment_gives_the_salesperson_an_activity_on_the_invoice(self):
        rule = self.env.ref("finance_integration.rule_payment_failed")
        self.assertFalse(rule.active)
        rule.active = True
        seller = new_test_user(self.env, "fi_seller", groups="base.group_user,account.group_account_invoice")
        invoice = self.issue("R-1")
        invoice.invoice_user_id = seller
        self.fail_payment("R-1")
        self.settle()
        (activity,) = invoice.activity_ids
        self.assertEqual(activity.user_id, seller)
        self.assertIn("agree with the customer", activity.summary)
        self.assertEqual(self.waits(rule).state, "fired")

    def test_a_rule_of_another_company_hears_nothing(self):
        other = self.env["res.company"].create({"name": "Other company"})
        rule = self.rule(["invoice_posted"], [SAYS], company_id=other.id)
        self.issue("R-1")
        self.assertEqual(self.settle(), 0)
        self.assertFalse(self.waits(rule))

    def test_nothing_follows_a_change_that_is_taken_back(self):
        self.rule(["invoice_posted"], [SAYS])
        with self.assertRaises(ZeroDivisionError), self.env.cr.savepoint():
            self.issue("R-1")
            raise ZeroDivisionError
        self.assertEqual(self.settle(), 0)

    def test_a_rule_that_is_switched_off_before_it_is_judged_does_nothing(self):
        rule = self.rule(["invoice_posted"], [SAYS])
        self.issue("R-1")
        rule.active = False
        self.assertEqual(self.settle(), 1)
        self.assertFalse(self.waits(rule))
        self.assertFalse(self.exceptions("rule_says"))


class TestDeadlines(RulesCommon):
    def test_what_is_overdue_says_what_is_missing_and_goes_on_by_itself(self):
        rule = self.rule(["invoice_posted", "payment_settled"], [SAYS], scope="invoice", deadline_hours=24)
        self.issue("R-1")
        self.settle()
        wait = self.waits(rule)
        self.assertEqual(wait.deadline_at - wait.first_at, timedelta(hours=24))
        self.assertFalse(self.exceptions("rule_overdue"))
        wait.fact_ids._write({"happened_at": fields.Datetime.now() - timedelta(hours=25)})
        wait._write({"deadline_at": fields.Datetime.now() - timedelta(hours=1)})
        self.env.invalidate_all()
        self.settle()
        self.assertEqual(wait.state, "overdue")
        exception = self.exceptions("rule_overdue")
        self.assertIn("a payment is applied to its invoice", exception.what)
        self.assertIn("R-1", exception.what)
        self.settle()
        self.assertEqual(len(self.exceptions("rule_overdue")), 1)
        self.stripe.charge(115000, "usd", metadata={"invoice_number": "R-1"})
        self.send_stripe()
        self.settle()
        self.assertEqual((wait.state, exception.state), ("fired", "resolved"))
        self.assertEqual(len(self.exceptions("rule_says")), 1)

    def test_a_person_says_that_nobody_waits_any_more(self):
        rule = self.rule(["invoice_posted", "payment_settled"], [SAYS], scope="invoice")
        self.issue("R-1")
        self.settle()
        wait = self.waits(rule)
        wait.action_cancel()
        self.stripe.charge(115000, "usd", metadata={"invoice_number": "R-1"})
        self.send_stripe()
        self.settle()
        self.assertEqual(wait.state, "cancelled")
        self.assertFalse(self.exceptions("rule_says"))
        with self.assertRaises(UserError):
            wait.action_cancel()

    def test_an_open_exception_holds_it_back_until_it_is_resolved(self):
        self.subscribe("event.close_ready")
        rule = self.rule(
            ["invoice_posted"],
            [{"action": "publish", "publish_kind": "event.close_ready"}],
            scope="month",
            condition="no_open_exception",
        )
        exception = self.root["integration.exception"]._raise_cause(
            self.partner_connection.with_env(self.root), "mapping_missing", {}, "a cause"
        )
        self.issue("R-1")
        self.settle()
        wait = self.waits(rule)
        self.assertEqual((wait.state, wait.is_blocked), ("waiting", True))
        self.assertEqual(self.told("event.close_ready"), [])
        exception._resolve("Given")
        self.settle()
        self.assertEqual(wait.state, "fired")
        (ready,) = self.told("event.close_ready")
        self.assertEqual((str(ready.period_start), str(ready.period_end)), ("2026-03-01", "2026-03-31"))
        self.assertEqual(ready.stated_by, "A rule")


class TestFollowUps(RulesCommon):
    def test_a_hold_is_set_and_cleared(self):
        self.rule(["payment_failed"], [{"action": "hold_set", "summary": "A payment failed"}])
        self.rule(["payment_settled"], [{"action": "hold_clear"}])
        invoice = self.issue("R-1")
        partner = invoice.commercial_partner_id.with_company(self.company)
        self.fail_payment("R-1")
        self.settle()
        if not partner.integration_credit_hold:  # the failed attempt names no customer; the invoice does
            self.fail(self.env["integration.rule.wait"].search([]).mapped("result"))
        self.assertEqual(partner.integration_credit_hold_reason, "A payment failed")
        self.stripe.charge(115000, "usd", metadata={"invoice_number": "R-1"})
        self.send_stripe()
        self.settle()
        self.assertFalse(partner.integration_credit_hold)

    def test_a_follow_up_that_fails_is_taken_back_whole_and_can_be_tried_again(self):
        rule = self.rule(
            ["statement_loaded"],
            [{**SAYS, "sequence": 1}, {"action": "hold_set", "summary": "x", "sequence": 2}],
        )
        self.env["account.bank.statement"].create(
            {
                "name": "March",
                "journal_id": self.company_data["default_journal_bank"].id,
                "balance_end_real": 10.0,
                "line_ids": [
                    Command.create(
                        {
                            "journal_id": self.company_data["default_journal_bank"].id,
                            "date": "2026-03-02",
                            "payment_ref": "A",
                            "amount": 10.0,
                        }
                    )
                ],
            }
        )
        self.settle()
        wait = self.waits(rule)
        self.assertEqual(wait.state, "failed")
        self.assertFalse(self.exceptions("rule_says"))  # what was done before it is taken back
        exception = self.exceptions("rule_follow_up_failed")
        self.assertIn("A customer", exception.what)
        rule.action_ids.filtered(lambda row: row.action == "hold_set").unlink()
        wait.action_try_again()
        self.assertEqual((wait.state, exception.state), ("fired", "resolved"))
        self.assertEqual(len(self.exceptions("rule_says")), 1)

    def test_a_paused_flow_goes_on(self):
        flow = self.partner_connection.flow_ids.filtered(lambda row: row.kind == "event.payment_settled")
        flow.sudo()._change_state("paused", "a test")
        self.rule(["invoice_posted"], [{"action": "release_flow", "flow_id": flow.id}])
        self.issue("R-1")
        self.settle()
        self.assertEqual(flow.state, "live")

    def test_a_fetch_is_asked_for(self):
        self.rule(["invoice_posted"], [{"action": "pull", "connection_id": self.stripe_connection.id}])
        self.issue("R-1")
        domain = [("method_name", "=", "_pull"), ("state", "=", "pending")]
        before = self.env["queue.job"].sudo().search_count(domain)
        self.settle()
        asked = self.env["queue.job"].sudo().search_count(domain) - before
        self.assertEqual(asked, len(self.stripe_connection._spec().pulls))

    def test_one_rule_can_wait_for_another(self):
        self.subscribe("event.rule_fulfilled")
        first = self.rule(
            ["invoice_posted"], [{"action": "publish", "publish_kind": "event.rule_fulfilled"}], name="First"
        )
        second = self.rule(["rule_fulfilled"], [SAYS], name="Second")
        self.issue("R-1")
        self.settle()
        self.assertEqual(self.waits(first).state, "fired")
        self.assertEqual(self.waits(second).state, "fired")
        (told,) = self.told("event.rule_fulfilled")
        self.assertEqual((told.rule, told.fulfilled_by), ("First", ("invoice.posted",)))

    def test_rules_that_feed_each_other_come_to_an_end(self):
        publish = {"action": "publish", "publish_kind": "event.rule_fulfilled"}
        rule = self.rule(["rule_fulfilled"], [publish], name="Round", each_time=True)
        self.rule(["invoice_posted"], [publish], name="Start")
        self.issue("R-1")
        with self.assertLogs("odoo.addons.finance_integration.models.rules.fact", "WARNING") as logs:
            self.settle()
        self.assertEqual(len(self.waits(rule)), fact_model.MAX_DEPTH)
        self.assertEqual(len(logs.records), 1)


class TestRuleForm(RulesCommon):
    def test_a_rule_reads_as_a_sentence(self):
        rule = self.rule(
            ["statement_loaded", "reconciliation_complete"],
            [{"action": "publish", "publish_kind": "event.close_ready"}],
            scope="month",
            condition="no_open_exception",
        )
        self.assertEqual(
            rule.text,
            "When a bank statement is loaded and a statement is reconciled and no exception of the company is open, "
            "then publish “Ready to close”.",
        )
        self.assertIn("a statement is reconciled", rule.picture)

    def test_text_of_people_is_escaped_in_the_picture(self):
        rule = self.rule(["invoice_posted"], [{**SAYS, "summary": "<script>alert(1)</script>"}])
        self.assertNotIn("<script>", rule.picture)

    def test_what_would_happen_does_nothing(self):
        rule = self.rule(["invoice_posted", "payment_settled"], [SAYS], scope="invoice", deadline_hours=2)
        trial = self.env["integration.rule.trial"].browse(rule.action_try()["res_id"])
        self.assertIn("Nothing", trial.outcome)
        trial.prerequisite_ids = rule.prerequisite_ids[0]
        self.assertIn("wait for: a payment is applied", trial.outcome)
        trial.hours = 3
        self.assertIn("overdue", trial.outcome)
        trial.prerequisite_ids = rule.prerequisite_ids
        self.assertIn("raise an exception: Look at it", trial.outcome)
        self.assertFalse(self.waits(rule))
        self.assertFalse(self.exceptions("rule_says"))

    def test_what_cannot_work_is_refused(self):
        for kinds, actions, values in (
            (["invoice_posted"], [], {}),
            ([], [SAYS], {}),
            (["invoice_posted", "invoice_posted"], [SAYS], {}),
            (["invoice_posted", "payment_settled"], [SAYS], {"each_time": True}),
            (["invoice_posted"], [{"action": "exception"}], {}),
            (["invoice_posted"], [{"action": "publish"}], {}),
            (["invoice_posted"], [{"action": "activity", "role": "user", "summary": "x"}], {}),
        ):
            with (
                self.assertRaises(ValidationError, msg=str((kinds, actions, values))),
                self.env.cr.savepoint(),
            ):
                self.rule(kinds, actions, **values)

    def test_who_may_make_rules_and_who_may_end_a_wait(self):
        rule = self.rule(["invoice_posted", "payment_settled"], [SAYS], scope="invoice")
        self.issue("R-1")
        self.settle()
        group = "finance_integration.group_%s"
        auditor = new_test_user(
            self.env, "fi_r_auditor", groups=group % "auditor", company_id=self.company.id
        )
        operator = new_test_user(
            self.env, "fi_r_operator", groups=group % "operator", company_id=self.company.id
        )
        wait = self.waits(rule)
        with self.assertRaises(AccessError):
            wait.with_user(auditor).action_cancel()
        with self.assertRaises(AccessError):
            rule.with_user(operator).write({"active": False})
        wait.with_user(operator).action_cancel()
        self.assertEqual(wait.state, "cancelled")
        with self.assertRaises(UserError):
            rule.unlink()
        leaves = self.env["integration.audit.leaf"].search([("res_model", "=", "integration.rule.wait")])
        self.assertEqual(leaves.mapped("action"), ["rule.cancelled"])
        self.assertEqual(len(wait.fact_ids), 1)
