# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Our webhook endpoint at Stripe: what is registered there, and the requests that register, repair and remove it.

Sources: https://docs.stripe.com/api/webhook_endpoints (the signing secret is told once, when an endpoint is made; its
API version is fixed at creation), https://docs.stripe.com/api/idempotent_requests (the same key gives the same answer
again for a day: a secret that was lost on the way is told once more).
"""

from __future__ import annotations

import urllib.parse
from collections.abc import Mapping
from dataclasses import replace
from typing import Annotated, Any

import msgspec

from ..base import HttpAnswer, HttpRequest, WebhookFound
from ..reading import Wire, WireId, read_answer, read_as, schema_violation
from .client import get
from .const import API_VERSION, ENDPOINT_NAME

PATH = "/v1/webhook_endpoints"
MAX_EVENTS = 500
MAX_LISTED = 100
EVERYTHING = "*"
EventName = Annotated[str, msgspec.Meta(min_length=1, max_length=100)]


class Endpoint(Wire):
    """https://docs.stripe.com/api/webhook_endpoints/object; ``api_version`` null = the account's own."""

    id: WireId
    url: Annotated[str, msgspec.Meta(max_length=5000)]
    status: str
    enabled_events: Annotated[list[EventName], msgspec.Meta(max_length=MAX_EVENTS)]
    api_version: str | None = None
    secret: Annotated[str, msgspec.Meta(max_length=500)] | None = None


class EndpointList(Wire):
    object: str
    data: Annotated[list[dict[str, Any]], msgspec.Meta(max_length=MAX_LISTED)]
    has_more: bool


def find_request(settings: Mapping[str, Any], secret: str) -> HttpRequest:
    """Return the question which endpoints there are (Stripe allows 16)."""
    return get(PATH, [("limit", str(MAX_LISTED))], settings, secret)


def found(answer: HttpAnswer, settings: Mapping[str, Any], wanted: tuple[str, ...]) -> list[WebhookFound]:
    """Return what is registered for our address, in Stripe's order (newest first).

    :param wanted: the events that we need.
    :raises TransientError, AuthorizationError, ContractError: by what the answer says.
    """
    page = read_as(read_answer(answer), EndpointList)
    if page.object != "list":
        raise schema_violation("$.object", "Expected “list”")
    own = str(settings.get("endpoint_url") or "")
    listed = [read_as(body, Endpoint, f"$.data[{place}]") for place, body in enumerate(page.data)]
    return [_read(endpoint, wanted) for endpoint in listed if own and endpoint.url == own]


def _read(endpoint: Endpoint, wanted: tuple[str, ...]) -> WebhookFound:
    present = set(endpoint.enabled_events)
    return WebhookFound(
        id=endpoint.id,
        enabled=endpoint.status == "enabled",
        version=endpoint.api_version or "",
        version_fits=endpoint.api_version == API_VERSION,
        missing=() if EVERYTHING in present else tuple(name for name in wanted if name not in present),
    )


def register_request(
    settings: Mapping[str, Any], secret: str, wanted: tuple[str, ...], key: str
) -> HttpRequest:
    """Return the request that registers our address; sent again with the same ``key`` it registers nothing more."""
    form = [
        ("url", str(settings.get("endpoint_url") or "")),
        ("api_version", API_VERSION),
        ("description", ENDPOINT_NAME),
        *(("enabled_events[]", name) for name in wanted),
    ]
    return _post(PATH, form, settings, secret, key)


def registered(answer: HttpAnswer) -> tuple[str, str]:
    """Return (id, signing secret) of a new endpoint.

    :raises TransientError, AuthorizationError, ContractError: by what the answer says.
    """
    endpoint = read_as(read_answer(answer), Endpoint)
    if not endpoint.secret:
        raise schema_violation("$.secret", "Expected the signing secret of a new endpoint")
    return endpoint.id, endpoint.secret


def repair_request(
    endpoint_id: str, settings: Mapping[str, Any], secret: str, wanted: tuple[str, ...], key: str
) -> HttpRequest:
    """Return the request that gives an endpoint the events that we need and switches it on."""
    form = [("disabled", "false"), *(("enabled_events[]", name) for name in wanted)]
    return _post(f"{PATH}/{urllib.parse.quote(endpoint_id, safe='')}", form, settings, secret, key)


def remove_request(endpoint_id: str, settings: Mapping[str, Any], secret: str) -> HttpRequest:
    """Return the request that removes an endpoint."""
    request = get(f"{PATH}/{urllib.parse.quote(endpoint_id, safe='')}", [], settings, secret)
    return replace(request, method="DELETE")


def _post(
    path: str, form: list[tuple[str, str]], settings: Mapping[str, Any], secret: str, key: str
) -> HttpRequest:
    request = get(path, [], settings, secret)
    headers = {
        **request.headers,
        "content-type": "application/x-www-form-urlencoded",
        "idempotency-key": key,
    }
    return replace(request, method="POST", headers=headers, body=urllib.parse.urlencode(form).encode())
