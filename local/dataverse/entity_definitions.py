"""EntityDefinitions: tables, their columns, keys and relationships."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from local.dataverse import definitions
from local.dataverse.definition_queries import collection, json_reply, selected
from local.dataverse.errors import DataverseError
from local.dataverse.shapes import expand_items

if TYPE_CHECKING:
    from collections.abc import Sequence

    from local.dataverse.app import Emulator
    from local.dataverse.definitions import Definition
    from local.dataverse.messages import Response
    from local.dataverse.schema import TableSchema
    from local.dataverse.urls import Options

_SEGMENT: Final = re.compile(r"([\w.$]+)(?:\((?:(\w+)=)?'?([^()']*)'?\))?")


class EntityDefinitions:
    """One request to EntityDefinitions."""

    def __init__(self, emulator: Emulator, options: Options) -> None:
        self.emulator = emulator
        self.options = options

    def answer(self, segments: Sequence[str]) -> Response:
        """The path's segments, `EntityDefinitions` or `EntityDefinitions(…)` first. Raises DataverseError."""
        schemas = self.emulator.store.schemas
        schema = self._one(segments[0], [(schema, definitions.entity(schema)) for schema in schemas], "EntityMetadata")
        if schema is None:
            found = [self._expanded(schema) for schema in schemas]
            return collection(self.emulator, "EntityDefinitions", "EntityMetadata", found, self.options)
        if len(segments) == 1:
            return self._single(f"EntityDefinitions('{schema.name}')", self._expanded(schema), "EntityMetadata")
        return self._below(schema, segments[1], segments[2] if len(segments) > 2 else "")  # noqa: PLR2004 - a cast

    def _below(self, schema: TableSchema, segment: str, cast: str) -> Response:
        name = segment.partition("(")[0]
        context = f"EntityDefinitions('{schema.name}')/{name}"
        relationships = definitions.relationships(self.emulator.store.schemas)
        match name:
            case "Attributes":
                return self._attributes(schema, segment, cast, context)
            case "Keys":
                return self._listed(segment, [definitions.key(schema, key) for key in schema.keys], context)
            case "OneToManyRelationships":
                found = [item for item in relationships if item["ReferencedEntity"] == schema.name]
            case "ManyToOneRelationships":
                found = [item for item in relationships if item["ReferencingEntity"] == schema.name]
            case "ManyToManyRelationships":
                found = []
            case _:
                raise DataverseError.no_such_segment(name)
        return self._listed(segment, found, context)

    def _attributes(self, schema: TableSchema, segment: str, cast: str, context: str) -> Response:
        items = [(column, definitions.attribute(schema, column)) for column in schema.columns.values()]
        if cast:
            items = [item for item in items if item[1]["@odata.type"] == f"#{cast}"]
            context += f"/{cast}"
        expanded = [name for name, _ in expand_items(self.options.get("$expand", ""))]
        if expanded not in ([], ["OptionSet"]) or (expanded and not cast):
            raise DataverseError.unknown_property(expanded[0], "AttributeMetadata")
        for column, item in items if expanded else ():
            item["OptionSet"] = definitions.option_set(schema, column)
        one = self._one(segment, [(item, item) for _, item in items], "AttributeMetadata")
        known = None if cast else definitions.BASE_ATTRIBUTE
        if one is not None:
            return self._single(context, one, "AttributeMetadata", known)
        found = [item for _, item in items]
        return collection(self.emulator, context, "AttributeMetadata", found, self.options, known=known)

    def _listed(self, segment: str, items: Sequence[Definition], context: str) -> Response:
        one = self._one(segment, [(item, item) for item in items], "MetadataBase")
        if one is not None:
            return self._single(context, one, "MetadataBase")
        return collection(self.emulator, context, "MetadataBase", items, self.options)

    def _expanded(self, schema: TableSchema) -> Definition:
        found = definitions.entity(schema)
        for name, options in expand_items(self.options.get("$expand", "")):
            if name == "Attributes":
                items = [definitions.attribute(schema, column) for column in schema.columns.values()]
                found[name] = selected(items, options, "AttributeMetadata", definitions.BASE_ATTRIBUTE)
            elif name == "Keys":
                keys = [definitions.key(schema, key) for key in schema.keys]
                found[name] = selected(keys, options, "EntityKeyMetadata", None)
            else:
                raise DataverseError.unknown_property(name, "EntityMetadata")
        return found

    def _one[T](self, segment: str, items: Sequence[tuple[T, Definition]], kind: str) -> T | None:
        """What `Keys(…)` addresses, None where a segment addresses all. Raises DataverseError for what is not there."""
        match = _SEGMENT.fullmatch(segment)
        if match is None:
            raise DataverseError.no_such_segment(segment)
        _, name, value = match.groups()
        if value is None:
            return None
        for found, item in items:
            if item.get(name or "MetadataId") == (value if name else value.lower()):
                return found
        raise DataverseError(404, "0x80060888", f"Could not find {kind} with {name or 'MetadataId'} = {value}.")

    def _single(self, context: str, item: Definition, kind: str, known: frozenset[str] | None = None) -> Response:
        self.options.only("$select", "$expand")
        body = {"@odata.context": f"{self.emulator.api_url}$metadata#{context}/$entity"}
        return json_reply(body | selected([item], self.options, kind, known)[0])
