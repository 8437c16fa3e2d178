# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""The account as an HTTP server: Stripe's API under /v1, and what a person may do to it under /_sim.

Control addresses, all ``POST`` with a JSON object, answered with the object that changed:

=====================  =========================================================================
``/_sim/charge``       amount, currency, invoice_number, email, name, customer_id, description
``/_sim/settle``       charge
``/_sim/refund``       charge, amount
``/_sim/fail_refund``  refund
``/_sim/debit``        as charge
``/_sim/end_debit``    charge, success (true, false)
``/_sim/payout``       currency, amount
``/_sim/end_payout``   payout, success (true, false)
``/_sim/advance``      seconds: move the account's clock
=====================  =========================================================================
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from typing import Any

from ..local_server import LocalServer, Reply, Request, json_object, json_reply
from ..sending import Event, Sender
from .api import StripeApi
from .holdings import RefusedError
from .state import StripeAccount
from .webhook import as_event

MAX_ADVANCE_SECONDS = 366 * 86_400


class StripeServer:
    """Serves one account; what happens to it is delivered through ``sender`` where one is given."""

    def __init__(self, api: StripeApi, sender: Sender | None = None):
        self.api = api
        self.account: StripeAccount = api.account
        self.sender = sender
        # Re-entrant: a person's action holds it while the events that it caused are collected.
        self.lock = threading.RLock()

    def listen(self, port: int = 0) -> LocalServer:
        """Return the server, ready to be run, on ``port`` of 127.0.0.1 (0 = any free one)."""
        return LocalServer(self.answer, port)

    def answer(self, request: Request) -> Reply:
        """Answer one request."""
        if request.path.startswith("/_sim/"):
            return self._control(request)
        with self.lock:
            status, headers, body = self.api.handle(
                request.method, request.path, request.query, request.headers, request.body
            )
        return Reply(status, headers, body)

    def act(self, action: Callable[[StripeAccount], Any]) -> tuple[Any, list[Event]]:
        """Change the account and return the result with the events that this caused."""
        with self.lock:
            told = self.account.events_told
            result = action(self.account)
            new = self.account.events_told - told
            # From the end, because the oldest events may have been forgotten meanwhile.
            events = [as_event(self.account.events[place]) for place in range(-new, 0)]
        return result, events

    def _control(self, request: Request) -> Reply:
        name = request.path.removeprefix("/_sim/")
        if request.method == "GET" and name == "health":
            return json_reply(200, {"status": "ok", "events": len(self.account.events)})
        action = _ACTIONS.get(name)
        if request.method != "POST" or action is None:
            return json_reply(404, {"error": "unknown address", "known": sorted(_ACTIONS)})
        try:
            wish = json_object(request)
            result, events = self.act(lambda account: action(account, wish))
        except (RefusedError, ValueError, KeyError, TypeError) as reason:
            return json_reply(400, {"error": str(reason)})
        if self.sender:
            for event in events:
                self.sender.deliver(event)
        return json_reply(200, result)


def _facts(wish: Mapping[str, Any]) -> dict[str, Any]:
    number = wish.get("invoice_number")
    return {
        "customer_id": wish.get("customer_id"),
        "name": wish.get("name"),
        "email": wish.get("email"),
        "description": wish.get("description"),
        "metadata": {"invoice_number": str(number)} if number else {},
    }


def _whole(wish: Mapping[str, Any], name: str) -> int:
    value = wish[name]
    if not isinstance(value, int) or isinstance(value, bool):
        raise TypeError(f"{name} must be a whole number (smallest unit of the currency)")
    return value


def _optional(wish: Mapping[str, Any], name: str) -> int | None:
    return None if wish.get(name) is None else _whole(wish, name)


def _advance(account: StripeAccount, wish: Mapping[str, Any]) -> dict[str, str]:
    span = _whole(wish, "seconds")
    if not 0 <= span <= MAX_ADVANCE_SECONDS:
        raise ValueError(f"seconds must lie between 0 and {MAX_ADVANCE_SECONDS}")
    return {"now": account.clock.advance(seconds=span).isoformat()}


_ACTIONS: dict[str, Callable[[StripeAccount, Mapping[str, Any]], Any]] = {
    "charge": lambda account, wish: account.charge(
        _whole(wish, "amount"), wish.get("currency", "usd"), **_facts(wish)
    ),
    "settle": lambda account, wish: account.settle(wish["charge"]),
    "refund": lambda account, wish: account.refund(wish["charge"], _optional(wish, "amount")),
    "fail_refund": lambda account, wish: account.fail_refund(wish["refund"]),
    "debit": lambda account, wish: account.start_debit(
        _whole(wish, "amount"), wish.get("currency", "usd"), **_facts(wish)
    ),
    "end_debit": lambda account, wish: (account.complete_debit if wish["success"] else account.fail_debit)(
        wish["charge"]
    ),
    "payout": lambda account, wish: account.pay_out(wish.get("currency", "usd"), _optional(wish, "amount")),
    "end_payout": lambda account, wish: (account.complete_payout if wish["success"] else account.fail_payout)(
        wish["payout"]
    ),
    "advance": _advance,
}
