"""The dead man's switches ring in time and never falsely, by the model of CloudWatch (I12: a run that never came)."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from tests.support.alarm_times import (
    AUTUMN,
    BEGIN,
    DOCUMENT,
    END,
    ORDINARY,
    RUN_OF,
    SCENARIOS,
    SPRING,
    Ringing,
    Scenario,
    all_day,
    only,
    ring,
    table,
)
from tests.support.alarms import Pace, alarms, local

if TYPE_CHECKING:
    from emulators.cloudwatch.alarms import Alarm

NIGHTLY = ("ExpiryCheckMissingAlarm", "ComparisonMissingAlarm")
HOUR = timedelta(hours=1)


def of(alarm: str, text: str) -> Scenario:
    return next(one for one in SCENARIOS if (one.alarm, one.text) == (alarm, text))


def rang_once(scenario: Scenario, alarm: Alarm | None = None) -> Ringing:
    [rang] = ring(scenario, alarm)
    return rang


def test_the_table_says_what_the_model_says() -> None:
    """If it does not: `python -m tests.support.alarm_times` writes it anew, and then read what has changed."""
    text = DOCUMENT.read_text(encoding="utf-8")
    assert text.split(BEGIN)[1].split(END)[0].strip("\n") == table().strip("\n")


def test_every_dead_mans_switch_is_in_the_table() -> None:
    """An alarm that a missing point breaches is one of them."""
    assert {name for name, alarm in alarms().items() if alarm.missing_data == "breaching"} == set(RUN_OF)
    assert {scenario.alarm for scenario in SCENARIOS} == set(RUN_OF)


@pytest.mark.parametrize("alarm", NIGHTLY)
@pytest.mark.parametrize(
    "text", ["the runs of a day do not come, as with a disabled schedule", "every run of a day fails"]
)
def test_a_missed_night_rings_before_work(alarm: str, text: str) -> None:
    """After the last try, which may come until 06:15, and before 08:00. The next night that succeeds ends it."""
    rang = rang_once(of(alarm, text))
    assert rang.at is not None
    assert rang.ended is not None
    assert local(*ORDINARY, 6, 15) < rang.at.first <= rang.at.last < local(*ORDINARY, 8)
    assert rang.ended.last - local(*ORDINARY, 24 - 1, 59) < 5 * HOUR + timedelta(minutes=1)


@pytest.mark.parametrize("alarm", NIGHTLY)
def test_a_missed_night_of_a_clock_change_rings(alarm: str) -> None:
    """Both are Sundays: in autumn before 08:00, in spring before 09:00."""
    autumn = rang_once(of(alarm, "the runs of the autumn day do not come"))
    spring = rang_once(of(alarm, "the runs of the spring day do not come"))
    assert autumn.at is not None
    assert spring.at is not None
    assert local(*AUTUMN, 5, 59) < autumn.at.first <= autumn.at.last < local(*AUTUMN, 8)
    assert local(*SPRING, 6, 15) < spring.at.first <= spring.at.last < local(*SPRING, 9)


def test_mail_that_is_not_sent_rings_around_noon() -> None:
    """After two runs of a day, on ordinary days and on those of a clock change."""
    for text, day in (
        ("the runs of a day do not come, as with a disabled schedule", ORDINARY),
        ("every run of a day fails", ORDINARY),
        ("the runs of the autumn day do not come", AUTUMN),
        ("the runs of the spring day do not come", SPRING),
    ):
        rang = rang_once(of("SendNoticesMissingAlarm", text))
        assert rang.at is not None
        assert local(*day, 11) <= rang.at.first <= rang.at.last < local(*day, 13, 30), text


def test_sweeps_that_stop_ring_within_forty_minutes() -> None:
    for text in ("no sweep comes from 10:00 to 12:00", "every sweep fails from 10:00 to 12:00"):
        rang = rang_once(of("SweepMissingAlarm", text))
        assert rang.at is not None
        assert rang.ended is not None
        assert rang.at.last < local(*ORDINARY, 10, 40)
        assert rang.ended.last < local(*ORDINARY, 12, 16)


SILENT = [
    scenario
    for scenario in SCENARIOS
    if any(words in scenario.text for words in ("degraded", "all is well", "only the run", "09:00 fails", "19 minutes"))
]


@pytest.mark.parametrize("scenario", SILENT, ids=lambda one: f"{one.alarm}-{one.text}"[:55])
def test_it_never_rings_falsely(scenario: Scenario) -> None:
    """Not on days of a clock change, not after a late night, not for a degraded run, and not for late metrics."""
    assert ring(scenario) == []


@pytest.mark.parametrize("alarm", RUN_OF)
def test_a_new_stack_rings_only_if_nothing_runs(alarm: str) -> None:
    """Not before its first run was due, and then until something runs; without the warm-up it would at once."""
    first = of(alarm, "deployed at 10:00; the next run that is due is the first")
    cold = replace(alarms()[alarm], warm_up=timedelta(0))
    assert ring(first) == []
    at_once = rang_once(first, cold)
    assert at_once.at is not None
    assert at_once.at.last < local(*ORDINARY, 11)
    never = rang_once(of(alarm, "deployed at 10:00, and nothing ever runs"))
    assert never.at is not None
    assert local(*ORDINARY, 10) + alarms()[alarm].warm_up <= never.at.first
    assert never.at.last < local(*ORDINARY, 10) + alarms()[alarm].warm_up + HOUR
    assert never.ended is None


def test_another_window_would_ring_falsely_or_too_late() -> None:
    """24 hours ring each night that succeeds at 05:15 only, and 26 after 08:00."""
    made = alarms()["ExpiryCheckMissingAlarm"]
    day = replace(made, evaluation_periods=24, datapoints_to_alarm=24)
    longer = replace(made, evaluation_periods=26, datapoints_to_alarm=26)
    late_successes = Scenario(made.name, "", ORDINARY, only((5, 15)), paces=(Pace(0.9),))
    missed = Scenario(made.name, "", ORDINARY, all_day(ORDINARY, None))
    assert ring(late_successes) == []
    assert len(ring(late_successes, day)) == 2
    rang = rang_once(missed, longer)
    assert rang.at is not None
    assert rang.at.last > local(*ORDINARY, 8)


def test_without_fill_it_would_be_unknown_when_it_rings() -> None:
    """How far back CloudWatch looks for a point is documented nowhere."""
    made = alarms()["ExpiryCheckMissingAlarm"]
    sparse = replace(made, expression="succeeded + degraded")
    rang = rang_once(Scenario(made.name, "", ORDINARY, all_day(ORDINARY, None)), sparse)
    assert rang.at is not None
    assert rang.at.last - rang.at.first > 12 * HOUR
