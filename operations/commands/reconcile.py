"""Build the reconciliation function's event and read its result."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

FUNCTION = "Reconciliation"
DOING = {
    False: "Sweeping: requesting overdue syncs again",
    True: "Reading and comparing the whole website: seconds for hundreds of listings, minutes for a million",
}
"""The progress message, by whether the comparison is full."""


@dataclass(frozen=True)
class ReconcileOutcome:
    """Describe how a reconciliation run ended. `reason` is a code or several, separated by commas."""

    run_id: UUID
    state: str
    reason: str | None


def event(*, full: bool, accept: tuple[str, str] | None, now: datetime) -> dict[str, object]:
    """Return the event that the schedule would send. `accept` is the actor and reason that confirm few rows."""
    made: dict[str, object] = {
        "scheduled_time": now.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "mode": "full" if full else "sweep",
    }
    return made | ({"accept": {"actor": accept[0], "reason": accept[1]}} if accept else {})


def ended(payload: Any) -> ReconcileOutcome:  # noqa: ANN401 - any JSON value
    """Parse the function's result."""
    return ReconcileOutcome(UUID(payload["run_id"]), payload["state"], payload["reason"])
