"""Let mail go again to an address that bounced."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from operations.errors import NothingToDoError, OperationsError

if TYPE_CHECKING:
    from uuid import UUID

    import psycopg


@dataclass(frozen=True)
class AllowOutcome:
    """Name the mentor or coordinator to whom mail goes again."""

    person: UUID
    allowed: bool = True


def allow_mail(connection: psycopg.Connection, person: UUID, actor: str, reason: str) -> AllowOutcome:
    """Make the address of a mentor or coordinator usable again. Raises OperationsError if that may not be."""
    row = connection.execute("SELECT certification.allow_mail(%s, %s, %s)", (person, actor, reason)).fetchone()
    match row and row[0]:
        case "allowed":
            return AllowOutcome(person)
        case "complained":
            raise OperationsError(
                f"{person} complained about our mail, and a complaint is not undone: agree on another way, or"
                " on another address. One that is changed in the app is used by itself"
            )
        case "usable":
            raise NothingToDoError(f"nothing keeps mail from {person}: the address in the app is used")
        case _:
            raise NothingToDoError(f"the app has no mentor and no coordinator {person}")
