"""One row at a time.

What is asserted here is documented by Microsoft or was captured from the service. What nobody knows, and the emulator
therefore chose, is in test_dataverse_choices.py.
"""

from __future__ import annotations

import re
import uuid
from typing import TYPE_CHECKING, Any

import pytest

from emulators.dataverse.model import defaults
from tests.support.dataverse_service import API, EXAMPLES, MENTORS

if TYPE_CHECKING:
    from tests.support.dataverse_service import RunningEmulator

GUID = r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"


def mentor(key: str = "m-1") -> str:
    return f"{MENTORS}(hlf_mentorid='{key}')"


def example(code: str = "a", year: int = 2026) -> str:
    return f"{EXAMPLES}(hlf_code='{code}',hlf_year={year})"


def refused(response, status: int, code: str, message: str = "") -> None:
    """Assert a refusal; `message` is a part of the text."""
    assert response.status_code == status, response.text
    error = response.json()["error"]
    assert error["code"] == code
    assert message in error["message"]
    assert set(response.json()) == {"error"}
    assert set(error) == {"code", "message"}


# creating


def test_a_created_row_is_204_with_the_address_of_its_id(service: RunningEmulator) -> None:
    """The response to a created row is 204 and the address of its new id."""
    response = service.post(MENTORS, {"hlf_name": "Kari", "hlf_mentorid": "m-1"})
    assert response.status_code == 204
    assert response.content == b""
    assert response.headers["odata-version"] == "4.0"
    address = response.headers["odata-entityid"]
    assert re.fullmatch(rf"{re.escape(service.environment.url)}{API}{MENTORS}\({GUID}\)", address)
    assert service.http.get(address).json()["hlf_name"] == "Kari"


def test_a_created_row_is_201_with_itself_if_asked_for(
    service: RunningEmulator,
) -> None:
    """With return=representation the response to a created row is 201, its ETag and the row itself."""
    response = service.post(f"{MENTORS}?$select=hlf_name", {"hlf_name": "Kari"}, Prefer="return=representation")
    assert response.status_code == 201
    body = response.json()
    assert body["hlf_name"] == "Kari"
    assert response.headers["etag"] == body["@odata.etag"]
    assert response.headers["preference-applied"] == "return=representation"
    assert response.headers["content-type"].startswith("application/json; odata.metadata=minimal")
    assert set(body) == {"@odata.context", "@odata.etag", "hlf_name", "hlf_peermentorid"}
    assert body["@odata.context"].endswith("$metadata#hlf_peermentors(hlf_name)/$entity")


@pytest.mark.parametrize("query", ["$select=nothing", "$expand=nothing", "$filter=hlf_name eq 'x'", "nothing=1"])
def test_a_row_that_could_not_be_given_back_is_not_written(service: RunningEmulator, query: str) -> None:
    """A row that could not be given back as asked is not written.

    The address is read before anything is done; a 400 that wrote would be sent again.
    """
    representation = {"Prefer": "return=representation"}
    assert service.post(f"{MENTORS}?{query}", {"hlf_name": "Kari"}, **representation).status_code == 400
    assert service.patch(f"{mentor()}?{query}", {"hlf_name": "Kari"}, **representation).status_code == 400
    assert service.rows(MENTORS) == []
    service.patch(mentor(), {"hlf_name": "Kari"})
    assert service.patch(f"{mentor()}?{query}", {"hlf_name": "Siri"}, **representation).status_code == 400
    assert [row["hlf_name"] for row in service.rows(MENTORS)] == ["Kari"]


@pytest.mark.parametrize("denied", ["hlf_example", "hlf_peermentor"])
def test_who_may_not_read_gets_no_row_back_and_writes_none(service: RunningEmulator, denied: str) -> None:
    service.environment.tokens.deny(defaults.CLIENT_ID, denied, "read")
    address = f"{EXAMPLES}?$expand=hlf_Mentor"
    response = service.post(address, {"hlf_name": "x"}, Prefer="return=representation")
    assert (response.status_code, service.rows(EXAMPLES)) == (403, [])


