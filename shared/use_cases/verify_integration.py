"""The integration checkpoint: every point is checked on its own, and what cannot be checked says why."""

from __future__ import annotations

from dataclasses import dataclass
from math import inf
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


_SECONDS_TO_REPORT = 15.0


def verify_integration(parts: Sequence[Part], time_left: Callable[[], float] = lambda: inf) -> Report:
    """Return a finding for each point of each part. What stops one part stops no other (I13).

    `time_left`: the seconds that there are. Points that are not reached in time could not be checked (I18).
    """
    return Report(tuple(finding for part in parts for finding in _checked(part, time_left)))


def _checked(part: Part, time_left: Callable[[], float]) -> Iterator[Finding]:
    found: dict[str, Finding] = {}
    why = "the check did not come to it"
    try:
        if time_left() > _SECONDS_TO_REPORT:
            for finding in part.findings():
                found[finding.point] = finding
                if time_left() < _SECONDS_TO_REPORT:
                    break
    except CertificationError as error:
        why = str(error)
    except Exception as error:  # noqa: BLE001 - the message may quote a row (I11), so the type has to do
        why = f"unexpected {type(error).__name__}"
    if time_left() < _SECONDS_TO_REPORT:
        why = "there was no time left"
    for point, expected in part.points.items():
        yield found.get(point) or unchecked(point, expected, why)
