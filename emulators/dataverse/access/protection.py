"""Service protection limits: how much one user may request within a sliding window (Microsoft's api-limits page).

The real numbers are the defaults. An operation costs `execution_ms`, not the time that this machine needs for it, so
that the limit on execution time means the same on every machine.
"""

from __future__ import annotations

import math
from collections import deque
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from emulators.dataverse.model import choices
from emulators.dataverse.model.errors import DataverseError

type Headers = list[tuple[str, str]]
type Positive = Annotated[int, Field(ge=1)]
type Seconds = Annotated[float, Field(ge=0, le=86_400)]

_MICROSECONDS = 1_000_000


class Limits(BaseModel):
    """The limits of one user. With `enabled` False requests are counted and none is refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    enabled: bool = True
    requests: Positive = 6_000
    """HTTP requests in a window."""
    execution_seconds: Seconds = 1_200.0
    """Execution time in a window, added up over all requests."""
    concurrent: Positive = 52
    """Requests under way at one time."""
    window_seconds: Annotated[float, Field(gt=0, le=86_400)] = 300.0
    execution_ms: Annotated[float, Field(ge=0)] = choices.EXECUTION_MS
    """The execution time of one operation."""
    execution: Literal["count", "sleep"] = "count"
    """Whether that time is only counted, or also passes before the reply."""
    extension_seconds: Seconds = choices.EXTENSION_SECONDS
    """The seconds by which a request inside a Retry-After window extends it."""


class _User:
    """One user's requests within the window. Execution time is in microseconds: a running sum of floats would drift."""

    __slots__ = ("arrivals", "blocked_by", "blocked_until", "running", "spent", "spent_total")

    def __init__(self) -> None:
        self.arrivals: deque[float] = deque()
        self.spent: deque[tuple[float, int]] = deque()
        self.spent_total = 0
        self.running = 0
        self.blocked_until = 0.0
        self.blocked_by = "requests"

    def forget(self, before: float) -> None:
        arrivals, spent = self.arrivals, self.spent
        while arrivals and arrivals[0] <= before:
            arrivals.popleft()
        while spent and spent[0][0] <= before:
            self.spent_total -= spent.popleft()[1]


class Protection:
    """Admits or refuses requests. Times are time.time(), passed in."""

    def __init__(self, limits: Limits | None = None) -> None:
        self.limits = limits or Limits()
        self._users: dict[str, _User] = {}
        self.forget_peaks()

    def reset(self, limits: Limits | None = None) -> None:
        """Forget every user, and set the limits if some are given."""
        self.limits = limits or self.limits
        self._users.clear()
        self.forget_peaks()

    def forget_peaks(self) -> None:
        """Measure the peaks of usage() from now on."""
        self._peak_requests = self._peak_spent = self._peak_running = 0

    def block(self, seconds: float, user: str, now: float) -> None:
        """Refuse a user's requests for some seconds, as if the limit on requests were reached."""
        found = self._user(user)
        found.blocked_until, found.blocked_by = now + seconds, "requests"

    def admit(self, user: str, now: float) -> DataverseError | None:
        """Return the refusal of a request that arrives now. None admits it, and finished() must follow."""
        limits, found = self.limits, self._user(user)
        if now < found.blocked_until:
            extended = found.blocked_until + limits.extension_seconds
            found.blocked_until = max(found.blocked_until, min(extended, now + limits.window_seconds))
            return self._refusal(found.blocked_by, found.blocked_until - now)
        found.forget(now - limits.window_seconds)
        if limits.enabled:
            over = self._over(found)
            if over:
                found.blocked_by, found.blocked_until = over
                return self._refusal(found.blocked_by, found.blocked_until - now)
            if found.running >= limits.concurrent:
                return self._refusal("concurrent", choices.CONCURRENCY_RETRY_AFTER_SECONDS)
        found.arrivals.append(now)
        found.running += 1
        self._peak_requests = max(self._peak_requests, len(found.arrivals))
        self._peak_running = max(self._peak_running, found.running)
        return None

    def finished(self, user: str, now: float, seconds: float) -> Headers:
        """Record that an admitted request is done and what it cost. Return the rate headers of its reply."""
        limits, found = self.limits, self._user(user)
        found.running = max(0, found.running - 1)  # a reset may have come between
        cost = round(seconds * _MICROSECONDS)
        if cost:
            found.spent.append((now, cost))
            found.spent_total += cost
            self._peak_spent = max(self._peak_spent, found.spent_total)
        left = max(0.0, limits.execution_seconds - found.spent_total / _MICROSECONDS)
        return [
            ("x-ms-ratelimit-burst-remaining-xrm-requests", str(max(0, limits.requests - len(found.arrivals)))),
            ("x-ms-ratelimit-time-remaining-xrm-requests", f"{left:,.2f}"),  # 1,200.00: with the comma
        ]

    def cost(self, operations: int) -> float:
        """Return the seconds of execution that a number of operations takes."""
        return operations * self.limits.execution_ms / 1_000

    def usage(self) -> dict[str, float]:
        """Return the highest use of any one user within one window, also as a share of its limit."""
        limits, spent = self.limits, self._peak_spent / _MICROSECONDS
        requests_share = self._peak_requests / limits.requests
        execution_share = spent / limits.execution_seconds if limits.execution_seconds else 0.0
        return {
            "peak_requests": self._peak_requests,
            "peak_requests_share": requests_share,
            "peak_execution_seconds": spent,
            "peak_execution_share": execution_share,
            "peak_concurrent": self._peak_running,
            "limit_share_used": max(requests_share, execution_share),
        }

    def _user(self, user: str) -> _User:
        found = self._users.get(user)
        if found is None:
            found = self._users[user] = _User()
        return found

    def _over(self, user: _User) -> tuple[str, float] | None:
        """Return the limit that is reached and the time at which the window has room again."""
        limits = self.limits
        if len(user.arrivals) >= limits.requests:
            return "requests", user.arrivals[len(user.arrivals) - limits.requests] + limits.window_seconds
        left = user.spent_total - round(limits.execution_seconds * _MICROSECONDS)
        if left >= 0 and user.spent:
            for at, cost in user.spent:
                left -= cost
                if left < 0:
                    return "execution", at + limits.window_seconds
        return None

    def _refusal(self, limit: str, seconds: float) -> DataverseError:
        limits = self.limits
        match limit:
            case "execution":
                code = "0x80072321"
                message = (
                    "Combined execution time of incoming requests exceeded limit of"
                    f" {limits.execution_seconds * 1_000:,.0f}  milliseconds over time window of"
                    f" {limits.window_seconds:g} seconds. Decrease number of concurrent requests or reduce the duration"
                    " of requests and try again later."
                )
            case "concurrent":
                code = "0x80072326"
                message = f"Number of concurrent requests exceeded the limit of {limits.concurrent}."
            case _:
                code = "0x80072322"
                message = (
                    f"Number of requests exceeded the limit of {limits.requests} over time window of"
                    f" {limits.window_seconds:g} seconds."
                )
        return DataverseError(429, code, message, {"Retry-After": str(max(1, math.ceil(seconds)))})


def read_limits(text: str) -> Limits:
    """Read limits from a command line: off, real, JSON, or the name of a JSON file. Raises ValueError."""
    if text in {"off", "real"}:
        return Limits(enabled=text == "real")
    try:
        return Limits.model_validate_json(text if text.lstrip().startswith("{") else Path(text).read_text("utf-8"))
    except OSError as error:
        raise ValueError(f"{text}: {error.strerror}") from None
