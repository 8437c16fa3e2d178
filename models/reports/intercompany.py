# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Report that compares what two companies say of each other: balance, and each entry on which they differ (A7, F19).

It shows of the other company what concerns this one alone: the balance towards it, and references, days and amounts of
entries of which this company should have the opposite. That is what two parties confirm to each other at a close.
"""

from decimal import Decimal

from odoo.exceptions import UserError
from odoo.tools import SQL
from odoo.tools.translate import LazyTranslate

from ...engine.intercompany import Finding, Item, compare
from .definition import AMOUNT, DAY, Column, Report, Scope, define

_lt = LazyTranslate(__name__)
# Entries so long after the end of the period tell a matter of timing from something that is missing.
AFTER_DAYS = 92
MAX_ITEMS = 200_000
BALANCE = "balance"
WORDS = {
    Finding.AGREES.value: _lt("Agrees"),
    Finding.AMOUNT.value: _lt("Amount differs"),
    Finding.TIMING.value: _lt("Booked in another period"),
    Finding.MISSING_HERE.value: _lt("Missing here"),
    Finding.MISSING_THERE.value: _lt("Missing there"),
    Finding.RATE.value: _lt("Rate differs, the amount agrees"),
}


def other_companies(env, company):
    """Return the companies with items towards this one, or towards which this one has items."""
    env.cr.execute(
        SQL(
            """
            SELECT DISTINCT CASE WHEN l.company_id = %(company)s THEN o.id ELSE l.company_id END
              FROM account_move_line l
              JOIN account_account a ON a.id = l.account_id
              JOIN res_partner p ON p.id = l.partner_id
              JOIN res_company o ON o.partner_id IN (p.id, p.commercial_partner_id) AND o.id <> l.company_id
             WHERE l.parent_state = 'posted' AND (l.company_id = %(company)s OR o.id = %(company)s) AND %(between)s
            """,
            company=company.id,
            between=_between_companies(),
        )
    )
    return env["res.company"].browse(sorted(row[0] for row in env.cr.fetchall()))


def items_of(env, company, other, until):
    """Return the items of a company towards another one, those of AFTER_DAYS after ``until`` too.

    The reference of what was issued is its number; of everything else what it refers to.

    :raises UserError: there are more than MAX_ITEMS.
    """
    env.cr.execute(
        SQL(
            """
            SELECT CASE WHEN m.move_type IN ('out_invoice', 'out_refund') THEN m.name
                        ELSE COALESCE(NULLIF(m.ref, ''), m.name) END,
                   l.date, u.name, sum(l.amount_currency)::text, sum(l.balance)::text, b.name
              FROM account_move_line l
              JOIN account_move m ON m.id = l.move_id
              JOIN account_account a ON a.id = l.account_id
              JOIN res_currency u ON u.id = l.currency_id
              JOIN res_currency b ON b.id = l.company_currency_id
              JOIN res_partner p ON p.id = l.partner_id
             WHERE l.company_id = %(company)s AND l.parent_state = 'posted' AND l.date <= %(until)s::date + %(after)s
               AND %(partner)s IN (p.id, p.commercial_partner_id) AND %(between)s
             GROUP BY 1, l.date, u.name, b.name
             LIMIT %(limit)s
            """,
            company=company.id,
            until=until,
            after=AFTER_DAYS,
            partner=other.partner_id.id,
            between=_between_companies(),
            limit=MAX_ITEMS + 1,
        )
    )
    rows = env.cr.fetchall()
    if len(rows) > MAX_ITEMS:
        raise UserError(env._("There are too many entries between two companies to compare them one by one."))
    return [
        Item(reference or "", day, currency, Decimal(amount), Decimal(balance), books)
        for reference, day, currency, amount, balance, books in rows
    ]


def _between_companies():
    """Return the condition on items l and accounts a: what somebody owes or is owed, no tax, no money."""
    return SQL(
        """
        l.tax_line_id IS NULL
        AND (a.account_type IN ('asset_receivable', 'liability_payable')
             OR (a.reconcile AND a.account_type <> 'asset_cash'
                 AND (a.account_type LIKE 'asset%%' OR a.account_type LIKE 'liability%%')))
        """
    )


def compared(env, company, other, until):
    """Return the rows of ``engine.intercompany.compare`` as ``company`` sees them."""
    return compare(items_of(env, company, other, until), items_of(env, other, company, until), until)


def _matrix(env, scope: Scope):
    company = env["res.company"].browse(scope.company_id)
    lines = []
    for other in other_companies(env, company):
        lines += [
            (
                other.name,
                row.currency,
                row.reference or None,
                row.finding.value,
                row.ours,
                row.theirs,
                row.difference,
                row.rate,
                row.first_day,
            )
            for row in compared(env, company, other, scope.date_to)
        ]
    return lines


define(
    Report(
        code="intercompany_matrix",
        sequence=76,
        title=_lt("Intercompany matrix"),
        question=_lt(
            "Whether this company and each other one of this database say the same of what one owes the other, at "
            "the end of the period. A line without a reference is the balance of the pair in a currency; the lines "
            "below it name each entry that explains its difference: another amount, another period, or no opposite. "
            "“In the books” is what both have together in the currency of their books: a difference there alone is "
            "one of rates."
        ),
        columns=(
            Column(_lt("Other company")),
            Column(_lt("Currency")),
            Column(_lt("Reference")),
            Column(_lt("Finding"), words=WORDS),
            Column(_lt("Here"), AMOUNT),
            Column(_lt("There"), AMOUNT),
            Column(_lt("Difference"), AMOUNT),
            Column(_lt("In the books"), AMOUNT),
            Column(_lt("Since"), DAY),
        ),
        rows=_matrix,
        currency_column=1,
        sums=False,
    )
)
