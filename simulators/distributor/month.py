# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""The distributor's everyday business: orders of the shop in euros, invoices in dollars and yen, payouts each week."""

from __future__ import annotations

from decimal import Decimal

from ..money import to_major, to_minor
from ..partner import documents
from ..partner.documents import Line, Party
from ..shopify.state import Order
from .world import EU_STRIPE, PAYPAL, US_STRIPE, World

RATE = "0.15"
GOODS = (
    ("Ceramic mug", "18.50"),
    ("Linen apron", "39.00"),
    ("Oak board", "64.90"),
    ("Steel kettle", "82.00"),
)
BUYERS = (
    ("Mara", "Lind", "mara@lind.example"),
    ("Jonas", "Weber", "jonas@weber.example"),
    ("Ida", "Holm", "ida@holm.example"),
)
CUSTOMERS = (
    Party("D-100", "Harbor Kitchens", "ap@harbor.example", "Portland", "US"),
    Party("D-200", "Sakura Trading", "keiri@sakura.example", "Osaka", "JP", "1-1 Umeda", "5300001"),
    Party("D-300", "Mesa Hotels", "books@mesa.example", "Mesa", "US"),
)
PAYOUT_DAYS = (4, 11, 18, 25)
ARRIVES_AFTER_DAYS = 1


