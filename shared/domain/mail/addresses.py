"""Which e-mail addresses and names may stand in a mail header. One recipient per message starts here."""

import re
import unicodedata

import idna

from shared.domain.errors import UnusableAddressError

# RFC 5322 dot-atom. Quoted local parts are legal and never seen, and each is a way to smuggle a comma.
_LOCAL_PART = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*")
_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
# The last label starts with a letter, so an IP address is not a domain.
_DOMAIN = re.compile(rf"(?:{_LABEL}\.)+[A-Za-z](?:[A-Za-z0-9-]{{0,61}}[A-Za-z0-9])")

# RFC 5321 4.5.3.1, in octets.
_LOCAL_PART_MAX = 64
_DOMAIN_MAX = 255
ADDRESS_MAX = 254

# Top-level domains that no public mail server can be under, as certification.mail_problem has them: RFC 2606 and 6761
# (example, invalid, localhost, test), 6762 (local), 7686 (onion), 9476 (alt), ICANN's internal, and arpa.
# example.com, .net and .org are reserved too, but not in .no: made-up people live at them all.
_RESERVED = ("alt", "arpa", "example", "internal", "invalid", "local", "localhost", "onion", "test")

# Control characters, line and paragraph separators, and halves of surrogate pairs become a space.
_SEPARATORS = {"Cc", "Cs", "Zl", "Zp"}
# Format characters (direction marks, zero width, tags) and private use vanish, and so do letters and signs of other
# classes that Unicode has as "default ignorable", or that are blank: fillers, joiners, variation selectors.
_VANISHING = {"Cf", "Co"}
_BLANK = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2065\u2800\u3164\ufe00-\ufe0f\uffa0\ufff0-\ufff8\ufffe\uffff"
    "\U000e0000-\U000e0fff]"
)
_LONGEST_NAME = 120


def usable_address(address: str) -> str:
    """Return the address as SES takes it: 7-bit, the domain as IDNA 2008 writes it (RFC 5891).

    Spaces around it are dropped, since people paste them. SES has no SMTPUTF8, so a local part with æøå cannot
    be sent to (https://docs.aws.amazon.com/ses/latest/APIReference-V2/API_Destination.html).
    Raises UnusableAddressError, whose message is a code and never the address.
    """
    local_part, at, domain = address.strip(" ").rpartition("@")
    if not at or not _LOCAL_PART.fullmatch(local_part) or len(local_part) > _LOCAL_PART_MAX:
        raise UnusableAddressError("unusable_local_part")
    ascii_domain = _ascii_domain(domain)
    if not _DOMAIN.fullmatch(ascii_domain) or len(local_part) + 1 + len(ascii_domain) > ADDRESS_MAX:
        raise UnusableAddressError("unusable_domain")
    return f"{local_part}@{ascii_domain}"


def deliverable_address(address: str) -> str:
    """Return the usable address if it can belong to a person: not at a domain reserved for examples or a local network.

    Raises UnusableAddressError.
    """
    usable = usable_address(address)
    if usable.rpartition(".")[2].lower() in _RESERVED:
        raise UnusableAddressError("reserved_domain")
    return usable


def readable_name(name: str, *, longest: int = _LONGEST_NAME) -> str:
    """Return the name as it can stand in a sentence. Never raises.

    That is one line, NFC, single spaces, nothing invisible and nothing that turns the direction of what follows,
    and no longer than a name can be.
    """
    visible = "".join(_visible(character) for character in name)
    read = " ".join(unicodedata.normalize("NFC", visible).split())
    return read if len(read) <= longest else read[: longest - 1].rstrip() + "…"


def _visible(character: str) -> str:
    category = unicodedata.category(character)
    if category in _SEPARATORS:
        return " "
    return "" if category in _VANISHING or _BLANK.match(character) else character


def _ascii_domain(domain: str) -> str:
    """Write the domain in ASCII, as IDNA 2008 does, and refuse what it would have to guess at.

    Python's own codec is IDNA 2003, which takes ß for ss: that is another domain, and another owner's.
    """
    if len(domain) > _DOMAIN_MAX or (domain.isascii() and "xn--" not in domain.lower()):
        return domain
    try:
        return idna.encode(unicodedata.normalize("NFC", domain.lower()), strict=True).decode("ascii")
    except UnicodeError:
        # `from None`: the library's own message quotes the domain.
        raise UnusableAddressError("unusable_domain") from None
