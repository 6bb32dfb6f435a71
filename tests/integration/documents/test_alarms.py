"""Every alarm of template.yaml rings for the fault it names and is silent otherwise, by the model of CloudWatch."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from emulators.cloudwatch.alarms import Metric
from emulators.cloudwatch.assumptions import every_assumption
from emulators.cloudwatch.points import Point
from emulators.cloudwatch.timeline import changes, rings
from tests.support.alarm_times import RUN_OF
from tests.support.alarms import alarms, functions, of_lambda, of_queue, own, template

if TYPE_CHECKING:
    from collections.abc import Iterator

    from emulators.cloudwatch.alarms import Alarm

AT = datetime(2026, 11, 11, 9, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
PUBLIC = {"status_changed", "force_sync"}
DEPTH, AGE = "ApproximateNumberOfMessagesVisible", "ApproximateAgeOfOldestMessage"


def once(metric: Metric, value: float = 1.0, late: int = 1) -> list[Point]:
    """Return one point, which comes some minutes late."""
    return [Point(metric, AT, AT + late * MINUTE, value)]


def every(metric: Metric, minutes: int, count: int, value: float = 1.0) -> list[Point]:
    """Return a point every so many minutes."""
    return [Point(metric, at, at + MINUTE, value) for at in (AT + minutes * n * MINUTE for n in range(count))]


REPUTATION = "AWS/SES"
BOUNCES, COMPLAINTS = Metric(REPUTATION, "Reputation.BounceRate"), Metric(REPUTATION, "Reputation.ComplaintRate")
GIVEN_BACK = own("dynamics_sync", "ListingsGivenBack")
TURNED_AWAY = of_lambda("status_changed", "Throttles")

# What each alarm is there for, and what must not ring it.
FAULTS: dict[str, list[list[Point]]] = {
    "DeadLettersAlarm": [every(of_queue("DeadLetters", DEPTH), 1, 5)],
    "SyncDeadLettersAlarm": [every(of_queue("SyncDeadLetters", DEPTH), 1, 5)],
    "SyncRequestsOldAlarm": [once(of_queue("SyncRequests", AGE), 901)],
    "ExpiryCheckDegradedAlarm": [once(own("expiry_check", "RunsDegraded"), late=10)],
    "SendNoticesDegradedAlarm": [once(own("send_notices", "RunsDegraded"), late=10)],
    "MailsRejectedAlarm": [once(own("mail_events", "MailsRejected"), late=10)],
    "MailBounceRateAlarm": [once(BOUNCES, 0.026)],
    "MailComplaintRateAlarm": [once(COMPLAINTS, 0.0006)],
    "SyncStoppedAlarm": [once(own("dynamics_sync", "SyncStopped"), late=10)],
    "ForceSyncStoppedAlarm": [once(own("force_sync", "SyncStopped"), late=10)],
    "ListingsRejectedAlarm": [once(own("dynamics_sync", "ListingsRejected"), late=10)],
    # One message that comes back after 5 seconds, 10, 20, 40 and so on, as dynamics_sync asks.
    "ListingsGivenBackAlarm": [
        [Point(GIVEN_BACK, at, at + MINUTE) for at in (AT + timedelta(seconds=5 * (2**n - 1)) for n in range(10))],
        every(GIVEN_BACK, 1, 20),
    ],
    "WebhookRefusedAlarm": [
        once(own("status_changed", "WebhooksRefusedTimestampOld"), late=10),
        once(own("status_changed", "WebhooksRefusedBodyMalformed"), late=10),
    ],
    "PublicThrottledAlarm": [every(TURNED_AWAY, 1, 40), every(of_lambda("force_sync", "Throttles"), 2, 25)],
    "StatusChangedErrorsAlarm": [once(own("status_changed", "WebhooksFailed"), late=10)],
    "ForceSyncErrorsAlarm": [once(of_lambda("force_sync", "Url5xxCount"), late=10)],
}
QUIET: dict[str, list[list[Point]]] = {
    "DeadLettersAlarm": [every(of_queue("DeadLetters", DEPTH), 1, 5, 0.0)],
    "SyncRequestsOldAlarm": [every(of_queue("SyncRequests", AGE), 1, 30, 899.0)],
    "MailBounceRateAlarm": [once(BOUNCES, 0.025)],
    "MailComplaintRateAlarm": [once(COMPLAINTS, 0.0005)],
    # A fault of seconds, after which the message came back once or twice.
    "ListingsGivenBackAlarm": [once(GIVEN_BACK), every(GIVEN_BACK, 6, 2)],
    "PublicThrottledAlarm": [every(TURNED_AWAY, 1, 24)],
}


def named(alarm: str) -> str | None:
    """Return the function whose errors an alarm counts."""
    of = {f"{''.join(word.capitalize() for word in one.split('_'))}ErrorsAlarm": one for one in functions()}
    return of.get(alarm)


def faults(alarm: str) -> list[list[Point]]:
    """Return what must ring it: what stands above, and for a function's alarm its errors and its throttles."""
    found = list(FAULTS.get(alarm, []))
    if function := named(alarm):
        limit = next(one.timeout_seconds for one in template().functions if one.logical_id == functions()[function])
        # A cut-off invocation: its error is filed under its beginning and comes after its end, two minutes late.
        found.append(once(of_lambda(function, "Errors"), late=limit // 60 + 3))
        if function not in PUBLIC:
            found.append(once(of_lambda(function, "Throttles"), late=10))
    return found


def zeros(alarm: Alarm) -> list[Point]:
    """Return what the metrics say when all is well: 0, every minute for an hour."""
    return [point for metric in alarm.metrics for point in every(metric, 1, 60, 0.0)]


def rang(alarm: Alarm, points: list[Point]) -> Iterator[int]:
    """Yield how often it rings within the day, under every assumption. It is old: it was OK before."""
    begin, end = AT - 40 * MINUTE, AT + timedelta(hours=3)
    for assumptions in every_assumption():
        if assumptions.minute_of_hour == 0:
            before = [Point(metric, begin - MINUTE, begin, 0.0) for metric in alarm.metrics]
            yield len(rings(changes(alarm, [*before, *points], begin, end, assumptions)))


EVENTS = sorted(alarms().keys() - RUN_OF.keys())


def test_every_alarm_is_tried() -> None:
    """The dead man's switches have a test of their own."""
    assert [name for name in EVENTS if not faults(name)] == []
    assert (FAULTS.keys() | QUIET.keys()) - set(EVENTS) == set()


@pytest.mark.parametrize("name", EVENTS)
def test_it_rings_for_its_fault(name: str) -> None:
    """Once, under every assumption, also when the metric comes ten minutes late or an invocation was cut off."""
    # The message of a long outage comes back every quarter of an hour in the end, which may ring a second time.
    often = {1, 2} if name == "ListingsGivenBackAlarm" else {1}
    for points in faults(name):
        assert set(rang(alarms()[name], points)) <= often


@pytest.mark.parametrize("name", EVENTS)
def test_it_is_silent_otherwise(name: str) -> None:
    """Without any point, with zeros, and with less than what it is there for."""
    alarm = alarms()[name]
    for points in ([], zeros(alarm), *QUIET.get(name, [])):
        assert set(rang(alarm, points)) == {0}


def test_each_function_has_its_errors_and_throttles_counted() -> None:
    """What ran and failed, and what the account had no room for."""
    for function in functions():
        for name in ("Errors", "Throttles"):
            metric = of_lambda(function, name)
            assert [one.name for one in alarms().values() if metric in one.metrics], metric


def test_a_burst_of_strangers_wakes_nobody() -> None:
    """Only the alarm on half an hour looks at the throttles of a public address."""
    for function in PUBLIC:
        metric = of_lambda(function, "Throttles")
        assert [name for name, one in alarms().items() if metric in one.metrics] == ["PublicThrottledAlarm"]


def test_every_alarm_is_heard() -> None:
    """Each notifies operations, and its description says where to read on."""
    for alarm in alarms().values():
        assert alarm.notifies, alarm.name
        assert "See docs/operations/" in alarm.description, alarm.name
