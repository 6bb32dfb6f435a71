"""The tables of an environment, as the rest of the emulator uses them. schema_file.py reads them."""

from __future__ import annotations

from dataclasses import dataclass, field


class SchemaError(Exception):
    """A schema file that does not describe tables; the message names the word that is wrong."""


@dataclass(frozen=True, slots=True)
class Column:
    """One column. `name` is the logical name, `type` one of schema_file.Type."""

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
        """Return the name in JSON."""
        return f"_{self.name}_value" if self.type == "lookup" else self.name

    def relationship(self, table: str) -> str:
        """Return the name of a lookup's relationship, by which its target reaches the rows of `table`."""
        return f"{self.target}_{table}_{self.navigation}"


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
    navigations: dict[str, Column]
    """Lookups by the name used in `…@odata.bind`."""
