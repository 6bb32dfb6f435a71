"""The events that the functions take."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC
from typing import TYPE_CHECKING, Annotated, Any, Literal, Self
from uuid import UUID

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
from shared.domain.comparison import Acceptance
from shared.domain.errors import PermanentError
from shared.domain.listings import SyncMessage
from shared.domain.mail_events import BounceType, DrillEvent, MailEvent, MailEventKind, NotOurs

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


_Moment = Annotated[AwareDatetime, BeforeValidator(_written_out), AfterValidator(_of_our_calendar)]


class ScheduledEvent(BaseModel):
    """The event of a schedule, with the time it was due, not the time it arrived.

    Source: the context attributes of EventBridge Scheduler.
    """

    model_config = ConfigDict(frozen=True, defer_build=True)

    scheduled_time: _Moment

    @classmethod
    def parse(cls, event: object) -> Self:
        """Return the validated event. Raises InvalidEventError."""
        try:
            return cls.model_validate(event)
        except ValidationError as error:
            raise InvalidEventError(f'{_wrong(error)}. Expected {{"scheduled_time": "2026-12-01T23:15:00Z"}}') from None


class _By(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", str_strip_whitespace=True, defer_build=True)

    actor: Annotated[str, Field(min_length=1, max_length=200)]
    reason: Annotated[str, Field(min_length=1, max_length=1000)]


class ReconciliationEvent(BaseModel):
    """The event of reconciliation's schedules, and of an operator who starts a run by hand."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)

    scheduled_time: _Moment
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
            raise InvalidEventError(f"{_wrong(error)}. Expected {expected}") from None

    @property
    def acceptance(self) -> Acceptance | None:
        """Return who accepts that the website returned few rows, and why."""
        return Acceptance(self.accept.actor, self.accept.reason) if self.accept else None


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
        raise InvalidEventError(f"{_wrong(error)}. Expected an SQS event") from None
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
        raise InvalidEventError(f"{_wrong(error)}. Expected {expected}") from None


# What SES publishes about a mail, of which only what is used here is read. The addresses in it are never read:
# https://docs.aws.amazon.com/ses/latest/dg/event-publishing-retrieving-sns-contents.html
# https://docs.aws.amazon.com/eventbridge/latest/ref/events-ref-ses.html
_NOTICE_ID = re.compile(r"[1-9]\d{0,17}", re.ASCII)
_DRILL_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_CODE = re.compile(r"[A-Za-z][A-Za-z0-9-]{0,39}", re.ASCII)
# The enhanced status code of a mail server (RFC 3463), and not the beginning of an IP address.
_STATUS = re.compile(r"(?<![\d.])[245]\.\d{1,3}\.\d{1,3}(?![\d.])", re.ASCII)


class _OfSes(BaseModel):
    model_config = ConfigDict(frozen=True, defer_build=True)


class _Mail(_OfSes):
    messageId: Annotated[str, Field(pattern=r"^[!-~]{1,200}$")]  # noqa: N815 - SES's names, here and below
    timestamp: _Moment


class _Recipient(_OfSes):
    status: str = ""
    diagnosticCode: str = ""  # noqa: N815


class _Bounce(_OfSes):
    bounceType: str  # noqa: N815
    bounceSubType: str = ""  # noqa: N815
    bouncedRecipients: list[_Recipient] = Field(default_factory=list)  # noqa: N815
    timestamp: _Moment
    feedbackId: Annotated[str, Field(max_length=150)] = ""  # noqa: N815


class _Complaint(_OfSes):
    complaintSubType: str | None = None  # noqa: N815
    complaintFeedbackType: str | None = None  # noqa: N815
    timestamp: _Moment
    feedbackId: Annotated[str, Field(max_length=150)] = ""  # noqa: N815


class _Delivery(_OfSes):
    timestamp: _Moment
    smtpResponse: str = ""  # noqa: N815


class _Delay(_OfSes):
    timestamp: _Moment
    delayType: str = ""  # noqa: N815
    delayedRecipients: list[_Recipient] = Field(default_factory=list)  # noqa: N815


class _Bounced(_OfSes):
    mail: _Mail
    bounce: _Bounce


class _Complained(_OfSes):
    mail: _Mail
    complaint: _Complaint


class _Delivered(_OfSes):
    mail: _Mail
    delivery: _Delivery


class _Delayed(_OfSes):
    mail: _Mail
    deliveryDelay: _Delay  # noqa: N815


class _Rejected(_OfSes):
    mail: _Mail


class _Published[Detail: _OfSes](_OfSes):
    source: Literal["aws.ses"]
    time: _Moment
    detail: Detail


def mail_event(event: object) -> MailEvent | DrillEvent | NotOurs:
    """Return what EventBridge's event of SES says of a mail of ours, or why it is not ours to record.

    Raises InvalidEventError for one that carries our tag and lacks what its kind must say.
    """
    kind, tags = _kind_and_tags(event)
    notice_id, drill_id = _tag(tags, "notice_id", _NOTICE_ID), _tag(tags, "drill_id", _DRILL_ID)
    if notice_id is None and drill_id is None:
        return NotOurs.WITHOUT_TAG
    if kind not in _MAIL_EVENTS:
        return NotOurs.OTHER_KIND
    try:
        found = _MAIL_EVENTS[kind](int(notice_id or 0), event)
    except ValidationError as error:
        raise InvalidEventError(f"{_wrong(error)}. Expected an event of SES about a mail") from None
    if notice_id is not None or drill_id is None:
        return found
    codes = ", ".join(filter(None, (found.bounce_type, found.code, found.status)))
    return DrillEvent(drill_id=UUID(drill_id), kind=found.kind, occurred_at=found.occurred_at, code=codes or None)


