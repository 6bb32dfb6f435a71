"""Organisations: which there are, which one a person means, and the settings of one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple
from uuid import UUID

from operations.errors import NotUnderstoodError, OperationsError
from shared.domain.thresholds import require_valid

if TYPE_CHECKING:
    import psycopg


class Organisation(NamedTuple):
    """An organisation by its id and name."""

    id: UUID
    name: str


@dataclass(frozen=True)
class Thresholds:
    """An organisation's own thresholds, whether they apply, and those that do."""

    organisation_id: UUID
    days: tuple[int, ...]
    own: bool
    effective: tuple[int, ...]


def read_names(connection: psycopg.Connection) -> dict[UUID | None, str]:
    """Return the names of all organisations by their ids."""
    return {one.id: one.name for one in _read(connection)}


def _read(connection: psycopg.Connection) -> list[Organisation]:
    rows = connection.execute("SELECT o.id, o.name FROM certification.organisation_names() AS o").fetchall()
    return [Organisation(*row) for row in rows]


def find(connection: psycopg.Connection, text: str) -> Organisation:
    """Return the organisation that a person names, or means by its id.

    Also one that is gone, by its id: its brake may still be on. Raises OperationsError.
    """
    rows = _read(connection)
    found = [one for one in rows if text.strip().lower() in {one.name.lower(), str(one.id)}]
    if len(found) == 1:
        return found[0]
    if found:
        raise NotUnderstoodError(f"{len(found)} organisations are called {text}: give the id")
    try:
        return Organisation(UUID(text.strip()), text.strip())
    except ValueError:
        known = ", ".join(sorted(one.name for one in rows)) or "none"
        raise OperationsError(f"there is no organisation {text!r}; there are: {known}") from None


def change_thresholds(
    connection: psycopg.Connection,
    organisation: Organisation,
    days: tuple[int, ...],
    own: bool | None,
    by: tuple[str, str],
) -> None:
    """Store `days` (none: leave them as they are) and whether its own apply (None: leave that). `by`: who, and why.

    Raises InvalidThresholdsError with the rule that is broken, and OperationsError for an organisation that is gone.
    """
    if days:
        require_valid(days)
    row = connection.execute(
        "SELECT certification.change_thresholds(%s, %s::smallint[], %s, %s, %s)",
        (organisation.id, list(days) or None, own, *by),
    ).fetchone()
    if row == (False,):
        raise OperationsError(f"there is no organisation {organisation.id}")


def read_thresholds(connection: psycopg.Connection, organisation: Organisation) -> Thresholds:
    """Return an organisation's thresholds; the standard's where it has no settings yet."""
    row = connection.execute(
        "SELECT t.days, t.own, t.effective FROM certification.thresholds_of(%s) AS t", (organisation.id,)
    ).fetchone()
    assert row is not None  # noqa: S101 - for the type checker: the standard has one row
    return Thresholds(organisation.id, tuple(row[0]), row[1], tuple(row[2]))
