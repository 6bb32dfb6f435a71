"""All tables of one environment, in memory."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING

from emulators.dataverse.model.errors import DataverseError
from emulators.dataverse.model.table import Table
from emulators.dataverse.model.write_log import WriteLog

if TYPE_CHECKING:
    from collections.abc import Iterable
    from contextlib import AbstractContextManager

    from emulators.dataverse.model.schema import AlternateKey, TableSchema
    from emulators.dataverse.model.write_log import Write


class Store:
    """The tables that the schemas describe, under one log of writes."""

    def __init__(self, schemas: Iterable[TableSchema]) -> None:
        self._given = tuple(schemas)
        self.reset()

    def reset(self) -> None:
        """Forget every row, and every table, column and key that was added, as if the environment were new."""
        self.schemas = self._given
        self.building: dict[tuple[str, str], tuple[AlternateKey, float]] = {}
        """Alternate keys whose index is not there yet, by table and name: the key, and when the index will be."""
        self.failed: set[tuple[str, str]] = set()
        """Those of them whose index cannot be built, because two rows have the same values."""
        self.log = WriteLog()
        self.tables_by_name: dict[str, Table] = {}
        for schema in self.schemas:
            self.tables_by_name[schema.name] = Table(schema, self.tables_by_name, self.log)
        self.tables_by_set = {table.schema.set_name: table for table in self.tables_by_name.values()}
        for table in self.tables_by_set.values():
            for name, column in table.schema.columns.items():
                if column.target:
                    target = self.tables_by_name[column.target]
                    target.references.append((table, name))
                    target.collections.add(column.relationship(table.schema.name))

    def schema(self, name: str) -> TableSchema | None:
        """Return the table of a logical name, or None."""
        return next((schema for schema in self.schemas if schema.name == name), None)

    def add(self, schema: TableSchema) -> None:
        """Add a table without rows."""
        self.schemas = (*self.schemas, schema)
        table = self.tables_by_name[schema.name] = Table(schema, self.tables_by_name, self.log)
        self.tables_by_set[schema.set_name] = table

    def change(self, schema: TableSchema) -> None:
        """Put a table's new definition in place of its old one; its rows get what is new, empty."""
        self.schemas = tuple(schema if one.name == schema.name else one for one in self.schemas)
        self.tables_by_name[schema.name].redefine(schema)

    def keys_of(self, name: str) -> tuple[AlternateKey, ...]:
        """Return a table's alternate keys, those being built too."""
        schema = self.schema(name)
        building = tuple(key for (table, _), (key, _) in self.building.items() if table == name)
        return (*(schema.keys if schema else ()), *building)

    def build_key(self, name: str, key: AlternateKey, seconds: float) -> None:
        """Begin to build the index of a new alternate key of a table."""
        self.building[name, key.name] = (key, time.monotonic() + seconds)

    def finish_keys(self) -> None:
        """Make every alternate key usable whose index is due."""
        for (name, key_name), (key, due) in list(self.building.items()):
            schema = self.schema(name)
            if due > time.monotonic() or schema is None or (name, key_name) in self.failed:
                continue
            try:
                self.change(replace(schema, keys=(*schema.keys, key)))
            except DataverseError:
                self.change(schema)
                self.failed.add((name, key_name))
            else:
                del self.building[name, key_name]

    def transaction(self) -> AbstractContextManager[None]:
        """Commit all that is written inside, or nothing if it is left by an exception."""
        return self.log.transaction()

    def take_committed(self) -> list[Write]:
        """Return the committed writes since the last time."""
        return self.log.take_committed()
