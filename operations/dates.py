"""Parse calendar days and moments from the command line."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import typer

OSLO = ZoneInfo("Europe/Oslo")
_YEARS = range(1970, 2200)


def today() -> date:
    """Return the current day in Oslo."""
    return datetime.now(UTC).astimezone(OSLO).date()


def parse_day(text: str | None, *, default: date) -> date:
    """Parse a day such as 2026-12-01 or 01.12.2026; return the default if the text is empty."""
    if not text:
        return default
    for form in ("%Y-%m-%d", "%d.%m.%Y"):
        with suppress(ValueError):
            day = datetime.strptime(text, form).date()  # noqa: DTZ007 - a calendar day has no time zone
            if day.year in _YEARS:
                return day
    raise typer.BadParameter(f"{text!r} is not a plausible day: write it like 2026-12-01 or 01.12.2026")


def parse_moment(text: str) -> datetime:
    """Parse a moment of Oslo such as 2026-12-01T12:00 or 01.12.2026 12:00."""
    for form in ("%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M", "%d.%m.%Y %H:%M"):
        with suppress(ValueError):
            moment = datetime.strptime(text, form).replace(tzinfo=OSLO)
            if moment.year in _YEARS:
                return moment
    raise typer.BadParameter(f"{text!r} is not a plausible moment: write it like 2026-12-01T12:00, in Oslo's time")
