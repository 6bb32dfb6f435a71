"""When a schedule runs next, held against "Schedule types" in the EventBridge Scheduler User Guide."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from emulators.lambda_host.errors import TemplateError
from emulators.lambda_host.template.schedule_expressions import next_occurrence, parse_expression
from tests.support.examples import examples
from tests.support.there import there

OSLO = ZoneInfo("Europe/Oslo")
NOW = datetime(2026, 12, 1, 12, tzinfo=UTC)


def runs(expression, after, count, zone=OSLO, anchor=NOW):
    found: list[Any] = []
    while len(found) < count and (after := next_occurrence(parse_expression(expression), zone, after, anchor)):
        found.append(after)
    return [f"{run.astimezone(zone):%Y-%m-%d %a %H:%M}" for run in found]


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("cron(15 0 * * ? *)", ["2026-12-02 Wed 00:15", "2026-12-03 Thu 00:15"]),
        ("cron(0/20 14 * * ? *)", ["2026-12-01 Tue 14:00", "2026-12-01 Tue 14:20"]),
        ("cron(*/30 * * * ? *)", ["2026-12-01 Tue 13:30", "2026-12-01 Tue 14:00"]),
        ("cron(5-7,9 13 * * ? *)", ["2026-12-01 Tue 13:05", "2026-12-01 Tue 13:06"]),
        ("cron(0 9 ? * MON-FRI *)", ["2026-12-02 Wed 09:00", "2026-12-03 Thu 09:00"]),
        ("cron(0 9 ? * 1 *)", ["2026-12-06 Sun 09:00", "2026-12-13 Sun 09:00"]),
        ("cron(0 9 ? * sat,SUN *)", ["2026-12-05 Sat 09:00", "2026-12-06 Sun 09:00"]),
        ("cron(0 0 1 JAN-MAR ? *)", ["2027-01-01 Fri 00:00", "2027-02-01 Mon 00:00"]),
        ("cron(0 0 29 2 ? *)", ["2028-02-29 Tue 00:00", "2032-02-29 Sun 00:00"]),
        ("cron(30 6 24 12 ? 2026-2027)", ["2026-12-24 Thu 06:30", "2027-12-24 Fri 06:30"]),
        ("cron(0 0 30 2 ? *)", []),
        ("cron(0 0 1 1 ? 2026)", []),
        ("at(2026-12-24T16:30:00)", ["2026-12-24 Thu 16:30"]),
        ("at(2026-11-24T16:30:00)", []),
        ("rate(5 minutes)", ["2026-12-01 Tue 13:05", "2026-12-01 Tue 13:10"]),
        ("rate(1 hour)", ["2026-12-01 Tue 14:00", "2026-12-01 Tue 15:00"]),
    ],
)
def test_an_expression_says_when_it_runs(expression: str, expected: Any) -> None:
    """The cron, rate and at examples of the page; 1 is Sunday; years end a schedule."""
    assert runs(expression, NOW, 2) == expected


def test_a_local_time_that_spring_leaves_out_is_skipped() -> None:
    """ "Daylight savings time": an invocation that falls on a non-existent date and time is skipped."""
    before = datetime(2026, 3, 28, 12, tzinfo=UTC)
    assert runs("cron(30 2 * * ? *)", before, 2) == ["2026-03-30 Mon 02:30", "2026-03-31 Tue 02:30"]
    assert runs("cron(15 0 * * ? *)", before, 2) == ["2026-03-29 Sun 00:15", "2026-03-30 Mon 00:15"]
    assert runs("at(2026-03-29T02:30:00)", before, 1) == []


def test_the_hour_that_comes_twice_in_autumn_runs_once() -> None:
    """ "Daylight savings time": in the fall the schedule runs once and does not repeat its invocation."""
    before = datetime(2026, 10, 24, 12, tzinfo=UTC)
    assert runs("cron(30 2 * * ? *)", before, 2) == ["2026-10-25 Sun 02:30", "2026-10-26 Mon 02:30"]
    first = next_occurrence(parse_expression("cron(30 2 * * ? *)"), OSLO, before, NOW)
    assert first == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)


def test_a_local_hour_stays_on_the_clock_while_utc_moves() -> None:
    """ "Time zones on EventBridge Scheduler": the expression is evaluated in the schedule's time zone."""
    expression = parse_expression("cron(15 0 * * ? *)")
    assert there(next_occurrence(expression, OSLO, datetime(2026, 7, 1, tzinfo=UTC), NOW)).hour == 22
    assert there(next_occurrence(expression, OSLO, datetime(2026, 12, 1, tzinfo=UTC), NOW)).hour == 23
    assert there(next_occurrence(expression, ZoneInfo("UTC"), datetime(2026, 12, 1, tzinfo=UTC), NOW)).hour == 0


