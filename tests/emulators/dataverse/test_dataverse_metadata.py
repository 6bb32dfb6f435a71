"""What the emulator says of its tables: `$metadata`, the service document, EntityDefinitions, messages; BulkDelete."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree as ET

import pytest

from tests.support.dataverse_queries import many
from tests.support.dataverse_service import EXAMPLES, MENTORS

if TYPE_CHECKING:
    from tests.support.dataverse_service import RunningEmulator

EDM = "{http://docs.oasis-open.org/odata/ns/edm}"
EDMX = "{http://docs.oasis-open.org/odata/ns/edmx}"
EXAMPLE = "EntityDefinitions(LogicalName='hlf_example')"


def document(service, query=""):
    response = service.get(f"$metadata{query}")
    assert response.status_code == 200
    assert response.headers["content-type"] == "application/xml"
    return ET.fromstring(response.content)  # noqa: S314 - of our own making


def value(service, path):
    response = service.get(path)
    assert response.status_code == 200, response.text
    return response.json()["value"]


# $metadata


def test_the_metadata_document_has_every_table_and_column(service: RunningEmulator) -> None:
    """The metadata document has every table with its columns and types."""
    (schema,) = document(service).iterfind(f".//{EDM}Schema")
    types = {item.get("Name"): item for item in schema.iterfind(f"{EDM}EntityType")}
    for table in service.environment.store.schemas:
        entity = types[table.name]
        assert [item.get("Name") for item in entity.iterfind(f"{EDM}Key/{EDM}PropertyRef")] == [table.primary_id]
        assert {item.get("Name") for item in entity.iterfind(f"{EDM}Property")} == set(table.columns)
    properties = {item.get("Name"): item for item in types["hlf_example"].iterfind(f"{EDM}Property")}
    kinds = {
        "hlf_code": "Edm.String",
        "hlf_active": "Edm.Boolean",
        "hlf_count": "Edm.Int32",
        "hlf_amount": "Edm.Decimal",
        "hlf_when": "Edm.DateTimeOffset",
        "hlf_day": "Edm.Date",
        "hlf_kind": "Edm.Int32",
        "_hlf_mentor_value": "Edm.Guid",
        "hlf_exampleid": "Edm.Guid",
        "versionnumber": "Edm.Int64",
    }
    assert {name: properties[name].get("Type") for name in kinds} == kinds
    assert properties["hlf_code"].get("MaxLength") == "20"
    (navigation,) = types["hlf_example"].iterfind(f"{EDM}NavigationProperty")
    assert (navigation.get("Name"), navigation.get("Type")) == ("hlf_Mentor", "mscrm.hlf_peermentor")


def test_the_metadata_document_has_the_alternate_keys(service: RunningEmulator) -> None:
    (schema,) = document(service).iterfind(f".//{EDM}Schema")
    (entity,) = (item for item in schema if item.get("Name") == "hlf_example")
    (annotation,) = entity.iterfind(f"{EDM}Annotation")
    assert annotation.get("Term") == "OData.Community.Keys.V1.AlternateKeys"
    keys = [
        [name.get("PropertyPath") for name in key.iter(f"{EDM}PropertyValue") if name.get("Property") == "Name"]
        for key in annotation.iterfind(f"{EDM}Collection/{EDM}Record")
    ]
    assert keys == [["hlf_code", "hlf_year"], ["_hlf_mentor_value", "hlf_kind"]]


def test_the_metadata_document_says_what_is_tracked_if_asked(
    service: RunningEmulator,
) -> None:
    """The metadata document says whose changes are tracked if annotations are asked for."""

    def tracked(query):
        sets = document(service, query).iterfind(f".//{EDM}EntitySet")
        return [item.get("Name") for item in sets if item.find(f"{EDM}Annotation") is not None]

    assert tracked("") == []
    assert tracked("?annotations=true") == ["hlf_peermentors"]


def test_the_service_document_lists_the_sets(service: RunningEmulator) -> None:
    found = {item["name"]: item for item in value(service, "")}
    assert found[MENTORS] == {"name": MENTORS, "kind": "EntitySet", "url": MENTORS}
    assert EXAMPLES in found


# EntityDefinitions


def test_a_table_is_found_by_its_logical_name(service: RunningEmulator) -> None:
    query = "?$select=LogicalName,EntitySetName,PrimaryIdAttribute&$filter=LogicalName eq 'hlf_peermentor'"
    (found,) = value(service, f"EntityDefinitions{query}")
    metadata_id = found.pop("MetadataId")
    assert found == {
        "LogicalName": "hlf_peermentor",
        "EntitySetName": "hlf_peermentors",
        "PrimaryIdAttribute": "hlf_peermentorid",
    }
    for address in ("LogicalName='hlf_peermentor'", metadata_id, metadata_id.upper(), f"MetadataId={metadata_id}"):
        assert service.row(f"EntityDefinitions({address})")["SchemaName"] == "hlf_PeerMentor"


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("ChangeTrackingEnabled eq true", 1),
        ("ChangeTrackingEnabled eq false and CanChangeTrackingBeEnabled/Value eq false", 0),
        ("IsPrivate eq false", 2),
        ("IsPrivate eq false and (SchemaName eq 'hlf_Example')", 1),
        ("LogicalName eq 'HLF_EXAMPLE'", 0),  # case counts in names
        ("ObjectTypeCode gt 10000", 2),
        ("MetadataId ne 00000000-0000-0000-0000-000000000000", 2),
    ],
)
def test_tables_can_be_filtered(service: RunningEmulator, text: str, number: int) -> None:
    assert len(value(service, f"EntityDefinitions?$filter={text}")) == number


def test_columns_have_what_their_types_add(service: RunningEmulator) -> None:
    found = {item["LogicalName"]: item for item in value(service, f"{EXAMPLE}/Attributes")}
    assert found["hlf_code"]["@odata.type"] == "#Microsoft.Dynamics.CRM.StringAttributeMetadata"
    assert found["hlf_code"]["MaxLength"] == 20
    assert found["hlf_amount"]["Precision"] == 2
    assert found["hlf_mentor"]["Targets"] == ["hlf_peermentor"]
    assert found["hlf_exampleid"]["IsPrimaryId"]
    assert found["hlf_name"]["IsPrimaryName"]
    assert not found["versionnumber"]["IsValidForUpdate"]
    assert not any("OptionSet" in item for item in found.values())
    query = "?$select=LogicalName&$filter=AttributeType eq Microsoft.Dynamics.CRM.AttributeTypeCode'Picklist'"
    assert [item["LogicalName"] for item in value(service, f"{EXAMPLE}/Attributes{query}")] == ["hlf_kind"]
    one = service.row(f"{EXAMPLE}/Attributes(LogicalName='hlf_code')?$select=SchemaName")
    assert one["SchemaName"] == "hlf_code"
    assert "MaxLength" not in one


def test_the_options_of_choices_are_in_their_option_sets(service: RunningEmulator) -> None:
    cast = "Attributes/Microsoft.Dynamics.CRM.PicklistAttributeMetadata"
    (found,) = value(service, f"{EXAMPLE}/{cast}?$select=LogicalName&$expand=OptionSet($select=Options)")
    options = found["OptionSet"]["Options"]
    assert [(item["Value"], item["Label"]["UserLocalizedLabel"]["Label"]) for item in options] == [
        (100000000, "First"),
        (100000001, "Second"),
        (100000002, "Third"),
    ]
    cast = "Attributes(LogicalName='hlf_active')/Microsoft.Dynamics.CRM.BooleanAttributeMetadata"
    assert service.row(f"{EXAMPLE}/{cast}?$expand=OptionSet")["OptionSet"]["TrueOption"]["Value"] == 1


def test_keys_and_relationships_are_listed(service: RunningEmulator) -> None:
    keys = {item["SchemaName"]: item for item in value(service, f"{EXAMPLE}/Keys")}
    assert keys["hlf_mentor_kind_key"]["KeyAttributes"] == ["hlf_mentor", "hlf_kind"]
    assert {item["EntityKeyIndexStatus"] for item in keys.values()} == {"Active"}
    (there,) = value(service, f"{EXAMPLE}/ManyToOneRelationships")
    assert value(service, f"{EXAMPLE}/OneToManyRelationships") == []
    assert value(service, f"{EXAMPLE}/ManyToManyRelationships") == []
    mentor = "EntityDefinitions(LogicalName='hlf_peermentor')"
    assert value(service, f"{mentor}/OneToManyRelationships") == [there]
    assert value(service, f"RelationshipDefinitions?$filter=SchemaName eq '{there['SchemaName']}'") == [there]


def test_columns_and_keys_can_be_expanded(service: RunningEmulator) -> None:
    found = service.row(f"{EXAMPLE}?$select=LogicalName&$expand=Attributes($select=LogicalName),Keys")
    assert {item["LogicalName"] for item in found["Attributes"]} >= {"hlf_code", "statecode"}
    assert all("MaxLength" not in item for item in found["Attributes"])
    assert len(found["Keys"]) == 2
    assert "SchemaName" not in found


RELATIONSHIP = "hlf_peermentor_hlf_example_hlf_Mentor"
ONE_TO_MANY = "Microsoft.Dynamics.CRM.OneToManyRelationshipMetadata"
MANY_TO_MANY = "Microsoft.Dynamics.CRM.ManyToManyRelationshipMetadata"


def test_one_relationship_is_addressed_and_not_all(service: RunningEmulator) -> None:
    """By its name, its id, with a cast, a selection, a property."""
    (all_of_them,) = value(service, "RelationshipDefinitions")
    metadata_id = all_of_them["MetadataId"]
    for address in (f"SchemaName='{RELATIONSHIP}'", metadata_id, metadata_id.upper(), f"MetadataId={metadata_id}"):
        for cast in ("", f"/{ONE_TO_MANY}"):
            found = service.row(f"RelationshipDefinitions({address}){cast}")
            assert found.pop("@odata.context").endswith(f"#RelationshipDefinitions{cast}/$entity")
            assert found == all_of_them
        where = f"RelationshipDefinitions({address})"
        assert service.get(f"{where}/{MANY_TO_MANY}").status_code == 404
        assert service.row(f"{where}/ReferencedEntity")["value"] == "hlf_peermentor"
        assert set(service.row(f"{where}?$select=SchemaName")) == {
            *("@odata.context", "@odata.type", "MetadataId", "SchemaName"),
        }
    assert value(service, f"RelationshipDefinitions/{ONE_TO_MANY}?$filter=SchemaName eq '{RELATIONSHIP}'")
    assert value(service, f"RelationshipDefinitions/{MANY_TO_MANY}") == []
    mentor = "EntityDefinitions(LogicalName='hlf_peermentor')/OneToManyRelationships"
    assert service.row(f"{mentor}(SchemaName='{RELATIONSHIP}')")["SchemaName"] == RELATIONSHIP
    assert service.row(f"{mentor}({metadata_id})/{ONE_TO_MANY}")["SchemaName"] == RELATIONSHIP


def test_one_message_is_addressed_and_not_all(service: RunningEmulator) -> None:
    """One row: `sdkmessagefilters(id)`."""
    found = value(service, "sdkmessagefilters")
    for item in found[:2]:
        row_id = item["sdkmessagefilterid"]
        for address in (row_id, row_id.upper(), f"sdkmessagefilterid={row_id}"):
            row = service.row(f"sdkmessagefilters({address})")
            assert row.pop("@odata.context").endswith("#sdkmessagefilters/$entity")
            assert row == item
    nobody = service.get("sdkmessagefilters(00000000-0000-0000-0000-000000000009)")
    assert (nobody.status_code, nobody.json()["error"]["code"]) == (404, "0x80040217")
    assert service.get(f"sdkmessagefilters({row_id})/primaryobjecttypecode").status_code == 501


TABLE_PROPERTIES = (
    "ActivityTypeMask,AutoCreateAccessTeams,AutoRouteToOwnerQueue,CanBeInCustomEntityAssociation,CanBeInManyToMany,"
    "CanBePrimaryEntityInRelationship,CanBeRelatedEntityInRelationship,CanChangeHierarchicalRelationship,"
    "CanChangeTrackingBeEnabled,CanCreateAttributes,CanCreateCharts,CanCreateForms,CanCreateViews,"
    "CanEnableSyncToExternalSearchIndex,CanModifyAdditionalSettings,CanTriggerWorkflow,ChangeTrackingEnabled,"
    "CollectionSchemaName,CreatedOn,DataProviderId,DataSourceId,DaysSinceRecordLastModified,Description,"
    "DisplayCollectionName,DisplayName,EnforceStateTransitions,EntityColor,EntityHelpUrl,EntityHelpUrlEnabled,"
    "EntitySetName,ExternalCollectionName,ExternalName,HasActivities,HasChanged,HasEmailAddresses,HasFeedback,HasNotes,"
    "IconLargeName,IconMediumName,IconSmallName,IconVectorName,IntroducedVersion,IsAIRUpdated,IsActivity,"
    "IsActivityParty,IsArchivalEnabled,IsAuditEnabled,IsAvailableOffline,IsBPFEntity,IsBusinessProcessEnabled,"
    "IsChildEntity,IsConnectionsEnabled,IsCustomEntity,IsCustomizable,IsDocumentManagementEnabled,"
    "IsDocumentRecommendationsEnabled,IsDuplicateDetectionEnabled,IsEnabledForCharts,IsEnabledForExternalChannels,"
    "IsEnabledForTrace,IsImportable,IsInteractionCentricEnabled,IsIntersect,IsKnowledgeManagementEnabled,"
    "IsLogicalEntity,IsMSTeamsIntegrationEnabled,IsMailMergeEnabled,IsManaged,IsMappable,IsOfflineInMobileClient,"
    "IsOneNoteIntegrationEnabled,IsOptimisticConcurrencyEnabled,IsPrivate,IsQuickCreateEnabled,"
    "IsReadOnlyInMobileClient,IsReadingPaneEnabled,IsRenameable,IsRetrieveAuditEnabled,IsRetrieveMultipleAuditEnabled,"
    "IsSLAEnabled,IsSolutionAware,IsStateModelAware,IsValidForAdvancedFind,IsValidForQueue,IsVisibleInMobile,"
    "IsVisibleInMobileClient,LogicalCollectionName,LogicalName,MetadataId,MobileOfflineFilters,ModifiedOn,"
    "ObjectTypeCode,OwnerId,OwnerIdType,OwningBusinessUnit,OwnershipType,PrimaryIdAttribute,PrimaryImageAttribute,"
    "PrimaryNameAttribute,Privileges,RecurrenceBaseEntityLogicalName,ReportViewName,SchemaName,SettingOf,Settings,"
    "SyncToExternalSearchIndex,TableType,UsesBusinessDataLabelTable"
)
COLUMN_PROPERTIES = (
    "MetadataId,HasChanged,AttributeOf,AttributeType,ColumnNumber,DeprecatedVersion,IntroducedVersion,EntityLogicalName,"
    "IsCustomAttribute,IsPrimaryId,IsValidODataAttribute,IsPrimaryName,IsValidForCreate,IsValidForRead,IsValidForUpdate,"
    "CanBeSecuredForRead,CanBeSecuredForCreate,CanBeSecuredForUpdate,IsSecured,IsRetrievable,IsFilterable,IsSearchable,"
    "IsManaged,LinkedAttributeId,LogicalName,IsValidForForm,IsRequiredForForm,IsValidForGrid,SchemaName,ExternalName,"
    "IsLogical,IsDataSourceSecret,InheritsFrom,CreatedOn,ModifiedOn,SourceType,AutoNumberFormat,AttributeTypeName,"
    "Description,DisplayName,IsAuditEnabled,IsGlobalFilterEnabled,IsSortableEnabled,IsCustomizable,IsRenameable,"
    "IsValidForAdvancedFind,RequiredLevel,CanModifyAdditionalSettings,Settings"
)
RELATIONSHIP_PROPERTIES = (
    "ReferencedAttribute,ReferencedEntity,ReferencingAttribute,ReferencingEntity,IsHierarchical,EntityKey,"
    "IsRelationshipAttributeDenormalized,ReferencedEntityNavigationPropertyName,"
    "ReferencingEntityNavigationPropertyName,RelationshipBehavior,IsDenormalizedLookup,DenormalizedAttributeName,"
    "IsCustomRelationship,IsValidForAdvancedFind,SchemaName,SecurityTypes,IsManaged,RelationshipType,IntroducedVersion,"
    "MetadataId,HasChanged,AssociatedMenuConfiguration,CascadeConfiguration,RelationshipAttributes,IsCustomizable"
)


@pytest.mark.parametrize(
    ("path", "names"),
    [
        ("EntityDefinitions", TABLE_PROPERTIES),
        (EXAMPLE, TABLE_PROPERTIES),
        (f"{EXAMPLE}/Attributes", COLUMN_PROPERTIES),
        (f"{EXAMPLE}/Attributes(LogicalName='hlf_code')", COLUMN_PROPERTIES),
        (f"{EXAMPLE}/ManyToOneRelationships", RELATIONSHIP_PROPERTIES),
        ("RelationshipDefinitions", RELATIONSHIP_PROPERTIES),
        (
            f"{EXAMPLE}/Keys",
            "MetadataId,LogicalName,SchemaName,KeyAttributes,EntityKeyIndexStatus,IsManaged,HasChanged",
        ),
    ],
)
def test_no_property_that_definitions_have_is_denied(service: RunningEmulator, path: Any, names: Any) -> None:
    """Those of the replies in "Web API table schema operations", together and one by one."""
    body = service.row(f"{path}?$select={names}")
    for found in body.get("value", [body]):
        assert set(names.split(",")) <= set(found)
    for name in names.split(","):
        assert service.get(f"{path}?$select={name}").status_code == 200, name
    assert service.get(f"{path}?$select={names},Nothing").status_code == 400


@pytest.mark.parametrize(
    "name", ["PrimaryImageAttribute", "Description", "HasActivities", "ObjectTypeCode", "Settings"]
)
def test_one_property_of_a_definition_is_read_by_itself(service: RunningEmulator, name: str) -> None:
    """204 for one that is empty."""
    response = service.get(f"{EXAMPLE}/{name}")
    assert response.status_code == (204 if name == "PrimaryImageAttribute" else 200)


def test_an_option_set_is_an_address(service: RunningEmulator) -> None:
    """Behind a column with its cast, which gave the column."""
    cast = "Attributes(LogicalName='hlf_kind')/Microsoft.Dynamics.CRM.PicklistAttributeMetadata"
    found = service.row(f"{EXAMPLE}/{cast}/OptionSet")
    assert [item["Value"] for item in found["Options"]] == [100000000, 100000001, 100000002]
    assert found["IsGlobal"] is False
    assert service.get(f"{EXAMPLE}/{cast}/GlobalOptionSet").status_code == 204
    assert service.row(f"{EXAMPLE}/{cast}?$expand=OptionSet,GlobalOptionSet")["GlobalOptionSet"] is None
    some = service.row(f"{EXAMPLE}/{cast}?$select=LogicalName&$expand=OptionSet($select=Options)")["OptionSet"]
    assert set(some) == {"MetadataId", "Options"}


def test_relationships_can_be_expanded(service: RunningEmulator) -> None:
    names = ("OneToManyRelationships", "ManyToOneRelationships", "ManyToManyRelationships")
    found = service.row(f"{EXAMPLE}?$select=LogicalName&$expand={','.join(names)}")
    assert [len(found[name]) for name in names] == [0, 1, 0]


ADDRESSES = {
    "EntityDefinitions": (
        "SchemaName='hlf_Example'",
        "hlf_example",
        "LogicalName=hlf_example",
        "'hlf_example'",
        "x,y",
        "",
    ),
    f"{EXAMPLE}/Attributes": ("SchemaName='hlf_code'", "hlf_code", ""),
    f"{EXAMPLE}/Keys": ("SchemaName='hlf_code_year_key'", ""),
    "RelationshipDefinitions": ("LogicalName='x'", "ReferencedEntity='hlf_peermentor'", RELATIONSHIP, ""),
}


@pytest.mark.parametrize(
    ("path", "status"),
    [(f"{path}({key})", 400) for path, keys in ADDRESSES.items() for key in keys]
    + [(f"{path}(00000000-0000-0000-0000-000000000009)", 404) for path in ADDRESSES]
    + [
        (f"RelationshipDefinitions(SchemaName='{RELATIONSHIP}')/Nothing", 404),
        (f"RelationshipDefinitions(SchemaName='{RELATIONSHIP}')/{ONE_TO_MANY}/Nothing", 404),
        ("RelationshipDefinitions(SchemaName='nothing')", 404),
        ("RelationshipDefinitions/Nothing", 404),
        ("RelationshipDefinitions(Nothing)/Nothing", 400),
        ("EntityDefinitions/Nothing", 404),
        ("EntityDefinitions/Attributes", 404),
        (f"{EXAMPLE}/Keys/Nothing", 404),
        (f"{EXAMPLE}/Keys(LogicalName='hlf_code_year_key')/Nothing", 404),
        (f"{EXAMPLE}/Attributes/Nothing", 404),
        (f"{EXAMPLE}/Attributes(LogicalName='hlf_code')/Nothing", 404),
        (f"{EXAMPLE}/Attributes/Microsoft.Dynamics.CRM.PicklistAttribute", 404),
        (f"{EXAMPLE}/Attributes(LogicalName='hlf_kind')/OptionSet", 404),
        (f"{EXAMPLE}/ManyToOneRelationships/Nothing", 404),
        (f"{EXAMPLE}/ManyToOneRelationships(SchemaName='{RELATIONSHIP}')/Nothing", 404),
    ],
)
def test_an_address_of_definitions_never_responds_with_more(service: RunningEmulator, path: Any, status: Any) -> None:
    """What is behind an address is looked at, and is not there."""
    response = service.get(path)
    assert response.status_code == status, response.text


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("EntityDefinitions(LogicalName='hlf_nothing')", 404, "0x80060888"),
        (f"{EXAMPLE}/Attributes(LogicalName='hlf_nothing')", 404, "0x80060888"),
        (f"{EXAMPLE}/Nothing", 404, "0x8006088a"),
        ("entitydefinitions", 404, "0x8006088a"),
        ("EntityDefinitions?$top=1", 400, "0x80060888"),
        ("EntityDefinitions?$orderby=LogicalName", 400, "0x80060888"),
        ("EntityDefinitions?$select=Nothing", 400, "0x0"),
        ("EntityDefinitions?$filter=Nothing eq 1", 400, "0x0"),
        ("EntityDefinitions?$expand=Nothing", 400, "0x0"),
        (f"{EXAMPLE}/Attributes?$select=MaxLength", 400, "0x0"),  # only with a cast
        (f"{EXAMPLE}/Attributes?$expand=OptionSet", 400, "0x0"),
    ],
)
def test_definitions_that_are_not_there_are_refused(
    service: RunningEmulator, path: str, status: int, code: str
) -> None:
    response = service.get(path)
    assert response.status_code == status
    assert response.json()["error"]["code"] == code


def test_tables_come_from_the_schema_file_and_stay(service: RunningEmulator) -> None:
    assert service.post("EntityDefinitions", {}).status_code == 501
    assert service.delete(EXAMPLE).status_code == 501
    assert service.post("nothing", {}).status_code == 404


def test_a_tables_bulk_messages_can_be_asked_for(service: RunningEmulator) -> None:
    """A client can ask whether there is a bulk message for a table.

    The query of "Use bulk operation messages".
    """
    query = (
        "sdkmessagefilters?$select=sdkmessagefilterid&$filter=sdkmessageid/name eq @message"
        " and primaryobjecttypecode eq @table&@message='{}'&@table='{}'"
    )
    for message in ("CreateMultiple", "UpdateMultiple", "UpsertMultiple"):
        assert len(value(service, query.format(message, "hlf_example"))) == 1
    assert value(service, query.format("DeleteMultiple", "hlf_example")) == []
    assert value(service, query.format("CreateMultiple", "account")) == []


def test_bulk_messages_are_asked_for_by_name_with_their_names(service: RunningEmulator) -> None:
    """The query of a public SDK (dataverse-api), without which it opens no table."""
    query = "sdkmessagefilters?$select=sdkmessagefilterid&$expand=sdkmessageid($select=name)&$filter=(sdkmessageid/name"
    found = value(
        service, f"{query} eq 'CreateMultiple' or sdkmessageid/name eq 'x') and primaryobjecttypecode eq 'hlf_example'"
    )
    assert [(row.keys(), row["sdkmessageid"]["name"]) for row in found] == [
        ({"sdkmessagefilterid", "sdkmessageid"}, "CreateMultiple")
    ]
    for other in ("sdkmessageid", "sdkmessageid($select=isprivate)", "sdkmessageid($select=name),createdby"):
        assert service.get(f"sdkmessagefilters?$expand={other}").status_code == 501


# BulkDelete


def query_set(table, column, operator, *values):
    condition = {"AttributeName": column, "Operator": operator, "Values": [{"Value": item} for item in values]}
    return {"QuerySet": [{"EntityName": table, "Criteria": {"Conditions": [condition]}}]}


def test_bulk_delete_deletes_what_its_query_finds(service: RunningEmulator) -> None:
    table = many(service, 5)
    ids = list(table.rows)
    response = service.post("BulkDelete", query_set("hlf_peermentor", "hlf_peermentorid", "In", *ids[:2]))
    assert response.status_code == 200
    assert uuid.UUID(response.json()["JobId"])
    assert list(table.rows) == ids[2:]
    for row_id in ids[2:]:
        table.delete(row_id)


def test_bulk_delete_refuses_what_it_does_not_understand(service: RunningEmulator) -> None:
    assert service.post("BulkDelete", query_set("hlf_peermentor", "hlf_name", "Like", "x")).status_code == 501
    assert service.post("BulkDelete", query_set("hlf_peermentor", "hlf_nothing", "In", "x")).status_code == 400
    assert service.post("BulkDelete", query_set("hlf_nothing", "hlf_name", "In", "x")).status_code == 400
    narrower = [("Criteria", "Filters", [{"x": 1}]), ("", "LinkEntities", [{"x": 1}]), ("", "TopCount", 1)]
    for inside, name, value_ in narrower:  # What is passed over would delete more than was asked
        body = query_set("hlf_peermentor", "hlf_name", "In", "x")
        query = body["QuerySet"][0]
        (query[inside] if inside else query)[name] = value_
        assert service.post("BulkDelete", body).status_code == 501
    again = query_set("hlf_peermentor", "hlf_name", "In", "x") | {"RecurrencePattern": "FREQ=DAILY"}
    assert service.post("BulkDelete", again).status_code == 501
    assert service.post("BulkDelete", {}).status_code == 400
    assert service.ask("POST", "BulkDelete", content=b"[]").status_code == 400


@pytest.mark.parametrize("languages", ["1033", "1033,1044", "1044,1033"])
@pytest.mark.parametrize("path", ["EntityDefinitions", EXAMPLE, f"{EXAMPLE}/Attributes", "RelationshipDefinitions"])
def test_labels_are_asked_for_in_english(service: RunningEmulator, path: Any, languages: str) -> None:
    """Public clients ask for `LabelLanguages=1033`, to have less to read."""
    assert service.get(f"{path}?LabelLanguages={languages}").json() == service.get(path).json()
    refusal = service.get(f"{path}?LabelLanguages=1044")
    assert refusal.status_code == 501
    assert "The emulator does not serve labels in other languages" in refusal.text


@pytest.mark.parametrize(
    "path", [f"{EXAMPLES}?LabelLanguages=1033", f"{EXAMPLES}?annotations=true", "WhoAmI?annotations=true"]
)
def test_options_of_definitions_are_none_of_rows(service: RunningEmulator, path: str) -> None:
    """They would be passed over without a word."""
    assert service.get(path).status_code == 400


def test_an_option_set_is_read_by_itself_as_selected(service: RunningEmulator) -> None:
    """An option set is read by itself, with only what is selected of it.

    `…/PicklistAttributeMetadata/OptionSet?$select=Options` gave everything.
    """
    path = f"{EXAMPLE}/Attributes(LogicalName='hlf_kind')/Microsoft.Dynamics.CRM.PicklistAttributeMetadata/OptionSet"
    whole, part = service.get(path).json(), service.get(f"{path}?$select=Options").json()
    assert set(part) == {"@odata.context", "MetadataId", "Options"} | ({"@odata.type"} & set(whole))
    assert part["Options"] == whole["Options"]
    assert service.get(f"{path}?$select=Nothing").status_code == 400
    assert service.get(f"{EXAMPLE}/LogicalName?$select=Nothing").status_code == 400
    assert service.get(f"{EXAMPLE}/LogicalName?$filter=x eq 1").status_code == 400


def test_all_columns_may_be_selected_beside_some(service: RunningEmulator) -> None:
    """OData 4.0, part 2, 5.1.3."""
    assert service.get(f"{EXAMPLES}?$select=hlf_name,*").json() == service.get(f"{EXAMPLES}?$select=*").json()
    assert service.get(f"{EXAMPLES}?$select=nothing,*").status_code == 400
