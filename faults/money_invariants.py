# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""What must hold in the books: entries, numbers, money; each invariant returns what breaks it, in words."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal

from .books import Books


def debits_equal_credits(books: Books) -> list[str]:
    """Each entry and the ledger of each company balance; no draft is left behind in a journal of the books."""
    problems = [
        f"entry {name} does not balance: {balance}"
        for name, balance in books.sql(
            "SELECT m.name, sum(l.balance) FROM account_move m JOIN account_move_line l ON l.move_id = m.id"
            " WHERE m.state = 'posted' GROUP BY m.id, m.name"
            " HAVING sum(l.balance) <> 0 OR sum(l.debit) <> sum(l.credit)"
        )
    ]
    problems += [
        f"{count} draft entries are left in journal {code}"
        for code, count in books.sql(
            "SELECT j.code, count(*) FROM account_move m JOIN account_journal j ON j.id = m.journal_id"
            " WHERE m.state = 'draft' GROUP BY 1"
        )
    ]
    problems += [
        f"the ledger of company {company} does not balance: {balance}"
        for company, balance in books.sql(
            "SELECT company_id, sum(debit) - sum(credit) FROM account_move_line WHERE parent_state = 'posted'"
            " GROUP BY 1 HAVING sum(debit) <> sum(credit)"
        )
    ]
    return problems


def numbering_has_no_gaps(books: Books) -> list[str]:
    """Per journal and series the numbers run from 1 without a gap and without a repetition (M6)."""
    rows = books.sql(
        "SELECT j.code, m.sequence_prefix, count(*), count(DISTINCT m.sequence_number), min(m.sequence_number),"
        " max(m.sequence_number) FROM account_move m JOIN account_journal j ON j.id = m.journal_id"
        " WHERE m.state = 'posted' GROUP BY 1, 2"
    )
    return [
        f"journal {code}, series {prefix}: {count} entries, {distinct} numbers from {first} to {last}"
        for code, prefix, count, distinct, first, last in rows
        if not (count == distinct == last and first == 1)
    ]


def money_is_applied_to_its_invoice(books: Books) -> list[str]:
    """A payment that names a posted, unpaid invoice is applied to it, whichever of the two came first (F1)."""
    rows = books.sql(
        "SELECT v.movement_id, m.ref FROM integration_movement v"
        " JOIN integration_movement_reference r ON r.movement_id = v.id AND r.type = 'invoice'"
        " JOIN account_move m ON m.ref = r.value AND m.move_type = 'out_invoice' AND m.state = 'posted'"
        " WHERE v.type = 'payment' AND v.application IN ('open', 'unidentified')"
        " AND m.payment_state IN ('not_paid', 'partial') AND m.currency_id = v.currency_id"
    )
    return [f"payment {payment} waits although invoice {number} is open" for payment, number in rows]


def money_agrees_with_the_provider(books: Books, by_day: Mapping[date, Decimal]) -> list[str]:
    """On each day the cash account and the statement lines move by what moved at the provider, to the cent (R17).

    :param by_day: what the provider says moved on each day of the books, in the currency of the account.
    """
    told = {day: amount for day, amount in by_day.items() if amount}
    shown = _by_day(
        books,
        "SELECT l.date, sum(l.balance) FROM account_move_line l"
        " JOIN account_journal j ON j.default_account_id = l.account_id"
        " JOIN integration_balance_account b ON b.journal_id = j.id WHERE l.parent_state = 'posted' GROUP BY 1",
    )
    lines = _by_day(
        books,
        "SELECT m.date, sum(l.amount) FROM account_bank_statement_line l JOIN account_move m ON m.id = l.move_id"
        " WHERE l.journal_id IN (SELECT journal_id FROM integration_balance_account) GROUP BY 1",
    )
    return [
        f"{what} of {day}: {found.get(day, Decimal(0))}, at the provider {told.get(day, Decimal(0))}"
        for what, found in (("cash account", shown), ("statement lines", lines))
        for day in sorted(told.keys() | found.keys())
        if found.get(day, Decimal(0)) != told.get(day, Decimal(0))
    ]


def _by_day(books: Books, statement: str) -> dict[date, Decimal]:
    return {day: amount for day, amount in books.sql(statement) if amount}
