# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""What one PayPal account does: a model without I/O.

Every method does what PayPal would do at the clock's instant, writes the ledger's lines and records the webhooks
that PayPal would send. Amounts are decimals in the major unit. Event names, resources and transaction event codes:
https://developer.paypal.com/api/rest/webhooks/event-names/, https://developer.paypal.com/docs/api/payments/v2/,
https://developer.paypal.com/docs/transaction-search/transaction-event-codes/.
"""

from __future__ import annotations

import copy
import dataclasses
import datetime as dt
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from .. import wire
from ..clock import Clock
from ..ids import token
from ..sending import Event

Shape = dict[str, Any]
DECIMALS = {"JPY": 0, "KWD": 3}
FEE_RATE, FEE_FIXED = Decimal("0.0349"), Decimal("0.49")
DISPUTE_FEE = Decimal("20.00")
HOLDS = frozenset({"T1110", "T1111", "T2103", "T2104"})


class RefusedError(Exception):
    """PayPal would refuse this."""


@dataclasses.dataclass(frozen=True)
class Line:
    """One line of the ledger; amounts signed as the balance sees them."""

    id: str
    code: str
    at: dt.datetime
    gross: Decimal
    currency: str
    fee: Decimal = Decimal(0)
    reference: str | None = None
    invoice: str | None = None
    status: str = "S"


def written(amount: Decimal, currency: str) -> str:
    """Return an amount as the API writes it: text with the decimals of its currency."""
    return str(amount.quantize(Decimal(1).scaleb(-DECIMALS.get(currency, 2)), rounding=ROUND_HALF_UP))


def money(amount: Decimal, currency: str) -> Shape:
    return {"currency_code": currency, "value": written(amount, currency)}


def stamp(at: dt.datetime) -> str:
    return at.astimezone(dt.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


class PayPalAccount:
    """The account's life: captures, refunds, reversals, disputes, holds, conversions, withdrawals."""

    def __init__(self, seed: object, clock: Clock, merchant_id: str = "MERCH1"):
        self.clock = clock
        self.merchant_id = merchant_id
        self.captures: dict[str, Shape] = {}
        self.refunds: dict[str, Shape] = {}
        self.disputes: dict[str, Shape] = {}
        self.lines: list[Line] = []
        self.events: list[Shape] = []
        self._seed = seed
        self._count = 0

    def _next(self, length: int = 17) -> str:
        self._count += 1
        return token(f"paypal/{self._seed}", self._count, length=length).upper()

    def balance(self, currency: str) -> Decimal:
        """Return the balance of one currency: everything that the ledger says."""
        return sum((line.gross + line.fee for line in self.lines if line.currency == currency), Decimal(0))

    def total(self, currency: str, until: dt.datetime | None = None, *, held: bool = False) -> Decimal:
        """Return what is available of one currency at an instant, or what is ``held`` back of it."""
        lines = [
            line for line in self.lines if line.currency == currency and (until is None or line.at <= until)
        ]
        if held:
            return -sum((line.gross for line in lines if line.code in HOLDS), Decimal(0))
        return sum((line.gross + line.fee for line in lines), Decimal(0))

    # -- payments --------------------------------------------------------------------------------------------

    def capture(
        self, amount: str, currency: str = "USD", *, invoice: str | None = None, pending: bool = False
    ) -> Shape:
        """Take a payment; a pending one (eCheck) is in no balance until ``clear``."""
        made = {
            "id": self._next(),
            "status": "PENDING" if pending else "COMPLETED",
            "amount": money(Decimal(amount), currency),
            "final_capture": True,
            "create_time": stamp(self.clock.now),
            "update_time": stamp(self.clock.now),
            **({"invoice_id": invoice} if invoice else {}),
            **({"status_details": {"reason": "ECHECK"}} if pending else {}),
        }
        self.captures[made["id"]] = made
        if not pending:
            self._credit(made)
        self._tell(f"PAYMENT.CAPTURE.{made['status']}", "capture", made)
        return copy.deepcopy(made)

    def clear(self, capture_id: str, success: bool = True) -> Shape:
        """Let a pending payment arrive, or be denied."""
        held = self._held(self.captures, capture_id)
        if held["status"] != "PENDING":
            raise RefusedError(f"{capture_id} is not pending")
        held["update_time"] = stamp(self.clock.now)
        held["status"] = "COMPLETED" if success else "DECLINED"
        if success:
            held.pop("status_details", None)
            self._credit(held)
        self._tell(f"PAYMENT.CAPTURE.{'COMPLETED' if success else 'DENIED'}", "capture", held)
        return copy.deepcopy(held)

    def _credit(self, capture: Shape) -> None:
        gross, currency = self._amount(capture)
        fee = (gross * FEE_RATE + FEE_FIXED).quantize(
            Decimal(1).scaleb(-DECIMALS.get(currency, 2)), ROUND_HALF_UP
        )
        capture["seller_receivable_breakdown"] = {
            "gross_amount": money(gross, currency),
            "paypal_fee": money(fee, currency),
            "net_amount": money(gross - fee, currency),
        }
        self._write(
            "T0006", gross, currency, line_id=capture["id"], fee=-fee, invoice=capture.get("invoice_id")
        )

    def refund(self, capture_id: str, amount: str | None = None) -> Shape:
        """Give back all or a part of a payment; the fee is kept."""
        return self._take_back(capture_id, amount, "REFUNDED", "T1107")

    def reverse(self, capture_id: str) -> Shape:
        """Let PayPal take a payment back."""
        return self._take_back(capture_id, None, "REVERSED", "T1106")

    def _take_back(self, capture_id: str, amount: str | None, word: str, code: str) -> Shape:
        held = self._held(self.captures, capture_id)
        gross, currency = self._amount(held)
        before = sum(
            Decimal(each["amount"]["value"])
            for each in self.refunds.values()
            if each["_capture"] == capture_id
        )
        wanted = gross - before if amount is None else Decimal(amount)
        if held["status"] not in ("COMPLETED", "PARTIALLY_REFUNDED") or not 0 < wanted <= gross - before:
            raise RefusedError(f"{wanted} of {capture_id} cannot be taken back")
        made = {
            "id": self._next(),
            "status": "COMPLETED",
            "amount": money(wanted, currency),
            "create_time": stamp(self.clock.now),
            "update_time": stamp(self.clock.now),
            "links": [
                {
                    "rel": "up",
                    "method": "GET",
                    "href": f"https://api.example/v2/payments/captures/{capture_id}",
                }
            ],
        }
        self.refunds[made["id"]] = {**made, "_capture": capture_id}
        held["status"] = "REFUNDED" if wanted + before == gross else "PARTIALLY_REFUNDED"
        held["update_time"] = stamp(self.clock.now)
        self._write(code, -wanted, currency, line_id=made["id"], reference=capture_id)
        self._tell(f"PAYMENT.CAPTURE.{word}", "refund", made)
        return copy.deepcopy(made)

    # -- disputes and holds ----------------------------------------------------------------------------------

    def dispute(self, capture_id: str) -> Shape:
        """Let a buyer dispute a payment: its money is held, no more."""
        gross, currency = self._amount(self._held(self.captures, capture_id))
        made = {
            "dispute_id": f"PP-D-{self._next(6)}",
            "status": "WAITING_FOR_SELLER_RESPONSE",
            "reason": "MERCHANDISE_OR_SERVICE_NOT_RECEIVED",
            "dispute_amount": money(gross, currency),
            "create_time": stamp(self.clock.now),
            "disputed_transactions": [{"seller_transaction_id": capture_id}],
        }
        self.disputes[made["dispute_id"]] = made
        self._write("T1110", -gross, currency, reference=capture_id)
        self._tell("CUSTOMER.DISPUTE.CREATED", "dispute", made)
        return copy.deepcopy(made)

    def resolve(self, dispute_id: str, won: bool) -> Shape:
        """Decide a dispute: the hold ends; a lost one takes the money and a fee."""
        held = self._held(self.disputes, dispute_id)
        capture_id = held["disputed_transactions"][0]["seller_transaction_id"]
        gross, currency = Decimal(held["dispute_amount"]["value"]), held["dispute_amount"]["currency_code"]
        outcome = "RESOLVED_SELLER_FAVOUR" if won else "RESOLVED_BUYER_FAVOUR"
        held.update(status="RESOLVED", dispute_outcome={"outcome_code": outcome})
        self._write("T1111", gross, currency, reference=capture_id)
        if not won:
            self._write("T1201", -gross, currency, reference=capture_id, fee=-DISPUTE_FEE)
        self._tell("CUSTOMER.DISPUTE.RESOLVED", "dispute", held)
        return copy.deepcopy(held)

    def reserve(self, amount: str, currency: str = "USD", release: bool = False) -> Line:
        """Hold money back, or give it free."""
        return self._write(
            "T2104" if release else "T2103", Decimal(amount) * (1 if release else -1), currency
        )

    # -- money that comes and goes ---------------------------------------------------------------------------

    def withdraw(self, amount: str, currency: str = "USD") -> Line:
        """Send money to the bank."""
        if Decimal(amount) > self.balance(currency):
            raise RefusedError("there is not so much")
        return self._write("T0400", -Decimal(amount), currency)

    def return_withdrawal(self, line: Line) -> Line:
        """Let the bank send a withdrawal back."""
        return self._write("T0401", -line.gross, line.currency, reference=line.id)

    def convert(self, given: str, currency: str, received: str, target: str) -> tuple[Line, Line]:
        """Exchange money: two lines that name each other."""
        first, second = self._next(), self._next()
        return (
            self._write("T0200", -Decimal(given), currency, line_id=first, reference=second),
            self._write("T0200", Decimal(received), target, line_id=second, reference=first),
        )

    def purchase(self, amount: str, currency: str = "USD", *, invoice: str | None = None) -> Line:
        """Pay somebody else from the balance."""
        if Decimal(amount) > self.balance(currency):
            raise RefusedError("there is not so much")
        return self._write("T0003", -Decimal(amount), currency, invoice=invoice)

    def strange(self, amount: str, currency: str = "USD", code: str = "T9700") -> Line:
        """Write a line of a code that nobody knows."""
        return self._write(code, Decimal(amount), currency)

    # -- inside ----------------------------------------------------------------------------------------------

    @staticmethod
    def _amount(thing: Shape) -> tuple[Decimal, str]:
        return Decimal(thing["amount"]["value"]), thing["amount"]["currency_code"]

    @staticmethod
    def _held(things: dict[str, Shape], thing_id: str) -> Shape:
        try:
            return things[thing_id]
        except KeyError:
            raise RefusedError(f"there is no {thing_id}") from None

    def _write(
        self, code: str, gross: Decimal, currency: str, *, line_id: str | None = None, **facts: Any
    ) -> Line:
        line = Line(line_id or self._next(), code, self.clock.now, gross, currency, **facts)
        self.lines.append(line)
        return line

    def _tell(self, event_type: str, resource_type: str, resource: Shape) -> None:
        self.events.append(
            {
                "id": f"WH-{self._next()}-{self._next()}",
                "event_version": "1.0",
                "create_time": stamp(self.clock.now),
                "resource_type": resource_type,
                "event_type": event_type,
                "summary": "A notification",
                "resource": copy.deepcopy(resource),
                "links": [],
            }
        )


def as_event(told: Shape) -> Event:
    """Return one of the account's events in the form in which it is delivered."""
    return Event(id=told["id"], type=told["event_type"], body=wire.compact(told))
