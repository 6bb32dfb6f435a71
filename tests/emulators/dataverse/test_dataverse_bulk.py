"""CreateMultiple, UpdateMultiple and UpsertMultiple, all or nothing."""

from __future__ import annotations

import uuid
from typing import Any

import pytest

from emulators.dataverse.model import defaults
from tests.support.dataverse_service import EXAMPLES, MENTORS, change_set, operation, parts

KIND = "Microsoft.Dynamics.CRM.hlf_peermentor"


def item(key: str | None = None, **columns: object) -> dict[str, Any]:
    """One of Targets, by alternate key if one is given."""
    address = {} if key is None else {"@odata.id": f"{MENTORS}(hlf_mentorid='{key}')"}
    return {"@odata.type": KIND} | address | columns


def send(service, message: str, *items: object):
    return service.post(f"{MENTORS}/Microsoft.Dynamics.CRM.{message}Multiple", {"Targets": list(items)})


def names(service) -> list[str]:
    return sorted(row["hlf_name"] for row in service.rows(MENTORS))


def refused(response, status: int, code: str, message: str = "") -> None:
    assert response.status_code == status, response.text
    assert response.json()["error"]["code"] == code
    assert message in response.json()["error"]["message"]


def test_create_multiple_responds_with_the_ids_in_order(service: Any) -> None:
    response = send(service, "Create", item(hlf_name="b", hlf_mentorid="2"), item(hlf_name="a", hlf_mentorid="1"))
    assert response.status_code == 200
    body = response.json()
    assert body["@odata.context"].endswith("$metadata#Microsoft.Dynamics.CRM.CreateMultipleResponse")
    assert [service.row(f"{MENTORS}({row_id})")["hlf_name"] for row_id in body["Ids"]] == ["b", "a"]


def test_update_multiple_finds_its_rows_by_id(service: Any) -> None:
    ids = send(service, "Create", item(hlf_name="a"), item(hlf_name="b")).json()["Ids"]
    items = [item(hlf_peermentorid=row_id, hlf_area=str(n)) for n, row_id in enumerate(ids)]
    response = send(service, "Update", *items)
    assert (response.status_code, response.content) == (204, b"")
    assert sorted((row["hlf_name"], row["hlf_area"]) for row in service.rows(MENTORS)) == [("a", "0"), ("b", "1")]


def test_upsert_multiple_takes_keys_and_ids_and_returns_nothing(service: Any) -> None:
    """UpsertMultiple creates and updates by alternate key and by id, and returns nothing."""
    service.patch(f"{MENTORS}(hlf_mentorid='there')", {"hlf_name": "x"})
    row_id = str(uuid.uuid4())
    absolute = item(hlf_name="c") | {"@odata.id": f"{service.environment.api_url}{MENTORS}(hlf_mentorid='far')"}
    response = send(
        service, "Upsert", item("there", hlf_name="a"), item("new", hlf_name="b"), absolute,
        item(hlf_peermentorid=row_id, hlf_name="d"),
    )  # fmt: skip
    assert (response.status_code, response.content) == (204, b"")
    assert names(service) == ["a", "b", "c", "d"]
    assert service.row(f"{MENTORS}({row_id})")["hlf_name"] == "d"
    assert {row["hlf_mentorid"] for row in service.rows(MENTORS)} == {"there", "new", "far", None}


@pytest.mark.parametrize("message", ["Create", "Update", "Upsert"])
def test_one_bad_row_undoes_all_and_is_not_named(service: Any, message: str) -> None:
    ids = send(service, "Create", item(hlf_name="a", hlf_mentorid="a"), item(hlf_name="b", hlf_mentorid="b")).json()
    before = [dict(row) for row in service.rows(MENTORS)]
    address = {
        "Create": lambda number: {"hlf_mentorid": f"new {number}"},
        "Update": lambda number: {"hlf_peermentorid": ids["Ids"][number]},
        "Upsert": lambda number: {"@odata.id": f"{MENTORS}(hlf_mentorid='{'ab'[number]}')"},
    }[message]
    good, bad = item(hlf_name="changed", **address(0)), item(hlf_name="x" * 201, **address(1))
    response = send(service, message, good, bad)
    refused(response, 400, "0x80044331")
    assert service.rows(MENTORS) == before
    assert len(list(service.environment.journal.writes())) == 2


def test_a_key_that_is_taken_undoes_all(service: Any) -> None:
    refused(send(service, "Create", item(hlf_mentorid="a"), item(hlf_mentorid="a")), 412, "0x80060892")
    assert service.rows(MENTORS) == []


