"""Lists of definitions: `$select` and `$filter`, no order and no top ("Query table definitions using the Web API")."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, Final

from emulators.dataverse.model import choices
from emulators.dataverse.model.comparisons import FilterColumn
from emulators.dataverse.model.conversions import GUID
from emulators.dataverse.model.errors import CONTENT_TYPE, ODATA_VERSION, DataverseError
from emulators.dataverse.model.messages import Response
from emulators.dataverse.odata import unserved, urls
from emulators.dataverse.odata.filters import compile_filter
from emulators.dataverse.odata.shapes import expand_items

if TYPE_CHECKING:
    from collections.abc import Sequence

    from emulators.dataverse.environment import Environment
    from emulators.dataverse.metadata.definition_defaults import Definition


_SEGMENT: Final = re.compile(r"[\w.$]+(\((?:(\w+)=)?(?:'([^']*)'|([^()',=]*))\))?")


def collection(
    environment: Environment,
    context: str,
    kind: str,
    items: Sequence[Definition],
    options: urls.Options,
    *,
    known: frozenset[str] | None = None,
) -> Response:
    """Return a list of definitions of one `kind` as a reply. Raises DataverseError.

    `known` are the names that may be selected, None for those the items have.
    """
    options.only("$select", "$expand", "$filter", "$count")
    if text := options.get("$filter"):
        sample = items[0] if items else {}
        holds = compile_filter(text, lambda path: _filter_column(sample, path, kind), options.aliases)
        items = [item for item in items if holds(item)]
    body: Definition = {"@odata.context": f"{environment.api_url}$metadata#{context}"}
    if urls.yes_or_no(options, "$count"):
        body["@odata.count"] = len(items)
    body["value"] = selected(items, options, kind, known)
    return json_reply(body)


def selected(
    items: Sequence[Definition], options: urls.Options, kind: str, known: frozenset[str] | None
) -> list[Definition]:
    """Return of each item the properties that `$select` names and those that are always there.

    Raises DataverseError.
    """
    if not options.get("$select"):
        return list(items)
    names = [name.strip() for name in options["$select"].split(",")]
    allowed = known if known is not None else {name for item in items for name in item}
    for name in names:
        if items and name not in allowed:
            raise DataverseError.unknown_property(name, kind)
    always = {"@odata.type", "MetadataId", *(name for name, _ in expand_items(options.get("$expand", "")))}
    return [{name: value for name, value in item.items() if name in names or name in always} for item in items]


def addressed[T](segment: str, items: Sequence[tuple[T, Definition]], kind: str, keys: tuple[str, ...]) -> T | None:
    """Return the item that `Keys(…)` addresses, None where a segment addresses all.

    Raises DataverseError for an item that is not there.

    `keys` are the properties by which one can be addressed.
    """
    match = _SEGMENT.fullmatch(segment)
    if match is None:
        raise DataverseError.not_a_key(kind)
    whole, name, text, bare = match.groups()
    if not whole:
        return None
    name, value = name or "MetadataId", bare.lower() if text is None else text
    is_id = name == "MetadataId"
    if name not in keys or is_id != (text is None) or (is_id and not GUID.fullmatch(value)):
        raise DataverseError.not_a_key(kind)
    for found, item in items:
        if item[name] == value:
            return found
    if kind == "EntityMetadata" and unserved.is_system_table(value):
        raise DataverseError.not_served(f"the definition of the system's table {value}")
    raise DataverseError(404, choices.NO_DEFINITION_CODE, f"Could not find {kind} with {name} = {value}.")


def property_reply(
    environment: Environment, context: str, item: Definition, segments: Sequence[str], options: urls.Options
) -> Response:
    """Return one property of a definition by itself, with a `$select` inside it. Raises DataverseError."""
    name = segments[0]
    if name == "AsyncJob":  # of a key, and no property of it
        raise DataverseError.not_served(f"{name} of a definition")
    if name not in item:
        raise DataverseError.no_such_segment(name.partition("(")[0])
    if len(segments) > 1:
        raise DataverseError.not_served(f"{'/'.join(segments)} of a definition")
    value = item[name]
    options.only(*(("$select",) if isinstance(value, dict) else ()))
    if value is None:
        return Response(204, [ODATA_VERSION])
    body = {"@odata.context": f"{environment.api_url}$metadata#{context}/{name}"}
    if isinstance(value, dict):
        return json_reply(body | selected([value], options, f"{name}Metadata", None)[0])
    return json_reply(body | {"value": value})


def _filter_column(sample: Definition, path: str, kind: str) -> FilterColumn:
    """Return a property of a definition as a column of a filter. Case counts in its text.

    One definition shows the type of its values.
    """
    steps = path.split("/")

    def get(item: Definition) -> Any:  # noqa: ANN401 - a JSON value
        value: Any = item
        for step in steps:
            value = value.get(step) if isinstance(value, dict) else None
        return value

    example = get(sample)
    if example is None and steps[0] not in sample and sample:
        raise DataverseError.unknown_property(path, kind)
    if isinstance(example, bool):
        return FilterColumn("boolean", get)
    if isinstance(example, int):
        return FilterColumn("number", get)
    return FilterColumn("guid" if path == "MetadataId" else "word", get)


def json_reply(body: Definition) -> Response:
    """Return a body as a reply with 200."""
    return Response(200, [CONTENT_TYPE, ODATA_VERSION], json.dumps(body, ensure_ascii=False).encode())
