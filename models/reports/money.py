# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Reports on money at providers: does it agree, what of it is not applied, what was given back or disputed."""

from odoo.tools import SQL
from odoo.tools.translate import LazyTranslate

from ..reconciliation.movement import WAITING
from .definition import AMOUNT, DAY, INSTANT, NUMBER, Column, Report, Scope, define, translated

_lt = LazyTranslate(__name__)


def _processor(scope: Scope) -> SQL:
    return SQL(
        """
        SELECT c.name, %(journal)s, s.date, u.name, s.opening, s.charges, s.refunds, s.fees, s.disputes, s.reserves,
               s.payouts, s.conversions, s.unclassified, s.closing, s.provider_closing, s.difference, s.state, s.as_of
          FROM integration_processor_statement s
          JOIN integration_balance_account b ON b.id = s.balance_account_id
          JOIN account_journal j ON j.id = b.journal_id
          JOIN integration_connection c ON c.id = s.connection_id
          JOIN res_currency u ON u.id = s.currency_id
         WHERE s.company_id = %(company)s AND s.date BETWEEN %(first)s AND %(last)s
         ORDER BY c.name, u.name, s.date
        """,
        journal=translated(SQL("j.name"), scope),
        company=scope.company_id,
        first=scope.date_from,
        last=scope.date_to,
    )


define(
    Report(
        code="processor",
        sequence=40,
        title=_lt("Reconciliation with payment providers"),
        question=_lt("Whether the ledger equals the provider's balance, account by account and day by day."),
        columns=(
            Column(_lt("Connection")),
            Column(_lt("Journal")),
            Column(_lt("Day"), DAY),
            Column(_lt("Currency")),
            Column(_lt("Opening"), AMOUNT),
            Column(_lt("Charges"), AMOUNT),
            Column(_lt("Refunds"), AMOUNT),
            Column(_lt("Fees"), AMOUNT),
            Column(_lt("Disputes"), AMOUNT),
            Column(_lt("Reserves"), AMOUNT),
            Column(_lt("Payouts"), AMOUNT),
            Column(_lt("Conversions"), AMOUNT),
            Column(_lt("Unclassified"), AMOUNT),
            Column(_lt("Closing by the books"), AMOUNT),
            Column(_lt("Closing by the provider"), AMOUNT),
            Column(_lt("Difference"), AMOUNT),
            Column(_lt("State"), labels=("integration.processor.statement", "state")),
            Column(_lt("The provider said so at"), INSTANT),
        ),
        query=_processor,
        currency_column=3,
        sums=False,
    )
)

_MOVEMENT_COLUMNS = (
    Column(_lt("Connection")),
    Column(_lt("Provider's id")),
    Column(_lt("Type"), labels=("integration.movement", "type")),
    Column(_lt("Day"), DAY),
    Column(_lt("Customer")),
    Column(_lt("Entry")),
    Column(_lt("State"), labels=("integration.movement", "application")),
    Column(_lt("Applied to")),
    Column(_lt("Currency")),
    Column(_lt("Amount"), AMOUNT),
    Column(_lt("Still open"), AMOUNT),
    Column(_lt("Age in days"), NUMBER),
)


def _movements(scope: Scope, condition: SQL, order: SQL) -> SQL:
    return SQL(
        """
        SELECT c.name, w.movement_id, w.type, w.event_date, COALESCE(p.complete_name, w.customer_name), v.name,
               w.application,
               (SELECT string_agg(COALESCE(i.name, i.ref), ', ' ORDER BY i.id)
                  FROM integration_movement_invoice_rel r JOIN account_move i ON i.id = r.account_move_id
                 WHERE r.integration_movement_id = w.id),
               u.name, w.amount,
               CASE WHEN w.application = ANY(%(waiting)s) THEN abs(COALESCE(l.amount_residual_currency, w.amount))
                    ELSE 0 END,
               %(last)s::date - w.event_date
          FROM integration_movement w
          JOIN integration_connection c ON c.id = w.connection_id
          JOIN res_currency u ON u.id = w.currency_id
          LEFT JOIN res_partner p ON p.id = w.partner_id
          LEFT JOIN account_bank_statement_line s ON s.id = w.statement_line_id
          LEFT JOIN account_move v ON v.id = s.move_id
          LEFT JOIN account_move_line l ON l.id = w.counterpart_id
         WHERE w.company_id = %(company)s AND %(condition)s
         ORDER BY %(order)s
        """,
        company=scope.company_id,
        last=scope.date_to,
        waiting=list(WAITING),
        condition=condition,
        order=order,
    )


