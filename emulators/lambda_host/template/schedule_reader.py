"""A schedule, from its resolved properties to its dataclass."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from emulators.lambda_host.errors import TemplateError
from emulators.lambda_host.template.intrinsics import as_text
from emulators.lambda_host.template.resources import Schedule
from emulators.lambda_host.template.schedule_expressions import parse_expression
from emulators.lambda_host.template.schedule_input import render_input

if TYPE_CHECKING:
    from emulators.lambda_host.template.naming import Account
    from emulators.lambda_host.template.properties import Properties

_DAY = 24 * 60 * 60


def read_schedule(properties: Properties, account: Account) -> Schedule:
    """Read an AWS::Scheduler::Schedule."""
    where = properties.logical_id
    target = properties.part("Target")
    retry = target.part("RetryPolicy")
    window = properties.part("FlexibleTimeWindow")
    timezone = as_text(properties.values.get("ScheduleExpressionTimezone", "UTC"))
    try:
        ZoneInfo(timezone)
    except (ValueError, KeyError, OSError):
        raise TemplateError(f"{where}.ScheduleExpressionTimezone: there is no time zone {timezone}") from None
    expression = properties.text("ScheduleExpression")
    try:
        parse_expression(expression)
    except TemplateError as exc:
        raise TemplateError(f"{where}.ScheduleExpression: {exc}") from None
    text = target.values.get("Input")
    schedule = Schedule(
        logical_id=properties.logical_id,
        name=properties.name,
        arn=account.arn("scheduler", f"schedule/{properties.values.get('GroupName', 'default')}/{properties.name}"),
        function=target.function_in("Arn"),
        expression=expression,
        timezone=timezone,
        input=None if text is None else as_text(text),
        enabled=properties.values.get("State", "ENABLED") == "ENABLED",
        start=_moment(properties, "StartDate"),
        end=_moment(properties, "EndDate"),
        maximum_retry_attempts=retry.number("MaximumRetryAttempts", 185, 0, 185),
        maximum_event_age_seconds=retry.number("MaximumEventAgeInSeconds", _DAY, 60, _DAY),
        dead_letter_arn=target.part("DeadLetterConfig").values.get("Arn"),
        flexible_window_minutes=window.number("MaximumWindowInMinutes", 1, 1, 1440)
        if window.values.get("Mode") == "FLEXIBLE"
        else None,
    )
    try:
        render_input(schedule, datetime.now(UTC))
    except json.JSONDecodeError:
        raise TemplateError(f"{where}.Target.Input: a Lambda function's input must be JSON text") from None
    return schedule


def _moment(properties: Properties, key: str) -> datetime | None:
    value = properties.values.get(key)
    if value is None:
        return None
    try:
        moment = datetime.fromisoformat(as_text(value))
    except ValueError:
        raise TemplateError(f"{properties.logical_id}.{key}: {value} is not an ISO 8601 date and time") from None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
