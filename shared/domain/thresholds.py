"""Which days before expiry a reminder is due: the rule by which certification.claim_reminders is tested."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date


class ReminderState(StrEnum):
    """The states of a threshold that was reached."""

    CLAIMED = "claimed"
    COLLAPSED = "collapsed"


def reached(thresholds: Sequence[int], expires_on: date, as_of: date) -> dict[int, ReminderState]:
    """Return every threshold reached on `as_of`, and its state if it has not been claimed before (I2).

    Only the nearest becomes a notice. Once the certification has ended none does: the mentor hears of the expiry.
    """
    days_left = (expires_on - as_of).days
    due = [day for day in thresholds if days_left <= day]
    nearest = min(due, default=None) if days_left >= 0 else None
    return {day: ReminderState.CLAIMED if day == nearest else ReminderState.COLLAPSED for day in due}
