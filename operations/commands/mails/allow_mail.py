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
    """Name the mentor or coordinator, or the organisation with the fall-back address, to whom mail goes again."""

    id: UUID
    allowed: bool = True


def allow_mail(connection: psycopg.Connection, identity: UUID, actor: str, reason: str) -> AllowOutcome:
    """Make an address usable again. Raises OperationsError if that may not be.

    That of a mentor or coordinator, or the fall-back address of an organisation.
    """
    row = connection.execute("SELECT certification.allow_mail(%s, %s, %s)", (identity, actor, reason)).fetchone()
    match row and row[0]:
        case "allowed":
            return AllowOutcome(identity)
        case "complained":
            raise OperationsError(
                f"{identity} complained about our mail, and a complaint is not undone: agree on another way, or"
                " on another address. One that is changed in the app is used by itself"
            )
        case "usable":
            raise NothingToDoError(f"nothing keeps mail from {identity}: the address that it has now is used")
        case "no_fallback_address":
            raise NothingToDoError(f"the organisation {identity} has no fall-back address, and the standard has none")
        case _:
            raise NothingToDoError(f"the app has no mentor, no coordinator and no organisation {identity}")
