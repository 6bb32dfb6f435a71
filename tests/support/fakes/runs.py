"""The record of runs in memory. tests/integration/conformance/test_runs.py holds it to PostgresRuns."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from uuid import UUID, uuid4

from shared.domain.runs import Organisation

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from shared.domain.runs import Verdict

_AHEAD = timedelta(hours=36)


def an_organisation(*, timezone: str = "Europe/Oslo") -> Organisation:
    """Return an organisation with the HLF standard's settings."""
    return Organisation(uuid4(), timezone, (30, 14, 7), org_thresholds=False, reactivate_renewed=True)


@dataclass
class FakeRuns:
    """shared.ports.Runs."""

    present: datetime = datetime(2026, 12, 1, 9, tzinfo=UTC)
    """What counts as now."""
    known: list[Organisation] = field(default_factory=list)
    started: dict[UUID, tuple[str, datetime]] = field(default_factory=dict)
    """Function and scheduled time of each run."""
    ended: dict[UUID, Verdict] = field(default_factory=dict)
    days: dict[UUID, date | None] = field(default_factory=dict)
    """The day that each organisation was evaluated for, in the last run."""
    parts: dict[UUID, Verdict] = field(default_factory=dict)
    """How each organisation's part of the last run ended."""

    def start(self, function: str, scheduled_at: datetime, request_id: str) -> UUID:  # noqa: ARG002 - the port's
        run_id = uuid4()
        self.started[run_id] = (function, scheduled_at)
        return run_id

    def latest_scheduled_time(self, *, by_the_clock_too: bool) -> datetime:
        return (max(self.present, datetime.now(UTC)) if by_the_clock_too else self.present) + _AHEAD

    def organisations(self) -> Sequence[Organisation]:
        return tuple(self.known)

    def start_organisation(self, run_id: UUID, organisation_id: UUID, as_of: date | None) -> None:  # noqa: ARG002
        self.days[organisation_id] = as_of

    def finish_organisation(self, run_id: UUID, organisation_id: UUID, verdict: Verdict) -> None:  # noqa: ARG002
        self.parts[organisation_id] = verdict

    def finish(self, run_id: UUID, verdict: Verdict) -> None:
        self.ended.setdefault(run_id, verdict)

    @property
    def verdict(self) -> Verdict:
        """How the only run ended."""
        (verdict,) = self.ended.values()
        return verdict
