"""The "website" section of a schema file: which rows of a table the public sees, and how they are shown."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal
from zoneinfo import ZoneInfo

from pydantic import TypeAdapter

from emulators.dataverse.model.schema import SchemaError

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class ShownColumn:
    """A column that visitors see. `shown_as`: the heading of an entry, a number to call, an address to write to."""

    name: str
    label: str
    shown_as: Literal["heading", "text", "phone", "email"] = "text"


@dataclass(frozen=True, slots=True)
class WebsiteDefinition:
    """Which rows of which table visitors see, which columns of them, and the page that shows them."""

    set: str
    columns: tuple[ShownColumn, ...]
    published: str = ""
    """A yes/no column: a row where it is no is not shown. An inactive row never is."""
    search: str = ""
    """The text column that visitors search in."""
    parameter: str = "search"
    """The parameter of the address that holds what a visitor searches for."""
    template: str = ""
    """A Jinja template that makes the page, beside the schema file; without one the page is JSON only."""
    language: Literal["", "nb"] = ""
    """The language whose alphabet orders the entries; without one the order is that of Unicode."""
    time_zone: str = "UTC"
    """The zone of the page's times."""


def load(path: Path) -> WebsiteDefinition | None:
    """Return the website of a schema file, None without one. Raises SchemaError."""
    try:
        section = json.loads(path.read_text(encoding="utf-8")).get("website")
        if section is None:
            return None
        definition = TypeAdapter(WebsiteDefinition).validate_python(section)
        ZoneInfo(definition.time_zone)
    except (OSError, ValueError, AttributeError, KeyError) as error:
        raise SchemaError(f"{path}: {error}") from None
    if not definition.template:
        return definition
    template = path.parent.resolve() / definition.template
    if not template.is_file():
        raise SchemaError(f"{path}: there is no template {definition.template} beside it")
    return replace(definition, template=str(template))
