"""The check whether this system can work on the app's tables (docs/contract.md), made before anything is written."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import psycopg
from psycopg import sql

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence


@dataclass(frozen=True)
class _Kind:
    """The types that a column may have: a base type by name, or any type of these categories (pg_type.typcategory).

    `cure` is the type to which an unsuitable text column can be changed.
    """

    wanted: str
    cure: str
    types: tuple[str, ...] = ()
    categories: str = ""

    def fits(self, base: str, category: str) -> bool:
        return base in self.types or category in self.categories


_ID = _Kind("uuid", "uuid", ("uuid",))
_TEXT = _Kind("text, varchar or an enum", "text", categories="SEN")
_FLAG = _Kind("boolean", "boolean", ("boolean",))
_DAY = _Kind("date or timestamptz", "date", ("date", "timestamp without time zone", "timestamp with time zone"))

_COLUMNS: Final[dict[str, dict[str, _Kind]]] = {
    "organisations": {"id": _ID, "name": _TEXT, "timezone": _TEXT},
    "coordinators": {"id": _ID, "full_name": _TEXT, "email": _TEXT, "locale": _TEXT},
    "peer_mentors": {"id": _ID, "organisation_id": _ID, "coordinator_id": _ID, "listing_consent": _FLAG}
    | dict.fromkeys(("first_name", "last_name", "email", "phone", "area", "status", "locale"), _TEXT),
    "certifications": {"mentor_id": _ID, "expires_on": _DAY},
    "mentor_status_log": {"mentor_id": _ID, "certification_expiry_date": _DAY}
    | dict.fromkeys(("from_status", "to_status", "reason", "actor"), _TEXT),
}
_TRIGGERS_ON: Final = ("organisations", "peer_mentors", "certifications")
_UNIQUE: Final = {"organisations": "id", "coordinators": "id", "peer_mentors": "id", "certifications": "mentor_id"}
_STATUSES: Final = ("active", "certification_expired")
# The values that the nightly check writes, in shared/database/functions/nightly/transitions.sql.
_WRITTEN: Final[dict[tuple[str, str], tuple[str, ...]]] = {
    ("peer_mentors", "status"): _STATUSES,
    ("mentor_status_log", "from_status"): _STATUSES,
    ("mentor_status_log", "to_status"): _STATUSES,
    ("mentor_status_log", "reason"): ("certification_expired", "certification_renewed"),
    ("mentor_status_log", "actor"): ("system:expiry_check",),
}
_RELATIONS: Final = {"v": "a view", "m": "a materialised view", "f": "a foreign table"}

_OLDEST_VERSION: Final = 150000
_SERVER_QUERY = """
SELECT current_setting('server_version_num')::integer AS version, current_setting('server_encoding') AS encoding,
       to_regnamespace('certification') IS NOT NULL OR has_database_privilege(current_database(), 'CREATE')
       AS may_create,
       r.rolcreaterole OR r.rolsuper
       OR EXISTS (SELECT 1 FROM pg_roles AS o WHERE o.rolname = 'certification_reconciliation') AS may_create_roles
  FROM pg_roles AS r WHERE r.rolname = current_user
"""
_TABLES_QUERY = """
SELECT c.relname AS name, c.oid, c.relkind::text AS kind, c.relforcerowsecurity AS forced,
       pg_has_role(c.relowner, 'USAGE') AS owned,
       has_table_privilege(c.oid, 'SELECT')
       AND (c.relname <> 'mentor_status_log' OR has_table_privilege(c.oid, 'INSERT')) AS usable,
       (SELECT r.rolsuper OR r.rolbypassrls FROM pg_roles AS r WHERE r.rolname = current_user) AS sees_all
  FROM pg_class AS c
 WHERE c.oid = ANY (ARRAY(SELECT to_regclass('public.' || n) FROM unnest(%s::text[]) AS n))
