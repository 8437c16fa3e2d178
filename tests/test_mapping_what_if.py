# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""What a past month would have booked with proposed mappings: computed, taken back, shown to the approver (M2)."""

from datetime import date

from odoo.exceptions import AccessError, UserError

from .mapping_common import MappingCommon

MARCH = date(2026, 3, 1)


class TestWhatIf(MappingCommon):
    def setUp(self):
        super().setUp()
        self.registry_enter_test_mode()  # the job's own cursors become this test's
        self.map_value("account", "SALES", self.income)

    def counts(self):
        self.env.flush_all()
        names = (
            "account_move", "account_move_line", "integration_binding", "integration_effect", "integration_message",
            "integration_applied_version", "integration_mapping", "integration_mapping_version", "res_partner",
            "integration_exception", "integration_attempt",
        )  # fmt: skip
        counts = {}
        for name in names:
            self.env.cr.execute(f"SELECT count(*), max(id) FROM {name}")
            counts[name] = self.env.cr.fetchone()
        return counts

    def compute(self, change, month=MARCH):
        dialog = (
            self.env["integration.mapping.what.if"]
            .with_user(self.administrator)
            .create({"change_id": change.id, "month": month})
        )
        dialog.action_start()
        self.assertEqual(change.what_if_state, "running")
        self.env.flush_all()
        change.with_env(self.root)._go_on_what_if()
        self.env.invalidate_all()
        return change

    def rows(self, change, dimension):
        return {
            row.label: (row.before, row.after, row.difference, row.event_count)
            for row in change.difference_ids
            if row.dimension == dimension
        }

    def test_the_difference_by_account_tax_and_journal(self):
        for number in range(3):
            self.tell(f"W-{number}", day=date(2026, 3, 10 + number), line={"account": "SALES"})
        self.tell("W-8", day=date(2026, 4, 1), line={"account": "SALES"})  # of another month
        self.tell("W-9", day=date(2026, 3, 20))  # uses no value of the proposal
        before = self.counts()
        change = self.propose(self.line("SALES", "account", account_id=self.income2.id))
        self.compute(change)
        self.assertEqual(self.counts(), before)
        self.assertEqual(change.what_if_state, "done")
        self.assertIn("3 of 4 events", change.what_if_note)
        accounts = self.rows(change, "account")
        # The tax of these tests has no account of its own: it goes where the line goes.
        old, new = (f"{a.with_company(self.company).code} {a.name}" for a in (self.income, self.income2))
        self.assertEqual(accounts[old], (-345.0, 0.0, 345.0, 0))
        self.assertEqual(accounts[new], (0.0, -345.0, -345.0, 3))
        receivable = next(label for label in accounts if "Receivable" in label)
        self.assertEqual(accounts[receivable][:3], (345.0, 345.0, 0.0))
        self.assertEqual(self.rows(change, "tax")[self.tax15.name][:3], (-45.0, -45.0, 0.0))
        self.assertEqual(set(self.rows(change, "outcome")), {"Booked"})
        [journal] = self.rows(change, "journal").values()
        self.assertEqual(journal[:3], (345.0, 345.0, 0.0))
        change.action_ask()
        self.assertIn("3 of 4 events", change.request_id.summary)
        self.assertIn("Other sales", change.request_id.summary)
        self.assertIn("345.00", change.request_id.summary)
        change.request_id.with_user(self.approver).action_approve()
        self.assertEqual(self.counts()["account_move"], before["account_move"])  # what is booked stays

    def test_what_would_be_refused_or_no_longer_refused(self):
        stopped = self.tell("W-1", codes=("NEW",), day=date(2026, 3, 10))
        self.assertEqual(self.outcome(stopped), ("parked", "mapping_missing"))
        change = self.compute(self.propose(self.line("*", tax_id=self.tax15.id)))
        outcomes = self.rows(change, "outcome")
        self.assertEqual(outcomes["A mapping is missing"][:2], (1.0, 0.0))
        self.assertEqual(outcomes["Booked"][:2], (0.0, 1.0))
        self.assertEqual(self.outcome(stopped), ("parked", "mapping_missing"))
        change.action_ask()
        self.assertIn("A mapping is missing: 1 → 0", change.request_id.summary)

    def test_an_entry_and_a_mapping_that_begins_in_the_middle_of_the_month(self):
        for number, day in enumerate((10, 20)):
            self.tell(f"W-{number}", day=date(2026, 3, day), line={"account": "SALES"})
        change = self.propose(
            self.line("SALES", "account", account_id=self.income2.id, valid_from=date(2026, 3, 15))
        )
        accounts = self.rows(self.compute(change), "account")
        old = f"{self.income.with_company(self.company).code} {self.income.name}"
        self.assertEqual(accounts[old][:3], (-230.0, -115.0, 115.0))

    def test_other_lines_than_those_computed_are_not_explained_by_it(self):
        self.tell("W-1", day=date(2026, 3, 10), line={"account": "SALES"})
        change = self.compute(self.propose(self.line("SALES", "account", account_id=self.income2.id)))
        change.line_ids.with_user(self.administrator).account_id = self.company_data[
            "default_account_expense"
        ]
        change.action_ask()
        self.assertIn("says nothing about these", change.request_id.summary)
        self.assertNotIn("Other sales", change.request_id.summary)

    def test_it_is_done_in_portions_and_gone_on_with(self):
        for number in range(25):
            self.tell(f"W-{number}", day=date(2026, 3, 10), line={"account": "SALES"}, drain=False)
        self.drain(self.partner_connection)
        change = self.propose(self.line("SALES", "account", account_id=self.income2.id))
        change._start_what_if(MARCH)
        root = change.with_env(self.root)
        steps = []
        while count := root._what_if_portion():
            steps.append((count, root.what_if_done, round(root.what_if_progress)))
        self.assertEqual(steps, [(1, 0, 0), (20, 20, 80), (5, 25, 100)])
        self.assertEqual(root.what_if_state, "done")
        self.assertEqual(root._what_if_portion(), 0)
        total = sum(row.after for row in root.difference_ids if row.dimension == "account")
        self.assertEqual(total, 0.0)

    def test_who_may_compute_and_when(self):
        change = self.propose(self.line("SALES", "account", account_id=self.income2.id))
        with self.assertRaises(AccessError):
            change.with_user(self.auditor)._start_what_if(MARCH)
        with self.assertRaisesRegex(UserError, "has begun"):
            change._start_what_if(date(2099, 1, 1))
        self.assertEqual(change.action_what_if()["context"], {"default_change_id": change.id})
        self.assertEqual(change.action_open_differences()["domain"], [("change_id", "=", change.id)])
        for forged in ({"what_if_state": "done"}, {"what_if_sums": {}}, {"what_if_ids": []}):
            with self.assertRaises(UserError):
                change.write(forged)
        change.action_ask()
        with self.assertRaisesRegex(UserError, "cannot be changed"):
            change._start_what_if(MARCH)

    def test_something_unexpected_stops_it_visibly(self):
        self.tell("W-1", day=date(2026, 3, 10), line={"account": "SALES"})
        change = self.propose(self.line("SALES", "account", account_id=self.income2.id))
        change._start_what_if(MARCH)
        change._keyed().what_if_lines = [{"odd": True}]
        self.env.flush_all()
        change.with_env(self.root)._go_on_what_if()
        self.env.invalidate_all()
        self.assertEqual(change.what_if_state, "failed")
        self.assertTrue(change.what_if_note)
