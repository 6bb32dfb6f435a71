"""The conversion of one cell of text to one typed value, or the reason why that is impossible. No file access.

A reason repeats a value only if the value cannot describe a person (I11).
"""

import re
from collections.abc import Callable
from contextlib import suppress
from functools import lru_cache
from typing import Final, Literal
from uuid import UUID, uuid5
from zoneinfo import available_timezones

from local.mentors_file.cell_text import UUID_FORM, holds_identity_number, is_repeatable, shown, tidy
from local.mentors_file.spoilt_values import spoilt_id, spoilt_name, spoilt_phone, spoilt_text
from shared.domain.errors import UnusableAddressError
from shared.domain.mail.addresses import usable_address

type Status = Literal["active", "paused", "certification_expired", "inactive"]
type Locale = Literal["nb", "nn", "en"]

STATUSES: Final[dict[str, Status]] = {
    "active": "active",
    "paused": "paused",
    "certification_expired": "certification_expired",
    "inactive": "inactive",
}
LOCALES: Final[dict[str, Locale]] = {"nb": "nb", "nn": "nn", "en": "en"}
# The last ones are how Norwegian, Swedish, Danish, Finnish and German Excel write TRUE and FALSE.
YES: Final = ("yes", "ja", "true", "1", "sann", "sant", "sand", "tosi", "wahr")
NO: Final = ("no", "nei", "false", "0", "usann", "falskt", "falsk", "epätosi", "falsch")
YES_OR_NO: Final = dict.fromkeys(YES, True) | dict.fromkeys(NO, False)
DEFAULT_TIMEZONE: Final = "Europe/Oslo"

_LONGEST_REMINDER = 365
_LARGEST_BRAKE = 1_000_000

# Ids derived from text never change, so that a file can be loaded again and organisations can use ids of their own.
NAMESPACE: Final = UUID("5b0f2c0e-8a55-5f0e-9d0a-6f2b1c7e4a31")
_TOKEN = re.compile(r"[A-Za-z0-9._-]{1,64}")

# The characters that Excel or a person puts before a text (', +, -) are legal in an address, and make it another one.
_EMAIL = re.compile(
    r"(?!['+-])(?=.{1,64}@)[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*"
    r"@(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+[A-Za-z][A-Za-z0-9-]{0,61}[A-Za-z0-9]"
)


class ValueRefusedError(Exception):
    """Raised when a value cannot be used. The message is the reason to show."""


def mentor_uuid(text: str) -> UUID:
    """Return the id of a mentor: a UUID as it stands, or the UUID derived from a short token.

    The same token always gives the same UUID. Raise ValueError for any other text, and for eleven digits that could be
    a national identity number.
    """
    text = text.strip()
    if UUID_FORM.fullmatch(text):
        return UUID(text)
    if not _TOKEN.fullmatch(text) or holds_identity_number(text):
        raise ValueError("not a mentor id: write a UUID, or 1 to 64 of the characters A-Z a-z 0-9 . _ -")
    return uuid5(NAMESPACE, f"mentor:{text}")


@lru_cache(maxsize=1024)
def organisation_uuid(name: str) -> UUID:
    """Return the id of the organisation with this name."""
    return uuid5(NAMESPACE, f"organisation:{tidy(name)}")


def coordinator_uuid(organisation: str, *, email: str | None, name: str) -> UUID:
    """Return the id of a coordinator, derived from the e-mail address within the organisation, or from the name."""
    key = f"email:{email.lower()}" if email else f"name:{tidy(name)}"
    return uuid5(organisation_uuid(organisation), f"coordinator:{key}")


def required(text: str) -> str:
    """Return the text. Raise ValueRefusedError if it is empty."""
    if not text:
        raise ValueRefusedError("empty: a value is required")
    return text


def _whole(text: str, why_spoilt: Callable[[str], str | None]) -> str:
    if reason := why_spoilt(text):
        raise ValueRefusedError(reason)
    return text


def title(text: str) -> str:
    """Return the name of an organisation, which is required."""
    return _whole(required(text), spoilt_text)


def place(text: str) -> str | None:
    """Return the name of an area, or None."""
    return _whole(text, spoilt_text) or None


def name(text: str) -> str:
    """Return a part of a person's name, which is required."""
    return _whole(required(text), spoilt_name)


def optional_name(text: str) -> str:
    """Return a person's name, or an empty text."""
    return name(text) if text else ""


def phone(text: str) -> str | None:
    """Return a telephone number as people write it, or None."""
    return _whole(text, spoilt_phone) if text else None


def mentor_id(text: str) -> UUID:
    """Return the id of a mentor as `mentor_uuid` does, but raise ValueRefusedError for a spoilt or invalid one."""
    try:
        return mentor_uuid(_whole(required(text), spoilt_id))
    except ValueError as error:
        raise ValueRefusedError(str(error)) from error


def _choice[T](text: str, choices: dict[str, T], what: str, offered: tuple[str, ...] = ()) -> T:
    chosen = choices.get(text.lower())
    if chosen is None:
        *others, last = offered or tuple(choices)
        raise ValueRefusedError(f"unknown {what}{shown(text)}: write {', '.join(others)} or {last}")
    return chosen


def status(text: str) -> Status:
    """Return one of the four statuses."""
    return _choice(required(text), STATUSES, "status")


def locale(text: str) -> Locale:
    """Return one of the three languages; Bokmål for an empty text."""
    return _choice(text or "nb", LOCALES, "language")


def yes_or_no(text: str) -> bool:
    """Return an explicit yes or no."""
    return _choice(required(text), YES_OR_NO, "answer", ("yes", "ja", "no", "nei"))


def consent(text: str) -> bool:
    """Return true only for an explicit yes, because being listed reveals health data."""
    return yes_or_no(text or "no")


def email(text: str) -> str | None:
    """Return one plain address, or None. Its domain may hold letters such as å."""
    ascii_form = text
    if not text.isascii():
        with suppress(UnusableAddressError):
            ascii_form = usable_address(text)
    if text and not _EMAIL.fullmatch(ascii_form):
        raise ValueRefusedError("not an e-mail address: write one address such as name@example.no, or leave it empty")
    return text or None


def thresholds(text: str) -> tuple[int, ...]:
    """Return the days before expiry, in falling order."""
    words = text.replace(",", " ").split()
    days = [int(word) if word.isascii() and word.isdigit() and is_repeatable(word) else -1 for word in words]
    if any(not 0 <= number <= _LONGEST_REMINDER for number in days) or len(set(days)) < len(days):
        raise ValueRefusedError(f"days before expiry, each once, from 0 to {_LONGEST_REMINDER}: for example 30 14 7")
    return tuple(sorted(days, reverse=True))


def brake_count(text: str) -> int | None:
    """Return how many mentors may be changed at once whatever the percentage; None for an empty text."""
    return _limit(text, _LARGEST_BRAKE, "a number of mentors")


def brake_percent(text: str) -> int | None:
    """Return which percentage of the mentors may be changed at once whatever the count; None for an empty text."""
    return _limit(text, 100, "a percentage")


def _limit(text: str, most: int, what: str) -> int | None:
    if not text:
        return None
    number = int(text) if text.isascii() and text.isdigit() else -1
    if not 0 <= number <= most:
        raise ValueRefusedError(f"not {what}{shown(text)}: write a whole number from 0 to {most}, or leave it empty")
    return number


def timezone(text: str) -> str:
    """Return the name of a time zone; Norway's for an empty text."""
    if text and text not in available_timezones():
        raise ValueRefusedError("not a time zone: write a name such as Europe/Oslo")
    return text or DEFAULT_TIMEZONE
