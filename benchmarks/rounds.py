# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Ratios from alternating rounds, and when a ratio is fit to be told."""

from __future__ import annotations

import dataclasses
import statistics
from collections.abc import Callable

SPREAD_LIMIT_PERCENT = 15
TRIES = 3


@dataclasses.dataclass(frozen=True)
class Figure:
    """One measured ratio.

    ``rounds`` holds the ratio of each round, ``target`` what the median must reach. ``context`` are absolute
    figures that hold for this machine only.
    """

    name: str
    rounds: tuple[float, ...]
    target: float | None
    context: str = ""
    tries: int = 1

    @property
    def ratio(self) -> float:
        """The median of the rounds."""
        return statistics.median(self.rounds)

    @property
    def spread_percent(self) -> float:
        """By how much the round that is farthest off differs from the median."""
        return max(abs(value - self.ratio) for value in self.rounds) / self.ratio * 100

    @property
    def is_fit(self) -> bool:
        """Whether the rounds agree well enough to be told as one figure."""
        return self.spread_percent <= SPREAD_LIMIT_PERCENT

    @property
    def verdict(self) -> str:
        """met, MISSED or REFUSED; context only where there is no target."""
        if not self.is_fit:
            return f"REFUSED (rounds differ by more than {SPREAD_LIMIT_PERCENT} %)"
        if self.target is None:
            return "context"
        return "met" if self.ratio >= self.target else "MISSED"


@dataclasses.dataclass(frozen=True)
class Check:
    """A yes-or-no result: a gate that must hold before speed counts for anything."""

    name: str
    holds: bool
    detail: str


def until_fit(measure: Callable[[], list[Figure]], say: Callable[[str], None]) -> list[Figure]:
    """Measure, and again while rounds differ too much, at most ``TRIES`` times; the last measurement is told."""
    figures: list[Figure] = []
    for number in range(1, TRIES + 1):
        figures = [dataclasses.replace(figure, tries=number) for figure in measure()]
        unfit = [figure.name for figure in figures if not figure.is_fit and figure.target is not None]
        if not unfit:
            break
        say(
            f"rounds differ by more than {SPREAD_LIMIT_PERCENT} %: {', '.join(unfit)} (try {number} of {TRIES})"
        )
    return figures


def span(values: list[float]) -> str:
    """Return the smallest and the largest value, as they stand in the results."""
    return f"{min(values):.1f}–{max(values):.1f}"