class Business:
    """Everyday acts. Each is one thing that happens; the accidents are made of the same acts."""

    def __init__(self, world: World):
        self.world = world
        self.orders: list[Order] = []
        self.charges: dict[str, str] = {}
        self.captures: dict[str, str] = {}
        self._invoices = 0

    # -- the shop in Europe ----------------------------------------------------------------------------------------

    def order(self, number: int, *, rate: str = RATE, quantity: int = 2, **how) -> Order:
        """Let a customer order."""
        world = self.world
        title, price = GOODS[number % len(GOODS)]
        made = world.happens(
            lambda: world.shop.place(
                [(title, quantity, price)],
                rate=rate,
                shipping="4.90",
                country="DE",
                buyer=BUYERS[number % len(BUYERS)],
            ),
            **how,
        )
        self.orders.append(made)
        return made

    def pay_by_card(self, order: Order, **how) -> str:
        """Let Stripe take the order's money; returns the charge's id."""
        world, stripe = self.world, self.world.stripes[EU_STRIPE]
        amount = to_minor(order.total - order.paid(), "eur")
        charge = world.happens(
            lambda: stripe.charge(
                amount, "eur", settled=True, email=order.buyer["email"], name=order.buyer["first_name"],
                metadata={"order_id": order.name},
            ),
            **how,
        )  # fmt: skip
        world.happens(lambda: world.shop.pay(order, "stripe", authorization=charge["id"]), **how)
        self.charges[order.name] = charge["id"]
        return charge["id"]

    def pay_by_paypal(self, order: Order, **how) -> str:
        """Let PayPal take the order's money; returns the capture's id."""
        world = self.world
        amount = order.total - order.paid()
        capture = world.happens(lambda: world.paypal.capture(str(amount), "EUR", invoice=order.name), **how)
        world.happens(lambda: world.shop.pay(order, "paypal", authorization=capture["id"]), **how)
        self.captures[order.name] = capture["id"]
        return capture["id"]

    def send(self, order: Order, **how) -> None:
        """Let everything that is left of an order leave the warehouse."""
        self.world.happens(lambda: self.world.shop.fulfil(order), **how)

    def give_back(self, order: Order, quantity: int, **how) -> None:
        """Take goods back and send the money back by card, in the shop and at Stripe."""
        world, stripe = self.world, self.world.stripes[EU_STRIPE]
        item = order.items[0]
        made = world.happens(lambda: world.shop.refund(order, {item.id: quantity}, gateway="stripe"), **how)
        amount = to_minor(made["transactions"][0]["amount"], "eur")
        world.happens(
            lambda: stripe.refund(self.charges[order.name], amount, metadata={"order_id": order.name}), **how
        )

    # -- invoices in America ---------------------------------------------------------------------------------------

    def invoice(self, party: Party, amount: str, currency: str = "USD", **how) -> tuple[str, Decimal]:
        """Let the partner issue an invoice; returns its number and total."""
        number = self.next_number()
        document, gross = self.invoice_document(number, party, amount, currency)
        self.world.tells("invoice.issued", document, **how)
        return number, gross

    def next_number(self) -> str:
        """Return the partner's next number; the series has no gaps."""
        self._invoices += 1
        return f"NA-{self.world.month:%Y%m}-{self._invoices:04d}"

    def invoice_document(self, number: str, party: Party, amount: str, currency: str) -> tuple[dict, Decimal]:
        """Return an invoice as the partner writes it, and its total; yen have no decimals."""
        lines = [Line("Table ware", Decimal(1), Decimal(amount))]
        today = self.world.clock.now
        document = documents.invoice(number, party, lines, today, due_date=today.date(), currency=currency)
        gross = documents.totals(lines).gross
        if currency == "JPY":
            document, gross = _whole(document), gross.quantize(Decimal(1))
        return document, gross

    def pay_invoice(self, number: str, gross: Decimal, party: Party, currency: str = "USD", **how) -> str:
        """Let a customer pay an invoice by card; returns the charge's id."""
        stripe = self.world.stripes[US_STRIPE]
        charge = self.world.happens(
            lambda: stripe.charge(
                to_minor(gross, currency), currency.lower(), settled=True, email=party.email, name=party.name,
                metadata={"invoice_number": number},
            ),
            **how,
        )  # fmt: skip
        return charge["id"]

    # -- money to the bank -----------------------------------------------------------------------------------------

    def pay_out(self) -> None:
        """Let each provider send to the bank what it holds."""
        world = self.world
        for name, currency in ((EU_STRIPE, "eur"), (US_STRIPE, "usd"), (US_STRIPE, "jpy")):
            stripe = world.stripes[name]
            if stripe.ledger.available(currency, world.clock.timestamp) <= 0:
                continue
            payout = world.happens(lambda stripe=stripe, currency=currency: stripe.pay_out(currency))
            world.happens(lambda stripe=stripe, payout=payout: stripe.complete_payout(payout["id"]))
            amount = to_major(payout["amount"], currency)
            self._arrives(name, payout["id"], amount, currency.upper())
        held = world.paypal.balance("EUR")
        if held > 0:
            line = world.happens(lambda: world.paypal.withdraw(str(held), "EUR"))
            self._arrives(PAYPAL, line.id, held, "EUR")

    def _arrives(self, system: str, payout_id: str, amount: Decimal, currency: str) -> None:
        self.world.arrivals.append((system, payout_id, amount, currency, self.world.day + ARRIVES_AFTER_DAYS))

    # -- a day -----------------------------------------------------------------------------------------------------

    def everyday(self, day: int) -> None:
        """Let an ordinary day happen: an order that leaves on the next day, an invoice that is paid on the next day."""
        world = self.world
        if day == 1:
            for party in CUSTOMERS:
                world.tells("customer.updated", documents.customer(party, world.clock.now))
        for order in [each for each in self.orders if each.at.date() < world.clock.now.date()]:
            if not order.fulfilments and not order.cancelled and order.paid() >= order.total:
                self.send(order)
        made = self.order(day)
        (self.pay_by_card if day % 2 else self.pay_by_paypal)(made)
        currency = "JPY" if day % 2 else "USD"
        party = CUSTOMERS[1] if currency == "JPY" else CUSTOMERS[0]
        amount = str(world.chance.randint(20, 90) * (1000 if currency == "JPY" else 25))
        number, gross = self.invoice(party, amount, currency)
        self.pay_invoice(number, gross, party, currency)
        if day in PAYOUT_DAYS:
            self.pay_out()


def _whole(document: dict) -> dict:
    """Return a document whose amounts are written without decimals, as an issuer in Japan writes them."""
    amounts = {"unit_price", "net_amount", "amount", "total_net", "total_tax", "total_gross"}

    def walk(value):
        if isinstance(value, dict):
            return {
                key: str(Decimal(each).quantize(Decimal(1))) if key in amounts else walk(each)
                for key, each in value.items()
            }
        return [walk(each) for each in value] if isinstance(value, list) else value

    return walk(document)