@pytest.mark.parametrize("octets", ["%FF", "a%C3", "%ED%A0%80"])
def test_an_address_that_is_no_utf8_is_refused(service: RunningEmulator, octets: str) -> None:
    """A row would have got a key that nobody wrote."""
    refused(service.patch(mentor(octets), {"hlf_name": "x"}), 400, "0x80060888")
    assert service.rows(MENTORS) == []


@pytest.mark.parametrize("above", ["", "/", API, f"http://localhost:1{API}", f"https://x.crm4.dynamics.com{API}"])
def test_a_row_is_referred_to_from_any_host(service: RunningEmulator, above: Any) -> None:
    """As an operation of a batch is; an emulator is 127.0.0.1 and localhost."""
    service.patch(mentor(), {"hlf_name": "Kari"})
    service.patch(example(), {"hlf_Mentor@odata.bind": f"{above}{mentor()}"})
    assert service.row(example())["_hlf_mentor_value"] == service.row(mentor())["hlf_peermentorid"]
    item = {
        "@odata.type": "Microsoft.Dynamics.CRM.hlf_peermentor",
        "@odata.id": f"{above}{mentor()}",
        "hlf_name": "Siri",
    }
    upsert = f"{MENTORS}/Microsoft.Dynamics.CRM.UpsertMultiple"
    assert service.post(upsert, {"Targets": [item]}).status_code == 204
    assert service.row(mentor())["hlf_name"] == "Siri"


def test_a_reference_to_another_version_says_so(service: RunningEmulator) -> None:
    response = service.patch(example(), {"hlf_Mentor@odata.bind": f"http://localhost/api/data/v9.1/{mentor()}"})
    assert response.status_code == 501
    assert "does not serve references below /api/data/v9.1/" in response.text


@pytest.mark.parametrize("reference", [None, "", 5, ["x"], {}])
def test_a_reference_that_is_no_text_is_refused(service: RunningEmulator, reference: Any) -> None:
    """And nothing of Python is in the words."""
    service.patch(example(), {"hlf_name": "x"})
    refused(service.ask("PUT", f"{example()}/hlf_Mentor/$ref", json={"@odata.id": reference}), 400, "0x80048d19")
    if reference is not None:  # by which a lookup is emptied
        refused(service.patch(example(), {"hlf_Mentor@odata.bind": reference}), 400, "0x80048d19")


@pytest.mark.parametrize(
    ("prefer", "status"),
    [
        ('return="representation"', 201),
        ("Return=representation", 201),
        ("respond-async, return=representation; x=y", 201),
        ("xreturn=representation", 204),
        ("return=minimal, return=representation", 204),
    ],
)
def test_a_preference_is_read_as_rfc_7240_writes_it(service: RunningEmulator, prefer: str, status: int) -> None:
    assert service.post(MENTORS, {"hlf_name": "Kari"}, Prefer=prefer).status_code == status


def test_a_new_row_is_active_and_has_every_column(service: RunningEmulator) -> None:
    service.patch(mentor(), {"hlf_name": "Kari"})
    row = service.row(mentor())
    assert (row["statecode"], row["statuscode"]) == (0, 1)
    assert row["hlf_phone"] is None
    assert row["createdon"] == row["modifiedon"]
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", row["createdon"])
    assert row["@odata.etag"] == f'W/"{row["versionnumber"]}"'


def test_an_id_may_be_given_with_a_new_row(service: RunningEmulator) -> None:
    given = str(uuid.uuid4())
    service.post(MENTORS, {"hlf_peermentorid": given.upper(), "hlf_name": "Kari"})
    assert service.row(f"{MENTORS}({given})")["hlf_name"] == "Kari"
    assert service.post(MENTORS, {"hlf_peermentorid": given}).status_code == 412


def test_a_key_that_is_taken_is_412_and_names_key_and_columns(service: RunningEmulator) -> None:
    """A key that is taken is 412, and the error names key and columns by their display names."""
    service.post(MENTORS, {"hlf_mentorid": "m-1"})
    response = service.post(MENTORS, {"hlf_mentorid": "m-1"})
    message = "Entity Key hlf_mentorid_key violated. A record with the same value for Mentor Id already exists."
    refused(response, 412, "0x80060892", message)
    assert len(service.rows(MENTORS)) == 1


