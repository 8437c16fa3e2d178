# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""People around an exception: two operators, two approvers, an auditor, an administrator; events that stop."""

from datetime import date
from decimal import Decimal

from odoo.tests import new_test_user

from ..simulators.partner import documents
from ..simulators.partner.documents import Line
from .common import ANNA, IntegrationCommon

GROUP = "finance_integration.group_%s"


class WorkbenchCommon(IntegrationCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.people = {
            "company_id": cls.company.id,
            "company_ids": [(6, 0, cls.company.ids)],
            "tz": "America/New_York",
        }
        make = {
            "operator": "operator",
            "operator2": "operator",
            "approver": "approver",
            "approver2": "approver",
            "auditor": "auditor",
            "administrator": "administrator",
        }
        for name, group in make.items():
            user = new_test_user(
                cls.env, f"wb_{name}", groups=GROUP % group, email=f"{name}@books.example", **cls.people
            )
            setattr(cls, name, user)
        cls.controller = new_test_user(
            cls.env,
            "wb_controller",
            groups="finance_integration.group_auditor,account.group_account_manager",
            **cls.people,
        )
        cls.connections = cls.partner_connection | cls.stripe_connection

    def document(self, name, amount="100.00", code="STD", party=ANNA, /, **facts):
        """Return an invoice of the partner; its tax amount is always that of 15 percent."""
        lines = [Line("Advice", Decimal(1), Decimal(amount))]
        document = documents.invoice(name, party, lines, self.clock.now, due_date=date(2026, 4, 1))
        for line in document["lines"]:
            line["tax_codes"] = [code]
            line["taxes"][0]["code"] = code
        return {**document, **facts}

    def unmapped(self, count=3, code="NEW", amount="100.00", **facts):
        """Bring in invoices whose tax code nobody has mapped; returns their messages."""
        messages = self.env["integration.message"]
        for number in range(count):
            document = self.document(f"{code}-{number}", amount, code, **facts)
            messages |= self.send_partner("invoice.issued", document)
        return messages

    def give_mapping(self, code="NEW", user=None):
        """Give the mapping that is missing, as the button's form would."""
        exception = self.exceptions("mapping_missing")
        context = exception.action_add_mapping()["context"]
        values = {name.removeprefix("default_"): value for name, value in context.items()}
        mappings = self.env["integration.mapping"].with_user(user or self.operator)
        return mappings.create({**values, "tax_id": self.tax15.id})

    def pay(self, cents, **facts):
        """Let the Stripe account take a payment and bring it in; returns its movement."""
        charge = self.stripe.charge(cents, "usd", **facts)
        self.send_stripe()
        return self.movement("payment", charge["id"])

    def decide(self, exception, user=None, yes=True):
        """Let an approver decide about the request of an exception."""
        request = self.env["integration.change.request"].search(
            [
                ("res_model", "=", "integration.exception"),
                ("res_id", "=", exception.id),
                ("state", "=", "asked"),
            ]
        )
        self.assertEqual(len(request), 1)
        acting = request.with_user(user or self.approver)
        acting.action_approve() if yes else acting.action_refuse("It is not right")
        self.env.invalidate_all()
        return request

    def ask(self, action, reason="It is right"):
        """Fill in the reason that an action asks for, and ask the approver."""
        self.assertEqual(action["res_model"], "integration.exception.step")
        values = {name.removeprefix("default_"): value for name, value in action["context"].items()}
        wizard = (
            self.env["integration.exception.step"]
            .with_user(self.operator)
            .create({**values, "reason": reason})
        )
        wizard.action_ask()
        return wizard
