"""The tables of an environment, read from a schema file (docs/dataverse-emulator.md describes its form)."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from pathlib import Path

TYPES: Final = frozenset(
    {
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
        "state",
        "status",
        "lookup",
        "uniqueidentifier",
    }
)


class SchemaError(Exception):
    """When a schema file does not describe tables; the message says which word of it."""


@dataclass(frozen=True, slots=True)
class Column:
    """One column. `name` is the logical name, `property` what it is called in JSON (`_x_value` for a lookup)."""

    name: str
    type: str
    max_length: int = 0
    """Characters, for string and memo."""
    minimum: float | None = None
    maximum: float | None = None
    precision: int = 2
    """Digits after the point, for decimal, double and money."""
    options: dict[int, str] = field(default_factory=dict)
    """Value to label, for choice, state and status."""
    target: str = ""
    """Logical name of the table a lookup points at."""
    navigation: str = ""
    """Name of a lookup in `…@odata.bind`."""
    read_only: bool = False
    required: bool = False
    display_name: str = ""

    @property
    def property(self) -> str:
        """The name in JSON."""
        return f"_{self.name}_value" if self.type == "lookup" else self.name


@dataclass(frozen=True, slots=True)
class AlternateKey:
    """A unique combination of columns, by which rows can be addressed. `columns` are JSON names."""

    name: str
    columns: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class TableSchema:
    """One table. `columns` is by JSON name, the system's own columns included."""

    name: str
    set_name: str
    schema_name: str
    display_name: str
    primary_id: str
    primary_name: str
    columns: dict[str, Column]
    keys: tuple[AlternateKey, ...]
    status_of_state: dict[int, int]
    """statecode to its default statuscode."""
    state_of_status: dict[int, int]
    change_tracking: bool
    object_type_code: int

    @property
    def navigations(self) -> dict[str, Column]:
        """Lookups by the name used in `…@odata.bind`."""
        return {column.navigation: column for column in self.columns.values() if column.navigation}


def load(path: Path) -> tuple[TableSchema, ...]:
    """Read a schema file. Raises SchemaError."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        return tuple(_table(item, 10_000 + number) for number, item in enumerate(content["tables"], start=1))
    except OSError as error:
        raise SchemaError(f"{path}: {error.strerror}") from None
    except (ValueError, KeyError, TypeError) as error:
        raise SchemaError(f"{path}: {type(error).__name__}: {error}") from None


def _table(item: dict[str, Any], object_type_code: int) -> TableSchema:
    name = item["name"]
    states = {int(value): state for value, state in item.get("states", _STATES).items()}
    statuses = {int(value): label for state in states.values() for value, label in state["statuses"].items()}
    columns = [
        Column(item["primary_id"], "uniqueidentifier", read_only=True, required=True, display_name=name),
        *(_column(column) for column in item["columns"]),
        Column("statecode", "state", options={value: state["label"] for value, state in states.items()}),
        Column("statuscode", "status", options=statuses),
        Column("createdon", "datetime", read_only=True, display_name="Created On"),
        Column("modifiedon", "datetime", read_only=True, display_name="Modified On"),
        Column("versionnumber", "bigint", read_only=True, display_name="Version Number"),
    ]
    by_name = {column.name: column for column in columns}
    if item["primary_name"] not in by_name:
        raise SchemaError(f"{name}: the primary name {item['primary_name']} is not among the columns")
    return TableSchema(
        name=name,
        set_name=item["set"],
        schema_name=item.get("schema_name", name),
        display_name=item.get("display_name", name),
        primary_id=item["primary_id"],
        primary_name=item["primary_name"],
        columns={column.property: column for column in columns},
        keys=tuple(
            AlternateKey(key, tuple(by_name[column].property for column in key_columns))
            for key, key_columns in item.get("keys", {}).items()
        ),
        status_of_state={value: int(next(iter(state["statuses"]))) for value, state in states.items()},
        state_of_status={int(status): value for value, state in states.items() for status in state["statuses"]},
        change_tracking=item.get("change_tracking", False),
        object_type_code=item.get("object_type_code", object_type_code),
    )


def _column(item: dict[str, Any]) -> Column:
    if item["type"] not in TYPES:
        raise SchemaError(f"{item['name']}: there is no type {item['type']}")
    options = {int(value): label for value, label in item.get("options", {}).items()}
    defaults = {"max_length": 100} if item["type"] in {"string", "memo"} else {}
    given = {key: value for key, value in item.items() if key != "options"}
    return Column(**{**defaults, **given}, options=options)


_STATES: Final = {
    "0": {"label": "Active", "statuses": {"1": "Active"}},
    "1": {"label": "Inactive", "statuses": {"2": "Inactive"}},
}