def test_changing_a_key_to_one_that_is_taken_changes_nothing(service: RunningEmulator) -> None:
    service.patch(mentor("m-1"), {"hlf_name": "Kari"})
    service.patch(mentor("m-2"), {"hlf_name": "Ola"})
    row = service.row(mentor("m-2"))
    response = service.patch(f"{MENTORS}({row['hlf_peermentorid']})", {"hlf_mentorid": "m-1", "hlf_name": "x"})
    refused(response, 412, "0x80060892")
    assert service.row(mentor("m-2")) == row


# reading


def test_a_row_is_found_by_id_by_named_id_and_by_key(service: RunningEmulator) -> None:
    service.patch(mentor(), {"hlf_name": "Kari"})
    row = service.row(mentor())
    row_id = row["hlf_peermentorid"]
    for address in (f"({row_id})", f"({row_id.upper()})", f"(hlf_peermentorid={row_id})", "(hlf_mentorid=%27m-1%27)"):
        assert service.row(f"{MENTORS}{address}") == row


@pytest.mark.parametrize(
    ("path", "code", "message"),
    [
        (f"{MENTORS}(00000000-0000-0000-0000-000000000009)", "0x80040217", "hlf_peermentor With Id = 00000000-"),
        (mentor("nobody"), "0x80060891", "A record with the specified key values does not exist in hlf_peermentor"),
        ("hlf_PeerMentors(hlf_mentorid='m-1')", "0x8006088a", "Resource not found for the segment 'hlf_PeerMentors'."),
        ("hlf_people", "0x8006088a", "Resource not found for the segment 'hlf_people'."),
    ],
)
def test_what_is_missing_is_404_with_a_code_for_it(
    service: RunningEmulator, path: Any, code: str, message: str
) -> None:
    """What is not there is 404, with the code for what is missing."""
    refused(service.get(path), 404, code, message)


def test_selected_columns_come_with_the_primary_id(service: RunningEmulator) -> None:
    """Selected columns come with the primary id, and an unknown one is 400."""
    service.patch(mentor(), {"hlf_name": "Kari"})
    row = service.row(f"{mentor()}?$select=hlf_name,hlf_area")
    assert set(row) == {"@odata.context", "@odata.etag", "hlf_name", "hlf_area", "hlf_peermentorid"}
    unknown = service.get(f"{mentor()}?$select=Name")
    refused(
        unknown, 400, "0x0", "Could not find a property named 'Name' on type 'Microsoft.Dynamics.CRM.hlf_peermentor'"
    )


def test_an_unchanged_row_is_304_unless_more_is_asked_for(service: RunningEmulator) -> None:
    """An unchanged row is 304 unless annotations or related rows are asked for."""
    service.patch(mentor(), {"hlf_name": "Kari"})
    etag = service.row(mentor())["@odata.etag"]
    fresh = service.get(mentor(), **{"If-None-Match": etag})
    assert (fresh.status_code, fresh.content) == (304, b"")
    assert service.get(mentor(), **{"If-None-Match": 'W/"1"'}).status_code == 200
    annotated = {"If-None-Match": etag, "Prefer": 'odata.include-annotations="*"'}
    assert service.get(mentor(), **annotated).status_code == 200
    service.patch(example(), {"hlf_Mentor@odata.bind": f"/{mentor()}"})
    etag = service.row(example())["@odata.etag"]
    assert service.get(f"{example()}?$select=hlf_code", **{"If-None-Match": etag}).status_code == 304
    assert service.get(f"{example()}?$expand=hlf_Mentor", **{"If-None-Match": etag}).status_code == 200


# keys


def test_a_key_of_two_columns_is_addressed_by_both_in_any_order(service: RunningEmulator) -> None:
    service.patch(example("a", 2026), {"hlf_name": "x"})
    assert service.row(f"{EXAMPLES}(hlf_year=2026,hlf_code='a')")["hlf_name"] == "x"
    assert service.get(example("a", 2027)).status_code == 404
    assert service.get(f"{EXAMPLES}(hlf_code='a')").status_code == 400


