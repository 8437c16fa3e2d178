# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Accounts and journals are proposed from the company's chart; chosen and made only when a person says so."""

from odoo.exceptions import AccessError, RedirectWarning, UserError

from .test_guide import GuideCommon


class TestBooksProposal(GuideCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        # As if the company had nothing yet: what the common set-up has proposed is chosen no longer.
        cls.env["integration.role.account"].search([("company_id", "=", cls.company.id)]).unlink()
        for role in ("Unidentified receipts", "Payouts in transit", "Payment processing fees"):
            cls.env["account.account"].search(
                [("name", "=", role), ("company_ids", "in", cls.company.ids)]
            ).name = f"Old {role[:4]}"

    def setUp(self):
        super().setUp()
        self.connection = self.begun()

    def proposal(self, user=None):
        action = self.connection.with_user(user or self.administrator).action_guide_propose()
        return (
            self.env["integration.books.proposal"]
            .with_user(user or self.administrator)
            .browse(action["res_id"])
        )

    def line(self, proposal, key):
        return proposal.line_ids.filtered(lambda line: line.key == key)

    def counts(self):
        company = [("company_ids", "in", self.company.ids)]
        return (
            self.env["account.account"].search_count(company),
            self.env["account.journal"].search_count([("company_id", "=", self.company.id)]),
            self.env["integration.role.account"].search_count([("company_id", "=", self.company.id)]),
        )

    def test_it_only_proposes(self):
        before = self.counts()
        proposal = self.proposal()
        self.assertEqual(self.counts(), before)
        self.assertEqual(
            proposal.line_ids.filtered("is_needed").mapped("key"),
            ["entry_journal_id", "USD", "UNID", "FEE", "TRANSIT"],
        )
        transit = self.line(proposal, "TRANSIT")
        self.assertEqual((transit.how, transit.account_id), ("use", self.company.transfer_account_id))
        self.assertIn("own transfers", transit.why)
        unid = self.line(proposal, "UNID")
        self.assertEqual((unid.how, bool(unid.account_id)), ("make", False))
        self.assertIn("Exchange differences", proposal.company_text)

    def test_an_account_of_the_chart_is_found(self):
        fees = self.env["account.account"].create(
            {"name": "Merchant fees", "code": "699001", "account_type": "expense"}
        )
        line = self.line(self.proposal(), "FEE")
        self.assertEqual((line.how, line.account_id), ("use", fees))
        self.assertIn("merchant fee", line.why)

    def test_used_twice_it_is_done_once(self):
        proposal = self.proposal()
        proposal.action_use()
        after = self.counts()
        proposal.action_use()
        self.assertEqual(self.counts(), after)
        self.connection.invalidate_recordset()
        self.assertEqual(self.connection.balance_account_ids.currency_id.name, "USD")
        self.assertTrue(self.connection.entry_journal_id)
        self.assertEqual(self.connection._missing_books(), [])
        roles = self.env["integration.role.account"]._accounts_by_role(self.connection)
        self.assertEqual(roles["TRANSIT"], self.company.transfer_account_id.id)
        self.assertIn(
            f"Payouts on their way to the bank: {self.company.transfer_account_id.code}",
            self.connection.guide_roles_text,
        )
        self.assertFalse(self.proposal().line_ids, "nothing is left to propose")

    def test_what_was_chosen_meanwhile_stays(self):
        proposal = self.proposal()
        chosen = self.env["account.account"].create(
            {"name": "Our fees", "code": "699002", "account_type": "expense"}
        )
        self.env["integration.role.account"].create(
            {"company_id": self.company.id, "role": "FEE", "account_id": chosen.id}
        )
        proposal.action_use()
        self.assertEqual(self.role("FEE"), chosen)

    def test_lines_can_be_changed_and_left_open(self):
        proposal = self.proposal()
        self.line(proposal, "PSP-RES").how = "leave"
        chosen = self.env["account.account"].create(
            {"name": "Sundry", "code": "699003", "account_type": "liability_current", "reconcile": True}
        )
        self.line(proposal, "UNID").write({"how": "use", "account_id": chosen.id})
        proposal.action_use()
        self.assertEqual(self.role("UNID"), chosen)
        self.assertFalse(self.role("PSP-RES"))

    def test_a_line_that_names_nothing_is_refused_and_nothing_is_made(self):
        proposal, before = self.proposal(), self.counts()
        self.line(proposal, "UNID").how = "use"
        with self.assertRaisesRegex(UserError, "Choose what is used"), self.env.cr.savepoint():
            proposal.action_use()
        self.assertEqual(self.counts(), before)

    def test_another_currency_gets_a_journal_of_its_own(self):
        proposal = self.proposal()
        euro = self.env.ref("base.EUR")
        euro.active = True
        proposal.currency_id = euro
        proposal.action_add_currency()
        proposal.currency_id = euro
        with self.assertRaisesRegex(UserError, "already"):
            proposal.action_add_currency()
        proposal.action_use()
        self.connection.invalidate_recordset()
        journals = {row.currency_id.name: row.journal_id for row in self.connection.balance_account_ids}
        self.assertEqual(set(journals), {"USD", "EUR"})
        self.assertEqual(journals["EUR"].currency_id, euro)
        self.assertFalse(journals["USD"].currency_id)

    def test_without_a_chart_it_leads_to_where_one_is_chosen(self):
        company = self.env["res.company"].create({"name": "New company"})
        self.administrator.write({"company_ids": [(4, company.id)]})
        connection = self.env["integration.connection"].create(
            {"name": "New", "connector": "stripe", "company_id": company.id, "environment": "test"}
        )
        with self.assertRaisesRegex(RedirectWarning, "no chart of accounts yet"):
            connection.with_user(self.administrator).with_context(
                allowed_company_ids=company.ids
            ).action_guide_propose()

    def test_who_may_not_make_accounts_may_choose_those_that_are_there(self):
        before = self.counts()
        proposal = self.proposal(self.narrow)
        self.assertFalse(proposal.may_make)
        with self.assertRaisesRegex(AccessError, "accounting administrator"), self.env.cr.savepoint():
            proposal.action_use()
        self.assertEqual(self.counts(), before)
        proposal.line_ids.filtered(lambda line: line.how == "make").how = "leave"
        proposal.action_use()
        self.assertEqual(self.role("TRANSIT"), self.company.transfer_account_id)
