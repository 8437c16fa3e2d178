# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""What a document must say beyond its schema: amounts exact, totals adding up, signs as the words mean.

Nothing is corrected here. A document that contradicts itself is refused; what is merely odd comes back as
a remark for the person who looks at it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from decimal import Decimal

from ..errors import ContractError
from ..instants import known_time_zone
from ..money import EXACT, PROVIDER_MINOR_UNITS, check_exact, minor_units, plain
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

# What binary floating point with 53 bits, in which Odoo computes, returns unchanged (IEEE 754 binary64).
MAX_SIGNIFICANT_DIGITS = 15
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


def _decimals(currency: str, provider: str | None) -> int:
    units = minor_units(currency)
    return min(units, PROVIDER_MINOR_UNITS.get(provider or "", {}).get(currency, units))


def _exact(amounts: Iterable[Decimal | None], currency: str, provider: str | None) -> None:
    decimals = _decimals(currency, provider)
    for amount in amounts:
        if amount is not None:
            check_exact(amount, currency, decimals)
            if abs(amount) >= Decimal(1).scaleb(MAX_SIGNIFICANT_DIGITS - minor_units(currency)):
                raise ContractError(
                    "amount_too_large", params={"amount": plain(amount), "currency": currency}
                )


def _exact_amounts(amounts: Iterable[Amount | None], provider: str | None) -> None:
    for amount in amounts:
        if amount is not None:
            _exact([amount.value], amount.currency, provider)


def _same_currency(amounts: Iterable[tuple[str, Amount | None]], currency: str) -> None:
    for path, amount in amounts:
        if amount is not None and amount.currency != currency:
            raise _violation(f"{path}.currency", f"must be {currency} as the rest of the document")


def _sum(amounts: Iterable[Decimal]) -> Decimal:
    total = _ZERO
    for amount in amounts:
        total = EXACT.add(total, amount)
    return total


def _violation(path: str, problem: str) -> ContractError:
    return ContractError("schema_violation", params={"path": path, "problem": problem})


def _check_total(path: str, stated: Decimal | None, computed: Decimal) -> None:
    if stated is not None and stated != computed:
        raise ContractError(
            "totals_do_not_add_up",
            params={"path": path, "stated": plain(stated), "computed": plain(computed)},
        )


# --- invoices ------------------------------------------------------------------------------------------


def _check_invoice(invoice: Invoice, provider: str | None) -> list[str]:
    stated_totals = (invoice.total_net, invoice.total_tax, invoice.total_gross)
    _exact((*stated_totals, invoice.credit_change), invoice.currency, provider)
    _check_credit_change(invoice)
    if invoice.issuer == "source":
        _check_issued(invoice)
    for index, line in enumerate(invoice.lines):
        _check_line(invoice, line, f"lines[{index}]", provider)
    if all(line.net_amount is not None for line in invoice.lines):
        net = _sum(line.net_amount for line in invoice.lines)
        _check_total("total_net", invoice.total_net, net)
        # With issuer odoo the taxes of the lines are Odoo's to compute; stated ones are checked as stated.
        if invoice.issuer == "source" or any(line.taxes for line in invoice.lines):
            tax = _sum(tax.amount for line in invoice.lines for tax in line.taxes)
            _check_total("total_tax", invoice.total_tax, tax)
            _check_total("total_gross", invoice.total_gross, EXACT.add(net, tax))
    if invoice.total_net is not None and invoice.total_tax is not None:
        _check_total("total_gross", invoice.total_gross, EXACT.add(invoice.total_net, invoice.total_tax))
    return _invoice_signs_and_remarks(invoice)


def _check_credit_change(invoice: Invoice) -> None:
    """An invoice uses a credit, a credit note adds to it, and neither by more than its total."""
    if invoice.credit_change is None:
        return
    sign = -1 if invoice.document_type == "invoice" else 1
    amount = sign * invoice.credit_change
    if amount < _ZERO or (invoice.total_gross is not None and amount > abs(invoice.total_gross)):
        raise _violation("credit_change", "an invoice uses, a credit note adds, at most the total")


