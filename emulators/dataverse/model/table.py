"""The rows of one table with their indexes, order and change log."""

from __future__ import annotations

import time
import uuid
from typing import TYPE_CHECKING, Any

from emulators.dataverse.model import choices
from emulators.dataverse.model.collation import folded
from emulators.dataverse.model.errors import DataverseError
from emulators.dataverse.model.ordering import Order
from emulators.dataverse.model.write_log import Write

if TYPE_CHECKING:
    from collections.abc import Mapping

    from emulators.dataverse.model.schema import TableSchema
    from emulators.dataverse.model.types import Row
    from emulators.dataverse.model.write_log import WriteLog


class Table:
    """The rows of one table. Changes go through insert, update and delete, which keep everything else right."""

    def __init__(self, schema: TableSchema, tables: Mapping[str, Table], log: WriteLog) -> None:
        self.schema = schema
        self.tables = tables
        """Every table of the environment by its logical name."""
        self.log = log
        self.rows: dict[str, Row] = {}
        self.order = Order(self.rows)
        self.by_key: dict[str, dict[tuple[Any, ...], str]] = {key.name: {} for key in schema.keys}
        self.changes: list[tuple[int, str, str]] = []
        """(version, id, "upsert" or "delete"), the oldest first."""
        self._key_columns = frozenset(column for key in schema.keys for column in key.columns)
        self.references: list[tuple[Table, str]] = []
        """Tables and their columns that point at this one."""
        self.collections: set[str] = set()
        """Names by which a row reaches the rows that point at it, which is not served."""
        self.blank: Row = dict.fromkeys(schema.columns)
        """A row with nothing in it."""

    def redefine(self, schema: TableSchema) -> None:
        """Take a new definition: columns and keys may be added. Raises DataverseError if a key is not unique."""
        self.schema = schema
        self.blank = dict.fromkeys(schema.columns)
        self.by_key = {key.name: {} for key in schema.keys}
        self._key_columns = frozenset(column for key in schema.keys for column in key.columns)
        for row in self.rows.values():
            for name in schema.columns:
                row.setdefault(name, None)
            self._index(row)

    def insert(self, values: Row) -> Row:
        """Add a row, with its id, state and the system's columns. Raises DataverseError if a key is taken."""
        schema, log = self.schema, self.log
        row = self.blank | values
        row_id = row[schema.primary_id] = row[schema.primary_id] or str(uuid.uuid4())
        if row_id in self.rows:
            raise DataverseError(412, "0x80040237", "Cannot insert duplicate key.")
        if row["statecode"] is None:
            row["statecode"] = 0
        if row["statuscode"] is None:
            row["statuscode"] = schema.status_of_state[row["statecode"]]
        self._index(row)
        now = time.time()
        row["createdon"] = row["createdon"] or log.timestamp(now)
        row["modifiedon"] = log.timestamp(now)
        row["versionnumber"] = version = log.next_version()
        self.rows[row_id] = row
        self.order.added(row_id)
        self.changes.append((version, row_id, "upsert"))
        log.wrote(Write(now, self.schema, row, "create", list(values)), lambda: self._take_back_insert(row))
        return row

    def restore(self, row: Row) -> None:
        """Put a row back as it was when the emulator ended, without a write and without an entry in the journal."""
        row_id = row[self.schema.primary_id]
        self._index(row)
        self.rows[row_id] = row
        self.order.added(row_id)
        self.changes.append((row["versionnumber"], row_id, "upsert"))

    def update(self, row: Row, values: Row) -> None:
        """Set columns of a row in place. Raises DataverseError if a key is taken."""
        log = self.log
        reindex = not self._key_columns.isdisjoint(values)
        before = {name: row[name] for name in values}
        before["modifiedon"], before["versionnumber"] = row["modifiedon"], row["versionnumber"]
        if reindex:
            self._unindex(row)
        row.update(values)
        if reindex:
            try:
                self._index(row)
            except DataverseError:
                row.update(before)
                self._index(row)
                raise
        now = time.time()
        row["modifiedon"] = log.timestamp(now)
        row["versionnumber"] = version = log.next_version()
        self.changes.append((version, row[self.schema.primary_id], "upsert"))
        write = Write(now, self.schema, row, "update", list(values))
        log.wrote(write, lambda: self._take_back_update(row, before, reindex=reindex))

    def delete(self, row_id: str) -> None:
        """Remove a row, and the lookups that point at it, as a relationship of the usual kind does."""
        row = self.rows.pop(row_id)
        self._unindex(row)
        self.changes.append((self.log.next_version(), row_id, "delete"))
        self.log.wrote(Write(time.time(), self.schema, row, "delete", []), lambda: self._take_back_delete(row))
        for table, column in self.references:
            for other in [other for other in table.rows.values() if other[column] == row_id]:
                table.update(other, {column: None})

    def find(self, key: str, values: tuple[Any, ...]) -> Row | None:
        """Return the row with these values of an alternate key, in the key's order."""
        row_id = self.by_key[key].get(indexed(values))
        return None if row_id is None else self.rows[row_id]

    def _index(self, row: Row) -> None:
        entries = [(key, indexed(tuple([row[column] for column in key.columns]))) for key in self.schema.keys]
        for key, values in entries:
            if values in self.by_key[key.name]:
                labels = [self.schema.columns[column].display_name or column for column in key.columns]
                raise DataverseError.duplicate_key(key.name, ", ".join(labels))
        for key, values in entries:
            if choices.NULL_KEY_PARTS_ARE_INDEXED or None not in values:
                self.by_key[key.name][values] = row[self.schema.primary_id]

    def _unindex(self, row: Row) -> None:
        for key in self.schema.keys:
            self.by_key[key.name].pop(indexed(tuple([row[column] for column in key.columns])), None)

    def _take_back_insert(self, row: Row) -> None:
        del self.rows[row[self.schema.primary_id]]
        self._unindex(row)
        self.changes.pop()

    def _take_back_update(self, row: Row, before: Row, *, reindex: bool) -> None:
        if reindex:
            self._unindex(row)
        row.update(before)
        if reindex:
            self._index(row)
        self.changes.pop()

    def _take_back_delete(self, row: Row) -> None:
        self.rows[row[self.schema.primary_id]] = row
        self.order.added(row[self.schema.primary_id])
        self._index(row)
        self.changes.pop()


def indexed(values: tuple[Any, ...]) -> tuple[Any, ...]:
    """Return key values as the index compares them."""
    return tuple([folded(value) if type(value) is str else value for value in values])
