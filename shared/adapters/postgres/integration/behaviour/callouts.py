"""Triggers of the app that call out of the database: what they send is not undone by a rollback."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from shared.adapters.postgres.integration.asking import ask
from shared.domain.integration.contract import COLUMNS

if TYPE_CHECKING:
    from collections.abc import Sequence

    import psycopg

# pg_net is no such call: its queue is a table, whose rows go with the rollback.
_CALLS_OUT: Final = re.compile(
    r"\b(aws_lambda|aws_s3)\s*\.|\bdblink\w*\s*\(|(?<!net\.)\bhttp(_\w+)?\s*\(|\bextensions\s*\.\s*http|\bpg_notify_external\b"
    r"|\bCOPY\b[^;]*\bPROGRAM\b|\bpostgres_fdw\w*|\bpg_background_\w+",
    re.IGNORECASE,
)
# These languages can open a connection without naming a function of the database.
_UNTRUSTED: Final = ("plpython3u", "plperlu", "pltclu", "c", "plv8u")

_TRIGGERS_QUERY: Final = """
SELECT c.relname || '.' || t.tgname AS trigger, p.oid::bigint AS function
  FROM pg_trigger AS t
  JOIN pg_class AS c ON c.oid = t.tgrelid
  JOIN pg_proc AS p ON p.oid = t.tgfoid
 WHERE c.relnamespace = 'public'::regnamespace AND c.relname = ANY (%(tables)s) AND NOT t.tgisinternal
   AND t.tgenabled <> 'D' AND p.pronamespace IS DISTINCT FROM to_regnamespace('certification')
 ORDER BY 1
"""
_FUNCTIONS_QUERY: Final = """
SELECT p.oid::bigint AS oid, p.proname::text AS name, p.prosrc AS source, l.lanname::text AS language
  FROM pg_proc AS p JOIN pg_language AS l ON l.oid = p.prolang JOIN pg_namespace AS n ON n.oid = p.pronamespace
 WHERE n.nspname NOT IN ('pg_catalog', 'information_schema', 'certification') AND p.prokind IN ('f', 'p')
"""


def triggers_that_call_out(connection: psycopg.Connection[Any]) -> Sequence[str]:
    """Return the app's triggers on the contract's tables whose function, or one that it calls, may call out."""
    triggers = ask(connection, _TRIGGERS_QUERY, {"tables": list(COLUMNS)})
    if not triggers:
        return ()
    functions = {row["oid"]: row for row in ask(connection, _FUNCTIONS_QUERY)}
    by_name: dict[str, list[int]] = {}
    for oid, row in functions.items():
        by_name.setdefault(row["name"].lower(), []).append(oid)
    return [row["trigger"] for row in triggers if _calls_out(row["function"], functions, by_name)]


def _calls_out(oid: int, functions: dict[int, dict[str, Any]], by_name: dict[str, list[int]]) -> bool:
    seen: set[int] = set()
    todo = [oid]
    while todo:
        found = functions.get(todo.pop())
        if found is None or found["oid"] in seen:
            continue
        seen.add(found["oid"])
        # A built-in language handler's C functions, such as those of an extension, count by their name where called.
        if found["language"] in _UNTRUSTED and found["oid"] == oid:
            return True
        if found["language"] in _UNTRUSTED:
            continue
        if _CALLS_OUT.search(found["source"]):
            return True
        words = set(re.findall(r"[a-z_][a-z0-9_$]*(?=\s*\()", found["source"].lower()))
        todo += [other for word in words for other in by_name.get(word, ())]
    return False
