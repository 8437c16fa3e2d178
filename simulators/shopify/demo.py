# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""The shop in the demo: some orders of the month, told by webhooks; one of them only the list of orders tells."""

from __future__ import annotations

import secrets
from collections import Counter
from collections.abc import Callable
from datetime import date, datetime, time, timezone

from ..clock import SimulatedClock
from ..local_server import LocalServer, Reply, Request
from ..odoo_setup import Odoo, SetupError, configure, connection
from ..sending import Sender, SendingPolicy
from .api import ShopifyApi
from .signing import ShopifySigner
from .state import ShopifyShop

XMLID = "demo_connection_shopify"
SHOP = "demo.myshopify.com"
RATE = "0.15"
# The order that no webhook tells.
MISSED = "#1006"


def play_month(seed: object, month: date) -> ShopifyShop:
    """Let a month happen: paid before and after, sent in two parts, a voucher, an edit, refunds, a cancellation."""
    clock = SimulatedClock(datetime.combine(month, time(15), timezone.utc))
    shop = ShopifyShop(seed, clock, SHOP)

    def later(days: int) -> None:
        clock.advance(days=days)

    whole = shop.place([("Coffee cup", 2, "24.00")], rate=RATE, shipping="5.00")
    shop.pay(whole)
    later(1)
    shop.fulfil(whole)
    parts = shop.place([("Teapot", 3, "33.35")], rate=RATE, shipping="5.00", discount="10.00", tip="2.00")
    shop.pay(parts)
    later(1)
    shop.fulfil(parts, {parts.items[0].id: 1})
    voucher = shop.place([("Gift card", 1, "50.00")], rate=RATE, gift_card=True)
    shop.pay(voucher)
    shop.fulfil(voucher)
    later(2)
    shop.fulfil(parts)
    used = shop.place([("Plate", 4, "15.00")], rate=RATE)
    shop.pay(used, "gift_card", "50.00")
    shop.pay(used)
    shop.fulfil(used)
    shop.add_shipping(used, "4.00", RATE)
    later(2)
    shop.refund(parts, {parts.items[0].id: 1}, kept="1.00")
    gone = shop.place([("Tray", 1, "80.00")], rate=RATE)
    shop.pay(gone)
    shop.cancel(gone)
    shop.refund(gone, {gone.items[0].id: 1}, restock="cancel")
    later(2)
    missed = shop.place([("Jug", 1, "40.00")], rate=RATE)
    shop.pay(missed)
    shop.fulfil(missed)
    cash = shop.place([("Bowl", 2, "12.00")], rate=RATE)
    shop.fulfil(cash)
    later(5)
    shop.pay_out()
    return shop


class ShopServer:
    """Answers the hub's questions about the shop."""

    def __init__(self, api: ShopifyApi):
        self.api = api

    def listen(self, port: int = 0) -> LocalServer:
        """Return the server, ready to be run, on ``port`` of 127.0.0.1 (0 = any free one)."""
        return LocalServer(self.answer, port)

    def answer(self, request: Request) -> Reply:
        """Answer one request."""
        return Reply(*self.api.handle(request.method, request.path, request.headers, request.body))


def play(
    odoo: Odoo, seed: object, month: date, serve: Callable[[LocalServer], str], say: Callable[[str], None]
) -> bool:
    """Set the shop's connection up and tell its month; False = the database knows no shop, and nothing is done.

    :param serve: runs a server and returns its address.
    """
    try:
        found = connection(odoo, XMLID)
    except SetupError:
        return False
    shop = play_month(seed, month)
    # The hub must be able to name an address on this machine, which no real shop would take.
    api = ShopifyApi(shop, "shpat_" + secrets.token_hex(16), any_address=True)
    secret = "shpss_" + secrets.token_hex(16)
    url = serve(ShopServer(api).listen())
    configure(odoo, found, {"inbound_signature": secret, "api": api.token}, api_base_url=url)
    policy = SendingPolicy(duplicate_percent=20, reorder_window=2)
    sender = Sender(found.inbound_url, ShopifySigner(secret, SHOP), policy)
    events = [event for event in shop.events if not _is_of(shop, event.body)]
    counts = Counter("taken" if answer.good else "not taken" for answer in sender.deliver_all(events))
    say(f"The shop {SHOP} has told {counts['taken']} events, some twice and out of order")
    if counts["not taken"]:
        say(f"{counts['not taken']} events of the shop were not taken")
    say(f"Order {MISSED} comes with the list of orders alone")
    return True


def _is_of(shop: ShopifyShop, body: bytes) -> bool:
    missed = next(order for order in shop.orders.values() if order.name == MISSED)
    return str(missed.id).encode() in body
