# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""The tax tie-out: what each rate makes of its base, beside the tax that is in the books, issuer by issuer."""

from odoo.tools import SQL
from odoo.tools.translate import LazyTranslate

from .definition import AMOUNT, DAY, NUMBER, TEXT, Column, Report, Scope, define, translated

_lt = LazyTranslate(__name__)


def _tax_tie_out(scope: Scope) -> SQL:
    # A line is the base of each of its taxes; where a tax is a group, of the taxes in it. A tax that is itself taxed is
    # a base, too. The sign is turned for sales, so that what is owed to the state is positive there.
    return SQL(
        """
        WITH line AS (
            SELECT l.id, l.balance, l.tax_line_id, l.move_id, m.integration_connection_id AS connection_id,
                   date_trunc('month', l.date)::date AS month
              FROM account_move_line l JOIN account_move m ON m.id = l.move_id
             WHERE l.company_id = %(company)s AND l.parent_state = 'posted'
               AND l.date BETWEEN %(first)s AND %(last)s
        ), base AS (
            SELECT COALESCE(f.child_tax, r.account_tax_id) AS tax_id, line.connection_id, line.month,
                   sum(line.balance) AS amount, count(DISTINCT line.move_id) AS documents
              FROM line
              JOIN account_move_line_account_tax_rel r ON r.account_move_line_id = line.id
              LEFT JOIN account_tax_filiation_rel f ON f.parent_tax = r.account_tax_id
             GROUP BY 1, 2, 3
        ), booked AS (
            SELECT tax_line_id AS tax_id, connection_id, month, sum(balance) AS amount
              FROM line WHERE tax_line_id IS NOT NULL GROUP BY 1, 2, 3
        ), figures AS (
            SELECT COALESCE(base.tax_id, booked.tax_id) AS tax_id,
                   COALESCE(base.connection_id, booked.connection_id) AS connection_id,
                   COALESCE(base.month, booked.month) AS month, COALESCE(base.documents, 0) AS documents,
                   COALESCE(base.amount, 0) AS base, COALESCE(booked.amount, 0) AS booked
              FROM base FULL JOIN booked
                ON booked.tax_id = base.tax_id AND booked.month = base.month
               AND booked.connection_id IS NOT DISTINCT FROM base.connection_id
        ), signed AS (
            SELECT f.*, t.type_tax_use, t.amount_type, t.amount AS rate,
                   %(tax_name)s AS tax_name,
                   CASE t.type_tax_use WHEN 'sale' THEN -1 ELSE 1 END AS sign
              FROM figures f JOIN account_tax t ON t.id = f.tax_id
        )
        SELECT s.month, s.tax_name, s.type_tax_use, COALESCE(c.name, 'Odoo'), s.documents, u.name,
               CASE WHEN s.amount_type = 'percent' THEN trim_scale(s.rate::numeric)::text END,
               s.sign * s.base, expected.amount, s.sign * s.booked,
               s.sign * s.booked - expected.amount
          FROM signed s
          LEFT JOIN integration_connection c ON c.id = s.connection_id
          JOIN res_company o ON o.id = %(company)s
          JOIN res_currency u ON u.id = o.currency_id
         CROSS JOIN LATERAL (
               SELECT CASE WHEN s.amount_type = 'percent'
                           THEN round(s.sign * s.base * s.rate::numeric / 100, u.decimal_places) END AS amount) expected
         ORDER BY 1, 3, 2, 4
        """,
        company=scope.company_id,
        first=scope.date_from,
        last=scope.date_to,
        tax_name=translated(SQL("t.name"), scope),
    )


define(
    Report(
        code="tax_tie_out",
        sequence=78,
        title=_lt("Tax tie-out"),
        question=_lt(
            "Per month, tax and issuer: the base in the books, what the rate makes of it, the tax that is booked, and "
            "the difference. Documents issued elsewhere keep the tax that their issuer stated: small differences are "
            "their rounding per line, large ones a wrong mapping. Sales are shown as owed, purchases as deductible."
        ),
        columns=(
            Column(_lt("Month"), DAY),
            Column(_lt("Tax"), TEXT),
            Column(_lt("Use"), labels=("account.tax", "type_tax_use")),
            Column(_lt("Issued by")),
            Column(_lt("Documents"), NUMBER),
            Column(_lt("Currency")),
            Column(_lt("Rate (%)")),
            Column(_lt("Base"), AMOUNT),
            Column(_lt("Tax by the rate"), AMOUNT),
            Column(_lt("Tax booked"), AMOUNT),
            Column(_lt("Difference"), AMOUNT),
        ),
        query=_tax_tie_out,
        currency_column=5,
        sums=False,
    )
)
