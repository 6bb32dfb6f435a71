"""A nightly check as the function drives it: every organisation, the three steps, one transaction per call."""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime
from datetime import time as time_of_day
from typing import TYPE_CHECKING

from shared.adapters.postgres.nightly import PostgresNightlyCheck
from shared.adapters.postgres.runs import PostgresRuns
from shared.domain.runs import Step

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date
    from uuid import UUID

    from shared.adapters.postgres.connection import Connection


@dataclass(frozen=True)
class TimedRun:
    """One run: the duration of its calls, the seconds of each step, and its counts by measure."""

    run_id: UUID
    seconds: float
    steps: Mapping[Step, float]
    counts: Mapping[str, int]

    @property
    def due(self) -> int:
        """The number of reminders, expiries and reactivations that were due."""
        return sum(n for measure, n in self.counts.items() if measure.endswith("_due"))


def run_nightly_check(connection: Connection, as_of: date, *, everyone: bool = False) -> TimedRun:
    """Run the nightly check of `as_of` for every organisation. `connection` is in autocommit."""
    steps = dict.fromkeys(Step, 0.0)
    counts: Counter[str] = Counter()
    runs, check = PostgresRuns(connection), PostgresNightlyCheck(connection)
    began = time.perf_counter()
    run_id = runs.start("expiry_check", datetime.combine(as_of, time_of_day.min, UTC), "benchmark")
    for organisation in runs.organisations():
        runs.start_organisation(run_id, organisation.id, as_of)
        reported: dict[tuple[str, str], int] = {}
        for step in Step:
            start = time.perf_counter()
            reported |= {
                (c.measure, c.detail): c.n
                for c in check.run_step(step, organisation.id, as_of, run_id, everyone=everyone)
            }
            steps[step] += time.perf_counter() - start
        for (measure, _), n in reported.items():
            counts[measure] += n
    return TimedRun(run_id, time.perf_counter() - began, steps, counts)
