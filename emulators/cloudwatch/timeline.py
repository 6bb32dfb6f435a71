"""The states of an alarm over time.

Source: "Alarm evaluation" (alarm-evaluation) in the CloudWatch User Guide. With a period of a minute or longer an alarm
is evaluated every minute, over periods that end at that minute: at the end of minute 6, five minutes are minutes 2 to
6. If the periods cover more than a day, it is evaluated once an hour, over data up to the hour's first minute.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from emulators.cloudwatch.alarms import HOUR, MINUTE
from emulators.cloudwatch.assumptions import Assumptions
from emulators.cloudwatch.evaluation import State, state_of
from emulators.cloudwatch.expressions import calculate
from emulators.cloudwatch.points import series_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import datetime, timedelta

    from emulators.cloudwatch.alarms import Alarm
    from emulators.cloudwatch.points import Point, Series

DEFAULT = Assumptions()


@dataclass(frozen=True)
class Change:
    """An alarm changes its state, and carries out the actions of the new one: actions follow changes only."""

    at: datetime
    state: State


def changes(
    alarm: Alarm, points: Iterable[Point], begin: datetime, end: datetime, assumptions: Assumptions = DEFAULT
) -> list[Change]:
    """Return every change of state of an alarm that is created at `begin`, until `end`.

    A new alarm has INSUFFICIENT_DATA, keeps it while it warms up, and sees what was published before it.
    """
    series, state, found = series_of(alarm.queries, points), State.INSUFFICIENT_DATA, []
    for at in _evaluations(alarm, begin, end, assumptions):
        new = state_of(alarm, _values(alarm, series, at, assumptions), state)
        if new is not state:
            found.append(Change(at, new))
        state = new
    return found


def _evaluations(alarm: Alarm, begin: datetime, end: datetime, assumptions: Assumptions) -> Iterator[datetime]:
    at, step = begin.replace(second=0, microsecond=0), MINUTE
    if alarm.is_multi_day:
        at, step = at.replace(minute=assumptions.minute_of_hour), HOUR
    while at < end:
        if at >= begin + alarm.warm_up:
            yield at
        at += step


def _values(alarm: Alarm, series: dict[str, Series], at: datetime, assumptions: Assumptions) -> list[float | None]:
    newest = (at.replace(minute=0) if alarm.is_multi_day else at).timestamp()
    period, periods = alarm.period.total_seconds(), alarm.evaluation_periods + assumptions.extra_periods
    ends = [newest - period * back for back in reversed(range(periods))]
    seen_at = at.timestamp()
    values = {identity: [one.value(end - period, end, seen_at) for end in ends] for identity, one in series.items()}
    return calculate(alarm.expression, values, fill_needs_a_point=assumptions.fill_needs_a_point)


def rings(found: list[Change]) -> list[tuple[datetime, timedelta | None]]:
    """Return when it rang, and for how long; None: it has not ended."""
    rang: list[tuple[datetime, timedelta | None]] = []
    for change in found:
        if change.state is State.ALARM:
            rang.append((change.at, None))
        elif rang and rang[-1][1] is None:
            rang[-1] = (rang[-1][0], change.at - rang[-1][0])
    return rang
