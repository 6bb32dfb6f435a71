"""From a notice to the octets of a mail: MIME, 7-bit throughout, one recipient, nothing from outside in a header.

RFC 5322 (headers), RFC 2047 (æøå in headers), RFC 2046 (alternatives), RFC 3834 (Auto-Submitted).
"""

from __future__ import annotations

from dataclasses import dataclass
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from typing import TYPE_CHECKING

from shared.adapters.email.mailboxes import LINE_END, is_sendable, mailbox, on_one_line, unstructured
from shared.adapters.email.rendering import render, reply_address
from shared.domain.errors import PermanentError
from shared.domain.mail.addresses import deliverable_address, readable_name, usable_address

if TYPE_CHECKING:
    from datetime import datetime

    from shared.adapters.email.rendering import RenderedMessage
    from shared.domain.mail.notices import Notice

# Our mark on a message. SES replaces Message-ID and Date with its own
# (https://docs.aws.amazon.com/ses/latest/dg/header-fields.html), so a duplicate is recognised by this one.
NOTICE_HEADER = "X-Notice-ID"


class AmbiguousMessageError(PermanentError):
    """When a composed message does not have exactly one sender and one recipient: a fault in our code."""


@dataclass(frozen=True, slots=True)
class Sender:
    """The sender of the mail. Without a name it is the notice's organisation."""

    address: str
    name: str | None = None


def compose(notice: Notice, sender: Sender, at: datetime) -> bytes:
    """Return the whole message, CRLF line ends, every line 7-bit and shorter than 998 octets.

    `at` becomes the Date header. The same arguments give the same octets. The message is read again before it is
    returned: where a name could be read as anything but a name, it is left out, and the mail goes out without it (I13).
    Raises UnusableAddressError if the recipient or the sender cannot be written to, UnrenderableNoticeError if the
    template does not fit the notice, and AmbiguousMessageError if the message can be read in two ways all the same.
    """
    names = {"From": _sender_name(notice, sender), "To": readable_name(notice.recipient_name)}
    addresses = {"From": usable_address(sender.address), "To": deliverable_address(notice.recipient_address)}
    if reply_to := reply_address(notice):
        addresses["Reply-To"] = reply_to
    words = render(notice)
    about, body = _about(notice, words, addresses["From"], at), _body(words, notice.id)
    for shown in (names, {}):
        head = {header: mailbox(shown.get(header, ""), address) for header, address in addresses.items()}
        raw = _head(head | about) + body
        if is_sendable(raw, addresses):
            return raw
    raise AmbiguousMessageError(f"notice {notice.id}")


def from_mailbox(notice: Notice, sender: Sender) -> str:
    """Return the From of this notice on one line, 7-bit: what SES takes as FromEmailAddress.

    Raises UnusableAddressError.
    """
    return on_one_line(mailbox(_sender_name(notice, sender), usable_address(sender.address)))


def _sender_name(notice: Notice, sender: Sender) -> str:
    return readable_name(sender.name or notice.organisation_name)


def _head(headers: dict[str, str]) -> bytes:
    return "".join(f"{name}: {value}{LINE_END}" for name, value in headers.items()).encode("ascii")


def _about(notice: Notice, words: RenderedMessage, origin: str, at: datetime) -> dict[str, str]:
    return {
        "Subject": unstructured(words.subject),
        "Date": format_datetime(at),
        "Message-ID": f"<notice-{notice.id}@{origin.rpartition('@')[2]}>",
        NOTICE_HEADER: str(notice.id),
        "Auto-Submitted": "auto-generated",
        # Exchange sends no automatic reply then; SES would report one as a bounce.
        "X-Auto-Response-Suppress": "OOF, AutoReply",
        "Content-Language": notice.locale.value,
    }


def _body(words: RenderedMessage, notice_id: int) -> bytes:
    """Return the two alternatives, with the headers that say how to read them."""
    message = EmailMessage(policy=SMTP)
    message.set_content(words.text, cte="quoted-printable")
    message.add_alternative(words.html, subtype="html", cte="quoted-printable")
    # Quoted-printable writes `=` as `=3D`, so no text can contain this.
    message.set_boundary(f"=_notice-{notice_id}")
    return message.as_bytes()