def test_a_lookup_can_be_part_of_a_key(service: RunningEmulator) -> None:
    service.patch(mentor(), {"hlf_name": "Kari"})
    kari = service.row(mentor())["hlf_peermentorid"]
    response = service.patch(f"{EXAMPLES}(_hlf_mentor_value={kari},hlf_kind=100000001)", {"hlf_name": "x"})
    assert response.status_code == 204
    row = service.rows(EXAMPLES)[0]
    assert (row["_hlf_mentor_value"], row["hlf_kind"]) == (kari, 100000001)
    assert service.row(f"{EXAMPLES}(hlf_kind=100000001,_hlf_mentor_value={kari})")["hlf_name"] == "x"


def test_a_quote_in_a_key_is_doubled(service: RunningEmulator) -> None:
    service.patch(mentor("O''Brien"), {"hlf_name": "x"})
    service.patch(mentor("D%27%27Arc"), {"hlf_name": "y"})
    assert sorted(row["hlf_mentorid"] for row in service.rows(MENTORS)) == ["D'Arc", "O'Brien"]


def test_a_key_may_have_letters_of_any_language_and_spaces(service: RunningEmulator) -> None:
    response = service.patch(mentor("%C3%85se%20%C5%81"), {"hlf_name": "x"})
    assert service.rows(MENTORS)[0]["hlf_mentorid"] == "Åse Ł"
    assert response.headers["odata-entityid"].endswith("(hlf_mentorid='%C3%85se%20%C5%81')")


@pytest.mark.parametrize("key", ["hlf_name='x'", "hlf_mentorid='a',hlf_name='b'", "unknown=1", "hlf_mentorid=1", "'a'"])
def test_columns_that_are_no_key_are_400_in_the_services_words(service: RunningEmulator, key: str) -> None:
    """Columns that are no key are 400, in the words of the service."""
    response = service.get(f"{MENTORS}({key})")
    assert response.status_code == 400
    message = response.json()["error"]["message"]
    assert message.startswith("The key in the request URI is not valid for resource 'Microsoft.Dynamics.CRM.hlf_peer")
    assert "Ensure that the names and number of key properties match" in message


@pytest.mark.parametrize("character", ["%2F", "%3C", "%3E", "*", "%25", "&", ":", "%5C", "%3F", "+"])
@pytest.mark.parametrize("method", ["GET", "PATCH"])
def test_key_values_with_a_forbidden_character_are_refused(
    service: RunningEmulator, character: str, method: str
) -> None:
    """Key values with a character that does not work in an address are refused."""
    response = service.ask(method, mentor(f"a{character}b"), json={"hlf_name": "x"} if method == "PATCH" else None)
    assert response.status_code == 400
    assert service.rows(MENTORS) == []


def test_such_a_key_value_can_be_stored_and_is_unique(service: RunningEmulator) -> None:
    """Such a key value can be stored all the same and is unique."""
    assert service.post(MENTORS, {"hlf_mentorid": "a/b"}).status_code == 204
    refused(service.post(MENTORS, {"hlf_mentorid": "a/b"}), 412, "0x80060892")


# updating, or creating


def test_an_upsert_gives_no_hint_whether_it_created_or_updated(service: RunningEmulator) -> None:
    replies = [service.patch(mentor(), {"hlf_name": name}) for name in ("Kari", "Åse")]
    assert [reply.status_code for reply in replies] == [204, 204]
    own = {"x-ms-service-request-id", "req_id", "authactivityid", "set-cookie", "date"}
    left, right = (
        {k: v for k, v in reply.headers.items() if k not in own and "ratelimit" not in k} for reply in replies
    )
    assert left == right
    assert service.row(mentor())["hlf_name"] == "Åse"


