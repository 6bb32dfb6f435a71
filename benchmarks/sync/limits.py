"""The consumer under the real service protection limits, at the service's pace."""

from __future__ import annotations

from statistics import median
from typing import TYPE_CHECKING, NamedTuple

from benchmarks.sync.pushes import by_consumer, prepare
from emulators.dataverse.access.protection import Limits

if TYPE_CHECKING:
    from collections.abc import Sequence

    from benchmarks.sync.pushes import Push
    from benchmarks.sync.stack import Bench


class WithinLimits(NamedTuple):
    """A push, and the shares of a user's allowance within the service's window that it used."""

    limits: Limits
    push: Push
    requests: float
    execution: float
    concurrent: float
    in_retry_after: int

    @property
    def largest(self) -> float:
        """The largest share."""
        return max(self.requests, self.execution, self.concurrent)


def push_within_limits(bench: Bench) -> WithinLimits:
    """Push every listing once more, with each operation taking the service's execution time."""
    work = prepare(bench)
    limits = bench.control.limits(**(Limits().model_dump() | {"execution": "sleep"}))
    push = by_consumer(bench, work)
    used = bench.control.summary()
    bench.control.limits(enabled=False, execution="count")
    return WithinLimits(
        limits,
        push,
        used["peak_requests_share"],
        used["peak_execution_share"],
        used["peak_concurrent"] / limits.concurrent,
        used["in_retry_after"],
    )


def possible_seconds(listings: int, limits: Limits, at_once: int) -> float:
    """Return the seconds that the service itself needs for so many listings in `at_once` requests at a time."""
    return listings * limits.execution_ms / 1000 / at_once


def paced_vs_possible(pushes: Sequence[WithinLimits], listings: int, at_once: int) -> float:
    """Return the median seconds until all is settled, divided by what is possible."""
    return median(one.push.settled for one in pushes) / possible_seconds(listings, pushes[0].limits, at_once)
