"""The form of a row in a reply: `$select`, `$expand` of a lookup, and annotations."""

from __future__ import annotations

import fnmatch
import re
from typing import TYPE_CHECKING, Any, Final

from emulators.dataverse.model.errors import DataverseError
from emulators.dataverse.odata import unserved
from emulators.dataverse.odata.urls import Options, refused

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from emulators.dataverse.model.schema import Column
    from emulators.dataverse.model.table import Table
    from emulators.dataverse.model.types import Row

_EXPANDED: Final = re.compile(r"\s*(\w[\w./$]*)\s*(?:\(([^()]*)\))?\s*(?:,|$)")
_MORE: Final = re.compile(r"\$(?:expand|filter|orderby|top|levels|count)|\*")
"""Options inside `$expand` that the service has and the emulator has not."""
FORMATTED: Final = "OData.Community.Display.V1.FormattedValue"
LOOKUP_NAME: Final = "Microsoft.Dynamics.CRM.lookuplogicalname"
NAVIGATION: Final = "Microsoft.Dynamics.CRM.associatednavigationproperty"
_NOON: Final = 12


class Shape:
    """The form of a table's rows in one reply. Raises DataverseError for what the table does not have."""

    def __init__(self, table: Table, options: Options, annotations: str = "", api_url: str = "") -> None:
        """Read the options. `annotations` is the pattern of `odata.include-annotations`, such as `*,-OData.*`.

        `api_url` is where references lead.
        """
        self.table = table
        self.schema = schema = table.schema
        self.annotations = annotations
        self._api_url = api_url
        self.columns = _selected(table, options.get("$select"))
        """None for all."""
        self.expanded, self.references = _expanded(table, options.get("$expand"))
        if self.columns is not None:  # a reference comes with its lookup
            self.columns += [column.property for column in self.references if column.property not in self.columns]
        shown = schema.columns if self.columns is None else self.columns
        asked = _asked(annotations) if annotations else (lambda _: False)
        self._formatted = [schema.columns[name] for name in shown] if asked(FORMATTED) else []
        self._lookups = [column for name in shown if (column := schema.columns[name]).target]
        self._lookup_name, self._navigation = asked(LOOKUP_NAME), asked(NAVIGATION)
        self._annotated = bool(self._formatted or (self._lookups and (self._lookup_name or self._navigation)))
        self.context = self._context()
        """The suffix in `@odata.context`: `(fullname,primarycontactid(fullname))` or nothing."""
        self.row_context = f"{api_url}$metadata#{schema.set_name}{self.context}/$entity"
        """The whole `@odata.context` of one row."""

    @property
    def reads(self) -> list[str]:
        """Return the tables, by logical name, that have to be readable besides its own."""
        return [shape.table.schema.name for _, shape in self.expanded] + [column.target for column in self.references]

    def _context(self) -> str:
        navigations = {column.property: column.navigation for column in self.references}
        parts = [navigations.get(name, name) for name in self.columns or ()]
        parts += [f"{column.navigation}{shape.context or '()'}" for column, shape in self.expanded]
        parts += [f"{column.navigation}/$ref()" for column in self.references]
        return f"({','.join(parts)})" if parts else ""

    def of(self, row: Row) -> dict[str, Any]:
        """Return one row: ETag, columns (the primary id always), related rows."""
        found: dict[str, Any] = {"@odata.etag": f'W/"{row["versionnumber"]}"'}
        if self._annotated:
            self._annotate(found, row)
        if self.columns is None:
            found |= row
        else:
            for name in self.columns:
                found[name] = row[name]
            primary_id = self.table.schema.primary_id
            found[primary_id] = row[primary_id]
        for column, shape in self.expanded:
            other = shape.table.rows.get(row[column.property] or "")
            found[column.navigation] = None if other is None else shape.of(other)
        for column in self.references:
            row_id = row[column.property]
            target = self.table.tables[column.target].schema.set_name
            reference = {"@odata.id": f"{self._api_url}{target}({row_id})"}
            found[column.navigation] = None if row_id is None else reference
        return found

    def _annotate(self, found: dict[str, Any], row: Row) -> None:
        for column in self._formatted:
            if (text := formatted(self.table, column, row)) is not None:
                found[f"{column.property}@{FORMATTED}"] = text
        for column in self._lookups:
            if row[column.property] is not None:
                if self._navigation:
                    found[f"{column.property}@{NAVIGATION}"] = column.navigation
                if self._lookup_name:
                    found[f"{column.property}@{LOOKUP_NAME}"] = column.target


