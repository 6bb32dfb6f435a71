"""The checks of a cell's text that hold for every column, and its normal form. No file access."""

import re
import unicodedata
from typing import Final

UUID_FORM: Final = re.compile(r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}|[0-9a-f]{32}", re.IGNORECASE)
_UUID_IN_TEXT = re.compile(rf"(?<![^\W_])(?:{UUID_FORM.pattern})(?![^\W_])", re.IGNORECASE)

# Eleven digits as people write them: 01017012345, 010170 12345, 010170-123 45, 01.01.70-12345. Neither the day nor the
# check digits are checked: D-numbers add 40 to the day, synthetic numbers 80 to the month, and numbers issued from 2032
# have other check digits. A Norwegian telephone number with its country code has ten digits (+47) or twelve (0047).
_GAP = r"[\s.\-_\u00ad\u2010-\u2015\u200b-\u200d\u2212]"
_IDENTITY_NUMBER = re.compile(
    rf"(?<!\d)(?:\d{{6}}(?:{_GAP}{{0,3}}|/)\d{{3}}{_GAP}?\d{{2}}"
    rf"|\d\d{_GAP}?\d\d{_GAP}?\d\d(?:{_GAP}{{0,3}}|/)\d{{5}})(?!\d)"
)
# Values that a message may repeat: one word, a small number, a date. Never a telephone number or an address.
_REPEATABLE = re.compile(r"[A-Za-zÆØÅæøå_]{1,25}|[0-9]{1,3}|[0-9]{1,4}([./-])[0-9]{1,2}\1[0-9]{1,4}")

_SOFT_HYPHEN = "\u00ad"
_UNSEEN = frozenset({"Cc", "Cf", "Zl", "Zp", "Co"})  # control characters, direction marks, separators, private use
_ALLOWED_UNSEEN = frozenset("\t\r\n\u00ad\u200c\u200d")  # line breaks in a cell; soft hyphen; joiners in Persian names


def may_hold_identity_number(text: str) -> bool:
    """Check a whole row quickly. False is certain; true may come from a UUID."""
    return _IDENTITY_NUMBER.search(text) is not None


def holds_identity_number(text: str) -> bool:
    """Return whether the text holds eleven digits that could be a national identity number, apart from UUIDs."""
    return may_hold_identity_number(text) and may_hold_identity_number(_UUID_IN_TEXT.sub("x", text))


def text_faults(cell: str) -> list[str]:
    """Return the problems of the text itself, whichever column holds it."""
    faults = []
    if any("\ud800" <= letter <= "\udfff" for letter in cell):
        faults.append(
            'letters that are not UTF-8 (the plain "CSV" of Excel writes æ, ø and å so): save the file as "CSV UTF-8"'
        )
    if any(unicodedata.category(letter) in _UNSEEN and letter not in _ALLOWED_UNSEEN for letter in cell):
        faults.append("a control character or another unseen character: type the value again")
    if holds_identity_number(cell):
        faults.append(
            "eleven digits that could be a national identity number, which must not be stored here: take them out. "
            "If it is a telephone number, write it with spaces, as in +46 70 123 45 67."
        )
    return faults


def tidy(text: str) -> str:
    """Return the normal form of a text: trimmed, single spaces, composed letters (a Mac writes å as a and a ring)."""
    if not text.isascii():
        text = unicodedata.normalize("NFC", text.replace(_SOFT_HYPHEN, ""))
    return " ".join(text.split())


def is_repeatable(text: str) -> bool:
    """Return whether a message may repeat the text."""
    return _REPEATABLE.fullmatch(text) is not None


def shown(text: str) -> str:
    """Return the text in quotation marks if a message may repeat it, otherwise an empty text."""
    return f' "{text}"' if is_repeatable(text) else ""