def test_a_row_twice_in_an_update_is_written_by_the_first(service: Any) -> None:
    """The same row twice in an update is written once, by the first."""
    (row_id,) = send(service, "Create", item(hlf_name="a")).json()["Ids"]
    items = [item(hlf_peermentorid=row_id, hlf_name=name) for name in "bcd"]
    assert send(service, "Update", *items).status_code == 204
    assert names(service) == ["b"]


def test_a_key_twice_in_an_upsert_undoes_all(service: Any) -> None:
    """The same key twice in an upsert is an error and undoes all."""
    response = send(service, "Upsert", item("a", hlf_name="b"), item("c", hlf_name="d"), item("a", hlf_name="e"))
    assert response.status_code == 400
    assert service.rows(MENTORS) == []


def test_an_update_of_a_missing_row_is_404_and_undoes_all(service: Any) -> None:
    """An update of a row that is not there is 404 and undoes all."""
    (row_id,) = send(service, "Create", item(hlf_name="a")).json()["Ids"]
    missing = item(hlf_peermentorid=str(uuid.uuid4()), hlf_name="x")
    refused(send(service, "Update", item(hlf_peermentorid=row_id, hlf_name="b"), missing), 404, "0x80040217")
    assert names(service) == ["a"]


def test_an_update_takes_no_alternate_keys(service: Any) -> None:
    service.patch(f"{MENTORS}(hlf_mentorid='a')", {"hlf_name": "a"})
    assert send(service, "Update", item("a", hlf_name="b")).status_code == 400
    assert names(service) == ["a"]


def test_a_key_in_address_and_body_passes_only_when_it_updates(service: Any) -> None:
    """A key in both address and body is 400 when it creates, and passes when it updates."""
    both = item("a", hlf_mentorid="a", hlf_name="Kari")
    refused(send(service, "Upsert", both), 400, "0x80040216")
    assert service.rows(MENTORS) == []
    send(service, "Upsert", item("a", hlf_name="Åse"))
    assert send(service, "Upsert", both).status_code == 204
    assert names(service) == ["Kari"]


@pytest.mark.parametrize("message", ["Create", "Update", "Upsert"])
@pytest.mark.parametrize("kind", [None, "Microsoft.Dynamics.CRM.hlf_example", "hlf_peermentor"])
def test_every_row_must_say_of_which_table_it_is(service: Any, message: str, kind: str | None) -> None:
    wrong = {"hlf_name": "x", "hlf_peermentorid": str(uuid.uuid4())} | ({} if kind is None else {"@odata.type": kind})
    assert send(service, message, item(hlf_name="a", hlf_peermentorid=str(uuid.uuid4())), wrong).status_code == 400
    assert service.rows(MENTORS) == []


@pytest.mark.parametrize("body", [{}, {"Targets": None}, {"Targets": {}}, {"Targets": [1]}, []])
def test_targets_is_a_list_of_rows(service: Any, body: Any) -> None:
    response = service.post(f"{MENTORS}/Microsoft.Dynamics.CRM.UpsertMultiple", body)
    refused(response, 400, "0x80048d19")


def test_rows_of_another_set_are_refused_in_an_address(service: Any) -> None:
    other = {"@odata.type": KIND, "@odata.id": f"{EXAMPLES}(hlf_code='a',hlf_year=1)", "hlf_name": "x"}
    refused(send(service, "Upsert", other), 404, "0x8006088a")


def test_deleting_many_is_only_for_elastic_tables(service: Any) -> None:
    refused(send(service, "Delete", item()), 404, "0x8006088a")


def test_privileges_are_asked_for_per_row(service: Any) -> None:
    service.patch(f"{MENTORS}(hlf_mentorid='a')", {"hlf_name": "a"})
    service.environment.tokens.deny(defaults.CLIENT_ID, "hlf_peermentor", "create")
    assert send(service, "Upsert", item("a", hlf_name="b")).status_code == 204
    refused(send(service, "Upsert", item("a", hlf_name="c"), item("d", hlf_name="d")), 403, "0x80040220")
    assert names(service) == ["b"]


def test_a_bulk_message_can_be_part_of_a_change_set(service: Any) -> None:
    path = f"{MENTORS}/Microsoft.Dynamics.CRM.UpsertMultiple"
    targets = {"Targets": [item("a", hlf_name="a"), item("b", hlf_name="b")]}
    bad = operation("PATCH", f"{MENTORS}(hlf_mentorid='c')", {"hlf_name": "x" * 201}, content_id="2")
    bulk = operation("POST", path, targets, content_id="1")
    assert [[part.status for part in found] for found in parts(service.batch(change_set(bulk, bad)))] == [[400]]
    assert service.rows(MENTORS) == []
    assert [[part.status for part in found] for found in parts(service.batch(change_set(bulk)))] == [[204]]
    assert names(service) == ["a", "b"]
