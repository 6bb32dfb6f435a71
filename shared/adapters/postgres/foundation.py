"""The check whether this system can work on the app's tables (docs/contract.md), made before anything is written."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import psycopg
from psycopg import sql
from psycopg.rows import dict_row

from shared.adapters.postgres.integration.asking import ask
from shared.domain.integration.contract import (
    COLUMNS,
    LOG,
    OLDEST_POSTGRESQL,
    TRIGGERS_ON,
    UNIQUE,
    WRITTEN,
    ColumnKind,
)
from shared.domain.integration.findings import Finding, Verdict, broken, holds, unchecked

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence


_RELATIONS: Final = {"v": "a view", "m": "a materialised view", "f": "a foreign table"}

_EXPECTED_TABLE: Final = "{} is there, a table where our triggers are on it"
_GOOD_SERVER: Final = {"version": 150000, "encoding": "UTF8", "may_create": True, "may_create_roles": True}
_SERVER_QUERY = """
SELECT current_setting('server_version_num')::integer AS version, current_setting('server_encoding') AS encoding,
       to_regnamespace('certification') IS NOT NULL
       OR has_database_privilege(r.oid, current_database(), 'CREATE') AS may_create,
       r.rolcreaterole OR r.rolsuper
       OR EXISTS (SELECT 1 FROM pg_roles AS o WHERE o.rolname = 'certification_reconciliation') AS may_create_roles
  FROM pg_roles AS r WHERE r.rolname = coalesce(%(role)s, current_user)
"""
_TABLES_QUERY = """
SELECT c.relname AS name, c.oid, c.relkind::text AS kind, c.relforcerowsecurity AS forced, c.relrowsecurity AS filtered,
       pg_has_role(r.oid, c.relowner, 'USAGE') AS owned,
       has_table_privilege(r.oid, c.oid, 'SELECT')
       AND (c.relname <> 'mentor_status_log' OR has_table_privilege(r.oid, c.oid, 'INSERT'))
       AND (c.relname <> 'peer_mentors' OR has_table_privilege(r.oid, c.oid, 'UPDATE')) AS usable,
       r.rolsuper OR r.rolbypassrls AS sees_all
  FROM pg_class AS c JOIN pg_roles AS r ON r.rolname = coalesce(%(role)s, current_user)
 WHERE c.oid = ANY (ARRAY(SELECT to_regclass('public.' || n) FROM unnest(%(tables)s::text[]) AS n))
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
                WHERE t.tgrelid = a.attrelid AND NOT t.tgisinternal AND t.tgtype & 7 = 7
                  AND t.tgenabled <> 'D') AS filled_by_trigger
  FROM pg_attribute AS a JOIN base AS b ON b.oid = a.atttypid AND b.typtype <> 'd'
 WHERE a.attrelid = %(table)s AND a.attnum > 0 AND NOT a.attisdropped
"""

type _Row = dict[str, Any]


def missing_tables(connection: psycopg.Connection[Any]) -> list[str]:
    """Return the names of the app's tables that are missing."""
    found = {table["name"] for table in ask(connection, _TABLES_QUERY, _parameters(None))}
    return [name for name in COLUMNS if name not in found]


def problems(connection: psycopg.Connection[Any]) -> tuple[str, ...]:
    """Return one sentence for each problem of the app's tables, with its solution. No table may be missing."""
    return tuple(
        f"{finding.found}: {finding.advice}."
        for finding in foundation_findings(connection)
        if finding.verdict is Verdict.DOES_NOT_HOLD
    )


def foundation_findings(connection: psycopg.Connection[Any], role: str | None = None) -> Iterator[Finding]:
    """Yield a finding for each point of the app's tables that this system cannot work without.

    `role` is the role that owns our schema, or will own it: by default that of the login.
    """
    yield from _of_server(*ask(connection, _SERVER_QUERY, {"role": role}))
    tables = {row["name"]: row for row in ask(connection, _TABLES_QUERY, _parameters(role))}
    for name in COLUMNS:
        table = tables.get(name)
        if table is None:
            yield from _of_missing_table(name)
            continue
        columns = {row["name"]: row for row in ask(connection, _COLUMNS_QUERY, {"table": table["oid"]})}
        yield from _of_table(table)
        yield from _of_columns(table, columns)
        if name == LOG:
            yield _of_log(columns)
        for (of, column), values in WRITTEN.items():
            if of == name:
                yield _of_values(connection, name, column, columns.get(column), values)


