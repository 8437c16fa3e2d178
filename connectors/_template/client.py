# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Requests to the vendor and what their answers say. Nothing here sends anything: the hub does."""

from __future__ import annotations

import urllib.parse
from collections.abc import Mapping
from typing import Any

from ...engine.outgoing_access import API_KEY, authorization
from ..base import Envelope, HttpAnswer, HttpRequest, PullPage
from ..reading import Wire, WireId, read_answer, read_as
from .transformers import Event, read_envelope

API_BASE_URL = "https://api.example.com"
PAGE_SIZE = 100


class Cursor(Wire):
    """STEP 7. Where the pull stands. The hub stores it with the events of the page, in one transaction."""

    after: WireId | None = None


class Page(Wire):
    events: list[Any]
    more: bool


def events_request(cursor: Mapping[str, Any], settings: Mapping[str, Any], secret: str) -> HttpRequest:
    """Return the request for the next page of events, oldest first.

    :raises ContractError: the cursor cannot be read.
    """
    state = read_as(dict(cursor), Cursor, "cursor")
    query = {"limit": str(PAGE_SIZE), **({"after": state.after} if state.after else {})}
    base = str(settings.get("api_base_url") or API_BASE_URL).rstrip("/")
    # The secret belongs in a header: addresses end up in logs.
    kind = str(settings.get("access_kind") or API_KEY)
    headers = {"authorization": authorization(kind, secret), "accept": "application/json"}
    return HttpRequest("GET", f"{base}/events?{urllib.parse.urlencode(query)}", headers, timeout_seconds=20)


def events_page(cursor: Mapping[str, Any], answer: HttpAnswer) -> PullPage:
    """Read one page. A pulled event has the id of the webhook's, so that it counts once.

    :raises TransientError, AuthorizationError, ContractError: by what the answer says.
    """
    state = read_as(dict(cursor), Cursor, "cursor")
    page = read_as(read_answer(answer), Page)
    events: list[tuple[Envelope, Any]] = [(read_envelope(body, {}), body) for body in page.events]
    after = read_as(page.events[-1], Event).id if page.events else state.after
    return PullPage(
        events=events, cursor={"after": after} if after else {}, more=page.more and bool(page.events)
    )
