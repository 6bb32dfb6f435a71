"""A report that keeps its entries in memory."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date
    from uuid import UUID

    from shared.domain.runs import Count, Organisation, Verdict


class OrganisationEntry(NamedTuple):
    """One call of Report.organisation."""

    run_id: UUID
    organisation: Organisation
    as_of: date | None
    counts: Sequence[Count]
    verdict: Verdict


class RunEntry(NamedTuple):
    """One call of Report.run."""

    function: str
    run_id: UUID
    verdict: Verdict


class WorkEntry(NamedTuple):
    """One call of Report.work."""

    function: str
    counts: Mapping[str, int]
    facts: Mapping[str, object]


@dataclass
class FakeReport:
    """shared.ports.Report."""

    organisations: list[OrganisationEntry] = field(default_factory=list)
    organisation_failures: list[tuple[UUID, Organisation, Exception]] = field(default_factory=list)
    runs: list[RunEntry] = field(default_factory=list)
    works: list[WorkEntry] = field(default_factory=list)

    def organisation(
        self, run_id: UUID, organisation: Organisation, as_of: date | None, counts: Sequence[Count], verdict: Verdict
    ) -> None:
        self.organisations.append(OrganisationEntry(run_id, organisation, as_of, counts, verdict))

    def organisation_failed(self, run_id: UUID, organisation: Organisation, error: Exception) -> None:
        self.organisation_failures.append((run_id, organisation, error))

    def run(self, function: str, run_id: UUID, verdict: Verdict) -> None:
        self.runs.append(RunEntry(function, run_id, verdict))

    def work(self, function: str, counts: Mapping[str, int], **facts: object) -> None:
        self.works.append(WorkEntry(function, dict(counts), facts))

    def counts(self, function: str) -> Mapping[str, int]:
        """Return the counts of the last work of a function."""
        return next(work.counts for work in reversed(self.works) if work.function == function)
