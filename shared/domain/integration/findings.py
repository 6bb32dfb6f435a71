"""The result of a verification, point by point."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final

from shared.domain.integration.contract import CONTRACT_VERSION

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

MOST_IDS: Final = 20
"""How many ids a finding names at most; it counts all."""


class Verdict(StrEnum):
    """The result of one point. `NOT_CHECKED` is no success: the finding says why, and the exit code is 3."""

    HOLDS = "holds"
    DOES_NOT_HOLD = "does_not_hold"
    NOT_CHECKED = "not_checked"


class Area(StrEnum):
    """The four parts of the checkpoint, in the order of a report. A point's name begins with its area."""

    STRUCTURE = "structure"
    DEPENDENCIES = "dependencies"
    DATA = "data"
    BEHAVIOUR = "behaviour"


@dataclass(frozen=True, slots=True)
class Finding:
    """One point: what is expected and what was found; what to do where it does not hold, why where it is unchecked.

    `ids` names the first rows concerned and `n` counts all. No personal data (I11).
    """

    point: str
    verdict: Verdict
    expected: str
    found: str = ""
    advice: str = ""
    n: int | None = None
    ids: tuple[str, ...] = ()

    @property
    def area(self) -> Area:
        """Return the part of the checkpoint that the point belongs to."""
        return Area(self.point.partition(".")[0])


def holds(point: str, expected: str, found: str = "") -> Finding:
    """Return the finding of a point that holds."""
    return Finding(point, Verdict.HOLDS, expected, found)


def broken(
    point: str, expected: str, found: str, advice: str, *, n: int | None = None, ids: Iterable[object] = ()
) -> Finding:
    """Return the finding of a point that does not hold."""
    first = tuple(map(str, ids))[:MOST_IDS]
    return Finding(point, Verdict.DOES_NOT_HOLD, expected, found, advice, n, first)


def unchecked(point: str, expected: str, why: str, advice: str = "") -> Finding:
    """Return the finding of a point that could not be checked."""
    return Finding(point, Verdict.NOT_CHECKED, expected, why, advice)


@dataclass(frozen=True, slots=True)
class Report:
    """A whole verification. Its order is that of the areas; within one, of the checks."""

    findings: tuple[Finding, ...]
    contract_version: str = CONTRACT_VERSION

    def of(self, verdict: Verdict) -> tuple[Finding, ...]:
        """Return the findings with this verdict."""
        return tuple(finding for finding in self.findings if finding.verdict is verdict)

    @property
    def exit_code(self) -> int:
        """Return 0 if every point holds, 1 if one does not, 3 if none is broken but one could not be checked."""
        if self.of(Verdict.DOES_NOT_HOLD):
            return 1
        return 3 if self.of(Verdict.NOT_CHECKED) or not self.findings else 0

    @property
    def counts(self) -> dict[str, int]:
        """Return how many points have each verdict, zeros included (I12)."""
        return {verdict: len(self.of(verdict)) for verdict in Verdict}

    def as_json(self) -> dict[str, Any]:
        """Return the report as JSON values."""
        return {
            "contract_version": self.contract_version,
            "counts": self.counts,
            "findings": [asdict(finding) for finding in self.findings],
        }


def report_from_json(value: Mapping[str, Any]) -> Report:
    """Return the report that `as_json` has written. Raises KeyError, TypeError or ValueError for anything else."""
    findings = tuple(
        Finding(**{**one, "verdict": Verdict(one["verdict"]), "ids": tuple(one["ids"])}) for one in value["findings"]
    )
    return Report(findings, value["contract_version"])


def merged(reports: Iterable[Report]) -> Report:
    """Return the reports as one, in the order of the areas. A point that was checked replaces one that was not."""
    by_point: dict[str, Finding] = {}
    for report in reports:
        for finding in report.findings:
            known = by_point.get(finding.point)
            if known is None or known.verdict is Verdict.NOT_CHECKED:
                by_point[finding.point] = finding
    order = list(Area)
    return Report(tuple(sorted(by_point.values(), key=lambda finding: order.index(finding.area))))
