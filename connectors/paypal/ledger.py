# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Lines of PayPal's ledger, from the list of transactions or a settlement report.

Each is the final word on one movement and its fee.

The movement has the identity that the webhook's resource gave it (PayPal's transaction id), so it is booked once
whichever came first.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
from decimal import Decimal
from typing import Any

from ...engine.canonical import Amount, BalanceMovement, PartyRef, Reference
from ...engine.errors import ContractError
from ...engine.money import from_minor, minor_units
from ..reading import clip, read_as, schema_violation
from . import wire
from .const import AMBIGUOUS_IN_REPORTS, CODES, GROUPS, LINE_STATUSES, PURCHASES, REPORT_LINE, TRANSACTION
from .shared import Context, party, references


@dataclasses.dataclass(frozen=True)
class Line:
    """One line of the ledger; amounts signed as the balance sees them."""

    id: str
    code: str
    at: dt.datetime
    amount: Amount
    fee: Amount | None
    status: str
    reference: str | None
    references: tuple[Reference, ...]
    customer: PartyRef | None
    description: str | None

    def totals(self) -> dict[str, Decimal]:
        """Return what the line adds to the control totals: gross and fee, per currency."""
        sums = {self.amount.currency: self.amount.value}
        if self.fee is not None:
            sums[self.fee.currency] = sums.get(self.fee.currency, Decimal(0)) + self.fee.value
        return sums


def ledger_documents(context: Context, body: Any) -> list[BalanceMovement]:
    """Return the movements of one line.

    :raises ContractError: it is no line as PayPal documents it.
    """
    line = read_line(body)
    kind = line_type(line)
    if kind is None:
        return []
    moved = line.status == "succeeded"
    related = line.reference if line.reference != line.id else None
    facts = {"references": line.references, "customer": line.customer, "description": line.description}
    booked = []
    if line.amount.value:
        booked.append(
            context.movement(
                object_id=line.id,
                type=kind,
                movement_id=line.id,
                changes_balance=moved,
                status=line.status,
                amount=line.amount,
                balance_transaction=line.id if moved else None,
                related=related,
                method=line.code,
                occurred_at=line.at,
                is_purchase=kind == "unknown" and line.code[1:3] in PURCHASES and line.amount.value < 0,
                **facts,
            )
        )
    if line.fee is not None and line.fee.value and moved and kind != "fee":
        booked.append(
            context.movement(
                object_id=line.id,
                type="fee",
                movement_id=line.id,
                amount=line.fee,
                balance_transaction=line.id,
                related=line.id,
                occurred_at=line.at,
            )
        )
    return booked


def line_type(line: Line) -> str | None:
    """Return the canonical movement type, ``unknown`` where PayPal's code is in no table, None where nothing moves.

    :raises ContractError: the code is no transaction event code.
    """
    code = line.code
    if len(code) != 5 or code[0] != "T" or not (code[1:].isascii() and code[1:].isdigit()):
        raise schema_violation("$.transaction_event_code", "Expected T and four digits")
    group = code[1:3]
    if code not in CODES and group in GROUPS and GROUPS[group] is None:
        return None
    credit, debit = CODES.get(code) or GROUPS.get(group) or ("unknown", "unknown")
    kind = credit if line.amount.value >= 0 else debit
    if line.status == "failed" and kind not in ("payment", "refund"):
        return None  # a withdrawal that was denied moved nothing and is no payment that failed
    return kind


def read_line(body: Any) -> Line:
    """Return the line of a body that the hub keeps: a fetched transaction or a row of a report.

    :raises ContractError: it is neither.
    """
    told = body.get("object") if isinstance(body, dict) else None
    if told == TRANSACTION:
        return _from_list(read_as(body, wire.Transaction))
    if told == REPORT_LINE:
        return _from_report(read_as(body, ReportLine).cells)
    raise schema_violation("$.object", f"Expected “{TRANSACTION}” or “{REPORT_LINE}”")