def test_an_upsert_by_key_returns_the_address_it_was_sent_to(service: RunningEmulator) -> None:
    """The response to an upsert by key has the address that the request was sent to."""
    response = service.patch(mentor(), {"hlf_name": "Kari"})
    assert response.headers["odata-entityid"] == f"{service.environment.url}{API}{mentor()}"


def test_an_upsert_by_id_creates_the_row_with_that_id(service: RunningEmulator) -> None:
    row_id = str(uuid.uuid4())
    assert service.patch(f"{MENTORS}({row_id})", {"hlf_name": "Kari"}).status_code == 204
    assert service.row(f"{MENTORS}({row_id})")["hlf_peermentorid"] == row_id


def test_an_upsert_with_representation_says_if_it_created(service: RunningEmulator) -> None:
    """With return=representation an upsert distinguishes creation from update."""
    path, prefer = f"{mentor()}?$select=hlf_peermentorid", {"Prefer": "return=representation"}
    created, updated = (service.patch(path, {"hlf_name": name}, **prefer) for name in ("Kari", "Åse"))
    assert [created.status_code, updated.status_code] == [201, 200]
    assert created.json()["hlf_peermentorid"] == updated.json()["hlf_peermentorid"]
    assert created.headers["etag"] != updated.headers["etag"]


def test_an_update_changes_only_what_it_names_and_the_version(service: RunningEmulator) -> None:
    """An update changes only what it names and gives the row a new version."""
    service.patch(mentor(), {"hlf_name": "Kari", "hlf_area": "Oslo"})
    before = service.row(mentor())
    service.patch(mentor(), {"hlf_name": "Åse"})
    after = service.row(mentor())
    assert (after["hlf_name"], after["hlf_area"]) == ("Åse", "Oslo")
    assert after["@odata.etag"] != before["@odata.etag"]


def test_if_match_any_updates_and_never_creates(service: RunningEmulator) -> None:
    """I8: hiding and updating never create a row on the website."""
    refused(service.patch(mentor(), {"hlf_name": "x"}, **{"If-Match": "*"}), 404, "0x80060891")
    missing = f"{MENTORS}({uuid.uuid4()})"
    refused(service.patch(missing, {"hlf_name": "x"}, **{"If-Match": "*"}), 404, "0x80040217")
    assert service.rows(MENTORS) == []
    service.patch(mentor(), {"hlf_name": "Kari"})
    assert service.patch(mentor(), {"hlf_name": "Åse"}, **{"If-Match": "*"}).status_code == 204


def test_if_none_match_any_creates_and_never_updates(service: RunningEmulator) -> None:
    create_only = {"If-None-Match": "*"}
    assert service.patch(mentor(), {"hlf_name": "Kari"}, **create_only).status_code == 204
    response = service.patch(mentor(), {"hlf_name": "x"}, **create_only)
    refused(response, 412, "0x80040237", "A record with matching key values already exists.")
    assert service.row(mentor())["hlf_name"] == "Kari"


def test_an_old_etag_is_412_and_the_current_one_passes(service: RunningEmulator) -> None:
    """An old ETag is 412 for update and deletion, and the current one passes."""
    service.patch(mentor(), {"hlf_name": "Kari"})
    old = service.row(mentor())["@odata.etag"]
    service.patch(mentor(), {"hlf_name": "Åse"})
    message = "The version of the existing record doesn't match the RowVersion property provided."
    refused(service.patch(mentor(), {"hlf_name": "x"}, **{"If-Match": old}), 412, "0x80060882", message)
    refused(service.delete(mentor(), **{"If-Match": old}), 412, "0x80060882", message)
    current = service.row(mentor())["@odata.etag"]
    assert service.patch(mentor(), {"hlf_name": "Siri"}, **{"If-Match": current}).status_code == 204
    assert service.delete(mentor(), **{"If-Match": service.row(mentor())["@odata.etag"]}).status_code == 204


@pytest.mark.parametrize("name", ["If-Match", "If-None-Match"])
def test_the_word_null_is_no_precondition(service: RunningEmulator, name: str) -> None:
    """Microsoft's own samples send If-None-Match: null with every call."""
    assert service.patch(mentor(), {"hlf_name": "Kari"}, **{name: "null"}).status_code == 204
    assert service.patch(mentor(), {"hlf_name": "Åse"}, **{name: "null"}).status_code == 204
    assert service.get(mentor(), **{name: "null"}).status_code == 200
    assert service.delete(mentor(), **{name: "null"}).status_code == 204


