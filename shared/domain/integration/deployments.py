"""A deployment that waits for the checkpoint's word, and what the word is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from shared.domain.integration.findings import Area, Verdict

if TYPE_CHECKING:
    from shared.domain.integration.findings import Finding, Report


@dataclass(frozen=True, slots=True)
class Deployment:
    """A deployment of CodeDeploy that has invoked its PreTraffic hook; `hook_execution` says to whom it is answered."""

    id: str
    hook_execution: str


def what_stops(report: Report) -> tuple[Finding, ...]:
    """Return the findings for which a new version gets no traffic.

    What does not hold stops it, and so does a contract that could not be read. A neighbour that could not be asked
    stops nothing: a service that is away for an hour, or the secret of a function that this very deployment has made,
    is no fault of the new version.
    """
    return tuple(
        finding
        for finding in report.findings
        if finding.verdict is Verdict.DOES_NOT_HOLD
        or (finding.verdict is Verdict.NOT_CHECKED and finding.area is not Area.DEPENDENCIES)
    )
