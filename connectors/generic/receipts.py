# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""How a receiver confirms an event and answers the question whether it has one; the README is the contract."""

from __future__ import annotations

from urllib.parse import quote, urlsplit, urlunsplit

from ...engine.errors import ContractError
from ...engine.json_guard import parse_json_object
from ..base import ACCEPTED, MISSING, RECEIVED, REFUSED, UNSAID, HttpAnswer, HttpRequest, Receipt

TIMEOUT_SECONDS = 10
MAX_REASON_CHARACTERS = 200
_VERDICTS = {"received": RECEIVED, "accepted": ACCEPTED, "refused": REFUSED}
_GONE = (404, 410)


def question(event_id: str, delivery_url: str) -> HttpRequest:
    """Return ``GET <delivery address>/<event id>``; a query of the address is kept."""
    parts = urlsplit(delivery_url)
    path = f"{parts.path.rstrip('/')}/{quote(event_id, safe='')}"
    url = urlunsplit((parts.scheme, parts.netloc, path, parts.query, ""))
    return HttpRequest("GET", url, {"accept": "application/json"}, b"", TIMEOUT_SECONDS)


def read_receipt(event_id: str, answer: HttpAnswer) -> Receipt:
    """Return what a confirmation says: ``{"id": …, "status": "received" | "accepted" | "refused", "reason"?}``.

    The id must be the event's own (a page that answers everything with 200 confirms nothing); ``status`` may be left
    out and is then "received". ``received`` is read as another name of ``id``.
    """
    if answer.cut_off:
        return Receipt(UNSAID)
    try:
        body = parse_json_object(answer.body)
    except ContractError:
        return Receipt(UNSAID)
    if body.get("id", body.get("received")) != event_id:
        return Receipt(UNSAID)
    status = body.get("status", "received")
    verdict = _VERDICTS.get(status, UNSAID) if isinstance(status, str) else UNSAID
    reason = body.get("reason")
    return Receipt(verdict, reason[:MAX_REASON_CHARACTERS] if isinstance(reason, str) else "")


def read_status(event_id: str, answer: HttpAnswer) -> Receipt:
    """Return what the answer to ``question`` says; an unknown address and an unknown event are both MISSING.

    A receiver that does not know the question answers 404, too. The event is then sent again under its id, by which
    it recognises a repetition.
    """
    if answer.status in _GONE:
        return Receipt(MISSING)
    return read_receipt(event_id, answer) if 200 <= answer.status < 300 else Receipt(UNSAID)
