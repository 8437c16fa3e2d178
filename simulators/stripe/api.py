# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""The reading part of Stripe's REST API, as a function from request to answer.

Sources: https://docs.stripe.com/api (pagination, expanding, errors, authentication).
"""

from __future__ import annotations

import base64
import binascii
import hmac
import time
from collections.abc import Callable, Iterable, Mapping
from datetime import timedelta
from email.utils import format_datetime
from typing import NamedTuple
from urllib.parse import parse_qsl

from .. import wire
from ..ids import token
from . import billing, shapes
from .endpoints import WebhookEndpoints
from .faults import Fault, FaultPlan
from .holdings import RefusedError
from .ledger import LedgerLine
from .paging import DEFAULT_LIMIT, ApiError, field_of, page_of, whole_number
from .shapes import Shape
from .state import StripeAccount

REFUNDS_PATH = "/v1/refunds"
FILES_PATH = "/v1/files"
DISPUTES_PATH = "/v1/disputes/"
CUSTOMERS_PATH = "/v1/customers"
ENDPOINTS_PATH = "/v1/webhook_endpoints"
LISTS = ("balance_transactions", "customers", "events", "payouts", "invoices", "credit_notes")
# The simulated clock stands still between two movements; an answer is never given in the same second.
ANSWERED_AFTER = timedelta(seconds=2)
MAX_EXPAND_DEPTH = 4
BOUNDS = {
    "created[gte]": lambda created, bound: created >= bound,
    "created[gt]": lambda created, bound: created > bound,
    "created[lte]": lambda created, bound: created <= bound,
    "created[lt]": lambda created, bound: created < bound,
    "created": lambda created, bound: created == bound,
}


class Answer(NamedTuple):
    """What goes back over the wire."""

    status: int
    headers: dict[str, str]
    body: bytes


class StripeApi:
    """Answers requests about one account.

    ``api_key`` is the only key that is let in; ``faults`` decides which requests go wrong; ``sleep``
    takes milliseconds and is called for slow answers.
    """

    def __init__(
        self,
        account: StripeAccount,
        api_key: str,
        faults: FaultPlan | None = None,
        sleep_ms: Callable[[int], None] = lambda ms: time.sleep(ms / 1000),
    ):
        if not api_key:
            raise ValueError("an API without a key would let anybody in")
        self.account = account
        self.faults = faults or FaultPlan()
        self.webhook_endpoints = WebhookEndpoints()
        self._refunded: dict[str, Shape] = {}
        self._answered: dict[str, Shape] = {}
        self._forms: dict[str, tuple] = {}
        self._api_key = api_key
        self._sleep_ms = sleep_ms

    def handle(
        self,
        method: str,
        path: str,
        query: str | Iterable[tuple[str, str]] = "",
        headers: Mapping[str, str] | None = None,
        body: bytes = b"",
    ) -> Answer:
        """Answer one request; ``query`` is a raw query string or (name, value) pairs, ``body`` a form."""
        pairs = parse_qsl(query, max_num_fields=50) if isinstance(query, str) else list(query)
        fault = self.faults.next()
        try:
            given = {name.lower(): value for name, value in (headers or {}).items()}
            self._check_key(given)
            if fault:
                self._misbehave(fault)
            if path == REFUNDS_PATH:
                shown = self._refunds(method, pairs, body, given.get("idempotency-key", ""))
            elif method == "POST" and path == FILES_PATH:
                shown = self._upload(given, body)
            elif method == "POST" and path.startswith(DISPUTES_PATH):
                shown = self._evidence(
                    path.removeprefix(DISPUTES_PATH), body, given.get("idempotency-key", "")
                )
            elif "/tax_ids" in path:
                shown = self._tax_ids(method, path, body, given.get("idempotency-key", ""))
            elif method == "POST" and path.startswith(CUSTOMERS_PATH):
                shown = self._customer(path, body, given.get("idempotency-key", ""))
            elif path.startswith(ENDPOINTS_PATH):
                shown = self._endpoints(method, path, body, given.get("idempotency-key", ""))
            else:
                shown = self._route(method, path, pairs)
        except ApiError as refusal:
            return self._answer(refusal.status, refusal.body, fault)
        return self._answer(200, shown, None)

    # -- inside ------------------------------------------------------------------------------------

    def _answer(self, status: int, body: Shape, fault: Fault | None) -> Answer:
        headers = {
            "Date": format_datetime(self.account.clock.now + ANSWERED_AFTER, usegmt=True),
            "Content-Type": "application/json",
            "Request-Id": "req_" + token("request", self.faults.requests, length=14),
            "Stripe-Version": shapes.API_VERSION,
        }
        if fault and fault.retry_after_seconds is not None and status == fault.status:
            headers["Retry-After"] = str(fault.retry_after_seconds)
        return Answer(status, headers, wire.pretty(body))

    def _misbehave(self, fault: Fault) -> None:
        if fault.delay_ms:
            self._sleep_ms(fault.delay_ms)
        if fault.status == 429:
            text = "Request rate limit exceeded."
            raise ApiError(429, shapes.error("invalid_request_error", text, "rate_limit"))
        if fault.status != 200:
            raise ApiError(fault.status, shapes.error("api_error", "An unknown error occurred."))

    def _check_key(self, headers: Mapping[str, str]) -> None:
        kind, _space, credentials = headers.get("authorization", "").partition(" ")
        key = credentials.strip()
        if kind.lower() == "basic":
            try:
                key = base64.b64decode(key, validate=True).decode().partition(":")[0]
            except (binascii.Error, UnicodeDecodeError):
                key = ""
        if kind.lower() not in ("basic", "bearer") or not key:
            text = "You did not provide an API key. Provide it in the Authorization header (Bearer or basic)."
            raise ApiError(401, shapes.error("invalid_request_error", text))
        if not hmac.compare_digest(key.encode(), self._api_key.encode()):
            text = f"Invalid API Key provided: {'*' * 12}{key[-4:] if len(key) > 12 else ''}"
            raise ApiError(401, shapes.error("invalid_request_error", text))

    def _route(self, method: str, path: str, pairs: list[tuple[str, str]]) -> Shape:
        parts = path.strip("/").split("/")
        expand = [value for name, value in pairs if name in ("expand[]", "expand")]
        query = {name: value for name, value in pairs if name not in ("expand[]", "expand")}
        if method == "GET" and len(parts) == 4 and parts[3] == "lines":
            return self._lines(parts[1], parts[2], query)
        if method == "GET" and parts[0] == "v1" and len(parts) in (2, 3):
            if parts[1:] == ["balance"]:
                return self._balance()
            if parts[1:] == ["billing", "credit_balance_transactions"]:
                used = self.account.credit_uses_of(query["customer"], "data.credit_grant" in expand)
                return shapes.listing(used, has_more=False, url=path)
            if len(parts) == 2 and parts[1] in LISTS:
                return self._list(parts[1], pairs, query, expand)
            if len(parts) == 3:
                found = self._one(parts[1], parts[2])
                for path_to_expand in expand:
                    self._expand(found, path_to_expand.split("."))
                return found
        text = f"Unrecognized request URL ({method}: {path})."
        raise ApiError(404, shapes.error("invalid_request_error", text))

    def _endpoints(self, method: str, path: str, body: bytes, key: str) -> Shape:
        """Answer about webhook endpoints; a request that is sent again with its key gets the first answer again."""
        pairs = parse_qsl(body.decode(), max_num_fields=500)
        try:
            return self.webhook_endpoints.answer(
                method, path.removeprefix(ENDPOINTS_PATH).strip("/"), pairs, key
            )
        except KeyError:
            text = "No such webhook endpoint"
            raise ApiError(404, shapes.error("invalid_request_error", text, "resource_missing")) from None

    def _refunds(self, method: str, pairs: list[tuple[str, str]], body: bytes, key: str) -> Shape:
        """List the refunds of a charge, or make one; a request sent again with its key gets the first answer again."""
        if method == "GET":
            charge = dict(pairs).get("charge")
            made = [dict(each) for each in self.account.refunds.values() if each["charge"] == charge]
            return shapes.listing(list(reversed(made)), has_more=False, url=REFUNDS_PATH)
        if key in self._refunded:
            return dict(self._refunded[key])
        form = dict(parse_qsl(body.decode(), max_num_fields=100))
        metadata = {
            name.removeprefix("metadata[").rstrip("]"): value
            for name, value in form.items()
            if name.startswith("metadata[")
        }
        try:
            made = self.account.refund(form["charge"], int(form["amount"]), None, metadata)
        except RefusedError as reason:
            raise ApiError(400, shapes.error("invalid_request_error", str(reason))) from None
        self._refunded[key] = made
        return made

    def _upload(self, headers: dict[str, str], body: bytes) -> Shape:
        """Take a file; the same key again gives the first answer again."""
        key = headers.get("idempotency-key", "")
        if key not in self._answered:
            try:
                self._answered[key] = self.account.upload(headers.get("content-type", ""), body)
            except RefusedError as reason:
                raise ApiError(400, shapes.error("invalid_request_error", str(reason))) from None
        return dict(self._answered[key])

    def _evidence(self, dispute: str, body: bytes, key: str) -> Shape:
        """Take the evidence of a dispute, or that it is accepted; the same key again gives the first answer again."""
        if key not in self._answered:
            form = dict(parse_qsl(body.decode(), max_num_fields=100))
            try:
                self._answered[key] = (
                    self.account.accept_dispute(dispute.removesuffix("/close"))
                    if dispute.endswith("/close")
                    else self.account.submit_evidence(
                        dispute,
                        _below(form, "evidence"),
                        _below(form, "metadata"),
                        form.get("submit") != "false",
                    )
                )
            except RefusedError as reason:
                raise ApiError(400, shapes.error("invalid_request_error", str(reason))) from None
        return dict(self._answered[key])

    def _customer(self, path: str, body: bytes, key: str) -> Shape:
        """Make or change a customer; the same key again gives the first answer again, with another form an error."""
        form = tuple(parse_qsl(body.decode(), keep_blank_values=True, max_num_fields=100))
        asked = self._forms.setdefault(key, (path, form))
        if asked != (path, form):
            text = "Keys for idempotent requests can only be used with the same parameters."
            raise ApiError(400, shapes.error("idempotency_error", text))
        if key not in self._answered:
            customer_id = path.removeprefix(CUSTOMERS_PATH).strip("/") or None
            if customer_id:
                self._one("customers", customer_id)
                if customer_id in self.account.deleted_customers:
                    text = f"No such customer: '{customer_id}'"
                    raise ApiError(404, shapes.error("invalid_request_error", text, "resource_missing", "id"))
            try:
                self._answered[key] = self.account.take_customer(customer_id, form)
            except RefusedError as reason:
                raise ApiError(400, shapes.error("invalid_request_error", str(reason))) from None
        return dict(self._answered[key])

    def _tax_ids(self, method: str, path: str, body: bytes, key: str) -> Shape:
        """List, add or delete tax numbers of a customer; the same key again gives the first answer again."""
        customer_id, _word, number_id = path.removeprefix(CUSTOMERS_PATH).strip("/").partition("/tax_ids")
        if method == "GET":
            return shapes.listing(self.account.tax_ids_of(customer_id), has_more=False, url=path)
        try:
            if method == "DELETE":
                return self.account.remove_tax_id(customer_id, number_id.strip("/"))
            form = dict(parse_qsl(body.decode(), max_num_fields=10))
            if key not in self._answered:
                self._answered[key] = self.account.add_tax_id(customer_id, form["type"], form["value"])
        except RefusedError as reason:
            raise ApiError(
                400, shapes.error("invalid_request_error", str(reason), "tax_id_invalid")
            ) from None
        return dict(self._answered[key])

    def _balance(self) -> Shape:
        ledger, now = self.account.ledger, self.account.clock.timestamp
        currencies = ledger.currencies() or ["usd"]
        return {
            "object": "balance",
            "available": [
                {"amount": amount, "currency": currency, "source_types": {"card": amount}}
                for currency in currencies
                for amount in [ledger.available(currency, now)]
            ],
            "livemode": self.account.livemode,
            "pending": [
                {"amount": amount, "currency": currency, "source_types": {"card": amount}}
                for currency in currencies
                for amount in [ledger.pending(currency, now)]
            ],
        }

    def _one(self, kind: str, object_id: str) -> Shape:
        found = self._find(kind, object_id)
        if found is None:
            name = kind.removesuffix("s")
            text = f"No such {name}: '{object_id}'"
            raise ApiError(404, shapes.error("invalid_request_error", text, "resource_missing", "id"))
        return found

    def _find(self, kind: str, object_id: str) -> Shape | None:
        """Return a copy of the object that may be changed, None where there is none."""
        if kind == "balance_transactions":
            line = self.account.ledger.get(object_id)
            return line and self._line(line)
        if kind == "events":
            return next((dict(told) for told in self.account.events if told["id"] == object_id), None)
        if kind == "customers" and object_id in self.account.deleted_customers:
            return {"id": object_id, "object": "customer", "deleted": True}
        shelves = {
            "charges": self.account.charges,
            "customers": self.account.customers,
            "disputes": self.account.disputes,
            "invoices": self.account.invoices,
            "credit_notes": self.account.credit_notes,
            "payouts": self.account.payouts,
            "refunds": self.account.refunds,
        }
        found = shelves.get(kind, {}).get(object_id)
        return None if found is None else dict(found)

    def _line(self, line: LedgerLine) -> Shape:
        return shapes.balance_transaction(line, self.account.clock.timestamp)

    def _lines(self, kind: str, object_id: str, query: dict[str, str]) -> Shape:
        """List the lines of an invoice or a credit note, in their order."""
        found = self._one(kind, object_id)
        limit = whole_number("limit", query.get("limit", str(DEFAULT_LIMIT)))
        lines = found["lines"]["data"]
        return shapes.listing(lines[:limit], len(lines) > limit, found["lines"]["url"])

    def _list(
        self, kind: str, pairs: list[tuple[str, str]], query: dict[str, str], expand: list[str]
    ) -> Shape:
        allowed = {"limit", "starting_after", "ending_before", "type", "types[]", *BOUNDS}
        if kind == "payouts":
            allowed |= {"status", "arrival_date"}
        if kind == "customers":
            allowed |= {"email"}
        if kind == "balance_transactions":
            allowed |= {"currency", "source", "payout"}
        if unknown := sorted(set(query) - allowed):
            text = f"Received unknown parameter: {unknown[0]}"
            raise ApiError(400, shapes.error("invalid_request_error", text, "parameter_unknown", unknown[0]))
        rows = self._selected(kind, query)
        if types := {value for name, value in pairs if name == "types[]"}:
            rows = [row for row in rows if field_of(row, "type") in types]
        rows.reverse()
        page, has_more = page_of(rows, query)
        if kind == "balance_transactions":
            shown = [self._line(line) for line in page]
        elif kind == "invoices":
            shown = [self._listed_invoice(row, expand) for row in page]
            expand = [path for path in expand if path != "data.payments"]
        else:
            shown = [dict(told) for told in page]
        for path_to_expand in expand:
            steps = path_to_expand.split(".")
            if steps[0] != "data" or len(steps) < 2:
                text = f"This property cannot be expanded ({path_to_expand})."
                raise ApiError(400, shapes.error("invalid_request_error", text, param="expand"))
            for thing in shown:
                self._expand(thing, steps[1:])
        return shapes.listing(shown, has_more, f"/v1/{kind}")

    def _listed_invoice(self, held: Shape, expand: list[str]) -> Shape:
        """Return an invoice as a list shows it; what pays it only on request."""
        shown = billing.shown(held)
        if "data.payments" in expand:
            paid = self.account.payments_of(held["id"])
            shown["payments"] = shapes.listing(paid, has_more=False, url="/v1/invoice_payments")
        return shown

    def _selected(self, kind: str, query: dict[str, str]) -> list:
        """Return what the filters leave, oldest first."""
        shelves = {
            "balance_transactions": self.account.ledger,
            "events": self.account.events,
            "customers": self.account.customers.values(),
            "payouts": self.account.payouts.values(),
            "invoices": self.account.invoices.values(),
            "credit_notes": self.account.credit_notes.values(),
        }
        rows: list = list(shelves[kind])
        for name, holds in BOUNDS.items():
            if name in query:
                bound = whole_number(name, query[name])
                rows = [row for row in rows if holds(field_of(row, "created"), bound)]
        for name in ("currency", "email", "source", "type", "status"):
            if name in query:
                rows = [row for row in rows if field_of(row, name) == query[name]]
        if "payout" in query:
            wanted = set(self.account.composition.get(query["payout"], ()))
            rows = [row for row in rows if row.id in wanted]
        return rows

    def _expand(self, thing: Shape, steps: list[str]) -> None:
        """Replace the id under ``steps[0]`` by its object, and go on inside it."""
        if len(steps) > MAX_EXPAND_DEPTH or steps[0] not in thing:
            text = f"This property cannot be expanded ({'.'.join(steps)})."
            raise ApiError(400, shapes.error("invalid_request_error", text, param="expand"))
        value = thing[steps[0]]
        if isinstance(value, str):
            found = self._by_prefix(value)
            if found is None:
                return
            thing[steps[0]] = value = found
        if isinstance(value, dict) and len(steps) > 1:
            # A copy: what is expanded for one answer must not change what the account holds.
            thing[steps[0]] = value = dict(value)
            self._expand(value, steps[1:])

    def _by_prefix(self, object_id: str) -> Shape | None:
        kinds = {
            "ch": "charges",
            "py": "charges",
            "cus": "customers",
            "dp": "disputes",
            "po": "payouts",
            "re": "refunds",
            "txn": "balance_transactions",
        }
        return self._find(kinds.get(object_id.partition("_")[0], ""), object_id)


def _below(form: Mapping[str, str], name: str) -> dict[str, str]:
    """Return the fields of a form that stand below ``name``: ``name[field]``."""
    return {
        field.removeprefix(f"{name}[").rstrip("]"): value
        for field, value in form.items()
        if field.startswith(f"{name}[")
    }
