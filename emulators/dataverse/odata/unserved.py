"""The refusal of a name that no table has: 501 for a part of the service that is not emulated, or that of a typo.

The words for a typo are the service's own; a part that is not emulated must never be refused with them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from emulators.dataverse.model.errors import DataverseError
from emulators.dataverse.odata import service_names

if TYPE_CHECKING:
    from emulators.dataverse.model.table import Table

_NAMESPACE = "Microsoft.Dynamics.CRM."


def segment(name: str, whole: str = "") -> DataverseError:
    """Return the refusal of the first segment of an address, or of a message behind a set or row.

    `whole` is the address.
    """
    bare = name.partition("(")[0].removeprefix(_NAMESPACE)
    if bare in service_names.SETS | service_names.DEFINITIONS | service_names.MESSAGES:
        return DataverseError.not_served(whole or bare)
    return DataverseError.no_such_segment(name.partition("(")[0])


def is_system_table(name: str) -> bool:
    """Return whether a logical name is that of a system table. Its set's name is a plural of it."""
    plurals = {name, f"{name}s", f"{name}es", f"{name.removesuffix('y')}ies", f"{name}set", f"{name}collection"}
    return not plurals.isdisjoint(service_names.SETS)


def is_collection(table: Table, name: str) -> bool:
    """Return whether this name reaches the rows that point at a row of this table (1:N)."""
    prefix = f"{table.schema.name}_"
    return name in table.collections or (
        name.startswith(prefix) and name.removeprefix(prefix) in service_names.SYSTEM_COLLECTIONS
    )


def known(table: Table, name: str) -> DataverseError | None:
    """Return 501 for a name of the service that the emulator has not, None for a typo."""
    if is_collection(table, name):
        return DataverseError.not_served(f"the collection {name} (1:N)")
    if name in service_names.SYSTEM_PROPERTIES:
        return DataverseError.not_served(f"the system's column {name}")
    if name in table.schema.navigations:
        return DataverseError.not_served(f"the navigation property {name} here")
    return None


def unknown_property(table: Table, name: str) -> DataverseError:
    """Return the refusal of a property that cannot be selected, compared, ordered by or expanded."""
    return known(table, name) or DataverseError.unknown_property(name, table.schema.name)


def below_row(table: Table, rest: str) -> DataverseError:
    """Return the refusal of `rest` behind `set(…)/`."""
    name = rest.partition("/")[0].partition("(")[0]
    if name.startswith(_NAMESPACE):
        if name.removeprefix(_NAMESPACE) == table.schema.name:
            return DataverseError.not_served(f"the cast to {name}")
        return segment(name)
    if rest in {"$ref", "$value"}:
        return DataverseError.not_served(f"{rest} of a row")
    return known(table, name) or DataverseError.no_such_segment(name)
