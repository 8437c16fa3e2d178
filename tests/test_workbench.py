# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""The workbench: one row per cause with its figures, filters of a month-end, words, progress, the page My work (X1)."""

from datetime import date, timedelta

from odoo import fields
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import new_test_user

from .language_common import GERMAN, LanguageCommon
from .workbench_common import WorkbenchCommon


class TestFigures(WorkbenchCommon):
    def row(self, exception, *names):
        """Return stored figures as a list shows them."""
        rows = self.env["integration.exception"].web_search_read(
            [("id", "=", exception.id)], {name: {} for name in names}
        )["records"]
        return tuple(rows[0][name] for name in names)

    def test_one_row_per_cause_with_money_gross_per_currency_once_per_document(self):
        self.env.ref("base.EUR").active = True
        self.unmapped(2)
        self.unmapped(1, currency="EUR", source={"system": "partner", "object_id": "E-1", "version": 1})
        exception = self.exceptions()
        self.assertEqual((len(exception), exception.code), (1, "mapping_missing"))
        self.assertEqual(
            self.row(exception, "waiting_count", "document_count", "at_stake"),
            (3, 3, "115.00\xa0€, $\xa0230.00"),
        )
        stakes = {row.currency_id.name: (row.amount, row.document_count) for row in exception.stake_ids}
        self.assertEqual(stakes, {"EUR": (115.0, 1), "USD": (230.0, 2)})
        self.assertGreater(exception.stake_company, 230.0)

    def test_figures_follow_what_happens(self):
        messages = self.unmapped(3)
        exception = self.exceptions()
        self.assertEqual(self.row(exception, "waiting_count"), (3,))
        messages[0].with_user(self.operator).action_discard("Entered by hand")
        self.assertEqual(self.row(exception, "waiting_count", "at_stake"), (2, "$\xa0230.00"))
        self.give_mapping()
        self.drain(self.partner_connection)
        self.assertEqual(exception.state, "resolved")
        self.assertEqual(self.row(exception, "waiting_count", "at_stake", "stake_company"), (0, "", 0.0))
        self.assertFalse(exception.stake_ids)

    def test_nothing_is_counted_where_nothing_has_changed(self):
        self.unmapped(2)
        exception = self.exceptions()
        self.row(exception, "waiting_count")
        self.env.cr.execute("SELECT count(*) FROM integration_exception_touched")
        self.assertEqual(self.env.cr.fetchone()[0], 0)
        self.pay(11500, metadata={"invoice_number": "unknown"})
        self.env.cr.execute("SELECT count(*) > 0 FROM integration_exception_touched")
        self.assertTrue(self.env.cr.fetchone()[0])

    def test_of_money_partly_applied_only_the_rest_is_at_stake(self):
        invoice = self.issue("P-1", amount="100.00")
        self.pay(15000, metadata={"invoice_number": "P-1"})
        exception = self.exceptions("payment_excess")
        self.assertEqual(invoice.payment_state, "paid")
        self.assertEqual(self.row(exception, "at_stake", "document_count"), ("$\xa035.00", 1))

    def test_a_list_of_many_takes_as_many_statements_as_one_of_few(self):
        for number in range(6):
            self.unmapped(1, code=f"X{number}")
        names = (
            "name",
            "what",
            "next_step",
            "at_stake",
            "waiting_count",
            "waits_for",
            "deadline",
            "severity",
        )
        specification = {name: {} for name in names}
        Exception_ = self.env["integration.exception"]
        Exception_.web_search_read([], specification)
        counts = []
        for limit in (2, 6):
            self.env.invalidate_all()
            before = self.env.cr.sql_log_count
            Exception_.web_search_read([("company_id", "=", self.company.id)], specification, limit=limit)
            counts.append(self.env.cr.sql_log_count - before)
        self.assertEqual(counts[0], counts[1])

    def test_the_accounting_day_is_that_of_the_document(self):
        messages = self.unmapped(1, issue_date="2026-02-27")
        exception = self.exceptions()
        self.row(exception, "waiting_count")
        self.assertEqual((exception.books_from, exception.books_to), (date(2026, 2, 27), date(2026, 2, 27)))
        self.assertEqual(messages.economic_date, date(2026, 2, 27))

    def test_ages(self):
        self.unmapped(1)
        exception = self.exceptions()
        self.assertEqual(exception.age, "1_day")
        for days, age in ((2, "2_week"), (20, "3_month"), (40, "4_older"), (0, "1_day")):
            self.env.cr.execute(
                "UPDATE integration_exception SET create_date = %s WHERE id = %s",
                [fields.Datetime.now() - timedelta(days=days), exception.id],
            )
            self.env["integration.exception"]._refresh_ages()
            self.assertEqual(exception.age, age)


