"""The official Dataverse SDK against the emulator; runs in the SDK's own environment, not in this project's.

`python program.py ENVIRONMENT.json` runs every function named check_* and prints what came of each as one JSON object:
name to null, or to the traceback. ENVIRONMENT.json has url, tenant_id, client_id, client_secret. The certificate's
authority is in REQUESTS_CA_BUNDLE. Tokens come by azure-identity, which is Microsoft's too, from the emulator's Entra.
"""

from __future__ import annotations

import datetime as dt
import json
import sys
import time
import traceback
import uuid
from pathlib import Path

import requests
from azure.core.exceptions import ClientAuthenticationError
from azure.identity import ClientSecretCredential
from PowerPlatform.Dataverse.client import DataverseClient
from PowerPlatform.Dataverse.core.config import DataverseConfig
from PowerPlatform.Dataverse.core.errors import HttpError, MetadataError
from PowerPlatform.Dataverse.models import ExpandOption, UpsertItem, col

MENTOR, EXAMPLE = "hlf_peermentor", "hlf_example"
NOWHERE = "00000000-0000-4000-8000-000000000000"
FORMATTED = "OData.Community.Display.V1.FormattedValue"
here = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))


def connect(secret=here["client_secret"]):
    """A client with a token of its own. Discovery would ask Microsoft whether it knows the authority."""
    credential = ClientSecretCredential(
        here["tenant_id"], here["client_id"], secret, authority=here["url"], disable_instance_discovery=True
    )
    return DataverseClient(here["url"], credential, DataverseConfig(http_backoff=0.01))


def emulator(method, where, /, **content):
    reply = requests.request(method, f"{here['url']}/_emulator/{where}", json=content or None, timeout=10)
    reply.raise_for_status()
    return reply.json()


def key():
    return str(uuid.uuid4())


def mentors(number, **columns):
    """Rows to make, told apart from every other check's by `hlf_organisation`."""
    mark = key()
    rows = [{"hlf_mentorid": key(), "hlf_name": f"Kari {n}", "hlf_organisation": mark} for n in range(number)]
    return mark, [row | columns for row in rows]


def refused(status, call, *arguments, **named):
    """Call, and return the HttpError with this status."""
    error = raised(HttpError, call, *arguments, **named)
    assert error.status_code == status, error
    assert error.subcode == f"http_{status}", error.subcode
    return error


def raised(kind, call, *arguments, **named):
    """Call, and return the error of this kind."""
    try:
        call(*arguments, **named)
    except kind as error:
        return error
    raise AssertionError(f"{kind.__name__} was expected")


def names(rows):
    return [row["hlf_name"] for row in rows]


# Records


def check_create_one_and_retrieve_it(client):
    _, (row,) = mentors(1, hlf_published=True)
    row_id = client.records.create(MENTOR, row)
    found = client.records.retrieve(MENTOR, row_id)
    assert found.to_dict().items() >= row.items()
    assert found["hlf_peermentorid"] == row_id
    assert found["statecode"] == 0
    assert found.etag == f'W/"{found["versionnumber"]}"'


def check_create_many(client):
    mark, rows = mentors(5)
    ids = client.records.create(MENTOR, rows)
    assert len(set(ids)) == 5
    found = client.records.list(MENTOR, filter=col("hlf_organisation") == mark)
    assert {row["hlf_peermentorid"] for row in found} == set(ids)


def check_upsert_one_creates_and_then_updates(client):
    _, (row,) = mentors(1)
    alternate = {"hlf_mentorid": row.pop("hlf_mentorid")}
    for name in ("Kari O'Brian", "Kari Ødegård"):
        client.records.upsert(MENTOR, [UpsertItem(alternate_key=alternate, record=row | {"hlf_name": name})])
        (found,) = client.records.list(MENTOR, filter=col("hlf_mentorid") == alternate["hlf_mentorid"])
        assert found["hlf_name"] == name


def check_upsert_many_creates_and_then_updates(client):
    mark, rows = mentors(4)
    items = [UpsertItem({"hlf_mentorid": row.pop("hlf_mentorid")}, row) for row in rows]
    client.records.upsert(MENTOR, items[:2])
    client.records.upsert(MENTOR, [UpsertItem(i.alternate_key, i.record | {"hlf_published": True}) for i in items])
    found = client.records.list(MENTOR, filter=col("hlf_organisation") == mark)
    assert len(found) == 4
    assert all(row["hlf_published"] for row in found)


