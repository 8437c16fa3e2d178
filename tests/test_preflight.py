# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""The set-up preflight (D6): each point red and in order, and what it keeps from happening."""

from datetime import date
from unittest.mock import patch

from odoo.exceptions import AccessError, UserError

from ..engine.deferrals import Own
from ..engine.preflight import ACTIVATE, GO_LIVE, POINTS
from ..models.messaging import flow_life
from ..simulators.partner import signing
from .test_flow_life import FlowCommon


class PreflightCommon(FlowCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.live = cls.env["integration.connection"].create(
            {
                "name": "Stripe live",
                "connector": "stripe",
                "company_id": cls.company.id,
                "environment": "production",
                "outside_account": "acct_live",
                "time_zone": "America/New_York",
            }
        )
        for person in (cls.administrator, cls.approver, cls.operator, cls.auditor, cls.env.user):
            person.sudo().totp_secret = (
                "JBSWY3DPEHPK3PXP"  # asked for as soon as there is a connection in production
            )
            person.invalidate_recordset(["totp_enabled"])
        cls.live.action_propose_accounting()
        cls._secret(cls.live, "inbound_signature", "whsec_live")
        cls.live.flow_ids.filtered(lambda flow: flow.kind == "movement").start_date = date(2026, 3, 1)

    def look(self, connection=None):
        """Look at the set-up and return {code: point}."""
        connection = (connection or self.live).with_user(self.administrator)
        connection.action_preflight()
        self.env.invalidate_all()
        return {row.code: row for row in connection.preflight_ids}

    def assert_red(self, code, text):
        point = self.look()[code]
        self.assertEqual(point.state, "red", point.details)
        self.assertIn(text, point.details)
        return point

    def live_partner(self):
        partner = self.env["integration.connection"].create(
            {
                "name": "Partner live",
                "connector": "generic",
                "company_id": self.company.id,
                "environment": "production",
                "time_zone": "America/New_York",
            }
        )
        partner.action_propose_accounting()
        self._secret(partner, "inbound_signature", signing.make_secret("live"))
        return partner


class TestPreflight(PreflightCommon):
    def test_every_point_is_looked_at_and_written_down(self):
        points = self.look()
        self.assertEqual(list(points), [point.code for point in POINTS])
        states = {code: point.state for code, point in points.items()}
        self.assertEqual(
            states,
            {
                "set_up": "green",
                "other_bookers": "green",
                "payment_methods": "green",
                "payment_provider": "not_needed",
                "tax_committer": "not_needed",
                "exchange": "not_needed",
                "cash_basis": "green",
                "accounts": "green",
                "collections": "not_needed",
                "service_user": "not_needed",
                "journal_rule": "green",
                "analytic_plans": "not_needed",
                "sending": "green",
                "deferrals": "green",
                "billing": "red",
                "hash_policy": "not_needed",
                "opening": "red",
                "shadow": "to_confirm",
            },
        )
        self.assertEqual(self.live.preflight_open, 3)
        self.assertEqual(points["set_up"].checked_by_id, self.administrator)
        leaf = self.env["integration.audit.leaf"].search(
            [("action", "=", "connection.preflight"), ("res_id", "=", self.live.id)]
        )
        self.assertEqual(leaf.detail, "billing, opening, shadow")
        self.live.billing_issuer = "source"
        self.assertEqual(self.look()["billing"].state, "green")

    def test_it_says_what_is_needed_and_where_it_stands(self):
        self.assertIn("Signing secret, whsec_…: Stripe: Developers, Webhooks", self.live.needs_text)
        self.assertIn("Endpoint URL", self.live.needs_text)

    def test_in_production_nothing_is_received_while_a_point_is_red(self):
        unid = self.role("UNID")
        unid.active = False
        with self.assertRaisesRegex(UserError, "Suspense and clearing accounts"):
            self.live.with_user(self.administrator).action_activate()
        self.assertEqual(self.live.state, "draft")
        self.assertFalse(self.live.service_user_id)
        unid.active = True
        self.live.with_user(self.administrator).action_activate()
        self.assertEqual(self.live.state, "active")
        self.assertEqual(self.look()["service_user"].state, "green")

    def test_elsewhere_it_is_told_and_stops_nothing(self):
        self.role("UNID").active = False
        self.assertEqual(self.look(self.stripe_connection)["accounts"].state, "red")
        self.stripe_connection.action_pause()
        self.stripe_connection.with_user(self.administrator).action_activate()
        self.assertEqual(self.stripe_connection.state, "active")

    def test_in_production_nothing_is_booked_before_it_was_computed_and_the_balance_agrees(self):
        self.live.action_activate()
        flow = self.flow("movement", self.live)
        self.step(flow, "live", reason="tested")
        request = flow.open_change_id
        with (
            self.assertRaisesRegex(UserError, "(?s)Opening balance.*Computed in shadow"),
            self.env.cr.savepoint(),
        ):
            request.with_user(self.approver).action_approve()
        self.env.invalidate_all()
        self.assertEqual((flow.state, request.state), ("draft", "asked"))
        statement = self.root["integration.processor.statement"]._for_day(
            self.live.balance_account_ids.with_env(self.root), date(2026, 2, 28)
        )
        statement.write({"provider_closing": 0, "state": "agrees"})
        shadow = self.look()["shadow"]
        self.assertIn("nothing was computed in shadow", shadow.details)
        shadow.with_user(self.administrator).action_confirm()
        self.env.invalidate_all()
        self.assertEqual((shadow.state, shadow.confirmed_by_id), ("confirmed", self.administrator))
        # What was confirmed of all flows holds for the one that goes live, in whatever language its approver reads.
        self.assertGreater(len(shadow.confirmed), 1)
        request.with_user(self.approver).action_approve()
        self.env.invalidate_all()
        self.assertEqual((flow.state, request.state), ("live", "approved"))

    def test_a_paused_flow_goes_on_only_while_the_set_up_is_in_order(self):
        self.live.action_activate()
        flow = self.flow("movement", self.live)
        flow.with_context(integration_flow_life=flow_life._KEY).write({"state": "paused"})
        unid = self.role("UNID")
        unid.active = False
        with (
            self.assertRaisesRegex(UserError, "Suspense and clearing accounts"),
            self.env.cr.savepoint(),
        ):
            self.step(flow, "live", user=self.operator, reason="month end is over")
        self.env.invalidate_all()
        self.assertEqual(flow.state, "paused")
        unid.active = True
        # That nothing was computed in shadow was a matter of going live; it is not asked a second time.
        self.step(flow, "live", user=self.operator, reason="month end is over")
        self.env.invalidate_all()
        self.assertEqual(flow.state, "live")

    def test_a_balance_that_differs_is_no_matter_of_confirming(self):
        statement = self.root["integration.processor.statement"]._for_day(
            self.live.balance_account_ids.with_env(self.root), date(2026, 2, 28)
        )
        statement.write({"provider_closing": 12.5, "closing": 10, "state": "differs"})
        point = self.assert_red("opening", "the books say $\xa010.00, the provider $\xa012.50")
        with self.assertRaisesRegex(UserError, "nothing to confirm"):
            point.with_user(self.administrator).action_confirm()
        self.assertEqual(point.state, "red")

    def test_what_could_not_be_found_out_is_red(self):
        self.env.ref("base.EUR").active = True
        connection = type(self.live)
        with patch.object(connection, "_fact_exchange", side_effect=UserError("no access")):
            points = self.look()
            with self.assertRaisesRegex(UserError, "(?s)Exchange differences.*It could not be found out"):
                self.live.action_activate()
        self.assertEqual(points["exchange"].state, "red")
        self.assertIn("could not be found out", points["exchange"].explanation)
        self.assertEqual(self.live.state, "draft")

    def test_without_a_start_date_no_balance_is_the_opening_one(self):
        self.flow("movement", self.live).start_date = False
        self.assert_red("opening", "no start date")

    def test_what_worked_as_a_test_is_judged_before_it_books_in_production(self):
        """Neither an approval nor a flow that is live carries over from a test."""
        flow = self.flow("movement", self.stripe_connection)
        self.step(flow, "shadow")
        self.approve(flow)
        self.step(flow, "live")
        self.approve(flow)
        self.assertEqual((flow.state, flow.approved_by_id), ("live", self.approver))
        self.stripe_connection.environment = "production"
        self.assertEqual(flow.state, "draft")
        self.step(flow, "live")
        request = flow.open_change_id
        with self.assertRaisesRegex(UserError, "no start date"), self.env.cr.savepoint():
            request.with_user(self.approver).action_approve()
        self.env.invalidate_all()
        self.assertEqual(flow.state, "draft")

    # -- the points one by one ---------------------------------------------------------------------------------

    def test_statement_lines_of_somebody_else_and_a_second_connection(self):
        journal = self.live.balance_account_ids.journal_id
        self.env["account.bank.statement.line"].create(
            {"journal_id": journal.id, "date": "2026-03-02", "amount": 5, "payment_ref": "imported"}
        )
        self.assert_red("other_bookers", "1 statement lines that something else has booked")
        twin = self.live.copy({"name": "Second", "outside_account": "acct_live"})
        twin.sudo().state = "active"
        self.assert_red("other_bookers", "the connection Second for the same account")

    def test_a_payment_method_that_books_into_the_balance(self):
        journal = self.live.balance_account_ids.journal_id
        line = journal.inbound_payment_method_line_ids[:1]
        line.payment_account_id = journal.default_account_id
        self.assert_red("payment_methods", journal.display_name)

    def test_exchange_and_cash_basis(self):
        self.env.ref("base.EUR").active = True
        self.assertEqual(self.look()["exchange"].state, "green")
        self.company.sudo().expense_currency_exchange_account_id = False
        self.assert_red("exchange", "Account for exchange losses")
        self.company.sudo().tax_cash_basis_journal_id = False
        self.assert_red("cash_basis", "Cash basis journal")

    def test_accounts(self):
        self.role("TRANSIT").reconcile = False
        self.assert_red("accounts", "cannot be reconciled")
        point = self.look()["accounts"]
        action = point.with_user(self.administrator).action_fix()
        self.assertEqual(action["res_model"], "integration.role.account")

    def test_the_service_user(self):
        self.live.action_activate()
        user = self.live.service_user_id
        self.env.cr.execute(
            "UPDATE res_partner SET tz = 'Europe/Brussels' WHERE id = %s", (user.partner_id.id,)
        )
        self.env.invalidate_all()
        self.assert_red("service_user", "Time zone Europe/Brussels instead of America/New_York")
        self.look()["service_user"].with_user(self.administrator).action_fix()
        self.assertEqual(self.look()["service_user"].state, "green")
        self.env.cr.execute("UPDATE res_users SET password = 'x' WHERE id = %s", (user.id,))
        self.assert_red("service_user", "password")
        self.env.cr.execute(
            "INSERT INTO res_groups_users_rel (gid, uid) VALUES (%s, %s)",
            (self.env.ref("base.group_partner_manager").id, user.id),
        )
        self.assert_red("service_user", "Further rights")

    def test_the_rule_that_confines_it(self):
        rule = self.env.ref("finance_integration.rule_service_move").sudo()
        rule.domain_force = "[(1, '=', 1)]"
        self.assert_red("journal_rule", rule.name)
        with self.assertRaisesRegex(UserError, "Confined to its journals"):
            self.live.action_activate()
        self.assertEqual(self.live.state, "draft")

    def test_a_mandatory_plan(self):
        plan = self.env["account.analytic.plan"].create(
            {"name": "Project", "default_applicability": "mandatory"}
        )
        self.assert_red("analytic_plans", "Project")
        account = self.env["account.analytic.account"].create({"name": "P1", "plan_id": plan.id})
        self.env["integration.mapping"].sudo().create(
            {
                "connection_id": self.live.id,
                "mapping": "analytic",
                "outside_value": "P1",
                "analytic_distribution": {str(account.id): 100},
            }
        )
        self.assertEqual(self.look()["analytic_plans"].state, "green")

    def test_what_is_locked_for_good_is_confirmed_for_exactly_that(self):
        self.live.entry_journal_id.restrict_mode_hash_table = True
        point = self.look()["hash_policy"]
        self.assertEqual(point.state, "to_confirm")
        point.with_user(self.administrator).action_confirm()
        self.assertEqual(self.look()["hash_policy"].state, "confirmed")
        self.live.balance_account_ids.journal_id.restrict_mode_hash_table = True
        self.assertEqual(self.look()["hash_policy"].state, "to_confirm")

    # -- rights ------------------------------------------------------------------------------------------------

    def test_nobody_but_an_administrator_confirms_and_nobody_writes_a_finding(self):
        self.live.entry_journal_id.restrict_mode_hash_table = True
        point = self.look()["hash_policy"]
        for user in (self.operator, self.approver, self.auditor):
            self.assertEqual(point.with_user(user).state, "to_confirm")
            with self.assertRaises(AccessError):
                point.with_user(user).action_confirm()
            with self.assertRaises(AccessError):
                self.live.with_user(user).action_preflight()
        for user in (self.operator, self.administrator):
            with self.assertRaises(AccessError):
                point.with_user(user).write({"state": "green"})
            with self.assertRaises(AccessError):
                point.with_user(user).unlink()
        self.assertEqual(point.state, "to_confirm")

    def test_a_partner_connection_in_production(self):
        partner = self.live_partner()
        points = self.look(partner)
        self.assertEqual(points["sending"].state, "green")
        with self.assertRaises(UserError):
            partner._check_preflight(GO_LIVE)


class TestDeferrals(PreflightCommon):
    """Exactly one engine defers, and a person knows which (policy F13)."""

    def deferring(self, own=(), addons=()):
        """Look at a partner's connection where Odoo and these addons defer; returns the point."""
        connection = self.connection
        has = type(connection)._has_addon
        with (
            patch.object(type(connection), "_own_deferrals", lambda _self: list(own)),
            patch.object(
                type(connection), "_has_addon", lambda this, name: name in addons or has(this, name)
            ),
        ):
            return self.look(connection)["deferrals"]

    def setUp(self):
        super().setUp()
        self.connection = self.live_partner()

    def test_community_defers_nothing_and_says_so(self):
        self.assertEqual(self.connection._own_deferrals(), [])
        point = self.look(self.connection)["deferrals"]
        self.assertEqual(point.state, "green")
        self.assertIn("Nothing in this database defers", point.explanation)
        self.assertFalse(point.todo)

    def test_odoos_own_engine_is_the_one_after_somebody_has_confirmed_it(self):
        automatic, by_hand = Own("revenue", automatic=True), Own("expense", automatic=False)
        point = self.deferring([automatic, by_hand])
        self.assertEqual(point.state, "to_confirm")
        self.assertEqual(point.to_know, ["revenue on posting", "expense by hand", "entries"])
        self.assertIn("Odoo defers revenue of customer invoices by itself", point.explanation)
        self.assertIn("Odoo defers cost of bills when somebody makes the entries", point.explanation)
        self.assertIn("none of them may defer what Odoo's own deferral entries defers", point.explanation)
        with (
            patch.object(type(self.connection), "_own_deferrals", lambda _self: [automatic, by_hand]),
            self.assertRaisesRegex(UserError, "One engine defers"),
        ):
            self.connection._check_preflight(GO_LIVE)
        point.with_user(self.administrator).action_confirm()
        self.assertEqual(self.deferring([automatic, by_hand]).state, "confirmed")
        # Another way of deferring is another thing to know.
        self.assertEqual(self.deferring([automatic, Own("expense", automatic=True)]).state, "to_confirm")

    def test_what_would_stop_its_entries_is_red(self):
        point = self.deferring([Own("revenue", automatic=True, lacks=("Deferred Revenue Journal",))])
        self.assertEqual(point.state, "red")
        self.assertIn("Deferred Revenue Journal", point.details)
        self.assertEqual(
            self.deferring([Own("revenue", automatic=False, lacks=("Deferred Revenue Journal",))]).state,
            "to_confirm",
        )

    def test_two_engines_would_defer_twice(self):
        point = self.deferring([Own("revenue", automatic=True)], ["account_spread_cost_revenue"])
        self.assertEqual(point.state, "red")
        self.assertIn("Odoo's own deferral entries, Cost-Revenue Spread (OCA)", point.details)
        one = self.deferring(addons=["account_spread_cost_revenue"])
        self.assertEqual((one.state, one.to_know), ("to_confirm", ["Cost-Revenue Spread (OCA)", "entries"]))

    def test_it_stops_nothing_before_something_books(self):
        connection = self.connection
        with patch.object(type(connection), "_own_deferrals", lambda _self: [Own("revenue", automatic=True)]):
            connection._check_preflight(ACTIVATE)
