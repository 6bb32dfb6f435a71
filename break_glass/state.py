"""Keep this program's own state of the website: the automation's stop is not ours to begin, obey or end."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from shared.domain.credentials.credential import Health
    from shared.domain.listings import StopRecord
    from shared.ports import Backoff


class LocalBackoff:
    """A backoff of this process alone, where no database shares it (I9)."""

    def __init__(self) -> None:
        self._until = 0.0

    def seconds_left(self) -> float:
        """Return the seconds until a request may be sent."""
        return max(self._until - time.monotonic(), 0.0)

    def block_for(self, seconds: float, reason: str) -> None:
        """Start a backoff that Dynamics named."""
        del reason  # there is nowhere to write it
        self._until = max(self._until, time.monotonic() + seconds)


class OwnState:
    """shared.ports.SyncState. Retry-After is everybody's; a stop because of the credential is each one's own.

    The automation's sending may be stopped because its secret has ended. That does not stop a person with a new one,
    and what a person's secret can do does not start the automation again.
    """

    def __init__(self, backoff: Backoff) -> None:
        self._backoff = backoff
        self.stopped_by: str | None = None

    def seconds_left(self) -> float:
        """Return the seconds until a request may be sent."""
        return self._backoff.seconds_left()

    def block_for(self, seconds: float, reason: str) -> None:
        """Start a backoff that Dynamics named, for all workers."""
        self._backoff.block_for(seconds, reason)

    def stopped(self) -> StopRecord | None:
        """Return None: whoever runs this has just examined the credential."""
        return None

    def stop(self, reason: str, *, secret_ended: bool = False) -> None:
        """Keep the reason; it is not the automation's."""
        del secret_ended
        self.stopped_by = reason

    def resume(self) -> None:
        """Do nothing: the automation resumes after a check with its own secret."""

    def record_check(self, health: Health) -> bool:
        """Record nothing."""
        del health
        return False
