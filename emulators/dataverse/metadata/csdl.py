"""`$metadata`: the environment's tables as an OData CSDL document (OData 4.0, part 3)."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Final

from emulators.dataverse.model.conversions import EDM

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from emulators.dataverse.model.schema import AlternateKey, Column, TableSchema

_HEAD: Final = """<?xml version="1.0" encoding="utf-8"?>
<edmx:Edmx Version="4.0" xmlns:edmx="http://docs.oasis-open.org/odata/ns/edmx">
<edmx:Reference Uri="http://vocabularies.odata.org/OData.Community.Keys.V1.xml">
<edmx:Include Namespace="OData.Community.Keys.V1" Alias="Keys" />
</edmx:Reference>
<edmx:DataServices>
<Schema Namespace="Microsoft.Dynamics.CRM" Alias="mscrm" xmlns="http://docs.oasis-open.org/odata/ns/edm">
<EntityType Name="crmbaseentity" Abstract="true" />
<ComplexType Name="WhoAmIResponse">
<Property Name="BusinessUnitId" Type="Edm.Guid" Nullable="false" />
<Property Name="UserId" Type="Edm.Guid" Nullable="false" />
<Property Name="OrganizationId" Type="Edm.Guid" Nullable="false" />
</ComplexType>
<Function Name="WhoAmI"><ReturnType Type="mscrm.WhoAmIResponse" Nullable="false" /></Function>"""
_TAIL: Final = "</Schema>\n</edmx:DataServices>\n</edmx:Edmx>\n"


def document(schemas: Iterable[TableSchema], *, annotations: bool) -> str:
    """Return the XML. With `annotations`, sets say whether their changes are tracked."""
    tables = tuple(schemas)
    by_name = {schema.name: schema for schema in tables}
    lines = [_HEAD]
    for schema in tables:
        lines += _entity_type(schema, by_name)
    lines.append('<EntityContainer Name="System">')
    for schema in tables:
        lines += _entity_set(schema, by_name, annotations=annotations)
    lines += ['<FunctionImport Name="WhoAmI" Function="mscrm.WhoAmI" />', "</EntityContainer>", _TAIL]
    return "\n".join(lines)


def _entity_type(schema: TableSchema, by_name: dict[str, TableSchema]) -> Iterator[str]:
    yield f'<EntityType Name="{escape(schema.name)}" BaseType="mscrm.crmbaseentity">'
    yield f'<Key><PropertyRef Name="{escape(schema.primary_id)}" /></Key>'
    for column in schema.columns.values():
        yield _property(column)
    for column in schema.navigations.values():
        yield f'<NavigationProperty Name="{escape(column.navigation)}" Type="mscrm.{escape(column.target)}">'
        yield (
            f'<ReferentialConstraint Property="{escape(column.property)}"'
            f' ReferencedProperty="{escape(by_name[column.target].primary_id)}" />'
        )
        yield "</NavigationProperty>"
    if schema.keys:
        yield '<Annotation Term="OData.Community.Keys.V1.AlternateKeys"><Collection>'
        for key in schema.keys:
            yield from _key(key)
        yield "</Collection></Annotation>"
    yield "</EntityType>"


def _property(column: Column) -> str:
    facets = f' MaxLength="{column.max_length}"' if column.max_length else ""
    if column.type in {"decimal", "money"}:
        facets = f' Scale="{column.precision}"'
    if column.required:
        facets += ' Nullable="false"'
    return f'<Property Name="{escape(column.property)}" Type="Edm.{EDM[column.type]}"{facets} />'


def _key(key: AlternateKey) -> Iterator[str]:
    yield '<Record Type="OData.Community.Keys.V1.AlternateKey"><PropertyValue Property="Key"><Collection>'
    for column in key.columns:
        name = escape(column)
        yield '<Record Type="OData.Community.Keys.V1.PropertyRef">'
        yield f'<PropertyValue Property="Alias" String="{name}" />'
        yield f'<PropertyValue Property="Name" PropertyPath="{name}" /></Record>'
    yield "</Collection></PropertyValue></Record>"


def _entity_set(schema: TableSchema, by_name: dict[str, TableSchema], *, annotations: bool) -> Iterator[str]:
    yield f'<EntitySet Name="{escape(schema.set_name)}" EntityType="mscrm.{escape(schema.name)}">'
    for column in schema.navigations.values():
        target = escape(by_name[column.target].set_name)
        yield f'<NavigationPropertyBinding Path="{escape(column.navigation)}" Target="{target}" />'
    if annotations and schema.change_tracking:
        yield (
            '<Annotation Term="Org.OData.Capabilities.V1.ChangeTracking">'
            '<Record><PropertyValue Property="Supported" Bool="true" /></Record></Annotation>'
        )
    yield "</EntitySet>"
