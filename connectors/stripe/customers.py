# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Customers of Odoo that are written to Stripe, found again by a key in their metadata.

What was made is looked for in the list of customers, which shows it at once; the search of customers may lag behind
(https://docs.stripe.com/search#data-freshness: no reading after writing).

Sources: https://docs.stripe.com/api/customers/create, https://docs.stripe.com/api/customers/update (a field that is
empty is unset), https://docs.stripe.com/api/customers/list (``created``, newest first),
https://docs.stripe.com/api/customers/retrieve (a deleted one says ``deleted``), https://docs.stripe.com/api/metadata,
https://docs.stripe.com/api/idempotent_requests (a key is remembered for at least a day).
"""

from __future__ import annotations

import datetime as dt
import urllib.parse
from collections.abc import Mapping
from dataclasses import replace
from typing import Annotated, Any

import msgspec

from ..base import HttpAnswer, HttpRequest
from ..reading import Wire, WireId, read_answer, read_as, schema_violation
from . import tax_numbers
from .client import get

PATH = "/v1/customers"
KEY_NAME = "integration_customer"
MAX_LISTED = 100
# Longer texts are refused there, so they are not sent; a shortened one would be somebody else's.
LONGEST = {"name": 256, "email": 512, "phone": 20, "language": 64}
# Part of a canonical address → Stripe's name for it.
ADDRESS = {
    "street": "line1",
    "street2": "line2",
    "city": "city",
    "zip": "postal_code",
    "state": "state",
    "country": "country",
}


class Written(Wire):
    """https://docs.stripe.com/api/customers/object"""

    id: WireId
    object: str
    metadata: dict[str, str] | None = None
    deleted: bool = False


class Listed(Wire):
    object: str
    data: Annotated[list[Written], msgspec.Meta(max_length=MAX_LISTED)]
    has_more: bool = False


class Problem(Wire):
    code: str | None = None


class Refusal(Wire):
    """https://docs.stripe.com/api/errors"""

    error: Problem


def content(customer: Mapping[str, Any]) -> dict[str, Any]:
    """Return what of a customer Stripe can keep as it is: name, e-mail, phone, language, address, tax number."""
    kept: dict[str, Any] = {}
    for name, longest in LONGEST.items():
        text = str(customer.get(name) or "").strip()
        if name == "language":
            text = text.replace("_", "-")
        if name in customer and len(text) <= longest:
            kept[name] = text
    if "address" in customer:
        told = customer["address"] or {}
        parts = {part: str(told.get(part) or "").strip() for part in ADDRESS}
        kept["address"] = {part: text for part, text in parts.items() if text}
    if "tax_id" in customer:
        told = customer["tax_id"] or {}
        kept["tax_id"] = tax_numbers.named(told.get("number") or "", told.get("country") or "")
    return kept


def write_request(
    outside_id: str | None,
    customer: Mapping[str, Any],
    key: str,
    once: str,
    settings: Mapping[str, Any],
    secret: str,
) -> HttpRequest:
    """Return the request that makes a customer, or changes the one with an id.

    :raises ContractError: a new customer without a name.
    """
    if outside_id is None and not customer.get("name"):
        raise schema_violation("name", "A customer that is made needs a name")
    form = [(f"metadata[{KEY_NAME}]", key)]
    form += [(name, customer[name]) for name in ("name", "email", "phone") if name in customer]
    if "language" in customer:
        named = customer["language"]
        form.append(("preferred_locales[0]", named) if named else ("preferred_locales", ""))
    if "address" in customer:
        told = customer["address"]
        # Each part is said, so that none of an older address is left over.
        form += (
            [(f"address[{theirs}]", told.get(ours, "")) for ours, theirs in ADDRESS.items()]
            if told
            else [("address", "")]
        )
    if outside_id is None:
        form = [(name, text) for name, text in form if text]
    path = PATH if outside_id is None else f"{PATH}/{urllib.parse.quote(outside_id, safe='')}"
    request = get(path, [], settings, secret)
    headers = {
        **request.headers,
        "content-type": "application/x-www-form-urlencoded",
        "idempotency-key": once,
    }
    return replace(request, method="POST", headers=headers, body=urllib.parse.urlencode(form).encode())


def written(answer: HttpAnswer) -> str | None:
    """Return the id of the customer that was written; None where it was deleted.

    :raises TransientError, AuthorizationError, ContractError: by what the answer says.
    """
    if answer.status == 404 and _is_missing(answer):
        return None
    told = read_as(read_answer(answer), Written)
    if told.object != "customer":
        raise schema_violation("$.object", "Expected “customer”")
    return None if told.deleted else told.id


def _is_missing(answer: HttpAnswer) -> bool:
    """Whether the refusal says that there is no such customer, the only thing asked for; else the address is wrong."""
    try:
        problem = msgspec.json.decode(answer.body, type=Refusal).error
    except (msgspec.DecodeError, RecursionError):
        return False
    return problem.code == "resource_missing"


def find_request(
    since: dt.datetime, after: str | None, settings: Mapping[str, Any], secret: str
) -> HttpRequest:
    """Return the question which customers were made since an instant, newest first."""
    query = [("limit", str(MAX_LISTED)), ("created[gte]", str(int(since.timestamp())))]
    if after is not None:
        query.append(("starting_after", after))
    return get(PATH, query, settings, secret)


def found(answer: HttpAnswer, key: str) -> tuple[str | None, str | None]:
    """Return (id of the customer with this key, after whom the list goes on).

    :raises TransientError, AuthorizationError, ContractError: by what the answer says.
    """
    page = read_as(read_answer(answer), Listed)
    if page.object != "list" or (page.has_more and not page.data):
        raise schema_violation("$", "Expected a list with at least one entry where more follow")
    for one in page.data:
        if (one.metadata or {}).get(KEY_NAME) == key and not one.deleted:
            return one.id, None
    return None, page.data[-1].id if page.has_more else None
