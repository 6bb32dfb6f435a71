"""What SES says became of a mail: one event, in ids, codes and times. It holds no address and no text (I11)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID


class MailEventKind(StrEnum):
    """The kinds of events that are recorded, as certification.mail_events has them."""

    DELIVERY = "delivery"
    BOUNCE = "bounce"
    COMPLAINT = "complaint"
    DELAY = "delay"
    REJECT = "reject"


class BounceType(StrEnum):
    """Why a mail bounced: the address is no good, the reason may pass, or the recipient's server did not say."""

    PERMANENT = "permanent"
    TRANSIENT = "transient"
    UNDETERMINED = "undetermined"


class NotOurs(StrEnum):
    """Why an event of SES is only counted. Other systems of the account may publish events too."""

    WITHOUT_TAG = "without_tag"
    OTHER_KIND = "other_kind"


class RecordOutcome(StrEnum):
    """What certification.record_mail_event did with an event."""

    RECORDED = "recorded"
    REPEATED = "repeated"
    WAITING = "waiting"
    UNKNOWN_NOTICE = "unknown_notice"
    ANOTHER_MESSAGE = "another_message"


class DrillOutcome(StrEnum):
    """What certification.record_drill_event did with an event about a mail of a drill."""

    DRILL = "drill"
    UNKNOWN_DRILL = "unknown_drill"


BAD_NEWS = frozenset({MailEventKind.BOUNCE, MailEventKind.COMPLAINT, MailEventKind.REJECT})
"""The kinds after which an alert may be due."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MailEvent:
    """One event about the mail of one notice.

    `key` is the same each time that SES publishes the event. `accepted_at` is when SES accepted the mail.
    """

    key: str
    notice_id: int
    kind: MailEventKind
    message_id: str
    accepted_at: datetime
    occurred_at: datetime
    bounce_type: BounceType | None = None
    code: str | None = None
    status: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DrillEvent:
    """One event about a mail of a drill (hlf-operations mail-drill), which is to nobody and about no notice."""

    drill_id: UUID
    kind: MailEventKind
    occurred_at: datetime
    code: str | None = None
