"""What a schedule hands to its function and when, held against the EventBridge Scheduler User Guide."""

from __future__ import annotations

import re
import threading
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from emulators.lambda_host.errors import TooManyRequestsException
from emulators.lambda_host.runtime.host import LambdaHost
from emulators.lambda_host.template.load import load_template
from emulators.lambda_host.template.provision import Stack
from emulators.lambda_host.template.resources import Schedule
from emulators.lambda_host.triggers.schedules import Scheduler, render_input

if TYPE_CHECKING:
    import pytest

FIXTURES = Path(__file__).parent / "lambda_host_fixtures"
NIGHTLY = Schedule(
    logical_id="Nightly",
    name="nightly",
    arn="arn:aws:scheduler:eu-north-1:000000000000:schedule/default/nightly",
    function="Echo",
    expression="cron(15 0 * * ? *)",
    timezone="Europe/Oslo",
    input=None,
    enabled=True,
    start=None,
    end=None,
    maximum_retry_attempts=185,
    maximum_event_age_seconds=86_400,
    dead_letter_arn=None,
    flexible_window_minutes=None,
)


class Recorder:
    """Takes invocations instead of a host: refuses the first ones, if told to, as a throttled function does."""

    def __init__(self, refusals=0):
        self.calls = []
        self.refusals = refusals
        self.called = threading.Event()

    def invoke(self, function, event):
        self.calls.append((function, event))
        if len(self.calls) <= self.refusals:
            raise TooManyRequestsException("busy")
        self.called.set()


def scheduler_of(host, *schedules):
    return Scheduler(SimpleNamespace(schedules=schedules), host)  # type: ignore[arg-type]


def soon(seconds=1.0):
    moment = datetime.now(UTC) + timedelta(seconds=seconds)
    return f"at({moment:%Y-%m-%dT%H:%M:%S})"


def test_the_keywords_of_the_input_are_filled_in() -> None:
    """ "Adding context attributes": the four keywords; scheduled-time as in 2022-03-22T18:59:43Z."""
    text = (
        '{"at": "<aws.scheduler.scheduled-time>", "arn": "<aws.scheduler.schedule-arn>", '
        '"id": "<aws.scheduler.execution-id>", "attempt": <aws.scheduler.attempt-number>, "as_of": null}'
    )
    midnight = datetime(2026, 12, 2, 0, 15, tzinfo=ZoneInfo("Europe/Oslo"))
    event = render_input(replace(NIGHTLY, input=text), midnight, attempt=2, execution_id="d32c5kddcf5bb8c3")
    assert event == {
        "at": "2026-12-01T23:15:00Z",
        "arn": NIGHTLY.arn,
        "id": "d32c5kddcf5bb8c3",
        "attempt": 2,
        "as_of": None,
    }


def test_each_run_has_an_execution_id_of_its_own() -> None:
    """ "Adding context attributes": the unique id that EventBridge Scheduler assigns."""
    schedule = replace(NIGHTLY, input='"<aws.scheduler.execution-id>"')
    ids = {str(render_input(schedule, datetime.now(UTC))) for _ in range(20)}
    assert len(ids) == 20
    assert all(re.fullmatch(r"[0-9a-f]{16}", one) for one in ids)


def test_without_an_input_the_event_says_which_schedule_and_when() -> None:
    """ "Setting up a schedule: Target": without Input, EventBridge Scheduler sends a notification of its own."""
    event: Any = render_input(NIGHTLY, datetime(2026, 12, 1, 23, 15, tzinfo=UTC))
    assert event["source"] == "aws.scheduler"
    assert event["time"] == "2026-12-01T23:15:00Z"
    assert event["resources"] == [NIGHTLY.arn]


def test_the_next_runs_are_in_each_schedules_own_time_zone() -> None:
    """The next runs are those of enabled schedules, in their own time zone.

    "Schedule types": evaluated in the schedule's time zone; a disabled schedule does not run.
    """
    tokyo = replace(NIGHTLY, logical_id="Tokyo", timezone="Asia/Tokyo")
    disabled = replace(NIGHTLY, logical_id="Off", enabled=False)
    over = replace(NIGHTLY, logical_id="Over", end=datetime.now(UTC) - timedelta(days=1))
    later = replace(NIGHTLY, logical_id="Later", start=datetime(2199, 1, 1, tzinfo=UTC))
    runs = scheduler_of(Recorder(), later, NIGHTLY, tokyo, disabled, over).next_runs()
    assert {schedule.logical_id for schedule, _ in runs} == {"Nightly", "Tokyo", "Later"}
    assert [moment for _, moment in runs] == sorted(moment for _, moment in runs)
    for schedule, moment in runs:
        assert (moment.hour, moment.minute) == (0, 15)
        assert str(moment.tzinfo) == schedule.timezone
        assert moment > datetime.now(UTC)
    assert runs[-1][1].year == 2199


