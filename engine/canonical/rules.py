# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""What a document must say beyond its schema: amounts exact, totals adding up, signs as the words mean.

Nothing is corrected here. A document that contradicts itself is refused; what is merely odd comes back as
a remark for the person who looks at it.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

from ..errors import ContractError
from ..instants import known_time_zone
from ..money import EXACT, minor_units, plain
from .amounts import (
    check_amounts,
    check_currency,
    check_each,
    check_size,
    check_total,
    total_of,
    violation,
    wrong_sign,
)
from .bank import BankLine, BankStatement
from .base import Amount, Document
from .business_events import BUSINESS_EVENTS
from .cancellation import Cancellation
from .entry import JournalEntry
from .events import InvoicePosted, PaymentFailed, PaymentSettled
from .invoice import Invoice, InvoiceLine
from .invoice_status import InvoiceStatus
from .master_rules import MASTER_RULES
from .movement import BalanceMovement
from .order import Fulfilment, Order, OrderPayment, OrderRefund
from .provider_balance import ProviderBalance
from .queries import CreditAnswer, CreditQuery, InvoiceAnswer, InvoiceQuery, PaymentAnswer, PaymentQuery
from .reference_code import AnalyticDimension, ReferenceCode
from .reference_events import REFERENCE_EVENTS
from .registry import validate
from .settlement import Settlement

_ZERO = Decimal(0)
_ONE = Decimal(1)
_HUNDRED = Decimal(100)

# What came in is positive, what went out negative, as the provider's balance sees it. Money that the bank
# gives to the balance (failed payout, negative payout, top-up) is a payout_return.
MONEY_IN = frozenset({"payment", "refund_return", "payout_return", "dispute_return", "reserve_release"})
MONEY_OUT = frozenset({"refund", "payment_return", "payout", "dispute", "reserve"})

DUE_BEFORE_ISSUE = "due_before_issue"
SETTLED_WITHOUT_CONVERSION = "settled_without_conversion"
TOTAL_IS_ZERO = "total_is_zero"


def check(document: Document, provider: str | None = None) -> tuple[str, ...]:
    """Check ``document`` and return remarks (codes) about what is odd but not wrong.

    The schema is checked first, because Python code can build structs that no contract allows.
    ``provider`` is a key of ``PROVIDER_MINOR_UNITS``: an amount that cannot exist there is refused, too.

    :raises ContractError: ``unknown_currency``, ``amount_not_exact``, ``amount_too_large``, ``amount_zero``,
        ``amount_sign``, ``totals_do_not_add_up``, ``unbalanced_entry``, ``schema_violation``.
    :raises TypeError: no registered document, or a float in it.
    """
    document = validate(document)
    return tuple(_RULES[type(document)](document, provider))


# --- invoices ------------------------------------------------------------------------------------------


def _check_invoice(invoice: Invoice, provider: str | None) -> list[str]:
    stated_totals = (invoice.total_net, invoice.total_tax, invoice.total_gross)
    changes = (invoice.credit_change, invoice.debt_change)
    check_each((*stated_totals, *changes), invoice.currency, provider)
    _check_credit_change(invoice)
    _check_debt_change(invoice)
    if invoice.issuer == "source":
        _check_issued(invoice)
    for index, line in enumerate(invoice.lines):
        _check_line(invoice, line, f"lines[{index}]", provider)
    if all(line.net_amount is not None for line in invoice.lines):
        net = total_of(line.net_amount for line in invoice.lines)
        check_total("total_net", invoice.total_net, net, invoice.currency)
        # With issuer odoo the taxes of the lines are Odoo's to compute; stated ones are checked as stated.
        if invoice.issuer == "source" or any(line.taxes for line in invoice.lines):
            tax = total_of(tax.amount for line in invoice.lines for tax in line.taxes)
            check_total("total_tax", invoice.total_tax, tax, invoice.currency)
            check_total("total_gross", invoice.total_gross, EXACT.add(net, tax), invoice.currency)
    if invoice.total_net is not None and invoice.total_tax is not None:
        gross = EXACT.add(invoice.total_net, invoice.total_tax)
        check_total("total_gross", invoice.total_gross, gross, invoice.currency)
    return _invoice_signs_and_remarks(invoice)


def _check_credit_change(invoice: Invoice) -> None:
    """An invoice uses a credit, a credit note adds to it, and neither by more than its total."""
    if invoice.credit_change is None:
        return
    sign = -1 if invoice.document_type == "invoice" else 1
    amount = sign * invoice.credit_change
    if amount < _ZERO or (invoice.total_gross is not None and amount > abs(invoice.total_gross)):
        raise violation("credit_change", "an invoice uses, a credit note adds, at most the total")


