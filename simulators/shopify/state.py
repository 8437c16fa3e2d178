# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""What one shop does: a model without I/O.

Every method does what Shopify would do at the clock's instant, writes the lines of the balance of Shopify Payments and
records the webhooks that Shopify would send. Amounts are decimals in the major unit of the shop's currency.

Sources: https://shopify.dev/docs/api/admin-rest/latest/resources/order (orders, lines, taxes, discounts),
…/resources/fulfillment, …/resources/refund, …/resources/transaction,
https://shopify.dev/docs/api/admin-graphql/latest/enums/ShopifyPaymentsTransactionType (lines of the balance).
"""

from __future__ import annotations

import dataclasses
import datetime as dt
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from .. import wire
from ..clock import Clock
from ..sending import Event
from . import shapes
from .disputes import Dispute
from .disputes import body_of as dispute_body
from .products import Product

ZERO = Decimal(0)
DECIMALS = {"JPY": 0, "KRW": 0, "KWD": 3, "BHD": 3}
FEE_RATE, FEE_FIXED = Decimal("0.029"), Decimal("0.30")
DISPUTE_FEE = Decimal("15.00")
PAYMENTS = "shopify_payments"


class RefusedError(Exception):
    """Shopify would refuse this."""


@dataclasses.dataclass
class Item:
    """A line: ``kind`` item, gift_card or shipping. ``tax`` and ``discount`` are for all of the quantity."""

    id: int
    title: str
    quantity: int
    price: Decimal
    tax: Decimal
    discount: Decimal = ZERO
    rate: Decimal = ZERO
    sku: str | None = None
    kind: str = "item"
    channel_liable: bool = False
    handed_over: int = 0
    removed: int = 0

    def gross(self, quantity: int, included: bool, decimals: int) -> tuple[Decimal, Decimal]:
        """Return (subtotal as Shopify states it, tax) of so many of them."""
        whole = self.price * self.quantity - self.discount
        part = (whole * quantity / self.quantity).quantize(Decimal(1).scaleb(-decimals), ROUND_HALF_UP)
        tax = (self.tax * quantity / self.quantity).quantize(Decimal(1).scaleb(-decimals), ROUND_HALF_UP)
        return part, tax


@dataclasses.dataclass
class Order:
    """An order as the shop knows it."""

    id: int
    name: str
    at: dt.datetime
    currency: str
    included: bool
    items: list[Item]
    country: str
    buyer: dict[str, Any] | None
    tip: Decimal = ZERO
    company: str | None = None
    test: bool = False
    channel: str = "web"
    updated: dt.datetime | None = None
    cancelled: dt.datetime | None = None
    gateways: list[str] = dataclasses.field(default_factory=list)
    fulfilments: list[dict[str, Any]] = dataclasses.field(default_factory=list)
    refunds: list[dict[str, Any]] = dataclasses.field(default_factory=list)
    transactions: list[dict[str, Any]] = dataclasses.field(default_factory=list)
    tags: list[str] = dataclasses.field(default_factory=list)

    @property
    def total(self) -> Decimal:
        """What the buyer pays."""
        lines = sum((item.price * item.quantity - item.discount for item in self.items), ZERO)
        taxes = ZERO if self.included else sum((item.tax for item in self.items), ZERO)
        return lines + taxes + self.tip

    def paid(self) -> Decimal:
        """What gateways took, less what they gave back."""
        total = ZERO
        for each in self.transactions:
            if each["status"] == "success" and each["kind"] in ("sale", "capture", "refund"):
                total += -each["amount"] if each["kind"] == "refund" else each["amount"]
        return total


class ShopifyShop:
    """The shop's life: orders, payments, fulfilments, refunds, edits, cancellations, payouts."""

    def __init__(
        self,
        seed: object,
        clock: Clock,
        shop: str = "anna.myshopify.com",
        currency: str = "USD",
        *,
        first_id: int = 5_000_000_000,
        first_number: int = 1000,
    ):
        """``first_id``: ids are the same nowhere at Shopify; several shops of one world begin apart."""
        self.clock, self.shop, self.currency = clock, shop, currency
        self.orders: dict[int, Order] = {}
        self.lines: list[dict[str, Any]] = []
        self.events: list[Event] = []
        self.subscriptions: dict[str, str] = {}
        self.products: dict[int, Product] = {}
        self.disputes: dict[int, Dispute] = {}
        self.taxes_included = False
        self.search_lags = False  # the search does not know yet what was written lately
        self._seed = seed
        self._count = first_id
        self._numbers = first_number

    @property
    def decimals(self) -> int:
        return DECIMALS.get(self.currency, 2)

    def _next(self) -> int:
        self._count += 1
        return self._count

    def written(self, amount: Decimal) -> str:
        """Return an amount as the REST API writes it."""
        return str(amount.quantize(Decimal(1).scaleb(-self.decimals), ROUND_HALF_UP))

    def balance(self) -> Decimal:
        """Return the balance of Shopify Payments."""
        return sum((line["amount"] - line["fee"] for line in self.lines if not line["test"]), ZERO)

    # -- orders ----------------------------------------------------------------------------------------------

    def place(
        self,
        items: list[tuple[str, int, str]],
        *,
        rate: str = "0.2",
        shipping: str | None = None,
        discount: str = "0",
        tip: str = "0",
        included: bool = False,
        gift_card: bool = False,
        country: str = "US",
        buyer: tuple[str, str, str] | None = ("Jo", "Buyer", "jo@buyer.example"),
        **facts: Any,
    ) -> Order:
        """Let somebody order: (title, quantity, price) per line, all at one rate of tax."""
        self._numbers += 1
        percent, made = Decimal(rate), []
        for index, (title, quantity, price) in enumerate(items):
            off = Decimal(discount) if index == 0 else ZERO
            made.append(
                self._item(
                    title, quantity, Decimal(price), off, percent, included=included, voucher=gift_card
                )
            )
        if shipping is not None:
            line = self._item("Standard", 1, Decimal(shipping), ZERO, percent, included=included)
            made.append(dataclasses.replace(line, kind="shipping"))
        who = dict(zip(("first_name", "last_name", "email"), buyer, strict=True)) if buyer else None
        if who:
            who["id"] = 7_000_000 + sum(who["email"].encode())
        order = Order(
            self._next(), f"#{self._numbers}", self.clock.now, self.currency, included, made, country, who,
            Decimal(tip), **facts,
        )  # fmt: skip
        self.orders[order.id] = order
        self._tell("orders/create", order)
        return order

    def _item(
        self,
        title: str,
        quantity: int,
        price: Decimal,
        off: Decimal,
        rate: Decimal,
        *,
        included: bool,
        voucher: bool = False,
    ) -> Item:
        base = price * quantity - off
        taxed = base - base / (1 + rate) if included else base * rate
        tax = ZERO if voucher else taxed.quantize(Decimal(1).scaleb(-self.decimals), ROUND_HALF_UP)
        kind = "gift_card" if voucher else "item"
        return Item(self._next(), title, quantity, price, tax, off, ZERO if voucher else rate, kind=kind)

    def pay(
        self, order: Order, gateway: str = PAYMENTS, amount: str | None = None, **facts: Any
    ) -> dict[str, Any]:
        """Let a gateway take money; what Shopify Payments takes is in its balance."""
        wanted = order.total - order.paid() if amount is None else Decimal(amount)
        if wanted <= 0:
            raise RefusedError(f"nothing of {order.name} is open")
        made = self._transaction(order, "sale", gateway, wanted, **facts)
        if gateway not in order.gateways:
            order.gateways.append(gateway)
        if gateway == PAYMENTS:
            fee = (wanted * FEE_RATE + FEE_FIXED).quantize(Decimal(1).scaleb(-self.decimals), ROUND_HALF_UP)
            self._line("CHARGE", wanted, fee, order, made["id"])
        self._tell("order_transactions/create", order, made)
        if order.paid() >= order.total:
            self._tell("orders/paid", order)
        return made

    def _transaction(
        self, order: Order, kind: str, gateway: str, amount: Decimal, **facts: Any
    ) -> dict[str, Any]:
        made = {
            "id": self._next(), "kind": kind, "gateway": gateway, "status": "success", "amount": amount,
            "at": self.clock.now, "authorization": None, "parent": None, **facts,
        }  # fmt: skip
        order.transactions.append(made)
        return made

    def cancel(self, order: Order) -> None:
        """Cancel an order; what is in the buyer's hands must come back first."""
        if any(item.handed_over > item.removed for item in order.items):
            raise RefusedError(f"{order.name} is handed over")
        order.cancelled = self.clock.now
        self._tell("orders/cancelled", order)

    def add_shipping(self, order: Order, price: str, rate: str = "0.2") -> None:
        """Edit an order: a further charge for shipping."""
        line = self._item("More shipping", 1, Decimal(price), ZERO, Decimal(rate), included=order.included)
        order.items.append(dataclasses.replace(line, kind="shipping"))
        self._tell("orders/updated", order)

    def changed(self, order: Order) -> None:
        """Tell that something of an order changed: its tags, a note."""
        self._tell("orders/updated", order)

    def stock(self, title: str, sku: str, price: str, handle: str = "", of: Product | None = None) -> Product:
        """Have a product in the shop, or a further variant ``of`` one."""
        number, parent = self._next() * 10, of.id if of else 0
        self.products[number] = Product(
            number, title, sku, Decimal(price), handle or f"made-{number}", parent=parent
        )
        return self.products[number]

    # -- handing over ----------------------------------------------------------------------------------------

    def fulfil(self, order: Order, quantities: dict[int, int] | None = None) -> dict[str, Any]:
        """Hand lines over: {line id: quantity}, None = everything that is left."""
        left = {
            item.id: item.quantity - max(item.handed_over, item.removed)
            for item in order.items
            if item.kind != "shipping"
        }
        wanted = (
            {each: number for each, number in left.items() if number} if quantities is None else quantities
        )
        if not wanted or any(number > left.get(each, 0) for each, number in wanted.items()):
            raise RefusedError(f"{order.name} has not so much left")
        for item in order.items:
            item.handed_over += wanted.get(item.id, 0)
        made = {
            "id": self._next(), "number": len(order.fulfilments) + 1, "status": "success", "at": self.clock.now,
            "updated": self.clock.now, "quantities": wanted,
        }  # fmt: skip
        order.fulfilments.append(made)
        self._tell("fulfillments/create", order, made)
        self._tell("orders/updated", order)
        return made

    def cancel_fulfilment(self, order: Order, made: dict[str, Any]) -> None:
        """Take a fulfilment back: it did not happen."""
        if made["status"] != "success":
            raise RefusedError("it is cancelled already")
        made.update(status="cancelled", updated=self.clock.now)
        for item in order.items:
            item.handed_over -= made["quantities"].get(item.id, 0)
        self._tell("fulfillments/update", order, made)

    # -- giving back -----------------------------------------------------------------------------------------

    def refund(
        self,
        order: Order,
        quantities: dict[int, int],
        *,
        restock: str = "return",
        shipping: str = "0",
        kept: str = "0",
        gateway: str = PAYMENTS,
    ) -> dict[str, Any]:
        """Take lines back and send the money; ``kept`` is less than what the lines come to."""
        lines, total = [], -Decimal(kept)
        for item in order.items:
            number = quantities.get(item.id, 0)
            if not number:
                continue
            if number > item.quantity - item.removed:
                raise RefusedError(f"{order.name} has not so much of {item.title}")
            item.removed += number
            part, tax = item.gross(number, order.included, self.decimals)
            total += part if order.included else part + tax
            lines.append(
                {"item": item.id, "quantity": number, "restock": restock, "subtotal": part, "tax": tax}
            )
        given = Decimal(shipping)
        shipped = next((item for item in order.items if item.kind == "shipping"), None)
        tax = ZERO
        if given and shipped:
            taxed = given - given / (1 + shipped.rate) if order.included else given * shipped.rate
            tax = taxed.quantize(Decimal(1).scaleb(-self.decimals), ROUND_HALF_UP)
            # The tax of an adjustment is stated beside it, also where prices include it.
            given = given - tax if order.included else given
        total += given + tax
        if not 0 < total <= order.paid():
            raise RefusedError(f"{total} of {order.name} cannot be sent back")
        made = {
            "id": self._next(), "at": self.clock.now, "lines": lines, "shipping": (given, tax), "kept": Decimal(kept),
            "transactions": [self._transaction(order, "refund", gateway, total)],
        }  # fmt: skip
        order.refunds.append(made)
        if gateway == PAYMENTS:
            self._line("REFUND", -total, ZERO, order, made["transactions"][0]["id"])
        self._tell("refunds/create", order, made)
        self._tell("order_transactions/create", order, made["transactions"][0])
        self._tell("orders/updated", order)
        return made

    # -- the balance of Shopify Payments ---------------------------------------------------------------------

    def pay_out(self) -> dict[str, Any]:
        """Send the balance to the bank."""
        amount = self.balance()
        if amount <= 0:
            raise RefusedError("there is nothing to pay out")
        return self._line("TRANSFER", -amount, ZERO, payout=self._next())

    def dispute(self, order: Order, won: bool) -> None:
        """Let a buyer dispute what Shopify Payments took, and decide it."""
        amount = order.paid()
        self._line("DISPUTE_WITHDRAWAL", -amount, DISPUTE_FEE, order)
        if won:
            self._line("DISPUTE_REVERSAL", amount, -DISPUTE_FEE, order)

    def open_dispute(
        self, order: Order, amount: str = "", *, inquiry: bool = False, days: int = 10
    ) -> Dispute:
        """Let a buyer's bank ask about what Shopify Payments took (or so much of it), or take it back."""
        kind = "inquiry" if inquiry else "chargeback"
        due = self.clock.now + dt.timedelta(days=days)
        disputed = Decimal(amount) if amount else order.paid()
        made = Dispute(self._next() * 10, order, disputed, kind, "fraudulent", self.clock.now, due)
        self.disputes[made.id] = made
        if not inquiry:
            self._line("DISPUTE_WITHDRAWAL", -made.amount, DISPUTE_FEE, order, source=made.id)
        self._tell_dispute("disputes/create", made)
        return made

    def take_evidence(self, dispute: Dispute) -> None:
        """Take what was handed in; it does not change any more."""
        dispute.status, dispute.sent = "under_review", self.clock.now
        dispute.submissions += 1
        self._tell_dispute("disputes/update", dispute)

    def escalate(self, dispute: Dispute, days: int = 10) -> None:
        """Let an inquiry turn into a chargeback: it keeps its id and its first day, and waits for an answer anew."""
        dispute.kind, dispute.status, dispute.sent = "chargeback", "needs_response", None
        dispute.due = self.clock.now + dt.timedelta(days=days)
        self._line("DISPUTE_WITHDRAWAL", -dispute.amount, DISPUTE_FEE, dispute.order, source=dispute.id)
        self._tell_dispute("disputes/update", dispute)

    def decide(self, dispute: Dispute, won: bool) -> None:
        """Let the bank decide."""
        dispute.status, dispute.finalized = "won" if won else "lost", self.clock.now
        if won and dispute.kind == "chargeback":
            self._line("DISPUTE_REVERSAL", dispute.amount, -DISPUTE_FEE, dispute.order, source=dispute.id)
        self._tell_dispute("disputes/update", dispute)

    def _tell_dispute(self, topic: str, dispute: Dispute) -> None:
        body = wire.compact(dispute_body(self, dispute))
        self.events.append(Event(id=f"{self._seed}-{len(self.events) + 1}", type=topic, body=body))

    def strange(self, amount: str, kind: str = "MARKETPLACE_FEE_CREDIT") -> dict[str, Any]:
        """Write a line of a kind that needs a person."""
        return self._line(kind, Decimal(amount), ZERO)

    def _line(
        self,
        kind: str,
        amount: Decimal,
        fee: Decimal,
        order: Order | None = None,
        transaction: int | None = None,
        payout: int | None = None,
        source: int | None = None,
    ) -> dict[str, Any]:
        made = {
            "id": self._next(), "kind": kind, "amount": amount, "fee": fee, "at": self.clock.now, "order": order,
            "transaction": transaction, "payout": payout, "test": bool(order and order.test), "source": source,
        }  # fmt: skip
        self.lines.append(made)
        return made

    # -- what is told ----------------------------------------------------------------------------------------

    def _tell(self, topic: str, order: Order, part: dict[str, Any] | None = None) -> None:
        order.updated = self.clock.now
        body = wire.compact(shapes.body_of(self, topic, order, part))
        self.events.append(Event(id=f"{self._seed}-{len(self.events) + 1}", type=topic, body=body))
