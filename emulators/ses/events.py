"""The events that SES publishes about a mail, field for field as it documents them.

https://docs.aws.amazon.com/ses/latest/dg/event-publishing-retrieving-sns-contents.html (the fields),
…/event-publishing-retrieving-sns-examples.html (the examples) and
https://docs.aws.amazon.com/eventbridge/latest/ref/events-ref-ses.html (their names on EventBridge, where the same JSON
is the event's `detail`). The texts of a suppressed address are those that SES sends.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from email.utils import getaddresses, parseaddr
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

ACCOUNT = "000000000000"
_REGION = "eu-north-1"
# "headersTruncated … if the headers are larger than 10 KB".
_MOST_HEADERS = 10 * 1024
_MTA = "a1-1.smtp-out.eu-north-1.amazonses.com"
_SUPPRESSED = {
    "Suppressed": (
        "Amazon SES has suppressed sending to this address because it has a recent history of bouncing as an invalid "
        "address."
    ),
    "OnAccountSuppressionList": (
        "Amazon SES did not send the message to this address because it is on the suppression list for your account."
    ),
}
BOUNCE_SUBTYPES: Mapping[str, Mapping[str, tuple[str, str]]] = {
    "Undetermined": {"Undetermined": ("5.0.0", "smtp; 550 unknown error")},
    "Permanent": {
        "General": ("5.1.1", "smtp; 550 5.1.1 user unknown"),
        "NoEmail": ("5.1.1", "smtp; 550 5.1.1 no such address"),
        **{subtype: ("5.1.1", text) for subtype, text in _SUPPRESSED.items()},
    },
    "Transient": {
        "General": ("4.0.0", "smtp; 421 try again later"),
        "MailboxFull": ("4.2.2", "smtp; 452 4.2.2 mailbox full"),
        "MessageTooLarge": ("5.3.4", "smtp; 552 5.3.4 message too large"),
        "ContentRejected": ("5.7.1", "smtp; 554 5.7.1 content rejected"),
        "AttachmentRejected": ("5.7.1", "smtp; 554 5.7.1 attachment rejected"),
    },
}
"""Every type of bounce with its subtypes, and a status and diagnostic code that fit."""

COMPLAINT_TYPES = ("abuse", "auth-failure", "fraud", "not-spam", "other", "virus")
DELAY_TYPES = (
    "InternalFailure",
    "General",
    "MailboxFull",
    "SpamDetected",
    "RecipientServerError",
    "IPFailure",
    "TransientCommunicationFailure",
    "BYOIPHostNameLookupUnavailable",
    "Undetermined",
    "SendingDeferral",
)
_NAMES = {
    "Bounce": ("BOUNCE", "Email Bounced"),
    "Complaint": ("COMPLAINT", "Email Complaint Received"),
    "Delivery": ("DELIVERY", "Email Delivered"),
    "DeliveryDelay": ("DELIVERY_DELAY", "Email Delivery Delayed"),
    "Reject": ("REJECT", "Email Rejected"),
}


@dataclass(frozen=True)
class SentMail:
    """What an event tells of its mail. `tags` are the sender's own."""

    message_id: str
    raw: bytes
    source: str
    recipients: tuple[str, ...]
    configuration_set: str
    tags: Mapping[str, str]
    source_ip: str
    accepted_at: datetime


@dataclass(frozen=True)
class MailEvent:
    """An event about a mail. `kind` is SES's eventType, `at` the time that it states."""

    kind: str
    at: datetime
    mail: SentMail
    about: Mapping[str, object] = field(default_factory=dict)

    @property
    def event_type(self) -> str:
        """Return the name by which a destination chooses it."""
        return _NAMES[self.kind][0]

    @property
    def detail_type(self) -> str:
        """Return its name on EventBridge."""
        return _NAMES[self.kind][1]

    @property
    def resources(self) -> tuple[str, ...]:
        """Return the ARN of the identity that the mail was sent from."""
        return (_identity_arn(self.mail.source),)

    def detail(self) -> dict[str, object]:
        """Return the event's JSON."""
        member = self.kind[0].lower() + self.kind[1:]
        return {"eventType": self.kind, "mail": _mail(self), member: dict(self.about)}


def delivery(mail: SentMail, at: datetime) -> MailEvent:
    """Return the event of a mail that the recipient's server took."""
    about = {
        "timestamp": _moment(at),
        "processingTimeMillis": max(0, round((at - mail.accepted_at) / timedelta(milliseconds=1))),
        "recipients": list(mail.recipients),
        "smtpResponse": "250 2.6.0 Message received",
        "reportingMTA": _MTA,
    }
    return MailEvent("Delivery", at, mail, about)


def bounce(mail: SentMail, at: datetime, kind: str = "Permanent", subtype: str = "General") -> MailEvent:
    """Return a bounce. Raises ValueError for a type or subtype that SES does not have."""
    if subtype not in BOUNCE_SUBTYPES.get(kind, {}):
        known = "; ".join(f"{kind}: {', '.join(subtypes)}" for kind, subtypes in BOUNCE_SUBTYPES.items())
        raise ValueError(f"there is no bounce {kind} {subtype} ({known})")
    status, diagnostic = BOUNCE_SUBTYPES[kind][subtype]
    recipients = [
        {"emailAddress": address, "action": "failed", "status": status, "diagnosticCode": diagnostic}
        for address in mail.recipients
    ]
    about = {
        "feedbackId": new_id(),
        "bounceType": kind,
        "bounceSubType": subtype,
        "bouncedRecipients": recipients,
        "timestamp": _moment(at),
        "reportingMTA": "dns; amazonses.com" if subtype in _SUPPRESSED else f"dns; {_MTA}",
    }
    return MailEvent("Bounce", at, mail, about)


