"""What SES publishes about a mail, of which only what is used here is read. The addresses in it are never read.

https://docs.aws.amazon.com/ses/latest/dg/event-publishing-retrieving-sns-contents.html
https://docs.aws.amazon.com/eventbridge/latest/ref/events-ref-ses.html
"""

from __future__ import annotations

import re
from datetime import UTC
from typing import TYPE_CHECKING, Annotated, Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from shared.domain.mail.events import BounceType, DrillEvent, MailEvent, MailEventKind, NotOurs
from shared.events import InvalidEventError, Moment, faults_in

if TYPE_CHECKING:
    from datetime import datetime

_NOTICE_ID = re.compile(r"[1-9]\d{0,17}", re.ASCII)
_DRILL_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_CODE = re.compile(r"[A-Za-z][A-Za-z0-9-]{0,39}", re.ASCII)
# The enhanced status code of a mail server (RFC 3463), and not the beginning of an IP address.
_STATUS = re.compile(r"(?<![\d.])[245]\.\d{1,3}\.\d{1,3}(?![\d.])", re.ASCII)


class _OfSes(BaseModel):
    model_config = ConfigDict(frozen=True, defer_build=True)

    @model_validator(mode="before")
    @classmethod
    def _without_nulls(cls, value: object) -> object:
        """Take what is null for absent: a bounce must not be lost for a field that says nothing."""
        return {name: said for name, said in value.items() if said is not None} if isinstance(value, dict) else value


class _Mail(_OfSes):
    messageId: Annotated[str, Field(pattern=r"^[!-~]{1,200}$")]  # noqa: N815 - SES's names, here and below
    timestamp: Moment


class _Recipient(_OfSes):
    status: str = ""
    diagnosticCode: str = ""  # noqa: N815


class _Bounce(_OfSes):
    bounceType: str  # noqa: N815
    bounceSubType: str = ""  # noqa: N815
    bouncedRecipients: list[_Recipient] = Field(default_factory=list)  # noqa: N815
    timestamp: Moment
    feedbackId: Annotated[str, Field(max_length=150)] = ""  # noqa: N815


class _Complaint(_OfSes):
    complaintSubType: str = ""  # noqa: N815
    complaintFeedbackType: str = ""  # noqa: N815
    timestamp: Moment
    feedbackId: Annotated[str, Field(max_length=150)] = ""  # noqa: N815


class _Delivery(_OfSes):
    timestamp: Moment
    smtpResponse: str = ""  # noqa: N815


class _Delay(_OfSes):
    timestamp: Moment
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
    time: Moment
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
        raise InvalidEventError(f"{faults_in(error)}. Expected an event of SES about a mail") from None
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


def _code(text: str) -> str | None:
    """Return a code of SES. A mail server's own words, which may quote an address, are none (I11)."""
    return text if _CODE.fullmatch(text) else None


def _status(*texts: str) -> str | None:
    """Return the first status code in what a mail server said, without its words (I11)."""
    found = (_STATUS.search(text) for text in texts)
    return next((one[0] for one in found if one), None)