def _check_issued(invoice: Invoice) -> None:
    """A document that another system issued must bring its legal facts; none of them is made up here."""
    if invoice.number is None:
        raise _violation("number", "an issued document has a number")
    if invoice.total_gross is None:
        raise _violation("total_gross", "an issued document states its total")
    for index, line in enumerate(invoice.lines):
        if line.net_amount is None:
            raise _violation(f"lines[{index}].net_amount", "an issued document states each line's amount")
        stated = {tax.code for tax in line.taxes}
        missing = sorted(set(line.tax_codes) - stated)
        if missing:
            raise _violation(f"lines[{index}].taxes", f"the amount of tax {missing[0]} is missing")


def _check_line(invoice: Invoice, line: InvoiceLine, path: str, provider: str | None) -> None:
    _exact([line.net_amount, *(tax.amount for tax in line.taxes)], invoice.currency, provider)
    if line.discount_percent is not None and not _ZERO <= line.discount_percent <= _HUNDRED:
        raise _violation(f"{path}.discount_percent", "a discount is between 0 and 100 percent")
    if line.net_amount is None:
        return
    if invoice.document_type == "credit_note" and line.net_amount < _ZERO:
        raise _wrong_sign(line.net_amount, f"{path}.net_amount")
    share = EXACT.subtract(_ONE, EXACT.divide(line.discount_percent or _ZERO, _HUNDRED))
    computed = EXACT.multiply(EXACT.multiply(line.quantity, line.unit_price), share)
    half_minor_unit = Decimal(5).scaleb(-minor_units(invoice.currency) - 1)
    gross = EXACT.add(line.net_amount, _sum(tax.amount for tax in line.taxes))
    # A price may or may not contain the tax; the line must agree with one of both readings.
    if all(abs(EXACT.subtract(computed, amount)) > half_minor_unit for amount in (line.net_amount, gross)):
        _check_total(f"{path}.net_amount", line.net_amount, computed)


def _invoice_signs_and_remarks(invoice: Invoice) -> list[str]:
    for path, total in (("total_net", invoice.total_net), ("total_gross", invoice.total_gross)):
        if total is not None and total < _ZERO:
            raise _wrong_sign(total, path)
    remarks = []
    if invoice.due_date is not None and invoice.due_date < invoice.issue_date:
        remarks.append(DUE_BEFORE_ISSUE)
    if invoice.total_gross is not None and invoice.total_gross.is_zero():
        remarks.append(TOTAL_IS_ZERO)
    return remarks


def _wrong_sign(amount: Decimal, path: str) -> ContractError:
    return ContractError("amount_sign", params={"amount": plain(amount), "path": path})


# --- movements and balances ----------------------------------------------------------------------------


def _check_movement(movement: BalanceMovement, provider: str | None) -> list[str]:
    _exact_amounts((movement.amount, movement.settled), provider)
    _check_movement_sign(movement, movement.amount, "amount")
    if movement.settled is not None:
        _check_movement_sign(movement, movement.settled, "settled")
    if not movement.changes_balance:
        return []
    if movement.status in ("failed", "cancelled"):
        raise _violation("status", f"a movement that {movement.status} cannot have changed the balance")
    if movement.amount.value.is_zero():
        raise ContractError("amount_zero")
    if movement.settled is None or movement.settled.currency != movement.amount.currency:
        return []
    _check_total("settled.value", movement.settled.value, movement.amount.value)
    return [SETTLED_WITHOUT_CONVERSION]


def _check_movement_sign(movement: BalanceMovement, amount: Amount, path: str) -> None:
    wrong_in = movement.type in MONEY_IN and amount.value < _ZERO
    wrong_out = movement.type in MONEY_OUT and amount.value > _ZERO
    # The provider converts an amount, it never turns it round.
    turned = EXACT.multiply(movement.amount.value, amount.value) < _ZERO
    if wrong_in or wrong_out or turned:
        raise _wrong_sign(amount.value, f"{path}.value")


def _check_bank_line(line: BankLine, provider: str | None) -> list[str]:
    _exact_amounts((line.amount, line.original), provider)
    if line.original is not None and EXACT.multiply(line.amount.value, line.original.value) < _ZERO:
        raise _wrong_sign(line.original.value, "original.value")
    if line.returns == line.line_id:
        raise _violation("returns", "a line does not take back itself")
    return []


