"""The export from which break-glass hides mentors when the database cannot be reached: one mentor a line, no names.

`hlf-operations break-glass-export` makes it, and so does the query of docs/operations/break-glass.md.
"""

from __future__ import annotations

import csv
import json
import re
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID
from zoneinfo import ZoneInfo

from shared.domain.break_glass.changes import AppListing, Cause

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

COLUMNS = (
    "mentor_id",
    "organisation_id",
    "listed",
    "why",
    "last_valid_day",
    "timezone",
    "website_table",
    "website_key",
    "show",
    "hide",
    "exported_at",
)
# Also what Excel makes of it in Norway when a person saves the file.
_YES = {"true", "t", "yes", "ja", "sann", "1"}
_NO = {"false", "f", "no", "nei", "usann", "0"}
_DAYS, _TIMES = ("%Y-%m-%d", "%d.%m.%Y"), ("%d.%m.%Y %H:%M", "%d.%m.%Y %H:%M:%S")
_NAME = re.compile(r"[a-z][a-z0-9_]{0,99}")


class ExportMalformedError(ValueError):
    """The file is no such export. The message is a code, and `line` the line."""

    def __init__(self, code: str, line: int) -> None:
        super().__init__(code)
        self.code = code
        self.line = line


@dataclass(frozen=True, slots=True)
class ExportedMentor:
    """One line of the export."""

    listing: AppListing
    table: str
    key: str
    show: str
    """The flags that show an entry, as JSON."""
    hide: str


@dataclass(frozen=True, slots=True)
class Export:
    """The whole file."""

    mentors: Mapping[UUID, ExportedMentor]
    exported_at: datetime


def read_export(lines: Iterable[str], now: datetime) -> Export:
    """Return the export, judged by the calendar of `now`. Raises ExportMalformedError.

    Excel writes semicolons in Norway, and a mark before the first name; both are read.
    """
    text = list(lines)
    head = text[0].lstrip("\ufeff") if text else ""
    reader = csv.DictReader([head, *text[1:]], delimiter=";" if head.count(";") > head.count(",") else ",")
    if not set(COLUMNS) <= {str(name).strip() for name in reader.fieldnames or ()}:
        raise ExportMalformedError("columns", 1)
    mentors: dict[UUID, ExportedMentor] = {}
    exported_at = now
    for row in reader:
        try:
            mentor, at = _mentor(row, now)
        except (ValueError, TypeError, KeyError, AttributeError):
            raise ExportMalformedError("line", reader.line_num) from None
        if mentor.listing.mentor_id in mentors:
            raise ExportMalformedError("twice", reader.line_num)
        mentors[mentor.listing.mentor_id] = mentor
        exported_at = min(exported_at, at)
    if not mentors:
        raise ExportMalformedError("empty", 1)
    return Export(mentors, exported_at)


def _mentor(row: Mapping[str, Any], now: datetime) -> tuple[ExportedMentor, datetime]:
    said = {name: str(row[name]).strip() for name in COLUMNS}
    listed = said["listed"].lower()
    if listed not in _YES | _NO:
        raise ValueError("listed")
    why = Cause(said["why"]) if said["why"] else Cause.WITHDRAWN  # a person wrote "no" into the file
    day = _moment(said["last_valid_day"], _DAYS).date() if said["last_valid_day"] else None
    cause = None if listed in _YES else why
    if cause is None and (day is None or day < now.astimezone(_zone(said["timezone"])).date()):
        cause = Cause.EXPIRED
    flags = {name: _flags(said[name]) for name in ("show", "hide")}
    if flags["show"].keys() != flags["hide"].keys():
        raise ValueError("flags")
    for name in (said["website_table"], said["website_key"], *flags["show"]):
        if not _NAME.fullmatch(name):
            raise ValueError("names")
    listing = AppListing(UUID(said["mentor_id"]), UUID(said["organisation_id"]), cause)
    at = _moment(said["exported_at"], _TIMES)
    return ExportedMentor(listing, said["website_table"], said["website_key"], said["show"], said["hide"]), (
        at if at.tzinfo else at.replace(tzinfo=UTC)
    )


def _moment(text: str, forms: Iterable[str]) -> datetime:
    for form in forms:
        with suppress(ValueError):
            return datetime.strptime(text, form)  # noqa: DTZ007 - the caller knows the zone
    return datetime.fromisoformat(text)


def _flags(text: str) -> Mapping[str, object]:
    flags = json.loads(text)
    if not isinstance(flags, dict) or not flags or not all(isinstance(v, bool | int | float) for v in flags.values()):
        raise ValueError("flags")
    return flags


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ValueError, OSError, KeyError):  # ZoneInfoNotFoundError is a KeyError
        return ZoneInfo("Europe/Oslo")
