"""The integration checkpoint: every point is checked on its own, and what cannot be checked says why."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from shared.domain.errors import CertificationError
from shared.domain.integration.findings import Report, unchecked

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from shared.domain.integration.findings import Finding


@dataclass(frozen=True)
class Part:
    """Points that are checked together: what is expected at each, and the check, which only reads."""

    points: Mapping[str, str]
    findings: Callable[[], Iterable[Finding]]


def verify_integration(parts: Sequence[Part]) -> Report:
    """Return a finding for each point of each part. What stops one part stops no other (I13)."""
    return Report(tuple(finding for part in parts for finding in _checked(part)))


def _checked(part: Part) -> Iterator[Finding]:
    found: dict[str, Finding] = {}
    why = "the check did not come to it"
    try:
        for finding in part.findings():
            found[finding.point] = finding
    except CertificationError as error:
        why = str(error)
    for point, expected in part.points.items():
        yield found.get(point) or unchecked(point, expected, why)
