"""Apply the migrations, as their owner."""

from __future__ import annotations

from typing import TYPE_CHECKING

import psycopg

from operations import databases
from operations.errors import DatabaseNotReadableError, NotUnderstoodError
from shared.adapters.postgres.migrate import migrate

if TYPE_CHECKING:
    from collections.abc import Callable

_OWNER = """
SELECT current_user::text, r.rolname::text FROM pg_namespace AS n JOIN pg_roles AS r ON r.oid = n.nspowner
 WHERE n.nspname = 'certification' AND NOT pg_has_role(n.nspowner, 'USAGE')
"""


def apply(address: str, report: Callable[[str], None]) -> tuple[tuple[str, ...], bool]:
    """Apply what is missing, and return its names and whether everything is whole now.

    Raises NotUnderstoodError for a login that does not own the schema, and DatabaseNotReadableError.
    """
    with databases.connected(address) as connection:
        stranger = connection.execute(_OWNER).fetchone()
        if stranger is not None:
            raise NotUnderstoodError(
                f"{stranger[0]} does not own the schema certification: name {stranger[1]}, who does, in --database-url"
            )
        try:
            applied = migrate(connection, report=report)
        except psycopg.Error as error:
            raise DatabaseNotReadableError(f"the migrations were not applied: {str(error).strip()}") from None
        damaged = connection.execute("SELECT 1 FROM certification.structure_damage()").fetchone()
    return applied, damaged is None