def _of_server(server: _Row) -> Iterator[Finding]:
    yield _judged(
        "structure.server.version",
        f"PostgreSQL {OLDEST_POSTGRESQL} or newer",
        None if server["version"] >= OLDEST_POSTGRESQL * 10000 else "this is not PostgreSQL 15 or newer",
        "upgrade it",
        found=f"PostgreSQL {server['version'] // 10000}",
    )
    yield _judged(
        "structure.server.encoding",
        "the database's encoding is UTF8",
        None if server["encoding"] == "UTF8" else "the database's encoding is not UTF8, so names cannot be compared",
        "move the app to a UTF8 database",
    )
    yield _judged(
        "structure.server.may_create",
        "the schema certification is there, or its future owner may create it",
        None if server["may_create"] else "this login may not create a schema here",
        "GRANT CREATE ON DATABASE … to it",
    )
    yield _judged(
        "structure.server.may_create_roles",
        "our roles are there, or the schema's owner may create them",
        None if server["may_create_roles"] else "this login may not create roles",
        "ALTER ROLE … CREATEROLE",
    )


def _of_missing_table(name: str) -> Iterator[Finding]:
    where = f"public.{name}"
    yield broken(
        f"structure.table.{name}",
        _EXPECTED_TABLE.format(where),
        f"{where} is missing",
        "create it, with the columns of docs/contract.md",
    )
    for point, expected in _points_of_table(name):
        if point != f"structure.table.{name}":
            yield unchecked(point, expected, f"{where} is missing")


def _points_of_table(name: str) -> Iterator[tuple[str, str]]:
    """Yield every point of one table, with what is expected."""
    where = f"public.{name}"
    yield f"structure.table.{name}", _EXPECTED_TABLE.format(where)
    if name in TRIGGERS_ON:
        yield f"structure.owner.{name}", f"the owner of schema certification owns {where}, to put triggers on it"
    yield f"structure.rights.{name}", f"the owner of schema certification may use {where}"
    yield f"structure.row_security.{name}", f"no row of {where} is hidden from the owner of schema certification"
    for column, kind in COLUMNS[name].items():
        yield f"structure.column.{name}.{column}", f"{where}.{column} is {kind.wanted}"
    if name in UNIQUE:
        yield f"structure.unique.{name}", f"one row of {where} for each {UNIQUE[name]}"
    if name == LOG:
        yield f"structure.defaults.{LOG}", f"every column of {where} that we do not write fills itself in"
    for (of, column), values in WRITTEN.items():
        if of == name:
            yield f"structure.values.{name}.{column}", f"{where}.{column} takes {' and '.join(values)}"


def foundation_points() -> dict[str, str]:
    """Return every point that `foundation_findings` yields, with what is expected there."""
    server = {finding.point: finding.expected for finding in _of_server(_GOOD_SERVER)}
    return server | {point: expected for name in COLUMNS for point, expected in _points_of_table(name)}


def _of_table(table: _Row) -> Iterator[Finding]:
    name = f"public.{table['name']}"
    points = dict(_points_of_table(table["name"]))
    relation = _RELATIONS.get(table["kind"])

    def judged(kind: str, problem: str | None, advice: str) -> Finding:
        point = f"structure.{kind}.{table['name']}"
        return _judged(point, points[point], problem, advice)

    if table["name"] in TRIGGERS_ON:
        yield judged(
            "table",
            f"{name} is {relation}, and a trigger is needed on it, which cannot follow what changes below it"
            if relation
            else None,
            "give this name to the table itself",
        )
        if relation:
            yield unchecked(f"structure.owner.{table['name']}", points[f"structure.owner.{table['name']}"], "no table")
        else:
            yield judged(
                "owner",
                None if table["owned"] else f"{name} belongs to another role",
                "run migrate as its owner, because it creates a trigger there",
            )
    else:
        yield judged("table", None, "")
    yield judged(
        "rights",
        None if table["usable"] else f"this login has no right to read (and, for the log, to write) {name}",
        "grant it",
    )
    yield judged("row_security", _row_security(table), f"ALTER TABLE {name} NO FORCE ROW LEVEL SECURITY, or {_BYPASS}")


_BYPASS: Final = "give this login BYPASSRLS"


def _row_security(table: _Row) -> str | None:
    name = f"public.{table['name']}"
    if table["sees_all"]:
        return None
    if table["forced"]:
        return f"{name} forces row level security on its owner, so a nightly check would find no mentors"
    if table["filtered"] and not table["owned"]:
        return f"{name} has row level security and belongs to another role, so rows of it are hidden from us"
    return None


