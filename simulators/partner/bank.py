# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""What a bank tells through the partner's connection: the lines of a month, and the statement that proves them.

Payouts arrive, a customer pays an invoice by transfer and names it, another pays without a word, the bank takes its
fee. Put together by hand, as a partner would.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, datetime, timezone
from decimal import Decimal
from typing import Any

from ..money import to_major
from ..sending import Event
from .documents import as_event

SYSTEM = "bank"
FEE = Decimal("-12.50")
WORDLESS = Decimal("77.00")
CURRENCY = "USD"


def payout_lines(account: str, payouts: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return a line for each of Stripe's payouts that arrived, on the day of its arrival."""
    return [
        line(
            account,
            f"P-{payout['id']}",
            datetime.fromtimestamp(payout["arrival_date"], timezone.utc).date(),
            to_major(payout["amount"], payout["currency"]),
            f"STRIPE TRANSFER {payout['id']}",
            party_name="Stripe Payments",
        )
        for payout in payouts
    ]


def other_lines(account: str, last: date, invoice: tuple[str, Decimal] | None) -> list[dict[str, Any]]:
    """Return what else the account saw on the last day: a transfer for ``invoice`` (number, amount), one without words,
    and the bank's fee."""
    found = [
        line(account, f"W-{last:%Y%m}", last, WORDLESS, "TRANSFER", party_name="A. Stranger"),
        line(account, f"F-{last:%Y%m}", last, FEE, f"Account fee {last:%m/%Y}"),
    ]
    if invoice:
        number, amount = invoice
        found.append(line(account, f"R-{last:%Y%m}", last, amount, f"Invoice {number}", end_to_end_id=number))
    return found


def line(account: str, line_id: str, day: date, amount: Decimal, text: str, **facts: str) -> dict[str, Any]:
    """Return one line that the bank has booked on ``day``."""
    return {
        "kind": "bank_line",
        "schema_version": "1",
        "source": {"system": SYSTEM, "object_id": line_id, "version": 1},
        "occurred_at": f"{day.isoformat()}T00:00:00Z",
        "account_number": account,
        "line_id": line_id,
        "booking_date": day.isoformat(),
        "amount": {"value": f"{amount:.2f}", "currency": CURRENCY},
        "text": text,
        **facts,
    }


def statement(account: str, lines: list[dict[str, Any]], opening: Decimal) -> dict[str, Any]:
    """Return the statement over all these lines, with the bank's control totals."""
    days = sorted(row["booking_date"] for row in lines)
    total = sum((Decimal(row["amount"]["value"]) for row in lines), Decimal(0))
    name = days[-1][:7]
    return {
        "kind": "bank_statement",
        "schema_version": "1",
        "source": {"system": SYSTEM, "object_id": name, "version": 1},
        "occurred_at": f"{days[-1]}T23:00:00Z",
        "account_number": account,
        "statement_id": name,
        "first_date": days[0],
        "last_date": days[-1],
        "opening": {"value": f"{opening:.2f}", "currency": CURRENCY},
        "closing": {"value": f"{opening + total:.2f}", "currency": CURRENCY},
        "line_count": len(lines),
        "line_total": {"value": f"{total:.2f}", "currency": CURRENCY},
    }


def as_events(seed: object, account: str, lines: list[dict[str, Any]], opening: Decimal) -> list[Event]:
    """Return the events of these lines in the order of their days, and that of their statement."""
    in_order = sorted(lines, key=lambda row: (row["booking_date"], row["line_id"]))
    told = [as_event(seed, "bank_line.booked", row) for row in in_order]
    return [*told, as_event(seed, "bank_statement.closed", statement(account, in_order, opening))]
