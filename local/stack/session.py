"""A session on a stack: the one that `up` runs, or one started for this command and stopped after it."""

from __future__ import annotations

import json
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cache
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from emulators.lambda_host.template.schedule_expressions import next_occurrence, parse_expression
from emulators.lambda_host.template.schedule_input import render_input
from emulators.lambda_host.triggers import invoke_api
from emulators.lambda_host.triggers.invoke_api import InvocationResult, InvokeApi
from local.stack import database
from local.stack.parameters import local_template
from local.stack.stack import ADDRESSES, HOME, StackRunningError, local_postgres, local_stack

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from emulators.lambda_host.runtime.logs import LogLine
    from emulators.lambda_host.template.resources import Schedule
    from local.stack.stack import LocalStack
    from operations.console import Progress


@dataclass(frozen=True)
class Session:
    """The addresses of the database and the website, and how to call a function."""

    dsn: str
    website: str
    invoke: Callable[[str, object], InvocationResult]
    mail: Path


def of(stack: LocalStack) -> Session:
    """Return a session on a stack of this process."""

    def call(function: str, event: object) -> InvocationResult:
        done = stack.host.invoke(function, event)
        return InvocationResult(
            done.payload, done.function_error, done.log_lines, done.duration_ms, done.init_ms, done.max_memory_mb
        )

    return Session(stack.dsn, stack.dataverse.url, call, stack.home / "mail")


@contextmanager
def announced(stack: LocalStack) -> Iterator[dict[str, str]]:
    """Serve the functions to other processes and write their addresses to a file, until the block ends."""
    with InvokeApi(stack.host) as api:
        addresses = {
            "invoke": api.url,
            "dsn": stack.dsn,
            "aws": stack.aws_url,
            "ses": stack.ses.url,
            "events": stack.bus.url,
            "sts": stack.sts.url,
            "dataverse": stack.dataverse.url,
            "webhook": stack.urls.url("StatusChanged"),
            "identity": stack.identity.sign_in_url,
        }
        if any(url.function == "ForceSync" for url in stack.stack.template.function_urls):
            addresses["dashboard"] = stack.urls.url("ForceSync")
        path = stack.home / ADDRESSES
        path.write_text(json.dumps(addresses | {"outputs": dict(stack.stack.outputs)}))
        try:
            yield addresses
        finally:
            path.unlink(missing_ok=True)


def announced_addresses(home: Path = HOME) -> dict[str, Any] | None:
    """Return the addresses of a stack that `up` runs, with its template's outputs under `outputs`; None without one."""
    try:
        addresses: dict[str, Any] = json.loads((home / ADDRESSES).read_text())
    except (OSError, ValueError):
        return None
    understood = (
        isinstance(addresses, dict) and {"invoke", "dsn", "aws", "dataverse", "identity", "outputs"} <= addresses.keys()
    )
    return addresses if understood else None  # those of another version cannot be used


@contextmanager
def session(
    home: Path = HOME, *, progress: Progress = lambda _: None, on_log: Callable[[LogLine], None] | None = None
) -> Iterator[Session]:
    """Yield the running stack, or a new one on the same data."""
    try:
        with local_stack(home, fresh=False, progress=progress, on_log=on_log) as stack:
            yield of(stack)
    except StackRunningError:
        addresses = announced_addresses(home)
        if addresses is None:
            raise
        yield Session(
            addresses["dsn"],
            addresses["dataverse"],
            lambda function, event: invoke_api.invoke(addresses["invoke"], function, event),
            home / "mail",
        )


@contextmanager
def database_only(home: Path = HOME) -> Iterator[str]:
    """Yield the connection string of the running stack's database, or of a PostgreSQL started for this command."""
    try:
        with local_postgres(home) as postgres:
            yield postgres.dsn(database.NAME) if database.exists(postgres) else database.create(postgres)
    except StackRunningError:
        addresses = announced_addresses(home)
        if addresses is None:
            raise
        yield addresses["dsn"]


def event_of(function: str, day: date, *, after: datetime | None = None) -> dict[str, str]:
    """Return the first event on `day` that the template's schedules send to `function`, in the schedule's time zone.

    With `after`, the first one later than that.
    """
    firsts = [(due, schedule) for schedule in _schedules(function) if (due := _first_on(day, schedule, after))]
    due, schedule = min(firsts, key=lambda first: first[0])
    event: dict[str, str] = render_input(schedule, due)  # type: ignore[assignment]
    return event


def _first_on(day: date, schedule: Schedule, after: datetime | None) -> datetime | None:
    zone = ZoneInfo(schedule.timezone)
    midnight = datetime(day.year, day.month, day.day, tzinfo=zone)
    start = after or midnight - timedelta(seconds=1)
    due = next_occurrence(parse_expression(schedule.expression), zone, start, midnight)
    return due if due and due.astimezone(zone).date() == day else None


@cache
def _schedules(function: str) -> tuple[Schedule, ...]:
    return tuple(schedule for schedule in local_template().schedules if schedule.function == function)
