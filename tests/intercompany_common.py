# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Two companies of one database: the first one's Stripe account receives money that pays invoices of the second."""

from datetime import date
from decimal import Decimal

from odoo.tests import new_test_user

from .workbench_common import GROUP, WorkbenchCommon

DAY = date(2026, 3, 2)


class IntercompanyCommon(WorkbenchCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.theirs = cls.setup_other_company(name="Anna GmbH")
        cls.other = cls.theirs["company"]
        cls.both = cls.company | cls.other
        for user in cls.env.user | cls.operator | cls.approver | cls.administrator:
            user.sudo().company_ids |= cls.other
        cls.clerk = new_test_user(
            cls.env,
            "ic_clerk",
            groups=GROUP % "operator",
            company_id=cls.other.id,
            company_ids=[(6, 0, cls.other.ids)],
        )
        cls.owed = cls.account(cls.company, "Owed to Anna GmbH", "219900", "liability_current")
        cls.due = cls.account(cls.other, "Owed by the collecting company", "149900", "asset_current")
        cls.agreement = cls.agree()
        cls.agreement.action_activate()

    @classmethod
    def account(cls, company, name, code, account_type, **facts):
        accounts = cls.env["account.account"].with_company(company)
        values = {"name": name, "code": code, "account_type": account_type, "reconcile": True, **facts}
        return accounts.create({**values, "company_ids": company.ids})

    @classmethod
    def journal(cls, company, code="BETW"):
        return cls.env["account.journal"].create(
            {"name": "Between companies", "code": code, "type": "general", "company_id": company.id}
        )

    @classmethod
    def agree(cls, **facts):
        """Return a draft of the agreement."""
        for name, company in (("journal_id", cls.company), ("payee_journal_id", cls.other)):
            if name not in facts:
                facts[name] = cls.journal(company).id
        values = {
            "company_id": cls.company.id,
            "payee_id": cls.other.id,
            "payable_account_id": cls.owed.id,
            "receivable_account_id": cls.due.id,
            "valid_from": date(2026, 1, 1),
        }
        return cls.env["integration.collection.agreement"].create({**values, **facts})

    def name_entity(self, connection, code, company):
        """Let two people say which company a legal entity of a source is."""
        line = {"mapping": "company", "outside_value": code, "legal_entity_id": company.id}
        change = (
            self.env["integration.mapping.change"]
            .with_user(self.administrator)
            .create({"connection_id": connection.id, "reason": "Who is who", "line_ids": [(0, 0, line)]})
        )
        change.action_ask()
        self.env.invalidate_all()
        change.request_id.with_user(self.approver).action_approve()
        self.env.invalidate_all()

    def bill(self, number="B-1", amount=115.0, day=date(2026, 3, 1), currency=None, partner=None):
        """Return a posted invoice of the other company under this payment reference."""
        moves = self.env["account.move"].with_company(self.other)
        invoice = moves.create(
            {
                "move_type": "out_invoice",
                "partner_id": (partner or self.partner_a).id,
                "invoice_date": day,
                "date": day,
                "invoice_date_due": day,
                "currency_id": (currency or self.other.currency_id).id,
                "payment_reference": number,
                "journal_id": self.theirs["default_journal_sale"].id,
                "invoice_line_ids": [
                    (0, 0, {
                        "name": "Advice", "quantity": 1, "price_unit": amount, "tax_ids": [(5, 0, 0)],
                        "account_id": self.theirs["default_account_revenue"].id,
                    })
                ],
            }
        )  # fmt: skip
        invoice._post(soft=False)
        return invoice

    def credit(self, invoice, amount, day=DAY):
        """Return a posted credit note of an invoice of the other company."""
        note = invoice.with_company(self.other)._reverse_moves(
            [{"date": day, "invoice_date": day}], cancel=False
        )
        note.invoice_line_ids.price_unit = amount
        note._post(soft=False)
        return note

    def paid(self, cents, number="B-1", currency="usd", **facts):
        """Let money come in that names a number; returns its movement."""
        charge = self.stripe.charge(cents, currency, metadata={"invoice_number": number}, **facts)
        self.send_stripe()
        return self.movement("payment", charge["id"])

    def collections(self):
        return self.root["integration.collection"].search([], order="id")

    def between(self):
        """Return how many entries stand in the journals between the companies, per company."""
        moves = self.root["account.move"]
        return tuple(
            moves.search_count([("journal_id", "=", journal.id)])
            for journal in (self.agreement.journal_id, self.agreement.payee_journal_id)
        )

    def figures(self, move):
        """Return {account: (amount in the document's currency, balance, partner)} of an entry."""
        return {
            line.account_id: (
                Decimal(str(round(line.amount_currency, 2))),
                Decimal(str(round(line.balance, 2))),
                line.partner_id,
            )
            for line in move.sudo().line_ids
        }

    def confirm(self, exception, user=None, **facts):
        """Press the button of an exception and confirm its dialog; returns (dialog, action)."""
        user = user or self.operator
        action = exception.with_user(user).action_collect()
        wizard = (
            self.env["integration.collect"]
            .with_user(user)
            .with_context(**action["context"])
            .browse(action["res_id"])
        )
        if facts:
            wizard.write(facts)
        return wizard, wizard.action_confirm()