def complaint(mail: SentMail, at: datetime, feedback_type: str = "abuse") -> MailEvent:
    """Return a complaint that the recipient's provider passed on. Raises ValueError for an unknown type."""
    if feedback_type not in COMPLAINT_TYPES:
        raise ValueError(f"there is no complaint {feedback_type} (there is: {', '.join(COMPLAINT_TYPES)})")
    about = {
        "feedbackId": new_id(),
        "complaintSubType": None,
        "complainedRecipients": [{"emailAddress": address} for address in mail.recipients],
        "timestamp": _moment(at),
        "userAgent": "ExampleCorp Feedback Loop (V0.01)",
        "complaintFeedbackType": feedback_type,
        "arrivalDate": _moment(at),
    }
    return MailEvent("Complaint", at, mail, about)


def suppressed_complaint(mail: SentMail, at: datetime) -> MailEvent:
    """Return the complaint for a mail that was not sent: its address complained before. There is no feedback report."""
    about = {
        "feedbackId": new_id(),
        "complaintSubType": "OnAccountSuppressionList",
        "complainedRecipients": [{"emailAddress": address} for address in mail.recipients],
        "timestamp": _moment(at),
    }
    return MailEvent("Complaint", at, mail, about)


def delivery_delay(mail: SentMail, at: datetime, delay_type: str = "MailboxFull") -> MailEvent:
    """Return the event of a mail that SES goes on trying to deliver. Raises ValueError for an unknown type."""
    if delay_type not in DELAY_TYPES:
        raise ValueError(f"there is no delay {delay_type} (there is: {', '.join(DELAY_TYPES)})")
    about = {
        "timestamp": _moment(at),
        "delayType": delay_type,
        # No document gives the time; SES's example has 14 hours. Every type has the status of a full mailbox.
        "expirationTime": _moment(at + timedelta(hours=14)),
        "delayedRecipients": [
            {"emailAddress": address, "status": "4.2.2", "diagnosticCode": "smtp; 452 4.2.2 try again later"}
            for address in mail.recipients
        ],
    }
    return MailEvent("DeliveryDelay", at, mail, about)


def reject(mail: SentMail, at: datetime) -> MailEvent:
    """Return the event of a mail in which SES found a virus. It states no time of its own."""
    return MailEvent("Reject", at, mail, {"reason": "Bad content"})


def new_id() -> str:
    """Return an id in the form of SES's, for a message or for feedback. No two are the same."""
    return f"0110{uuid.uuid4().hex[:12]}-{uuid.uuid4()}-000000"


def _mail(event: MailEvent) -> dict[str, object]:
    mail = event.mail
    headers, truncated = _headers(mail.raw)
    tags = {
        "ses:operation": ["SendEmail"],
        "ses:configuration-set": [mail.configuration_set],
        "ses:source-ip": [mail.source_ip],
        "ses:from-domain": [parseaddr(mail.source)[1].rpartition("@")[2]],
        "ses:caller-identity": ["local"],
    }
    if event.kind == "Delivery":
        tags["ses:outgoing-ip"] = ["192.0.2.0"]
    return {
        "timestamp": _moment(mail.accepted_at),
        "source": mail.source,
        "sourceArn": _identity_arn(mail.source),
        "sendingAccountId": ACCOUNT,
        "messageId": mail.message_id,
        "destination": list(mail.recipients),
        "headersTruncated": truncated,
        "headers": headers,
        "commonHeaders": _common_headers(mail),
        "tags": tags | {name: [value] for name, value in mail.tags.items()},
    }


def _headers(raw: bytes) -> tuple[list[dict[str, str]], bool]:
    kept: list[dict[str, str]] = []
    size = 0
    for name, value in message_from_bytes(raw).items():
        size += len(name) + len(str(value))
        if size > _MOST_HEADERS:
            return kept, True
        kept.append({"name": name, "value": _unfolded(value)})
    return kept, False


def _common_headers(mail: SentMail) -> dict[str, object]:
    message = message_from_bytes(mail.raw)
    found: dict[str, object] = {"messageId": mail.message_id}
    for header, key in (("From", "from"), ("To", "to"), ("Reply-To", "replyTo")):
        if values := [_unfolded(value) for value in message.get_all(header, [])]:
            found[key] = [f"{name} <{address}>" if name else address for name, address in getaddresses(values)]
    for header, key in (("Date", "date"), ("Subject", "subject")):
        if message[header] is not None:
            found[key] = _unfolded(message[header])
    return found


def _unfolded(value: object) -> str:
    return " ".join(str(value).split())


def _identity_arn(source: str) -> str:
    return f"arn:aws:ses:{_REGION}:{ACCOUNT}:identity/{parseaddr(source)[1].rpartition('@')[2]}"


def _moment(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
