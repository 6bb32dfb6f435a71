"""The rows in a file between one run of the emulator and the next."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from emulators.dataverse.model.errors import DataverseError

if TYPE_CHECKING:
    from pathlib import Path

    from emulators.dataverse.model.store import Store


def write(store: Store, path: Path) -> None:
    """Write every row of every table to the file, or nothing."""
    content = {
        "version": store.log.version,
        "tables": {name: list(table.rows.values()) for name, table in store.tables_by_set.items()},
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    new = path.with_suffix(".new")
    new.touch(mode=0o600)  # the rows may be about people
    new.write_text(json.dumps(content, ensure_ascii=False), encoding="utf-8")
    new.replace(path)


def read(store: Store, path: Path) -> None:
    """Put the rows of a file back, if there is one. Columns that the schema has no more are left out.

    A file that cannot be understood, as of another version, is renamed, and the environment is as new.
    """
    if not path.exists():
        return
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        for name, rows in content["tables"].items():
            if table := store.tables_by_set.get(name):
                for row in rows:
                    table.restore({column: row.get(column) for column in table.blank})
        store.log.version = max(store.log.version, content["version"])
    except (ValueError, LookupError, TypeError, AttributeError, DataverseError):
        store.reset()
        path.replace(path.with_suffix(".unreadable"))
