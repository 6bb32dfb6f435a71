"""What of template.yaml costs money: functions with their memory and schedules, secrets, alarms, queues, log groups."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from emulators.lambda_host.template.schedule_expressions import Cron, Rate, parse_expression

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

DAYS = 365.25 / 12
HOURS = DAYS * 24
_DEFAULT_MEMORY_MB = 512  # where the template says none: its Globals say it
_ALL_DAYS = 31
_POLL_SECONDS = 20
_POLLERS = 5  # "Lambda starts with five pollers" of a standard queue


@dataclass(frozen=True)
class Schedule:
    """One schedule of a function: how often in a month, and in how many hours of a day."""

    runs: float
    hours: frozenset[int]


@dataclass(frozen=True)
class Figures:
    """The figures of the template. A function with two modes of run is `Name:mode`."""

    memory_mb: Mapping[str, int]
    schedules: Mapping[str, tuple[Schedule, ...]]
    polled_queues: int
    secrets: int
    alarm_metrics: int
    dashboards: int
    log_days: Mapping[str, int]
    is_arm: bool


def read_figures(template: Mapping[str, Any]) -> Figures:
    """Return the figures of a template in its long form (emulators.lambda_host.template.sam.read_yaml)."""
    resources: Mapping[str, Any] = template["Resources"]
    globals_ = template.get("Globals", {}).get("Function", {})
    functions = dict(_of_type(resources, "AWS::Serverless::Function"))
    schedules: dict[str, list[Schedule]] = {}
    for name, function in functions.items():
        for event in function.get("Events", {}).values():
            if event["Type"] in {"Schedule", "ScheduleV2"}:
                mode = json.loads(event["Properties"].get("Input", "{}")).get("mode")
                key = f"{name}:{mode}" if mode else name
                schedules.setdefault(key, []).append(_schedule(event["Properties"]))
    alarms = [alarm for _, alarm in _of_type(resources, "AWS::CloudWatch::Alarm")]
    simple = sum("MetricName" in alarm for alarm in alarms)
    math = sum("MetricStat" in metric for alarm in alarms for metric in alarm.get("Metrics", ()))
    polled = [
        event
        for function in functions.values()
        for event in function.get("Events", {}).values()
        if event["Type"] == "SQS"
    ]
    logs = {name: group.get("RetentionInDays", 3653) for name, group in _of_type(resources, "AWS::Logs::LogGroup")}
    return Figures(
        memory_mb={
            name: function.get("MemorySize", globals_.get("MemorySize", _DEFAULT_MEMORY_MB))
            for name, function in functions.items()
        },
        schedules={name: tuple(found) for name, found in schedules.items()},
        polled_queues=len(polled),
        secrets=sum(1 for _ in _of_type(resources, "AWS::SecretsManager::Secret")),
        alarm_metrics=simple + math,
        dashboards=sum(1 for _ in _of_type(resources, "AWS::CloudWatch::Dashboard")),
        log_days=logs,
        is_arm=globals_.get("Architectures") == ["arm64"],
    )


def polls_in_a_month(queues: int) -> float:
    """Return the requests of Lambda's pollers at queues that are empty."""
    return queues * _POLLERS * DAYS * 24 * 3600 / _POLL_SECONDS


def _of_type(resources: Mapping[str, Any], kind: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for name, resource in resources.items():
        if resource["Type"] == kind:
            yield name, resource.get("Properties", {})


def _schedule(properties: Mapping[str, Any]) -> Schedule:
    match parse_expression(properties["ScheduleExpression"]):
        case Cron(minutes, hours, days, months, weekdays, _):
            of_week = len(weekdays) / 7 if weekdays else 1
            of_month = min(len(days) / DAYS, 1) if days else 1
            runs = len(minutes) * len(hours) * DAYS * of_week * (1 if days and len(days) == _ALL_DAYS else of_month)
            runs *= len(months) / 12
            return Schedule(runs, frozenset(hours))
        case Rate(every):
            of_an_hour = every <= timedelta(hours=1)
            return Schedule(DAYS * timedelta(days=1) / every, frozenset(range(24) if of_an_hour else (0,)))
        case _:
            return Schedule(0, frozenset())
