"""Which e-mail addresses and names may stand in a mail header. One recipient per message starts here."""

import re
import unicodedata

from shared.domain.errors import UnusableAddressError

# RFC 5322 dot-atom. Quoted local parts are legal and never seen, and each is a way to smuggle a comma.
_LOCAL_PART = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*")
_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
# The last label starts with a letter, so an IP address is not a domain.
_DOMAIN = re.compile(rf"(?:{_LABEL}\.)+[A-Za-z](?:[A-Za-z0-9-]{{0,61}}[A-Za-z0-9])")

# RFC 5321 4.5.3.1, in octets.
_LOCAL_PART_MAX = 64
_ADDRESS_MAX = 254

# Control characters, line and paragraph separators, and halves of surrogate pairs.
_FORBIDDEN = {"Cc", "Cs", "Zl", "Zp"}


def usable_address(address: str) -> str:
    """Return the address as SES takes it: 7-bit, the domain in punycode (RFC 3492).

    Spaces around it are dropped, since people paste them. SES has no SMTPUTF8, so a local part with æøå cannot
    be sent to (https://docs.aws.amazon.com/ses/latest/APIReference-V2/API_Destination.html).
    Raises UnusableAddressError, whose message is a code and never the address.
    """
    local_part, at, domain = address.strip(" ").rpartition("@")
    if not at or not _LOCAL_PART.fullmatch(local_part) or len(local_part) > _LOCAL_PART_MAX:
        raise UnusableAddressError("unusable_local_part")
    ascii_domain = _punycode(domain)
    if not _DOMAIN.fullmatch(ascii_domain) or len(local_part) + 1 + len(ascii_domain) > _ADDRESS_MAX:
        raise UnusableAddressError("unusable_domain")
    return f"{local_part}@{ascii_domain}"


def readable_name(name: str) -> str:
    """Return the name as it can stand in a sentence: one line, NFC, single spaces, nothing invisible. Never raises."""
    visible = "".join(" " if unicodedata.category(character) in _FORBIDDEN else character for character in name)
    return " ".join(unicodedata.normalize("NFC", visible).split())


def _punycode(domain: str) -> str:
    if domain.isascii():
        return domain
    try:
        return domain.encode("idna").decode("ascii")
    except UnicodeError:
        # `from None`: the codec's own message quotes the domain.
        raise UnusableAddressError("unusable_domain") from None
