# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""A list that is fetched page by page must get on: a source that gives an old position again is stopped."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from .canonical_json import canonical_bytes, digest
from .errors import ContractError


class Page(Protocol):
    """What must be known of a page (``connectors.base.PullPage``)."""

    cursor: Mapping[str, Any]
    more: bool
    order: int | None


class Progress:
    """Watches the positions of one run over one list."""

    def __init__(self, source: str):
        self._source = source
        self._seen: set[str] = set()

    def check(self, position: Mapping[str, Any], order: int | None, page: Page) -> None:
        """Refuse a page whose position does not lead on.

        ``position`` and ``order`` are those from which the page was asked for. The last page may stay where it is:
        then nothing was new.

        :raises ContractError: ``cursor_goes_back``, ``cursor_repeats``.
        """
        if order is not None and page.order is not None and page.order < order:
            raise ContractError("cursor_goes_back", f"{page.order} after {order}", params=self._params())
        if not page.more:
            return
        self._seen.add(_mark(position))
        following = _mark(page.cursor)
        if following in self._seen:
            raise ContractError("cursor_repeats", params=self._params())
        self._seen.add(following)

    def _params(self) -> dict[str, str]:
        return {"source": self._source}


def _mark(position: Mapping[str, Any]) -> str:
    return digest(canonical_bytes(dict(position)))
