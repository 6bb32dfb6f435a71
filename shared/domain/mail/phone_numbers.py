"""Which telephone number can be sent a text message, and which can only be called: many of our readers cannot phone."""

import re
from dataclasses import dataclass, field

# ITU-T E.164: at most 15 digits. Three are an emergency number's, and no mentor's.
_NUMBER = re.compile(r"\+?[0-9]{5,15}")
# Eight digits are a number in Norway; ten are one whose + was lost, as Excel loses it.
_NORWEGIAN = re.compile(r"(?:\+?47)?([0-9]{8})")
# Norway's numbering plan: mobile numbers of eight digits begin with 4 or 9, a landline's with 2, 3, 5, 6 or 7, and a
# service's with 8. A text message to one of those is lost, with no word to its sender. Nothing begins with 0 or 1.
_TAKES_SMS = dict.fromkeys("49", True) | dict.fromkeys("235678", False)
_SEPARATORS = re.compile(r"[ ().\-\u2010-\u2013]")
# No number is written in more; a page would have to break it.
_LONGEST = 25


@dataclass(frozen=True, slots=True)
class PhoneNumber:
    """A number that a phone can dial, with the code of the country where it is known.

    `takes_sms` is None where that cannot be told from the number.
    """

    dialled: str = field(repr=False)
    takes_sms: bool | None


def phone_number(written: str) -> PhoneNumber | None:
    """Read a number as people write it; None for text that is no number, or more than one.

    A number of another country may be a mobile one, so it is taken for one. What has neither eight digits nor a
    country's code is a switchboard's, or lacks its beginning: a text message would go to somebody else or to nobody.
    """
    digits = re.sub(r"^00", "+", _SEPARATORS.sub("", written.replace("(0)", "")))
    if len(written) > _LONGEST or not _NUMBER.fullmatch(digits):
        return None
    if norwegian := _NORWEGIAN.fullmatch(digits):
        return PhoneNumber(f"+47{norwegian[1]}", takes_sms=_TAKES_SMS.get(norwegian[1][0]))
    return PhoneNumber(digits, takes_sms=True if digits.startswith("+") and not digits.startswith("+47") else None)
