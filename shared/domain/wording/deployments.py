"""The message to operations about a deployment that was stopped. CodeDeploy keeps a status and no reason."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from shared.domain.alerts import AlertMessage, Language

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_MOST_POINTS: Final = 20
_SUBJECTS: Final[Mapping[Language, str]] = {
    Language.NB: "HLF-sertifisering: en ny versjon ble stoppet",
    Language.EN: "HLF certification: a new version was stopped",
}
_BODIES: Final[Mapping[Language, str]] = {
    Language.NB: """Utrullingen {deployment} fikk ingen trafikk. Den gamle versjonen kjører videre.

DETTE STOPPET DEN
{points}

DETTE GJØR DU
  1. Se hva som er funnet, og hva som må gjøres, punkt for punkt:
     hlf-operations verify-integration{stack}
  2. Rett det, og rull ut på nytt.

VEILEDNING   docs/operations/verify-integration.md
""",
    Language.EN: """The deployment {deployment} got no traffic. The old version goes on running.

WHAT STOPPED IT
{points}

WHAT TO DO
  1. See what was found and what to do, point by point:
     hlf-operations verify-integration{stack}
  2. Mend it, and deploy again.

GUIDE   docs/operations/verify-integration.md
""",
}


def stopped(deployment: str, points: Sequence[str], language: Language, stack: str) -> AlertMessage:
    """Return the message that names the deployment and the points, or a code where the checkpoint itself failed."""
    shown = [f"  {point}" for point in points[:_MOST_POINTS]]
    if len(points) > _MOST_POINTS:
        shown.append(f"  … +{len(points) - _MOST_POINTS}")
    body = _BODIES[language].format(
        deployment=deployment, points="\n".join(shown), stack=f" --stack {stack}" if stack else ""
    )
    return AlertMessage(_SUBJECTS[language], body)
