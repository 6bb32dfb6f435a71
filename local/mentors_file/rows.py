"""The rows of a mentors file and of an organisations file, in the form of the foundation tables."""

from dataclasses import dataclass
from datetime import date
from uuid import UUID

from local.mentors_file.problems import RowProblem
from local.mentors_file.values import Locale, Status


@dataclass(frozen=True, slots=True)
class Coordinator:
    """The coordinator that a row names."""

    id: UUID
    organisation_id: UUID
    full_name: str
    email: str | None
    locale: Locale


@dataclass(frozen=True, slots=True)
class MentorRow:
    """One mentor with one certification, as the foundation tables hold them, and the line of the file.

    `own_id` is the mentor_id as the file writes it. `id` is derived from it.
    """

    line: int
    id: UUID
    own_id: str
    organisation_id: UUID
    organisation: str
    coordinator: Coordinator | None
    first_name: str
    last_name: str
    email: str | None
    phone: str | None
    area: str | None
    status: Status
    listing_consent: bool
    locale: Locale
    certified_on: date
    expires_on: date


@dataclass(frozen=True, slots=True)
class MentorFile:
    """The content of a mentors file: the good rows, the problems of the others, and warnings."""

    rows: tuple[MentorRow, ...]
    problems: tuple[RowProblem, ...]
    warnings: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class OrganisationRow:
    """One organisation. `thresholds` are its own, in falling order; they apply if `org_thresholds` is on.

    A brake limit is None if the standard's limit applies.
    """

    id: UUID
    name: str
    timezone: str
    org_thresholds: bool
    thresholds: tuple[int, ...]
    reactivate_renewed: bool
    brake_count: int | None = None
    brake_percent: int | None = None