def _check_debt_change(invoice: Invoice) -> None:
    """An invoice leaves at most its total as a debt, a credit note lessens debts by at most its total."""
    debt, total = invoice.debt_change, invoice.total_gross
    if debt is None:
        return
    if invoice.document_type == "credit_note" and debt > _ZERO:
        raise violation("debt_change", "a credit note lessens what the customer owes")
    older = invoice.document_type == "invoice" and debt < _ZERO
    used = EXACT.add(abs(debt), abs(invoice.credit_change or _ZERO))
    if not older and total is not None and used > abs(total):
        raise violation("debt_change", "credit and debt change by at most the total")


def _check_issued(invoice: Invoice) -> None:
    """A document that another system issued must bring its legal facts; none of them is made up here."""
    if invoice.number is None:
        raise violation("number", "an issued document has a number")
    if invoice.total_gross is None:
        raise violation("total_gross", "an issued document states its total")
    for index, line in enumerate(invoice.lines):
        if line.net_amount is None:
            raise violation(f"lines[{index}].net_amount", "an issued document states each line's amount")
        stated = {tax.code for tax in line.taxes}
        missing = sorted(set(line.tax_codes) - stated)
        if missing:
            raise violation(f"lines[{index}].taxes", f"the amount of tax {missing[0]} is missing")


def _check_line(invoice: Invoice, line: InvoiceLine, path: str, provider: str | None) -> None:
    check_each([line.net_amount, *(tax.amount for tax in line.taxes)], invoice.currency, provider)
    if line.discount_percent is not None and not _ZERO <= line.discount_percent <= _HUNDRED:
        raise violation(f"{path}.discount_percent", "a discount is between 0 and 100 percent")
    share = EXACT.subtract(_ONE, EXACT.divide(line.discount_percent or _ZERO, _HUNDRED))
    computed = EXACT.multiply(EXACT.multiply(line.quantity, line.unit_price), share)
    check_size(computed, invoice.currency)
    if line.net_amount is None:
        return
    # What an issuer gives back may be the smaller of two amounts; that the whole is not negative is checked, too.
    if invoice.document_type == "credit_note" and invoice.issuer == "odoo" and line.net_amount < _ZERO:
        raise wrong_sign(line.net_amount, f"{path}.net_amount")
    half_minor_unit = Decimal(5).scaleb(-minor_units(invoice.currency) - 1)
    gross = EXACT.add(line.net_amount, total_of(tax.amount for tax in line.taxes))
    # A price may or may not contain the tax; the line must agree with one of both readings.
    if all(abs(EXACT.subtract(computed, amount)) > half_minor_unit for amount in (line.net_amount, gross)):
        check_total(f"{path}.net_amount", line.net_amount, computed, invoice.currency)


def _invoice_signs_and_remarks(invoice: Invoice) -> list[str]:
    for path, total in (("total_net", invoice.total_net), ("total_gross", invoice.total_gross)):
        if total is not None and total < _ZERO:
            raise wrong_sign(total, path)
    remarks = []
    if invoice.due_date is not None and invoice.due_date < invoice.issue_date:
        remarks.append(DUE_BEFORE_ISSUE)
    if invoice.total_gross is not None and invoice.total_gross.is_zero():
        remarks.append(TOTAL_IS_ZERO)
    return remarks


# --- movements and balances ----------------------------------------------------------------------------


def _check_movement(movement: BalanceMovement, provider: str | None) -> list[str]:
    check_amounts((movement.amount, movement.settled), provider)
    _check_movement_sign(movement, movement.amount, "amount")
    if movement.settled is not None:
        _check_movement_sign(movement, movement.settled, "settled")
    if not movement.changes_balance:
        return []
    if movement.status in ("failed", "cancelled"):
        raise violation("status", f"a movement that {movement.status} cannot have changed the balance")
    if movement.amount.value.is_zero():
        raise ContractError("amount_zero")
    if movement.settled is None or movement.settled.currency != movement.amount.currency:
        return []
    check_total("settled.value", movement.settled.value, movement.amount.value, movement.amount.currency)
    return [SETTLED_WITHOUT_CONVERSION]


def _check_movement_sign(movement: BalanceMovement, amount: Amount, path: str) -> None:
    wrong_in = movement.type in MONEY_IN and amount.value < _ZERO
    wrong_out = movement.type in MONEY_OUT and amount.value > _ZERO
    # The provider converts an amount, it never turns it round.
    turned = EXACT.multiply(movement.amount.value, amount.value) < _ZERO
    if wrong_in or wrong_out or turned:
        raise wrong_sign(amount.value, f"{path}.value")


def _check_bank_line(line: BankLine, provider: str | None) -> list[str]:
    check_amounts((line.amount, line.original), provider)
    if line.original is not None and EXACT.multiply(line.amount.value, line.original.value) < _ZERO:
        raise wrong_sign(line.original.value, "original.value")
    if line.returns == line.line_id:
        raise violation("returns", "a line does not take back itself")
    return []