def _check_bank_statement(statement: BankStatement, provider: str | None) -> list[str]:
    amounts = [(name, getattr(statement, name)) for name in ("opening", "closing", "line_total")]
    _exact_amounts((amount for _path, amount in amounts), provider)
    _same_currency(amounts, statement.closing.currency)
    if statement.last_date < statement.first_date:
        raise _violation("last_date", "the last day is before the first")
    if statement.line_total is not None:
        computed = EXACT.add(statement.opening.value, statement.line_total.value)
        _check_total("closing.value", statement.closing.value, computed)
    return []


def _check_provider_balance(balance: ProviderBalance, provider: str | None) -> list[str]:
    amounts = (
        ("closing", balance.closing),
        ("opening", balance.opening),
        ("movement_total", balance.movement_total),
    )
    _exact_amounts((amount for _path, amount in amounts), provider)
    _same_currency(amounts, balance.closing.currency)
    if not known_time_zone(balance.time_zone):
        raise _violation("time_zone", "no such time zone in the IANA list")
    if balance.opening is not None and balance.movement_total is not None:
        computed = EXACT.add(balance.opening.value, balance.movement_total.value)
        _check_total("closing.value", balance.closing.value, computed)
    if balance.lines is not None:
        _exact([line.net for line in balance.lines], balance.closing.currency, provider)
        if len({line.ledger_id for line in balance.lines}) != len(balance.lines):
            raise _violation("lines", "a ledger line is listed once")
        if balance.movement_count not in (None, len(balance.lines)):
            raise _violation("movement_count", "must be the number of lines")
        if balance.movement_total is not None:
            total = _sum(line.net for line in balance.lines)
            _check_total("movement_total.value", balance.movement_total.value, total)
    return []


def _check_settlement(settlement: Settlement, provider: str | None) -> list[str]:
    if settlement.amount.currency != settlement.currency:
        raise _violation("amount.currency", f"must be {settlement.currency} as the lines")
    _exact_amounts([settlement.amount], provider)
    if settlement.lines and not settlement.told:
        raise _violation("lines", "a settlement whose composition is not told has no lines")
    seen: set[str] = set()
    for index, line in enumerate(settlement.lines):
        _exact([line.gross, line.fee, line.net], settlement.currency, provider)
        _check_total(f"lines[{index}].net", line.net, EXACT.subtract(line.gross, line.fee))
        if line.ledger_id in seen:
            raise _violation(f"lines[{index}].ledger_id", "a ledger line is listed once")
        seen.add(line.ledger_id)
    return []


# --- entries -------------------------------------------------------------------------------------------


def _check_entry(entry: JournalEntry, provider: str | None) -> list[str]:
    _exact([entry.total_debit], entry.currency, provider)
    for index, line in enumerate(entry.lines):
        given = [amount for amount in (line.debit, line.credit) if amount is not None]
        if len(given) != 1:
            raise _violation(f"lines[{index}]", "exactly one of debit and credit is given")
        _exact(given, entry.currency, provider)
        if given[0] < _ZERO:
            raise _wrong_sign(given[0], f"lines[{index}]")
        if given[0].is_zero():
            raise _violation(f"lines[{index}]", "a line has a positive amount")
    debit = _sum(line.debit for line in entry.lines if line.debit is not None)
    credit = _sum(line.credit for line in entry.lines if line.credit is not None)
    if debit != credit:
        raise ContractError("unbalanced_entry", params={"debit": plain(debit), "credit": plain(credit)})
    _check_total("total_debit", entry.total_debit, debit)
    return []


# --- orders of a shop ------------------------------------------------------------------------------------


