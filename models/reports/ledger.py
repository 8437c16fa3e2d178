# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Reports on balances of the ledger: deferred revenue month by month, and what companies owe each other."""

from odoo.tools import SQL
from odoo.tools.translate import LazyTranslate

from .definition import AMOUNT, DAY, NUMBER, Column, Report, Scope, account_name, define

_lt = LazyTranslate(__name__)


def _deferred(scope: Scope) -> SQL:
    # Deferred revenue is a liability: what is credited adds to it. A month that the period cuts shows its part alone.
    return SQL(
        """
        SELECT %(account)s, m.first, m.last, u.name, -s.opening, s.added, s.released, -s.closing, s.items
          FROM (SELECT DISTINCT r.account_id FROM integration_role_account r
                 WHERE r.company_id = %(company)s AND r.role = 'DEF') chosen
          JOIN account_account a ON a.id = chosen.account_id
          JOIN res_company o ON o.id = %(company)s
          JOIN res_currency u ON u.id = o.currency_id
         CROSS JOIN (SELECT greatest(t.month::date, %(first)s::date) AS first,
                            least((t.month + interval '1 month - 1 day')::date, %(last)s::date) AS last
                       FROM generate_series(date_trunc('month', %(first)s::date::timestamp),
                                            %(last)s::date::timestamp, interval '1 month') AS t(month)) m
         CROSS JOIN LATERAL (
               SELECT COALESCE(sum(l.balance) FILTER (WHERE l.date < m.first), 0) AS opening,
                      COALESCE(sum(l.credit) FILTER (WHERE l.date >= m.first), 0) AS added,
                      COALESCE(sum(l.debit) FILTER (WHERE l.date >= m.first), 0) AS released,
                      COALESCE(sum(l.balance), 0) AS closing,
                      count(*) FILTER (WHERE l.date >= m.first) AS items
                 FROM account_move_line l
                WHERE l.company_id = %(company)s AND l.account_id = a.id AND l.parent_state = 'posted'
                  AND l.date <= m.last) s
         ORDER BY 1, m.first
        """,
        account=account_name(scope),
        company=scope.company_id,
        first=scope.date_from,
        last=scope.date_to,
    )


define(
    Report(
        code="deferred",
        sequence=72,
        title=_lt("Deferred revenue"),
        question=_lt(
            "Month by month: what was deferred at its beginning, what was added, what was released, and what is "
            "deferred at its end, for the accounts that have the role “Deferred revenue”. Opening, added and released "
            "add up to closing."
        ),
        columns=(
            Column(_lt("Account")),
            Column(_lt("From"), DAY),
            Column(_lt("To"), DAY),
            Column(_lt("Currency")),
            Column(_lt("Opening"), AMOUNT),
            Column(_lt("Added"), AMOUNT),
            Column(_lt("Released"), AMOUNT),
            Column(_lt("Closing"), AMOUNT),
            Column(_lt("Journal items"), NUMBER),
        ),
        query=_deferred,
        currency_column=3,
        sums=False,
    )
)


def _intercompany(scope: Scope) -> SQL:
    # The currency of the transaction, not of the books: in it both companies must have the same amount.
    return SQL(
        """
        SELECT other.name, %(account)s, a.account_type, u.name, sum(l.amount_currency), count(*),
               min(l.date) FILTER (WHERE l.reconciled IS NOT TRUE), max(l.date)
          FROM account_move_line l
          JOIN account_account a ON a.id = l.account_id
          JOIN res_currency u ON u.id = l.currency_id
          JOIN res_partner p ON p.id = l.partner_id
         CROSS JOIN LATERAL (
               SELECT o.id, o.name FROM res_company o
                WHERE o.partner_id IN (p.id, p.commercial_partner_id) AND o.id <> l.company_id
                ORDER BY o.partner_id = p.id DESC LIMIT 1) other
         WHERE l.company_id = %(company)s AND l.parent_state = 'posted' AND l.date <= %(last)s
           AND l.tax_line_id IS NULL
           AND (a.account_type IN ('asset_receivable', 'liability_payable')
                OR (a.reconcile AND a.account_type <> 'asset_cash'
                    AND (a.account_type LIKE 'asset%%' OR a.account_type LIKE 'liability%%')))
         GROUP BY other.id, other.name, a.id, a.account_type, u.name
         ORDER BY other.name, other.id, u.name, 2
        """,
        account=account_name(scope),
        company=scope.company_id,
        last=scope.date_to,
    )


define(
    Report(
        code="intercompany",
        sequence=75,
        title=_lt("Balances with other companies"),
        question=_lt(
            "What this company owes to, or is owed by, the other companies of this database at the end of the period, "
            "by company, account and currency. Made for each company, every row has its counterpart: per pair and "
            "currency the balances add up to zero, or the difference is to be explained."
        ),
        columns=(
            Column(_lt("Other company")),
            Column(_lt("Account")),
            Column(_lt("Type"), labels=("account.account", "account_type")),
            Column(_lt("Currency")),
            Column(_lt("Balance"), AMOUNT),
            Column(_lt("Journal items"), NUMBER),
            Column(_lt("Oldest that is open today"), DAY),
            Column(_lt("Last one"), DAY),
        ),
        query=_intercompany,
        currency_column=3,
    )
)
