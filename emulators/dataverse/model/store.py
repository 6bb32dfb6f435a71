"""All tables of one environment, in memory."""

from __future__ import annotations

from typing import TYPE_CHECKING

from emulators.dataverse.model.table import Table
from emulators.dataverse.model.write_log import WriteLog

if TYPE_CHECKING:
    from collections.abc import Iterable
    from contextlib import AbstractContextManager

    from emulators.dataverse.model.schema import TableSchema
    from emulators.dataverse.model.write_log import Write


class Store:
    """The tables that the schemas describe, under one log of writes."""

    def __init__(self, schemas: Iterable[TableSchema]) -> None:
        self.schemas = tuple(schemas)
        self.reset()

    def reset(self) -> None:
        """Forget every row, as if the environment were new."""
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

    def transaction(self) -> AbstractContextManager[None]:
        """Commit all that is written inside, or nothing if it is left by an exception."""
        return self.log.transaction()

    def take_committed(self) -> list[Write]:
        """Return the committed writes since the last time."""
        return self.log.take_committed()