"""
_COLUMNS_QUERY = """
WITH RECURSIVE base (oid, category, typtype, inner_type) AS (
    SELECT t.oid, t.typcategory::text, t.typtype, t.oid FROM pg_type AS t
     WHERE t.oid IN (SELECT a.atttypid FROM pg_attribute AS a WHERE a.attrelid = %(table)s)
    UNION ALL
    SELECT b.oid, b.category, i.typtype, i.oid
      FROM base AS b JOIN pg_type AS d ON d.oid = b.inner_type JOIN pg_type AS i ON i.oid = d.typbasetype
     WHERE b.typtype = 'd'
)
SELECT a.attname AS name, format_type(a.atttypid, a.atttypmod) AS type, format_type(b.inner_type, NULL) AS base,
       b.category, a.attgenerated <> '' AS generated,
       (a.attnotnull OR EXISTS (SELECT 1 FROM base AS d JOIN pg_type AS t ON t.oid = d.inner_type
                                 WHERE d.oid = a.atttypid AND t.typnotnull))
       AND NOT a.atthasdef AND a.attidentity = ''
       AND (SELECT t.typdefault IS NULL FROM pg_type AS t WHERE t.oid = a.atttypid) AS needs_a_value,
       EXISTS (SELECT 1 FROM pg_index AS i
                WHERE i.indrelid = a.attrelid AND i.indisunique AND i.indisvalid AND i.indpred IS NULL
                  AND i.indnkeyatts = 1 AND i.indkey[0] = a.attnum) AS is_unique,
       ARRAY(SELECT pg_get_expr(k.conbin, k.conrelid) FROM pg_constraint AS k
              WHERE k.conrelid = a.attrelid AND k.contype = 'c' AND k.conkey = ARRAY[a.attnum]) AS checks,
       EXISTS (SELECT 1 FROM pg_trigger AS t
                WHERE t.tgrelid = a.attrelid AND NOT t.tgisinternal AND t.tgtype & 7 = 7) AS filled_by_trigger
  FROM pg_attribute AS a JOIN base AS b ON b.oid = a.atttypid AND b.typtype <> 'd'
 WHERE a.attrelid = %(table)s AND a.attnum > 0 AND NOT a.attisdropped
"""

type _Row = dict[str, Any]


def missing_tables(connection: psycopg.Connection) -> list[str]:
    """Return the names of the app's tables that are missing."""
    found = {table["name"] for table in _rows(connection, _TABLES_QUERY, (list(_COLUMNS),))}
    return [name for name in _COLUMNS if name not in found]


def problems(connection: psycopg.Connection) -> tuple[str, ...]:
    """Return one sentence for each problem of the app's tables, with its solution. No table may be missing."""
    return tuple(_problems(connection))


def _problems(connection: psycopg.Connection) -> Iterator[str]:
    yield from _of_server(*_rows(connection, _SERVER_QUERY, None))
    tables = {row["name"]: row for row in _rows(connection, _TABLES_QUERY, (list(_COLUMNS),))}
    for table in (tables[name] for name in _COLUMNS):
        columns = {row["name"]: row for row in _rows(connection, _COLUMNS_QUERY, {"table": table["oid"]})}
        yield from _of_table(table)
        yield from _of_columns(table, columns)
        if table["name"] == "mentor_status_log":
            yield from _of_log(columns)
        for (name, column), values in _WRITTEN.items():
            if name == table["name"] and column in columns:
                yield from _of_values(connection, name, columns[column], values)


def _of_server(server: _Row) -> Iterator[str]:
    if server["version"] < _OLDEST_VERSION:
        yield "this is not PostgreSQL 15 or newer: upgrade it."
    if server["encoding"] != "UTF8":
        yield "the database's encoding is not UTF8, so names cannot be compared: move the app to a UTF8 database."
    if not server["may_create"]:
        yield "this login may not create a schema here: GRANT CREATE ON DATABASE … to it."
    if not server["may_create_roles"]:
        yield "this login may not create roles: ALTER ROLE … CREATEROLE."


