"""What all workers share, in memory. tests/integration/conformance/test_sync_state.py holds it to PostgresSyncState."""

from __future__ import annotations

from typing import TYPE_CHECKING

from shared.domain.credentials.credential import CredentialState
from shared.domain.listings import StopRecord

if TYPE_CHECKING:
    from shared.domain.credentials.credential import Health
    from tests.support.fakes.clock import FakeClock

_LONGEST_WINDOW = 3600.0
_SECONDS_BETWEEN_TRIES = 60.0


class FakeSyncState:
    """shared.ports.SyncState and shared.ports.Backoff."""

    def __init__(self, clock: FakeClock) -> None:
        self._clock = clock
        self._blocked_until = 0.0
        self._stopped: str | None = None
        self._tried_at = float("-inf")

    def seconds_left(self) -> float:
        return max(self._blocked_until - self._clock.now, 0.0)

    def block_for(self, seconds: float, reason: str) -> None:  # noqa: ARG002 - the port's parameter
        until = self._clock.now + min(max(seconds, 0.0), _LONGEST_WINDOW)
        self._blocked_until = max(self._blocked_until, until)

    def stopped(self) -> StopRecord | None:
        if self._stopped is None:
            return None
        try_now = self._clock.now - self._tried_at > _SECONDS_BETWEEN_TRIES
        if try_now:
            self._tried_at = self._clock.now
        return StopRecord(self._stopped, try_now)

    def stop(self, reason: str, *, secret_ended: bool = False) -> None:  # noqa: ARG002 - an alert reads it
        self._stopped = reason
        self._tried_at = self._clock.now

    def resume(self) -> None:
        self._stopped = None

    def record_check(self, health: Health) -> bool:
        was_stopped = self._stopped is not None
        if health.state is CredentialState.HEALTHY:
            self._stopped = None
            return was_stopped
        if health.state is CredentialState.REFUSED:
            self._stopped = health.reason
        self._tried_at = self._clock.now
        return False
