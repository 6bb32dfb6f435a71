"""A deployment that waits for the checkpoint's word, and what the word is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from shared.domain.integration.findings import Area, Verdict

if TYPE_CHECKING:
    from shared.domain.integration.findings import Finding, Report


DEPENDENCIES_THAT_STOP: Final = frozenset(
    {
        "dependencies.pooler",
        "dependencies.time_zones",
        "dependencies.tls",
        "dependencies.website.columns",
        "dependencies.website.flags",
        "dependencies.website.keys",
        "dependencies.website.lengths",
        "dependencies.website.tables",
    }
)
"""What a version may need of its neighbours that the one before did not."""


@dataclass(frozen=True, slots=True)
class Deployment:
    """A deployment of CodeDeploy that has invoked its PreTraffic hook; `hook_execution` says to whom it is answered."""

    id: str
    hook_execution: str


def what_stops(report: Report) -> tuple[Finding, ...]:
    """Return the findings for which a new version gets no traffic.

    A structure of the database that it does not fit, or that could not be read, and a database server or tables of the
    website that it does not fit. Nothing else: a wrong row, an expired credential, SES's sandbox or a service that is
    away is no fault of the new version, which may even be what is to mend it.
    """
    return tuple(finding for finding in report.findings if finding.verdict is not Verdict.HOLDS and _stops(finding))


def _stops(finding: Finding) -> bool:
    if finding.area is Area.STRUCTURE:
        return True
    return finding.verdict is Verdict.DOES_NOT_HOLD and finding.point in DEPENDENCIES_THAT_STOP
