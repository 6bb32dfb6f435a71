"""EntityDefinitions and RelationshipDefinitions: tables, their columns, keys and relationships."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from emulators.dataverse.metadata import attributes, definitions
from emulators.dataverse.metadata.definition_queries import addressed, collection, json_reply, property_reply, selected
from emulators.dataverse.model.errors import DataverseError
from emulators.dataverse.odata.shapes import expand_items

if TYPE_CHECKING:
    from collections.abc import Sequence

    from emulators.dataverse.environment import Environment
    from emulators.dataverse.metadata.definition_defaults import Definition
    from emulators.dataverse.model.messages import Response
    from emulators.dataverse.model.schema import TableSchema
    from emulators.dataverse.odata.urls import Options

_NAMES: Final = ("LogicalName", "MetadataId")
_RELATIONSHIPS: Final = ("OneToManyRelationships", "ManyToOneRelationships", "ManyToManyRelationships")
_OPTION_SETS: Final = ("OptionSet", "GlobalOptionSet")


class EntityDefinitions:
    """One request to EntityDefinitions or RelationshipDefinitions. A wrong one raises DataverseError."""

    def __init__(self, environment: Environment, options: Options) -> None:
        self.environment = environment
        self.options = options

    def respond(self, segments: Sequence[str]) -> Response:
        """Respond to `EntityDefinitions` or `EntityDefinitions(…)`, the first of the path's segments."""
        schemas = self.environment.store.schemas
        items = [(schema, definitions.entity(schema)) for schema in schemas]
        schema = addressed(segments[0], items, "EntityMetadata", _NAMES)
        if schema is None:
            _no_more(segments[1:])
            found = [self._expanded(schema) for schema in schemas]
            return collection(self.environment, "EntityDefinitions", "EntityMetadata", found, self.options)
        context = f"EntityDefinitions('{schema.name}')"
        if len(segments) == 1:
            return self._single(context, self._expanded(schema), "EntityMetadata")
        name = segments[1].partition("(")[0]
        if name == "Attributes":
            return self._attributes(schema, segments[1:], f"{context}/Attributes")
        below = self._below(schema, name)
        if below is None:
            return property_reply(self.environment, context, definitions.entity(schema), segments[1:], self.options)
        keys = ("SchemaName", "MetadataId") if name in _RELATIONSHIPS else _NAMES
        return self._listed(segments[1:], below, f"{context}/{name}", keys)

    def relationships(self, segments: Sequence[str]) -> Response:
        """Respond to `RelationshipDefinitions` or `RelationshipDefinitions(…)`, the first of the path's segments."""
        found = definitions.relationships(self.environment.store.schemas)
        return self._listed(segments, found, "RelationshipDefinitions", ("SchemaName", "MetadataId"))

    def _below(self, schema: TableSchema, name: str) -> list[Definition] | None:
        """Return the items of a table's collection by its name; None for a name that is no collection."""
        relationships = definitions.relationships(self.environment.store.schemas)
        match name:
            case "Attributes":
                return [attributes.attribute(schema, column) for column in schema.columns.values()]
            case "Keys":
                built = [definitions.key(schema, key) for key in schema.keys]
                store = self.environment.store
                return built + [
                    definitions.key(schema, key)
                    | {"EntityKeyIndexStatus": "Failed" if at in store.failed else "Pending"}
                    for at, (key, _) in store.building.items()
                    if at[0] == schema.name
                ]
            case "OneToManyRelationships":
                return [item for item in relationships if item["ReferencedEntity"] == schema.name]
            case "ManyToOneRelationships":
                return [item for item in relationships if item["ReferencingEntity"] == schema.name]
            case "ManyToManyRelationships":
                return []
        return None

    def _attributes(self, schema: TableSchema, segments: Sequence[str], context: str) -> Response:
        segment, *rest = segments
        cast = rest.pop(0) if rest and rest[0].startswith(definitions.NAMESPACE) else ""
        items = [(column, attributes.attribute(schema, column)) for column in schema.columns.values()]
        if cast:
            attributes.check_cast(cast)
            items = [item for item in items if item[1]["@odata.type"] == f"#{cast}"]
            context += f"/{cast}"
        expanded = expand_items(self.options.get("$expand", ""))
        for name, _ in expanded:
            if name not in _OPTION_SETS or not cast or cast not in attributes.WITH_OPTIONS:
                raise DataverseError.unknown_property(name, "AttributeMetadata")
        for column, item in items:
            for name, options in expanded:
                option_set = attributes.option_set(schema, column) if name == "OptionSet" else None
                item[name] = option_set and selected([option_set], options, "OptionSetMetadata", None)[0]
        one = addressed(segment, [(item, item[1]) for item in items], "AttributeMetadata", _NAMES)
        known = None if cast else attributes.BASE_ATTRIBUTE
        if one is None:
            _no_more(rest)
            found = [item for _, item in items]
            return collection(self.environment, context, "AttributeMetadata", found, self.options, known=known)
        column, item = one
        if not rest:
            return self._single(context, item, "AttributeMetadata", known)
        if cast in attributes.WITH_OPTIONS and rest[0] in _OPTION_SETS:
            item |= {"OptionSet": attributes.option_set(schema, column), "GlobalOptionSet": None}
        return property_reply(self.environment, context, item, rest, self.options)

    def _listed(
        self, segments: Sequence[str], items: Sequence[Definition], context: str, keys: tuple[str, ...]
    ) -> Response:
        segment, *rest = segments
        if rest and rest[0].startswith(definitions.NAMESPACE):
            cast = rest.pop(0)
            if cast not in definitions.RELATIONSHIP_TYPES or context.endswith("/Keys"):
                raise DataverseError.no_such_segment(cast)
            items = [item for item in items if item["@odata.type"] == f"#{cast}"]
            context += f"/{cast}"
        one = addressed(segment, [(item, item) for item in items], "MetadataBase", keys)
        if "$expand" in self.options:
            raise DataverseError.not_served(f"$expand of {context}")
        if one is None:
            _no_more(rest)
            return collection(self.environment, context, "MetadataBase", items, self.options)
        if rest:
            return property_reply(self.environment, context, one, rest, self.options)
        return self._single(context, one, "MetadataBase")

    def _expanded(self, schema: TableSchema) -> Definition:
        found = definitions.entity(schema)
        for name, options in expand_items(self.options.get("$expand", "")):
            below = self._below(schema, name)
            if below is None:
                raise DataverseError.unknown_property(name, "EntityMetadata")
            known = attributes.BASE_ATTRIBUTE if name == "Attributes" else None
            found[name] = selected(below, options, "MetadataBase", known)
        return found

    def _single(self, context: str, item: Definition, kind: str, known: frozenset[str] | None = None) -> Response:
        self.options.only("$select", "$expand")
        body = {"@odata.context": f"{self.environment.api_url}$metadata#{context}/$entity"}
        return json_reply(body | selected([item], self.options, kind, known)[0])


def _no_more(segments: Sequence[str]) -> None:
    """Raise DataverseError for segments behind a collection."""
    if segments and segments[0].startswith("$"):
        raise DataverseError.not_served(f"{segments[0]} of definitions")
    if segments:
        raise DataverseError.no_such_segment(segments[0])
