"""The next run of a schedule: the expressions of EventBridge Scheduler, as pure functions of time.

Source: "Schedule types on EventBridge Scheduler" in the EventBridge Scheduler User Guide. Its words on summer time: a
local time that does not exist in spring is skipped, and the hour that comes twice in autumn runs once.
"""

from __future__ import annotations

import re
from calendar import monthrange
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

from emulators.lambda_host.errors import TemplateError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from zoneinfo import ZoneInfo

_MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
_WEEKDAYS = ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT")
_FIELDS = (
    ("minutes", 0, 59, ()),
    ("hours", 0, 23, ()),
    ("day of month", 1, 31, ()),
    ("month", 1, 12, _MONTHS),
    ("day of week", 1, 7, _WEEKDAYS),
    ("year", 1970, 2199, ()),
)


@dataclass(frozen=True)
class Cron:
    """`cron(minutes hours day-of-month month day-of-week year)`. Of the two day fields one is None: it was `?`."""

    minutes: tuple[int, ...]
    hours: tuple[int, ...]
    days: tuple[int, ...] | None
    months: tuple[int, ...]
    weekdays: tuple[int, ...] | None
    years: tuple[int, ...]

    def dates_from(self, first: date) -> Iterator[date]:
        """Yield the matching days, from this one on."""
        for year in self.years:
            for month in self.months if year >= first.year else ():
                for day in range(1, monthrange(year, month)[1] + 1):
                    candidate = date(year, month, day)
                    if candidate >= first and self._has_day(candidate):
                        yield candidate

    def _has_day(self, day: date) -> bool:
        if self.days is not None:
            return day.day in self.days
        return self.weekdays is not None and day.isoweekday() % 7 + 1 in self.weekdays


@dataclass(frozen=True)
class Rate:
    """`rate(value unit)`. A day is 24 hours, whatever the clocks do."""

    every: timedelta


@dataclass(frozen=True)
class At:
    """`at(yyyy-mm-ddThh:mm:ss)`, once, in the schedule's time zone."""

    local_time: datetime


def parse_expression(expression: str) -> Cron | Rate | At:
    """Parse a schedule expression.

    Raises TemplateError for an expression that EventBridge Scheduler refuses, and for `L`, `W` and `#`, unknown here.
    """
    found = re.fullmatch(r"(cron|rate|at)\((.*)\)", expression.strip())
    if not found:
        raise TemplateError(f"{expression} is not cron(...), rate(...) or at(...)")
    kind, content = found.groups()
    if kind == "cron":
        return _parse_cron(content)
    if kind == "rate":
        return _parse_rate(content)
    try:
        return At(datetime.strptime(content, "%Y-%m-%dT%H:%M:%S"))  # noqa: DTZ007 - local time, the zone comes later
    except ValueError:
        raise TemplateError(f"at({content}): the form is at(yyyy-mm-ddThh:mm:ss)") from None


def next_occurrence(expression: Cron | Rate | At, zone: ZoneInfo, after: datetime, anchor: datetime) -> datetime | None:
    """Return the first run strictly after `after`, in UTC; None if there is none.

    `anchor` is when a rate begins to count: its first run.
    """
    # Python subtracts and compares two times of the same zone by what the clock shows, so not before they are UTC.
    after, anchor = after.astimezone(UTC), anchor.astimezone(UTC)
    match expression:
        case Rate(every):
            periods = max(0, (after - anchor) // every + 1)
            return anchor + periods * every
        case At(local_time):
            moment = _moment(local_time, zone)
            return moment if moment and moment > after else None
        case Cron():
            return _next_cron(expression, zone, after)


def _next_cron(cron: Cron, zone: ZoneInfo, after: datetime) -> datetime | None:
    for day in cron.dates_from(after.astimezone(zone).date()):
        for hour in cron.hours:
            for minute in cron.minutes:
                moment = _moment(datetime(day.year, day.month, day.day, hour, minute), zone)  # noqa: DTZ001 - local
                if moment and moment > after:
                    return moment
    return None


def _moment(local_time: datetime, zone: ZoneInfo) -> datetime | None:
    """Return a local time in UTC: the first of the two in autumn, None for one that spring leaves out."""
    moment = local_time.replace(tzinfo=zone, fold=0).astimezone(UTC)
    exists = moment.astimezone(zone).replace(tzinfo=None) == local_time
    return moment if exists else None


def _parse_rate(content: str) -> Rate:
    found = re.fullmatch(r"([1-9]\d*) (minute|hour|day)s?", content)
    if not found:
        raise TemplateError(f"rate({content}): the form is rate(value unit), with minutes, hours or days")
    return Rate(timedelta(**{f"{found[2]}s": int(found[1])}))


def _parse_cron(content: str) -> Cron:
    texts = content.split()
    if len(texts) != len(_FIELDS):
        raise TemplateError(f"cron({content}): six fields are needed, not {len(texts)}")
    if (texts[2] == "?") == (texts[4] == "?"):
        raise TemplateError(f"cron({content}): one of day of month and day of week must be ?, and only one")
    values = [
        None if text == "?" and index in {2, 4} else _parse_field(text, *field)
        for index, (text, field) in enumerate(zip(texts, _FIELDS, strict=True))
    ]
    minutes, hours, days, months, weekdays, years = values
    return Cron(minutes or (), hours or (), days, months or (), weekdays, years or ())


def _parse_field(text: str, name: str, lowest: int, highest: int, names: tuple[str, ...]) -> tuple[int, ...]:
    chosen: set[int] = set()
    for part in text.split(","):
        found = re.fullmatch(r"(?:(\*)|(\w+)(?:-(\w+))?)(?:/(\d+))?", part)
        if not found:
            raise TemplateError(f"{name}: {part} is not understood (there is , - * / here; not L, W, #)")
        star, start, end, step = found.groups()
        first = lowest if star else _number(start, name, lowest, highest, names)
        # A start with a step but no end ("5/15") goes on to the end of the field.
        last = _number(end, name, lowest, highest, names) if end else highest if star or step else first
        if first > last or step == "0":
            raise TemplateError(f"{name}: {part} names no value")
        chosen.update(range(first, last + 1, int(step or 1)))
    return tuple(sorted(chosen))


def _number(text: str, name: str, lowest: int, highest: int, names: tuple[str, ...]) -> int:
    if text.upper() in names:
        return names.index(text.upper()) + 1
    if text.isascii() and text.isdigit() and lowest <= int(text) <= highest:
        return int(text)
    raise TemplateError(f"{name}: {text} is not between {lowest} and {highest} (L, W and # are not known here)")
