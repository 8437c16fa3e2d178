# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""The settlement report of an account as PayPal writes it to its SFTP server.

Source: https://developer.paypal.com/docs/reports/sftp-reports/settlement-report/ (texts in double quotes, amounts as
minor units without sign, credit or debit beside them).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from decimal import Decimal

from .state import DECIMALS, Line

COLUMNS = (
    "Transaction ID",
    "Invoice ID",
    "PayPal Reference ID",
    "PayPal Reference ID Type",
    "Transaction Event Code",
    "Transaction Initiation Date",
    "Transaction Completion Date",
    "Transaction  Debit or Credit",
    "Gross Transaction Amount",
    "Gross Transaction Currency",
    "Fee Debit or Credit",
    "Fee Amount",
    "Fee Currency",
    "Custom Field",
    "Consumer ID",
)


def settlement_csv(lines: Iterable[Line], account: str, made_at: dt.datetime, separator: str = ",") -> bytes:
    """Return one report with one section; times are in UTC."""
    lines = list(lines)
    rows: list[Sequence[object]] = [
        ("RH", _stamp(made_at), "A", account, 9),
        ("FH", 1),
        ("SH", _stamp(made_at), _stamp(made_at), account, ""),
        ("CH", *COLUMNS),
        *(_row(line) for line in lines),
    ]
    rows += [("SF", *_totals(lines, currency)) for currency in sorted({line.currency for line in lines})]
    rows += [("SC", len(lines))]
    rows += [("RF", *_totals(lines, currency)) for currency in sorted({line.currency for line in lines})]
    rows += [("RC", len(lines)), ("FF", len(lines))]
    return "".join(separator.join(map(_cell, row)) + "\r\n" for row in rows).encode()


def _row(line: Line) -> tuple[object, ...]:
    fee = (_side(line.fee), _minor(line.fee, line.currency), line.currency) if line.fee else ("", "", "")
    return (
        "SB",
        line.id,
        line.invoice or "",
        line.reference or "",
        "TXN" if line.reference else "",
        line.code,
        _stamp(line.at),
        _stamp(line.at),
        _side(line.gross),
        _minor(line.gross, line.currency),
        line.currency,
        *fee,
        "",
        "",
    )


def _totals(lines: list[Line], currency: str) -> tuple[object, ...]:
    own = [line for line in lines if line.currency == currency]

    def total(amounts: Iterable[Decimal], sign: int) -> int:
        return _minor(sum((each for each in amounts if each * sign > 0), Decimal(0)), currency)

    gross, fees = [line.gross for line in own], [line.fee for line in own]
    closing = _minor(sum((*gross, *fees), Decimal(0)), currency)
    return currency, total(gross, 1), total(gross, -1), total(fees, 1), total(fees, -1), 0, closing, 0, 0


def _minor(amount: Decimal, currency: str) -> int:
    return int(abs(amount).scaleb(DECIMALS.get(currency, 2)))


def _side(amount: Decimal) -> str:
    return "DR" if amount < 0 else "CR"


def _stamp(at: dt.datetime) -> str:
    return at.astimezone(dt.timezone.utc).strftime("%Y/%m/%d %H:%M:%S +0000")


def _cell(value: object) -> str:
    return str(value) if isinstance(value, int) else '"' + str(value).replace('"', '""') + '"'
