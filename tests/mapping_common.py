# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""What the tests of mappings share: the people, proposals and their approval, documents with any codes."""

from datetime import date
from decimal import Decimal

from odoo.tests import new_test_user

from ..simulators.partner import documents
from .common import ANNA, IntegrationCommon

GROUP = "finance_integration.group_%s"


class MappingCommon(IntegrationCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.people = {
            "company_id": cls.company.id,
            "company_ids": [(6, 0, cls.company.ids)],
            "tz": "America/New_York",
        }
        cls.operator = new_test_user(
            cls.env,
            "map_operator",
            groups=f"{GROUP % 'operator'},analytic.group_analytic_accounting",
            **cls.people,
        )
        cls.operator2 = new_test_user(cls.env, "map_operator2", groups=GROUP % "operator", **cls.people)
        cls.administrator = new_test_user(
            cls.env, "map_administrator", groups=GROUP % "administrator", **cls.people
        )
        cls.approver = new_test_user(cls.env, "map_approver", groups=GROUP % "approver", **cls.people)
        cls.auditor = new_test_user(cls.env, "map_auditor", groups=GROUP % "auditor", **cls.people)
        cls.tax20 = cls.env["account.tax"].create(
            {"name": "Output tax 20 %", "amount": 20.0, "type_tax_use": "sale", "company_id": cls.company.id}
        )
        cls.income = cls.company_data["default_account_revenue"]
        cls.income2 = cls.income.copy({"code": "400900", "name": "Other sales"})

    def map_value(self, kind, value, target, user=None, **facts):
        """Map a value that nobody has mapped, as ``user`` (the operator)."""
        field = {"analytic": "analytic_distribution"}.get(kind, f"{kind}_id")
        target = getattr(target, "id", target)
        return (
            self.env["integration.mapping"]
            .with_user(user or self.operator)
            .create(
                {
                    "connection_id": self.partner_connection.id,
                    "mapping": kind,
                    "outside_value": value,
                    field: target,
                    **facts,
                }
            )
        )

    def mapping_of(self, value, kind="tax"):
        return self.env["integration.mapping"].search(
            [
                ("connection_id", "=", self.partner_connection.id),
                ("mapping", "=", kind),
                ("outside_value", "=", value),
            ]
        )

    def propose(self, *lines, user=None, reason="New by law"):
        """Return a proposal with these lines (dicts), made by ``user`` (the administrator)."""
        return (
            self.env["integration.mapping.change"]
            .with_user(user or self.administrator)
            .create(
                {
                    "connection_id": self.partner_connection.id,
                    "reason": reason,
                    "line_ids": [(0, 0, line) for line in lines],
                }
            )
        )

    def line(self, value="STD", kind="tax", **facts):
        return {"mapping": kind, "outside_value": value, **facts}

    def approve(self, change, user=None):
        change.action_ask()
        self.env.invalidate_all()
        change.request_id.with_user(user or self.approver).action_approve()
        self.env.invalidate_all()
        return change

    def change_mapping(self, *lines, **facts):
        return self.approve(self.propose(*lines, **facts))

    def meaning(self, value, day, kind="tax"):
        """Return (how it is found, what it means in words) of a value on a day, as the question dialog shows it."""
        question = (
            self.env["integration.mapping.question"]
            .with_user(self.auditor)
            .create(
                {
                    "connection_id": self.partner_connection.id,
                    "mapping": kind,
                    "outside_value": value,
                    "day": day,
                }
            )
        )
        return question.verdict, question.target

    def spans(self, value, kind="tax"):
        """Return [(from, until, meaning)] of the versions in force, in order."""
        used = self.mapping_of(value, kind).version_ids.filtered(lambda version: version.state == "used")
        return sorted(
            ((row.valid_from or None, row.valid_until or None, row.target) for row in used),
            key=lambda span: span[0] or date.min,
        )

    def tell(self, number, codes=("STD",), day=None, amount="100.00", drain=True, rate="0.15", **facts):
        """Bring in an invoice of one line with these tax codes, issued on ``day``; returns its message."""
        line = documents.Line("Advice", Decimal(1), Decimal(amount), ("STD",) if codes else ())
        document = documents.invoice(
            number, facts.pop("party", ANNA), [line], self.clock.now, due_date=date(2026, 12, 31)
        )
        if day:
            document["issue_date"] = day.isoformat()
        first = document["lines"][0]
        first["tax_codes"] = list(codes)
        for tax, code in zip(first["taxes"], codes, strict=True):
            tax["code"] = code
            tax["amount"] = f"{Decimal(amount) * Decimal(rate):.2f}"
        tax_total = sum(Decimal(tax["amount"]) for tax in first["taxes"])
        document |= {"total_tax": str(tax_total), "total_gross": str(Decimal(amount) + tax_total)}
        first |= facts.pop("line", {})
        return self.send_partner("invoice.issued", document | facts, drain=drain)

    def outcome(self, message):
        self.env.invalidate_all()
        return message.status, message.error_code or None
