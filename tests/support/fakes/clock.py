"""Time for the fakes: it passes when a test or a pause says so."""

from __future__ import annotations


class FakeClock:
    """The seconds that have passed, and those that the function still has."""

    def __init__(self, *, seconds: float = 60.0) -> None:
        """`seconds`: how long the function may run."""
        self.now = 0.0
        self.ends_at = seconds
        self.pauses: list[float] = []

    def advance(self, seconds: float) -> None:
        """Let time pass."""
        self.now += seconds

    def pause(self, seconds: float) -> None:
        """Let time pass as the function's own pause, and remember it."""
        self.pauses.append(seconds)
        self.now += seconds

    def time_left(self) -> float:
        """Return the seconds that the function still has."""
        return self.ends_at - self.now
