# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Reports on what people did with money: decisions about what is matched, and payments that went out."""

from odoo.tools import SQL
from odoo.tools.translate import LazyTranslate

from .definition import AMOUNT, DAY, INSTANT, NUMBER, Column, Report, Scope, define, in_period, translated

_lt = LazyTranslate(__name__)
# Kinds of requests about exceptions that decide what is matched with what.
_MATCH_KINDS = ("write_off", "application", "override")


def _match_overrides(scope: Scope) -> SQL:
    return SQL(
        """
        SELECT o.at, o.login, o.what, o.detail, o.partner, o.entry, u.name, o.amount, o.second, o.state
          FROM (SELECT l.used_at AS at, l.id, b.login, ':' || l.kind AS what, l.detail, p.complete_name AS partner,
                       v.name AS entry, l.amount::numeric AS amount,
                       NULL::integer AS currency_id, r.login AS second, ':' || l.state AS state
                  FROM integration_limit_use l
                  JOIN res_users b ON b.id = l.user_id
                  LEFT JOIN res_users r ON r.id = l.reviewer_id
                  LEFT JOIN res_partner p ON p.id = l.partner_id
                  LEFT JOIN account_move v ON v.id = l.move_id
                 WHERE l.company_id = %(company)s AND %(used)s
                UNION ALL
                SELECT q.decided_at, q.id, b.login, ':asked_' || q.kind, q.name, NULL, NULL, q.amount::numeric,
                       q.currency_id, r.login, ':approved'
                  FROM integration_change_request q
                  JOIN res_users b ON b.id = q.requester_id
                  LEFT JOIN res_users r ON r.id = q.approver_id
                 WHERE q.company_id = %(company)s AND q.state = 'approved' AND %(decided)s
                   AND ((q.res_model = 'integration.exception' AND q.kind = ANY(%(kinds)s))
                        OR q.res_model = 'integration.movement')
                UNION ALL
                SELECT a.recorded_at, a.id, b.login, ':undone', a.detail, p.complete_name, v.name,
                       substring(a.detail FROM '^-?[0-9.]+')::numeric, NULL, NULL, NULL
                  FROM integration_audit_leaf a
                  LEFT JOIN res_users b ON b.id = a.user_id
                  LEFT JOIN account_move v ON v.id = a.res_id
                  LEFT JOIN res_partner p ON p.id = v.partner_id
                 WHERE a.company_id = %(company)s AND a.action = 'match.undone' AND %(undone)s) o
          JOIN res_company c ON c.id = %(company)s
          JOIN res_currency u ON u.id = COALESCE(o.currency_id, c.currency_id)
         ORDER BY o.at, o.what, o.id
        """,
        company=scope.company_id,
        kinds=list(_MATCH_KINDS),
        used=in_period(SQL("l.used_at"), scope),
        decided=in_period(SQL("q.decided_at"), scope),
        undone=in_period(SQL("a.recorded_at"), scope),
    )


define(
    Report(
        code="match_overrides",
        sequence=65,
        title=_lt("Overrides of matching"),
        question=_lt(
            "Where a person decided otherwise than the documents say: differences accepted, rests written off, money "
            "applied that did not name its invoice, and matched entries that were taken apart again; with who did it "
            "and who else looked at it."
        ),
        columns=(
            Column(_lt("When"), INSTANT),
            Column(_lt("By")),
            Column(
                _lt("What was decided"),
                words={
                    ":difference": _lt("Difference accepted within the limits"),
                    ":write_off": _lt("Rest written off within the limits"),
                    ":application": _lt("Money applied without exact reference"),
                    ":classification": _lt("Said what money in suspense is, within the limits"),
                    ":identification": _lt("Said whose unidentified money is, within the limits"),
                    ":asked_entry": _lt("Said what money in suspense is, or taken back, after an approval"),
                    ":asked_write_off": _lt("Rest written off after an approval"),
                    ":asked_application": _lt("Money applied after an approval"),
                    ":asked_override": _lt("Decision against a check after an approval"),
                    ":undone": _lt("Matched entries taken apart"),
                },
            ),
            Column(_lt("Detail")),
            Column(_lt("Partner")),
            Column(_lt("Entry")),
            Column(_lt("Currency")),
            Column(_lt("Amount"), AMOUNT),
            Column(_lt("Second person")),
            Column(
                _lt("State"),
                words={
                    ":open": _lt("To be reviewed"),
                    ":reviewed": _lt("Reviewed"),
                    ":objected": _lt("Objected"),
                    ":approved": _lt("Approved"),
                },
            ),
        ),
        query=_match_overrides,
        currency_column=6,
        sums=False,
    )
)


def _payment_runs(scope: Scope) -> SQL:
    # Odoo makes the entry of a payment when it is confirmed; payments that were made together have the same instant.
    return SQL(
        """
        SELECT y.date, y.name, %(journal)s, p.complete_name,
               CASE WHEN k.id IS NOT NULL THEN '…' || right(k.sanitized_acc_number, 4) END,
               (SELECT h.what FROM integration_bank_change h
                 WHERE h.bank_id = k.id AND h.changed_at <= made.at ORDER BY h.id DESC LIMIT 1),
               (SELECT r.login FROM integration_bank_change h
                  JOIN integration_change_request q ON q.id = h.request_id
                  JOIN res_users r ON r.id = q.approver_id
                 WHERE h.bank_id = k.id AND h.what = 'approved' AND h.changed_at <= made.at
                 ORDER BY h.id DESC LIMIT 1),
               k.integration_state, y.state, u.name, y.amount, made.at, b.login,
               count(*) OVER (PARTITION BY y.create_date, y.create_uid, y.journal_id)
          FROM account_payment y
          JOIN account_journal j ON j.id = y.journal_id
          JOIN res_currency u ON u.id = y.currency_id
          LEFT JOIN account_move v ON v.id = y.move_id
          LEFT JOIN res_partner p ON p.id = y.partner_id
          LEFT JOIN res_partner_bank k ON k.id = y.partner_bank_id
          LEFT JOIN res_users b ON b.id = y.create_uid
         CROSS JOIN LATERAL (SELECT COALESCE(v.create_date, y.create_date) AS at) made
         WHERE y.company_id = %(company)s AND y.payment_type = 'outbound' AND y.state <> 'draft'
           AND y.date BETWEEN %(first)s AND %(last)s
         ORDER BY y.date, y.create_date, y.id
        """,
        journal=translated(SQL("j.name"), scope),
        company=scope.company_id,
        first=scope.date_from,
        last=scope.date_to,
    )


define(
    Report(
        code="payment_runs",
        sequence=67,
        title=_lt("Payments that went out"),
        question=_lt(
            "Every payment to others, with what had last happened to its bank account when the payment was confirmed, "
            "who had approved that account by then, and how many payments were made together with it. Empty where the "
            "payment names no account or nobody watches over it."
        ),
        columns=(
            Column(_lt("Day"), DAY),
            Column(_lt("Payment")),
            Column(_lt("Journal")),
            Column(_lt("Paid to")),
            Column(_lt("Bank account")),
            Column(_lt("The account when it was paid"), labels=("integration.bank.change", "what")),
            Column(_lt("Account approved by")),
            Column(_lt("The account today"), labels=("res.partner.bank", "integration_state")),
            Column(_lt("State"), labels=("account.payment", "state")),
            Column(_lt("Currency")),
            Column(_lt("Amount"), AMOUNT),
            Column(_lt("Confirmed at"), INSTANT),
            Column(_lt("Entered by")),
            Column(_lt("Made together"), NUMBER),
        ),
        query=_payment_runs,
        currency_column=9,
    )
)
