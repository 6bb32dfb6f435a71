"""Have the website swept or compared now, by the function that does it on schedule."""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

from local.stack import session
from operations import deployed
from operations.errors import OperationsError

if TYPE_CHECKING:
    from local.stack.stack import Progress

_FUNCTION = "Reconciliation"


class ReconciliationFailedError(OperationsError):
    """When the function ended with an error. `log`: its last lines, which hold no personal data."""

    def __init__(self, reason: str, log: tuple[str, ...]) -> None:
        super().__init__(reason)
        self.log = log


@dataclass(frozen=True)
class ReconcileOutcome:
    """How a run of reconciliation ended. The reason is a code, or several."""

    run_id: UUID
    state: str
    reason: str | None


def event(*, full: bool, accept: tuple[str, str] | None, now: datetime) -> dict[str, object]:
    """What the schedule would send. `accept`: who takes a small answer of the website for true, and why."""
    made: dict[str, object] = {
        "scheduled_time": now.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "mode": "full" if full else "sweep",
    }
    return made | ({"accept": {"actor": accept[0], "reason": accept[1]}} if accept else {})


def invoke(stack: str | None, content: dict[str, object], progress: Progress) -> ReconcileOutcome:
    """Call the function of a deployed stack or of the local one, and wait for its end.

    Raises ReconciliationFailedError and StackNotFoundError.
    """
    if stack is None:
        with session.session(progress=progress) as here:
            progress(_DOING[str(content["mode"])])
            result = here.invoke(_FUNCTION, content)
            return _ended(result.payload, result.function_error, result.log)
    name = deployed.find(stack).output(f"{_FUNCTION}Name")
    progress(_DOING[str(content["mode"])])
    with deployed.refusals():
        reply = deployed.client("lambda").invoke(
            FunctionName=name, Payload=json.dumps(content).encode(), LogType="Tail"
        )
        payload = json.load(reply["Payload"])
    log = base64.b64decode(reply.get("LogResult", "")).decode(errors="replace").splitlines()
    return _ended(payload, reply.get("FunctionError"), tuple(log))


_DOING = {
    "sweep": "Sweeping: asking again for what was left behind",
    "full": "Reading the website and comparing all of it: moments for hundreds, minutes for a million listings",
}


def _ended(payload: Any, error: str | None, log: tuple[str, ...]) -> ReconcileOutcome:  # noqa: ANN401 - what JSON holds
    if error:
        said = payload.get("errorMessage", "") if isinstance(payload, dict) else ""
        # The metrics are for CloudWatch, and stand in the log besides.
        raise ReconciliationFailedError(str(said), tuple(line for line in log if '"_aws"' not in line))
    return ReconcileOutcome(UUID(payload["run_id"]), payload["state"], payload["reason"])