def _of_columns(table: _Row, columns: dict[str, _Row]) -> Iterator[Finding]:
    points = dict(_points_of_table(table["name"]))
    for name, kind in COLUMNS[table["name"]].items():
        where = f"public.{table['name']}.{name}"
        point = f"structure.column.{table['name']}.{name}"
        column = columns.get(name)
        if column is None:
            yield broken(
                point,
                points[point],
                f"{where} is missing",
                f"a column of type {kind.wanted} is needed (docs/contract.md)",
            )
        elif not kind.fits(column["base"], column["category"]):
            cure = _cure(table["name"], name, column, kind)
            yield broken(point, points[point], f"{where} is {column['type']}, and {kind.wanted} is needed", cure)
        else:
            yield holds(point, points[point], column["type"])
        if UNIQUE.get(table["name"]) == name:
            yield _of_unique(table, name, column, points)


def _of_unique(table: _Row, name: str, column: _Row | None, points: Mapping[str, str]) -> Finding:
    point = f"structure.unique.{table['name']}"
    if column is None:
        return unchecked(point, points[point], f"public.{table['name']}.{name} is missing")
    if table["kind"] not in "rp":
        # Where a view will do, its own query has to see to it.
        if table["name"] not in TRIGGERS_ON:
            return holds(point, points[point], f"{_RELATIONS.get(table['kind'], 'no table')}, whose query decides that")
        return unchecked(point, points[point], f"public.{table['name']} is no table")
    return _judged(
        point,
        points[point],
        None if column["is_unique"] else f"public.{table['name']}.{name} is not unique",
        "one row each is needed, so give it a unique index",
    )


def _cure(table: str, name: str, column: _Row, kind: ColumnKind) -> str:
    if column["category"] != "S":
        return "give the app's table a column of that type with this name"
    return f"ALTER TABLE public.{table} ALTER COLUMN {name} TYPE {kind.cure} USING {name}::{kind.cure}"


def _of_log(columns: dict[str, _Row]) -> Finding:
    point = f"structure.defaults.{LOG}"
    empty = [
        name
        for name, column in columns.items()
        if name not in COLUMNS[LOG]
        and column["needs_a_value"]
        and not column["generated"]
        and not column["filled_by_trigger"]
    ]
    return _judged(
        point,
        dict(_points_of_table(LOG))[point],
        f"public.{LOG}.{', '.join(empty)} must have a value, and neither a default nor a trigger supplies one"
        if empty
        else None,
        "give it a default, or allow NULL",
    )


def _of_values(
    connection: psycopg.Connection[Any], table: str, column: str, found: _Row | None, values: Sequence[str]
) -> Finding:
    where, point = f"public.{table}.{column}", f"structure.values.{table}.{column}"
    expected = dict(_points_of_table(table))[point]
    if found is None:
        return unchecked(point, expected, f"{where} is missing")
    if found["generated"]:
        return broken(point, expected, f"{where} is generated, and this system writes it", "make it an ordinary column")
    refused = refused_values(connection, found, values)
    return _judged(
        point,
        expected,
        f"{where} ({found['type']}) does not take the value {' and '.join(refused)}" if refused else None,
        "allow it there",
    )


def refused_values(connection: psycopg.Connection[Any], column: _Row, values: Sequence[str]) -> list[str]:
    """Return those of the values that the column's type or its own constraints refuse."""
    return [value for value in values if not _takes(connection, column, value)]


def column_of(connection: psycopg.Connection[Any], table: str, name: str) -> dict[str, Any] | None:
    """Return what the catalogue says of a column of the app; None where it is missing."""
    oids = ask(connection, "SELECT to_regclass('public.' || %(table)s)::oid AS oid", {"table": table})
    columns = ask(connection, _COLUMNS_QUERY, {"table": oids[0]["oid"]})
    return next((column for column in columns if column["name"] == name), None)


def _judged(point: str, expected: str, problem: str | None, advice: str, *, found: str = "") -> Finding:
    return holds(point, expected, found) if problem is None else broken(point, expected, problem, advice)


def _parameters(role: str | None) -> dict[str, object]:
    return {"tables": list(COLUMNS), "role": role}


def _takes(connection: psycopg.Connection[Any], column: _Row, value: str) -> bool:
    """Return whether the type and the column's own constraints take the value, and no short varchar cuts it."""
    name = sql.Identifier(column["name"])
    # Type and constraints come from the catalogue, so they are safe to insert as SQL.
    query = sql.SQL("SELECT x.{}::text = {}{} AS takes FROM (SELECT CAST({}::text AS {}) AS {}) AS x").format(
        name,
        sql.Literal(value),
        sql.SQL("").join(sql.SQL(f" AND ({check}) IS NOT FALSE") for check in column["checks"]),
        sql.Literal(value),
        sql.SQL(column["type"]),
        name,
    )
    try:
        with connection.transaction():
            return connection.cursor(row_factory=dict_row).execute(query).fetchall() == [{"takes": True}]
    except (psycopg.errors.InsufficientPrivilege, psycopg.OperationalError):
        raise  # nothing is known of the column
    except psycopg.Error:
        return False
