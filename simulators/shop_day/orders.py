# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""The orders of the day, each with everything that happens to it, and the payouts days later."""

from __future__ import annotations

import dataclasses
from collections import Counter
from decimal import Decimal

from ..money import to_major, to_minor
from ..shopify.objects import gid
from ..shopify.state import PAYMENTS, Order
from .world import PAYPAL, SHOPS, STRIPE, DayWorld, Shop

# What happens to the order with this number, of every fifty; all others are paid and sent.
SPECIAL = {
    7: "sells_voucher",
    11: "uses_voucher",
    13: "cancelled",
    17: "part_back",
    23: "all_back",
    29: "part_back",
    33: "uses_voucher",
    37: "not_sent",
    41: "part_back",
    43: "on_account",
    47: "disputed",
}
EVERY = 50
GATEWAYS = (PAYMENTS, PAYPAL, STRIPE)
GATEWAY_SHARES = (60, 25, 15)
PAYOUT_DAY, ARRIVAL_DAY = 4, 5
BUYERS = ("Ada", "Bo", "Cleo", "Dan", "Eva", "Finn", "Gita", "Hugo")


@dataclasses.dataclass
class Told:
    """An order with what happened to it and what it must come to in the books."""

    shop: Shop
    order: Order
    kind: str
    gateway: str
    sent: bool = False
    refunded: Decimal = Decimal(0)
    reference: str = ""

    @property
    def documents(self) -> Decimal:
        """Return what its invoices less its credit notes must come to."""
        return self.order.total - self.refunded if self.sent else Decimal(0)

    @property
    def receivable(self) -> Decimal:
        """Return what the customer owes in the end; negative = what was paid and is not handed over yet."""
        return self.documents - self.order.paid()


