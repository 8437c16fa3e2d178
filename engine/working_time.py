# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""When something is due: after so many hours of the clock, or of the hours in which people work."""

from __future__ import annotations

import dataclasses
from datetime import datetime, time, timedelta, timezone
from zoneinfo import ZoneInfo

from .instants import as_utc

# Ten years: whoever asks for more hours than fit has made a mistake in the set-up.
MAX_DAYS = 3660


@dataclasses.dataclass(frozen=True)
class WorkingTime:
    """The hours in which somebody is there.

    ``time_zone``    IANA name.
    ``days``         days of the week, 0 = Monday.
    ``from_minute``  minute of the day at which work begins, ``to_minute`` at which it ends (0 to 1440).

    :raises ValueError: nobody ever works, or a day has no such minute.
    """

    time_zone: str
    days: frozenset[int] = frozenset({0, 1, 2, 3, 4})
    from_minute: int = 9 * 60
    to_minute: int = 17 * 60

    def __post_init__(self):
        if not self.days or not self.days <= set(range(7)):
            raise ValueError("working days are 0 (Monday) to 6, at least one")
        if not 0 <= self.from_minute < self.to_minute <= 24 * 60:
            raise ValueError("work begins before it ends, within one day")


def due_at(since: datetime, hours: int, working: WorkingTime | None = None) -> datetime:
    """Return the instant (UTC) at which ``hours`` have gone by since ``since`` (an aware instant).

    :param working: count only these hours; None = every hour counts.
    :raises ValueError: ``hours`` is negative, or more than ``MAX_DAYS`` of work.
    """
    if hours < 0:
        raise ValueError("hours are not negative")
    since = as_utc(since)
    left = timedelta(hours=hours)
    if working is None:
        return since + left
    zone = ZoneInfo(working.time_zone)
    day = since.astimezone(zone).date()
    for _number in range(MAX_DAYS):
        if day.weekday() in working.days:
            begin, end = _window(day, working, zone)
            begin = max(begin, since)
            if begin < end:
                if left <= end - begin:
                    return begin + left
                left -= end - begin
        day += timedelta(days=1)
    raise ValueError(f"more than {MAX_DAYS} days of work")


def _window(day, working: WorkingTime, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """Return begin and end of a day's work in UTC; on the day on which the clocks change it is shorter or longer."""
    midnight = datetime.combine(day, time(), tzinfo=zone)
    # Wall clock arithmetic: nine o'clock is nine o'clock, whatever happened at night.
    begin = (midnight + timedelta(minutes=working.from_minute)).astimezone(timezone.utc)
    return begin, (midnight + timedelta(minutes=working.to_minute)).astimezone(timezone.utc)
