# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Ageing of what waits: buckets by days, as an accountant ages receivables."""

from __future__ import annotations

# (code, days up to which it holds, exclusive); the last one has no end.
BUCKETS = (("1_day", 1), ("2_week", 7), ("3_month", 30), ("4_older", None))


def bucket(days: float) -> str:
    """Return the code of the bucket for something that is ``days`` old (may be broken, never negative).

    :raises ValueError: ``days`` is negative.
    """
    if days < 0:
        raise ValueError("age is not negative")
    for code, end in BUCKETS:
        if end is None or days < end:
            return code
    raise AssertionError("the last bucket has no end")


def next_owner(candidates: list[int], last: int | None) -> int | None:
    """Return whose turn it is: the one after ``last``, in the order given; None when there is nobody."""
    if not candidates:
        return None
    if last not in candidates:
        return candidates[0]
    return candidates[(candidates.index(last) + 1) % len(candidates)]
