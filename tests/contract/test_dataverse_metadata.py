"""What the emulator says of its tables: `$metadata`, the service document, EntityDefinitions, messages; BulkDelete."""

from __future__ import annotations

import uuid
from xml.etree import ElementTree as ET

import pytest

from tests.dataverse_queries import many
from tests.dataverse_service import EXAMPLES, MENTORS, running

EDM = "{http://docs.oasis-open.org/odata/ns/edm}"
EDMX = "{http://docs.oasis-open.org/odata/ns/edmx}"
EXAMPLE = "EntityDefinitions(LogicalName='hlf_example')"


@pytest.fixture(scope="module")
def service():
    with running() as service:
        yield service


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


def test_the_metadata_document_has_every_table_with_its_columns_and_types(service):
    (schema,) = document(service).iterfind(f".//{EDM}Schema")
    types = {item.get("Name"): item for item in schema.iterfind(f"{EDM}EntityType")}
    for table in service.emulator.store.schemas:
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


def test_the_metadata_document_has_the_alternate_keys(service):
    (schema,) = document(service).iterfind(f".//{EDM}Schema")
    (entity,) = (item for item in schema if item.get("Name") == "hlf_example")
    (annotation,) = entity.iterfind(f"{EDM}Annotation")
    assert annotation.get("Term") == "OData.Community.Keys.V1.AlternateKeys"
    keys = [
        [name.get("PropertyPath") for name in key.iter(f"{EDM}PropertyValue") if name.get("Property") == "Name"]
        for key in annotation.iterfind(f"{EDM}Collection/{EDM}Record")
    ]
    assert keys == [["hlf_code", "hlf_year"], ["_hlf_mentor_value", "hlf_kind"]]


def test_the_metadata_document_says_whose_changes_are_tracked_if_annotations_are_asked_for(service):
    def tracked(query):
        sets = document(service, query).iterfind(f".//{EDM}EntitySet")
        return [item.get("Name") for item in sets if item.find(f"{EDM}Annotation") is not None]

    assert tracked("") == []
    assert tracked("?annotations=true") == ["hlf_peermentors"]


def test_the_service_document_lists_the_sets(service):
    found = {item["name"]: item for item in value(service, "")}
    assert found[MENTORS] == {"name": MENTORS, "kind": "EntitySet", "url": MENTORS}
    assert EXAMPLES in found


# EntityDefinitions


def test_a_table_is_found_by_its_logical_name(service):
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
def test_tables_can_be_filtered(service, text, number):
    assert len(value(service, f"EntityDefinitions?$filter={text}")) == number


def test_columns_have_what_their_types_add(service):
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


def test_the_options_of_choices_are_in_their_option_sets(service):
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


def test_keys_and_relationships_are_listed(service):
    keys = {item["SchemaName"]: item for item in value(service, f"{EXAMPLE}/Keys")}
    assert keys["hlf_mentor_kind_key"]["KeyAttributes"] == ["hlf_mentor", "hlf_kind"]
    assert {item["EntityKeyIndexStatus"] for item in keys.values()} == {"Active"}
    (there,) = value(service, f"{EXAMPLE}/ManyToOneRelationships")
    assert value(service, f"{EXAMPLE}/OneToManyRelationships") == []
    assert value(service, f"{EXAMPLE}/ManyToManyRelationships") == []
    mentor = "EntityDefinitions(LogicalName='hlf_peermentor')"
    assert value(service, f"{mentor}/OneToManyRelationships") == [there]
    assert value(service, f"RelationshipDefinitions?$filter=SchemaName eq '{there['SchemaName']}'") == [there]


def test_columns_and_keys_can_be_expanded(service):
    found = service.row(f"{EXAMPLE}?$select=LogicalName&$expand=Attributes($select=LogicalName),Keys")
    assert {item["LogicalName"] for item in found["Attributes"]} >= {"hlf_code", "statecode"}
    assert all("MaxLength" not in item for item in found["Attributes"])
    assert len(found["Keys"]) == 2
    assert "SchemaName" not in found


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
def test_definitions_that_are_not_there_are_refused(service, path, status, code):
    response = service.get(path)
    assert response.status_code == status
    assert response.json()["error"]["code"] == code


def test_tables_come_from_the_schema_file_and_stay(service):
    assert service.post("EntityDefinitions", {}).status_code == 501
    assert service.delete(EXAMPLE).status_code == 501
    assert service.post("nothing", {}).status_code == 404


def test_whether_there_is_a_bulk_message_for_a_table_can_be_asked(service):
    """The query of "Use bulk operation messages"."""
    query = (
        "sdkmessagefilters?$select=sdkmessagefilterid&$filter=sdkmessageid/name eq @message"
        " and primaryobjecttypecode eq @table&@message='{}'&@table='{}'"
    )
    for message in ("CreateMultiple", "UpdateMultiple", "UpsertMultiple"):
        assert len(value(service, query.format(message, "hlf_example"))) == 1
    assert value(service, query.format("DeleteMultiple", "hlf_example")) == []
    assert value(service, query.format("CreateMultiple", "account")) == []


# BulkDelete


def query_set(table, column, operator, *values):
    condition = {"AttributeName": column, "Operator": operator, "Values": [{"Value": item} for item in values]}
    return {"QuerySet": [{"EntityName": table, "Criteria": {"Conditions": [condition]}}]}


def test_bulk_delete_deletes_what_its_query_finds(service):
    table = many(service, 5)
    ids = list(table.rows)
    response = service.post("BulkDelete", query_set("hlf_peermentor", "hlf_peermentorid", "In", *ids[:2]))
    assert response.status_code == 200
    assert uuid.UUID(response.json()["JobId"])
    assert list(table.rows) == ids[2:]
    for row_id in ids[2:]:
        table.delete(row_id)


def test_bulk_delete_refuses_what_it_does_not_understand(service):
    assert service.post("BulkDelete", query_set("hlf_peermentor", "hlf_name", "Like", "x")).status_code == 501
    assert service.post("BulkDelete", query_set("hlf_peermentor", "hlf_nothing", "In", "x")).status_code == 400
    assert service.post("BulkDelete", query_set("hlf_nothing", "hlf_name", "In", "x")).status_code == 400
    assert service.post("BulkDelete", {}).status_code == 400
