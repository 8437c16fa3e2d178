# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""The reading part of PayPal's REST API, as a function from request to answer.

Sources: https://developer.paypal.com/docs/api/payments/v2/, https://developer.paypal.com/docs/api/transaction-search/v1/.
"""

from __future__ import annotations

import datetime as dt
import hmac
from collections.abc import Mapping
from email.utils import format_datetime
from typing import NamedTuple
from urllib.parse import parse_qs, unquote

from .. import wire
from ..stripe.faults import FaultPlan
from .signing import CERTIFICATE_PATH, Authority
from .state import Line, PayPalAccount, Shape, money

MAX_PAGE_SIZE = 500
MAX_DAYS = 31


class Answer(NamedTuple):
    """What goes back over the wire."""

    status: int
    headers: dict[str, str]
    body: bytes


class PayPalApi:
    """Answers requests about one account; ``faults`` decides which go wrong."""

    def __init__(
        self,
        account: PayPalAccount,
        access_token: str,
        authority: Authority | None = None,
        faults: FaultPlan | None = None,
    ):
        self.account = account
        self.faults = faults or FaultPlan()
        self.asked: list[str] = []
        self._token = access_token
        self._authority = authority

    def handle(
        self, method: str, path: str, query: str = "", headers: Mapping[str, str] | None = None
    ) -> Answer:
        """Answer one request."""
        if path == CERTIFICATE_PATH and self._authority:
            return Answer(200, {}, self._authority.chain_pem)
        self.asked.append(path)
        given = {name.lower(): value for name, value in (headers or {}).items()}.get("authorization", "")
        if not hmac.compare_digest(given, f"Bearer {self._token}"):
            return self._answer(401, {"error": "invalid_token"})
        if fault := self.faults.next():
            more = (
                {"Retry-After": str(fault.retry_after_seconds)}
                if fault.retry_after_seconds is not None
                else {}
            )
            if fault.status != 200:
                return self._answer(fault.status, {"name": "INTERNAL_SERVICE_ERROR"}, more)
        if method != "GET":
            return self._answer(405, {"name": "METHOD_NOT_SUPPORTED"})
        return self._route(path, {name: values[0] for name, values in parse_qs(query).items()})

    def _route(self, path: str, query: Mapping[str, str]) -> Answer:
        folder, _slash, thing_id = path.removeprefix("/v2/payments/").partition("/")
        things = {"captures": self.account.captures, "refunds": self.account.refunds}.get(folder)
        if path.startswith("/v2/payments/") and things is not None:
            found = things.get(unquote(thing_id))
            if found is None:
                return self._answer(404, {"name": "RESOURCE_NOT_FOUND"})
            return self._answer(
                200, {name: value for name, value in found.items() if not name.startswith("_")}
            )
        if path == "/v1/reporting/balances":
            return self._balances(query)
        if path == "/v1/reporting/transactions":
            return self._transactions(query)
        return self._answer(404, {"name": "NOT_FOUND"})

    def _balances(self, query: Mapping[str, str]) -> Answer:
        until = None
        if "as_of_time" in query:
            until = dt.datetime.fromisoformat(query["as_of_time"].replace("Z", "+00:00"))
        account = self.account
        balances = []
        for each in sorted({line.currency for line in account.lines}):
            available, held = account.total(each, until), account.total(each, until, held=True)
            balances.append(
                {
                    "currency": each,
                    "total_balance": money(available + held, each),
                    "available_balance": money(available, each),
                    "withheld_balance": money(held, each),
                }
            )
        as_of = (until or account.clock.now).strftime("%Y-%m-%dT%H:%M:%SZ")
        return self._answer(
            200, {"balances": balances, "account_id": account.merchant_id, "as_of_time": as_of}
        )

    def _transactions(self, query: Mapping[str, str]) -> Answer:
        begin, end = (
            dt.datetime.fromisoformat(query[name].replace("Z", "+00:00"))
            for name in ("start_date", "end_date")
        )
        size, number = int(query.get("page_size", "100")), int(query.get("page", "1"))
        if not begin <= end <= begin + dt.timedelta(days=MAX_DAYS) or not 1 <= size <= MAX_PAGE_SIZE:
            return self._answer(400, {"name": "INVALID_REQUEST"})
        found = [line for line in self.account.lines if begin <= line.at <= end]
        pages = max(1, -(-len(found) // size))
        body = {
            "transaction_details": [_detail(line) for line in found[(number - 1) * size : number * size]],
            "account_number": self.account.merchant_id,
            "last_refreshed_datetime": self.account.clock.now.strftime("%Y-%m-%dT%H:%M:%S+0000"),
            "page": number,
            "total_items": len(found),
            "total_pages": pages,
        }
        return self._answer(200, body)

    def _answer(self, status: int, body: Shape, more: Mapping[str, str] | None = None) -> Answer:
        date = format_datetime(self.account.clock.now, usegmt=True)
        return Answer(
            status, {"Date": date, "Content-Type": "application/json", **(more or {})}, wire.compact(body)
        )


def _detail(line: Line) -> Shape:
    info = {
        "transaction_id": line.id,
        "transaction_event_code": line.code,
        "transaction_initiation_date": line.at.strftime("%Y-%m-%dT%H:%M:%S+0000"),
        "transaction_amount": money(line.gross, line.currency),
        "transaction_status": line.status,
    }
    if line.fee:
        info["fee_amount"] = money(line.fee, line.currency)
    if line.reference:
        info |= {"paypal_reference_id": line.reference, "paypal_reference_id_type": "TXN"}
    if line.invoice:
        info["invoice_id"] = line.invoice
    return {"transaction_info": info}
