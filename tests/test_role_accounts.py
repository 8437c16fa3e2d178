# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Accounts per role and the numbering of a source change under a second person where real events are booked (X4)."""

from odoo.exceptions import AccessError, UserError
from odoo.fields import Command

from .approval_common import ApprovalCommon


class RoleAccountsCommon(ApprovalCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        for person in (cls.administrator, cls.ann, cls.ben):
            person.sudo().totp_secret = "JBSWY3DPEHPK3PXP"
            person.invalidate_recordset(["totp_enabled"])
        cls.fee = cls.env["integration.role.account"].search(
            [("company_id", "=", cls.company.id), ("role", "=", "FEE")]
        )
        cls.now = cls.fee.account_id
        accounts = cls.env["account.account"].with_company(cls.company)
        cls.other = accounts.create(
            {
                "name": "Other fees",
                "code": "619900",
                "account_type": "expense",
                "company_ids": cls.company.ids,
            }
        )

    def go_productive(self):
        self.stripe_connection.environment = "production"
        self.env.invalidate_all()

    def propose(self, row=None, user=None, **values):
        facts = {"change": "account", "account_id": self.other.id, "reason": "New chart", **values}
        wizards = self.env["integration.role.change"].with_user(user or self.administrator)
        action = wizards.create({"row_id": (row or self.fee).id, **facts}).action_ask()
        return self.env["integration.change.request"].browse(action["res_id"])


class TestRoleAccounts(RoleAccountsCommon):
    def test_of_tests_and_sandboxes_they_change_freely(self):
        row = self.fee.with_user(self.administrator)
        self.assertFalse(row.needs_approval)
        row.account_id = self.other
        self.assertEqual(self.fee.account_id, self.other)

    def test_where_real_events_are_booked_each_direct_way_is_refused_with_a_reason(self):
        self.go_productive()
        row = self.fee.with_user(self.administrator)
        self.assertTrue(row.needs_approval)
        rows, connection = row.browse(), self.stripe_connection.with_user(self.administrator)
        own = {"role": "FEE", "account_id": self.other.id, "company_id": self.company.id}
        attempts = (
            lambda: row.write({"account_id": self.other.id}),
            lambda: row.write({"role": "FEE-D"}),
            lambda: row.write({"connection_id": connection.id}),
            row.unlink,
            lambda: rows.create({**own, "connection_id": connection.id}),
            lambda: connection.write({"role_account_ids": [Command.create(own)]}),
            lambda: row.with_context(integration_role_account=True).write({"account_id": self.other.id}),
        )
        for number, attempt in enumerate(attempts):
            with (
                self.subTest(number=number),
                self.assertRaisesRegex(UserError, "another person"),
                self.env.cr.savepoint(),
            ):
                attempt()
        loaded = rows.load(
            ["role", "account_id/.id", "connection_id/.id"],
            [["FEE", str(self.other.id), str(connection.id)]],
        )
        self.assertFalse(loaded["ids"])
        self.env.invalidate_all()
        self.assertEqual((self.fee.account_id, self.fee.exists()), (self.now, self.fee))
        self.assertFalse(self.stripe_connection.role_account_ids)

    def test_the_same_value_once_more_is_no_change(self):
        self.go_productive()
        self.fee.with_user(self.administrator).write({"account_id": self.now.id})

    def test_the_first_account_of_a_role_is_chosen_at_once(self):
        self.go_productive()
        row = self.env["integration.role.account"].with_user(self.administrator)
        row = row.create({"company_id": self.company.id, "role": "DEF", "account_id": self.other.id})
        self.assertTrue(row.needs_approval)

    def test_a_proposal_shows_now_and_afterwards_and_is_carried_out_by_another_person(self):
        self.go_productive()
        request = self.propose()
        self.assertEqual((request.kind, request.requester_id), ("mapping", self.administrator))
        shown = {row["field"]: (row["before"], row["after"]) for row in request.preview["rows"]}
        code = self.now.with_company(self.company).code
        self.assertEqual(shown["account_id"], (f"{code} {self.now.name}", "619900 Other fees"))
        self.assertIn("0 journal items", request.preview["notes"][0]["text"])
        self.assertEqual(self.fee.account_id, self.now)
        with self.assertRaises(UserError):
            request.with_user(self.administrator).action_approve()
        with self.assertRaisesRegex(UserError, "second person"):
            self.fee.sudo()._carry_out(request)
        request.with_user(self.ann).action_approve()
        self.env.invalidate_all()
        self.assertEqual(self.fee.account_id, self.other)
        self.assertIn(request, self.fee.request_ids)
        self.assertEqual(
            self.leaves(request), [("change.ask", self.administrator), ("change.approve", self.ann)]
        )
        self.assertIn(("role_account.change", self.ann), self.leaves(self.fee))

    def test_refused_nothing_changes(self):
        self.go_productive()
        self.propose().with_user(self.ann).action_refuse("Not before the close")
        self.assertEqual(self.fee.account_id, self.now)

    def test_one_connection_gets_its_own_and_gives_it_back(self):
        self.go_productive()
        self.propose(change="own", connection_id=self.stripe_connection.id).with_user(
            self.ann
        ).action_approve()
        self.env.invalidate_all()
        own = self.stripe_connection.role_account_ids
        self.assertEqual((own.role, own.account_id, self.fee.account_id), ("FEE", self.other, self.now))
        table = self.fee._accounts_by_role(self.stripe_connection)
        self.assertEqual(table["FEE"], self.other.id)
        self.propose(own, change="remove").with_user(self.ben).action_approve()
        self.env.invalidate_all()
        self.assertFalse(own.exists())
        self.assertEqual(self.fee._accounts_by_role(self.stripe_connection)["FEE"], self.now.id)

    def test_what_does_not_fit_is_not_asked_for(self):
        self.go_productive()
        for values in (
            {"account_id": self.now.id},
            {"account_id": False},
            {"change": "own"},
            {"change": "remove"},
        ):
            with self.subTest(values=values), self.assertRaises(UserError), self.env.cr.savepoint():
                self.propose(**values)
        self.assertFalse(self.fee.request_ids)

    def test_an_operator_proposes_nothing_here(self):
        self.go_productive()
        with self.assertRaises(AccessError):
            self.propose(user=self.operator)


class TestNumberingOfASource(RoleAccountsCommon):
    def step(self, **values):
        wizards = self.env["integration.flow.step"].with_user(self.administrator)
        wizard = wizards.with_context(default_flow_id=self.flow.id).create(
            {"flow_id": self.flow.id, "subject": "numbering", "reason": "They number now", **values}
        )
        return wizard, wizard.action_confirm()

    def go_live_for_real(self):
        from ..models.messaging.flow_life import _KEY

        self.partner_connection.environment = "production"
        self.flow.with_context(integration_flow_life=_KEY).state = "live"
        self.env.invalidate_all()

    def test_of_a_test_it_changes_at_once(self):
        wizard, _action = self.step(numbering="connection")
        self.assertFalse(wizard.needs_approval)
        self.assertEqual(self.flow.numbering, "connection")

    def test_of_real_events_it_is_proposed_and_approved(self):
        self.go_live_for_real()
        flow = self.flow.with_user(self.administrator)
        for values in ({"numbering": "connection"}, {"numbering_start": 5}, {"numbering_policy": "report"}):
            with self.assertRaisesRegex(UserError, "second person"), self.env.cr.savepoint():
                flow.write(values)
        flow.write({"numbering": "none", "gap_hours": 6})
        wizard, action = self.step(numbering="connection", numbering_policy="report")
        self.assertTrue(wizard.needs_approval)
        request = self.env["integration.change.request"].browse(action["res_id"])
        self.assertEqual(request.values, {"numbering": "connection", "numbering_policy": "report"})
        self.assertEqual((self.flow.numbering, self.flow.numbering_policy), ("none", "hold"))
        shown = {row["field"]: (row["before"], row["after"]) for row in request.preview["rows"]}
        self.assertEqual(shown["numbering_policy"], ("Hold what comes after it", "Only report it"))
        with self.assertRaises(UserError):
            request.with_user(self.administrator).action_approve()
        request.with_user(self.ann).action_approve()
        self.env.invalidate_all()
        self.assertEqual((self.flow.numbering, self.flow.numbering_policy), ("connection", "report"))

    def test_a_proposal_without_change_is_refused(self):
        self.go_live_for_real()
        with self.assertRaisesRegex(UserError, "already"):
            self.step()