def _from_list(transaction: wire.Transaction) -> Line:
    info, payer = transaction.transaction_info, transaction.payer_info or wire.Payer()
    status = LINE_STATUSES.get(info.transaction_status)
    if status is None:
        raise schema_violation(
            "$.transaction_info.transaction_status", f"Expected one of {', '.join(LINE_STATUSES)}"
        )
    fee = info.fee_amount
    name = payer.payer_name.alternate_full_name if payer.payer_name else None
    return Line(
        id=info.transaction_id,
        code=info.transaction_event_code,
        at=wire.instant(info.transaction_initiation_date, "$.transaction_info.transaction_initiation_date"),
        amount=_amount(info.transaction_amount),
        fee=None if fee is None else _amount(fee),
        status=status,
        reference=clip(info.paypal_reference_id, 255) if info.paypal_reference_id_type == "TXN" else None,
        references=references(info.invoice_id, info.custom_field),
        customer=party(payer.account_id, name, payer.email_address),
        description=clip(info.transaction_subject),
    )


def _amount(money: wire.Money) -> Amount:
    return Amount(value=wire.signed(money), currency=money.currency_code.upper())


class ReportLine(wire.Wire):
    """What the hub keeps of a row: its cells by the names that the report's own heading gives them."""

    object: str
    cells: dict[str, str]


# https://developer.paypal.com/docs/reports/sftp-reports/settlement-report/ (section data)
ID, CODE = "Transaction ID", "Transaction Event Code"
INITIATED, COMPLETED = "Transaction Initiation Date", "Transaction Completion Date"
SIDE, GROSS, CURRENCY = (
    "Transaction Debit or Credit",
    "Gross Transaction Amount",
    "Gross Transaction Currency",
)
FEE_SIDE, FEE, FEE_CURRENCY = "Fee Debit or Credit", "Fee Amount", "Fee Currency"
REFERENCE, REFERENCE_TYPE = "PayPal Reference ID", "PayPal Reference ID Type"
INVOICE, CUSTOM, PAYER = "Invoice ID", "Custom Field", "Consumer ID"
NEEDED = (ID, CODE, INITIATED, SIDE, GROSS, CURRENCY)


def _from_report(cells: dict[str, str]) -> Line:
    for name in NEEDED:
        if not cells.get(name):
            raise schema_violation(f"$.cells.{name}", "The cell is empty")
    if len(cells[ID]) > 255:
        raise schema_violation(f"$.cells.{ID}", "Expected at most 255 characters")
    fee = _report_amount(cells, FEE_SIDE, FEE, FEE_CURRENCY) if cells.get(FEE) else None
    return Line(
        id=cells[ID],
        code=cells[CODE],
        at=wire.instant(cells.get(COMPLETED) or cells[INITIATED], f"$.cells.{COMPLETED}"),
        amount=_report_amount(cells, SIDE, GROSS, CURRENCY),
        fee=fee,
        status="succeeded",
        reference=clip(cells.get(REFERENCE), 255) if cells.get(REFERENCE_TYPE) == "TXN" else None,
        references=references(cells.get(INVOICE), cells.get(CUSTOM)),
        customer=party(cells.get(PAYER)),
        description=None,
    )


def _report_amount(cells: dict[str, str], side_name: str, amount_name: str, currency_name: str) -> Amount:
    currency = cells.get(currency_name, "").upper()
    value = report_money(cells[amount_name], currency, f"$.cells.{amount_name}")
    side = cells.get(side_name)
    if side not in ("CR", "DR"):
        if value:
            raise schema_violation(f"$.cells.{side_name}", "Expected CR or DR")
        side = "CR"
    return Amount(value=value if side == "CR" else -value, currency=currency)


def report_money(text: str, currency: str, path: str) -> Decimal:
    """Return an amount as a report writes it: minor units without sign or point.

    :raises ContractError: ``schema_violation``, ``unknown_currency``; also for a currency of which nobody says how it
        is counted.
    """
    minor_units(currency)
    if currency in AMBIGUOUS_IN_REPORTS:
        raise schema_violation(
            path, "PayPal does not say whether this currency is written with decimals here"
        )
    if not (text.isascii() and text.isdigit()) or len(text) > 15:
        raise schema_violation(path, "Expected minor units: digits alone")
    try:
        return from_minor(int(text), currency)
    except ContractError as error:
        raise schema_violation(path, error.code) from None
