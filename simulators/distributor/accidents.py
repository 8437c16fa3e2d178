# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Everything that goes wrong between systems, once each, in the first five days; what must come of it is noted.

The key of each accident is the one of the table in simulators/README.md. Where an outside system would never do such a
thing, its event is altered on the way, as a forger or a faulty program would.
"""

from __future__ import annotations

import copy
import dataclasses
from collections.abc import Callable
from decimal import Decimal

from .. import wire
from ..ids import token
from ..partner.documents import as_event as partner_event
from ..paypal.signing import forged_event
from ..sending import Event
from ..stripe.webhook import as_event as stripe_event
from .month import CUSTOMERS, Business
from .world import EU_STRIPE, PARTNER, PAYPAL, SHOP, US_STRIPE, World

LAST_DAY = 5


class Accidents:
    """The accidents; ``of_day`` lets those of one day happen."""

    def __init__(self, world: World, business: Business):
        self.world, self.business = world, business
        self._days: dict[int, tuple[Callable[[], None], ...]] = {
            0: (self.locked_period,),
            1: (self.before_parents, self.edited_after_invoice_begins),
            2: (self.edited_after_invoice, self.unknown_gateway, self.unknown_tax, self.test_event,
                self.unknown_currency, self.does_not_add_up, self.used_id, self.forged_signature),
            3: (self.forged_amount, self.unknown_tax_leaves, self.refund_above_sale, self.refund_in_full),
            4: (self.dispute_after_refund,),
            5: (self.payout_comes_back,),
        }  # fmt: skip
        self._orders: dict[str, object] = {}

    def of_day(self, day: int) -> None:
        """Let the accidents of a day happen."""
        for accident in self._days.get(day, ()):
            accident()

    # -- time and order ------------------------------------------------------------------------------------------

    def locked_period(self) -> None:
        """The day before the month is locked when its money and its fulfilment are told."""
        order = self.business.order(0, late_days=1)
        self.business.pay_by_card(order, late_days=1)
        self.business.send(order, late_days=1)
        for what in ("payment", "fee"):
            self.world.expects("locked-period", EU_STRIPE, "late_movement", f"{order.name} {what}")
        self.world.expects("locked-period", SHOP, "late_document", order.name)

    def before_parents(self) -> None:
        """A fulfilment and a payment come before their order, a payment before its invoice."""
        world, business = self.world, self.business
        begin = len(world.deliveries)
        order = business.order(101)
        business.pay_by_card(order)
        business.send(order)
        for place in range(begin, len(world.deliveries)):
            if world.deliveries[place].event.type.startswith("orders/"):
                world.deliveries[place] = dataclasses.replace(world.deliveries[place], last=True)
        world.expects("before-parent", SHOP, "", order.name)
        number, gross = business.invoice(CUSTOMERS[2], "480.00", last=True)
        business.pay_invoice(number, gross, CUSTOMERS[2])
        world.expects("before-parent", US_STRIPE, "", number)

    # -- what nobody knows ---------------------------------------------------------------------------------------

    def unknown_gateway(self) -> None:
        """A buyer pays by a gateway whose money no connection tells."""
        order = self.business.order(102)
        self.world.happens(lambda: self.world.shop.pay(order, "Klarna"))
        self.world.expects("unknown-gateway", SHOP, "gateway_not_covered", order.name)

    def unknown_tax(self) -> None:
        """An order has a rate of tax that nobody has mapped; it is paid."""
        order = self._orders["tax"] = self.business.order(103, rate="0.07")
        self.business.pay_by_paypal(order)

    def unknown_tax_leaves(self) -> None:
        """… and is handed over: now revenue would be booked."""
        order = self._orders["tax"]
        if not order.fulfilments:
            self.business.send(order)
        self.world.expects("unknown-tax", SHOP, "mapping_missing", order.name)

    def unknown_currency(self) -> None:
        """Stripe's event names a currency that does not exist."""
        told = self._last(US_STRIPE, "charge.succeeded")
        self._alter(told, "currency", lambda event: event["data"]["object"].update(currency="xxq"))
        self.world.expects("unknown-currency", US_STRIPE, "unknown_currency")

    # -- what is not ours ----------------------------------------------------------------------------------------

    def test_event(self) -> None:
        """An event of the other mode comes to this connection."""
        told = self._last(US_STRIPE, "charge.succeeded")

        def other_mode(event: dict) -> None:
            event["livemode"] = event["data"]["object"]["livemode"] = not event["livemode"]

        self._alter(told, "mode", other_mode)
        self.world.expects("test-event", US_STRIPE, "wrong_environment")

    def forged_signature(self) -> None:
        """An event is signed with a secret that is nobody's: it is not even taken."""
        told = self._last(US_STRIPE, "charge.succeeded")
        self.world.adds(US_STRIPE, self._altered(told, "forged", lambda _event: None), forged=True)
        self.world.expects("forged-signature", US_STRIPE, "signature_invalid")

    def forged_amount(self) -> None:
        """An amount is changed on the way so that PayPal's signature still holds: it covers a checksum alone."""
        business, world = self.business, self.world
        order = business.order(104)
        amount = order.total
        capture = world.happens(lambda: world.paypal.capture(str(amount), "EUR", invoice=order.name))
        world.happens(lambda: world.shop.pay(order, "paypal", authorization=capture["id"]))
        # What PayPal sent never arrives; the forger's version does, under PayPal's signature.
        place = next(
            place
            for place in reversed(range(len(world.deliveries)))
            if world.deliveries[place].system == PAYPAL
            and capture["id"].encode() in world.deliveries[place].event.body
        )
        genuine = world.deliveries.pop(place).event
        body = forged_event(genuine.body, str(amount).encode(), b"9999.00")
        world.adds(PAYPAL, Event(genuine.id, genuine.type, body), instead_of=genuine)
        world.expects("forged-amount", PAYPAL, "refetch_differs", order.name)

    # -- what contradicts itself ---------------------------------------------------------------------------------

    def does_not_add_up(self) -> None:
        """An invoice states a total that is not the sum of its lines; no number is used up by it."""
        document, gross = self.business.invoice_document("NA-BAD-1", CUSTOMERS[0], "100.00", "USD")
        document["total_gross"] = str(gross + Decimal("0.01"))
        self.world.tells("invoice.issued", document)
        self.world.expects("does-not-add-up", PARTNER, "totals_do_not_add_up", "NA-BAD-1")

    def used_id(self) -> None:
        """An id that was used already comes with another content."""
        number = self.business.next_number()
        document, _gross = self.business.invoice_document(number, CUSTOMERS[2], "75.00", "USD")
        first = self.world.tells("invoice.issued", document)
        other, _gross = self.business.invoice_document(number, CUSTOMERS[2], "750.00", "USD")
        event = partner_event(self.world.seed, "invoice.issued", other)
        self.world.adds(PARTNER, Event(first.id, first.type, event.body), last=True)
        self.world.expects("used-id", PARTNER, "event_id_conflict", number)

    def edited_after_invoice_begins(self) -> None:
        """An order is paid and leaves."""
        order = self._orders["edited"] = self.business.order(105)
        self.business.pay_by_card(order)
        self.business.send(order)

    def edited_after_invoice(self) -> None:
        """… and is edited when it is invoiced: a charge more, which nobody has paid yet."""
        order = self._orders["edited"]
        self.world.happens(lambda: self.world.shop.add_shipping(order, "6.00", "0.15"))
        self.world.expects("edited-after-invoice", SHOP, "", order.name)

    def refund_above_sale(self) -> None:
        """A refund takes back more pieces than were sold."""
        world, order = self.world, self._orders["edited"]
        item = order.items[0]
        number = 5_900_000_001
        at = world.clock.now.isoformat(timespec="seconds")
        net, tax = str(item.price * 3), str((item.price * 3 * Decimal("0.15")).quantize(Decimal("0.01")))
        body = {
            "id": number, "order_id": order.id, "created_at": at, "processed_at": at, "note": None,
            "refund_line_items": [
                {"id": number * 10, "line_item_id": item.id, "quantity": 3, "restock_type": "return",
                 "subtotal": net, "total_tax": tax}
            ],
            "order_adjustments": [], "transactions": [],
        }  # fmt: skip
        world.adds(SHOP, Event(token(world.seed, number), "refunds/create", wire.compact(body)))
        world.expects("refund-above-sale", SHOP, "refund_exceeds_order", order.name)

    # -- money that comes back -----------------------------------------------------------------------------------

    def refund_in_full(self) -> None:
        """An order is sent, comes back whole, and is paid back."""
        order = self._orders["back"] = self.business.order(106, quantity=1)
        self.business.pay_by_card(order)
        self.business.send(order)
        shop, stripe = self.world.shop, self.world.stripes[EU_STRIPE]
        item = order.items[0]
        self.world.happens(lambda: shop.refund(order, {item.id: 1}, shipping="4.90", gateway="stripe"))
        charge = self.business.charges[order.name]
        self.world.happens(lambda: stripe.refund(charge, metadata={"order_id": order.name}))

    def dispute_after_refund(self) -> None:
        """… and the buyer disputes the payment as well: the money leaves a second time."""
        charge = self.business.charges[self._orders["back"].name]
        stripe = self.world.stripes[EU_STRIPE]
        amount = stripe.charges[charge]["amount"]
        self.world.happens(lambda: stripe.open_dispute(charge, amount))
        self.world.expects("dispute-after-refund", EU_STRIPE, "dispute_opened", charge)
        self.world.expects("dispute-after-refund", EU_STRIPE, "dispute_after_refund", charge)

    def payout_comes_back(self) -> None:
        """A payout fails after its bank line was matched; the bank's second line is still to come."""
        payout_id = next(
            payout_id
            for system, payout_id, _amount, currency, _day in self.world.arrivals
            if (system, currency) == (US_STRIPE, "USD")
        )
        stripe = self.world.stripes[US_STRIPE]
        self.world.happens(lambda: stripe.fail_payout(payout_id))
        self.world.on_the_way.add(payout_id)
        self.world.expects("payout-comes-back", US_STRIPE, "payout_came_back", payout_id)

    # -- altering ------------------------------------------------------------------------------------------------

    def _last(self, system: str, event_type: str) -> dict:
        account = self.world.stripes[system]
        return next(told for told in reversed(account.events) if told["type"] == event_type)

    def _alter(self, told: dict, why: str, change: Callable[[dict], None]) -> None:
        self.world.adds(US_STRIPE, self._altered(told, why, change))

    def _altered(self, told: dict, why: str, change: Callable[[dict], None]) -> Event:
        """Return a changed copy of an event of Stripe, with ids of its own."""
        event = copy.deepcopy(told)
        thing = event["data"]["object"]
        names = {
            event["id"]: f"evt_{token(self.world.seed, why)}",
            thing["id"]: f"ch_{token(self.world.seed, why)}",
        }
        text = wire.compact(event).decode()
        for old, new in names.items():
            text = text.replace(old, new)
        event = wire.parse(text.encode())
        event["data"]["object"]["balance_transaction"] = None
        change(event)
        return stripe_event(event)
