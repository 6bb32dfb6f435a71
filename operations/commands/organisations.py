"""Find organisations."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple
from uuid import UUID

from operations.errors import NotUnderstoodError, OperationsError

if TYPE_CHECKING:
    import psycopg


class Organisation(NamedTuple):
    """Identify an organisation by id and name."""

    id: UUID
    name: str


def read_names(connection: psycopg.Connection) -> dict[UUID | None, str]:
    """Return the names of all organisations by their ids."""
    return {one.id: one.name for one in _read(connection)}


def _read(connection: psycopg.Connection) -> list[Organisation]:
    rows = connection.execute("SELECT o.id, o.name FROM certification.organisation_names() AS o").fetchall()
    return [Organisation(*row) for row in rows]


def find(connection: psycopg.Connection, text: str) -> Organisation:
    """Return the organisation with this name or id. Raises OperationsError.

    The id of a deleted organisation is accepted too, because its brake may still be on.
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