def _unapplied(scope: Scope) -> SQL:
    condition = SQL(
        "w.application = ANY(%s) AND w.changes_balance AND w.event_date <= %s", list(WAITING), scope.date_to
    )
    return _movements(scope, condition, SQL("w.event_date, w.id"))


define(
    Report(
        code="unapplied",
        sequence=50,
        title=_lt("Money that is not applied"),
        question=_lt(
            "Money that is in the books up to the end of the period and does not belong to a document yet, with "
            "its age."
        ),
        columns=_MOVEMENT_COLUMNS,
        query=_unapplied,
        currency_column=8,
    )
)


def _of_types(*types):
    def query(scope: Scope) -> SQL:
        condition = SQL(
            "w.type = ANY(%s) AND w.event_date BETWEEN %s AND %s", list(types), scope.date_from, scope.date_to
        )
        return _movements(scope, condition, SQL("w.event_date, w.id"))

    return query


define(
    Report(
        code="refunds",
        sequence=60,
        title=_lt("Refunds and their credit notes"),
        question=_lt(
            "Money given back to customers in the period. A refund without credit note says that the revenue "
            "still stands."
        ),
        columns=_MOVEMENT_COLUMNS,
        query=_of_types("refund", "refund_return", "payment_return"),
        currency_column=8,
    )
)
define(
    Report(
        code="disputes",
        sequence=70,
        title=_lt("Disputed payments"),
        question=_lt("Money that was withdrawn because of a dispute, and money that came back."),
        columns=_MOVEMENT_COLUMNS,
        query=_of_types("dispute", "dispute_return"),
        currency_column=8,
    )
)


def _payouts(scope: Scope) -> SQL:
    return SQL(
        """
        SELECT c.name, p.payout_id, p.date, v.name, p.arrival_date, p.composition, p.bank_state, k.days, k.texts,
               u.name, p.gross, p.refunds, p.fees,
               p.disputes + p.reserves + p.conversions + p.earlier_payouts + p.adjustments + p.carried,
               p.amount, p.difference, k.amount, CASE WHEN p.bank_state = 'returned' THEN 0 ELSE p.bank_rest END
          FROM integration_payout p
          JOIN integration_connection c ON c.id = p.connection_id
          JOIN res_currency u ON u.id = p.currency_id
          LEFT JOIN integration_movement w ON w.id = p.movement_id
          LEFT JOIN account_bank_statement_line s ON s.id = w.statement_line_id
          LEFT JOIN account_move v ON v.id = s.move_id
          LEFT JOIN LATERAL (
                SELECT string_agg(m.date::text, ', ' ORDER BY l.id) AS days,
                       string_agg(concat_ws(' ', m.name, l.payment_ref), ', ' ORDER BY l.id) AS texts,
                       sum(l.amount) AS amount
                  FROM integration_payout_bank_line_rel r
                  JOIN account_bank_statement_line l ON l.id = r.account_bank_statement_line_id
                  JOIN account_move m ON m.id = l.move_id
                 WHERE r.integration_payout_id = p.id) k ON TRUE
         WHERE p.company_id = %s AND p.date BETWEEN %s AND %s
         ORDER BY c.name, p.date, p.id
        """,
        scope.company_id,
        scope.date_from,
        scope.date_to,
    )


define(
    Report(
        code="payouts",
        sequence=45,
        title=_lt("Payouts and their bank lines"),
        question=_lt(
            "Of what each payout of the period consists, whether that adds up, and which line of the bank it is."
        ),
        columns=(
            Column(_lt("Connection")),
            Column(_lt("Payout")),
            Column(_lt("Day"), DAY),
            Column(_lt("Entry")),
            Column(_lt("Expected at the bank"), DAY),
            Column(_lt("Composition"), labels=("integration.payout", "composition")),
            Column(_lt("At the bank"), labels=("integration.payout", "bank_state")),
            Column(_lt("Days of the bank")),
            Column(_lt("Bank lines")),
            Column(_lt("Currency")),
            Column(_lt("Payments"), AMOUNT),
            Column(_lt("Refunds"), AMOUNT),
            Column(_lt("Fees"), AMOUNT),
            Column(_lt("Everything else"), AMOUNT),
            Column(_lt("Paid out"), AMOUNT),
            Column(_lt("Difference"), AMOUNT),
            Column(_lt("Amount of the bank lines"), AMOUNT),
            Column(_lt("Not at the bank"), AMOUNT),
        ),
        query=_payouts,
        currency_column=9,
    )
)
