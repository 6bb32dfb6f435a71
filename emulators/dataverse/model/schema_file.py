"""Read tables from a schema file (docs/dataverse-emulator.md, "Tables of your own")."""

from __future__ import annotations

import json
from collections import Counter
from typing import TYPE_CHECKING, Annotated, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from emulators.dataverse.model.schema import AlternateKey, Column, SchemaError, TableSchema

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

type Type = Literal[
    "string",
    "memo",
    "boolean",
    "integer",
    "bigint",
    "decimal",
    "double",
    "money",
    "datetime",
    "date",
    "choice",
    "lookup",
]
type Name = Annotated[str, Field(pattern=r"^[A-Za-z]\w*$")]
_FIRST_OBJECT_TYPE_CODE: Final = 10_001


class _ColumnItem(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)

    name: Name
    type: Type
    max_length: Annotated[int, Field(ge=1)] = 100
    minimum: float | None = None
    maximum: float | None = None
    precision: Annotated[int, Field(ge=0, le=10)] = 2
    options: dict[str, str] = {}
    target: str = ""
    navigation: str = ""
    required: bool = False
    display_name: str = ""

    def column(self) -> Column:
        if (self.type == "lookup") != bool(self.target and self.navigation):
            raise SchemaError(f"{self.name}: a lookup, and only a lookup, has a target and a navigation")
        if (self.type == "choice") != bool(self.options):
            raise SchemaError(f"{self.name}: a choice, and only a choice, has options")
        given = self.model_dump()
        given["options"] = {int(value): label for value, label in self.options.items()}
        given["max_length"] = self.max_length if self.type in {"string", "memo"} else 0
        return Column(**given)


class _State(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)

    label: str
    statuses: Annotated[dict[str, str], Field(min_length=1)]
    """The first one is the state's default."""


class _TableItem(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)

    name: Name
    set: Name
    schema_name: str = ""
    display_name: str = ""
    primary_id: Name
    primary_name: Name
    change_tracking: bool = False
    columns: list[_ColumnItem]
    keys: dict[Name, Annotated[list[str], Field(min_length=1, max_length=16)]] = {}
    states: dict[str, _State] = {
        "0": _State(label="Active", statuses={"1": "Active"}),
        "1": _State(label="Inactive", statuses={"2": "Inactive"}),
    }

    def table(self, object_type_code: int) -> TableSchema:
        columns = {column.name: column for column in self._columns()}
        if self.primary_name not in columns:
            raise SchemaError(f"{self.name}: the primary name {self.primary_name} is not among the columns")
        states = {int(value): state for value, state in self.states.items()}
        return TableSchema(
            name=self.name,
            set_name=self.set,
            schema_name=self.schema_name or self.name,
            display_name=self.display_name or self.name,
            primary_id=self.primary_id,
            primary_name=self.primary_name,
            columns={column.property: column for column in columns.values()},
            keys=tuple(self._key(name, of_key, columns) for name, of_key in self.keys.items()),
            status_of_state={value: int(next(iter(state.statuses))) for value, state in states.items()},
            state_of_status={int(status): value for value, state in states.items() for status in state.statuses},
            change_tracking=self.change_tracking,
            object_type_code=object_type_code,
            navigations={column.navigation: column for column in columns.values() if column.navigation},
        )

    def _columns(self) -> list[Column]:
        states = {int(value): state.label for value, state in self.states.items()}
        statuses = {int(value): label for state in self.states.values() for value, label in state.statuses.items()}
        columns = [
            Column(self.primary_id, "uniqueidentifier", read_only=True, required=True, display_name=self.display_name),
            *(item.column() for item in self.columns),
            Column("statecode", "state", options=states, display_name="Status"),
            Column("statuscode", "status", options=statuses, display_name="Status Reason"),
            Column("createdon", "datetime", read_only=True, display_name="Created On"),
            Column("modifiedon", "datetime", read_only=True, display_name="Modified On"),
            Column("versionnumber", "bigint", read_only=True, display_name="Version Number"),
        ]
        for name in _twice(column.name for column in columns):
            raise SchemaError(f"{self.name}: there is the column {name} twice")
        return columns

    def _key(self, name: str, of_key: list[str], columns: dict[str, Column]) -> AlternateKey:
        for column in of_key:
            if column not in columns:
                raise SchemaError(f"{self.name}: the key {name} names {column}, which is no column")
        return AlternateKey(name, tuple(columns[column].property for column in of_key))


class _File(BaseModel):
    tables: Annotated[list[_TableItem], Field(min_length=1)]


def table(item: dict[str, object], object_type_code: int) -> TableSchema:
    """Return the table of one item of such a file. Raises ValidationError or SchemaError."""
    return _TableItem.model_validate(item).table(object_type_code)


def column(item: dict[str, object]) -> Column:
    """Return the column of one item of a table. Raises ValidationError or SchemaError."""
    return _ColumnItem.model_validate(item).column()


def load(path: Path) -> tuple[TableSchema, ...]:
    """Return the tables of a schema file. Raises SchemaError."""
    try:
        content = _File.model_validate(json.loads(path.read_text(encoding="utf-8")))
        tables = [item.table(code) for code, item in enumerate(content.tables, start=_FIRST_OBJECT_TYPE_CODE)]
        _check(tables)
    except OSError as error:
        raise SchemaError(f"{path}: {error.strerror}") from None
    except ValidationError as error:
        found = error.errors()[0]
        where = ".".join(map(str, found["loc"]))
        raise SchemaError(f"{path}: {where}: {found['msg']}") from None
    except (SchemaError, ValueError) as error:
        raise SchemaError(f"{path}: {error}") from None
    return tuple(tables)


def _check(tables: list[TableSchema]) -> None:
    names = {table.name for table in tables}
    for kind, given in (("table", [table.name for table in tables]), ("set", [table.set_name for table in tables])):
        for name in _twice(given):
            raise SchemaError(f"there is the {kind} {name} twice")
    for table in tables:
        for column in table.columns.values():
            if column.target and column.target not in names:
                raise SchemaError(f"{table.name}: {column.name} points at {column.target}, and there is no such table")


def _twice(names: Iterable[str]) -> list[str]:
    return [name for name, count in Counter(names).items() if count > 1]