def test_a_rate_of_days_counts_24_hours_whatever_the_clocks_do() -> None:
    """ "Daylight savings time": for rate schedules, days are 24-hour durations."""
    anchor = datetime(2026, 3, 28, 12, tzinfo=OSLO)
    assert runs("rate(1 day)", anchor, 1, anchor=anchor) == ["2026-03-29 Sun 13:00"]


def test_a_rate_runs_first_at_its_start() -> None:
    """ "Rate-based schedules": the start date is the first occurrence."""
    before = NOW - timedelta(days=5)
    assert runs("rate(2 days)", before, 2) == ["2026-12-01 Tue 13:00", "2026-12-03 Thu 13:00"]


@pytest.mark.parametrize(
    ("expression", "reason"),
    [
        ("every day", "is not cron"),
        ("cron(15 0 * * ?)", "six fields"),
        ("cron(0 0 * * * *)", "must be ?"),
        ("cron(0 0 ? * ? *)", "must be ?"),
        ("cron(60 0 * * ? *)", "not between 0 and 59"),
        ("cron(0 0 ? * 0 *)", "not between 1 and 7"),
        ("cron(0 0 L * ? *)", "L, W and #"),
        ("cron(0 0 15W * ? *)", "L, W and #"),
        ("cron(0 0 ? * 2#1 *)", "not L, W, #"),
        ("cron(9-5 0 * * ? *)", "names no value"),
        ("cron(*/0 0 * * ? *)", "names no value"),
        ("cron(? 0 * * ? *)", "not understood"),
        ("rate(0 minutes)", "rate"),
        ("rate(5 seconds)", "rate"),
        ("at(2026-12-24)", "at"),
    ],
)
def test_what_is_no_expression_is_refused_with_its_reason(expression: str, reason: str) -> None:
    """The fields, wildcards and forms of the page; of its wildcards L, W and # are not known here."""
    with pytest.raises(TemplateError, match=reason.replace("?", r"\?")):
        parse_expression(expression)


@settings(max_examples=examples(150), deadline=None)
@given(
    minute=st.integers(0, 59),
    hour=st.integers(0, 23),
    zone=st.sampled_from(["Europe/Oslo", "America/St_Johns", "Australia/Lord_Howe", "Africa/Casablanca", "UTC"]),
    after=st.datetimes(datetime(2025, 1, 1), datetime(2030, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001
)
def test_a_daily_time_runs_once_on_every_day_that_has_it(minute: Any, hour: Any, zone: Any, after: Any) -> None:
    """ "Daylight savings time": never twice, never at another local time, and only a missing hour is skipped."""
    place = ZoneInfo(zone)
    cron = parse_expression(f"cron({minute} {hour} * * ? *)")
    found = next_occurrence(cron, place, after, after)
    local = there(found).astimezone(place)
    assert found > after
    assert (local.hour, local.minute, local.fold) == (hour, minute, 0)
    # Minute by minute nothing earlier has this local time: except in the second pass of an hour that comes twice.
    moment = after.replace(second=0, microsecond=0) + timedelta(minutes=1)
    while moment < found:
        earlier = moment.astimezone(place)
        assert (earlier.hour, earlier.minute) != (hour, minute) or earlier.fold == 1
        moment += timedelta(minutes=1)
