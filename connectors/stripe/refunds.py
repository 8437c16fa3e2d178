# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Refunds that are started here: sent with an idempotency key, found again by it.

Sources: https://docs.stripe.com/api/refunds/create, https://docs.stripe.com/api/refunds/list (``charge``),
https://docs.stripe.com/api/idempotent_requests (a key is remembered for at least a day), https://docs.stripe.com/api/metadata.
"""

from __future__ import annotations

import urllib.parse
from collections.abc import Mapping
from dataclasses import replace
from typing import Annotated, Any

import msgspec

from ...engine.canonical import Amount
from ...engine.money import PROVIDER_MINOR_UNITS, to_minor
from ..base import HttpAnswer, HttpRequest
from ..reading import Wire, WireId, read_answer, read_as, schema_violation
from .client import get

PATH = "/v1/refunds"
KEY_NAME = "integration_refund"
MAX_LISTED = 100


class Made(Wire):
    """https://docs.stripe.com/api/refunds/object"""

    id: WireId
    object: str
    metadata: dict[str, str] | None = None


class Listed(Wire):
    object: str
    data: Annotated[list[Made], msgspec.Meta(max_length=MAX_LISTED)]


def send_request(
    payment: str, amount: Amount, key: str, settings: Mapping[str, Any], secret: str
) -> HttpRequest:
    """Return the request that refunds ``amount`` (positive, as charged) of a charge.

    :raises ContractError: the amount is not exact in Stripe's units.
    """
    cents = to_minor(amount.value, amount.currency, PROVIDER_MINOR_UNITS["stripe"])
    form = [("charge", payment), ("amount", str(cents)), (f"metadata[{KEY_NAME}]", key)]
    request = get(PATH, [], settings, secret)
    headers = {
        **request.headers,
        "content-type": "application/x-www-form-urlencoded",
        "idempotency-key": key,
    }
    return replace(request, method="POST", headers=headers, body=urllib.parse.urlencode(form).encode())


def sent(answer: HttpAnswer) -> str:
    """Return the id of the refund that was made.

    :raises TransientError, AuthorizationError, ContractError: by what the answer says.
    """
    made = read_as(read_answer(answer), Made)
    if made.object != "refund":
        raise schema_violation("$.object", "Expected “refund”")
    return made.id


def find_request(payment: str, settings: Mapping[str, Any], secret: str) -> HttpRequest:
    """Return the question which refunds a charge has."""
    return get(PATH, [("charge", payment), ("limit", str(MAX_LISTED))], settings, secret)


def found(answer: HttpAnswer, key: str) -> str | None:
    """Return the id of the refund that was made with ``key``, None where there is none.

    :raises TransientError, AuthorizationError, ContractError: by what the answer says.
    """
    page = read_as(read_answer(answer), Listed)
    return next((made.id for made in page.data if (made.metadata or {}).get(KEY_NAME) == key), None)
