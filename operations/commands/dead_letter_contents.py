"""What stands in a message that was given up: ids, codes and times; anything else may name people (I11)."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from shared.domain.sync_messages import MalformedMessageError, parse

if TYPE_CHECKING:
    from uuid import UUID

    from mypy_boto3_sqs.type_defs import MessageTypeDef

    from shared.domain.listings import SyncRequest

SYNCS, EVENTS = "SyncDeadLetters", "DeadLetters"
_CODE = re.compile(r"[A-Za-z0-9_.:+/$-]{1,200}")


@dataclass(frozen=True)
class DeadLetter:
    """A message that was given up. Of a sync request the mentors; of an event the function and the scheduled time."""

    queue: str
    message_id: str
    sent_at: datetime
    tries: int | None
    """By the functions, before it was given up. Looks at it are not among them; None: it is not known."""
    mentor_ids: tuple[UUID, ...] = ()
    function: str | None = None
    scheduled_time: str | None = None
    error: str | None = None


def requests_in(message: MessageTypeDef) -> tuple[SyncRequest, ...]:
    """Return the sync requests of a message; none where it is no such message."""
    try:
        return parse(message["Body"])
    except MalformedMessageError:
        return ()


def described(queue: str, message: MessageTypeDef, names: dict[str, str], most: int | None) -> DeadLetter:
    """Return what is known of a message. `names`: of functions, by those that AWS has for them."""
    attributes = message.get("Attributes", {})
    sent_at = datetime.fromtimestamp(int(attributes.get("SentTimestamp", "0")) / 1000, UTC)
    if queue == SYNCS:
        mentors = tuple(request.mentor_id for request in requests_in(message))
        return DeadLetter(queue, message["MessageId"], sent_at, most, mentors)
    body = _object(message["Body"])
    # A failed invocation comes with the event in it; what could not be started is the event itself.
    event = _inner(body, "requestPayload") if "requestPayload" in body else body
    arn = _code(_inner(body, "requestContext").get("functionArn")) or _attribute(message, "TARGET_ARN") or ""
    name = arn.partition(":function:")[2].partition(":")[0]
    return DeadLetter(
        queue,
        message["MessageId"],
        sent_at,
        _tries(body, message),
        function=names.get(name, name) or None,
        scheduled_time=_time(event.get("scheduled_time")),
        error=_code(_inner(body, "responsePayload").get("errorType")) or _attribute(message, "ERROR_CODE"),
    )


def _tries(body: dict[str, Any], message: MessageTypeDef) -> int | None:
    """As Lambda says it of an invocation, and EventBridge Scheduler of one that it could not make."""
    said = _inner(body, "requestContext").get("approximateInvokeCount")
    if isinstance(said, int):
        return said
    retries = _attribute(message, "RETRY_ATTEMPTS") or ""
    return int(retries) + 1 if re.fullmatch(r"[0-9]{1,6}", retries) else None


def _attribute(message: MessageTypeDef, name: str) -> str | None:
    found = message.get("MessageAttributes", {}).get(name)
    return _code(found.get("StringValue")) if found else None


def _object(text: str) -> dict[str, Any]:
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}


def _inner(body: dict[str, Any], name: str) -> dict[str, Any]:
    value = body.get(name)
    return value if isinstance(value, dict) else {}


def _time(value: object) -> str | None:
    """As it stands in the event, to be pasted; None where it is no time."""
    text = _code(value)
    try:
        datetime.fromisoformat(text or "")
    except ValueError:
        return None
    return text


def _code(value: object) -> str | None:
    """A code, a time or an ARN; anything else is somebody's sentence, and may name people (I11)."""
    return value if isinstance(value, str) and _CODE.fullmatch(value) else None
