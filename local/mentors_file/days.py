"""Days as people and Excel write them, accepted only where the text can mean one day."""

import re
from contextlib import suppress
from datetime import date
from typing import Final

from local.mentors_file.values import ValueRefusedError, required, shown

_YEARS = range(1950, 2101)
_FORMS: Final = "2026-12-31 or 31.12.2026"
_MONTHS: Final = {
    name: number
    for number, names in enumerate(
        (
            "jan januar january",
            "feb februar february",
            "mar mars march",
            "apr april",
            "mai may",
            "jun juni june",
            "jul juli july",
            "aug august",
            "sep sept september",
            "okt oct oktober october",
            "nov november",
            "des dec desember december",
        ),
        start=1,
    )
    for name in names.split()
}
# Excel adds midnight to a day if the cell is formatted with a time.
_MIDNIGHT = re.compile(r"(?:T| (?:kl\. ?)?)0?0[:.]00(?:[:.]00(?:[.,]0+)?)?$| 12:00(?::00)? AM$")
_YEAR_FIRST = re.compile(r"([0-9]{4})([-./])([0-9]{1,2})\2([0-9]{1,2})")
_NORWEGIAN = re.compile(r"([0-9]{1,2})\. ?([0-9]{1,2})\. ?([0-9]{4})")
_EITHER_FIRST = re.compile(r"([0-9]{1,2})([-/])([0-9]{1,2})\2([0-9]{4})")
_WEEKDAY = r"(?:[^\W\d]{2,7}da[gy],? )?"
_NAMED = re.compile(rf"{_WEEKDAY}([0-9]{{1,2}})(?:\. ?| |-)([a-z]{{3,9}})(?:\. ?| |-)([0-9]{{4}})", re.IGNORECASE)
_MONTH_FIRST = re.compile(rf"{_WEEKDAY}([a-z]{{3,9}})\.? ([0-9]{{1,2}}),? ([0-9]{{4}})", re.IGNORECASE)
_SERIAL = re.compile(r"[0-9]{5}(?:[.,][0-9]+)?")


def day(text: str) -> date | None:
    """Return a date, or None for an empty text."""
    return required_day(text) if text else None


def required_day(text: str) -> date:
    """Return the date of a text such as 2026-12-31 or 31.12.2026.

    Other forms of Excel are accepted if they can mean no other day. Raise ValueRefusedError otherwise.
    """
    year, month, number = _parts(_MIDNIGHT.sub("", required(text)), text)
    if year not in _YEARS:
        raise ValueRefusedError(
            f"a year out of range{shown(text)}: years from {_YEARS[0]} to {_YEARS[-1]} are accepted"
        )
    with suppress(ValueError):
        return date(year, month, number)
    raise ValueRefusedError(f"no such day{shown(text)}: correct the day or the month")


def _parts(day_alone: str, text: str) -> tuple[int, int, int]:
    if found := _YEAR_FIRST.fullmatch(day_alone):
        return int(found[1]), int(found[3]), int(found[4])
    if found := _NORWEGIAN.fullmatch(day_alone):
        return int(found[3]), int(found[2]), int(found[1])
    if (found := _NAMED.fullmatch(day_alone)) and (month := _MONTHS.get(found[2].lower())):
        return int(found[3]), month, int(found[1])
    if (found := _MONTH_FIRST.fullmatch(day_alone)) and (month := _MONTHS.get(found[1].lower())):
        return int(found[3]), month, int(found[2])
    if found := _EITHER_FIRST.fullmatch(day_alone):
        number, month, year = int(found[1]), int(found[3]), int(found[4])
        if max(number, month) <= 12 and number != month:  # noqa: PLR2004 - months
            raise ValueRefusedError(f"a day that can be read in two ways{shown(text)}: write it as {_FORMS}")
        if month <= 12:  # noqa: PLR2004 - 12/31/2026 tells that the others of its file are American too
            return year, month, number
    if _SERIAL.fullmatch(text):
        raise ValueRefusedError(
            f"the number by which Excel keeps a date: format the column as a date in Excel, such as {_FORMS}, and save"
        )
    if re.search(r"\d:\d\d", text):
        raise ValueRefusedError(f"not a day alone but a time too: write it as {_FORMS}")
    raise ValueRefusedError(f"not a date{shown(text)}: write it as {_FORMS}")


def years_before(last: date, years: int) -> date:
    """Return the same day some years earlier; 28 February for a leap day."""
    with suppress(ValueError):
        return last.replace(year=last.year - years)
    return last.replace(year=last.year - years, day=28)