class TestFilters(LanguageCommon, WorkbenchCommon):
    def found(self, domain, user=None):
        """Return the codes that a list shows to somebody."""
        exceptions = self.env["integration.exception"].with_user(user or self.operator)
        rows = exceptions.web_search_read([("company_id", "=", self.company.id), *domain], {"code": {}})
        return sorted(row["code"] for row in rows["records"])

    def setUp(self):
        super().setUp()
        self.unmapped(1, amount="5000.00", issue_date="2026-02-27")
        self.pay(2000, metadata={})
        self.mapping = self.exceptions("mapping_missing")
        self.cash = self.exceptions("payment_party_unknown")
        self.view = self.env["integration.work.view"].with_user(self.operator)

    def test_what_is_material_is_cash_blocks_the_close_and_is_new(self):
        self.assertEqual(self.found([("is_material", "=", True)]), ["mapping_missing"])
        self.assertEqual(self.found([("is_cash", "=", True)]), ["payment_party_unknown"])
        self.view._choose(None, "2026-02-10")
        self.assertEqual(self.found([("blocks_close", "=", True)]), ["mapping_missing"])
        self.view._choose(None, "2026-03-01")
        both = ["mapping_missing", "payment_party_unknown"]
        self.assertEqual(self.found([("blocks_close", "=", True)]), both)
        self.assertTrue(self.mapping.with_user(self.operator).blocks_close)
        self.assertEqual(self.found([("is_new", "=", True)]), both)
        self.view._mine().write({"previous_visit_at": fields.Datetime.now() + timedelta(hours=1)})
        self.assertEqual(self.found([("is_new", "=", True)]), [])

    def test_a_company_has_its_own_materiality(self):
        self.env["integration.workbench.setting"].create({"company_id": self.company.id, "materiality": 10})
        self.assertEqual(
            self.found([("is_material", "=", True)]), ["mapping_missing", "payment_party_unknown"]
        )
        self.assertTrue(self.cash.is_material)

    def test_company_and_period_are_chosen_once_and_hold_for_every_list(self):
        self.view._choose(None, "2026-02-01")
        self.assertEqual(self.found([("in_my_view", "=", True)]), ["mapping_missing"])
        Message = self.env["integration.message"].with_user(self.operator)
        own = [("company_id", "=", self.company.id), ("in_my_view", "=", True)]
        self.assertEqual(Message.search(own).mapped("error_code"), ["mapping_missing"])
        Movement = self.env["integration.movement"].with_user(self.operator)
        self.assertFalse(Movement.search(own))
        self.view._choose(self.company.id, "2026-03-31")
        self.assertEqual(len(Movement.search(own)), 1)
        self.assertEqual(
            self.found([("in_my_view", "=", True)], self.operator2),
            ["mapping_missing", "payment_party_unknown"],
        )
        with self.assertRaises(ValidationError):
            self.view._choose(self.setup_other_company()["company"].id, None)

    def test_due_today_and_overdue(self):
        now = fields.Datetime.now()
        self.cash.sudo().deadline = now - timedelta(hours=1)
        self.mapping.sudo().deadline = now + timedelta(days=3)
        self.assertEqual(self.found([("is_overdue", "=", True)]), ["payment_party_unknown"])
        self.assertEqual(self.found([("is_due_today", "=", True)]), [])
        self.cash.sudo().deadline = self.env["integration.exception"].with_user(
            self.operator
        )._end_of_today() - timedelta(seconds=1)
        self.assertEqual(self.found([("is_due_today", "=", True)]), ["payment_party_unknown"])
        self.assertTrue(self.cash.with_user(self.operator).is_due_today)

    def test_who_has_to_act(self):
        self.assertEqual((self.mapping.waits_for, self.cash.waits_for), ("operator", "operator"))
        self.mapping.sudo().approval_asked = True
        self.assertEqual(self.mapping.waits_for, "approver")
        self.mapping.sudo().write({"approval_asked": False, "asked_source_at": fields.Datetime.now()})
        self.assertEqual(self.mapping.waits_for, "source")
        self.assertEqual(self.found([("waits_for", "=", "source")]), ["mapping_missing"])

    def test_words_are_the_readers_and_can_be_searched(self):
        self.assertIn("NEW", self.mapping.what)
        self.assertEqual(self.found([("name", "ilike", "mapping is missing")]), ["mapping_missing"])
        self.assertEqual(self.found([("what", "ilike", "NEW")]), ["mapping_missing"])
        self.assertEqual(self.found([("what", "ilike", "unidentified")]), ["payment_party_unknown"])
        self.assertEqual(self.found([("what", "ilike", "100%")]), [])
        groups = self.env["integration.exception"].formatted_read_group(
            [("company_id", "=", self.company.id)], ["reason_id"], ["__count"]
        )
        self.assertEqual(
            {group["reason_id"][1] for group in groups},
            {"A mapping is missing", "Payment of an unknown customer"},
        )

    def test_a_sentence_is_made_in_the_language_of_who_reads(self):
        self.env.cr.execute("SELECT params FROM integration_exception WHERE id = %s", [self.cash.id])
        self.assertEqual(self.env.cr.fetchone()[0]["customer"], "somebody unknown")
        german = self.mapping.with_context(lang=GERMAN)
        self.say_in_german({"A mapping is missing": "Eine Zuordnung fehlt"})
        self.assertEqual(german.name, "Eine Zuordnung fehlt")
        self.assertEqual(german.display_name, "Eine Zuordnung fehlt")
        self.assertEqual(self.mapping.with_context(lang="en_US").name, "A mapping is missing")