def check_upsert_by_a_key_of_two_columns(client):
    code = key()[:18]
    for count in (1, 2):
        client.records.upsert(EXAMPLE, [UpsertItem({"hlf_code": code, "hlf_year": 2026}, {"hlf_count": count})])
    (found,) = client.records.list(EXAMPLE, filter=f"hlf_code eq '{code}'")
    assert (found["hlf_year"], found["hlf_count"]) == (2026, 2)


def check_update_one_many_alike_and_many_each(client):
    mark, rows = mentors(3)
    ids = client.records.create(MENTOR, rows)
    client.records.update(MENTOR, ids[0], {"hlf_area": "Oslo"})
    client.records.update(MENTOR, ids[1:], {"hlf_area": "Bergen"})
    client.records.update(MENTOR, ids, [{"hlf_phone": str(n)} for n in range(3)])
    found = {
        row["hlf_peermentorid"]: row for row in client.records.list(MENTOR, filter=f"hlf_organisation eq '{mark}'")
    }
    assert [found[row_id]["hlf_area"] for row_id in ids] == ["Oslo", "Bergen", "Bergen"]
    assert [found[row_id]["hlf_phone"] for row_id in ids] == ["0", "1", "2"]


def check_deactivate(client):
    _, (row,) = mentors(1)
    row_id = client.records.create(MENTOR, row)
    client.records.update(MENTOR, row_id, {"statecode": 1, "statuscode": 2})
    found = client.records.retrieve(MENTOR, row_id, include_annotations="*")
    assert (found["statecode"], found["statuscode"]) == (1, 2)
    assert found[f"statecode@{FORMATTED}"] == "Inactive"


def check_retrieve_selects_expands_and_annotates(client):
    _, (row,) = mentors(1)
    mentor_id = client.records.create(MENTOR, row)
    example = {"hlf_name": "Visit", "hlf_count": 1234, "hlf_Mentor@odata.bind": f"/hlf_peermentors({mentor_id})"}
    row_id = client.records.create(EXAMPLE, example)
    found = client.records.retrieve(
        EXAMPLE, row_id, select=["hlf_Count", "_hlf_mentor_value"], expand=["hlf_Mentor"], include_annotations="*"
    )
    assert found["hlf_count"] == 1234
    assert found[f"hlf_count@{FORMATTED}"] == "1,234"
    assert found["_hlf_mentor_value"] == mentor_id
    assert found[f"_hlf_mentor_value@{FORMATTED}"] == row["hlf_name"]
    assert found["_hlf_mentor_value@Microsoft.Dynamics.CRM.lookuplogicalname"] == MENTOR
    assert found["hlf_Mentor"]["hlf_mentorid"] == row["hlf_mentorid"]
    assert "hlf_name" not in found


def check_retrieve_of_what_is_not_there_is_none(client):
    assert client.records.retrieve(MENTOR, NOWHERE) is None


def check_a_label_becomes_the_value_of_its_choice(client):
    row_id = client.records.create(EXAMPLE, {"hlf_name": "Visit", "hlf_kind": "second"})
    assert client.records.retrieve(EXAMPLE, row_id)["hlf_kind"] == 100000001


def check_delete_one(client):
    row_id = client.records.create(MENTOR, mentors(1)[1][0])
    client.records.delete(MENTOR, row_id)
    assert client.records.retrieve(MENTOR, row_id) is None
    refused(404, client.records.delete, MENTOR, row_id)


def check_delete_many_by_a_job(client):
    mark, rows = mentors(3)
    ids = client.records.create(MENTOR, rows)
    job = client.records.delete(MENTOR, ids[:2])
    assert uuid.UUID(job)
    deadline = time.monotonic() + 5
    while len(client.records.list(MENTOR, filter=f"hlf_organisation eq '{mark}'")) > 1:
        assert time.monotonic() < deadline


def check_delete_many_one_by_one(client):
    mark, rows = mentors(3)
    ids = client.records.create(MENTOR, rows)
    assert client.records.delete(MENTOR, ids, use_bulk_delete=False) is None
    assert not client.records.list(MENTOR, filter=f"hlf_organisation eq '{mark}'")


# Queries


