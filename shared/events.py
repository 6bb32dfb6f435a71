"""The events that the functions take."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, Literal, Self

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    model_validator,
)
from pydantic_core import PydanticCustomError

from shared.domain import sync_messages
from shared.domain.alerts import Language  # noqa: TC001 - read by pydantic
from shared.domain.comparison import Acceptance
from shared.domain.errors import PermanentError
from shared.domain.integration.deployments import Deployment
from shared.domain.listings import SyncMessage

if TYPE_CHECKING:
    from datetime import datetime


class InvalidEventError(PermanentError):
    """An event does not have the form that the function takes; the message names the field and the fault."""


_DATE_AND_TIME = re.compile(r"\d{4}-\d\d-\d\dT")
_MOST_FAULTS = 5
_OWN_WORD = re.compile(r"[A-Za-z_-]{1,40}")
_FIRST_YEAR, _LAST_YEAR = 2, 9998


def _written_out(value: object) -> object:
    # pydantic reads a number as seconds since 1970. "20261201" would then be a day in 1970, for which a nightly check
    # finds nothing to do.
    if not isinstance(value, str) or not _DATE_AND_TIME.match(value):
        raise PydanticCustomError("date_and_time", "Input should be a date and a time in ISO 8601")
    return value


def _of_our_calendar(value: datetime) -> datetime:
    if not _FIRST_YEAR <= value.year <= _LAST_YEAR:
        raise PydanticCustomError("date_and_time", "Input should be of the years 2 to 9998, a day in every time zone")
    return value


Moment = Annotated[AwareDatetime, BeforeValidator(_written_out), AfterValidator(_of_our_calendar)]
"""A date and time with its time zone, as text."""


class ScheduledEvent(BaseModel):
    """The event of a schedule, with the time it was due, not the time it arrived.

    Source: the context attributes of EventBridge Scheduler.
    """

    model_config = ConfigDict(frozen=True, defer_build=True)

    scheduled_time: Moment

    @classmethod
    def parse(cls, event: object) -> Self:
        """Return the validated event. Raises InvalidEventError."""
        try:
            return cls.model_validate(event)
        except ValidationError as error:
            raise InvalidEventError(
                f'{faults_in(error)}. Expected {{"scheduled_time": "2026-12-01T23:15:00Z"}}'
            ) from None


class DeploymentHookEvent(BaseModel):
    """The event with which CodeDeploy invokes a deployment's hook."""

    model_config = ConfigDict(frozen=True, defer_build=True)

    deployment_id: Annotated[str, Field(alias="DeploymentId", pattern=r"^d-[A-Z0-9]+$", max_length=40)]
    execution_id: Annotated[str, Field(alias="LifecycleEventHookExecutionId", min_length=1, max_length=4000)]


def deployment_of(event: object) -> Deployment | None:
    """Return the deployment that waits for verify_integration; None where a person has invoked it, with any event.

    Raises InvalidEventError for an event that is neither.
    """
    if not isinstance(event, dict) or not {"DeploymentId", "LifecycleEventHookExecutionId"} & event.keys():
        return None
    try:
        hook = DeploymentHookEvent.model_validate(event)
    except ValidationError as error:
        expected = '{"DeploymentId": "d-ABCDEF123", "LifecycleEventHookExecutionId": "…"}, or {} from a person'
        raise InvalidEventError(f"{faults_in(error)}. Expected {expected}") from None
    return Deployment(hook.deployment_id, hook.execution_id)


