# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Order per key: what may be applied together, and what came too late."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable
from typing import TypeVar

Element = TypeVar("Element")


def waves(elements: Iterable[Element], key: Callable[[Element], Hashable]) -> list[list[Element]]:
    """Split an ordered sequence so that wave k holds the k-th element of each key, in their order.

    Each wave can be applied in bulk; wave after wave, the elements of one key keep their order.
    """
    result: list[list[Element]] = []
    seen: dict[Hashable, int] = {}
    for element in elements:
        wave = seen.get(key(element), 0)
        seen[key(element)] = wave + 1
        if wave == len(result):
            result.append([])
        result[wave].append(element)
    return result


def is_superseded(applied_version: int | None, version: int | None) -> bool:
    """Say whether ``version`` of an object is older than the one already applied.

    An equal version is not superseded: sources count in whole seconds, and two events may share one.
    Without a version on either side nothing can be said, so the answer is no.
    """
    return applied_version is not None and version is not None and version < applied_version