def check_list_filters_orders_and_stops_at_top(client):
    mark, rows = mentors(6)
    client.records.create(MENTOR, rows)
    found = client.records.list(
        MENTOR,
        filter=f"hlf_organisation eq '{mark}'",
        orderby=["hlf_Name desc"],
        top=2,
        select=["hlf_name"],
        count=True,
    )
    assert names(found) == ["Kari 5", "Kari 4"]
    assert set(found[0].keys()) == {"hlf_name", "hlf_peermentorid"}


def check_list_pages_gives_every_row_once(client):
    mark, rows = mentors(7)
    ids = client.records.create(MENTOR, rows)
    for orderby in (None, ["hlf_name desc"], ["hlf_area", "hlf_name"]):
        pages = list(
            client.records.list_pages(MENTOR, filter=f"hlf_organisation eq '{mark}'", page_size=3, orderby=orderby)
        )
        assert [len(page) for page in pages] == [3, 3, 1]
        found = [row["hlf_peermentorid"] for page in pages for row in page]
        assert sorted(found) == sorted(ids)
    assert names(row for page in pages for row in page) == [f"Kari {n}" for n in range(7)]


def check_query_builder_operators(client):
    code = key()[:12]
    day = dt.datetime(2026, 11, 23, 12, tzinfo=dt.UTC)
    rows = [
        {
            "hlf_name": f"Besøk {n}",
            "hlf_code": f"{code}{n}",
            "hlf_count": n,
            "hlf_amount": n + 0.5,
            "hlf_active": n % 2 == 0,
            "hlf_notes": None if n < 2 else "O'Brian was here",
            "hlf_when": (day + dt.timedelta(hours=n)).strftime("%Y-%m-%dT%H:%M:%SZ"),
            "hlf_day": f"2026-11-{20 + n}",
        }
        for n in range(5)
    ]
    ids = client.records.create(EXAMPLE, rows)
    cases = [
        (col("hlf_count") == 3, "3"),
        (col("hlf_count") != 3, "0124"),
        (col("hlf_amount") > 2.5, "34"),
        (col("hlf_count").between(1, 2), "12"),
        (col("hlf_count").not_between(1, 2), "034"),
        (col("hlf_code").in_([f"{code}1", f"{code.upper()}2"]), "12"),
        (col("hlf_count").in_([0, 4]), "04"),
        (col("hlf_exampleid").in_([uuid.UUID(ids[2]), uuid.UUID(ids[0])]), "02"),
        (col("hlf_code").not_in([f"{code}1"]), "0234"),
        (col("hlf_name").contains("BESØK"), "01234"),
        (col("hlf_name").startswith("Bes"), "01234"),
        (col("hlf_name").endswith("4"), "4"),
        (col("hlf_name").like("%søk 2"), "2"),
        (col("hlf_notes").contains("o'brian"), "234"),
        (col("hlf_notes").is_null(), "01"),
        (col("hlf_notes").is_not_null(), "234"),
        (col("hlf_active") == True, "024"),  # noqa: E712
        (~(col("hlf_active") == True) & (col("hlf_count") > 1), "3"),  # noqa: E712
        ((col("hlf_count") == 0) | (col("hlf_count") == 4), "04"),
        (col("hlf_when") >= day + dt.timedelta(hours=3), "34"),
        (col("hlf_day") < dt.date(2026, 11, 22), "01"),
    ]
    for expression, wanted in cases:
        query = client.query.builder(EXAMPLE).select("hlf_count").where(expression)
        found = query.where(col("hlf_code").startswith(code)).order_by("hlf_count").execute()
        assert "".join(str(row["hlf_count"]) for row in found) == wanted, str(expression)


def check_query_builder_pages_orders_expands_and_annotates(client):
    mark, rows = mentors(5)
    ids = client.records.create(MENTOR, rows)
    client.records.create(
        EXAMPLE,
        [
            {"hlf_name": mark, "hlf_count": n, "hlf_Mentor@odata.bind": f"/hlf_peermentors({i})"}
            for n, i in enumerate(ids)
        ],
    )
    query = client.query.builder(EXAMPLE).select("hlf_count").where(col("hlf_name") == mark)
    query = query.order_by("hlf_count", descending=True).page_size(2).include_formatted_values().count()
    pages = list(query.expand(ExpandOption("hlf_Mentor").select("hlf_name")).execute_pages())
    assert [len(page) for page in pages] == [2, 2, 1]
    found = [row for page in pages for row in page]
    assert [row["hlf_count"] for row in found] == [4, 3, 2, 1, 0]
    assert [row["hlf_Mentor"]["hlf_name"] for row in found] == [f"Kari {n}" for n in (4, 3, 2, 1, 0)]
    assert found[0][f"hlf_count@{FORMATTED}"] == "4"
    top = client.query.builder(EXAMPLE).where(col("hlf_name") == mark).order_by("hlf_count").top(2).execute()
    assert [row["hlf_count"] for row in top] == [0, 1]