def test_the_bodys_key_wins_at_creation_and_not_at_an_update(
    service: RunningEmulator,
) -> None:
    """At creation the body's key wins over the address's; at an update the body's key is dropped."""
    service.patch(mentor("address"), {"hlf_mentorid": "body", "hlf_name": "Kari"})
    assert service.row(mentor("body"))["hlf_name"] == "Kari"
    service.patch(mentor("body"), {"hlf_mentorid": "other", "hlf_name": "Åse"})
    assert service.row(mentor("body"))["hlf_name"] == "Åse"
    assert len(service.rows(MENTORS)) == 1


def test_the_loser_of_two_upserts_of_a_key_finds_the_row(service: RunningEmulator) -> None:
    """The loser of two upserts of one key gets an error that says so, and finds the row."""
    service.environment.settings.races_to_lose = 1
    lost = service.patch(mentor(), {"hlf_name": "Kari"})
    refused(lost, 412, "0x80040237", "A record with matching key values already exists.")
    assert service.row(mentor())["hlf_name"] == "Kari"  # the winner's, who wrote the same
    assert service.patch(mentor(), {"hlf_name": "Åse"}).status_code == 204
    assert [row["hlf_name"] for row in service.rows(MENTORS)] == ["Åse"]


def test_an_update_loses_no_race(service: RunningEmulator) -> None:
    service.patch(mentor(), {"hlf_name": "Kari"})
    service.environment.settings.races_to_lose = 1
    assert service.patch(mentor(), {"hlf_name": "Åse"}).status_code == 204


# deleting


def test_a_deleted_row_is_gone_and_its_key_is_free(service: RunningEmulator) -> None:
    service.patch(mentor(), {"hlf_name": "Kari"})
    response = service.delete(mentor())
    assert (response.status_code, response.content) == (204, b"")
    refused(service.get(mentor()), 404, "0x80060891")
    refused(service.delete(mentor()), 404, "0x80060891")
    assert service.patch(mentor(), {"hlf_name": "Åse"}).status_code == 204


def test_a_deleted_row_leaves_no_lookup_behind(service: RunningEmulator) -> None:
    service.patch(mentor(), {"hlf_name": "Kari"})
    service.patch(example(), {"hlf_Mentor@odata.bind": f"/{mentor()}"})
    service.delete(mentor())
    assert service.row(example())["_hlf_mentor_value"] is None


# methods and headers


def test_an_error_says_more_where_annotations_are_asked_for(service: RunningEmulator) -> None:
    error = service.get(mentor("nobody"), Prefer='odata.include-annotations="*"').json()["error"]
    assert error["code"] == "0x80060891"
    assert error["@Microsoft.PowerApps.CDS.InnerError.Message"] == error["message"]
    assert "CrmException%3a80060891" in error["@Microsoft.PowerApps.CDS.HelpLink"]


def test_a_function_called_by_post_is_404_with_an_empty_code(service: RunningEmulator) -> None:
    message = f"No HTTP resource was found that matches the request URI '{service.environment.api_url}WhoAmI'."
    refused(service.post("WhoAmI", {}), 404, "", message)


@pytest.mark.parametrize(("method", "path"), [("PATCH", MENTORS), ("DELETE", MENTORS), ("POST", mentor())])
def test_a_method_an_address_lacks_is_405_without_a_code(service: RunningEmulator, method: str, path: Any) -> None:
    """A method that an address does not have is 405 with an empty code."""
    message = f"The requested resource does not support http method '{method}'."
    refused(service.ask(method, path, json={}), 405, "", message)


