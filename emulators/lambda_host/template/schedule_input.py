"""The event that a schedule gives to its function.

Source: "Adding context attributes" in the EventBridge Scheduler User Guide.
"""

from __future__ import annotations

import json
import secrets
from datetime import UTC
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

    from emulators.lambda_host.template.resources import Schedule


def render_input(
    schedule: Schedule, scheduled_time: datetime, attempt: int = 1, execution_id: str | None = None
) -> object:
    """Return a schedule's event for this time, its context attributes filled in."""
    execution_id = execution_id or secrets.token_hex(8)
    moment = scheduled_time.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    if schedule.input is None:
        _, _, _, region, account, _ = schedule.arn.split(":", 5)
        return {
            "version": "0",
            "id": execution_id,
            "detail-type": "Scheduled Event",
            "source": "aws.scheduler",
            "account": account,
            "time": moment,
            "region": region,
            "resources": [schedule.arn],
            "detail": "{}",
        }
    text = schedule.input
    for keyword, value in {
        "scheduled-time": moment,
        "schedule-arn": schedule.arn,
        "execution-id": execution_id,
        "attempt-number": str(attempt),
    }.items():
        text = text.replace(f"<aws.scheduler.{keyword}>", value)
    return json.loads(text)
