# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Report on what people booked by hand in any journal, and who else has seen it (A7, default limits of the policy)."""

from odoo.tools import SQL
from odoo.tools.translate import LazyTranslate

from .definition import AMOUNT, DAY, INSTANT, NUMBER, Column, Report, Scope, define, translated

_lt = LazyTranslate(__name__)
# From this amount on a second person looks at an entry, unless a rule of the company's says otherwise.
SECOND_PERSON_FROM = 10_000


def _manual_journals(scope: Scope) -> SQL:
    """Entries that Odoo or the hub made by themselves are left out: payments, statement lines, differences, tax due."""
    return SQL(
        """
        SELECT v.name, %(journal)s, v.date, v.ref, u.name, v.amount_total_signed::numeric,
               (SELECT count(*) FROM account_move_line l WHERE l.move_id = v.id AND l.display_type = 'product'),
               v.create_date, b.login, v.date - (v.create_date AT TIME ZONE 'UTC' AT TIME ZONE %(zone)s)::date,
               second.login,
               CASE WHEN second.login IS NULL AND abs(v.amount_total_signed) >= %(limit)s THEN ':alone' END
          FROM account_move v
          JOIN account_journal j ON j.id = v.journal_id
          JOIN res_company c ON c.id = v.company_id
          JOIN res_currency u ON u.id = c.currency_id
          JOIN res_users b ON b.id = v.create_uid AND b.integration_service IS NOT TRUE AND b.id <> 1
          LEFT JOIN LATERAL (
                SELECT o.login
                  FROM mail_message g
                  JOIN mail_tracking_value t ON t.mail_message_id = g.id
                  JOIN ir_model_fields f ON f.id = t.field_id
                  JOIN res_users o ON o.id = t.create_uid
                 WHERE g.model = 'account.move' AND g.res_id = v.id AND t.create_uid <> v.create_uid
                   AND ((f.name = 'checked' AND t.new_value_integer = 1)
                        OR (f.name = 'state' AND t.old_value_char IS DISTINCT FROM t.new_value_char))
                   AND o.integration_service IS NOT TRUE AND o.id <> 1
                 ORDER BY t.id DESC LIMIT 1) second ON TRUE
         WHERE v.company_id = %(company)s AND v.state = 'posted' AND v.move_type = 'entry'
           AND v.date BETWEEN %(first)s AND %(last)s AND v.integration_connection_id IS NULL
           AND v.statement_line_id IS NULL AND v.origin_payment_id IS NULL AND v.tax_cash_basis_rec_id IS NULL
           AND NOT EXISTS (SELECT FROM account_partial_reconcile r WHERE r.exchange_move_id = v.id)
         ORDER BY v.date, v.id
        """,
        journal=translated(SQL("j.name"), scope),
        zone=scope.time_zone,
        limit=_limit(scope),
        company=scope.company_id,
        first=scope.date_from,
        last=scope.date_to,
    )


def _limit(scope):
    """Return the amount from which the approval rules in force ask for a second person about an entry."""
    return SQL(
        """
        COALESCE((SELECT min(p.amount_from) FROM integration_approval_policy p
                   WHERE p.kind = 'entry' AND p.state = 'active' AND p.amount_from > 0
                     AND (p.company_id IS NULL OR p.company_id = %s)), %s)
        """,
        scope.company_id,
        SECOND_PERSON_FROM,
    )


define(
    Report(
        code="manual_journals",
        sequence=102,
        title=_lt("Journal entries made by hand"),
        question=_lt(
            "Every journal entry that a person made, in any journal: who made it, how long after its date, and who "
            "else posted it or marked it as reviewed. Those from the amount on at which a second person has to look, "
            "and at which nobody else did, say so."
        ),
        columns=(
            Column(_lt("Entry")),
            Column(_lt("Journal")),
            Column(_lt("Accounting date"), DAY),
            Column(_lt("Reference")),
            Column(_lt("Currency")),
            Column(_lt("Amount"), AMOUNT),
            Column(_lt("Lines"), NUMBER),
            Column(_lt("Made at"), INSTANT),
            Column(_lt("Made by")),
            Column(_lt("Back- (−) or postdated by days"), NUMBER),
            Column(_lt("Second person")),
            Column(_lt("Nobody else"), words={":alone": _lt("above the limit, seen by nobody else")}),
        ),
        query=_manual_journals,
        currency_column=4,
    )
)
