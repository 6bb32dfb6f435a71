"""Calendar days and times of day on an organisation's clocks."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain.calendar import UnknownTimeZoneError, as_of, is_daytime, is_full_scan_day
from tests.support.nightly_checks import at_night


@pytest.mark.parametrize(
    ("moment", "day"),
    [
        ("2026-11-30T22:59:59Z", date(2026, 11, 30)),
        ("2026-11-30T23:00:00Z", date(2026, 12, 1)),
        ("2026-07-31T21:59:59Z", date(2026, 7, 31)),
        ("2026-07-31T22:00:00Z", date(2026, 8, 1)),
    ],
)
def test_the_day_turns_at_midnight_on_the_organisations_clocks(moment: str, day: date) -> None:
    """expires_on is a date in Europe/Oslo: 23:00 UTC in winter, 22:00 in summer."""
    assert as_of(datetime.fromisoformat(moment), "Europe/Oslo") == day


@given(st.dates(date(1980, 1, 1), date(2100, 1, 1)))
def test_every_day_is_evaluated_by_its_own_nightly_check(day: Any) -> None:
    """Every day of every year is evaluated by its own nightly check.

    00:15 Europe/Oslo exists once on every day, also when the clocks change.
    """
    assert as_of(at_night(day), "Europe/Oslo") == day
    assert as_of(at_night(day).astimezone(UTC), "Europe/Oslo") == day


@pytest.mark.parametrize("change", [date(2027, 3, 28), date(2026, 10, 25)])
def test_checks_around_a_change_of_clocks_skip_and_repeat_no_day(change: date) -> None:
    """The nightly checks around a change of clocks skip no day and repeat none.

    23 and 25 hours apart.
    """
    nightly_checks = [at_night(change + timedelta(days=i)).astimezone(UTC) for i in range(3)]
    assert [as_of(moment, "Europe/Oslo") for moment in nightly_checks] == [change + timedelta(days=i) for i in range(3)]
    assert (nightly_checks[1] - nightly_checks[0]) in {timedelta(hours=23), timedelta(hours=25)}


@pytest.mark.parametrize("name", ["europe/oslo", "EUROPE/OSLO", " Europe/Oslo\n"])
def test_a_time_zone_is_found_as_postgresql_finds_it(name: str) -> None:
    """In any case, and without the white space around it."""
    assert as_of(datetime.fromisoformat("2026-11-30T23:00:00Z"), name) == date(2026, 12, 1)


@pytest.mark.parametrize(
    "name", ["", "Oslo", "Europe", "Europe/", "../Europe/Oslo", "/etc/passwd", "Europe/Oslo\0", "Ø"]
)
def test_a_name_of_no_time_zone_is_one_error_without_the_name(name: str) -> None:
    """I11, I13: its organisation fails alone."""
    with pytest.raises(UnknownTimeZoneError, match=r"^unknown_timezone$"):
        as_of(datetime(2026, 12, 1, tzinfo=UTC), name)


def test_a_moment_without_a_time_zone_is_refused() -> None:
    """It would be read as this machine's own time."""
    with pytest.raises(ValueError, match="time zone"):
        as_of(datetime(2026, 12, 1), "Europe/Oslo")  # noqa: DTZ001


@pytest.mark.parametrize(
    ("clock", "day"), [("07:59:59", False), ("08:00:00", True), ("19:59:59", True), ("20:00:00", False)]
)
@pytest.mark.parametrize("date_and_offset", [("2026-12-01", "+01:00"), ("2026-07-01", "+02:00")])
def test_day_is_from_eight_up_to_twenty_in_winter_and_summer(clock: str, day: bool, date_and_offset: Any) -> None:
    """Nobody is mailed at night."""
    on, offset = date_and_offset
    assert is_daytime(datetime.fromisoformat(f"{on}T{clock}{offset}"), "Europe/Oslo") is day


def test_one_day_of_seven_is_a_full_scan_day() -> None:
    """Mondays: a change that came past the triggers waits a week at most."""
    week = [date(2026, 11, 30) + timedelta(days=i) for i in range(7)]
    assert [is_full_scan_day(day) for day in week] == [True] + [False] * 6
