# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""What one company collects for another is carried as a draft, and comes into force as every agreement does (M5)."""

from datetime import date

from odoo.exceptions import UserError

from .test_promotion import _count_again
from .test_promotion_abroad import AbroadCommon, as_third

SECTION = "collection_agreements"
KEY = ("Second company",)


class TestAgreements(AbroadCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        for person in cls.administrator | cls.ann | cls.ben:
            person.sudo().totp_secret = "JBSWY3DPEHPK3PXP"
            person.invalidate_recordset(["totp_enabled"])
        cls.owed = cls.account(cls.company, "Owed to the second company", "219900", "liability_current")
        cls.due = cls.account(cls.other, "Owed by the first company", "149900", "asset_current")
        cls.agreement = cls.agree()
        cls.agreement.action_activate()

    @classmethod
    def account(cls, company, name, code, account_type, **facts):
        values = {"name": name, "code": code, "account_type": account_type, "reconcile": True, **facts}
        accounts = cls.root["account.account"].with_company(company)
        return accounts.create({**values, "company_ids": [(6, 0, company.ids)]})

    @classmethod
    def agree(cls, code="BETW", **facts):
        own, theirs = (
            cls.root["account.journal"].create(
                {"name": "Between companies", "code": code, "type": "general", "company_id": company.id}
            )
            for company in (cls.company, cls.other)
        )
        return cls.root["integration.collection.agreement"].create(
            {
                "company_id": cls.company.id,
                "payee_id": cls.other.id,
                "payable_account_id": cls.owed.id,
                "receivable_account_id": cls.due.id,
                "journal_id": own.id,
                "payee_journal_id": theirs.id,
                "valid_from": date(2026, 1, 1),
                **facts,
            }
        )

    def agreements(self, state=None):
        domain = [("company_id", "=", self.company.id), ("payee_id", "=", self.other.id)]
        return self.root["integration.collection.agreement"].search(
            domain + ([("state", "=", state)] if state else []), order="id"
        )

    def bring_here(self, content, **facts):
        return self.load(content, self.company, **facts)

    def changed(self, **values):
        """Return the file of the first company with these values of its agreement."""

        def change(whole):
            [row] = whole["sections"][SECTION]
            row["values"].update(values)
            _count_again(whole)

        return self.signed_again(self.export(), change)

    def only(self, promotion):
        self.assertEqual(promotion.line_ids.mapped("section"), [SECTION], promotion.line_ids.mapped("key"))
        return promotion.line_ids

    def test_what_is_in_force_is_named_by_both_companies(self):
        self.agree("SECD", at_once="ask")  # a draft is not in use
        self.assertEqual(
            self.env["integration.promotion.rows"]._read_rows(self.company, in_use=True)[0][SECTION],
            {
                KEY: {
                    "payable_account_id": "219900",
                    "receivable_account_id": "149900",
                    "journal_id": "BETW",
                    "payee_journal_id": "BETW",
                    "payee_partner_id": "",
                    "collector_partner_id": "",
                    "valid_from": "2026-01-01",
                    "valid_until": None,
                    "at_once": "certain",
                }
            },
        )
        self.assertEqual(self.rows(self.other)[SECTION], {})

    def test_brought_in_it_is_a_draft_that_nobody_books_by(self):
        content = self.export()
        self.agreement.action_end()
        before = len(self.agreements())
        promotion = self.bring_here(content)
        line = self.only(promotion)
        self.assertEqual((line.change, line.gap, line.key), ("added", False, "Second company"))
        self.assertIn("219900", line.after)
        request = self.ask(promotion)
        self.assertEqual(request.sudo().values["kinds"], ["mapping"])
        self.assertEqual(len(self.agreements()), before, "asking makes nothing")
        self.approve(request)
        draft = self.agreements("draft")
        self.assertEqual((len(draft), len(self.agreements("active"))), (1, 0))
        self.assertEqual((draft.payable_account_id, draft.receivable_account_id), (self.owed, self.due))
        self.assertEqual(
            (draft.journal_id.company_id, draft.payee_journal_id.company_id), (self.company, self.other)
        )
        self.assertEqual(
            (draft.payee_partner_id, draft.collector_partner_id),
            (self.other.partner_id, self.company.partner_id),
        )
        self.assertFalse(draft.payee_user_id)
        self.assertFalse(self.root["integration.collection.agreement"]._of(self.company))

    def test_it_comes_into_force_by_a_second_person_where_real_events_are_booked(self):
        content = self.export()
        self.agreement.action_end()
        self.approve(self.ask(self.bring_here(content)))
        draft = self.agreements("draft")
        self.stripe_connection.sudo().environment = "production"
        self.env.invalidate_all()
        mine = draft.with_user(self.administrator).with_context(allowed_company_ids=self.companies.ids)
        self.assertTrue(mine.needs_approval)
        self.assertEqual(mine.action_activate()["res_model"], "integration.approval.ask")
        request = mine._ask_with("As tried", self.env["ir.attachment"])
        # Who has approved the import has made the draft: somebody else lets it come into force.
        with self.assertRaises(UserError), self.env.cr.savepoint():
            self.approve(request, self.ann)
        self.assertEqual(draft.state, "draft")
        self.approve(request, self.ben)
        self.assertEqual((draft.state, draft.payee_user_id.company_ids), ("active", self.other))

    def test_taken_back_the_draft_is_gone(self):
        content = self.export()
        self.agreement.action_end()
        promotion = self.bring_here(content)
        self.approve(self.ask(promotion))
        self.approve(self.ask(promotion, "Not yet"), self.ben)
        self.assertEqual((promotion.state, self.agreements().mapped("state")), ("back", ["ended"]))

    def test_in_force_it_is_not_taken_back(self):
        content = self.export()
        self.agreement.action_end()
        promotion = self.bring_here(content)
        self.approve(self.ask(promotion))
        self.agreements("draft").action_activate()
        with self.assertRaisesRegex(UserError, "has come into force"):
            self.ask(promotion, "Not yet")
        self.assertEqual(self.agreements().mapped("state"), ["ended", "active"])
        self.assertFalse(promotion.back_request_id)

    def test_what_is_in_force_here_stays_beside_the_new_draft(self):
        promotion = self.bring_here(self.changed(at_once="ask", valid_until="2026-12-31"))
        line = self.only(promotion)
        self.assertEqual((line.change, line.gap), ("changed", False))
        self.approve(self.ask(promotion))
        active, draft = self.agreement, self.agreements("draft")
        self.assertEqual((active.state, active.at_once, active.valid_until), ("active", "certain", False))
        self.assertEqual((draft.at_once, draft.valid_until), ("ask", date(2026, 12, 31)))
        with self.assertRaisesRegex(UserError, "in force already"):
            draft.action_activate()
        # Brought in once more, nothing differs.
        again = self.bring_here(self.changed(at_once="ask", valid_until="2026-12-31"))
        self.assertFalse(again.line_ids)
        self.approve(self.ask(promotion, "It stays as it was"), self.ben)
        self.assertEqual((self.agreements(), active.state), (active, "active"))

    def test_a_draft_here_becomes_what_the_file_says_and_back(self):
        self.agreement.action_end()
        draft = self.agree("SECD")
        # The journals of the draft have another code here.
        promotion = self.bring_here(self.changed_of(draft, at_once="ask"))
        self.approve(self.ask(promotion))
        self.assertEqual((self.agreements("draft"), draft.at_once), (draft, "ask"))
        self.approve(self.ask(promotion, "Always at once"), self.ben)
        self.assertEqual((self.agreements("draft"), draft.at_once), (draft, "certain"))

    def changed_of(self, draft, **values):
        said = self.rows(self.company)[SECTION][KEY]

        def change(whole):
            whole["sections"][SECTION] = [{"key": list(KEY), "values": {**said, **values}}]
            _count_again(whole)

        return self.signed_again(self.export(), change)

    def test_what_is_missing_in_either_company_is_a_gap(self):
        def gap_of(**values):
            promotion = self.bring_here(self.changed(**values))
            line = self.only(promotion)
            self.assertTrue(line.step)
            with self.assertRaisesRegex(UserError, "Something is missing here"):
                self.ask(promotion)
            return line.gap

        self.assertIn("Second company has no account 777777", gap_of(receivable_account_id="777777"))
        self.assertIn("Second company has no journal NONE", gap_of(payee_journal_id="NONE"))
        self.assertIn(f"{self.company.name} has no account 777777", gap_of(payable_account_id="777777"))
        self.assertIn("has no contact Nobody", gap_of(payee_partner_id="Nobody"))
        self.assertIn("this server does not know", gap_of(at_once="never"))
        income = self.company_data["default_account_revenue"].with_company(self.company).code
        self.assertIn("is no receivable or payable", gap_of(payable_account_id=income))
        self.assertEqual(self.agreements(), self.agreement)

    def test_another_company_and_itself_are_gaps(self):
        def renamed(name):
            def change(whole):
                whole["sections"][SECTION][0]["key"] = [name]
                _count_again(whole)

            return self.signed_again(self.export(), change)

        promotion = self.bring_here(renamed("Nobody Ltd"))
        self.assertIn("there is no company Nobody Ltd", self.line_of(promotion, SECTION, "Nobody Ltd").gap)
        promotion = self.bring_here(renamed(self.company.name))
        self.assertIn("would collect for itself", self.line_of(promotion, SECTION, self.company.name).gap)
        # The same file for the second company: it would collect for itself, too.
        promotion = self.load(self.export())
        self.assertIn("would collect for itself", self.line_of(promotion, SECTION, "Second company").gap)
        self.assertEqual(self.agreements(), self.agreement)

    def test_who_works_in_one_company_alone_brings_in_and_approves_nothing(self):
        content = self.changed(at_once="ask")
        promotion = self.bring_here(content)
        request = self.ask(promotion)
        self.ann.write({"company_id": self.company.id, "company_ids": [(6, 0, self.company.ids)]})
        with self.assertRaisesRegex(UserError, "works in both companies"), self.env.cr.savepoint():
            request.with_user(self.ann).with_context(allowed_company_ids=self.company.ids).action_approve()
        self.env.invalidate_all()
        self.assertEqual((request.state, self.agreements()), ("asked", self.agreement))
        self.approve(request, self.ben)
        self.assertEqual(len(self.agreements("draft")), 1)
        self.administrator.write({"company_id": self.company.id, "company_ids": [(6, 0, self.company.ids)]})
        promotion = self.promotions(companies=self.company)._load(
            self.signed_again(content, lambda whole: None), self.company, "test"
        )
        self.assertFalse(promotion.line_ids.filtered(lambda line: line.section == SECTION))
        self.agreements("draft").unlink()
        promotion = self.promotions(companies=self.company)._load(content, self.company, "test")
        self.assertIn("to which you have no access", self.line_of(promotion, SECTION, "Second company").gap)

    def test_a_file_of_the_form_before_says_nothing_of_it(self):
        promotion = self.bring_here(self.signed_again(self.export(), as_third))
        line = self.only(promotion)
        self.assertEqual((promotion.state, line.change), ("ready", "only_here"))
        with self.assertRaisesRegex(UserError, "Nothing would change"):
            self.ask(promotion)
        self.assertEqual(self.agreement.state, "active")
