"""The state that data points put an alarm into.

Source: "Configuring how CloudWatch alarms treat missing data" (alarms-and-missing-data) and "Avoiding premature
transitions to alarm state" in the CloudWatch User Guide; tests hold this against every row of the page's tables.
"""

from __future__ import annotations

import operator
from enum import StrEnum
from typing import TYPE_CHECKING

from emulators.cloudwatch.alarms import AlarmRefusedError, MissingData

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from emulators.cloudwatch.alarms import Alarm

_COMPARISONS: Mapping[str, Callable[[float, float], bool]] = {
    "GreaterThanThreshold": operator.gt,
    "GreaterThanOrEqualToThreshold": operator.ge,
    "LessThanThreshold": operator.lt,
    "LessThanOrEqualToThreshold": operator.le,
}


class State(StrEnum):
    """The state of an alarm."""

    OK = "OK"
    ALARM = "ALARM"
    INSUFFICIENT_DATA = "INSUFFICIENT_DATA"


def state_of(alarm: Alarm, values: Sequence[float | None], previous: State) -> State:
    """Return the state after the values of the retrieved range, the oldest first; None is a missing data point."""
    if alarm.comparison not in _COMPARISONS:
        raise AlarmRefusedError(f"{alarm.name}: this model does not know {alarm.comparison}")
    breaches = _COMPARISONS[alarm.comparison]
    points = [None if value is None else breaches(value, alarm.threshold) for value in values]
    real = [point for point in points if point is not None]
    periods, needed = alarm.evaluation_periods, alarm.datapoints_to_alarm
    if len(real) >= periods:  # the newest that exist, from however far back in the range; no treatment is asked
        return _alarm_if(sum(real[-periods:]) >= needed)
    breaching, missing = sum(real), periods - len(real)
    if alarm.missing_data is MissingData.BREACHING:
        return _alarm_if(breaching + missing >= needed)
    decided = breaching >= needed or breaching < len(real) or alarm.missing_data is MissingData.NOT_BREACHING
    if decided:
        return _alarm_if(breaching >= needed)
    if alarm.missing_data is MissingData.IGNORE:
        return previous
    # The rule of the premature alarm: too few points and all of them breach, the oldest of them for long enough.
    recent = points[-periods:]
    age = periods - recent.index(True) if True in recent else 0
    return State.ALARM if age >= needed else State.INSUFFICIENT_DATA


def _alarm_if(is_alarm: bool) -> State:
    return State.ALARM if is_alarm else State.OK