def _kind_and_tags(event: object) -> tuple[str, dict[str, Any]]:
    """Return the kind of the event and the tags of its mail, whatever else is wrong with it."""
    detail = event.get("detail") if isinstance(event, dict) else None
    if not isinstance(detail, dict):
        raise InvalidEventError("detail: Field required. Expected an event of SES about a mail")
    mail = detail.get("mail")
    tags = mail.get("tags") if isinstance(mail, dict) else None
    return str(detail.get("eventType")), tags if isinstance(tags, dict) else {}


def _tag(tags: dict[str, Any], name: str, form: re.Pattern[str]) -> str | None:
    """Return the one value of a tag if it has the form that we give it."""
    values = tags.get(name)
    value = values[0] if isinstance(values, list) and len(values) == 1 else None
    return value if isinstance(value, str) and form.fullmatch(value) else None


def _bounce(notice_id: int, event: object) -> MailEvent:
    detail = _Published[_Bounced].model_validate(event).detail
    bounce = detail.bounce
    known = bounce.bounceType.lower() in BounceType
    return _of(
        MailEventKind.BOUNCE,
        notice_id,
        detail.mail,
        bounce.timestamp,
        bounce.feedbackId,
        bounce_type=BounceType(bounce.bounceType.lower()) if known else BounceType.UNDETERMINED,
        code=_code(bounce.bounceSubType),
        status=_status(*(text for one in bounce.bouncedRecipients for text in (one.status, one.diagnosticCode))),
    )


def _complaint(notice_id: int, event: object) -> MailEvent:
    detail = _Published[_Complained].model_validate(event).detail
    complaint = detail.complaint
    return _of(
        MailEventKind.COMPLAINT,
        notice_id,
        detail.mail,
        complaint.timestamp,
        complaint.feedbackId,
        code=_code(complaint.complaintSubType) or _code(complaint.complaintFeedbackType),
    )


def _delivery(notice_id: int, event: object) -> MailEvent:
    detail = _Published[_Delivered].model_validate(event).detail
    delivery = detail.delivery
    return _of(
        MailEventKind.DELIVERY, notice_id, detail.mail, delivery.timestamp, status=_status(delivery.smtpResponse)
    )


def _delay(notice_id: int, event: object) -> MailEvent:
    detail = _Published[_Delayed].model_validate(event).detail
    delay = detail.deliveryDelay
    return _of(
        MailEventKind.DELAY,
        notice_id,
        detail.mail,
        delay.timestamp,
        code=_code(delay.delayType),
        status=_status(*(text for one in delay.delayedRecipients for text in (one.status, one.diagnosticCode))),
    )


def _reject(notice_id: int, event: object) -> MailEvent:
    published = _Published[_Rejected].model_validate(event)
    # A mail is rejected once, as a whole, and the event's detail has no time of its own.
    return _of(MailEventKind.REJECT, notice_id, published.detail.mail, published.time, "once", code="reject")


_MAIL_EVENTS = {
    "Bounce": _bounce,
    "Complaint": _complaint,
    "Delivery": _delivery,
    "DeliveryDelay": _delay,
    "Reject": _reject,
}


def _of(
    kind: MailEventKind,
    notice_id: int,
    mail: _Mail,
    occurred_at: datetime,
    distinct_by: str = "",
    *,
    bounce_type: BounceType | None = None,
    code: str | None = None,
    status: str | None = None,
) -> MailEvent:
    return MailEvent(
        key=f"{mail.messageId}:{kind}:{distinct_by or occurred_at.astimezone(UTC).isoformat()}",
        notice_id=notice_id,
        kind=kind,
        message_id=mail.messageId,
        accepted_at=mail.timestamp,
        occurred_at=occurred_at,
        bounce_type=bounce_type,
        code=code,
        status=status,
    )


def _code(text: str | None) -> str | None:
    """Return a code of SES. A mail server's own words, which may quote an address, are none (I11)."""
    return text if text and _CODE.fullmatch(text) else None


def _status(*texts: str) -> str | None:
    """Return the first status code in what a mail server said, without its words (I11)."""
    found = (_STATUS.search(text) for text in texts)
    return next((one[0] for one in found if one), None)


def _wrong(error: ValidationError) -> str:
    faults = error.errors(include_url=False, include_context=False, include_input=False)
    said = "; ".join(f"{_place(fault['loc'], fault['type'])}: {fault['msg']}" for fault in faults[:_MOST_FAULTS])
    return said + (f"; and {len(faults) - _MOST_FAULTS} more" if len(faults) > _MOST_FAULTS else "")


def _place(path: tuple[int | str, ...], kind: str) -> str:
    # The caller chose the name of an unknown field: it can have any length and hold personal data (I11).
    unknown = kind == "extra_forbidden" and not _OWN_WORD.fullmatch(str(path[-1]))
    return ".".join(map(str, path[:-1] if unknown else path)) or "event"