class TestGuardAndProgress(WorkbenchCommon):
    def test_nobody_writes_what_follows_from_what_is_done(self):
        self.unmapped(1)
        exception = self.exceptions().with_user(self.operator)
        for forged in (
            {"state": "resolved"},
            {"deadline": False},
            {"severity": "low"},
            {"code": "rule_says"},
            {"stake_company": 0},
            {"approval_asked": False},
            {"level": "0"},
            {"subject_move_id": 1},
            {"user_id": self.operator.id, "params": {}},
        ):
            with self.assertRaises(UserError):
                exception.write(forged)
        exception.write({"user_id": self.operator.id})
        self.assertEqual(exception.user_id, self.operator)
        for model in (
            "integration.exception.stake",
            "integration.limit.use",
            "integration.limit.counter",
            "integration.correction",
        ):
            self.assertFalse(self.env[model].with_user(self.operator).has_access("write"), model)
            self.assertFalse(self.env[model].with_user(self.operator).has_access("create"), model)

    def test_after_the_fix_everything_goes_on_with_progress_and_result(self):
        messages = self.unmapped(4)
        exception = self.exceptions()
        self.give_mapping()
        self.assertEqual((exception.run_total, exception.run_done, exception.run_busy), (4, 0, True))
        self.assertEqual(exception.run_user_id, self.operator)
        self.root["integration.drain"]._work_off(self.partner_connection.flow_ids.lane_id.id, limit=3)
        self.env.invalidate_all()
        self.assertEqual((exception.run_done, exception.run_progress), (3, 75.0))
        self.assertEqual(exception.run_text, "3 of 4 finished, 1 under way")
        self.drain(self.partner_connection)
        self.assertEqual((exception.run_text, exception.run_progress), ("4 of 4 finished", 100.0))
        self.assertEqual(messages.mapped("status"), ["done"] * 4)
        self.assertEqual(exception.state, "resolved")

    def test_what_stops_again_is_told(self):
        self.unmapped(2)
        exception = self.exceptions()
        exception.with_user(self.operator).action_try_again()
        self.drain(self.partner_connection)
        self.assertEqual((exception.run_text, exception.state), ("0 of 2 finished, 2 stopped again", "open"))
        stopped = exception.action_open_run_stopped()
        self.assertEqual(self.env["integration.message"].search_count(stopped["domain"]), 2)

    def test_a_cause_that_comes_back_opens_its_exception_again(self):
        self.unmapped(1)
        exception = self.exceptions()
        self.give_mapping()
        self.drain(self.partner_connection)
        self.assertEqual(exception.state, "resolved")
        self.forget_mapping("NEW")
        self.send_partner("invoice.issued", self.document("NEW-9", "100.00", "NEW"))
        self.assertEqual(self.exceptions("mapping_missing"), exception)
        self.assertEqual(
            (exception.state, exception.returned_count, exception.resolution), ("open", 1, False)
        )
        self.assertIn("come back", exception.message_ids[:1].body)


