"""Mentors and organisations read from CSV files, checked row by row.

A bad row is refused with its line, its column and the remedy, and the good rows are returned (I13). A file that cannot
be used at all is refused whole, with one `UnreadableFile`. Reasons and warnings never repeat a name, an address, a
telephone number or a national identity number (I11), so they can be logged and shown.

The columns are described in data/README.md.
"""

from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import Final
from uuid import UUID

from local.mentors_file import days, values
from local.mentors_file.likely_doubles import likely_doubles
from local.mentors_file.one_spelling import one_coordinator, one_organisation
from local.mentors_file.organisation_names import comparable
from local.mentors_file.problems import ROW, RowProblem, UnreadableFile, faults, on_lines
from local.mentors_file.rows import Coordinator, MentorFile, MentorRow, OrganisationRow
from local.mentors_file.spoilt_values import may_lack_its_beginning
from local.mentors_file.table import Cells, CsvTable
from local.mentors_file.values import (
    DEFAULT_TIMEZONE,
    NAMESPACE,
    Locale,
    coordinator_uuid,
    holds_identity_number,
    mentor_uuid,
    organisation_uuid,
)

__all__ = [
    "COLUMNS",
    "DEFAULT_TIMEZONE",
    "ORGANISATION_COLUMNS",
    "ORGANISATION_REQUIRED",
    "REQUIRED",
    "ROW",
    "Coordinator",
    "MentorFile",
    "MentorRow",
    "OrganisationRow",
    "RowProblem",
    "UnreadableFile",
    "coordinator_uuid",
    "faults",
    "holds_identity_number",
    "mentor_uuid",
    "organisation_uuid",
    "read_mentors",
    "read_organisations",
]

REQUIRED: Final = ("mentor_id", "organisation", "first_name", "last_name", "status", "expires_on")
# Every column, with the number of characters that it may hold.
COLUMNS: Final = {
    "mentor_id": 64,
    "organisation": 200,
    "coordinator_name": 200,
    "coordinator_email": 254,
    "coordinator_locale": 40,
    "first_name": 200,
    "last_name": 200,
    "email": 254,
    "phone": 40,
    "area": 200,
    "status": 40,
    "listing_consent": 40,
    "locale": 40,
    "certified_on": 40,
    "expires_on": 40,
}
ORGANISATION_COLUMNS: Final = {
    "name": 200,
    "timezone": 64,
    "org_thresholds": 10,
    "thresholds": 100,
    "reactivate_renewed": 10,
    "brake_count": 10,
    "brake_percent": 10,
}
ORGANISATION_REQUIRED: Final = ("name", "timezone", "org_thresholds", "thresholds", "reactivate_renewed")
_CERTIFICATION_YEARS = 3


def read_mentors(path: Path) -> MentorFile:
    """Read a mentors file. Raise UnreadableFile when the file as a whole cannot be used."""
    table = CsvTable(path, COLUMNS, REQUIRED)
    rows: list[MentorRow] = []
    problems: list[RowProblem] = []
    lines: dict[UUID, int] = {}
    for cells in table.rows():
        row = _mentor(cells, lines)
        if cells.problems:
            problems += cells.problems
        else:
            rows.append(row)
    warnings = list(table.warnings)
    if "listing_consent" not in table.columns:
        warnings.append("there is no column listing_consent: no mentor counts as having consented to be listed")
    settled = one_coordinator(one_organisation(rows, warnings), warnings)
    if bare := [row.line for row in settled if row.phone and may_lack_its_beginning(row.phone)]:
        warnings.append(
            f"{on_lines(bare)}, phone: not eight digits and no + before them. Excel takes + and zeros off a number: "
            "format the column as Text there, and write +47 912 34 567."
        )
    return MentorFile(settled, tuple(problems), (*warnings, *likely_doubles(settled)))


