# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Both halves of a pair of duties done with Odoo's own buttons, as the records themselves tell it (C7, F21).

Who entered a bill and paid it; who approved a bank account and paid to it; who made an entry and marked it as reviewed;
who gave a customer credit and applied its money. Service users and the system itself are no people.
"""

from odoo.tools import SQL

from ...engine.access import CREDITED_DAYS
from .definition import Scope, in_period

MAX_LINES = 5000
_PERSON = SQL("p.integration_service IS NOT TRUE AND p.id <> 1")
_PAID = SQL("y.payment_type = 'outbound' AND y.state NOT IN ('draft', 'canceled', 'rejected')")


def acts_in_books(env, scope: Scope):
    """Return [(user id, (instant, action, record), (instant, action, record))], each pair of a person on a record."""
    found = []
    for first, second, query in (
        ("bill.enter", "payment.release", _bill_and_payment(scope)),
        ("bank.trust", "payment.release", _bank_and_payment(scope)),
        ("journal.post", "journal.review", _entry_and_review(scope)),
        ("credit_note.issue", "cash.apply", _credit_and_cash(scope)),
        ("credit_note.issue", "cash.apply", _credit_and_match(scope)),
    ):
        env.cr.execute(SQL("SELECT * FROM (%s) q ORDER BY 1, 4, 3 LIMIT %s", query, MAX_LINES))
        found += [
            (user_id, (first_at, first, first_on), (second_at, second, second_on))
            for user_id, first_at, first_on, second_at, second_on in env.cr.fetchall()
        ]
    return found


def _bill_and_payment(scope):
    """Bills and the payments that they are matched with, or were paid by where a payment has no entry."""
    return SQL(
        """
        SELECT DISTINCT y.create_uid, b.create_date, 'account.move,' || b.id, y.create_date, 'account.payment,' || y.id
          FROM account_payment y
          JOIN res_users p ON p.id = y.create_uid AND %(person)s
          JOIN (SELECT l.move_id AS paid_by, i.move_id AS bill_id
                  FROM account_partial_reconcile r
                  JOIN account_move_line l ON l.id = r.debit_move_id
                  JOIN account_move_line i ON i.id = r.credit_move_id
                 WHERE r.company_id = %(company)s) m ON m.paid_by = y.move_id
          JOIN account_move b ON b.id = m.bill_id AND b.move_type IN ('in_invoice', 'in_receipt')
               AND b.create_uid = y.create_uid
         WHERE y.company_id = %(company)s AND %(paid)s AND %(period)s
         UNION
        SELECT y.create_uid, b.create_date, 'account.move,' || b.id, y.create_date, 'account.payment,' || y.id
          FROM account_payment y
          JOIN res_users p ON p.id = y.create_uid AND %(person)s
          JOIN account_move__account_payment t ON t.payment_id = y.id
          JOIN account_move b ON b.id = t.invoice_id AND b.move_type IN ('in_invoice', 'in_receipt')
               AND b.create_uid = y.create_uid
         WHERE y.company_id = %(company)s AND %(paid)s AND %(period)s
        """,
        person=_PERSON,
        company=scope.company_id,
        paid=_PAID,
        period=in_period(SQL("y.create_date"), scope),
    )


def _bank_and_payment(scope):
    """Bank accounts that a person trusted or approved, and the person's payments to them afterwards."""
    return SQL(
        """
        SELECT DISTINCT ON (y.id) y.create_uid, a.recorded_at, 'res.partner.bank,' || a.res_id, y.create_date,
               'account.payment,' || y.id
          FROM account_payment y
          JOIN res_users p ON p.id = y.create_uid AND %(person)s
          JOIN integration_audit_leaf a ON a.res_model = 'res.partner.bank' AND a.res_id = y.partner_bank_id
               AND a.action IN ('bank.trust', 'bank.approved') AND a.user_id = y.create_uid
               AND a.recorded_at <= y.create_date
         WHERE y.company_id = %(company)s AND %(paid)s AND %(period)s
         ORDER BY y.id, a.id DESC
        """,
        person=_PERSON,
        company=scope.company_id,
        paid=_PAID,
        period=in_period(SQL("y.create_date"), scope),
    )