class _By(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", str_strip_whitespace=True, defer_build=True)

    actor: Annotated[str, Field(min_length=1, max_length=200)]
    reason: Annotated[str, Field(min_length=1, max_length=1000)]


class ReconciliationEvent(BaseModel):
    """The event of reconciliation's schedules, and of an operator who starts a run by hand."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)

    scheduled_time: Moment
    mode: Literal["sweep", "full"]
    accept: _By | None = None
    """With mode full only: an operator confirms that the website really returned this few rows."""

    @model_validator(mode="after")
    def _accepts_in_full_only(self) -> Self:
        if self.accept is not None and self.mode != "full":
            raise PydanticCustomError("accept_in_full_only", "accept goes with mode full only")
        return self

    @classmethod
    def parse(cls, event: object) -> Self:
        """Return the validated event. Raises InvalidEventError."""
        try:
            return cls.model_validate(event)
        except ValidationError as error:
            expected = '{"scheduled_time": "2026-12-01T02:40:00Z", "mode": "full"}, or "sweep"'
            raise InvalidEventError(f"{faults_in(error)}. Expected {expected}") from None

    @property
    def acceptance(self) -> Acceptance | None:
        """Return who accepts that the website returned few rows, and why."""
        return Acceptance(self.accept.actor, self.accept.reason) if self.accept else None


class CommandEvent(BaseModel):
    """A command line of hlf-operations, without what names the system, and the screen that it is read on."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)

    arguments: Annotated[list[Annotated[str, Field(max_length=100_000)]], Field(min_length=1, max_length=5_000)]
    language: Language | None = None
    width: Annotated[int, Field(ge=40, le=1000)] = 110
    colour: bool = False

    @classmethod
    def parse(cls, event: object) -> Self:
        """Return the validated event. Raises InvalidEventError."""
        try:
            return cls.model_validate(event)
        except ValidationError as error:
            raise InvalidEventError(f'{faults_in(error)}. Expected {{"arguments": ["status"]}}') from None


class _Attributes(BaseModel):
    model_config = ConfigDict(defer_build=True)

    ApproximateReceiveCount: int


class _Record(BaseModel):
    model_config = ConfigDict(defer_build=True)

    messageId: str  # noqa: N815 - SQS's name
    receiptHandle: str  # noqa: N815
    body: str
    attributes: _Attributes
    eventSource: Literal["aws:sqs"]  # noqa: N815
    eventSourceARN: str  # noqa: N815


class _Batch(BaseModel):
    model_config = ConfigDict(defer_build=True)

    Records: Annotated[list[_Record], Field(min_length=1)]


@dataclass(frozen=True, slots=True)
class Batch:
    """The messages of one SQS event, all from one queue."""

    queue_name: str
    messages: tuple[SyncMessage, ...]


def queue_messages(event: object) -> Batch:
    """Return the messages of an SQS event. Raises InvalidEventError.

    An unreadable message does not stop the others (I13).
    """
    try:
        batch = _Batch.model_validate(event)
    except ValidationError as error:
        raise InvalidEventError(f"{faults_in(error)}. Expected an SQS event") from None
    messages = []
    for record in batch.Records:
        try:
            requests = sync_messages.parse(record.body)
        except sync_messages.MalformedMessageError:
            requests = None  # the queue moves it to its dead letters after some deliveries
        messages.append(
            SyncMessage(record.messageId, record.receiptHandle, record.attributes.ApproximateReceiveCount, requests)
        )
    return Batch(batch.Records[0].eventSourceARN.rpartition(":")[2], tuple(messages))


class _ListingChanged(BaseModel):
    model_config = ConfigDict(defer_build=True)

    source: Literal["certification.app"]
    detail_type: Annotated[Literal["Listing changed"], Field(alias="detail-type")]
    detail: dict[str, Any]


def listing_changed(event: object) -> dict[str, Any]:
    """Return the detail of EventBridge's event "Listing changed", a sync message. Raises InvalidEventError."""
    try:
        return _ListingChanged.model_validate(event).detail
    except ValidationError as error:
        expected = '{"source": "certification.app", "detail-type": "Listing changed", "detail": {"mentors": […]}}'
        raise InvalidEventError(f"{faults_in(error)}. Expected {expected}") from None


def faults_in(error: ValidationError) -> str:
    """Return what is wrong with an event, field by field, without what the fields hold (I11)."""
    faults = error.errors(include_url=False, include_context=False, include_input=False)
    said = "; ".join(f"{_place(fault['loc'], fault['type'])}: {fault['msg']}" for fault in faults[:_MOST_FAULTS])
    return said + (f"; and {len(faults) - _MOST_FAULTS} more" if len(faults) > _MOST_FAULTS else "")


def _place(path: tuple[int | str, ...], kind: str) -> str:
    # The caller chose the name of an unknown field: it can have any length and hold personal data (I11).
    unknown = kind == "extra_forbidden" and not _OWN_WORD.fullmatch(str(path[-1]))
    return ".".join(map(str, path[:-1] if unknown else path)) or "event"
