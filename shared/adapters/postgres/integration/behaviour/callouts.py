"""What of the app calls out of the database when its tables change: no rollback undoes that."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from shared.adapters.postgres.integration.asking import ask
from shared.domain.integration.contract import COLUMNS, WORKFLOWS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import psycopg

# Quotes are taken out of a source before it is searched.
_CALLS_OUT: Final = re.compile(
    r"\b(aws_lambda|aws_s3)\s*\.|\bdblink\w*\s*\(|\bhttp(_\w+)?\s*\(|\bCOPY\b[^;]*\bPROGRAM\b|\bpg_background_\w+",
    re.IGNORECASE,
)
# The queue of pg_net is a table, whose rows go with a rollback and are sent after a commit.
_PG_NET: Final = re.compile(r"(?<![\w.])net\s*\.\s*http_\w+\s*\(", re.IGNORECASE)
_WORDS: Final = re.compile(r"[a-z_][a-z0-9_$]*")
# These languages can open a connection without naming a function of the database.
_UNTRUSTED: Final = ("plpython3u", "plperlu", "pltclu", "plv8u")
# Functions in C that PostgreSQL's own extensions bring, and that open none.
_HARMLESS_EXTENSIONS: Final = ("moddatetime", "insert_username", "autoinc", "refint", "lo", "citext", "tsm_system_rows")

_TRIGGERS_QUERY: Final = """
SELECT c.relname::text AS relation, c.relname || '.' || t.tgname AS name, t.tgfoid::bigint AS function
  FROM pg_trigger AS t JOIN pg_class AS c ON c.oid = t.tgrelid JOIN pg_namespace AS n ON n.oid = c.relnamespace
  JOIN pg_proc AS p ON p.oid = t.tgfoid
 WHERE NOT t.tgisinternal AND t.tgenabled <> 'D'
   AND n.nspname NOT IN ('pg_catalog', 'information_schema', 'certification', 'net')
   AND p.pronamespace IS DISTINCT FROM to_regnamespace('certification')
"""
_FUNCTIONS_QUERY: Final = """
SELECT p.oid::bigint AS oid, p.proname::text AS name, n.nspname::text AS schema, l.lanname::text AS language,
       coalesce(pg_get_function_sqlbody(p.oid), p.prosrc) AS source,
       (SELECT e.extname::text FROM pg_depend AS d JOIN pg_extension AS e ON e.oid = d.refobjid
         WHERE d.objid = p.oid AND d.classid = 'pg_proc'::regclass AND d.deptype = 'e' LIMIT 1) AS extension
  FROM pg_proc AS p JOIN pg_language AS l ON l.oid = p.prolang JOIN pg_namespace AS n ON n.oid = p.pronamespace
 WHERE n.nspname NOT IN ('pg_catalog', 'information_schema', 'certification', 'net') AND p.prokind IN ('f', 'p')
"""
# Tables behind the contract's names: of views, by their text, and partitions.
_RELATIONS_QUERY: Final = """
SELECT c.relname::text AS name,
       CASE WHEN c.relkind IN ('v', 'm') THEN pg_get_viewdef(c.oid) ELSE '' END AS text,
       ARRAY(SELECT i.inhrelid::regclass::text FROM pg_inherits AS i WHERE i.inhparent = c.oid) AS parts
  FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
 WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f')
   AND n.nspname NOT IN ('pg_catalog', 'information_schema', 'certification', 'net')
"""


def what_calls_out(connection: psycopg.Connection[Any], *, committed: bool = False) -> Sequence[str]:
    """Return the workflows and triggers of the app that may call out when the contract's tables change.

    Followed are the functions that they call, and the triggers of the tables that those name. `committed`: the rows
    will be committed, so what pg_net has queued is sent too.
    """
    return _Search(
        functions={row["oid"]: row for row in ask(connection, _FUNCTIONS_QUERY)},
        triggers=ask(connection, _TRIGGERS_QUERY),
        relations={row["name"]: row for row in ask(connection, _RELATIONS_QUERY)},
        committed=committed,
    ).found()


class _Search:
    """A walk from the contract's tables and workflows over triggers, functions and the tables that they name."""

    def __init__(
        self,
        *,
        functions: Mapping[int, dict[str, Any]],
        triggers: Sequence[dict[str, Any]],
        relations: Mapping[str, dict[str, Any]],
        committed: bool,
    ) -> None:
        self._functions = functions
        self._triggers = triggers
        self._relations = relations
        self._committed = committed
        self._named: dict[str, list[int]] = {}
        for oid, row in functions.items():
            self._named.setdefault(row["name"].lower(), []).append(oid)
        self._tables: set[str] = set()
        self._seen: set[int] = set()
        self._found: set[str] = set()

    def found(self) -> Sequence[str]:
        """Return the names of what calls out, sorted."""
        for name in WORKFLOWS:
            for oid in self._named.get(name, ()):
                if self._functions[oid]["schema"] == "public":
                    self._follow(oid, f"public.{name}", is_trigger=False)
        for table in COLUMNS:
            self._reach(table)
        return sorted(self._found)

    def _reach(self, table: str) -> None:
        """Follow the triggers of a table, of its partitions, and of what is behind a view."""
        if table in self._tables or table not in self._relations:
            return
        self._tables.add(table)
        behind = {name.rpartition(".")[2].strip('"') for name in self._relations[table]["parts"]}
        for name in behind | _words(self._relations[table]["text"]):
            self._reach(name)
        for trigger in self._triggers:
            if trigger["relation"] == table:
                self._follow(trigger["function"], trigger["name"], is_trigger=True)

    def _follow(self, oid: int, name: str, *, is_trigger: bool) -> None:
        """Look at a function, and at the functions and tables that its source names."""
        function = self._functions.get(oid)
        if function is None or oid in self._seen:
            return
        self._seen.add(oid)
        if _calls_out(function, committed=self._committed, is_trigger=is_trigger):
            self._found.add(name)
        if function["language"] in {"sql", "plpgsql"}:
            for word in _words(function["source"]):
                self._reach(word)
                for other in self._named.get(word, ()):
                    self._follow(other, name, is_trigger=False)


def _calls_out(function: dict[str, Any], *, committed: bool, is_trigger: bool) -> bool:
    if function["language"] in _UNTRUSTED:
        return True
    if function["language"] in {"c", "internal"}:
        # One that is called has a name, which the caller's text shows; of a trigger in C nothing is known.
        return is_trigger and function["extension"] not in _HARMLESS_EXTENSIONS and function["language"] == "c"
    source = function["source"].replace('"', "")
    if committed and _PG_NET.search(source):
        return True
    return _CALLS_OUT.search(_PG_NET.sub("", source)) is not None


def _words(text: str) -> set[str]:
    return set(_WORDS.findall(text.replace('"', "").lower()))
