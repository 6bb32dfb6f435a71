"""Alarms as CloudFormation describes them, and the limits that CloudWatch sets them.

Sources: AWS::CloudWatch::Alarm in the CloudFormation template reference; PutMetricAlarm in the CloudWatch API
reference; "Limits that apply to alarms based on metric math expressions" (alarm-limits) and
"Alarm warm-up periods" (alarm-warm-up) in the CloudWatch User Guide.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

DAY = timedelta(days=1)
WEEK = timedelta(days=7)
HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)
MOST_METRICS = 10
LONGEST_WARM_UP = timedelta(minutes=2880)


class AlarmRefusedError(Exception):
    """CloudWatch would refuse the alarm, or this model does not know how it evaluates one of its kind."""


class MissingData(StrEnum):
    """How an alarm treats a missing data point (TreatMissingData)."""

    MISSING = "missing"
    IGNORE = "ignore"
    BREACHING = "breaching"
    NOT_BREACHING = "notBreaching"


@dataclass(frozen=True)
class Metric:
    """A metric by what identifies it: namespace, name and all of its dimensions."""

    namespace: str
    name: str
    dimensions: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Query:
    """One metric of an alarm: the id that expressions call it by, and the statistic of a period."""

    id: str
    metric: Metric
    statistic: str


@dataclass(frozen=True)
class Alarm:
    """A metric alarm. `expression` is the id of a query, or a metric-math expression over ids."""

    name: str
    queries: tuple[Query, ...]
    expression: str
    period: timedelta
    evaluation_periods: int
    datapoints_to_alarm: int
    threshold: float
    comparison: str
    missing_data: MissingData = MissingData.MISSING
    notifies: bool = False
    notifies_ok: bool = False
    description: str = ""
    warm_up: timedelta = timedelta(0)
    """How long a new alarm is not evaluated ("Alarm warm-up periods")."""

    def __post_init__(self) -> None:
        """Refuse what PutMetricAlarm refuses."""
        window = self.window
        if self.warm_up > LONGEST_WARM_UP:
            raise AlarmRefusedError(f"{self.name}: an alarm warms up for {LONGEST_WARM_UP} at most")
        if not 1 <= self.datapoints_to_alarm <= self.evaluation_periods:
            raise AlarmRefusedError(f"{self.name}: DatapointsToAlarm must be between 1 and EvaluationPeriods")
        if self.period % MINUTE or not self.period:
            raise AlarmRefusedError(f"{self.name}: this model knows periods of whole minutes only")
        if window > WEEK or (self.period < HOUR and window > DAY):
            raise AlarmRefusedError(
                f"{self.name}: the periods cover {window}; the limit is a day, or a week from periods of an hour on"
            )
        if len(self.queries) > MOST_METRICS:
            raise AlarmRefusedError(f"{self.name}: an expression may use {MOST_METRICS} metrics at most")

    @property
    def window(self) -> timedelta:
        """Return how far back the evaluation periods reach."""
        return self.period * self.evaluation_periods

    @property
    def is_multi_day(self) -> bool:
        """Return whether the alarm is evaluated once an hour ("Example of evaluating a multi-day alarm")."""
        return self.window > DAY

    @property
    def metrics(self) -> tuple[Metric, ...]:
        """Return the metrics that the alarm looks at."""
        return tuple(query.metric for query in self.queries)