def test_every_reply_has_the_headers_of_the_service(service: RunningEmulator) -> None:
    service.patch(mentor(), {"hlf_name": "Kari"})
    for response in (service.get(mentor()), service.get(mentor("nobody")), service.patch(mentor(), {"hlf_name": "x"})):
        headers = response.headers
        assert re.fullmatch(GUID, headers["x-ms-service-request-id"])
        assert re.fullmatch(GUID, headers["req_id"])
        assert headers["odata-version"] == "4.0"
        assert headers["x-ms-dop-hint"] == "4"
        assert headers["cache-control"] == "no-cache"
        assert headers["crm.serviceid"] == "CRMAppPool"
        assert "ReqClientId=" in headers["set-cookie"]


def test_the_affinity_cookie_names_a_server_and_comes_back(
    service: RunningEmulator,
) -> None:
    """The affinity cookie names one server, and a client that keeps cookies sends it back."""
    first, second = (service.get("WhoAmI") for _ in range(2))
    assert first.headers["set-cookie"].startswith("ARRAffinity=")
    assert first.cookies["ARRAffinity"] == second.cookies["ARRAffinity"]
    assert f"ARRAffinity={first.cookies['ARRAffinity']}" in second.request.headers["cookie"]


def test_who_am_i_names_the_application_user(service: RunningEmulator) -> None:
    body = service.get("WhoAmI").json()
    assert set(body) == {"@odata.context", "BusinessUnitId", "UserId", "OrganizationId"}
    assert body["@odata.context"].endswith("$metadata#Microsoft.Dynamics.CRM.WhoAmIResponse")


def test_the_privileges_of_oneself_are_served(service: RunningEmulator) -> None:
    """By name and all of them; one that was taken away is not among them (RetrieveUserPrivilegeByPrivilegeName)."""
    user = service.get("WhoAmI").json()["UserId"]
    functions = f"systemusers({user})/Microsoft.Dynamics.CRM.RetrieveUserPrivilege"
    by_name = f"{functions}ByPrivilegeName(PrivilegeName='prvCreatehlf_PeerMentor')"
    (held,) = service.get(by_name).json()["RolePrivileges"]
    assert (held["PrivilegeName"], held["Depth"]) == ("prvCreatehlf_PeerMentor", "Global")
    service.environment.tokens.deny(defaults.CLIENT_ID, "hlf_peermentor", "create")
    body = service.get(by_name).json()
    assert body["RolePrivileges"] == []
    assert body["@odata.context"].endswith("RetrieveUserPrivilegeByPrivilegeNameResponse")
    names = {one["PrivilegeName"] for one in service.get(f"{functions}s()").json()["RolePrivileges"]}
    assert {"prvReadhlf_PeerMentor", "prvWritehlf_PeerMentor"} <= names
    assert "prvCreatehlf_PeerMentor" not in names


_OTHERS = f"systemusers({defaults.CLIENT_ID})/Microsoft.Dynamics.CRM."
_OWN = f"systemusers({defaults.APPLICATION_USER_ID})/Microsoft.Dynamics.CRM."
_NOT_SERVED = [
    f"{_OTHERS}RetrieveUserPrivileges()",
    f"{_OWN}RetrieveUserPrivileges(PrivilegeName='x')",
    f"{_OWN}RetrieveUserPrivilegeByPrivilegeName(PrivilegeName='prvReadAccount')",
]


@pytest.mark.parametrize("path", _NOT_SERVED)
def test_privileges_of_others_are_not_served(service: RunningEmulator, path: Any) -> None:
    assert service.get(path).status_code == 501


def test_one_property_is_read_set_and_emptied_by_itself(service: RunningEmulator) -> None:
    """As the batch page does with PUT $1/lastname."""
    service.patch(mentor(), {"hlf_name": "Kari"})
    service.patch(example(), {"hlf_name": "x"})
    assert service.ask("PUT", f"{mentor()}/hlf_name", json={"value": "Åse"}).status_code == 204
    assert service.get(f"{mentor()}/hlf_name").json()["value"] == "Åse"
    assert service.get(f"{mentor()}/hlf_name/$value").text == "Åse"
    assert service.delete(f"{mentor()}/hlf_name").status_code == 204
    assert service.get(f"{mentor()}/hlf_name").status_code == 204
    reference = {"@odata.id": f"{service.environment.api_url}{mentor()}"}
    assert service.ask("PUT", f"{example()}/hlf_Mentor/$ref", json=reference).status_code == 204
    assert service.row(example())["_hlf_mentor_value"] == service.row(mentor())["hlf_peermentorid"]
    assert service.delete(f"{example()}/hlf_Mentor/$ref").status_code == 204
    assert service.row(example())["_hlf_mentor_value"] is None
    refused(service.get(f"{mentor()}/nothing"), 404, "0x8006088a")
    refused(service.get(f"{mentor('nobody')}/hlf_name"), 404, "0x80060891")


