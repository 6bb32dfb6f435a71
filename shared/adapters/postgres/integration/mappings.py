"""The listing mappings in force, and the data of today that they publish."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from shared.adapters.postgres.integration.asking import ask
from shared.domain.integration.website_tables import TooLong

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import psycopg


def mappings_in_force(connection: psycopg.Connection[Any]) -> Sequence[Mapping[str, Any]]:
    """Return each listing mapping that an organisation has. Raises psycopg.Error."""
    return [row["mapping"] for row in ask(connection, "SELECT m.mapping FROM certification.mappings_in_force() AS m")]


def values_too_long(connection: psycopg.Connection[Any], table: str, limits: Mapping[str, int]) -> Sequence[TooLong]:
    """Return the columns of a table that are shorter than a value of today. Raises psycopg.Error."""
    rows = ask(
        connection,
        "SELECT * FROM certification.values_too_long(%(table)s, %(columns)s::text[], %(lengths)s::integer[])",
        {"table": table, "columns": list(limits), "lengths": list(limits.values())},
    )
    return [TooLong(table, row["name"], limits[row["name"]], row["n"], tuple(row["ids"])) for row in rows]