def _check_bank_statement(statement: BankStatement, provider: str | None) -> list[str]:
    amounts = [(name, getattr(statement, name)) for name in ("opening", "closing", "line_total")]
    check_amounts((amount for _path, amount in amounts), provider)
    check_currency(amounts, statement.closing.currency)
    if statement.last_date < statement.first_date:
        raise violation("last_date", "the last day is before the first")
    if statement.line_total is not None:
        computed = EXACT.add(statement.opening.value, statement.line_total.value)
        check_total("closing.value", statement.closing.value, computed, statement.closing.currency)
    return []


def _check_provider_balance(balance: ProviderBalance, provider: str | None) -> list[str]:
    amounts = (
        ("closing", balance.closing),
        ("opening", balance.opening),
        ("movement_total", balance.movement_total),
    )
    check_amounts((amount for _path, amount in amounts), provider)
    check_currency(amounts, balance.closing.currency)
    if not known_time_zone(balance.time_zone):
        raise violation("time_zone", "no such time zone in the IANA list")
    if balance.opening is not None and balance.movement_total is not None:
        computed = EXACT.add(balance.opening.value, balance.movement_total.value)
        check_total("closing.value", balance.closing.value, computed, balance.closing.currency)
    if balance.lines is not None:
        check_each([line.net for line in balance.lines], balance.closing.currency, provider)
        if len({line.ledger_id for line in balance.lines}) != len(balance.lines):
            raise violation("lines", "a ledger line is listed once")
        if balance.movement_count not in (None, len(balance.lines)):
            raise violation("movement_count", "must be the number of lines")
        if balance.movement_total is not None:
            total = total_of(line.net for line in balance.lines)
            check_total("movement_total.value", balance.movement_total.value, total, balance.closing.currency)
    return []


def _check_settlement(settlement: Settlement, provider: str | None) -> list[str]:
    if settlement.amount.currency != settlement.currency:
        raise violation("amount.currency", f"must be {settlement.currency} as the lines")
    check_amounts([settlement.amount], provider)
    if settlement.lines and not settlement.told:
        raise violation("lines", "a settlement whose composition is not told has no lines")
    seen: set[str] = set()
    for index, line in enumerate(settlement.lines):
        check_each([line.gross, line.fee, line.net], settlement.currency, provider)
        check_total(
            f"lines[{index}].net", line.net, EXACT.subtract(line.gross, line.fee), settlement.currency
        )
        if line.ledger_id in seen:
            raise violation(f"lines[{index}].ledger_id", "a ledger line is listed once")
        seen.add(line.ledger_id)
    return []


# --- entries -------------------------------------------------------------------------------------------


def _check_entry(entry: JournalEntry, provider: str | None) -> list[str]:
    check_each([entry.total_debit], entry.currency, provider)
    for index, line in enumerate(entry.lines):
        given = [amount for amount in (line.debit, line.credit) if amount is not None]
        if len(given) != 1:
            raise violation(f"lines[{index}]", "exactly one of debit and credit is given")
        check_each(given, entry.currency, provider)
        if given[0] < _ZERO:
            raise wrong_sign(given[0], f"lines[{index}]")
        if given[0].is_zero():
            raise violation(f"lines[{index}]", "a line has a positive amount")
    debit = total_of(line.debit for line in entry.lines if line.debit is not None)
    credit = total_of(line.credit for line in entry.lines if line.credit is not None)
    if debit != credit:
        raise ContractError(
            "unbalanced_entry",
            params={"debit": plain(debit), "credit": plain(credit), "currency": entry.currency},
        )
    check_total("total_debit", entry.total_debit, debit, entry.currency)
    return []


# --- orders of a shop ------------------------------------------------------------------------------------


def _check_order(order: Order, provider: str | None) -> list[str]:
    for index, line in enumerate(order.lines):
        check_each([line.net_amount, *(tax.amount for tax in line.taxes)], order.currency, provider)
        for quantity in (line.quantity, line.current):
            if quantity is not None and quantity < _ZERO:
                raise wrong_sign(quantity, f"lines[{index}].quantity")
    check_each([order.total_net, order.total_tax, order.total_gross], order.currency, provider)
    check_total(
        "total_net", order.total_net, total_of(line.net_amount for line in order.lines), order.currency
    )
    taxes = total_of(tax.amount for line in order.lines for tax in line.taxes)
    check_total("total_tax", order.total_tax, taxes, order.currency)
    check_total("total_gross", order.total_gross, EXACT.add(order.total_net, order.total_tax), order.currency)
    return []


def _check_fulfilment(fulfilment: Fulfilment, _provider: str | None) -> list[str]:
    for index, line in enumerate(fulfilment.lines):
        if line.quantity <= _ZERO:
            raise wrong_sign(line.quantity, f"lines[{index}].quantity")
    return []


