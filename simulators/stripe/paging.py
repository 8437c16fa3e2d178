# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Pages of lists, and what the API says where it refuses.

Sources: https://docs.stripe.com/api/pagination, https://docs.stripe.com/api/errors.
"""

from __future__ import annotations

from . import shapes
from .ledger import LedgerLine
from .shapes import Shape

MAX_LIMIT = 100
DEFAULT_LIMIT = 10


class ApiError(Exception):
    def __init__(self, status: int, body: Shape):
        super().__init__(status)
        self.status = status
        self.body = body


def field_of(row: LedgerLine | Shape, name: str):
    return row.get(name) if isinstance(row, dict) else getattr(row, name)


def whole_number(name: str, text: str) -> int:
    if not text.isascii() or not text.isdigit() or len(text) > 12:
        raise ApiError(
            400,
            shapes.error("invalid_request_error", f"Invalid integer: {text[:40]}", "parameter_invalid", name),
        )
    return int(text)


def page_of(rows: list, query: dict[str, str]) -> tuple[list, bool]:
    """Cut one page out of ``rows`` (newest first); the flag says whether the list goes on that way."""
    limit = whole_number("limit", query.get("limit", str(DEFAULT_LIMIT)))
    if not 1 <= limit <= MAX_LIMIT:
        text = f"Invalid limit {limit}: it must lie between 1 and {MAX_LIMIT}"
        raise ApiError(400, shapes.error("invalid_request_error", text, "parameter_invalid", "limit"))
    if "starting_after" in query and "ending_before" in query:
        text = "You can use starting_after or ending_before, not both."
        raise ApiError(400, shapes.error("invalid_request_error", text))
    if "ending_before" in query:
        end = place_of(rows, query["ending_before"], "ending_before")
        start = max(0, end - limit)
        return rows[start:end], start > 0
    start = place_of(rows, query["starting_after"], "starting_after") + 1 if "starting_after" in query else 0
    return rows[start : start + limit], len(rows) > start + limit


def place_of(rows: list, object_id: str, param: str) -> int:
    for place, row in enumerate(rows):
        if field_of(row, "id") == object_id:
            return place
    text = f"No such object: '{object_id}'"
    raise ApiError(400, shapes.error("invalid_request_error", text, "resource_missing", param))
