"""A night as the function drives it: every organisation, the three steps, a transaction for each call."""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime
from datetime import time as time_of_day
from typing import TYPE_CHECKING

from shared.adapters.postgres.nightly import PostgresNight
from shared.adapters.postgres.runs import PostgresRuns
from shared.domain.runs import Step

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date
    from uuid import UUID

    from shared.adapters.postgres.connection import Connection


@dataclass(frozen=True)
class Night:
    """One run: how long its calls took, the seconds of each step, and its counts by measure."""

    run_id: UUID
    seconds: float
    steps: Mapping[Step, float]
    counts: Mapping[str, int]

    @property
    def due(self) -> int:
        """How many reminders, expiries and reactivations there were."""
        return sum(n for measure, n in self.counts.items() if measure.endswith("_due"))


def run_night(connection: Connection, as_of: date, *, everyone: bool = False) -> Night:
    """Run the night of `as_of` for every organisation. `connection` is in autocommit."""
    steps = dict.fromkeys(Step, 0.0)
    counts: Counter[str] = Counter()
    runs, night = PostgresRuns(connection), PostgresNight(connection)
    began = time.perf_counter()
    run_id = runs.start("expiry_check", datetime.combine(as_of, time_of_day.min, UTC), "benchmark")
    for organisation in runs.organisations():
        runs.start_organisation(run_id, organisation.id, as_of)
        told: dict[tuple[str, str], int] = {}
        for step in Step:
            start = time.perf_counter()
            told |= {
                (c.measure, c.detail): c.n
                for c in night.carry_out(step, organisation.id, as_of, run_id, everyone=everyone)
            }
            steps[step] += time.perf_counter() - start
        for (measure, _), n in told.items():
            counts[measure] += n
    return Night(run_id, time.perf_counter() - began, steps, counts)