class Day:
    """Plays the day; ``told`` has every order with its outcome."""

    def __init__(self, world: DayWorld, orders: int):
        self.world, self.orders = world, orders
        self.told: list[Told] = []
        self.vouchers: Counter[str] = Counter()

    def play(self) -> None:
        """Let all orders happen."""
        for number in range(self.orders):
            self._order(number)

    def _order(self, number: int) -> None:
        chance = self.world.chance
        shop = chance.choices(SHOPS, [each.share for each in SHOPS])[0]
        gateway = chance.choices(GATEWAYS, GATEWAY_SHARES)[0]
        kind = SPECIAL.get(number % EVERY, "plain")
        if kind == "disputed":
            gateway = GATEWAYS[number // EVERY % len(GATEWAYS)]
        told = Told(shop, self._place(shop, kind, number), kind, gateway)
        self.told.append(told)
        if kind == "uses_voucher":
            self._use_voucher(told)
        if kind != "on_account":
            self._pay(told)
        if kind == "cancelled":
            self._cancel(told)
        elif kind != "not_sent":
            self._act(told, "fulfil")
            told.sent = True
        if kind in ("part_back", "all_back"):
            self._give_back(told)
        if kind == "disputed":
            self._dispute(told)

    def _act(self, told: Told, action: str, *arguments, **facts):
        shop = self.world.shops[told.shop.key]
        return self.world.happens(lambda: getattr(shop, action)(told.order, *arguments, **facts))

    # -- ordering ----------------------------------------------------------------------------------------------

    def _place(self, shop: Shop, kind: str, number: int) -> Order:
        world, chance = self.world, self.world.chance
        name = BUYERS[number % len(BUYERS)]
        facts = {
            "rate": shop.rate,
            "included": shop.included,
            "country": shop.country,
            "buyer": (
                name,
                f"Day-{shop.country}",
                f"{name.lower()}@{name.lower()}-{shop.country.lower()}.example",
            ),
        }
        if kind == "sells_voucher":
            self.vouchers[shop.key] += Decimal(shop.voucher)
            goods = [("Gift card", 1, shop.voucher)]
            facts["gift_card"] = True
        else:
            chosen = chance.sample(shop.goods, chance.randint(1, 3))
            goods = [(title, chance.randint(1, 3), price) for title, price in chosen]
            if kind == "part_back":
                goods[0] = (goods[0][0], 3, goods[0][2])
            plain = kind == "cancelled"
            if chance.random() < 0.7 and not plain:
                facts["shipping"] = shop.shipping
            if chance.random() < 0.2:
                facts["discount"] = self._rounded(shop, Decimal(goods[0][2]) * goods[0][1] / 10)
            if chance.random() < 0.08 and not plain:
                facts["tip"] = self._rounded(shop, Decimal(shop.shipping) / 2)
        return world.happens(lambda: world.shops[shop.key].place(goods, **facts))

    def _rounded(self, shop: Shop, amount: Decimal) -> str:
        return self.world.shops[shop.key].written(amount)

    # -- money -------------------------------------------------------------------------------------------------

    def _use_voucher(self, told: Told) -> None:
        """Pay a part with gift cards that were sold before."""
        amount = min(Decimal(self.vouchers[told.shop.key]), Decimal(told.shop.voucher))
        amount = min(amount, Decimal(self._rounded(told.shop, told.order.total / 2)))
        if amount > 0:
            self.vouchers[told.shop.key] -= amount
            self._act(told, "pay", "gift_card", str(amount))

    def _pay(self, told: Told) -> None:
        world, order, currency = self.world, told.order, told.shop.currency
        amount = order.total - order.paid()
        if told.gateway == PAYPAL:
            made = world.happens(
                lambda: world.paypal.capture(self._rounded(told.shop, amount), currency, invoice=order.name)
            )
        elif told.gateway == STRIPE:
            minor = to_minor(amount.normalize(), currency)
            facts = {"email": order.buyer["email"], "name": order.buyer["first_name"]}
            made = world.happens(
                lambda: world.stripe.charge(
                    minor, currency.lower(), settled=True, metadata={"order_id": order.name}, **facts
                )
            )
        else:
            self._act(told, "pay")
            return
        told.reference = made["id"]
        self._act(told, "pay", told.gateway, authorization=made["id"])

    def _refund(self, told: Told, quantities: dict[int, int], **facts) -> None:
        made = self._act(told, "refund", quantities, gateway=told.gateway, **facts)
        amount = made["transactions"][0]["amount"]
        told.refunded += amount
        if told.gateway == PAYPAL:
            text = self._rounded(told.shop, amount)
            self.world.happens(lambda: self.world.paypal.refund(told.reference, text))
        elif told.gateway == STRIPE:
            minor = to_minor(amount.normalize(), told.shop.currency)
            self.world.happens(
                lambda: self.world.stripe.refund(
                    told.reference, minor, metadata={"order_id": told.order.name}
                )
            )

    def _give_back(self, told: Told) -> None:
        goods = [item for item in told.order.items if item.kind == "item"]
        shipped = any(item.kind == "shipping" for item in told.order.items)
        if told.kind == "part_back":
            self._refund(told, {goods[0].id: 1})
        else:
            whole = {item.id: item.quantity for item in goods}
            self._refund(told, whole, shipping=told.shop.shipping if shipped else "0")

    def _cancel(self, told: Told) -> None:
        """What was paid goes back; nothing was handed over, so the documents come to nothing."""
        self._act(told, "cancel")
        self._refund(told, {item.id: item.quantity for item in told.order.items}, restock="cancel")

    def _dispute(self, told: Told) -> None:
        world = self.world
        if told.gateway == PAYPAL:
            world.happens(lambda: world.paypal.dispute(told.reference))
            system = PAYPAL
        elif told.gateway == STRIPE:
            world.happens(lambda: world.stripe.open_dispute(told.reference))
            system = STRIPE
        else:
            self._act(told, "dispute", won=False)
            # The balance tells the money and no more: what is asked for stands at Shopify.
            world.expects("disputed", told.shop.key, "", told.order.name)
            return
        world.expects("disputed", system, "dispute_opened", told.order.name)

    # -- to the bank -------------------------------------------------------------------------------------------

    def pay_out(self) -> None:
        """Let every provider send to the bank what it holds and may send."""
        world = self.world
        for shop in SHOPS:
            held = world.shops[shop.key].balance()
            if held > 0:
                line = world.happens(world.shops[shop.key].pay_out)
                self._arrives(
                    shop.key, gid("ShopifyPaymentsBalanceTransaction", line["id"]), held, shop.currency
                )
            currency = shop.currency
            held = world.paypal.balance(currency)
            if held > 0:
                text = self._rounded(shop, held)
                line = world.happens(
                    lambda text=text, currency=currency: world.paypal.withdraw(text, currency)
                )
                self._arrives(PAYPAL, line.id, held, currency)
            if world.stripe.ledger.available(currency.lower(), world.clock.timestamp) > 0:
                made = world.happens(lambda currency=currency: world.stripe.pay_out(currency.lower()))
                world.happens(lambda made=made: world.stripe.complete_payout(made["id"]))
                self._arrives(STRIPE, made["id"], to_major(made["amount"], currency), currency)

    def _arrives(self, system: str, payout_id: str, amount: Decimal, currency: str) -> None:
        self.world.arrivals.append((system, payout_id, amount, currency, ARRIVAL_DAY))
