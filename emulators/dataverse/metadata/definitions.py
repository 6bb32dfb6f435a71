"""Table definitions as the Web API shows them: EntityMetadata, AttributeMetadata, EntityKeyMetadata, relationships."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Final

from emulators.dataverse.metadata.definition_defaults import (
    KEY,
    PRIVILEGES,
    RELATIONSHIP,
    TABLE,
    Definition,
    label,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from emulators.dataverse.model.schema import AlternateKey, TableSchema

NAMESPACE: Final = "Microsoft.Dynamics.CRM."
BOTH_WAYS: Final = "OneToManyRelationshipMetadata"
RELATIONSHIP_TYPES: Final = frozenset({f"{NAMESPACE}{BOTH_WAYS}", f"{NAMESPACE}ManyToManyRelationshipMetadata"})
_SPACE: Final = uuid.UUID("10ca1000-0000-4000-8000-0000000000ff")


def entity(schema: TableSchema) -> Definition:
    """Return the definition of one table."""
    return TABLE | {
        "MetadataId": metadata_id(schema.name),
        "LogicalName": schema.name,
        "SchemaName": schema.schema_name,
        "EntitySetName": schema.set_name,
        "LogicalCollectionName": schema.set_name,
        "CollectionSchemaName": f"{schema.schema_name}s",
        "ReportViewName": f"Filtered{schema.schema_name}",
        "PrimaryIdAttribute": schema.primary_id,
        "PrimaryNameAttribute": schema.primary_name,
        "ObjectTypeCode": schema.object_type_code,
        "ChangeTrackingEnabled": schema.change_tracking,
        "DisplayName": label(schema.display_name),
        "DisplayCollectionName": label(f"{schema.display_name}s"),
        "Privileges": [_privilege(schema, kind) for kind in PRIVILEGES],
    }


def _privilege(schema: TableSchema, kind: str) -> Definition:
    name = f"prv{kind}{schema.schema_name}"
    depths = dict.fromkeys(("CanBeBasic", "CanBeDeep", "CanBeGlobal", "CanBeLocal"), True)
    references = dict.fromkeys(("CanBeEntityReference", "CanBeParentEntityReference"), False)
    return {**depths, **references, "Name": name, "PrivilegeId": metadata_id(name), "PrivilegeType": kind}


def key(schema: TableSchema, alternate: AlternateKey) -> Definition:
    """Return the definition of one alternate key, its index built."""
    return KEY | {
        "MetadataId": metadata_id(f"{schema.name}.{alternate.name}"),
        "LogicalName": alternate.name.lower(),
        "SchemaName": alternate.name,
        "EntityLogicalName": schema.name,
        "KeyAttributes": [schema.columns[column].name for column in alternate.columns],
        "DisplayName": label(alternate.name),
    }


def relationships(schemas: Iterable[TableSchema]) -> list[Definition]:
    """Return the definition of each lookup's relationship."""
    by_name: Mapping[str, TableSchema] = {schema.name: schema for schema in schemas}
    return [
        RELATIONSHIP
        | {
            "@odata.type": f"#{NAMESPACE}{BOTH_WAYS}",
            "MetadataId": metadata_id(f"{schema.name}.{column.name}.relationship"),
            "SchemaName": column.relationship(schema.name),
            "ReferencedEntity": column.target,
            "ReferencedAttribute": by_name[column.target].primary_id,
            "ReferencingEntity": schema.name,
            "ReferencingAttribute": column.name,
            "ReferencedEntityNavigationPropertyName": column.relationship(schema.name),
            "ReferencingEntityNavigationPropertyName": column.navigation,
        }
        for schema in by_name.values()
        for column in schema.columns.values()
        if column.target
    ]


def metadata_id(name: str) -> str:
    """Return the id that a definition of this name always has."""
    return str(uuid.uuid5(_SPACE, name))
