# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Instants: always UTC-aware inside the hub, RFC 3339 on the wire, a calendar day only in a named zone."""

from __future__ import annotations

import re
import zoneinfo
from datetime import date, datetime, timedelta, timezone

from .errors import ContractError

# RFC 3339 section 5.6; the offset is required, because a time without one is no instant.
_RFC3339 = re.compile(
    r"(\d{4})-(\d{2})-(\d{2})[Tt ](\d{2}):(\d{2}):(\d{2})(?:\.(\d{1,9}))?(?:([Zz])|([+-])(\d{2}):(\d{2}))",
    re.ASCII,
)
_DATE = re.compile(r"(\d{4})-(\d{2})-(\d{2})", re.ASCII)
_MAX_OFFSET_HOURS = 23
_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
# Beyond these, a number is no instant of business life but milliseconds taken for seconds, or worse.
MIN_UNIX_SECONDS = -2_208_988_800  # 1900-01-01
MAX_UNIX_SECONDS = 7_258_118_400  # 2200-01-01


def utc_now() -> datetime:
    """Return the current instant, UTC-aware."""
    return datetime.now(timezone.utc)


def parse_instant(text: object) -> datetime:
    """Return the UTC-aware instant that an RFC 3339 ``text`` names; digits beyond microseconds are cut off.

    :raises ContractError: ``date_invalid`` for anything else, also for a time without offset.
    """
    match = _RFC3339.fullmatch(text) if isinstance(text, str) else None
    if match is None:
        raise ContractError("date_invalid", params={"value": _shown(text)})
    year, month, day, hour, minute, second, fraction, _zulu, sign, offset_hour, offset_minute = match.groups()
    try:
        naive_parts = [int(part) for part in (year, month, day, hour, minute, second)]
        microsecond = int((fraction or "0")[:6].ljust(6, "0"))
        instant = datetime(*naive_parts, microsecond, tzinfo=timezone.utc)
        if sign:
            if int(offset_hour) > _MAX_OFFSET_HOURS or int(offset_minute) > 59:
                raise ValueError("offset out of range")
            offset = timedelta(hours=int(offset_hour), minutes=int(offset_minute))
            instant = instant - offset if sign == "+" else instant + offset
    except (ValueError, OverflowError) as error:
        raise ContractError("date_invalid", str(error), params={"value": _shown(text)}) from error
    return instant


def parse_date(text: object) -> date:
    """Return the calendar date that ``text`` (``YYYY-MM-DD``) names.

    :raises ContractError: ``date_invalid`` for anything else.
    """
    match = _DATE.fullmatch(text) if isinstance(text, str) else None
    if match is None:
        raise ContractError("date_invalid", params={"value": _shown(text)})
    try:
        return date(*[int(part) for part in match.groups()])
    except ValueError as error:
        raise ContractError("date_invalid", str(error), params={"value": _shown(text)}) from error


def from_unix(seconds: object) -> datetime:
    """Return the UTC-aware instant of whole ``seconds`` since 1970 (a Unix time).

    :raises ContractError: ``date_invalid`` for anything but an int between 1900 and 2200.
    """
    if type(seconds) is not int or not MIN_UNIX_SECONDS <= seconds <= MAX_UNIX_SECONDS:
        raise ContractError("date_invalid", params={"value": _shown(seconds)})
    return _EPOCH + timedelta(seconds=seconds)


def format_instant(instant: datetime) -> str:
    """Return ``instant`` as RFC 3339 in UTC with ``Z``; microseconds only when there are any.

    :raises ValueError: the instant has no time zone.
    """
    utc = as_utc(instant)
    text = utc.replace(tzinfo=None).isoformat(timespec="microseconds" if utc.microsecond else "seconds")
    return text + "Z"


def as_utc(instant: datetime) -> datetime:
    """Return the same instant in UTC.

    :raises ValueError: the instant has no time zone.
    """
    if instant.tzinfo is None or instant.utcoffset() is None:
        raise ValueError("an instant needs a time zone")
    return instant.astimezone(timezone.utc)


def local_date(instant: datetime, time_zone: str) -> date:
    """Return the calendar day of ``instant`` in the IANA zone ``time_zone`` (policy P2: the company's).

    :raises ValueError: the instant has no time zone, or the zone is unknown.
    """
    return as_utc(instant).astimezone(_zone(time_zone)).date()


def known_time_zone(time_zone: str) -> bool:
    """Say whether ``time_zone`` is the name of an IANA zone."""
    try:
        _zone(time_zone)
    except ValueError:
        return False
    return True


def _zone(name: str) -> zoneinfo.ZoneInfo:
    try:
        return zoneinfo.ZoneInfo(name)
    except (zoneinfo.ZoneInfoNotFoundError, OSError, ValueError, TypeError) as error:
        raise ValueError(f"unknown time zone {name[:64]!r}") from error


def _shown(value: object) -> str:
    return repr(value) if len(str(value)[:80]) < 80 else type(value).__name__
