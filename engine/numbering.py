# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Numbered events: which numbers of a source's series have not arrived, and which do not go on from the others."""

from __future__ import annotations

import dataclasses
import enum
from collections.abc import Iterable

# More missing numbers at once than this are no gap: the source has changed its numbering.
MAX_JUMP = 100_000
# What comes before the first number seen is late by at most this much; further back it is another numbering.
MAX_LATE = 1_000
# Open gaps of one series; beyond, its numbers are not consecutive at all.
MAX_GAPS = 500


class Place(str, enum.Enum):
    """Where a number stands in its series."""

    NEXT = "next"  # the one that was expected, or the first of all
    AHEAD = "ahead"  # numbers before it have not arrived
    FILLS = "fills"  # one that was missing
    KNOWN = "known"  # at or below the highest, and not missing: taken before, or given up
    BROKEN = "broken"  # does not go on from the others


@dataclasses.dataclass(frozen=True)
class Series:
    """What has arrived of a series.

    ``lowest``, ``highest``  first and last number that count; None = nothing has arrived.
    ``gaps``  ranges (first, last) of numbers between them that have not arrived; ascending, not touching.
    """

    lowest: int | None = None
    highest: int | None = None
    gaps: tuple[tuple[int, int], ...] = ()

    def missing_before(self, number: int) -> int | None:
        """Return the first missing number below ``number``, or None."""
        return self.gaps[0][0] if self.gaps and self.gaps[0][0] < number else None


def place(series: Series, number: int, start: int | None = None) -> tuple[Place, Series]:
    """Return where ``number`` stands, and the series after it has arrived (unchanged for KNOWN and BROKEN).

    :param start: the number with which the series has to begin; None = with whatever arrives first.
    """
    if series.highest is None or series.lowest is None:
        return _first(number, start)
    if number > series.highest:
        return _beyond(series, number)
    if number < series.lowest:
        return _before(series, number)
    for index, (first, last) in enumerate(series.gaps):
        if first <= number <= last:
            pieces = tuple(
                piece for piece in ((first, number - 1), (number + 1, last)) if piece[0] <= piece[1]
            )
            gaps = (*series.gaps[:index], *pieces, *series.gaps[index + 1 :])
            return Place.FILLS, dataclasses.replace(series, gaps=gaps)
    return Place.KNOWN, series


def _first(number: int, start: int | None) -> tuple[Place, Series]:
    if start is None or number == start:
        return Place.NEXT, Series(number, number)
    if number < start or number - start > MAX_JUMP:
        return Place.BROKEN, Series()
    return Place.AHEAD, Series(start, number, ((start, number - 1),))


def _beyond(series: Series, number: int) -> tuple[Place, Series]:
    missing = number - series.highest - 1
    if not missing:
        return Place.NEXT, dataclasses.replace(series, highest=number)
    if missing > MAX_JUMP or len(series.gaps) >= MAX_GAPS:
        return Place.BROKEN, series
    gaps = (*series.gaps, (series.highest + 1, number - 1))
    return Place.AHEAD, dataclasses.replace(series, highest=number, gaps=gaps)


def _before(series: Series, number: int) -> tuple[Place, Series]:
    """A number before the first one that was seen: late, with what lies between still missing."""
    missing = series.lowest - number - 1
    if missing > MAX_LATE or len(series.gaps) >= MAX_GAPS:
        return Place.BROKEN, series
    gaps = ((number + 1, series.lowest - 1), *series.gaps) if missing else series.gaps
    return Place.FILLS, dataclasses.replace(series, lowest=number, gaps=gaps)


def say_numbers(gaps: Iterable[tuple[int, int]], most: int = 8) -> str:
    """Return ranges in words that a person can send to the source: ``41, 43 to 49``."""
    texts = [str(first) if first == last else f"{first} to {last}" for first, last in gaps]
    return ", ".join(texts[:most]) + (f" and {len(texts) - most} more" if len(texts) > most else "")
