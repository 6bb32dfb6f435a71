"""What no page of AWS says, as values that a caller can vary. An alarm is sound if none of them matters to it."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product


@dataclass(frozen=True)
class Assumptions:
    """How CloudWatch behaves where its documentation is silent.

    `extra_periods`: how many periods are retrieved beyond EvaluationPeriods. The page says that there are more, that
    the number depends on the period and the resolution, and shows one example: 5 for 3.
    `fill_needs_a_point`: whether FILL gives nothing for a metric without any point in the retrieved range.
    `minute_of_hour`: when in its hour a multi-day alarm is evaluated. The page's example has three past.
    """

    extra_periods: int = 2
    fill_needs_a_point: bool = False
    minute_of_hour: int = 3


def every_assumption() -> tuple[Assumptions, ...]:
    """Return every combination that is worth telling apart."""
    return tuple(Assumptions(*chosen) for chosen in product((0, 2, 12), (False, True), (0, 3, 59)))
