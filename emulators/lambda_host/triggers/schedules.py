"""A template's schedules, run by the real clock.

Source: the EventBridge Scheduler User Guide, "Schedule types" and "Configuring a dead-letter
queue". The scheduler gives a function its event and is done: it tries again when Lambda does not take the
event (throttling), not when the function fails. A flexible window is used at its first moment.
"""

from __future__ import annotations

import logging
import secrets
import threading
import time
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import TYPE_CHECKING, Protocol
from zoneinfo import ZoneInfo

from emulators.lambda_host.errors import HostClosedError, TooManyRequestsException
from emulators.lambda_host.template.schedule_expressions import next_occurrence, parse_expression
from emulators.lambda_host.template.schedule_input import render_input

if TYPE_CHECKING:
    from emulators.lambda_host.template.provision import Stack
    from emulators.lambda_host.template.resources import Schedule

__all__ = ["Scheduler", "render_input"]

_LOG = logging.getLogger(__name__)
_LONGEST_SLEEP_SECONDS = 30.0  # a clock that was set, or a machine that slept, is noticed within this time


class Invoker(Protocol):
    """Runs a function: the host, until the function is done, or AsyncInvocations, as Lambda does it."""

    def invoke(self, function_logical_id: str, event: object, /) -> object: ...


class Scheduler:
    """Invokes the functions of all enabled schedules when they are due, each run in a thread of its own.

    A run whose time passed while the machine slept is made up for once, with the time it was scheduled for.
    """

    def __init__(self, stack: Stack, host: Invoker) -> None:
        self._host = host
        self._schedules = [schedule for schedule in stack.schedules if schedule.enabled]
        self._due: dict[str, datetime | None] = {}
        self._anchor = datetime.now(UTC)
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None
        for schedule in self._schedules:
            # A rate's first run is its start, so the search begins just before it.
            self._due[schedule.logical_id] = self._next(schedule, self._anchor - timedelta(microseconds=1))

    def start(self) -> None:
        """Begin to watch the clock."""
        self._thread = threading.Thread(target=self._watch, name="scheduler", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Begin no further runs. Those under way go on until they end or the host is closed."""
        self._stopping.set()
        if self._thread:
            self._thread.join()

    def next_runs(self) -> list[tuple[Schedule, datetime]]:
        """Return every enabled schedule that runs again, with that time in its own time zone; the soonest first."""
        runs = [
            (schedule, due.astimezone(ZoneInfo(schedule.timezone)))
            for schedule in self._schedules
            if (due := self._due[schedule.logical_id])
        ]
        return sorted(runs, key=lambda run: run[1])

    def _watch(self) -> None:
        while not self._stopping.is_set():
            now = datetime.now(UTC)
            for schedule, due in self.next_runs():
                if due <= now:
                    self._due[schedule.logical_id] = self._next(schedule, now)
                    name = f"schedule-{schedule.name}"
                    threading.Thread(target=self._run, args=(schedule, due), name=name, daemon=True).start()
            soonest = next(iter(self.next_runs()), None)
            seconds = (soonest[1] - datetime.now(UTC)).total_seconds() if soonest else _LONGEST_SLEEP_SECONDS
            self._stopping.wait(min(max(seconds, 0.0), _LONGEST_SLEEP_SECONDS))

    def _run(self, schedule: Schedule, due: datetime) -> None:
        execution_id = secrets.token_hex(8)
        give_up = time.monotonic() + schedule.maximum_event_age_seconds
        for attempt in count(1):
            try:
                self._host.invoke(schedule.function, render_input(schedule, due, attempt, execution_id))
            except TooManyRequestsException:
                pause = min(2.0 ** (attempt - 1), 60.0)
                last = attempt > schedule.maximum_retry_attempts or time.monotonic() + pause > give_up
                if last or self._stopping.wait(pause):
                    break
            except HostClosedError:
                return
            else:
                return
        _LOG.error("schedule %s: the run of %s was given up: the function is throttled", schedule.name, due.isoformat())

    def _next(self, schedule: Schedule, after: datetime) -> datetime | None:
        start = schedule.start or self._anchor
        if schedule.start:
            after = max(after, schedule.start - timedelta(microseconds=1))
        due = next_occurrence(parse_expression(schedule.expression), ZoneInfo(schedule.timezone), after, start)
        return None if due is None or (schedule.end and due > schedule.end) else due
