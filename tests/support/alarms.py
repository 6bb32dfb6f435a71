"""The alarms of template.yaml and the runs of its schedules, for the model of CloudWatch."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from emulators.cloudwatch.alarms import Metric
from emulators.cloudwatch.points import Point
from emulators.cloudwatch.reading import ALARM, read_alarm
from emulators.lambda_host.template.schedule_expressions import Rate, next_occurrence, parse_expression
from local.stack.parameters import local_template
from shared.domain.runs import RunState
from shared.observability import METRIC_NAMESPACE, SERVICE, metric_name

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from emulators.cloudwatch.alarms import Alarm
    from emulators.lambda_host.template.template import Template

OSLO = ZoneInfo("Europe/Oslo")
ROOT = Path(__file__).parents[2]


@cache
def template() -> Template:
    """Return the template as CloudFormation gets it, every part of it present."""
    return local_template({"OperationsEmail": "drift@example.no"})


@cache
def alarms() -> dict[str, Alarm]:
    """Return every alarm by its logical id."""
    made = template()
    return {name: read_alarm(name, made.properties(name).values) for name in made.resources if made.kind(name) == ALARM}


@cache
def functions() -> dict[str, str]:
    """Return the logical id of each function by the name that its metrics carry."""
    return {made.handler.split(".")[1]: made.logical_id for made in template().functions}


def own(function: str, name: str) -> Metric:
    """Return a metric that a function of ours writes into its log."""
    return Metric(METRIC_NAMESPACE, name, (("function", function), ("service", SERVICE)))


def of_lambda(function: str, name: str) -> Metric:
    """Return a metric that Lambda publishes of a function."""
    logical_id = functions()[function]
    name_in_aws = next(made.name for made in template().functions if made.logical_id == logical_id)
    return Metric("AWS/Lambda", name, (("FunctionName", name_in_aws),))


def of_queue(queue: str, name: str) -> Metric:
    """Return a metric that SQS publishes of a queue."""
    return Metric("AWS/SQS", name, (("QueueName", template().name(queue)),))


def local(year: int, month: int, day: int, hour: int = 0, minute: int = 0) -> datetime:
    """Return a moment that Oslo's clocks show. Of an hour that comes twice, the second."""
    moment = datetime(year, month, day, hour, minute, fold=1, tzinfo=OSLO)
    # Python compares and subtracts two times of one zone by what the clocks show, so they leave the zone.
    return moment.astimezone(ZoneInfo("UTC"))


@dataclass(frozen=True)
class Pace:
    """How long a run takes, how long its metrics are under way, and when in its five minutes a rate's runs begin."""

    takes: float
    """The share of the function's time limit."""
    lag: timedelta = timedelta(minutes=1)
    offset: timedelta = timedelta(0)


def runs(
    run: str, begin: datetime, end: datetime, outcome: Callable[[datetime], RunState | None], pace: Pace
) -> Iterator[Point]:
    """Yield what the runs of a schedule publish. `outcome` says how each ends, by the scheduled time; None: not."""
    function = "reconciliation" if run.startswith("reconciliation") else run
    limit = timedelta(
        seconds=next(f.timeout_seconds for f in template().functions if f.logical_id == functions()[function])
    )
    for scheduled in sorted(scheduled_times(run, begin, end, pace.offset)):
        state = outcome(scheduled)
        if state is None:
            continue
        ended = scheduled + limit * pace.takes
        if state is RunState.FAILED:
            for name, value in (("Errors", 1.0), ("Throttles", 0.0)):
                yield Point(of_lambda(function, name), scheduled, ended + pace.lag, value)
        for each in RunState:
            metric = own(run, metric_name(f"runs_{each}"))
            yield Point(metric, ended, ended + pace.lag, float(each is state))


def scheduled_times(run: str, begin: datetime, end: datetime, offset: timedelta = timedelta(0)) -> Iterator[datetime]:
    """Yield when the schedules of a run start it, as template.yaml says."""
    for schedule in template().schedules:
        named = next(name for name, logical_id in functions().items() if logical_id == schedule.function)
        mode = json.loads(schedule.input or "{}").get("mode")
        if (f"{named}_{mode}" if mode else named) != run:
            continue
        expression = parse_expression(schedule.expression)
        anchor, at = begin + offset, begin
        if isinstance(expression, Rate):
            yield anchor
        while (moment := next_occurrence(expression, ZoneInfo(schedule.timezone), at, anchor)) and moment < end:
            yield moment
            at = moment