def _entry_and_review(scope):
    """Entries that who made them marked as reviewed by hand; what Odoo ticks while it posts is no review."""
    return SQL(
        """
        SELECT DISTINCT ON (v.id) t.create_uid, v.create_date, 'account.move,' || v.id, t.create_date,
               'account.move,' || v.id
          FROM mail_tracking_value t
          JOIN ir_model_fields f ON f.id = t.field_id AND f.model = 'account.move' AND f.name = 'checked'
          JOIN mail_message g ON g.id = t.mail_message_id AND g.model = 'account.move'
          JOIN account_move v ON v.id = g.res_id AND v.company_id = %(company)s AND v.create_uid = t.create_uid
               AND v.state = 'posted'
          JOIN res_users p ON p.id = t.create_uid AND %(person)s
         WHERE t.new_value_integer = 1 AND %(period)s
           AND NOT EXISTS (SELECT FROM mail_tracking_value s JOIN ir_model_fields e ON e.id = s.field_id
                            WHERE s.mail_message_id = t.mail_message_id AND e.name = 'state')
         ORDER BY v.id, t.id
        """,
        person=_PERSON,
        company=scope.company_id,
        period=in_period(SQL("t.create_date"), scope),
    )


def _credit_and_cash(scope):
    """Credit notes, and money of the same customer that their maker applied in the hub, or had asked to apply."""
    return SQL(
        """
        SELECT DISTINCT ON (p.id, a.res_id) p.id, n.create_date, 'account.move,' || n.id, a.recorded_at,
               'res.partner,' || a.res_id
          FROM integration_audit_leaf a
          LEFT JOIN integration_change_request q ON q.id = a.request_id
          JOIN res_users p ON p.id = COALESCE(q.requester_id, a.user_id) AND %(person)s
          JOIN account_move n ON n.commercial_partner_id = a.res_id AND n.create_uid = p.id AND %(note)s
         WHERE a.company_id = %(company)s AND a.action = 'cash.apply' AND a.res_model = 'res.partner' AND %(period)s
           AND n.create_date BETWEEN a.recorded_at - make_interval(days => %(days)s) AND %(as_of)s
         ORDER BY p.id, a.res_id, a.id, n.id
        """,
        person=_PERSON,
        note=_posted_credit(scope),
        company=scope.company_id,
        period=in_period(SQL("a.recorded_at"), scope),
        days=CREDITED_DAYS,
        as_of=scope.as_of,
    )


def _credit_and_match(scope):
    """The same where the money was matched with Odoo's own tools."""
    return SQL(
        """
        SELECT DISTINCT ON (p.id, c.id) p.id, n.create_date, 'account.move,' || n.id, r.create_date,
               'res.partner,' || c.id
          FROM account_partial_reconcile r
          JOIN res_users p ON p.id = r.create_uid AND %(person)s
          JOIN account_move_line l ON l.id = r.credit_move_id
          JOIN account_move v ON v.id = l.move_id AND v.move_type = 'entry'
          JOIN account_account k ON k.id = l.account_id AND k.account_type = 'asset_receivable'
          JOIN res_partner w ON w.id = l.partner_id
          JOIN res_partner c ON c.id = w.commercial_partner_id
          JOIN account_move n ON n.commercial_partner_id = c.id AND n.create_uid = p.id AND %(note)s
         WHERE r.company_id = %(company)s AND %(period)s
           AND n.create_date BETWEEN r.create_date - make_interval(days => %(days)s) AND %(as_of)s
         ORDER BY p.id, c.id, r.id, n.id
        """,
        person=_PERSON,
        note=_posted_credit(scope),
        company=scope.company_id,
        period=in_period(SQL("r.create_date"), scope),
        days=CREDITED_DAYS,
        as_of=scope.as_of,
    )


def _posted_credit(scope):
    return SQL("n.move_type = 'out_refund' AND n.state = 'posted' AND n.company_id = %s", scope.company_id)
