# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Times of the week in which something may happen, on the wall clock of a time zone.

A window is open whenever the clock on the wall shows a time inside it. So a change to or from daylight saving time
needs no rule of its own: a time that does not exist opens nothing, one that comes twice is inside twice.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta, timezone
from zoneinfo import ZoneInfo

from .instants import as_utc

MINUTES_PER_DAY = 1440
WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
# A window opens at least once in this time, whatever the clocks do.
_SEARCH_DAYS = 9
_HOUR = timedelta(hours=1)
_SECOND = timedelta(seconds=1)


@dataclasses.dataclass(frozen=True)
class Window:
    """Minutes of the days of a week, the end not included.

    ``weekdays``  days on which it begins, 0 = Monday.
    ``start_minute``, ``end_minute``  since midnight; an end that is not after the start lies on the next day, so
    equal ones mean the whole day round.
    """

    weekdays: frozenset[int]
    start_minute: int
    end_minute: int

    def __post_init__(self):
        if not self.weekdays or not self.weekdays <= frozenset(range(7)):
            raise ValueError("a window begins on at least one weekday, 0 to 6")
        if not 0 <= self.start_minute < MINUTES_PER_DAY or not 0 <= self.end_minute <= MINUTES_PER_DAY:
            raise ValueError("a window starts and ends between 0 and 1440 minutes after midnight")

    @property
    def length_minutes(self) -> int:
        """Minutes from start to end on a day of 24 hours."""
        length = self.end_minute - self.start_minute
        return length if length > 0 else length + MINUTES_PER_DAY


def is_open(window: Window, instant: datetime, time_zone: str) -> bool:
    """Say whether the window is open at ``instant`` on the wall clock of the IANA zone ``time_zone``.

    :raises ValueError: the instant has no time zone.
    """
    local = as_utc(instant).astimezone(ZoneInfo(time_zone))
    minute = local.hour * 60 + local.minute
    since_start = minute - window.start_minute
    if since_start >= 0:
        return local.weekday() in window.weekdays and since_start < window.length_minutes
    # Before today's start: only a window that began yesterday can be open.
    yesterday = (local.weekday() - 1) % 7
    return yesterday in window.weekdays and since_start + MINUTES_PER_DAY < window.length_minutes


def next_opening(window: Window, instant: datetime, time_zone: str) -> datetime:
    """Return the first moment (UTC) at or after ``instant`` at which the window is open.

    :raises ValueError: the instant has no time zone.
    """
    instant = as_utc(instant)
    if is_open(window, instant, time_zone):
        return instant
    zone = ZoneInfo(time_zone)
    for moment in sorted({*_starts(window, instant, zone), *_clock_changes(instant, zone)}):
        if moment > instant and is_open(window, moment, time_zone):
            return moment
    raise AssertionError("unreachable: a window begins on at least one weekday")


def _starts(window: Window, instant: datetime, zone: ZoneInfo) -> Iterator[datetime]:
    """Yield the moments at which the clock shows the window's start, of the next days."""
    first = instant.astimezone(zone).date() - timedelta(days=1)
    for number in range(_SEARCH_DAYS + 1):
        wall = datetime.combine(_day(first, number), time(*divmod(window.start_minute, 60)))
        for fold in (0, 1):
            yield wall.replace(tzinfo=zone, fold=fold).astimezone(timezone.utc)


def _day(first: date, number: int) -> date:
    return first + timedelta(days=number)


def _clock_changes(instant: datetime, zone: ZoneInfo) -> Iterator[datetime]:
    """Yield the moments of the next days at which the clocks are changed."""
    moment, offset = instant, instant.astimezone(zone).utcoffset()
    for _hour in range(24 * _SEARCH_DAYS):
        later = moment + _HOUR
        later_offset = later.astimezone(zone).utcoffset()
        if later_offset != offset:
            yield _moment_of_change(moment, later, zone)
        moment, offset = later, later_offset


def _moment_of_change(before: datetime, after: datetime, zone: ZoneInfo) -> datetime:
    """Return the first second in (before, after] that has the later offset."""
    offset = before.astimezone(zone).utcoffset()
    before, after = before.replace(microsecond=0), after.replace(microsecond=0)
    while after - before > _SECOND:
        middle = (before + (after - before) / 2).replace(microsecond=0)
        if middle.astimezone(zone).utcoffset() == offset:
            before = middle
        else:
            after = middle
    return after
