"""What was published, and what an evaluation at some moment can see of it.

A point has two times. CloudWatch files it under its own, and finds it from when it has arrived. A metric in an embedded
metric format log line carries the time that the line names ("Embedded metric format specification"). A metric of a
Lambda function carries the time of the invocation, and comes when it has ended ("Types of metrics for Lambda
functions": the timestamp on an error metric reflects when the function was invoked).
"""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
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
    """The points of one metric in the order of their own times."""

    def __init__(self, points: Iterable[Point]) -> None:
        self._points = sorted(points, key=lambda point: point.at)
        self._times = [point.at for point in self._points]

    def statistic(self, name: str, begin: datetime, end: datetime, seen_at: datetime) -> float | None:
        """Return the statistic of the points in [begin, end) that have arrived by `seen_at`; None without any."""
        between = self._points[bisect_left(self._times, begin) : bisect_left(self._times, end)]
        values = [point.value for point in between if point.arrives_at <= seen_at]
        if not values:
            return None
        match name:
            case "Sum":
                return sum(values)
            case "Maximum":
                return max(values)
            case "Minimum":
                return min(values)
            case "Average":
                return sum(values) / len(values)
            case "SampleCount":
                return float(len(values))
            case _:
                raise ValueError(f"the statistic {name} is not known here")


def series_of(queries: Sequence[Query], points: Iterable[Point]) -> dict[str, Series]:
    """Return the series of each query by its id."""
    points = list(points)
    return {query.id: Series(p for p in points if p.metric == query.metric) for query in queries}
