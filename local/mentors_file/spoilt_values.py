"""Recognise what spreadsheet programs and wrong encodings make of a value, and give the remedy.

Only what no person writes counts as spoilt, because a spoilt value refuses its row. A reason repeats no value (I11).
"""

# ruff: noqa: RUF001 - this module is about letters that are easily confused
import re
from collections.abc import Callable, Mapping
from typing import Final

_AS_TEXT = "format the column as Text in Excel, type the value again and save"
_DECIMALS = f"a number with decimals: {_AS_TEXT}"
_GROUPED = f"a number with thousand separators: {_AS_TEXT}"
_SIGNED = f"written like a formula, with +, - or @: {_AS_TEXT}"

# The bytes 80 to BF as Windows-1252 shows them, or as Latin-1 does, where the first half are control characters.
_CONTINUED = "\u0080-\u00bf€‚ƒ„…†‡ˆ‰Š‹ŒŽ‘’“”•–—˜™š›œžŸ"
# The same without the characters that may follow a word, because Å is a word («Å»), and without š and ž, which follow ä
# in Skolt Sámi.
_AFTER_A = "\u0080-\u009f¡-ª¬-¶¸-º¼-¿€‚ƒ„†‡ˆ‰‹Œ‘˜™œŸ"
ENCODED_TWICE: Final = re.compile(
    # UTF-8 that was read as Windows-1252, as DOS encodings and as Mac Roman.
    rf"[ÂÃ][{_CONTINUED}]|Å[{_AFTER_A}ŠŽšž]|Ä[{_AFTER_A}]|â[€‚„\u0080-\u0084][{_CONTINUED}]|ï»¿|ï¿½"
    r"|[\u2500-\u257f]|[ÔΓ]Ç|[√≈ƒ][^\0-\x7f]|‚Ä"
)
_ERROR = re.compile(r"#|(?:Err|Feil|Fel|Fejl|Virhe):\s?\d{3}\b")
_ERROR_SAID = "an error of the spreadsheet such as #NAME? or #I/T: correct the cell in Excel, or type the value"
# An error appears inside a text if a formula concatenated texts, or if a person marked the cell as not applicable.
_ERROR_WITHIN = re.compile(r"[#＃][^\W\d]|^(?:N/A|I/T)$", re.IGNORECASE)
_TOO_NARROW = re.compile(r"#{2,}")
_FORMULA = re.compile(r"[=＝]")
_SHORTENED = re.compile(r"[+-]?\d+(?:[.,]\d+)?\s?[Ee]\s?[+＋]\s?\d+|[+-]?\d+[.,]\d+\s?[Ee]\s?[-−]?\s?\d+")
# A person's own id may look like this; a name or a telephone number may not.
_POWER_OF_TEN = re.compile(r"[+-]?\d+(?:[.,]\d+)?\s?[Ee]\s?[+＋−-]?\s?\d+")
_SHORTENED_SAID = f"a number that Excel shortened, as in 4,79E+09, so that digits are lost: {_AS_TEXT}"
_GROUPED_UNSEEN = re.compile(r"-?[1-9]\d{0,2}(?:[\u00a0\u2007\u2009\u202f]\d{3})+(?:[.,]\d+)?")
LOST: Final = re.compile(r"\ufffd")
_WRITTEN_OUT = re.compile(r"_x[0-9A-F]{4}_")
_ANYWHERE = "|".join(pattern.pattern for pattern in (ENCODED_TWICE, LOST, _WRITTEN_OUT))
_AT_FIRST = "|".join(pattern.pattern for pattern in (_ERROR, _FORMULA, _SHORTENED, _GROUPED_UNSEEN))
_SUSPECT = re.compile(rf"(?:^|\x1f)\s*(?:{_AT_FIRST})|{_ANYWHERE}")

_NOTHING = re.compile("0")
_NOTHING_SAID = "a 0, which a formula of Excel shows for an empty cell: type the value, or leave it empty"
_LOST_LETTER = re.compile(r"\?\w")
_TEXT_FORMULA = re.compile(r"['’]?[-+@＠−]|['’]=")
# DOS, old Macs, seven-bit encodings and mail programs show other characters in place of æ, ø and å.
_NOT_IN_NAMES = re.compile(r"[¡-§©¬®-³µ¶¹¼-¿×÷†‡‰™|{}\\=]")
_PHONE_FORMULA = re.compile(r"['’]|[-@＠−]|\+(?!\s?\(?\s?\d)|.*[*=^]|.*\d\+\d")
_MONTH = "(?:jan|feb|mars?|apr|ma[ijy]|june?|juni|july?|juli|aug|sept?|o[kc]t|nov|de[sc])"
_PHONE_DATE = re.compile(
    r"(?:0?[1-9]|[12]\d|3[01])([./-])(?:0?[1-9]|1[0-2])\1(?:19|20)?\d\d|(?:19|20)\d\d-\d\d-\d\d|\d\d?:\d\d(?::\d\d)?"
    rf"|\d{{1,2}}[. -]{{1,2}}{_MONTH}\.?(?:[ -]?\d\d(?:\d\d)?)?|{_MONTH}[. -]{{1,2}}\d\d",
    re.IGNORECASE,
)
_PHONE_GROUPED = re.compile(r"[1-9]\d{0,2}([.,'’])\d{3}(?:\1\d{3})*(?:[.,]\d{1,2})?|[1-9](?: \d{3}){2,}(?:[.,]\d+)?")
_PHONE_DECIMALS = re.compile(r"\+?\d[\d ]{3,}[.,]0{1,2}")
_PHONE_WITHOUT_DIGITS = re.compile(r"\D*")
# Half a number, a fraction or a percentage. A short number of digits alone is accepted, because such numbers exist.
_PHONE_SHORT = re.compile(r"(?=.*[^\d\s])\D*(?:\d\D*){1,4}")
_PHONE_BARE = re.compile(r"[1-9](?:\d{6}|\d{8,})")
_ID_DATE = re.compile(
    rf"\d{{1,2}}[.-]{_MONTH}\.?(?:-?\d\d)?|{_MONTH}[.-]\d\d|\d\d[./]\d\d[./]\d{{4}}",
    re.IGNORECASE,
)
_ID_DECIMALS = re.compile(r"\d+[.,]0+")
_ID_GROUPED = re.compile(r"[1-9]\d{0,2}(?:[ ,']\d{3})+")
_ID_ROUNDED = re.compile(r"[1-9]\d{14}0+")