def _check_order(order: Order, provider: str | None) -> list[str]:
    for index, line in enumerate(order.lines):
        _exact([line.net_amount, *(tax.amount for tax in line.taxes)], order.currency, provider)
        for quantity in (line.quantity, line.current):
            if quantity is not None and quantity < _ZERO:
                raise _wrong_sign(quantity, f"lines[{index}].quantity")
    _exact([order.total_net, order.total_tax, order.total_gross], order.currency, provider)
    _check_total("total_net", order.total_net, _sum(line.net_amount for line in order.lines))
    taxes = _sum(tax.amount for line in order.lines for tax in line.taxes)
    _check_total("total_tax", order.total_tax, taxes)
    _check_total("total_gross", order.total_gross, EXACT.add(order.total_net, order.total_tax))
    return []


def _check_fulfilment(fulfilment: Fulfilment, _provider: str | None) -> list[str]:
    for index, line in enumerate(fulfilment.lines):
        if line.quantity <= _ZERO:
            raise _wrong_sign(line.quantity, f"lines[{index}].quantity")
    return []


def _check_order_refund(refund: OrderRefund, provider: str | None) -> list[str]:
    parts = (*refund.lines, *refund.adjustments)
    if refund.currency is not None:
        amounts = [amount for part in parts for amount in (part.net_amount, part.tax_amount)]
        _exact([*amounts, *(each.amount for each in refund.paid_back)], refund.currency, provider)
    _check_total("total_net", refund.total_net, _sum(part.net_amount for part in parts))
    _check_total("total_tax", refund.total_tax, _sum(part.tax_amount for part in parts))
    return []


def _check_order_payment(payment: OrderPayment, provider: str | None) -> list[str]:
    _exact([payment.amount], payment.currency, provider)
    if payment.amount < _ZERO:
        raise _wrong_sign(payment.amount, "amount")
    return []


# --- codes of the source ---------------------------------------------------------------------------------


def _check_code(code: AnalyticDimension | ReferenceCode, _provider: str | None) -> list[str]:
    if code.valid_from is not None and code.valid_until is not None and code.valid_until < code.valid_from:
        raise _violation("valid_until", "the last day is before the first")
    if code.parent == code.code:
        raise _violation("parent", "a code does not stand above itself")
    if "*" in (code.code, code.parent):
        raise _violation("code", "* stands for any value that nobody has mapped and cannot be a code")
    rate = getattr(code, "rate_percent", None)
    if rate is not None and not _ZERO <= rate <= _HUNDRED:
        raise _violation("rate_percent", "a rate is between 0 and 100 percent")
    return []


# --- events that the hub publishes ---------------------------------------------------------------------


def _check_invoice_posted(event: InvoicePosted, provider: str | None) -> list[str]:
    amounts = (
        ("total_gross", event.total_gross),
        ("total_tax", event.total_tax),
        ("amount_due", event.amount_due),
    )
    _exact_amounts((amount for _path, amount in amounts), provider)
    _same_currency(amounts, event.total_gross.currency)
    return []


def _check_payment_settled(event: PaymentSettled, provider: str | None) -> list[str]:
    _exact_amounts((event.amount, event.applied, event.invoice_amount_due), provider)
    _same_currency([("invoice_amount_due", event.invoice_amount_due)], event.applied.currency)
    return []


def _check_payment_failed(event: PaymentFailed, provider: str | None) -> list[str]:
    _exact_amounts((event.amount,), provider)
    return []


# --- questions and their answers ------------------------------------------------------------------------


def _check_credit_query(query: CreditQuery, provider: str | None) -> list[str]:
    _exact_amounts((query.amount,), provider)
    if query.amount is not None and query.amount.value < _ZERO:
        raise _wrong_sign(query.amount.value, "amount.value")
    return []


def _check_invoice_query(query: InvoiceQuery, provider: str | None) -> list[str]:
    if (query.invoice_id is None) == (query.number is None):
        raise _violation("invoice_id", "exactly one of invoice_id and number is given")
    return []


def _check_amounts(document: Document, provider: str | None) -> list[str]:
    """Check every amount that stands directly in ``document``."""
    values = (getattr(document, name) for name in document.__struct_fields__)
    _exact_amounts((value for value in values if isinstance(value, Amount)), provider)
    return []


def _check_invoice_status(status: InvoiceStatus, provider: str | None) -> list[str]:
    if status.state == "paid" and status.payment is None:
        raise _violation("payment", "a payment of an invoice is named")
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
