# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Two prerequisites that are committed at the same moment do not see each other; the rule is fulfilled once (E12).

Real connections, real commits, real threads; what is left behind is removed at the end.
"""

import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

from odoo import SUPERUSER_ID, api
from odoo.fields import Command
from odoo.modules.registry import Registry
from odoo.tests import BaseCase, tagged
from odoo.tests.common import get_db_name
from odoo.tools import SQL

from ..models.messaging.lane import exclusive
from ..models.rules.fact import LOCK_KEY

ROUNDS = 12


@tagged("post_install", "-at_install")
class TestRace(BaseCase):
    def setUp(self):
        super().setUp()
        self.registry = Registry(get_db_name())
        with self.registry.cursor() as cr:
            env = api.Environment(cr, SUPERUSER_ID, {})
            rule = env["integration.rule"].create(
                {
                    "name": "Race",
                    "company_id": env.company.id,
                    "scope": "object",
                    "prerequisite_ids": [
                        Command.create({"kind": "event.credit_hold_set", "sequence": 1}),
                        Command.create({"kind": "event.customer_approved", "sequence": 2}),
                    ],
                    "action_ids": [Command.create({"action": "exception", "summary": "Both"})],
                }
            )
            self.rule_id, self.parts, self.company_id = rule.id, rule.prerequisite_ids.ids, env.company.id
        self.addCleanup(self.remove)

    def remove(self):
        with self.registry.cursor() as cr:
            cr.execute(SQL("DELETE FROM integration_rule_fact WHERE rule_id = %s", self.rule_id))
            cr.execute(SQL("DELETE FROM integration_rule_wait WHERE rule_id = %s", self.rule_id))
            cr.execute(SQL("DELETE FROM integration_exception WHERE code = 'rule_says'"))
            cr.execute(SQL("DELETE FROM integration_rule WHERE id = %s", self.rule_id))
            cr.execute(SQL("DELETE FROM queue_job WHERE identity_key = 'finance_integration.rules'"))
        self.registry.clear_cache()

    def env(self, cr):
        return api.Environment(cr, SUPERUSER_ID, {})

    def tell(self, cr, partner_id, kind):
        """Publish an event about a partner in the transaction of ``cr``, as the change itself would."""
        env = self.env(cr)
        more = {"approved_by": "Eve"} if kind == "event.customer_approved" else {"reason": "Overdue"}
        partner = env["res.partner"].browse(partner_id)
        env["integration.event"]._publish_partners(env.company, partner, kind, lambda _partner: more)

    def settle(self):
        with self.registry.cursor() as cr:
            return self.env(cr)["integration.rule.fact"]._settle()

    def counts(self):
        """Return (waits that fired, other waits, exceptions raised, facts left)."""
        with self.registry.cursor() as cr:
            cr.execute(
                SQL(
                    """
                    SELECT (SELECT count(*) FROM integration_rule_wait WHERE rule_id = %(rule)s AND state = 'fired'),
                           (SELECT count(*) FROM integration_rule_wait WHERE rule_id = %(rule)s AND state <> 'fired'),
                           (SELECT count(*) FROM integration_exception WHERE code = 'rule_says'),
                           (SELECT count(*) FROM integration_rule_fact
                             WHERE rule_id = %(rule)s AND settled_at IS NULL)
                    """,
                    rule=self.rule_id,
                )
            )
            return cr.fetchone()

    def partner_ids(self, count):
        with self.registry.cursor() as cr:
            cr.execute(SQL("SELECT id FROM res_partner ORDER BY id LIMIT %s", count))
            return [row[0] for row in cr.fetchall()]

    def test_neither_transaction_sees_the_other_and_it_fires_once(self):
        (partner_id,) = self.partner_ids(1)
        with closing(self.registry.cursor()) as one, closing(self.registry.cursor()) as two:
            self.tell(one, partner_id, "event.credit_hold_set")
            self.tell(two, partner_id, "event.customer_approved")
            for cr in (one, two):
                cr.execute(SQL("SELECT count(*) FROM integration_rule_fact WHERE rule_id = %s", self.rule_id))
                self.assertEqual(cr.fetchone()[0], 1)  # its own
            one.commit()  # pylint: disable=invalid-commit
            self.settle()
            self.assertEqual(self.counts(), (0, 1, 0, 0))
            two.commit()  # pylint: disable=invalid-commit
        self.settle()
        self.assertEqual(self.counts(), (1, 0, 1, 0))
        self.settle()
        self.assertEqual(self.counts(), (1, 0, 1, 0))

    def test_threads_that_tell_and_judge_at_once_fulfil_each_wait_once(self):
        partner_ids = self.partner_ids(3)
        start = threading.Barrier(4)

        def work(kind):
            start.wait()
            for number in range(ROUNDS):
                with self.registry.cursor() as cr:
                    self.tell(cr, partner_ids[number % len(partner_ids)], kind)
                self.settle()

        with ThreadPoolExecutor(4) as threads:
            list(threads.map(work, ("event.credit_hold_set", "event.customer_approved") * 2))
        self.settle()
        self.assertEqual(self.counts(), (len(partner_ids), 0, len(partner_ids), 0))

    def test_who_finds_the_lock_taken_leaves_and_the_holder_looks_once_more(self):
        (partner_id,) = self.partner_ids(1)
        for kind in ("event.credit_hold_set", "event.customer_approved"):
            with self.registry.cursor() as cr:
                self.tell(cr, partner_id, kind)
        with exclusive(self.registry.db_name, LOCK_KEY) as free:
            self.assertTrue(free)
            self.assertEqual(self.settle(), 0)
            self.assertEqual(self.counts(), (0, 0, 0, 2))
        self.assertEqual(self.settle(), 2)
        self.assertEqual(self.counts(), (1, 0, 1, 0))

    def test_what_is_rolled_back_never_happened(self):
        (partner_id,) = self.partner_ids(1)
        with self.registry.cursor() as cr:
            self.tell(cr, partner_id, "event.credit_hold_set")
        with closing(self.registry.cursor()) as cr:
            self.tell(cr, partner_id, "event.customer_approved")
            cr.rollback()
        self.settle()
        self.assertEqual(self.counts(), (0, 1, 0, 0))
