# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Two transactions that do not see each other: the later one is refused and done again (ADR 0062, ADR 0063).

Real connections and real commits; what is left behind is removed at the end.
"""

from contextlib import closing
from types import SimpleNamespace
from unittest.mock import patch

import psycopg2

from odoo import SUPERUSER_ID, api, fields
from odoo.exceptions import UserError
from odoo.modules.registry import Registry
from odoo.tests import BaseCase, tagged
from odoo.tests.common import get_db_name
from odoo.tools import mute_logger

from ..models.governance.customer_copy import trace
from .real_data import newest_ids, remove_newer


class RaceCommon(BaseCase):
    def setUp(self):
        super().setUp()
        self.registry = Registry(get_db_name())
        with self.registry.cursor() as cr:
            newest = newest_ids(cr)
        self.addCleanup(self.remove, newest)
        with self.registry.cursor() as cr:
            self.build(self.env_of(cr))

    def remove(self, newest):
        with self.registry.cursor() as cr:
            remove_newer(cr, newest)
        self.registry.clear_all_caches()

    def env_of(self, cr):
        return api.Environment(cr, SUPERUSER_ID, {"no_reset_password": True, "mail_create_nolog": True})

    def connection(self, env, **facts):
        company = env["res.company"].create({"name": "Race"})
        return env["integration.connection"].create(
            {
                "name": "Race",
                "connector": "stripe",
                "company_id": company.id,
                "environment": "test",
                "time_zone": "UTC",
                **facts,
            }
        )

    def committed(self, what):
        with self.registry.cursor() as cr:
            env = self.env_of(cr)
            result = what(env)
            env.flush_all()
        return result

    def refused(self, first, late):
        """Carry out ``first`` after ``late`` has begun; returns whether ``late`` is refused as it saw nothing of it."""
        with closing(self.registry.cursor()) as cr, mute_logger("odoo.sql_db"):
            cr.execute("SELECT 1 FROM integration_connection LIMIT 1")  # from now on it sees nothing new
            self.committed(first)
            try:
                late(self.env_of(cr))
                self.env_of(cr).flush_all()
                cr.commit()  # pylint: disable=invalid-commit
            except psycopg2.errors.SerializationFailure:
                cr.rollback()
                return True
        return False


@tagged("post_install", "-at_install")
class TestCustomerCopyRace(RaceCommon):
    def build(self, env):
        connection = self.connection(env, customers_out="all")
        connection.sudo().write({"state": "active"})
        self.connection_id = connection.id
        self.partner_id = (
            env["res.partner"]
            .create({"name": "Race", "customer_rank": 1, "company_id": connection.company_id.id})
            .id
        )
        self.copy_id = self.row(env).id

    def row(self, env):
        domain = [("connection_id", "=", self.connection_id), ("partner_id", "=", self.partner_id)]
        return env["integration.customer.copy"].search(domain)

    def on_its_way(self, env):
        content = self.row(env)._content()
        self.row(env).write(
            {
                "state": "unknown",
                "sending": content,
                "said": [trace(content)],
                "version": 1,
                "first_try_at": fields.Datetime.now(),
            }
        )

    def change(self, env):
        env["res.partner"].browse(self.partner_id).phone = "+32 9 000"

    def made(self, env):
        self.row(env)._made("cus_race", 1)

    def begun(self, env):
        connections = type(env["integration.connection"])
        with patch.object(connections, "_access", lambda _connection: (None, None)):
            self.row(env)._begin()

    def state(self):
        return self.committed(lambda env: self.row(env).state)

    def test_a_change_while_the_answer_comes_is_written_afterwards(self):
        self.committed(self.on_its_way)
        self.assertTrue(self.refused(first=self.change, late=self.made))
        self.assertEqual(self.state(), "unknown")
        self.committed(self.made)
        self.assertEqual(self.state(), "to_send")

    def test_nor_does_the_change_miss_the_answer(self):
        self.committed(self.on_its_way)
        self.assertTrue(self.refused(first=self.made, late=self.change))
        self.assertEqual(self.state(), "sent")
        self.committed(self.change)
        self.assertEqual(self.state(), "to_send")

    def test_a_change_while_it_is_begun_goes_along_or_is_seen_afterwards(self):
        self.assertEqual(self.state(), "to_send")
        self.assertTrue(self.refused(first=self.change, late=self.begun))
        self.committed(self.begun)
        sending = self.committed(lambda env: self.row(env).sending)
        self.assertEqual((self.state(), sending["phone"]), ("unknown", "+32 9 000"))


@tagged("post_install", "-at_install")
class TestDisputeAnswerRace(RaceCommon):
    def build(self, env):
        connection = self.connection(env)
        dispute = env["integration.dispute"].create(
            {
                "connection_id": connection.id,
                "dispute_id": "dp_race",
                "state": "needs_response",
                "currency_id": env.ref("base.USD").id,
                "amount": 50.0,
                "opened_on": fields.Date.today(),
                "evidence_due": fields.Datetime.add(fields.Datetime.now(), days=9),
            }
        )
        evidence = env["integration.dispute.evidence"].create(
            {"dispute_id": dispute.id, "explanation": "It was delivered."}
        )
        acceptance = env["integration.dispute.acceptance"].create(
            {"dispute_id": dispute.id, "reason": "Not worth it"}
        )
        self.evidence_id, self.acceptance_id = evidence.id, acceptance.id

    def hand_in(self, env):
        env["integration.dispute.evidence"].browse(self.evidence_id).action_hand_in()

    def accept(self, env):
        self.ask(env)
        acceptance = env["integration.dispute.acceptance"].browse(self.acceptance_id)
        request = SimpleNamespace(
            values={"amount": acceptance._amount_text()}, _approves=lambda _record: True
        )
        acceptance._carry_out(request)

    def ask(self, env):
        acceptance = env["integration.dispute.acceptance"].browse(self.acceptance_id)
        acceptance._check_can_accept()
        acceptance.state = "asked"

    def states(self):
        return self.committed(
            lambda env: (
                env["integration.dispute.evidence"].browse(self.evidence_id).state,
                env["integration.dispute.acceptance"].browse(self.acceptance_id).state,
            )
        )

    def test_evidence_that_is_handed_in_at_this_moment_is_not_overtaken(self):
        self.assertTrue(self.refused(first=self.hand_in, late=self.ask))
        self.assertEqual(self.states(), ("to_send", "draft"))
        with self.assertRaises(UserError):
            self.committed(self.ask)

    def test_nor_is_evidence_handed_in_for_what_is_being_accepted(self):
        self.assertTrue(self.refused(first=self.ask, late=self.hand_in))
        self.assertEqual(self.states(), ("draft", "asked"))
        with self.assertRaises(UserError):
            self.committed(self.hand_in)

    def test_nor_for_what_was_approved_at_this_moment(self):
        self.assertTrue(self.refused(first=self.accept, late=self.hand_in))
        self.assertEqual(self.states(), ("draft", "to_send"))
        with self.assertRaises(UserError):
            self.committed(self.hand_in)
