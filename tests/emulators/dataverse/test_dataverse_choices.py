"""What nobody knows of the service, and the emulator therefore chose (emulators/dataverse/model/choices.py).

These say what it does, so that a change is made on purpose; nothing of ours may depend on them.
"""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import pytest

from tests.support.dataverse_service import EXAMPLES, MENTORS

if TYPE_CHECKING:
    from tests.support.dataverse_service import RunningEmulator

EXAMPLE = f"{EXAMPLES}(hlf_code='a',hlf_year=2026)"


def test_text_in_a_key_is_compared_without_case(service: RunningEmulator) -> None:
    service.patch(f"{MENTORS}(hlf_mentorid='ÅSE')", {"hlf_name": "x"})
    assert service.patch(f"{MENTORS}(hlf_mentorid='åse')", {"hlf_name": "y"}).status_code == 204
    assert [(row["hlf_mentorid"], row["hlf_name"]) for row in service.rows(MENTORS)] == [("ÅSE", "y")]


SAME = ["m-1", "M-1", "m-1 ", "M-1   "]
OTHER = [" m-1", "m-1\u00a0", "m-1\t", "m -1"]


@pytest.mark.parametrize("key", SAME)
def test_keys_that_differ_in_case_or_end_are_one(service: RunningEmulator, key: Any) -> None:
    """In an address, an upsert, a unique key, a filter, a message, a deletion and by hand."""
    service.patch(f"{MENTORS}(hlf_mentorid='m-1')", {"hlf_name": "x"})
    where = f"{MENTORS}(hlf_mentorid='{key}')"
    assert service.row(where)["hlf_mentorid"] == "m-1"
    assert service.patch(where, {"hlf_name": "y"}).status_code == 204
    assert service.patch(where, {"hlf_name": "z"}, **{"If-None-Match": "*"}).status_code == 412
    assert service.post(MENTORS, {"hlf_mentorid": key}).status_code == 412
    target = {"@odata.type": "Microsoft.Dynamics.CRM.hlf_peermentor", "@odata.id": where, "hlf_area": "Oslo"}
    message = f"{MENTORS}/Microsoft.Dynamics.CRM.UpsertMultiple"
    assert service.post(message, {"Targets": [target]}).status_code == 204
    assert service.post(message, {"Targets": [target, dict(target)]}).is_error
    for text in (
        f"hlf_mentorid eq '{key}'",
        f"not (hlf_mentorid ne '{key}')",
        f"hlf_mentorid ge '{key}' and hlf_mentorid le '{key}'",
        f"Microsoft.Dynamics.CRM.In(PropertyName='hlf_mentorid',PropertyValues=[\"{key}\"])",
        f'Microsoft.Dynamics.CRM.Between(PropertyName=\'hlf_mentorid\',PropertyValues=["{key}","{key}"])',
    ):
        assert len(service.get(f"{MENTORS}?$filter={quote(text)}").json()["value"]) == 1, text
    assert [(row["hlf_mentorid"], row["hlf_name"], row["hlf_area"]) for row in service.rows(MENTORS)] == [
        ("m-1", "y", "Oslo")
    ]
    manually = service.http.get(f"/_emulator/rows/{MENTORS}", params={"key": json.dumps(key)}).json()
    assert [row["hlf_mentorid"] for row in manually] == ["m-1"]
    assert service.delete(where).status_code == 204


@pytest.mark.parametrize("key", OTHER)
def test_keys_that_differ_in_anything_else_are_two(service: RunningEmulator, key: Any) -> None:
    """Only spaces at the end are nothing."""
    service.post(MENTORS, {"hlf_mentorid": "m-1"})
    assert service.post(MENTORS, {"hlf_mentorid": key}).status_code == 204


def test_a_bulk_deletion_compares_text_as_a_filter_does(service: RunningEmulator) -> None:
    service.patch(EXAMPLE, {"hlf_name": "Oslo"})
    condition = {"AttributeName": "hlf_name", "Operator": "In", "Values": [{"Value": "OSLO "}]}
    body = {"QuerySet": [{"EntityName": "hlf_example", "Criteria": {"Conditions": [condition]}}]}
    assert service.post("BulkDelete", body).status_code == 200
    assert service.rows(EXAMPLES) == []