def test_a_function_runs_when_due_with_its_scheduled_time(tmp_path: Path) -> None:
    """A function runs when its schedule is due, and gets the time for which it was scheduled.

    "Schedule types": a one-time schedule; the real clock, a real process.
    """
    template = tmp_path / "template.yaml"
    moment = (datetime.now(UTC) + timedelta(seconds=2)).replace(microsecond=0)
    template.write_text(f"""
Transform: AWS::Serverless-2016-10-31
Resources:
  Echo:
    Type: AWS::Serverless::Function
    Properties:
      Handler: sample.handlers.fail
      Runtime: python3.13
      Events:
        Once:
          Type: ScheduleV2
          Properties:
            ScheduleExpression: at({moment:%Y-%m-%dT%H:%M:%S})
            Input: '{{"raise": "<aws.scheduler.scheduled-time>"}}'
""")
    stack = Stack(load_template(template))
    lines: list[Any] = []
    with LambdaHost(stack, FIXTURES / "task", on_log=lines.append) as host:
        scheduler = Scheduler(stack, host)
        assert [moment for _, moment in scheduler.next_runs()] == [moment]
        scheduler.start()
        while not any("REPORT" in line.text for line in lines) and datetime.now(UTC) < moment + timedelta(seconds=3):
            time.sleep(0.02)
        assert moment <= datetime.now(UTC) < moment + timedelta(seconds=2)
        assert scheduler.next_runs() == []
        time.sleep(0.2)
        scheduler.stop()
    # The function raised; that is the function's affair, and the schedule does not run it again.
    assert sum("START" in line.text for line in lines) == 1


def test_a_rate_without_a_start_runs_at_once() -> None:
    """ "Rate-based schedules": without a start date the schedule starts invoking the target immediately."""
    host = Recorder()
    scheduler = scheduler_of(host, replace(NIGHTLY, expression="rate(1 hour)"))
    scheduler.start()
    assert host.called.wait(2)
    ((_, due),) = scheduler.next_runs()
    assert timedelta(minutes=59) < due - datetime.now(UTC) <= timedelta(hours=1)
    scheduler.stop()
    assert len(host.calls) == 1


def test_a_throttled_function_is_tried_with_the_next_attempt() -> None:
    """A throttled function is tried again with the next attempt number.

    "Configuring a dead-letter queue" and RetryPolicy: the target's API refused, so the event is sent again.
    """
    host = Recorder(refusals=1)
    scheduler = scheduler_of(
        host, replace(NIGHTLY, expression="rate(1 day)", input='["<aws.scheduler.attempt-number>", 0]')
    )
    scheduler.start()
    assert host.called.wait(4)
    scheduler.stop()
    assert host.calls == [("Echo", ["1", 0]), ("Echo", ["2", 0])]


def test_a_schedule_that_may_not_retry_gives_up_and_says_so(caplog: pytest.LogCaptureFixture) -> None:
    """RetryPolicy: MaximumRetryAttempts 0 is one attempt."""
    host = Recorder(refusals=9)
    scheduler = scheduler_of(host, replace(NIGHTLY, expression="rate(1 day)", maximum_retry_attempts=0))
    scheduler.start()
    end = time.monotonic() + 3
    while "was given up" not in caplog.text and time.monotonic() < end:
        time.sleep(0.02)
    scheduler.stop()
    assert "schedule nightly: the run of" in caplog.text
    assert len(host.calls) == 1


def test_nothing_runs_after_stop() -> None:
    """A stopped scheduler leaves its schedules alone."""
    host = Recorder()
    scheduler = scheduler_of(host, replace(NIGHTLY, expression=soon(1.5), timezone="UTC"))
    scheduler.start()
    scheduler.stop()
    time.sleep(1.7)
    assert host.calls == []
