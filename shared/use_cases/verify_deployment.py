"""The integration checkpoint as a deployment's PreTraffic hook: a new version gets traffic only if it fits."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from shared.domain.errors import CertificationError, OperationsUnreachableError
from shared.domain.integration.deployments import what_stops
from shared.domain.wording.deployments import stopped

if TYPE_CHECKING:
    from collections.abc import Callable

    from shared.domain.alerts import Language
    from shared.domain.integration.deployments import Deployment
    from shared.domain.integration.findings import Report
    from shared.ports import AlertPublisher, HookStatus


@dataclass(frozen=True, slots=True)
class HookOutcome:
    """What the checkpoint says, and why; `published` is False where operations should have heard and could not."""

    succeeded: bool
    reasons: tuple[str, ...]
    published: bool


def verify_deployment(
    deployment: Deployment,
    *,
    verify: Callable[[], Report],
    status: HookStatus,
    operations: AlertPublisher,
    language: Language,
    stack: str,
) -> HookOutcome:
    """Verify, tell CodeDeploy whether the new version may get traffic, and tell operations why it may not.

    CodeDeploy is told in every case, also when the checkpoint itself fails: it would wait an hour otherwise. Operations
    is told only of what CodeDeploy has taken: not a second time, and not of a deployment that somebody made up.
    Raises OperationsUnreachableError if CodeDeploy could not be told.
    """
    reasons = _reasons(verify)
    is_news = status.report(deployment, succeeded=not reasons)
    if not reasons or not is_news:
        return HookOutcome(succeeded=not reasons, reasons=reasons, published=True)
    try:
        operations.publish(stopped(deployment.id, reasons, language, stack))
    except OperationsUnreachableError:
        return HookOutcome(succeeded=False, reasons=reasons, published=False)
    return HookOutcome(succeeded=False, reasons=reasons, published=True)


def _reasons(verify: Callable[[], Report]) -> tuple[str, ...]:
    try:
        report = verify()
    except CertificationError as error:
        return (str(error),)
    except Exception as error:  # noqa: BLE001 - the message may quote a row (I11), so the type has to do
        return (f"unexpected {type(error).__name__}",)
    if not report.findings:
        return ("nothing was verified",)
    return tuple(f"{finding.point} ({finding.verdict})" for finding in what_stops(report))