def formatted(table: Table, column: Column, row: Row) -> str | None:
    """Return a column as an English-speaking user with the default settings reads it.

    None for a value without such a form.
    """
    value = row[column.property]
    if value is None:
        return None
    text: str | None = None
    match column.type:
        case "choice" | "state" | "status":
            text = column.options.get(value)
        case "boolean":
            text = "Yes" if value else "No"
        case "integer" | "bigint":
            text = f"{value:,}"
        case "decimal" | "double" | "money":
            text = f"{value:,.{column.precision}f}"
        case "date" | "datetime":
            text = _moment(value)
        case "lookup":
            target = table.tables[column.target]
            other = target.rows.get(value)
            text = None if other is None else other[target.schema.primary_name]
    return text


def _moment(value: str) -> str:
    day = f"{int(value[5:7])}/{int(value[8:10])}/{value[:4]}"
    if "T" not in value:
        return day
    hour = int(value[11:13])
    return f"{day} {hour % 12 or 12}:{value[14:16]} {'AM' if hour < _NOON else 'PM'}"


def _selected(table: Table, select: str | None) -> list[str] | None:
    if not select:
        return None
    names = [name.strip() for name in select.split(",")]
    for name in names:
        if name not in table.schema.columns and name != "*":
            raise unserved.unknown_property(table, name)
    return None if "*" in names else list(dict.fromkeys(names))


def _expanded(table: Table, expand: str | None) -> tuple[Sequence[tuple[Column, Shape]], Sequence[Column]]:
    """Return the lookups whose rows are put inside, and the lookups that are given as references."""
    found: list[tuple[Column, Shape]] = []
    references: list[Column] = []
    for path, options in expand_items(expand or ""):
        name, _, suffix = path.partition("/")
        column = table.schema.navigations.get(name)
        if suffix == "$ref" and unserved.is_collection(table, name):
            raise refused("Expand with $ref is only supported on lookup type navigation property.")
        if column is None:
            raise unserved.unknown_property(table, name)
        if suffix == "$ref":
            references.append(column)
        elif suffix:
            raise DataverseError.not_served(f"$expand of {path}")
        else:
            found.append((column, Shape(table.tables[column.target], options)))
    return found, references


def expand_items(expand: str) -> list[tuple[str, Options]]:
    """Return `a,b($select=c,d)` as paths, each with its own options. Only `$select` is served; others raise 501."""
    found: list[tuple[str, Options]] = []
    position = 0
    while position < len(expand):
        match = _EXPANDED.match(expand, position)
        if match is None:
            if _MORE.search(expand):
                raise DataverseError.not_served(f"$expand={expand}")
            raise refused(f"Syntax error in $expand: '{expand}'.")
        path, inside = match.groups()
        options = Options()
        for part in filter(None, (inside or "").split(";")):
            option, _, value = part.strip().partition("=")
            if option != "$select":
                raise DataverseError.not_served(f"{option} in $expand")
            options[option] = value
        found.append((path, options))
        position = match.end()
    return found


def _asked(pattern: str) -> Callable[[str], bool]:
    """Return whether `*,-Microsoft.*` and the like include an annotation (OData 4.0 part 1, 8.2.8.4)."""
    parts = [part.strip() for part in pattern.split(",")]
    excluded = [part[1:] for part in parts if part.startswith("-")]
    included = [part for part in parts if not part.startswith("-")]

    def asked(name: str) -> bool:
        return any(fnmatch.fnmatchcase(name, part) for part in included) and not any(
            fnmatch.fnmatchcase(name, part) for part in excluded
        )

    return asked
