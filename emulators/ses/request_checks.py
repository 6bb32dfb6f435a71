"""The checks of SES v2 on a SendEmail request before it accepts the message, with its own codes and status."""

import base64
import binascii
import json
import re
from dataclasses import dataclass
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import SMTP
from http import HTTPStatus
from typing import Any

# https://docs.aws.amazon.com/ses/latest/dg/quotas.html: 40 MB after base64; RFC 5321 4.5.3.1.6: 1000 octets with CRLF.
_LARGEST_MESSAGE = 40 * 1024 * 1024
_LONGEST_LINE = 998
# https://docs.aws.amazon.com/ses/latest/dg/header-fields.html, those that a message could get twice.
_ONCE = ("From", "To", "Cc", "Bcc", "Subject", "Date", "Message-ID", "Reply-To", "Content-Type", "MIME-Version")


# https://docs.aws.amazon.com/ses/latest/APIReference-V2/API_MessageTag.html
_TAG = re.compile(r"[A-Za-z0-9_.@-]{1,255}")
_MOST_TAGS = 50


class RefusalError(Exception):
    """A refused request: the error code, the HTTP status and the text of the reply."""

    def __init__(self, code: str, status: int, message: str = "") -> None:
        super().__init__(code)
        self.code = code
        self.status = status
        self.message = message


@dataclass(frozen=True)
class SendRequest:
    """A SendEmail request that SES would accept. `source` is the sender, as FromEmailAddress or From has it."""

    recipients: tuple[str, ...]
    raw: bytes
    parsed: EmailMessage
    source: str
    configuration_set: str | None
    tags: dict[str, str]


def checked_request(body: bytes) -> SendRequest:
    """Return the request. Raises RefusalError."""
    try:
        request = json.loads(body)
    except ValueError:
        raise RefusalError("SerializationException", HTTPStatus.BAD_REQUEST) from None
    recipients = _recipients(request)
    raw = _raw(request)
    parsed = _checked_mime(raw)
    return SendRequest(
        recipients=tuple(recipients),
        raw=raw,
        parsed=parsed,
        source=str(request.get("FromEmailAddress") or parsed["From"]),
        configuration_set=request.get("ConfigurationSetName"),
        tags=_tags(request),
    )


def _tags(request: dict[str, Any]) -> dict[str, str]:
    tags = {str(tag.get("Name")): str(tag.get("Value")) for tag in request.get("EmailTags", [])}
    if len(tags) > _MOST_TAGS or not all(_TAG.fullmatch(text) for tag in tags.items() for text in tag):
        raise RefusalError("BadRequestException", HTTPStatus.BAD_REQUEST, "Illegal tag")
    return tags


def _recipients(request: dict[str, Any]) -> list[str]:
    destination = request.get("Destination", {})
    found = [
        address for kind in ("ToAddresses", "CcAddresses", "BccAddresses") for address in destination.get(kind, [])
    ]
    if not found:
        raise RefusalError("BadRequestException", HTTPStatus.BAD_REQUEST, "Missing recipients")
    if not all(re.fullmatch(r"[!-~]+@[!-~]+", address) for address in found):
        raise RefusalError("BadRequestException", HTTPStatus.BAD_REQUEST, "Illegal address")
    return found


def _raw(request: dict[str, Any]) -> bytes:
    try:
        raw = base64.b64decode(request["Content"]["Raw"]["Data"], validate=True)
    except (KeyError, TypeError, binascii.Error):
        raise RefusalError("BadRequestException", HTTPStatus.BAD_REQUEST, "Only raw content is served here") from None
    if len(raw) > _LARGEST_MESSAGE:
        raise RefusalError("BadRequestException", HTTPStatus.BAD_REQUEST, "Message length is too long")
    return raw


def _checked_mime(raw: bytes) -> EmailMessage:
    if any(len(line) > _LONGEST_LINE for line in raw.split(b"\r\n")):
        raise RefusalError("MessageRejected", HTTPStatus.BAD_REQUEST, "A line is too long")
    parsed = message_from_bytes(raw, policy=SMTP)
    if not parsed.get("From"):
        raise RefusalError("BadRequestException", HTTPStatus.BAD_REQUEST, "Missing required header 'From'.")
    if any(len(parsed.get_all(header, [])) > 1 for header in _ONCE):
        raise RefusalError("BadRequestException", HTTPStatus.BAD_REQUEST, "Duplicate header")
    if any(part.defects for part in parsed.walk()):
        raise RefusalError("MessageRejected", HTTPStatus.BAD_REQUEST, "Not valid MIME")
    return parsed
