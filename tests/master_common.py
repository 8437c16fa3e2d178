# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""What the tests of master records share: a second system that knows the same customers, and an approver."""

from odoo.tests import new_test_user

from ..simulators.partner import documents
from .common import ANNA, PARTNER_SECRET, IntegrationCommon

GROUP = "finance_integration.group_%s"


class MasterCommon(IntegrationCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.crm = cls._connection("generic", "CRM")
        cls._secret(cls.crm, "inbound_signature", PARTNER_SECRET)
        cls.crm.action_activate()
        facts = {"company_id": cls.company.id, "company_ids": [(6, 0, cls.company.ids)]}
        cls.operator = new_test_user(
            cls.env, "m_operator", groups=f"{GROUP % 'operator'},base.group_partner_manager", **facts
        )
        cls.approver = new_test_user(cls.env, "m_approver", groups=GROUP % "approver", **facts)

    def tell(self, connection, party=ANNA, version=1, **facts):
        """Let a system say something of a customer; returns its message."""
        document = documents.customer(party, self.clock.now, version=version)
        address = facts.pop("address", None)
        document |= facts
        if address:
            document["address"] = {**document["address"], **address}
        event = documents.as_event("tests", "customer.updated", document)
        _verdict, message = self.accept(
            connection, event.body, {"webhook-id": f"{event.id}-{connection.id}-{version}"}
        )
        self.drain(connection)
        return message

    def known(self, **facts):
        """Let the partner platform bring the first customer; returns the contact."""
        return self.became(self.tell(self.partner_connection, **facts), "res.partner")

    def proposals(self, state="open", **facts):
        domain = [("company_id", "=", self.company.id), ("state", "=", state)]
        return self.env["integration.proposed.value"].search(
            domain + [(name, "=", value) for name, value in facts.items()]
        )

    def approve(self, record):
        """Let a second person agree to what is asked for about a record; returns the request."""
        request = self.env["integration.change.request"].search(
            [("res_model", "=", record._name), ("res_id", "=", record.id), ("state", "=", "asked")]
        )
        self.assertEqual(len(request), 1, "nothing is asked for")
        request.with_user(self.approver).action_approve()
        return request

    def rule(self, **values):
        """Let a rule of ownership hold, by draft, request and approval."""
        draft = self.env["integration.ownership"].create(
            {"object": "customer", "company_id": self.company.id, "reason": "As agreed", **values}
        )
        draft.action_ask()
        self.approve(draft)
        return draft
