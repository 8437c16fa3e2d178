# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""What is written fast equals what Odoo writes by itself, field by field: documents and statement lines."""

import random
from datetime import date, datetime, timedelta, timezone
from decimal import Decimal

from odoo.exceptions import UserError
from odoo.fields import Command

from ..benchmarks.differences import first_difference
from ..engine.canonical import Invoice, InvoiceLine, PartyRef, Source
from ..models.posting.work import Work
from .common import ANNA, IntegrationCommon

SEEDS = range(60)
STATEMENT_LINES = 30
FIRST_DAY = date(2026, 1, 5)
TERMS = ("NONE", "DAYS", "PARTS", "DEPOSIT")
TAXES = ("STD", "LOW", "ZERO", "INCLUDED", "FIXED", "STACKED", "SPLIT")


class TestCompleteLines(IntegrationCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls._make_taxes()
        cls._make_terms()
        cls._make_currencies()
        plan = cls.env["account.analytic.plan"].create({"name": "Projects"})
        account = cls.env["account.analytic.account"].create({"name": "Project 1", "plan_id": plan.id})
        cls._map("analytic", "P1", account)
        cls.partner = cls.env["res.partner"].create({"name": ANNA.name, "email": ANNA.email})
        cls.service = cls.partner_connection._as_service()

    @classmethod
    def _map(cls, mapping, value, record):
        cls.env["integration.mapping"].create(
            {
                "connection_id": cls.partner_connection.id,
                "mapping": mapping,
                "outside_value": value,
                f"{mapping}_id": record.id,
            }
        )

    @classmethod
    def _make_taxes(cls):
        common = {"type_tax_use": "sale", "company_id": cls.company.id}
        split = [Command.create({"repartition_type": "base"})] + [
            Command.create({"repartition_type": "tax", "factor_percent": share}) for share in (60, 40)
        ]
        kinds = {
            "LOW": {"amount": 7.7},
            "ZERO": {"amount": 0},
            "INCLUDED": {"amount": 21, "price_include_override": "tax_included"},
            "FIXED": {"amount": 1.13, "amount_type": "fixed"},
            "STACKED": {"amount": 5, "include_base_amount": True, "sequence": 0},
            "SPLIT": {
                "amount": 12.5,
                "invoice_repartition_line_ids": split,
                "refund_repartition_line_ids": split,
            },
        }
        for code, values in kinds.items():
            cls._map("tax", code, cls.env["account.tax"].create({"name": f"Tax {code}", **common, **values}))

    @classmethod
    def _make_terms(cls):
        terms = {
            "DAYS": [("percent", 100, 30)],
            "PARTS": [("percent", 33.33, 0), ("percent", 33.33, 30), ("percent", 33.34, 60)],
            "DEPOSIT": [("fixed", 10, 0), ("percent", 100, 14)],
        }
        for code, lines in terms.items():
            commands = [
                Command.create({"value": value, "value_amount": amount, "nb_days": days})
                for value, amount, days in lines
            ]
            term = cls.env["account.payment.term"].create({"name": f"Term {code}", "line_ids": commands})
            cls._map("payment_term", code, term)

    @classmethod
    def _make_currencies(cls):
        for name, rate in (("EUR", 0.917431), ("JPY", 151.3777)):
            currency = cls.env["res.currency"].with_context(active_test=False).search([("name", "=", name)])
            currency.active = True
            cls.env["res.currency.rate"].create(
                {
                    "currency_id": currency.id,
                    "rate": rate,
                    "name": FIRST_DAY - timedelta(days=1),
                    "company_id": cls.company.id,
                }
            )

    # -- documents -----------------------------------------------------------------------------------------

    def document(self, chance, number):
        """Return a request for an invoice or credit note, as the seed wants it."""
        due = chance.choice(TERMS)
        issued = FIRST_DAY + timedelta(days=chance.randrange(60))
        return Invoice(
            source=Source(system="tests", object_id=number),
            occurred_at=datetime(2026, 3, 2, tzinfo=timezone.utc),
            document_type=chance.choice(("invoice", "invoice", "credit_note")),
            issuer="odoo",
            issue_date=issued,
            due_date=issued + timedelta(days=chance.randrange(90)) if due == "NONE" else None,
            payment_term=None if due == "NONE" else due,
            currency=chance.choice(("USD", "USD", "EUR", "JPY")),
            customer=PartyRef(outside_id=ANNA.id, name=ANNA.name, email=ANNA.email),
            lines=tuple(self.line(chance, place) for place in range(chance.randint(1, 6))),
            reference=number,
        )

    def line(self, chance, place):
        return InvoiceLine(
            description=f"Line {place}",
            quantity=Decimal(chance.choice((1, 2, 3, 7, 12, 0.5, 1.75, 0.333))).quantize(Decimal("0.001")),
            unit_price=Decimal(chance.randrange(1, 500_000)).scaleb(-chance.choice((0, 2, 2, 2))),
            discount_percent=chance.choice((None, None, Decimal(10), Decimal("33.33"), Decimal("12.5"))),
            tax_codes=tuple(sorted(chance.sample(TAXES, chance.choice((0, 1, 1, 1, 2))))),
            analytic=("P1",) if chance.random() < 0.3 else (),
        )

    def plan(self, document):
        poster = self.service.env["integration.posting.invoice"]
        work = Work(row={"id": 0, "correlation_id": None}, connection=self.service, envelope=None)
        work.documents = [document]
        poster._prepare([work])
        self.assertFalse(work.error, work.error)
        self.assertTrue(self.env["integration.complete.lines"]._is_safe(work.plan["header"]))
        return poster, work

    def fast(self, document):
        """Post through the hub's own path."""
        poster, work = self.plan(document)
        poster._write([work], complete=True)
        return self.env["account.move"].browse(work.effects[0].record_id)

    def standard(self, document):
        """Post as anybody would who calls Odoo directly, with nothing but the facts of the document."""
        _poster, work = self.plan(document)
        header = work.plan["header"]
        values = {
            "move_type": header["move_type"],
            "partner_id": header["partner"].id,
            "journal_id": header["journal"].id,
            "currency_id": header["currency"].id,
            "invoice_date": document.issue_date,
            "date": document.issue_date,
            "invoice_payment_term_id": header["payment_term"].id,
            "ref": document.reference,
            "invoice_line_ids": [
                Command.create(
                    {
                        "name": line["name"],
                        "quantity": line["quantity"],
                        "price_unit": line["price_unit"],
                        "discount": line["discount"],
                        "tax_ids": [Command.set(line["taxes"].ids)],
                        "analytic_distribution": line["analytic_distribution"] or False,
                    }
                )
                for line in work.plan["lines"]
            ],
        }
        if document.due_date:
            values["invoice_date_due"] = document.due_date
        move = self.service.env["account.move"].create(values)
        move._post(soft=False)
        return move.with_env(self.env)

    def test_random_documents_equal_the_standard_path(self):
        for seed in SEEDS:
            chance = random.Random(f"complete lines/{seed}")
            rounding = chance.choice(("round_per_line", "round_globally"))
            self.company.tax_calculation_rounding_method = rounding
            document = self.document(chance, f"D-{seed}")
            with self.subTest(seed=seed, rounding=rounding, currency=document.currency):
                self.assertEqual(first_difference(self.fast(document), self.other(document)), "")

    def other(self, document):
        """Return the standard document of the same content; the hub has bound the first one's id already."""
        bindings = self.env["integration.binding"].search([("outside_id", "=", document.source.object_id)])
        bindings.sudo().unlink()
        return self.standard(document)

    def test_the_comparison_sees_a_cent(self):
        """A comparison that finds nothing must be able to find something."""
        chance = random.Random("a cent")
        document = self.document(chance, "C-1")
        move, other = self.fast(document), self.other(document)
        line = other.line_ids.filtered(lambda line: line.display_type == "product")[:1]
        self.env.flush_all()
        self.env.cr.execute(
            "UPDATE account_move_line SET price_subtotal = price_subtotal + 0.01 WHERE id = %s", (line.id,)
        )
        self.env.invalidate_all()
        self.assertIn("price_subtotal", first_difference(move, other))

    # -- statement lines -----------------------------------------------------------------------------------

    def statement_values(self, chance, number):
        journal = self.stripe_connection.balance_account_ids.journal_id
        values = {
            "journal_id": journal.id,
            "date": FIRST_DAY + timedelta(days=chance.randrange(60)),
            "amount": chance.choice((1, -1)) * chance.randrange(1, 1_000_000) / 100,
            "payment_ref": f"Movement {number}",
            "partner_id": chance.choice((False, self.partner.id)),
            "counterpart_account_id": chance.choice((self.role("UNID").id, self.role("FEE").id, None)),
        }
        if chance.random() < 0.3:
            values["foreign_currency_id"] = self.env.ref("base.EUR").id
            values["amount_currency"] = round(values["amount"] * 0.9173, 2)
        return values

    def test_statement_lines_equal_the_standard_path(self):
        chance = random.Random("statement lines")
        wanted = [self.statement_values(chance, number) for number in range(STATEMENT_LINES)]
        service = self.stripe_connection._as_service()
        fast = service.env["integration.posting.movement"]._create_lines([dict(values) for values in wanted])
        standard = service.env["account.bank.statement.line"].create([dict(values) for values in wanted])
        # Where a line stands in its journal is its own.
        own = frozenset({"internal_index", "statement_line_id", "running_balance"})
        for ours, theirs in zip(fast.with_env(self.env), standard.with_env(self.env), strict=True):
            self.assertEqual(ours.move_id.state, "posted")
            self.assertEqual(first_difference(ours.move_id, theirs.move_id, own), "")
            self.assertEqual(
                (ours.amount_residual, ours.is_reconciled, ours.amount, ours.amount_currency),
                (theirs.amount_residual, theirs.is_reconciled, theirs.amount, theirs.amount_currency),
            )

    def test_an_account_with_a_tax_of_its_own_takes_the_standard_path(self):
        fee = self.role("FEE")
        fee.tax_ids = self.env["account.tax"].create(
            {
                "name": "Input tax 10 %",
                "amount": 10,
                "type_tax_use": "purchase",
                "company_id": self.company.id,
            }
        )
        service = self.stripe_connection._as_service()
        values = {
            "journal_id": self.stripe_connection.balance_account_ids.journal_id.id,
            "date": FIRST_DAY,
            "amount": -11.0,
            "payment_ref": "Fee with tax",
            "counterpart_account_id": fee.id,
        }
        ours = service.env["integration.posting.movement"]._create_lines([dict(values)])
        theirs = service.env["account.bank.statement.line"].create([dict(values)])
        own = frozenset({"internal_index", "statement_line_id"})
        self.assertEqual(first_difference(ours.move_id, theirs.move_id, own), "")

    def test_money_against_its_own_account_takes_the_standard_path(self):
        """Odoo refuses it there, or books it there: what it says of it is not left out."""
        journal = self.stripe_connection.balance_account_ids.journal_id
        service = self.stripe_connection._as_service()
        values = {
            "journal_id": journal.id,
            "date": FIRST_DAY,
            "amount": 11.0,
            "payment_ref": "Against itself",
            "counterpart_account_id": journal.default_account_id.id,
        }

        def outcome(create):
            try:
                with self.env.cr.savepoint():
                    return "booked", len(create([dict(values)]).move_id.line_ids)
            except UserError as error:
                return "refused", type(error).__name__

        theirs = outcome(service.env["account.bank.statement.line"].create)
        self.assertEqual(outcome(service.env["integration.posting.movement"]._create_lines), theirs)
