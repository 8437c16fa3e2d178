# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""The legal numbers of an issuer: which series there are, what is missing in them, what stands there twice (M6, F8)."""

from __future__ import annotations

import dataclasses
import itertools
import re
from collections import Counter, defaultdict
from collections.abc import Iterable

# What has more digits is no counter (a bank reference, an id).
MAX_DIGITS = 15
# More missing numbers at once are no gap: the issuer has changed its numbering.
MAX_JUMP = 10_000
MAX_RANGES = 500
MAX_NUMBER_CHARACTERS = 255
# Stands in the name of a series for the counter.
COUNTER = "#"

_RUNS = re.compile(r"[0-9]+")


@dataclasses.dataclass(frozen=True)
class Series:
    """What an issuer's numbers of one form say.

    ``name``     the form, with COUNTER where it counts: ``INV/2026/#``.
    ``missing``  ranges (first, last), ascending, not touching, at most MAX_RANGES; ``cut`` = there are more.
    ``twice``    numbers as they were written that stand for a count already taken.
    ``jumps``    (last before, first after) where the numbering leaps; what lies between is not missing.
    """

    name: str
    first: int
    last: int
    count: int
    missing: tuple[tuple[int, int], ...] = ()
    twice: tuple[str, ...] = ()
    jumps: tuple[tuple[int, int], ...] = ()
    cut: bool = False

    @property
    def missing_count(self) -> int:
        """How many numbers are missing in the ranges that are named."""
        return sum(last - first + 1 for first, last in self.missing)


def read_series(numbers: Iterable[str]) -> tuple[list[Series], list[str]]:
    """Return the series of an issuer by name, and the numbers in which nothing counts.

    Numbers of one form differ only in their digits. Of several groups of digits the one that takes the most values
    counts, of equal ones the last: in ``12/2026`` and ``13/2026`` the first, in ``2026/12`` and ``2026/13`` the second.
    The other groups belong to the name of the series, so that a new year begins a new one.
    """
    forms: dict[tuple[str, ...], list[tuple[tuple[int, ...], str]]] = defaultdict(list)
    uncounted: list[str] = []
    for number in numbers:
        text = number.strip()[:MAX_NUMBER_CHARACTERS]
        groups = _RUNS.findall(text)
        if not groups or any(len(group) > MAX_DIGITS for group in groups):
            uncounted.append(number)
            continue
        forms[tuple(_RUNS.split(text))].append((tuple(map(int, groups)), text))
    found: list[Series] = []
    for form, members in forms.items():
        place = _counting_group([values for values, _text in members])
        by_name: dict[str, list[tuple[int, str]]] = defaultdict(list)
        for values, text in members:
            by_name[_name(form, values, place)].append((values[place], text))
        found += [_series(name, counted) for name, counted in by_name.items()]
    return sorted(found, key=lambda series: series.name), sorted(uncounted)


def _counting_group(values: list[tuple[int, ...]]) -> int:
    distinct = [len(set(column)) for column in zip(*values, strict=True)]
    most = max(distinct)
    return max(place for place, count in enumerate(distinct) if count == most)


def _name(form: tuple[str, ...], values: tuple[int, ...], place: int) -> str:
    name = form[0]
    for index, value in enumerate(values):
        name += (COUNTER if index == place else str(value)) + form[index + 1]
    return name


def _series(name: str, counted: list[tuple[int, str]]) -> Series:
    counts = Counter(value for value, _text in counted)
    twice = sorted(text for value, text in set(counted) if counts[value] > 1)
    present = sorted(counts)
    missing: list[tuple[int, int]] = []
    jumps: list[tuple[int, int]] = []
    for before, after in itertools.pairwise(present):
        if after - before > MAX_JUMP:
            jumps.append((before, after))
        elif after - before > 1:
            missing.append((before + 1, after - 1))
    return Series(
        name,
        present[0],
        present[-1],
        len(counted),
        tuple(missing[:MAX_RANGES]),
        tuple(twice[:MAX_RANGES]),
        tuple(jumps[:MAX_RANGES]),
        len(missing) > MAX_RANGES or len(twice) > MAX_RANGES,
    )


def written(name: str, first: int, last: int) -> str:
    """Return a range of a series as an accountant writes it: ``INV/2026/41`` or ``INV/2026/41 to 43``."""
    text = name.replace(COUNTER, str(first), 1)
    return text if first == last else f"{text} … {name.replace(COUNTER, str(last), 1)}"
