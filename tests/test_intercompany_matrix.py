# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Two companies compared: what both say, and each entry on which they differ (A7, policy F19)."""

from datetime import date

from .intercompany_common import IntercompanyCommon
from .test_reports import ReportCommon


class TestMatrix(IntercompanyCommon, ReportCommon):
    def entry(self, company, account, partner, amount, day, ref, balance=None):
        """Book one side by hand."""
        counter = self.company_data if company == self.company else self.theirs
        balance = amount if balance is None else balance
        currency = company.currency_id
        lines = (
            (account, partner, balance, amount),
            (counter["default_account_revenue"], None, -balance, -amount),
        )
        move = self.env["account.move"].with_company(company).create(
            {
                "date": day,
                "ref": ref,
                "journal_id": counter["default_journal_misc"].id,
                "line_ids": [
                    (0, 0, {
                        "account_id": line_account.id, "partner_id": line_partner and line_partner.id,
                        "balance": line_balance, "amount_currency": line_amount, "currency_id": currency.id,
                    })
                    for line_account, line_partner, line_balance, line_amount in lines
                ],
            }
        )  # fmt: skip
        move._post(soft=False)
        return move

    def here(self, amount, ref, day=date(2026, 3, 10)):
        return self.entry(self.company, self.owed, self.other.partner_id, amount, day, ref)

    def there(self, amount, ref, day=date(2026, 3, 10)):
        return self.entry(self.other, self.due, self.company.partner_id, amount, day, ref)

    def matrix(self, **facts):
        rows = self.lines(self.make("intercompany_matrix", **facts))
        return [
            (row["Reference"], row["Finding"], row["Here"], row["There"], row["Difference"]) for row in rows
        ]

    def test_what_was_collected_agrees(self):
        self.bill()
        self.paid(11500)
        self.assertEqual(self.matrix(), [("", "Agrees", "-115.00", "115.00", "0.00")])
        self.env["integration.collection.agreement"]._compare_all()
        self.assertFalse(self.root["integration.exception"].search([("code", "=", "intercompany_differs")]))

    def test_each_difference_is_named_and_they_add_up(self):
        self.bill()
        self.paid(11500)
        self.here(-40.0, "only here")
        self.there(7.0, "only there")
        self.here(-30.0, "two amounts")
        self.there(25.0, "two amounts")
        self.here(-3.0, "late")
        self.there(3.0, "late", date(2026, 4, 2))
        balance, *lines = self.matrix()
        self.assertEqual(balance, ("", "Amount differs", "-188.00", "147.00", "-41.00"))
        self.assertEqual(
            sorted(lines),
            [
                ("late", "Booked in another period", "-3.00", "0.00", "-3.00"),
                ("only here", "Missing there", "-40.00", "0.00", "-40.00"),
                ("only there", "Missing here", "0.00", "7.00", "7.00"),
                ("two amounts", "Amount differs", "-30.00", "25.00", "-5.00"),
            ],
        )

    def test_both_companies_are_told_while_they_differ(self):
        self.bill()
        self.paid(11500)
        self.there(7.0, "only there")
        agreements = self.env["integration.collection.agreement"]
        agreements._compare_all()
        agreements._compare_all()
        found = self.root["integration.exception"].search([("code", "=", "intercompany_differs")])
        self.assertEqual(sorted(found.mapped("company_id.name")), sorted(self.both.mapped("name")))
        own = found.filtered(lambda row: row.company_id == self.company)
        self.assertEqual(own.state, "open")
        for part in ("Anna GmbH", "-115.00", "-122.00", "7.00", "USD"):
            self.assertIn(part, own.what)
        self.here(-7.0, "only there")
        agreements._compare_all()
        self.assertEqual(set(found.mapped("state")), {"resolved"})
