"""From a notice to the octets of a mail: MIME, 7-bit throughout, one recipient, nothing from outside in a header.

RFC 5322 (headers), RFC 2047 (æøå in headers), RFC 2046 (alternatives), RFC 3834 (Auto-Submitted).
"""

from __future__ import annotations

from dataclasses import dataclass
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import formataddr
from typing import TYPE_CHECKING

from shared.adapters.rendering import render, reply_address
from shared.domain.addresses import readable_name, usable_address

if TYPE_CHECKING:
    from datetime import datetime

    from shared.domain.notices import Notice

# Our mark on a message. SES replaces Message-ID and Date with its own
# (https://docs.aws.amazon.com/ses/latest/dg/header-fields.html), so a duplicate is recognised by this one.
NOTICE_HEADER = "X-Notice-ID"


@dataclass(frozen=True, slots=True)
class Sender:
    """Whom the mail comes from. Without a name it is the notice's organisation."""

    address: str
    name: str | None = None


def compose(notice: Notice, sender: Sender, at: datetime) -> bytes:
    """Return the whole message, CRLF line ends, every line 7-bit and shorter than 998 octets.

    `at` becomes the Date header. The same arguments give the same octets.
    Raises UnusableAddressError if the recipient or the sender cannot stand in a header, and
    UnrenderableNoticeError if the template does not fit the notice.
    """
    recipient = _mailbox(notice.recipient_name, notice.recipient_address)
    origin = _origin(notice, sender)
    words = render(notice)

    message = EmailMessage(policy=SMTP)
    message["From"] = origin
    message["To"] = recipient
    if reply_to := reply_address(notice):
        message["Reply-To"] = Address(addr_spec=reply_to)
    message["Subject"] = words.subject
    message["Date"] = at
    message["Message-ID"] = f"<notice-{notice.id}@{origin.domain}>"
    message[NOTICE_HEADER] = str(notice.id)
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(words.text, cte="quoted-printable")
    message.add_alternative(words.html, subtype="html", cte="quoted-printable")
    # Only now: set_content and add_alternative move Content-* headers into the part.
    message["Content-Language"] = notice.locale.value
    # Quoted-printable writes `=` as `=3D`, so no text can contain this.
    message.set_boundary(f"=_notice-{notice.id}")
    return message.as_bytes()


def from_mailbox(notice: Notice, sender: Sender) -> str:
    """Return the From of this notice on one line, 7-bit: what SES takes as FromEmailAddress.

    Raises UnusableAddressError.
    """
    origin = _origin(notice, sender)
    return formataddr((origin.display_name, origin.addr_spec))


def _origin(notice: Notice, sender: Sender) -> Address:
    return _mailbox(sender.name or notice.organisation_name, sender.address)


def _mailbox(name: str, address: str) -> Address:
    return Address(display_name=readable_name(name), addr_spec=usable_address(address))
