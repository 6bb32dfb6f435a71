"""Have the website swept or compared now, by the function that does it on schedule."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

FUNCTION = "Reconciliation"
DOING = {
    False: "Sweeping: asking again for what was left behind",
    True: "Reading the website and comparing all of it: moments for hundreds, minutes for a million listings",
}
"""What is said meanwhile, by whether it is a full comparison."""


@dataclass(frozen=True)
class ReconcileOutcome:
    """How a run of reconciliation ended. The reason is a code, or several."""

    run_id: UUID
    state: str
    reason: str | None


def event(*, full: bool, accept: tuple[str, str] | None, now: datetime) -> dict[str, object]:
    """Return what the schedule would send. `accept`: who takes a small answer of the website for true, and why."""
    made: dict[str, object] = {
        "scheduled_time": now.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "mode": "full" if full else "sweep",
    }
    return made | ({"accept": {"actor": accept[0], "reason": accept[1]}} if accept else {})


def ended(payload: Any) -> ReconcileOutcome:  # noqa: ANN401 - what JSON holds
    """Return how the run ended, as the function says it."""
    return ReconcileOutcome(UUID(payload["run_id"]), payload["state"], payload["reason"])
