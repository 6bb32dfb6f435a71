"""A person's changes of rows in the service's own forms, past the Web API: no token, no limits, no privileges."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

from pydantic import BaseModel, ConfigDict, model_validator

from emulators.dataverse.model.errors import DataverseError
from emulators.dataverse.service import values

if TYPE_CHECKING:
    from emulators.dataverse.environment import Environment
    from emulators.dataverse.model.table import Table
    from emulators.dataverse.model.types import Row

type Values = dict[str, Any]


class ManualEdit(BaseModel):
    """One of: rows to `create`, a row to `change`, a row to `delete`.

    The row is named by `id`, or by `key`: the value of the table's first alternate key, or column to value.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str | None = None
    key: str | int | Values | None = None
    create: list[Values] | None = None
    change: Values | None = None
    delete: bool = False

    @model_validator(mode="after")
    def _one_thing(self) -> Self:
        if (self.create is not None) + (self.change is not None) + self.delete != 1:
            raise ValueError("one of create, change and delete is needed")
        if (self.create is None) == (self.id is None and self.key is None):
            raise ValueError(
                "id or key names a row to change or delete, and a row to create has its key among its values"
            )
        return self


def apply_edit(environment: Environment, table: Table, edit: ManualEdit) -> list[Row]:
    """Return the rows after the edit, none for a deletion. Raises DataverseError, and nothing was changed."""
    store = environment.store
    with store.transaction():
        rows = _edited(environment, table, edit)
    environment.journal.wrote(0, store.take_committed())
    return rows


def fill(environment: Environment, table: Table, rows: list[Values]) -> int:
    """Create many rows at once, without an entry in the journal. Raises DataverseError, and nothing was created."""
    with environment.store.transaction():
        for row in rows:
            table.insert(values.read(environment, table, row))
    environment.store.take_committed()
    return len(rows)


def _edited(environment: Environment, table: Table, edit: ManualEdit) -> list[Row]:
    if edit.create is not None:
        return [table.insert(values.read(environment, table, row)) for row in edit.create]
    row = table.rows.get(edit.id.lower()) if edit.id is not None else find(table, edit.key)
    if row is None:
        name = table.schema.name
        raise DataverseError.no_such_key(name) if edit.id is None else DataverseError.no_such_row(name, edit.id)
    if edit.change is not None:
        table.update(row, values.read(environment, table, edit.change, row))
        return [row]
    table.delete(row[table.schema.primary_id])
    return []


def find(table: Table, key: object) -> Row | None:
    """Return the row with this value of the first alternate key, or with these values by column.

    Raises DataverseError for columns that are no key.
    """
    schema = table.schema
    wanted = key if isinstance(key, dict) else {column: key for one in schema.keys[:1] for column in one.columns}
    for one in schema.keys:
        if set(one.columns) == set(wanted) and not any(isinstance(value, list | dict) for value in wanted.values()):
            return table.find(one.name, tuple([wanted[column] for column in one.columns]))
    raise DataverseError.not_a_key(schema.name)
