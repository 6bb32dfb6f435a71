"""The rows of a mentors file and of an organisations file, in the form of the foundation tables."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from local.mentors_file.cell_text import tidy
from local.mentors_file.problems import ROW, RowProblem
from local.mentors_file.values import Locale, Status, ValueRefusedError


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


class Cells:
    """The cells of one row by column, and their problems."""

    def __init__(self, line: int, values: dict[str, str]) -> None:
        self.line = line
        self.problems: list[RowProblem] = []
        self._values = values

    def refuse(self, column: str, reason: str) -> None:
        """Record a problem, so that the row is not used."""
        self.problems.append(RowProblem(self.line, column, reason))

    def refused(self, column: str) -> bool:
        """Return whether the column's value is unreliable: it, or the row as a whole, has a problem."""
        return any(problem.column in {column, ROW} for problem in self.problems)

    def take[T](self, column: str, parse: Callable[[str], T], otherwise: T) -> T:
        """Return the parsed value of the column, or `otherwise` for a refused one, so that all problems are found."""
        if self.refused(column):
            return otherwise
        try:
            return parse(tidy(self._values.get(column, "")))
        except ValueRefusedError as refusal:
            self.refuse(column, str(refusal))
            return otherwise