def read_organisations(path: Path) -> tuple[OrganisationRow, ...]:
    """Read an organisations file. Raise UnreadableFile for one bad row, because the rows are few and all matter."""
    table = CsvTable(path, ORGANISATION_COLUMNS, ORGANISATION_REQUIRED)
    rows: list[OrganisationRow] = []
    problems: list[RowProblem] = []
    lines: dict[str, int] = {}
    for cells in table.rows():
        rows.append(_organisation(cells, lines))
        problems += cells.problems
    if problems:
        raise UnreadableFile(f"{path}: correct these rows:\n" + "\n".join(f"  {fault}" for fault in faults(problems)))
    return tuple(rows)


def _mentor(cells: Cells, lines: dict[UUID, int]) -> MentorRow:
    mentor_id = cells.take("mentor_id", values.mentor_id, NAMESPACE)
    if not cells.refused("mentor_id"):
        # An earlier row counts even if it is bad itself, because the file does not say which of the two is right.
        first = lines.setdefault(mentor_id, cells.line)
        if first != cells.line:
            cells.refuse("mentor_id", f"the same mentor_id as on line {first}: keep one of the two rows")
    organisation = cells.take("organisation", values.title, "")
    expires_on = cells.take("expires_on", days.required_day, date.max)
    certified_on = cells.take("certified_on", days.day, None)
    if certified_on is not None and certified_on > expires_on:
        cells.refuse("certified_on", "later than expires_on: exchange the two dates, or correct one of them")
    return MentorRow(
        line=cells.line,
        id=mentor_id,
        own_id=cells.take("mentor_id", str, ""),
        organisation_id=organisation_uuid(organisation),
        organisation=organisation,
        coordinator=_coordinator(
            organisation,
            cells.take("coordinator_name", values.optional_name, ""),
            cells.take("coordinator_email", values.email, None),
            cells.take("coordinator_locale", values.locale, values.LOCALES["nb"]),
        ),
        first_name=cells.take("first_name", values.name, ""),
        last_name=cells.take("last_name", values.name, ""),
        email=cells.take("email", values.email, None),
        phone=cells.take("phone", values.phone, None),
        area=cells.take("area", values.place, None),
        status=cells.take("status", values.status, values.STATUSES["inactive"]),
        listing_consent=cells.take("listing_consent", values.consent, False),
        locale=cells.take("locale", values.locale, values.LOCALES["nb"]),
        certified_on=certified_on or days.years_before(expires_on, _CERTIFICATION_YEARS),
        expires_on=expires_on,
    )


@lru_cache(maxsize=4096)
def _coordinator(organisation: str, name: str, email: str | None, locale: Locale) -> Coordinator | None:
    if not name and not email:
        return None
    return Coordinator(
        id=coordinator_uuid(organisation, email=email, name=name),
        organisation_id=organisation_uuid(organisation),
        full_name=name or email or "",
        email=email,
        locale=locale,
    )


def _organisation(cells: Cells, lines: dict[str, int]) -> OrganisationRow:
    name = cells.take("name", values.title, "")
    if name and (first := lines.setdefault(comparable(name), cells.line)) != cells.line:
        cells.refuse("name", f"the same organisation as on line {first}: keep one of the two rows")
    org_thresholds = cells.take("org_thresholds", values.yes_or_no, False)
    no_days: tuple[int, ...] = ()
    thresholds = cells.take("thresholds", values.thresholds, no_days)
    if org_thresholds and not thresholds and not cells.refused("thresholds"):
        cells.refuse("thresholds", "org_thresholds is yes, so this must name days: for example 30 14 7")
    return OrganisationRow(
        id=organisation_uuid(name),
        name=name,
        timezone=cells.take("timezone", values.timezone, DEFAULT_TIMEZONE),
        org_thresholds=org_thresholds,
        thresholds=thresholds,
        reactivate_renewed=cells.take("reactivate_renewed", values.yes_or_no, False),
        brake_count=cells.take("brake_count", values.brake_count, None),
        brake_percent=cells.take("brake_percent", values.brake_percent, None),
    )