def check_data_frames(client):
    mark, rows = mentors(3)
    client.records.create(MENTOR, rows)
    frame = client.query.builder(MENTOR).where(col("hlf_organisation") == mark).execute().to_dataframe()
    assert sorted(frame["hlf_name"]) == ["Kari 0", "Kari 1", "Kari 2"]


def check_sql_and_fetchxml_are_refused_as_not_served(client):
    error = refused(501, client.query.sql, f"SELECT hlf_name FROM {MENTOR}")
    assert str(error) == "The emulator does not serve sql queries."
    fetch = f"<fetch><entity name='{MENTOR}'><attribute name='hlf_name' /></entity></fetch>"
    refused(501, client.query.fetchxml(fetch).execute)


# Batches


def check_batch_of_every_kind(client):
    mark, rows = mentors(4)
    ids = client.records.create(MENTOR, rows)
    batch = client.batch.new()
    batch.records.create(MENTOR, {"hlf_mentorid": key(), "hlf_organisation": mark, "hlf_name": "Kari ny"})
    batch.records.create(MENTOR, mentors(2)[1])
    batch.records.update(MENTOR, ids[0], {"hlf_area": "Tromsø"})
    batch.records.update(MENTOR, ids[1:3], {"hlf_area": "Bodø"})
    batch.records.upsert(MENTOR, [UpsertItem({"hlf_mentorid": rows[0]["hlf_mentorid"]}, {"hlf_phone": "1"})])
    batch.records.upsert(MENTOR, [UpsertItem({"hlf_mentorid": key()}, {"hlf_name": "x"}) for _ in range(2)])
    batch.records.retrieve(MENTOR, ids[0], select=["hlf_area", "hlf_phone"], include_annotations="*")
    batch.records.list(MENTOR, filter=f"hlf_organisation eq '{mark}'", orderby=["hlf_name desc"], top=2, count=True)
    batch.records.delete(MENTOR, ids[3])
    batch.tables.get(EXAMPLE)
    result = batch.execute()
    assert not result.has_errors, result.failed
    assert [item.status_code for item in result.responses] == [204, 200, 204, 204, 204, 204, 200, 200, 204, 200]
    created, many, *_, one, listed, _, table = result.responses
    assert client.records.retrieve(MENTOR, created.entity_id)["hlf_name"] == "Kari ny"
    assert len(many.data["Ids"]) == 2
    assert (one.data["hlf_area"], one.data["hlf_phone"]) == ("Tromsø", "1")
    assert names(listed.data["value"]) == ["Kari ny", "Kari 3"]
    assert listed.data["@odata.count"] == 5
    assert table.data["value"][0]["EntitySetName"] == "hlf_examples"


def check_batch_stops_at_the_first_error(client):
    mark, rows = mentors(3)
    rows[1]["hlf_name"] = "x" * 201
    batch = client.batch.new()
    for row in rows:
        batch.records.create(MENTOR, row)
    result = batch.execute()
    assert [item.status_code for item in result.responses] == [204, 400]
    assert result.failed[0].error_code == "0x80044331"
    assert names(client.records.list(MENTOR, filter=f"hlf_organisation eq '{mark}'")) == ["Kari 0"]


def check_batch_goes_on_after_an_error_if_asked(client):
    mark, rows = mentors(4)
    client.records.create(MENTOR, rows[0])
    rows[1]["hlf_name"] = "x" * 201
    batch = client.batch.new()
    for row in rows:
        batch.records.create(MENTOR, row)
    batch.records.update(MENTOR, NOWHERE, {"hlf_name": "x"})
    result = batch.execute(continue_on_error=True)
    assert [item.status_code for item in result.responses] == [412, 400, 204, 204, 404]
    assert [item.error_code for item in result.failed] == ["0x80060892", "0x80044331", "0x80040217"]
    assert len(client.records.list(MENTOR, filter=f"hlf_organisation eq '{mark}'")) == 3


