"""The events our functions take."""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal, Self

from pydantic import AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError
from pydantic_core import PydanticCustomError

from shared.domain import sync_messages
from shared.domain.errors import PermanentError
from shared.domain.listings import SyncMessage


class InvalidEventError(PermanentError):
    """When an event is not of the form the function takes; the message says which field and why."""


_DATE_AND_TIME = re.compile(r"\d{4}-\d\d-\d\dT")


def _written_out(value: object) -> object:
    # pydantic takes a number for seconds since 1970, so "20261201" would be a night long past that finds nothing to do.
    if not isinstance(value, str) or not _DATE_AND_TIME.match(value):
        raise PydanticCustomError("date_and_time", "Input should be a date and a time in ISO 8601")
    return value


class Scheduled(BaseModel):
    """What a schedule sends: the time it was due, not the time it came (EventBridge Scheduler context attributes)."""

    model_config = ConfigDict(frozen=True)

    scheduled_time: Annotated[AwareDatetime, BeforeValidator(_written_out)]

    @classmethod
    def parse(cls, event: object) -> Self:
        """The event, checked. Raises InvalidEventError."""
        try:
            return cls.model_validate(event)
        except ValidationError as error:
            raise InvalidEventError(f'{_wrong(error)}. Expected {{"scheduled_time": "2026-12-01T23:15:00Z"}}') from None


class _Attributes(BaseModel):
    ApproximateReceiveCount: int


class _Record(BaseModel):
    messageId: str  # noqa: N815 - SQS's name
    receiptHandle: str  # noqa: N815
    body: str
    attributes: _Attributes
    eventSource: Literal["aws:sqs"]  # noqa: N815


class _Batch(BaseModel):
    Records: Annotated[list[_Record], Field(min_length=1)]


def queue_messages(event: object) -> tuple[SyncMessage, ...]:
    """The messages of an SQS event. One that cannot be read stops no other (I13). Raises InvalidEventError."""
    try:
        batch = _Batch.model_validate(event)
    except ValidationError as error:
        raise InvalidEventError(f'{_wrong(error)}. Expected an SQS event, or {{"sync": "unsynced"}}') from None
    messages = []
    for record in batch.Records:
        try:
            requests = sync_messages.parse(record.body)
        except sync_messages.MalformedMessageError:
            requests = None  # the queue gives it up to its dead letters after some deliveries
        messages.append(
            SyncMessage(record.messageId, record.receiptHandle, record.attributes.ApproximateReceiveCount, requests)
        )
    return tuple(messages)


class _ListingChanged(BaseModel):
    source: Literal["certification.app"]
    detail_type: Annotated[Literal["Listing changed"], Field(alias="detail-type")]
    detail: dict[str, Any]


def listing_changed(event: object) -> dict[str, Any]:
    """The detail of EventBridge's event "Listing changed": a sync message. Raises InvalidEventError."""
    try:
        return _ListingChanged.model_validate(event).detail
    except ValidationError as error:
        expected = '{"source": "certification.app", "detail-type": "Listing changed", "detail": {"mentors": […]}}'
        raise InvalidEventError(f"{_wrong(error)}. Expected {expected}") from None


def _wrong(error: ValidationError) -> str:
    return "; ".join(f"{'.'.join(map(str, fault['loc'])) or 'event'}: {fault['msg']}" for fault in error.errors())
