# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Instants are UTC, days are of a named zone, times without a zone are refused."""

from datetime import date, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from odoo.addons.finance_integration.engine import instants
from odoo.addons.finance_integration.engine.errors import ContractError

UTC_INSTANTS = st.datetimes(timezones=st.just(timezone.utc))


@given(UTC_INSTANTS)
def test_there_and_back(instant):
    assert instants.parse_instant(instants.format_instant(instant)) == instant


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2025-03-01T12:00:00Z", "2025-03-01T12:00:00Z"),
        ("2025-03-01t12:00:00z", "2025-03-01T12:00:00Z"),
        ("2025-03-01 12:00:00+01:00", "2025-03-01T11:00:00Z"),
        ("2025-03-01T00:30:00+05:30", "2025-02-28T19:00:00Z"),
        ("2025-03-01T12:00:00-08:00", "2025-03-01T20:00:00Z"),
        ("2025-03-01T12:00:00-00:00", "2025-03-01T12:00:00Z"),
        ("2025-03-01T12:00:00.5Z", "2025-03-01T12:00:00.500000Z"),
        ("2025-03-01T12:00:00.123456789Z", "2025-03-01T12:00:00.123456Z"),
    ],
)
def test_rfc_3339(text, expected):
    assert instants.format_instant(instants.parse_instant(text)) == expected


@pytest.mark.parametrize(
    "text",
    [
        *[
            "2025-03-01T12:00:00",
            "2025-03-01",
            "12:00:00Z",
            "",
            "2025-02-30T12:00:00Z",
            "2025-03-01T24:00:00Z",
        ],
        *[
            "2025-03-01T12:00:60Z",
            "2025-03-01T12:00:00+24:00",
            "2025-03-01T12:00:00+01:60",
            "20250301T120000Z",
        ],
        *[
            "0001-01-01T00:00:00+01:00",
            "9999-12-31T23:59:59-01:00",
            "0000-01-01T00:00:00Z",
            "٢٠٢٥-03-01T12:00:00Z",
        ],
        *["2025-03-01T12:00:00Z\n", " 2025-03-01T12:00:00Z", "2025-03-01T12:00:00.Z", None, 1740830400],
    ],
)
def test_everything_else_is_refused(text):
    with pytest.raises(ContractError) as caught:
        instants.parse_instant(text)
    assert caught.value.code == "date_invalid"


@given(st.text(alphabet="0123456789-:TZ+. ", max_size=35))
def test_reading_raises_nothing_but_a_contract_error(text):
    try:
        assert instants.parse_instant(text).utcoffset() == timedelta(0)
    except ContractError as error:
        assert error.code == "date_invalid"


def test_dates():
    assert instants.parse_date("2024-02-29") == date(2024, 2, 29)
    for wrong in ("2025-02-29", "2025-3-1", "01.03.2025", "", None, "2025-03-01T00:00:00Z"):
        with pytest.raises(ContractError) as caught:
            instants.parse_date(wrong)
        assert caught.value.code == "date_invalid"


@given(st.integers(instants.MIN_UNIX_SECONDS, instants.MAX_UNIX_SECONDS))
def test_unix_seconds(seconds):
    instant = instants.from_unix(seconds)
    assert int(instant.timestamp()) == seconds
    assert instant.tzinfo is timezone.utc


@pytest.mark.parametrize("seconds", [True, 1.0, "1", None, 1740830400000, -(10**12), 10**400])
def test_milliseconds_and_other_numbers_are_refused(seconds):
    with pytest.raises(ContractError) as caught:
        instants.from_unix(seconds)
    assert caught.value.code == "date_invalid"


@pytest.mark.parametrize(
    ("text", "zone", "day"),
    [
        ("2025-03-31T23:30:00Z", "UTC", date(2025, 3, 31)),
        ("2025-03-31T22:30:00Z", "Europe/Paris", date(2025, 4, 1)),
        ("2025-04-01T06:30:00Z", "America/Los_Angeles", date(2025, 3, 31)),
        ("2025-01-31T23:30:00Z", "Europe/Paris", date(2025, 2, 1)),
        ("2025-03-31T22:59:59Z", "Europe/London", date(2025, 3, 31)),
        ("2025-03-31T12:30:00Z", "Pacific/Auckland", date(2025, 4, 1)),
    ],
)
def test_the_day_depends_on_the_zone(text, zone, day):
    assert instants.local_date(instants.parse_instant(text), zone) == day


@pytest.mark.parametrize("zone", ["Mars/Base", "", "../../etc/passwd", "/etc/passwd", "Europe", "Eu\x00rope"])
def test_an_unknown_zone_is_refused(zone):
    assert not instants.known_time_zone(zone)
    with pytest.raises(ValueError, match="time zone"):
        instants.local_date(instants.utc_now(), zone)


def test_naive_times_are_refused():
    naive = datetime(2025, 3, 1)  # noqa: DTZ001 - the point of the test
    for function in (instants.format_instant, instants.as_utc):
        with pytest.raises(ValueError, match="time zone"):
            function(naive)
    with pytest.raises(ValueError, match="time zone"):
        instants.local_date(naive, "UTC")


def test_now_is_aware():
    assert instants.utc_now().utcoffset() == timedelta(0)
