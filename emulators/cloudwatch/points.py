"""What was published, and what an evaluation at some moment can see of it.

A point has two times. CloudWatch files it under its own, and finds it from when it has arrived. A metric in an embedded
metric format log line carries the time that the line names ("Embedded metric format specification"). A metric of a
Lambda function carries the time of the invocation, and comes when it has ended ("Types of metrics for Lambda
functions": the timestamp on an error metric reflects when the function was invoked).
"""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass
from statistics import mean
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from datetime import datetime

    from emulators.cloudwatch.alarms import Metric, Query


@dataclass(frozen=True)
class Point:
    """One published value of a metric."""

    metric: Metric
    at: datetime
    arrives_at: datetime
    value: float = 1.0


class Series:
    """The points of one metric in the order of their own times, and the statistic of a period of them.

    Times are whole seconds, because an alarm asks for some ten thousand periods a day. What a period gave is kept once
    all of its points are here, for the evaluations to come.
    """

    def __init__(self, statistic: str, points: Iterable[Point]) -> None:
        if statistic not in _STATISTICS:
            raise ValueError(f"the statistic {statistic} is not known here")
        self._calculate = _STATISTICS[statistic]
        self._points = sorted((p.at.timestamp(), p.arrives_at.timestamp(), p.value) for p in points)
        self._times = [at for at, _, _ in self._points]
        self._settled: dict[tuple[float, float], float | None] = {}

    def value(self, begin: float, end: float, seen_at: float) -> float | None:
        """Return the statistic of the points in [begin, end) that have arrived by `seen_at`; None without any."""
        if (begin, end) in self._settled:
            return self._settled[begin, end]
        between = self._points[bisect_left(self._times, begin) : bisect_left(self._times, end)]
        values = [value for _, arrives_at, value in between if arrives_at <= seen_at]
        found = self._calculate(values) if values else None
        if len(values) == len(between):
            self._settled[begin, end] = found
        return found


_STATISTICS: Mapping[str, Callable[[Sequence[float]], float]] = {
    "Sum": sum,
    "Maximum": max,
    "Minimum": min,
    "Average": mean,
    "SampleCount": len,
}


def series_of(queries: Sequence[Query], points: Iterable[Point]) -> dict[str, Series]:
    """Return the series of each query by its id."""
    points = list(points)
    return {query.id: Series(query.statistic, (p for p in points if p.metric == query.metric)) for query in queries}