class TestMyWork(WorkbenchCommon):
    def work(self, user=None):
        return self.env["integration.my.work"].with_user(user or self.operator).get_work()

    def counts(self, user=None):
        return {tile["key"]: tile["count"] for group in self.work(user)["groups"] for tile in group["tiles"]}

    def setUp(self):
        super().setUp()
        self.others = self.counts()
        self.unmapped(2, amount="5000.00")
        self.pay(2000, metadata={})

    def more(self, user=None):
        """Return how many more there are than before, without those that are none."""
        return {key: count - self.others.get(key, 0) for key, count in self.counts(user).items() if count}

    def test_counts_lead_to_lists_of_as_many(self):
        self.exceptions("mapping_missing").with_user(self.operator).action_assign_to_me()
        counts = self.more()
        self.assertEqual((counts["mine"], counts["free"], counts["material"], counts["cash"]), (1, 1, 1, 1))
        work = self.env["integration.my.work"].with_user(self.operator)
        for key, count in self.counts().items():
            action = work.open_tile(key)
            domain = action.get("domain") or []
            if action["res_model"] == "integration.exception":
                domain, filters = work._tile(key)
                self.assertEqual(action["context"], {f"search_default_{name}": 1 for name in filters})
                arch = self.env.ref("finance_integration.exception_view_search").arch
                self.assertFalse([name for name in filters if f'name="{name}"' not in arch])
            found = self.env[action["res_model"]].with_user(self.operator).search_count(domain)
            self.assertEqual(found, count, key)

    def test_money_at_stake_per_currency_mine_and_all(self):
        before = {row["currency"]: row["documents"] for row in self.work()["stakes"]}
        self.assertGreaterEqual(before["USD"], 3)
        self.exceptions("payment_party_unknown").with_user(self.operator).action_assign_to_me()
        usd = {row["currency"]: row for row in self.work()["stakes"]}["USD"]
        self.assertEqual(usd["mine"], "$\xa020.00")

    def test_what_comes_first_names_cause_and_next_step(self):
        rows = {row["id"]: row for row in self.work()["urgent"]}
        row = rows[self.exceptions("mapping_missing").id]
        self.assertIn("NEW", row["what"])
        self.assertIn("Add the mapping", row["next_step"])
        self.assertEqual((row["waiting"], row["at_stake"]), (2, "$\xa011,500.00"))

    def test_choice_is_kept_per_person(self):
        work = self.env["integration.my.work"].with_user(self.operator)
        chosen = work.choose(self.company.id, "2026-03-01")
        self.assertEqual((chosen["company_id"], chosen["period"]), (self.company.id, "2026-03-01"))
        self.assertEqual(self.work()["period"], "2026-03-01")
        self.assertFalse(self.work(self.operator2)["period"])
        self.assertFalse(
            self.env["integration.work.view"]
            .with_user(self.operator2)
            .search([("user_id", "=", self.operator.id)])
        )

    def test_a_visit_ends_after_half_an_hour(self):
        view = self.env["integration.work.view"].with_user(self.operator)._mine()
        first = view.visited_at
        self.work()
        self.assertEqual((view.visited_at, view.previous_visit_at), (first, False))
        view.visited_at = first - timedelta(hours=2)
        self.work()
        self.assertEqual(view.previous_visit_at, first - timedelta(hours=2))

    def test_approvals_are_those_that_i_may_decide(self):
        movement = self.pay(900000, metadata={})
        exception = self.exceptions("payment_party_unknown").filtered(
            lambda row: row.movement_ids == movement
        )
        invoice = self.issue("P-1", amount="9000.00")
        exception.with_user(self.operator).fix_invoice_ids = invoice
        action = exception.with_user(self.operator).action_apply()
        self.ask(action)
        self.assertEqual(self.counts(self.operator)["approvals"], 0)
        self.assertEqual(self.more(self.approver)["approvals"], 1)
        self.assertEqual(len(self.work(self.approver)["approvals"]), self.counts(self.approver)["approvals"])

    def test_auditor_and_administrator_have_the_page_too(self):
        for user in (self.auditor, self.administrator, self.approver):
            work = self.work(user)
            self.assertEqual(len(work["groups"]), 3)
            for group in work["groups"]:
                for tile in group["tiles"]:
                    self.env["integration.my.work"].with_user(user).open_tile(tile["key"])
        with self.assertRaises(UserError):
            self.env["integration.my.work"].with_user(self.auditor).open_tile("forged")

    def test_who_has_nothing_to_do_with_it_leaves_no_trace(self):
        stranger = new_test_user(self.env, "wb_nobody", groups="base.group_user", **self.people)
        work = self.env["integration.my.work"].with_user(stranger)
        for call in (work.get_work, lambda: work.choose(None, None), lambda: work.set_digest(wanted=True)):
            with self.assertRaises(AccessError):
                call()
        self.assertFalse(self.env["integration.work.view"].search_count([("user_id", "=", stranger.id)]))