@pytest.mark.parametrize("column", ["hlf_peermentorid", "createdon", "modifiedon", "versionnumber"])
def test_what_only_the_system_writes_is_not_emptied_by_itself(service: RunningEmulator, column: str) -> None:
    """It is passed over, as in a body, and the row stays one that can be found."""
    service.patch(mentor(), {"hlf_name": "Kari"})
    before = service.row(mentor())
    assert service.delete(f"{mentor()}/{column}").status_code == 204
    after = service.row(mentor())
    changing = {"@odata.etag", "modifiedon", "versionnumber"}
    assert {name: after[name] for name in after.keys() - changing} == {
        name: before[name] for name in before.keys() - changing
    }
    assert None not in {after[name] for name in changing}


def test_a_row_is_never_without_state_and_status(service: RunningEmulator) -> None:
    service.patch(mentor(), {"statecode": 1, "statuscode": 2})
    for column in ("statecode", "statuscode"):
        assert service.delete(f"{mentor()}/{column}").status_code == 204
        row = service.row(mentor())
        assert (row["statecode"], row["statuscode"]) == (1, 2)


def test_a_lookup_is_not_set_by_its_value_as_a_property(service: RunningEmulator) -> None:
    """The words are those of a body, which has to name the navigation property."""
    service.patch(mentor(), {"hlf_name": "Kari"})
    service.patch(example(), {"hlf_name": "x"})
    value = {"value": service.row(mentor())["hlf_peermentorid"]}
    refused(service.ask("PUT", f"{example()}/_hlf_mentor_value", json=value), 400, "0x80060888")


@pytest.mark.parametrize("method", ["GET", "PATCH", "DELETE"])
@pytest.mark.parametrize("value", ["a)/b", "a%29%2Fb", "a)/hlf_name", ")/"])
def test_a_bracket_and_a_slash_in_a_key_do_not_end_it(service: RunningEmulator, method: str, value: str) -> None:
    """404 would say that there is no such row."""
    refused(service.ask(method, mentor(value), json={}), 400, "0x80060888")


def test_a_bracket_in_a_key_is_a_letter_like_others(service: RunningEmulator) -> None:
    service.patch(mentor("a)b("), {"hlf_name": "Kari"})
    assert service.get(f"{mentor('a)b(')}/hlf_name").json()["value"] == "Kari"
    service.patch(mentor("it''s)"), {"hlf_name": "Siri"})
    assert service.get(f"{mentor('it%27%27s%29')}/hlf_name/$value").text == "Siri"
    assert service.row(f"/{mentor('a)b(')}/")["hlf_name"] == "Kari"


@pytest.mark.parametrize("method", ["HEAD", "OPTIONS"])
@pytest.mark.parametrize("path", [MENTORS, mentor(), "WhoAmI", "$metadata", ""])
def test_methods_named_without_a_known_response_are_501(service: RunningEmulator, method: str, path: Any) -> None:
    """Methods that the service names, and whose response is not known, are 501.

    `Allow` has them, so 405 would be wrong.
    """
    response = service.ask(method, path)
    assert response.status_code == 501
    assert method == "HEAD" or "does not serve the method" in response.text


def test_an_address_of_more_than_32768_characters_is_refused(service: RunningEmulator) -> None:
    assert service.get(f"WhoAmI?tag={'x' * 32_000}").status_code == 200
    assert service.get(f"WhoAmI?tag={'x' * 33_000}").status_code == 413
