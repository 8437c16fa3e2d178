# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""What the tests of approvals share: the people, something to ask about, and the database's own word."""

import psycopg2

from odoo.tests import new_test_user
from odoo.tools import mute_logger

from .common import IntegrationCommon

GROUP = "finance_integration.group_%s"
CONTROLLER = "account.group_account_manager"


class ApprovalCommon(IntegrationCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.administrator = cls.person("ap_admin", GROUP % "administrator")
        cls.operator = cls.person("ap_operator", GROUP % "operator")
        cls.auditor = cls.person("ap_auditor", GROUP % "auditor")
        cls.ann = cls.person("ap_ann", GROUP % "approver")
        cls.ben = cls.person("ap_ben", GROUP % "approver")
        cls.controller = cls.person("ap_controller", CONTROLLER)
        cls.flow = cls.partner_connection.flow_ids.filtered(
            lambda flow: (flow.kind, flow.direction) == ("invoice", "in")
        )
        cls.other_flow = cls.partner_connection.flow_ids.filtered(
            lambda flow: (flow.kind, flow.direction) == ("customer", "in")
        )

    @classmethod
    def person(cls, login, groups):
        return new_test_user(
            cls.env, login, groups=groups, company_id=cls.company.id, company_ids=[(6, 0, cls.company.ids)]
        )

    def ask(self, user=None, flow=None, day="2026-02-01", **facts):
        """Ask that a flow books from another day on; returns the request as the requester sees it."""
        return (
            self.env["integration.change.request"]
            .with_user(user or self.operator)
            ._ask(flow or self.flow, "Start", {"start_date": day}, facts.pop("reason", "Audit"), **facts)
        )

    def policy(self, *tiers, active=True, **facts):
        """Return an approval rule with these (group or users, count), in force by an approval unless told otherwise."""
        lines = []
        for number, (who, count) in enumerate(tiers, 1):
            people = (
                {"group_id": self.env.ref(who).id}
                if isinstance(who, str)
                else {"user_ids": [(6, 0, who.ids)]}
            )
            lines.append((0, 0, {"sequence": number, "count": count, **people}))
        policy = (
            self.env["integration.approval.policy"]
            .with_user(self.administrator)
            .create({"name": "Rule", "tier_ids": lines, **facts})
        )
        if active:
            request = policy._ask_with("As decided", self.env["ir.attachment"])
            request.with_user(self.ann).action_approve()
            self.assertEqual(policy.state, "active")
        return policy

    def refused_by_database(self, statement, *values, error=psycopg2.errors.CheckViolation):
        self.env.flush_all()
        with self.assertRaises(error), mute_logger("odoo.sql_db"), self.env.cr.savepoint():
            self.env.cr.execute(statement, values)

    def leaves(self, record):
        rows = self.env["integration.audit.leaf"].search(
            [("res_model", "=", record._name), ("res_id", "=", record.id)], order="id"
        )
        return [(row.action, row.user_id) for row in rows]