def _check_order_refund(refund: OrderRefund, provider: str | None) -> list[str]:
    parts = (*refund.lines, *refund.adjustments)
    if refund.currency is not None:
        amounts = [amount for part in parts for amount in (part.net_amount, part.tax_amount)]
        check_each([*amounts, *(each.amount for each in refund.paid_back)], refund.currency, provider)
    currency = refund.currency or ""
    check_total("total_net", refund.total_net, total_of(part.net_amount for part in parts), currency)
    check_total("total_tax", refund.total_tax, total_of(part.tax_amount for part in parts), currency)
    return []


def _check_order_payment(payment: OrderPayment, provider: str | None) -> list[str]:
    check_each([payment.amount], payment.currency, provider)
    if payment.amount < _ZERO:
        raise wrong_sign(payment.amount, "amount")
    return []


# --- codes of the source ---------------------------------------------------------------------------------


def _check_code(code: AnalyticDimension | ReferenceCode, _provider: str | None) -> list[str]:
    if code.valid_from is not None and code.valid_until is not None and code.valid_until < code.valid_from:
        raise violation("valid_until", "the last day is before the first")
    if code.parent == code.code:
        raise violation("parent", "a code does not stand above itself")
    if "*" in (code.code, code.parent):
        raise violation("code", "* stands for any value that nobody has mapped and cannot be a code")
    rate = getattr(code, "rate_percent", None)
    if rate is not None and not _ZERO <= rate <= _HUNDRED:
        raise violation("rate_percent", "a rate is between 0 and 100 percent")
    return []


# --- events that the hub publishes ---------------------------------------------------------------------


def _check_invoice_posted(event: InvoicePosted, provider: str | None) -> list[str]:
    amounts = (
        ("total_gross", event.total_gross),
        ("total_tax", event.total_tax),
        ("amount_due", event.amount_due),
    )
    check_amounts((amount for _path, amount in amounts), provider)
    check_currency(amounts, event.total_gross.currency)
    return []


def _check_payment_settled(event: PaymentSettled, provider: str | None) -> list[str]:
    check_amounts((event.amount, event.applied, event.invoice_amount_due), provider)
    check_currency([("invoice_amount_due", event.invoice_amount_due)], event.applied.currency)
    return []


def _check_payment_failed(event: PaymentFailed, provider: str | None) -> list[str]:
    check_amounts((event.amount,), provider)
    return []


# --- questions and their answers ------------------------------------------------------------------------


def _check_credit_query(query: CreditQuery, provider: str | None) -> list[str]:
    check_amounts((query.amount,), provider)
    if query.amount is not None and query.amount.value < _ZERO:
        raise wrong_sign(query.amount.value, "amount.value")
    return []


def _check_invoice_query(query: InvoiceQuery, provider: str | None) -> list[str]:
    if (query.invoice_id is None) == (query.number is None):
        raise violation("invoice_id", "exactly one of invoice_id and number is given")
    return []


def _check_amounts(document: Document, provider: str | None) -> list[str]:
    """Check every amount that stands directly in ``document``."""
    values = (getattr(document, name) for name in document.__struct_fields__)
    check_amounts((value for value in values if isinstance(value, Amount)), provider)
    return []


def _check_invoice_status(status: InvoiceStatus, provider: str | None) -> list[str]:
    if status.state == "paid" and status.payment is None:
        raise violation("payment", "a payment of an invoice is named")
    return _check_amounts(status, provider)


_RULES: dict[type[Document], Callable[..., list[str]]] = {
    **dict.fromkeys((*BUSINESS_EVENTS, *REFERENCE_EVENTS), _check_amounts),
    **MASTER_RULES,
    Invoice: _check_invoice,
    BalanceMovement: _check_movement,
    ProviderBalance: _check_provider_balance,
    Settlement: _check_settlement,
    BankLine: _check_bank_line,
    BankStatement: _check_bank_statement,
    JournalEntry: _check_entry,
    Order: _check_order,
    Fulfilment: _check_fulfilment,
    OrderRefund: _check_order_refund,
    OrderPayment: _check_order_payment,
    AnalyticDimension: _check_code,
    ReferenceCode: _check_code,
    Cancellation: _check_amounts,
    InvoiceStatus: _check_invoice_status,
    InvoicePosted: _check_invoice_posted,
    PaymentSettled: _check_payment_settled,
    PaymentFailed: _check_payment_failed,
    CreditQuery: _check_credit_query,
    InvoiceQuery: _check_invoice_query,
    PaymentQuery: _check_amounts,
    CreditAnswer: _check_amounts,
    InvoiceAnswer: _check_amounts,
    PaymentAnswer: _check_amounts,
}