def _of_table(table: _Row) -> Iterator[str]:
    name = f"public.{table['name']}"
    if table["name"] in _TRIGGERS_ON:
        if table["kind"] in _RELATIONS:
            yield (
                f"{name} is {_RELATIONS[table['kind']]}, and a trigger is needed on it:"
                " give this name to the table itself."
            )
        elif not table["owned"]:
            yield f"{name} belongs to another role: run migrate as its owner, because it creates a trigger there."
    if not table["usable"]:
        yield f"this login has no right to read (and, for the log, to write) {name}: grant it."
    if table["forced"] and not table["sees_all"]:
        yield (
            f"{name} forces row level security on its owner, so a nightly check would find no mentors:"
            f" ALTER TABLE {name} NO FORCE ROW LEVEL SECURITY, or give this login BYPASSRLS."
        )


def _of_columns(table: _Row, columns: dict[str, _Row]) -> Iterator[str]:
    for name, kind in _COLUMNS[table["name"]].items():
        where = f"public.{table['name']}.{name}"
        column = columns.get(name)
        if column is None:
            yield f"{where} is missing: a column of type {kind.wanted} is needed (docs/contract.md)."
        elif not kind.fits(column["base"], column["category"]):
            cure = _cure(table["name"], name, column, kind)
            yield f"{where} is {column['type']}, and {kind.wanted} is needed: {cure}."
        elif _UNIQUE.get(table["name"]) == name and table["kind"] in "rp" and not column["is_unique"]:
            yield f"{where} is not unique: one row each is needed, so give it a unique index."


def _cure(table: str, name: str, column: _Row, kind: _Kind) -> str:
    if column["category"] != "S":
        return "give the app's table a column of that type with this name"
    return f"ALTER TABLE public.{table} ALTER COLUMN {name} TYPE {kind.cure} USING {name}::{kind.cure}"


def _of_log(columns: dict[str, _Row]) -> Iterator[str]:
    for name, column in columns.items():
        known = name in _COLUMNS["mentor_status_log"]
        if not known and column["needs_a_value"] and not column["generated"] and not column["filled_by_trigger"]:
            yield (
                f"public.mentor_status_log.{name} must have a value, and neither a default nor a trigger supplies one:"
                " give it a default, or allow NULL."
            )


def _of_values(connection: psycopg.Connection, table: str, column: _Row, values: Sequence[str]) -> Iterator[str]:
    where = f"public.{table}.{column['name']}"
    if column["generated"]:
        yield f"{where} is generated, and this system writes it: make it an ordinary column."
        return
    for value in values:
        if not _takes(connection, column, value):
            yield f"{where} ({column['type']}) does not take the value {value}: allow it there."


def _takes(connection: psycopg.Connection, column: _Row, value: str) -> bool:
    """Return whether the type and the column's own constraints take the value, and no short varchar cuts it."""
    name = sql.Identifier(column["name"])
    # Type and constraints come from the catalogue, so they are safe to insert as SQL.
    query = sql.SQL("SELECT x.{}::text = {}{} FROM (SELECT CAST({}::text AS {}) AS {}) AS x").format(
        name,
        sql.Literal(value),
        sql.SQL("").join(sql.SQL(f" AND ({check}) IS NOT FALSE") for check in column["checks"]),
        sql.Literal(value),
        sql.SQL(column["type"]),
        name,
    )
    try:
        with connection.transaction():
            return connection.execute(query).fetchone() == (True,)
    except psycopg.Error:
        return False


def _rows(
    connection: psycopg.Connection, query: str, parameters: Sequence[object] | Mapping[str, object] | None
) -> list[_Row]:
    cursor = connection.execute(query.encode(), parameters)
    assert cursor.description is not None  # noqa: S101 - a SELECT
    names = [column.name for column in cursor.description]
    return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
