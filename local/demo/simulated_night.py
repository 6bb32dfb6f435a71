"""A simulated night and the morning after: invoke expiry_check and send_notices as their schedules would."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING
from uuid import UUID

from local.demo import results
from local.stack import database
from local.stack.session import event_of

if TYPE_CHECKING:
    from datetime import date

    from emulators.lambda_host.triggers.invoke_api import InvocationResult
    from local.stack.session import Session
    from operations.console import Progress


class FunctionFailed(Exception):  # noqa: N818 - it names an event, not a kind of error
    """Raised when a function ended with an error. Holds the function's result and log."""

    def __init__(self, function: str, result: InvocationResult) -> None:
        super().__init__(f"{function} ended with an error")
        self.function, self.result = function, result


@dataclass(frozen=True)
class FunctionRun:
    """One run of a function, as invoked and as recorded in the database."""

    function: str
    event: dict[str, str]
    result: InvocationResult
    run: results.RunRecord


@dataclass(frozen=True)
class SimulatedNight:
    """A simulated night and the morning after, with the totals before and after."""

    check: FunctionRun
    sending: FunctionRun
    moved: tuple[results.MoveRecord, ...]
    before: results.Totals
    after: results.Totals


def simulate_night(session: Session, day: date, progress: Progress, *, simulated: bool) -> SimulatedNight:
    """Evaluate `day` and send the notices it wrote.

    With `simulated` the present is moved to that day; otherwise it is the clock's. Raise FunctionFailed if a function
    ends with an error.
    """
    before = results.read_totals(session.dsn)
    check = _invoke(session, "ExpiryCheck", event_of("ExpiryCheck", day), progress, simulated=simulated)
    sending = _invoke(session, "SendNotices", event_of("SendNotices", day), progress, simulated=simulated)
    moved = results.read_moved(session.dsn, check.run.id)
    return SimulatedNight(check, sending, moved, before, results.read_totals(session.dsn))


def send_again(session: Session, day: date, progress: Progress, *, simulated: bool) -> FunctionRun:
    """Send what waits, as the second schedule of that day does. Raise FunctionFailed if it ends with an error."""
    first = datetime.fromisoformat(event_of("SendNotices", day)["scheduled_time"])
    event = event_of("SendNotices", day, after=first)
    return _invoke(session, "SendNotices", event, progress, simulated=simulated)


def _invoke(
    session: Session, function: str, event: dict[str, str], progress: Progress, *, simulated: bool
) -> FunctionRun:
    database.set_present(session.dsn, datetime.fromisoformat(event["scheduled_time"]) if simulated else None)
    progress(f"Invoking {function} for {event['scheduled_time']}")
    result = session.invoke(function, event)
    if result.function_error:
        raise FunctionFailed(function, result)
    return FunctionRun(function, event, result, results.read_run(session.dsn, UUID(result.payload["run_id"])))
