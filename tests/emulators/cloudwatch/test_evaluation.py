"""The model of CloudWatch, held against the tables and examples of its own documentation."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from emulators.cloudwatch.alarms import Alarm, AlarmRefusedError, Metric, MissingData, Query
from emulators.cloudwatch.assumptions import Assumptions, every_assumption
from emulators.cloudwatch.evaluation import State, state_of
from emulators.cloudwatch.expressions import calculate
from emulators.cloudwatch.points import Point
from emulators.cloudwatch.reading import read_alarm
from emulators.cloudwatch.timeline import Change, changes, rings

JOB = Metric("Jobs", "Failed")
MINUTE = timedelta(minutes=1)
OK, ALARM, INSUFFICIENT = State.OK, State.ALARM, State.INSUFFICIENT_DATA
RETAIN = None
TREATMENTS = (MissingData.MISSING, MissingData.IGNORE, MissingData.BREACHING, MissingData.NOT_BREACHING)


def alarm(*, m: int = 1, n: int = 1, period: int = 300, missing: MissingData = MissingData.MISSING) -> Alarm:
    """Return an alarm that a value above 0 breaches."""
    query = Query("failed", JOB, "Sum")
    return Alarm("A", (query,), "failed", timedelta(seconds=period), n, m, 0, "GreaterThanThreshold", missing)


@pytest.mark.parametrize(
    ("points", "m", "states"),
    [
        ("0 - X - X", 3, (OK, OK, OK, OK)),
        ("0 - - - -", 3, (OK, OK, OK, OK)),
        ("- - - - -", 3, (INSUFFICIENT, RETAIN, ALARM, OK)),
        ("0 X X - X", 3, (ALARM, ALARM, ALARM, ALARM)),
        ("- - X - -", 3, (ALARM, RETAIN, ALARM, OK)),
        ("0 - X - X", 2, (ALARM, ALARM, ALARM, ALARM)),
        ("0 0 X 0 X", 2, (ALARM, ALARM, ALARM, ALARM)),
        ("0 - X - -", 2, (OK, OK, ALARM, OK)),
        ("- - - - 0", 2, (OK, OK, ALARM, OK)),
        ("- - - X -", 2, (ALARM, RETAIN, ALARM, OK)),
        # "The alarm does not go immediately into ALARM": the premature alarm, where it is still avoided.
        ("- - - - X", 3, (INSUFFICIENT, RETAIN, ALARM, OK)),
        ("- - - X -", 3, (INSUFFICIENT, RETAIN, ALARM, OK)),
    ],
)
def test_the_documented_tables(points: str, m: int, states: tuple[State | None, ...]) -> None:
    """Every row of both tables of "Configuring how CloudWatch alarms treat missing data", N = 3 and 5 retrieved."""
    values = [{"0": 0.0, "X": 1.0, "-": None}[point] for point in points.split()]
    for treatment, expected in zip(TREATMENTS, states, strict=True):
        for previous in State:
            found = state_of(alarm(m=m, n=3, missing=treatment), values, previous)
            assert found is (expected or previous), (treatment, previous)


def test_the_documented_multi_day_alarm() -> None:
    """A job that fails at 10:02 rings at 11:03, and one that succeeds at 11:43 ends it at 12:03."""
    day = datetime(2026, 11, 30, tzinfo=UTC)
    every_three_days = alarm(n=3, m=1, period=86400)
    jobs = Alarm("A", every_three_days.queries, "failed", timedelta(hours=1), 25, 25, 1, "LessThanThreshold")
    failed, mended, begin = day.replace(hour=10, minute=2), day.replace(hour=11, minute=43), day.replace(hour=10)
    end = begin + timedelta(hours=3)
    assert every_three_days.is_multi_day
    assert changes(every_three_days, [Point(JOB, failed, failed)], begin, end)[-1] == Change(
        day.replace(hour=11, minute=3), ALARM
    )
    points = [Point(JOB, failed, failed, 0.0), Point(JOB, mended, mended, 1.0)]
    assert changes(jobs, points, begin, end)[-1] == Change(day.replace(hour=12, minute=3), OK)


def test_periods_slide_with_the_minute() -> None:
    """At the end of minute 6 five minutes are minutes 2 to 6, so a point counts for five evaluations."""
    begin = datetime(2026, 11, 30, tzinfo=UTC)
    at = begin + 2 * MINUTE
    found = changes(
        alarm(missing=MissingData.NOT_BREACHING),
        [Point(JOB, at, at)],
        begin,
        begin + 20 * MINUTE,
        Assumptions(extra_periods=0),
    )
    assert rings(found) == [(begin + 3 * MINUTE, 5 * MINUTE)]


def test_a_sparse_series_rings_late_without_fill() -> None:
    """A real point farther back in the range counts, so silence is heard later than EvaluationPeriods says."""
    begin = datetime(2026, 11, 30, tzinfo=UTC)
    beat = Query("beat", JOB, "Sum")

    def rang(expression: str, extra: int) -> timedelta:
        watched = Alarm("A", (beat,), expression, MINUTE, 10, 10, 1, "LessThanThreshold", MissingData.BREACHING)
        [first, *_] = rings(
            changes(watched, [Point(JOB, begin, begin)], begin + MINUTE, begin + 60 * MINUTE, Assumptions(extra))
        )
        return first[0] - begin

    assert [rang("beat", extra) for extra in (0, 2, 12)] == [11 * MINUTE, 13 * MINUTE, 23 * MINUTE]
    assert [rang("FILL(beat, 0)", extra) for extra in (0, 2, 12)] == [11 * MINUTE] * 3


def test_a_late_point_is_not_seen_before_it_comes() -> None:
    """It is filed under its own time, so a window that has gone past it never sees it."""
    begin = datetime(2026, 11, 30, tzinfo=UTC)
    filled = Alarm("A", alarm().queries, "FILL(failed, 0)", 5 * MINUTE, 1, 1, 0, "GreaterThanThreshold")
    wider = Alarm("A", alarm().queries, "FILL(failed, 0)", 5 * MINUTE, 3, 1, 0, "GreaterThanThreshold")
    late = [Point(JOB, begin, begin + 7 * MINUTE)]
    end = begin + 30 * MINUTE
    assert rings(changes(filled, late, begin, end)) == []
    assert [at for at, _ in rings(changes(wider, late, begin, end))] == [begin + 7 * MINUTE]


def test_actions_follow_changes_only() -> None:
    begin = datetime(2026, 11, 30, tzinfo=UTC)
    points = [Point(JOB, begin + n * MINUTE, begin + n * MINUTE) for n in range(60)]
    assert len(changes(alarm(), points, begin + MINUTE, begin + 50 * MINUTE)) == 1


@pytest.mark.parametrize(
    ("expression", "values"),
    [
        ("a + b", [3.0, 1.0, 2.0, None]),
        ("FILL(a, 0) + FILL(b, 0)", [3.0, 1.0, 2.0, 0.0]),
        ("FILL(a, 7)", [1.0, 1.0, 7.0, 7.0]),
        ("a * 2 - 1", [1.0, 1.0, None, None]),
    ],
)
def test_metric_math(expression: str, values: list[float | None]) -> None:
    """An operator treats a missing value as 0 where the other has one; FILL fills every period."""
    series = {"a": [1.0, 1.0, None, None], "b": [2.0, None, 2.0, None]}
    assert calculate(expression, series, fill_needs_a_point=True) == values


def test_fill_without_any_point_is_an_assumption() -> None:
    nothing: dict[str, list[float | None]] = {"a": [None, None]}
    assert calculate("FILL(a, 0)", nothing, fill_needs_a_point=True) == [None, None]
    assert calculate("FILL(a, 0)", nothing, fill_needs_a_point=False) == [0.0, 0.0]
    assert {one.fill_needs_a_point for one in every_assumption()} == {True, False}


@pytest.mark.parametrize(("period", "n"), [(300, 289), (3600, 169), (86400, 8)])
def test_windows_that_cloudwatch_refuses(period: int, n: int) -> None:
    """A day from shorter periods, a week from those of an hour on."""
    with pytest.raises(AlarmRefusedError, match="limit"):
        alarm(n=n, period=period)
    alarm(n=n - 1, period=period)


@pytest.mark.parametrize("expression", ["METRICS()", "a +", "ANOMALY_DETECTION_BAND(a)", "1 + 1", "FILL(a, REPEAT)"])
def test_what_the_model_does_not_know_it_refuses(expression: str) -> None:
    with pytest.raises(AlarmRefusedError):
        calculate(expression, {"a": [1.0]}, fill_needs_a_point=False)


@pytest.mark.parametrize(
    "unknown", ["EvaluationWindow", "EvaluationCriteria", "EvaluationInterval", "Unit", "SomethingOfNextYear"]
)
def test_an_alarm_of_a_kind_that_is_unknown_here_is_refused(unknown: str) -> None:
    """Also for a property that CloudWatch gets later: the model would go on without it, and be wrong."""
    with pytest.raises(AlarmRefusedError, match=unknown):
        read_alarm("A", {unknown: {}, "EvaluationPeriods": 1})


def test_a_new_alarm_is_not_evaluated_while_it_warms_up() -> None:
    """It keeps INSUFFICIENT_DATA for the whole period, and two days are the longest."""
    begin = datetime(2026, 11, 30, tzinfo=UTC)
    made = replace(alarm(n=1, missing=MissingData.BREACHING), warm_up=timedelta(minutes=30))
    assert changes(made, [], begin, begin + timedelta(hours=1)) == [Change(begin + timedelta(minutes=30), ALARM)]
    with pytest.raises(AlarmRefusedError, match="warms up"):
        replace(made, warm_up=timedelta(minutes=2881))
    described = {
        "Namespace": "Jobs",
        "MetricName": "Failed",
        "Statistic": "Sum",
        "Period": 300,
        "EvaluationPeriods": 1,
        "Threshold": 0,
        "ComparisonOperator": "GreaterThanThreshold",
        "WarmUpConfiguration": {"WarmUpPeriodDurationInMinutes": 30},
    }
    with pytest.raises(AlarmRefusedError, match="ends early"):
        read_alarm("A", described)
