"""A name and an address in a mail header: written so that they can be read in one way only, and read again to be sure.

RFC 5322 3.4 (a mailbox), RFC 2047 5 (æøå in a name). Written here and not by email.headerregistry: how that folds a
long name differs between patch releases of Python, and in 3.13.0 a comma in it becomes syntax.
"""

from __future__ import annotations

import re
from email import message_from_bytes
from email.header import Header
from email.policy import SMTP
from email.utils import getaddresses
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping
    from email.message import EmailMessage

LINE_END: Final = "\r\n"

# The name of a header and this much fit on a line of 78.
_PLAIN_MAX: Final = 60
_PLAIN_PHRASE: Final = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9' -]*[A-Za-z0-9])?")
_PLAIN_TEXT: Final = re.compile(r"[!-~](?:[ -~]*[!-~])?")
# Text that a reader that decodes twice would decode again. No name looks like that.
_ENCODED_WORD: Final = "=?"

_LONGEST_LINE: Final = 998
_ADDRESS_HEADERS: Final = frozenset(
    {"from", "to", "cc", "bcc", "reply-to", "sender", "resent-from", "resent-to", "resent-cc", "resent-bcc"}
    | {"resent-sender", "resent-reply-to", "apparently-to", "return-path"}
)


def mailbox(name: str, address: str) -> str:
    """Write a mailbox, folded. `address` has to be usable as it is; a name that is an attempt at syntax is left out."""
    if not name or _ENCODED_WORD in name:
        return address
    phrase = name if len(name) <= _PLAIN_MAX and _PLAIN_PHRASE.fullmatch(name) else _encoded(name)
    return f"{phrase}{LINE_END} <{address}>"


def unstructured(text: str) -> str:
    """Write a header that is text and nothing else, folded."""
    plain = len(text) <= _PLAIN_MAX and _ENCODED_WORD not in text and _PLAIN_TEXT.fullmatch(text)
    return text if plain else _encoded(text)


def on_one_line(value: str) -> str:
    """Unfold a header."""
    return value.replace(LINE_END, "")


def _encoded(text: str) -> str:
    """Write the text in encoded words, each whole on a line of its own, no letter divided between two."""
    return Header(text, "utf-8", maxlinelen=_PLAIN_MAX + 4).encode(linesep=LINE_END)


def is_sendable(raw: bytes, mailboxes: Mapping[str, str]) -> bool:
    """Whether the message can be sent: legal lines, and in each of these headers this one mailbox, by two readers.

    No other header may name anybody.
    """
    if not raw.isascii() or not all(map(_is_legal, raw.split(b"\r\n"))):
        return False
    message = message_from_bytes(raw, policy=SMTP)
    if message.defects or {name.lower() for name in message} & _ADDRESS_HEADERS != {name.lower() for name in mailboxes}:
        return False
    return all(_has_one_mailbox(message, raw, header, address) for header, address in mailboxes.items())


def _is_legal(line: bytes) -> bool:
    return len(line) <= _LONGEST_LINE and not any(octet in line for octet in (b"\r", b"\n", b"\0"))


def _has_one_mailbox(message: EmailMessage, raw: bytes, header: str, address: str) -> bool:
    fields = message.get_all(header, [])
    if len(fields) != 1 or fields[0].defects or any(group.display_name is not None for group in fields[0].groups):
        return False
    as_sent = message_from_bytes(raw)[header]
    return (
        [one.addr_spec for one in fields[0].addresses]
        == [one for _, one in getaddresses([as_sent], strict=True)]
        == [address]
    )