def check_batch_that_stops_with_something_else_than_400_raises(client):
    """The SDK takes an outer 200, 202, 207 or 400, so the parts of a batch that a 404 stopped are lost to its user."""
    _, (row,) = mentors(1)
    batch = client.batch.new()
    batch.records.create(MENTOR, row)
    batch.records.update(MENTOR, NOWHERE, {"hlf_name": "x"})
    refused(404, batch.execute)
    assert client.records.list(MENTOR, filter=f"hlf_mentorid eq '{row['hlf_mentorid']}'")


def check_change_set_with_references(client):
    mark, (row,) = mentors(1)
    batch = client.batch.new()
    with batch.changeset() as changes:
        mentor = changes.records.create(MENTOR, row)
        changes.records.create(EXAMPLE, {"hlf_name": mark, "hlf_Mentor@odata.bind": mentor})
        changes.records.update(MENTOR, mentor, {"hlf_area": "Vadsø"})
    batch.records.list(EXAMPLE, filter=f"hlf_name eq '{mark}'", expand=["hlf_Mentor"])
    result = batch.execute()
    assert [item.status_code for item in result.responses] == [204, 204, 204, 200]
    assert [item.content_id for item in result.responses] == ["1", "2", "3", None]
    assert result.responses[3].data["value"][0]["hlf_Mentor"]["hlf_area"] == "Vadsø"


def check_change_set_is_all_or_nothing(client):
    for goes_on in (False, True):
        mark, rows = mentors(3)
        rows[2]["hlf_name"] = "x" * 201
        batch = client.batch.new()
        with batch.changeset() as changes:
            for row in rows:
                changes.records.create(MENTOR, row)
        batch.records.create(MENTOR, mentors(1)[1][0])
        result = batch.execute(continue_on_error=goes_on)
        assert [item.status_code for item in result.responses] == ([400, 204] if goes_on else [400])
        assert not client.records.list(MENTOR, filter=f"hlf_organisation eq '{mark}'")


# Tables


def check_tables_and_their_columns_keys_and_relationships(client):
    info = client.tables.get("hlf_PeerMentor")
    assert (info.logical_name, info.entity_set_name) == (MENTOR, "hlf_peermentors")
    assert (info.primary_id_attribute, info.primary_name_attribute) == ("hlf_peermentorid", "hlf_name")
    assert client.tables.get("hlf_nothing") is None
    listed = client.tables.list(select=["LogicalName", "MetadataId"])
    assert {item["LogicalName"] for item in listed} >= {MENTOR, EXAMPLE}
    assert len(client.tables.list(filter=f"LogicalName eq '{EXAMPLE}'")) == 1
    columns = {item["LogicalName"]: item for item in client.tables.list_columns(EXAMPLE)}
    assert columns["hlf_code"]["MaxLength"] == 20
    texts = client.tables.list_columns(EXAMPLE, select=["LogicalName"], filter="AttributeType eq 'String'")
    assert {item["LogicalName"] for item in texts} == {"hlf_name", "hlf_code"}
    assert client.tables.get_column(EXAMPLE, "hlf_Kind")["AttributeType"] == "Picklist"
    assert client.tables.get_column(EXAMPLE, "hlf_nothing") is None
    keys = {item.schema_name: item for item in client.tables.get_alternate_keys(EXAMPLE)}
    assert keys["hlf_code_year_key"].key_attributes == ["hlf_code", "hlf_year"]
    assert keys["hlf_mentor_kind_key"].key_attributes == ["hlf_mentor", "hlf_kind"]
    assert keys["hlf_code_year_key"].status == "Active"
    (relationship,) = client.tables.list_table_relationships(EXAMPLE)
    assert relationship["ReferencingEntityNavigationPropertyName"] == "hlf_Mentor"
    assert client.tables.get_relationship(relationship["SchemaName"]).referenced_entity == MENTOR
    assert client.query.odata_bind(EXAMPLE, MENTOR, NOWHERE) == {
        "hlf_Mentor@odata.bind": f"/hlf_peermentors({NOWHERE})"
    }


def check_a_table_that_is_not_there_is_a_metadata_error(client):
    error = raised(MetadataError, client.records.create, "hlf_nothing", {"hlf_name": "x"})
    assert error.subcode == "metadata_entityset_not_found"


