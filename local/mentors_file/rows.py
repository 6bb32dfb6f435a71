"""What a mentors file and an organisations file hold, as the foundation tables do."""

from dataclasses import dataclass
from datetime import date
from uuid import UUID

from local.mentors_file.problems import RowProblem
from local.mentors_file.values import Locale, Status


@dataclass(frozen=True, slots=True)
class Coordinator:
    """The coordinator a row names."""

    id: UUID
    organisation_id: UUID
    full_name: str
    email: str | None
    locale: Locale


@dataclass(frozen=True, slots=True)
class MentorRow:
    """One mentor with one certification, as the foundation tables hold them, and the line it stands on.

    `own_id` is the mentor_id as the file writes it, of which `id` is made.
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
    """What a mentors file held: the good rows, what is wrong with the others, and what was passed over."""

    rows: tuple[MentorRow, ...]
    problems: tuple[RowProblem, ...]
    warnings: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class OrganisationRow:
    """One organisation. `thresholds` are its own, in falling order; they apply where `org_thresholds` is on.

    The limits of its brake are None where the standard's apply.
    """

    id: UUID
    name: str
    timezone: str
    org_thresholds: bool
    thresholds: tuple[int, ...]
    reactivate_renewed: bool
    brake_count: int | None = None
    brake_percent: int | None = None
