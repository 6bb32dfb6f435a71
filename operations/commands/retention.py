"""Read what is deleted by itself, and what would go tonight."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from psycopg.rows import class_row

if TYPE_CHECKING:
    from collections.abc import Mapping

    import psycopg


@dataclass(frozen=True)
class Retention:
    """Describe one kind of record: its setting, how many rows would go now, and how many stay."""

    name: str
    relation: str
    setting: str
    days: int
    goes: int
    stays: int


def read_retention(connection: psycopg.Connection, changes: Mapping[str, Any] | None = None) -> tuple[Retention, ...]:
    """Return each kind of record that is deleted by itself, under the settings as they are or with changes."""
    with connection.cursor(row_factory=class_row(Retention)) as cursor:
        return tuple(
            cursor.execute(
                "SELECT r.name, r.relation, r.setting, r.days, r.goes, r.stays FROM certification.retention(%s::jsonb)"
                " AS r",
                (json.dumps(dict(changes or {})),),
            ).fetchall()
        )