def check_typed_columns_are_refused_as_not_served(client):
    refused(501, client.tables.list_columns, EXAMPLE, typed=True)


def check_tables_cannot_be_made(client):
    refused(501, client.tables.create, "hlf_New", {"hlf_Title": "string"})


# Errors


def check_what_an_http_error_says(client):
    error = refused(404, client.records.update, MENTOR, NOWHERE, {"hlf_name": "x"})
    assert error.details["service_error_code"] == "0x80040217"
    assert str(error) == f"{MENTOR} With Id = {NOWHERE} Does Not Exist"
    assert uuid.UUID(error.details["service_request_id"])
    assert not error.is_transient


def check_a_key_that_is_taken_is_412(client):
    _, (row,) = mentors(1)
    client.records.create(MENTOR, row)
    error = refused(412, client.records.create, MENTOR, row)
    assert error.details["service_error_code"] == "0x80060892"
    assert not error.is_transient


def check_what_is_badly_said_is_400(client):
    cases = [
        (lambda: client.records.create(MENTOR, {"hlf_name": "x" * 201}), "0x80044331"),
        (lambda: client.records.create(MENTOR, {"hlf_nothing": 1}), "0x80048d19"),
        (lambda: client.records.list(MENTOR, select=["hlf_nothing"]), "0x0"),
        (lambda: client.records.list(MENTOR, filter="hlf_nothing eq 1"), "0x0"),
        (lambda: client.records.list(MENTOR, filter="hlf_name eq"), "0x80060888"),
        (lambda: client.records.upsert(MENTOR, [UpsertItem({"hlf_phone": "1"}, {"hlf_name": "x"})]), "0x0"),
    ]
    for call, code in cases:
        assert refused(400, call).details["service_error_code"] == code


def check_a_privilege_that_is_missing_is_403(client):
    emulator("POST", "credentials", action="deny", table=MENTOR, privilege="create")
    try:
        error = refused(403, client.records.create, MENTOR, mentors(1)[1][0])
    finally:
        emulator("POST", "credentials", action="allow", table=MENTOR, privilege="create")
    assert error.details["service_error_code"] == "0x80040220"


def check_a_secret_that_is_wrong_is_what_azure_identity_says(_client):
    error = raised(ClientAuthenticationError, connect("not this").records.list, MENTOR, top=1)
    assert "AADSTS7000215: Invalid client secret provided." in str(error)


def check_tokens_that_end_are_401(client):
    emulator("POST", "faults", kind="expire_tokens", count=1)
    assert not refused(401, client.records.list, MENTOR, top=1).is_transient


def check_too_many_requests_are_429_with_the_time_to_wait(client):
    emulator("POST", "faults", kind="status", status=429, retry_after=17, count=1, path="hlf_peermentors")
    error = refused(429, client.records.list, MENTOR, top=1)
    assert error.is_transient
    assert error.details["retry_after"] == 17
    assert error.details["service_error_code"] == "0x80072322"
    emulator("POST", "faults", kind="status", status=429, retry_after=5, count=1, path="batch")
    batch = client.batch.new()
    batch.records.list(MENTOR, top=1)
    assert refused(429, batch.execute).details["retry_after"] == 5


def check_gateway_errors_are_transient_and_not_tried_again(client):
    for status in (502, 503, 504):
        emulator("DELETE", "journal")
        emulator("POST", "faults", kind="status", status=status, count=1, path="hlf_peermentors")
        assert refused(status, client.records.list, MENTOR, top=1).is_transient
        assert len([entry for entry in emulator("GET", "journal") if entry["path"] == "hlf_peermentors"]) == 1


def check_a_connection_that_breaks_is_tried_again(client):
    _, (row,) = mentors(1)
    emulator("POST", "faults", kind="reset_before", count=2, method="POST")
    assert client.records.retrieve(MENTOR, client.records.create(MENTOR, row))["hlf_mentorid"] == row["hlf_mentorid"]


def main():
    found = {}
    for name, check in list(globals().items()):
        if name.startswith("check_"):
            try:
                check(connect())
                found[name] = None
            except Exception:  # noqa: BLE001 - told to the test
                found[name] = traceback.format_exc()
                emulator("DELETE", "faults")
    print(json.dumps(found))  # noqa: T201


main()
