"""Calendar days as a person writes them at the command line."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import typer

OSLO = ZoneInfo("Europe/Oslo")
_YEARS = range(1970, 2200)


def today() -> date:
    """The day it is in Oslo."""
    return datetime.now(UTC).astimezone(OSLO).date()


def parse_day(text: str | None, *, default: date) -> date:
    """A day like 2026-12-01 or 01.12.2026, or the default where nothing was written."""
    if not text:
        return default
    for form in ("%Y-%m-%d", "%d.%m.%Y"):
        with suppress(ValueError):
            day = datetime.strptime(text, form).date()  # noqa: DTZ007 - a calendar day has no time zone
            if day.year in _YEARS:
                return day
    raise typer.BadParameter(f"{text!r} is not a day of this age: write it like 2026-12-01 or 01.12.2026")
