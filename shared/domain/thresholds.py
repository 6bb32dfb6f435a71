"""Which days before expiry a reminder is due, and which lists of them an organisation may have.

The database enforces both (certification.organisation_settings, certification.claim_reminders). Here they are stated
for people: the explanation of a refusal, and the rule the database is tested against.
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

from shared.domain.errors import PermanentError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

LARGEST = 365


class InvalidThresholdsError(PermanentError):
    """A list of thresholds cannot be stored. The message says why and what is allowed."""


class ReminderState(StrEnum):
    """The states of a threshold that was reached."""

    CLAIMED = "claimed"
    COLLAPSED = "collapsed"


def require_valid(thresholds: Sequence[int]) -> None:
    """Raise InvalidThresholdsError unless the database accepts the list."""
    if not thresholds:
        raise InvalidThresholdsError(
            "the list of thresholds is empty: give at least one number of days, such as 30 14 7"
        )
    outside = [day for day in thresholds if not 0 <= day <= LARGEST]
    if outside:
        raise InvalidThresholdsError(f"{outside[0]} is not a threshold: days before expiry are 0 to {LARGEST}")
    twice = [day for index, day in enumerate(thresholds) if day in thresholds[:index]]
    if twice:
        raise InvalidThresholdsError(f"{twice[0]} stands twice: each threshold is given once")
    if list(thresholds) != sorted(thresholds, reverse=True):
        ordered = " ".join(str(day) for day in sorted(thresholds, reverse=True))
        raise InvalidThresholdsError(f"the thresholds are not in order: give the largest first, {ordered}")


def reached(thresholds: Sequence[int], expires_on: date, as_of: date) -> dict[int, ReminderState]:
    """Return every threshold reached on `as_of`, and its state if it has not been claimed before (I2).

    Only the nearest becomes a notice. Once the certification has ended none does: the mentor hears of the expiry.
    """
    days_left = (expires_on - as_of).days
    due = [day for day in thresholds if days_left <= day]
    nearest = min(due, default=None) if days_left >= 0 else None
    return {day: ReminderState.CLAIMED if day == nearest else ReminderState.COLLAPSED for day in due}
