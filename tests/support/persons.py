"""Look for a person everywhere: in a dump of the schema, the website's rows, logs and messages."""

from __future__ import annotations

import json
import re
import subprocess
from typing import TYPE_CHECKING

from local.stack.server_binaries import psql_binary

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_COPY = re.compile(r"^COPY certification\.(\w+) \(([^)]*)\) FROM stdin;\n(.*?)^\\\.$", re.MULTILINE | re.DOTALL)


def dump_of(dsn: str) -> str:
    """Return the whole schema certification, data of unlogged tables too, as `pg_dump` writes it."""
    pg_dump = psql_binary().with_name("pg_dump")
    command = [str(pg_dump), "--schema=certification", "-d", dsn]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def columns_with(dump: str, values: Iterable[str]) -> set[str]:
    """Return the columns in which one of the values stands, as `table.column`; `schema` for anything but data."""
    wanted, found = [value.casefold() for value in values], set()
    for table, columns, body in _COPY.findall(dump):
        names = [name.strip().strip('"') for name in columns.split(",")]
        for line in body.splitlines():
            for name, field in zip(names, line.split("\t"), strict=True):
                if any(value in field.casefold() for value in wanted):
                    found.add(f"{table}.{name}")
    if any(value in _COPY.sub("", dump).casefold() for value in wanted):
        found.add("schema")
    return found


def fields_with(rows: Iterable[Mapping[str, object]], values: Iterable[str]) -> set[str]:
    """Return the columns of the website's rows in which one of the values stands."""
    wanted = [value.casefold() for value in values]
    return {
        name
        for row in rows
        for name, field in row.items()
        if any(value in json.dumps(field, ensure_ascii=False).casefold() for value in wanted)
    }


def lines_with(lines: Iterable[str], values: Iterable[str]) -> list[str]:
    """Return the lines in which one of the values stands."""
    wanted = [value.casefold() for value in values]
    return [line for line in lines if any(value in line.casefold() for value in wanted)]