def test_columns_are_compared_without_their_ends(service: RunningEmulator) -> None:
    """A column with a column, too."""
    service.patch(EXAMPLE, {"hlf_name": "A  "})
    assert len(service.get(f"{EXAMPLES}?$filter=hlf_name eq hlf_code").json()["value"]) == 1


def test_rows_with_an_empty_key_column_do_not_clash(service: RunningEmulator) -> None:
    for _ in range(2):
        assert service.post(MENTORS, {"hlf_name": "x"}).status_code == 204
        assert service.post(EXAMPLES, {"hlf_code": "a"}).status_code == 204


def test_a_401_has_no_body(service: RunningEmulator) -> None:
    response = service.get("WhoAmI", Authorization="Bearer x")
    assert (response.status_code, response.content) == (401, b"")


@pytest.mark.parametrize(
    ("column", "text", "kept"),
    [("hlf_count", "5", 5), ("hlf_kind", "100000000", 100000000), ("hlf_active", "True", True)],
)
def test_text_for_a_whole_number_or_a_boolean_is_converted(
    service: RunningEmulator, column: str, text: str, kept: Any
) -> None:
    assert service.patch(EXAMPLE, {column: text}).status_code == 204
    assert service.row(EXAMPLE)[column] == kept


def test_text_for_a_decimal_is_not(service: RunningEmulator) -> None:
    response = service.patch(EXAMPLE, {"hlf_amount": "5"})
    assert response.status_code == 400
    assert "'IEEE754Compatible'" in response.json()["error"]["message"]


@pytest.mark.parametrize(("column", "value"), [("hlf_amount", -100000000001), ("hlf_amount", 1e12)])
def test_a_number_outside_its_range_is_400(service: RunningEmulator, column: str, value: float) -> None:
    response = service.patch(EXAMPLE, {column: value})
    assert (response.status_code, response.json()["error"]["code"]) == (400, "0x80044330")


def test_a_row_may_be_created_inactive(service: RunningEmulator) -> None:
    service.patch(EXAMPLE, {"statecode": 1, "statuscode": 2})
    assert service.row(EXAMPLE)["statecode"] == 1


def test_a_length_counts_letters_outside_the_basic_plane_twice(service: RunningEmulator) -> None:
    """The length of a text counts letters outside the Basic Multilingual Plane twice."""
    assert service.patch(EXAMPLE, {"hlf_name": "𝄞" * 100}).status_code == 204
    assert service.patch(EXAMPLE, {"hlf_name": "𝄞" * 101}).status_code == 400


LABEL = {"LocalizedLabels": [{"Label": "x", "LanguageCode": 1033}]}
KEYS = "EntityDefinitions(LogicalName='hlf_peermentor')/Keys"


def test_a_new_key_is_pending_and_one_that_is_there_refused(service: RunningEmulator) -> None:
    """Served while the setting `administration` is on."""
    service.environment.settings.administration = True
    key = {"SchemaName": "hlf_phone_key", "DisplayName": LABEL, "KeyAttributes": ["hlf_phone"]}
    assert service.post(KEYS, key).status_code == 204
    states = {one["SchemaName"]: one["EntityKeyIndexStatus"] for one in service.get(KEYS).json()["value"]}
    assert (states["hlf_phone_key"], states["hlf_mentorid_key"]) == ("Pending", "Active")
    assert service.get(f"{MENTORS}(hlf_phone='1')").status_code == 400
    again = service.post(KEYS, key)
    assert (again.status_code, again.json()["error"]["code"]) == (400, "0x80048403")
    time.sleep(0.4)
    assert service.get(f"{MENTORS}(hlf_phone='1')").status_code == 404
    service.environment.settings.administration = False
    assert service.post(KEYS, key).status_code == 501
