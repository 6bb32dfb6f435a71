"""What is kept for how long, and the chain over what is kept for years."""

from __future__ import annotations

from dataclasses import dataclass

DELETED = tuple(
    f"deleted_{kind}"
    for kind in (
        *("sweeps", "runs", "notices", "unusable_addresses", "reminders", "transitions", "step_failures"),
        *("mail_drills", "alert_tests", "findings", "alerts", "brakes", "proofs", "audit", "journals", "rotations"),
    )
)
"""The counts of certification.delete_old_records, by the names of certification.retention_rules."""


@dataclass(frozen=True, slots=True)
class ChainEnd:
    """The last link of the chain over audit and proofs, and how many a run has just made; None: there is none yet."""

    linked: int
    position: int | None
    hash: str | None
