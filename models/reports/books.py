# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Reports on the ledger: what is dated otherwise than it happened, and what people booked where the hub books."""

from odoo.tools import SQL
from odoo.tools.translate import LazyTranslate

from .definition import AMOUNT, DAY, INSTANT, Column, Report, Scope, define, translated

_lt = LazyTranslate(__name__)
_ENTRY_COLUMNS = (
    Column(_lt("Entry")),
    Column(_lt("Journal")),
    Column(_lt("Kind"), labels=("account.move", "move_type")),
    Column(_lt("Accounting date"), DAY),
    Column(_lt("True date"), DAY),
    Column(_lt("Connection")),
    Column(_lt("Id at the source")),
    Column(_lt("Partner")),
    Column(_lt("Currency")),
    Column(_lt("Amount"), AMOUNT),
    Column(_lt("Booked at"), INSTANT),
    Column(_lt("Booked by")),
)


def _entries(scope: Scope, condition: SQL) -> SQL:
    return SQL(
        """
        SELECT v.name, %(journal)s, v.move_type, v.date, v.integration_event_date, c.name, v.integration_source_id,
               p.complete_name, u.name, v.amount_total, v.create_date, b.login
          FROM account_move v
          JOIN account_journal j ON j.id = v.journal_id
          JOIN res_currency u ON u.id = v.currency_id
          LEFT JOIN integration_connection c ON c.id = v.integration_connection_id
          LEFT JOIN res_partner p ON p.id = v.partner_id
          LEFT JOIN res_users b ON b.id = v.create_uid
         WHERE v.company_id = %(company)s AND v.state = 'posted' AND %(condition)s
         ORDER BY v.date, v.id
        """,
        company=scope.company_id,
        journal=translated(SQL("j.name"), scope),
        condition=condition,
    )


def _late(scope: Scope) -> SQL:
    return _entries(
        scope,
        SQL(
            "v.integration_event_date <> v.date AND v.date BETWEEN %s AND %s", scope.date_from, scope.date_to
        ),
    )


define(
    Report(
        code="late",
        sequence=90,
        title=_lt("Late postings"),
        question=_lt(
            "Entries whose accounting date is not the day on which it happened, because that day was locked. Each is a "
            "reconciling item of the month to which it belongs."
        ),
        columns=_ENTRY_COLUMNS,
        query=_late,
        currency_column=8,
    )
)


def _cut_off(scope: Scope) -> SQL:
    return _entries(
        scope,
        SQL(
            "v.integration_event_date IS NOT NULL"
            " AND (v.integration_event_date BETWEEN %(first)s AND %(last)s) <> (v.date BETWEEN %(first)s AND %(last)s)",
            first=scope.date_from,
            last=scope.date_to,
        ),
    )


define(
    Report(
        code="cut_off",
        sequence=95,
        title=_lt("Cut-off"),
        question=_lt(
            "What happened in the period and is booked outside of it, and what is booked in it and happened at "
            "another time."
        ),
        columns=_ENTRY_COLUMNS,
        query=_cut_off,
        currency_column=8,
    )
)


def _manual(scope: Scope) -> SQL:
    return _entries(
        scope,
        SQL(
            """
            v.integration_connection_id IS NULL AND v.date BETWEEN %(first)s AND %(last)s
            AND v.journal_id IN (SELECT a.journal_id FROM integration_balance_account a WHERE a.company_id = %(company)s
                                 UNION SELECT o.sales_journal_id FROM integration_connection o
                                        WHERE o.company_id = %(company)s
                                 UNION SELECT o.issued_journal_id FROM integration_connection o
                                        WHERE o.company_id = %(company)s
                                 UNION SELECT o.entry_journal_id FROM integration_connection o
                                        WHERE o.company_id = %(company)s)
            """,
            first=scope.date_from,
            last=scope.date_to,
            company=scope.company_id,
        ),
    )


define(
    Report(
        code="manual",
        sequence=100,
        title=_lt("Manual entries in the hub's journals"),
        question=_lt(
            "What people, or other parts of Odoo, booked in the journals in which connections book."
        ),
        columns=_ENTRY_COLUMNS,
        query=_manual,
        currency_column=8,
    )
)