def may_be_spoilt(row: str) -> bool:
    """Check a whole row quickly, its cells joined by U+001F. False is certain; true calls for a closer look."""
    return _SUSPECT.search(row) is not None


_REASONS: Final = {
    'letters that were encoded twice (å became Ã¥): read the original file into Excel again with Data > "From '
    'Text/CSV", file origin 65001 (UTF-8), and save it as "CSV UTF-8"': ENCODED_TWICE.search,
    'a letter that was lost on the way (\ufffd): type the value again, and save the file as "CSV UTF-8"': LOST.search,
    "only #, because the column was too narrow to show the value: widen it in Excel and save again": (
        _TOO_NARROW.fullmatch
    ),
    _ERROR_SAID: _ERROR.match,
    f"begins like a formula, with =: {_AS_TEXT}": _FORMULA.match,
    _SHORTENED_SAID: _SHORTENED.fullmatch,
    _GROUPED: _GROUPED_UNSEEN.fullmatch,
    "a character that was written out (as _x000D_): take it out of the cell and save again": _WRITTEN_OUT.search,
}
_TEXT_REASONS: Final = {
    _SHORTENED_SAID: _POWER_OF_TEN.fullmatch,
    _SIGNED: _TEXT_FORMULA.match,
    _ERROR_SAID: _ERROR_WITHIN.search,
    _NOTHING_SAID: _NOTHING.fullmatch,
    'a question mark in the place of a letter: type the value again, and save the file as "CSV UTF-8"': (
        _LOST_LETTER.search
    ),
}
_PHONE_REASONS: Final = {
    "no digit in it: write a telephone number, or leave it empty": _PHONE_WITHOUT_DIGITS.fullmatch,
    _SHORTENED_SAID: _POWER_OF_TEN.fullmatch,
    _SIGNED: _PHONE_FORMULA.match,
    _ERROR_SAID: _ERROR_WITHIN.search,
    _NOTHING_SAID: _NOTHING.fullmatch,
    _GROUPED: _PHONE_GROUPED.fullmatch,
    f"a date or a time, which Excel makes of some numbers: {_AS_TEXT}": _PHONE_DATE.fullmatch,
    _DECIMALS: _PHONE_DECIMALS.fullmatch,
    "fewer than five digits: write the whole telephone number, or leave it empty": _PHONE_SHORT.fullmatch,
}


def spoilt(cell: str) -> str | None:
    """Return why the cell, exactly as the file has it, cannot be the intended value; None if it can."""
    return _first(_REASONS, cell.strip())


def _first(reasons: Mapping[str, Callable[[str], object]], text: str) -> str | None:
    return next((reason for reason, found in reasons.items() if found(text)), None)


def spoilt_text(text: str) -> str | None:
    """Return why this cannot be the intended name of a person, a place or an organisation; None if it can."""
    return _first(_TEXT_REASONS, text)


def spoilt_name(text: str) -> str | None:
    """Return why this cannot be the intended name of a person; None if it can."""
    if not any(letter.isalpha() for letter in text):
        return "no letter in it: write a name, and check that the cells of the row are in their columns"
    if reason := spoilt_text(text):
        return reason
    if _NOT_IN_NAMES.search(text):
        return 'a character that occurs in no name: type the value again, and save the file as "CSV UTF-8"'
    return None


def spoilt_phone(text: str) -> str | None:
    """Return why this cannot be the intended telephone number; None if it can."""
    return _first(_PHONE_REASONS, text)


def may_lack_its_beginning(phone: str) -> bool:
    """Return whether characters may be missing in front: Excel strips + and zeros from what it takes for a number."""
    return _PHONE_BARE.fullmatch(phone) is not None


def spoilt_id(text: str) -> str | None:
    """Return why this cannot be the intended id of a mentor; None if it can."""
    if _ID_DATE.fullmatch(text):
        return f"a date, which Excel makes of an id such as 3-12: {_AS_TEXT}"
    if _ID_DECIMALS.fullmatch(text):
        return _DECIMALS
    if _ID_GROUPED.fullmatch(text):
        return _GROUPED
    if _ID_ROUNDED.fullmatch(text):
        return f"a number of which Excel keeps 15 digits and makes the rest zeros: {_AS_TEXT}"
    return None
