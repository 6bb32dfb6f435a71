"""The rows: tables with their indexes, row versions, deletions and change log, and transactions over all of them."""

from __future__ import annotations

import time
import uuid
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple

from emulators.dataverse.model import choices
from emulators.dataverse.model.collation import folded
from emulators.dataverse.model.errors import DataverseError
from emulators.dataverse.model.ordering import Order

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from emulators.dataverse.model.schema import TableSchema
    from emulators.dataverse.model.types import Row


class Write(NamedTuple):
    """One write, as the journal is told of it once it is committed."""

    at: float
    """time.time()"""
    table: Table
    row: Row
    verb: str
    """create, update or delete"""
    columns: list[str]


class Table:
    """The rows of one table. Changes go through insert, update and delete, which keep everything else right."""

    def __init__(self, schema: TableSchema, store: Store) -> None:
        self.schema = schema
        self.store = store
        self.rows: dict[str, Row] = {}
        self.order = Order(self.rows)
        self.by_key: dict[str, dict[tuple[Any, ...], str]] = {key.name: {} for key in schema.keys}
        self.changes: list[tuple[int, str, str]] = []
        """(version, id, "upsert" or "delete"), the oldest first."""
        self._key_columns = frozenset(column for key in schema.keys for column in key.columns)
        self.collections: set[str] = set()
        """Names by which a row reaches the rows that point at it, which is not served."""
        self.blank: Row = dict.fromkeys(schema.columns)
        """A row with nothing in it."""

    def insert(self, values: Row) -> Row:
        """Add a row; id, state and the system's columns are filled in. Raises DataverseError if a key is taken."""
        schema, store = self.schema, self.store
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
        row["createdon"] = row["createdon"] or store.timestamp(now)
        row["modifiedon"] = store.timestamp(now)
        row["versionnumber"] = version = store.next_version()
        self.rows[row_id] = row
        self.order.added(row_id)
        self.changes.append((version, row_id, "upsert"))
        store.wrote(Write(now, self, row, "create", list(values)), lambda: self._take_back_insert(row))
        return row

    def restore(self, row: Row) -> None:
        """Put a whole row back as it was when the emulator ended: no write, and nothing for the journal."""
        row_id = row[self.schema.primary_id]
        self._index(row)
        self.rows[row_id] = row
        self.order.added(row_id)
        self.changes.append((row["versionnumber"], row_id, "upsert"))

    def update(self, row: Row, values: Row) -> None:
        """Set columns of a row in place. Raises DataverseError if a key is taken."""
        store = self.store
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
        row["modifiedon"] = store.timestamp(now)
        row["versionnumber"] = version = store.next_version()
        self.changes.append((version, row[self.schema.primary_id], "upsert"))
        store.wrote(
            Write(now, self, row, "update", list(values)), lambda: self._take_back_update(row, before, reindex=reindex)
        )

    def delete(self, row_id: str) -> None:
        """Remove a row, and the lookups that pointed at it, as a relationship of the usual kind does."""
        row = self.rows.pop(row_id)
        self._unindex(row)
        self.changes.append((self.store.next_version(), row_id, "delete"))
        self.store.wrote(Write(time.time(), self, row, "delete", []), lambda: self._take_back_delete(row))
        for table, column in self.store.references.get(self.schema.name, ()):
            for other in [other for other in table.rows.values() if other[column] == row_id]:
                table.update(other, {column: None})

    def find(self, key: str, values: tuple[Any, ...]) -> Row | None:
        """The row with these values of an alternate key, in the key's order."""
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


class Store:
    """All tables of one environment, in memory."""

    def __init__(self, schemas: Iterable[TableSchema]) -> None:
        self.schemas = tuple(schemas)
        self.reset()

    def reset(self) -> None:
        """Forget every row, as if the environment were new."""
        self.version = 1_000_000
        """The newest row version given out; it grows over all tables."""
        self.tables_by_set = {schema.set_name: Table(schema, self) for schema in self.schemas}
        self.tables_by_name = {table.schema.name: table for table in self.tables_by_set.values()}
        self.references: dict[str, list[tuple[Table, str]]] = {}
        for table in self.tables_by_set.values():
            for name, column in table.schema.columns.items():
                if column.target:
                    self.references.setdefault(column.target, []).append((table, name))
                    self.tables_by_name[column.target].collections.add(column.relationship(table.schema.name))
        self.committed: list[Write] = []
        """Writes that nobody took yet: take_committed()."""
        self._undo: list[tuple[Write, Callable[[], None]]] = []
        """Writes of the transactions that are open, each with what takes it back, the oldest first."""
        self._depth = 0
        self._second = 0
        self._timestamp = ""

    def next_version(self) -> int:
        """A row version greater than all before."""
        self.version += 1
        return self.version

    def timestamp(self, now: float) -> str:
        """As the service writes it: whole seconds, UTC."""
        second = int(now)
        if second != self._second:
            self._second = second
            self._timestamp = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(second))
        return self._timestamp

    def wrote(self, write: Write, take_back: Callable[[], None]) -> None:
        """Record a write: at once as committed, or for the end of the transaction it is in."""
        if self._depth:
            self._undo.append((write, take_back))
        else:
            self.committed.append(write)

    def take_committed(self) -> list[Write]:
        """The committed writes since the last time."""
        taken, self.committed = self.committed, []
        return taken

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All that is written inside, or nothing if it is left by an exception. One inside another is part of it."""
        mark = len(self._undo)
        self._depth += 1
        try:
            yield
        except BaseException:
            while len(self._undo) > mark:
                self._undo.pop()[1]()
            raise
        finally:
            self._depth -= 1
            if not self._depth:
                self.committed += [write for write, _ in self._undo]
                self._undo.clear()


def indexed(values: tuple[Any, ...]) -> tuple[Any, ...]:
    """Key values as the index compares them."""
    return tuple([folded(value) if type(value) is str else value for value in values])
