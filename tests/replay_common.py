# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""What the tests of replays share: the people, the steps of a replay, and everything that could be doubled."""

from unittest.mock import patch

from odoo.tests import new_test_user
from odoo.tools import SQL

from ..simulators.partner import documents
from .common import ANNA, IntegrationCommon

GROUP = "finance_integration.group_%s"


class ReplayCommon(IntegrationCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        facts = {"company_id": cls.company.id, "company_ids": [(6, 0, cls.company.ids)]}
        cls.operator = new_test_user(cls.env, "re_operator", groups=GROUP % "operator", **facts)
        cls.approver = new_test_user(cls.env, "re_approver", groups=GROUP % "approver", **facts)
        cls.approver2 = new_test_user(cls.env, "re_approver2", groups=GROUP % "approver", **facts)

    def setUp(self):
        super().setUp()
        self.registry_enter_test_mode()  # the job's own cursors become this test's

    # -- what a replay is made of ----------------------------------------------------------------------------

    def go_on(self, replay):
        """Do what the queue job does, as the job runner would."""
        self.env.flush_all()
        count = replay.with_env(self.root)._go_on()
        self.env.invalidate_all()
        return count

    def plan(self, messages=None, user=None, **facts):
        """Return a computed plan of these events, or of what ``facts`` choose."""
        user = user or self.operator
        if messages is not None:
            facts = {"scope": "events", "event_ids": [(6, 0, messages.ids)], **facts}
        replay = (
            self.env["integration.replay"]
            .with_user(user)
            .create({"company_id": self.company.id, "reason": "The bank asked", **facts})
        )
        replay.action_plan()
        self.assertEqual(replay.state, "planning")
        self.go_on(replay)
        self.assertEqual(replay.state, "planned", replay.note)
        return replay

    def approve(self, replay):
        replay.action_request()
        replay.with_user(self.approver).action_approve()
        return replay

    def run_replay(self, replay, drain=True):
        """Run a plan (approved where it must be), work off what it put into the queue, and look what came of it."""
        if replay.needs_approval and replay.state == "planned":
            self.approve(replay)
        replay.action_run()
        self.go_on(replay)
        if drain:
            for connection in (self.partner_connection, self.stripe_connection):
                self.drain(connection)
            replay.action_look_again()
        self.env.invalidate_all()
        return replay

    def outcomes(self, replay):
        return {line.message_id: line.outcome for line in replay.line_ids}

    def results(self, replay):
        return {line.message_id: line.result for line in replay.line_ids}

    # -- what could be doubled -------------------------------------------------------------------------------

    def books(self):
        """Return counts and exact sums of everything that an event can become."""
        self.env.flush_all()
        counts = {}
        for table in (
            "account_move", "account_move_line", "account_bank_statement_line", "account_partial_reconcile",
            "res_partner", "integration_movement", "integration_binding", "integration_processor_statement",
            "integration_effect", "integration_exception",
        ):  # fmt: skip
            self.env.cr.execute(SQL("SELECT count(*) FROM %s", SQL.identifier(table)))
            counts[table] = self.env.cr.fetchone()[0]
        self.env.cr.execute(
            """
            SELECT account_id, sum(balance), sum(amount_currency), sum(amount_residual) FROM account_move_line
             WHERE parent_state = 'posted' GROUP BY account_id ORDER BY account_id
            """
        )
        counts["balances"] = self.env.cr.fetchall()
        self.env.cr.execute("SELECT id, write_date, name FROM res_partner ORDER BY id")
        counts["partners"] = self.env.cr.fetchall()
        self.env.cr.execute(
            "SELECT id, provider_closing, closing, as_of, message_id FROM integration_processor_statement ORDER BY id"
        )
        counts["statements"] = self.env.cr.fetchall()
        return counts

    def incoming(self, *statuses):
        return self.env["integration.message"].search(
            [("direction", "=", "in"), ("replay_of_id", "=", False), ("status", "in", statuses or ("done",))],
            order="id",
        )

    def invoice(self, number, party=ANNA, amount="100.00", tax=False):
        """Bring an invoice in without working it off."""
        line = documents.Line(
            "Advice", documents.Decimal(1), documents.Decimal(amount), ("STD",) if tax else ()
        )
        document = documents.invoice(number, party, [line], self.clock.now, due_date=self.clock.now.date())
        return self.send_partner("invoice.issued", document, drain=False)

    def parked(self, number, **facts):
        """Return an event that is stopped because the mapping of its tax code is missing."""
        self.forget_mapping("STD")
        message = self.invoice(number, tax=True, **facts)
        self.drain(self.partner_connection)
        self.assertEqual((message.status, message.error_code), ("parked", "mapping_missing"))
        return message

    def give_mapping(self):
        """Give the missing mapping without letting what waits for it go on."""
        with patch.object(type(self.env["integration.mapping"]), "_let_go", lambda _self: None):
            return self.env["integration.mapping"].create(
                {
                    "connection_id": self.partner_connection.id,
                    "mapping": "tax",
                    "outside_value": "STD",
                    "tax_id": self.tax15.id,
                }
            )
