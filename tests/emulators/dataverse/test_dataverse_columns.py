"""Column values of the emulator, "type and length errors with the real codes"."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.dataverse_service import EXAMPLES, MENTORS, operation, parts

if TYPE_CHECKING:
    from tests.support.dataverse_service import RunningEmulator

ROW = f"{EXAMPLES}(hlf_code='a',hlf_year=2026)"
MENTOR = f"{MENTORS}(hlf_mentorid='m-1')"


def refused(response, code: str, *messages: str) -> None:
    assert response.status_code == 400, response.text
    error = response.json()["error"]
    assert error["code"] == code
    for message in messages:
        assert message in error["message"]


@pytest.mark.parametrize(
    ("column", "given", "kept"),
    [
        ("hlf_notes", "Ærlig talt\nÅ", "Ærlig talt\nÅ"),
        ("hlf_notes", "", ""),
        ("hlf_count", -2147483648, -2147483648),
        ("hlf_amount", 12.345, 12.35),
        ("hlf_amount", 7, 7),
        ("hlf_active", False, False),
        ("hlf_when", "2026-11-23T10:15:30Z", "2026-11-23T10:15:30Z"),
        ("hlf_when", "2026-11-23T12:15:30.123+02:00", "2026-11-23T10:15:30Z"),
        ("hlf_day", "2026-02-28", "2026-02-28"),
        ("hlf_kind", 100000002, 100000002),
    ],
)
def test_values_of_every_type_are_kept_and_can_be_emptied(
    service: RunningEmulator, column: str, given: Any, kept: Any
) -> None:
    assert service.patch(ROW, {column: given}).status_code == 204
    assert service.row(ROW)[column] == kept
    assert service.patch(ROW, {column: None}).status_code == 204
    assert service.row(ROW)[column] is None


@pytest.mark.parametrize(
    ("column", "value", "edm"),
    [
        ("hlf_name", 5, "String"),
        ("hlf_name", True, "String"),
        ("hlf_name", {"a": 1}, "String"),
        ("hlf_count", "Charity", "Int32"),
        ("hlf_count", "", "Int32"),
        ("hlf_count", 1.5, "Int32"),
        ("hlf_count", True, "Int32"),
        ("hlf_count", 2147483648, "Int32"),
        ("hlf_active", 1, "Boolean"),
        ("hlf_active", "yes", "Boolean"),
        ("hlf_kind", "First", "Int32"),
        ("hlf_amount", True, "Decimal"),
        ("hlf_when", "yesterday", "DateTimeOffset"),
        ("hlf_when", "2026-11-23", "DateTimeOffset"),
        ("hlf_when", 5, "DateTimeOffset"),
        ("hlf_when", "20261123T101530", "DateTimeOffset"),
        ("hlf_when", "2026-W48-1T10:15:30", "DateTimeOffset"),
        ("hlf_when", "2026-11-23T10Z", "DateTimeOffset"),
        ("hlf_when", "2026-11-23T10:15:30,5Z", "DateTimeOffset"),
        ("hlf_when", "2026-11-23T10:15:30+0100", "DateTimeOffset"),
        ("hlf_when", "2026-11-23T10:15:30+01:00:30", "DateTimeOffset"),
        ("hlf_when", "2026-11-23T10:15:30+15:00", "DateTimeOffset"),
        ("hlf_when", "2026-11-23 10:15:30Z", "DateTimeOffset"),
        ("hlf_day", "20260228", "Date"),
        ("hlf_day", "2026-W09-6", "Date"),
        ("hlf_count", "1_0", "Int32"),
        ("hlf_count", " 5", "Int32"),
        ("hlf_count", "\u0665", "Int32"),
        ("hlf_day", "2026-02-30", "Date"),
    ],
)
def test_a_value_of_another_type_is_400_and_names_the_type(
    service: RunningEmulator, column: str, value: Any, edm: str
) -> None:
    """A value of another type is 400, and the error names the type expected."""
    words = f"Cannot convert the literal '{value}' to the expected type 'Edm.{edm}'."
    response = service.patch(ROW, {column: value})
    refused(
        response, "0x80048d19", "Error identified in Payload provided by the user for Entity :'hlf_examples'", words
    )
    assert service.rows(EXAMPLES) == []


def test_a_text_may_be_as_long_as_its_column_and_no_longer(service: RunningEmulator) -> None:
    assert service.patch(ROW, {"hlf_name": "x" * 200}).status_code == 204
    response = service.patch(ROW, {"hlf_name": "x" * 201})
    refused(
        response,
        "0x80044331",
        "A validation error occurred.  The length of the 'hlf_name' attribute of the 'hlf_example' entity exceeded the"
        " maximum allowed length of '200'.",
    )
    assert service.row(ROW)["hlf_name"] == "x" * 200


INVALID = ["\x00", "\x01", "\x08", "\x0b", "\x0c", "\x0e", "\x1b", "\x1f", "\ufffe", "\uffff", "\ud800", "\udfff"]
VALID = ["\t", "\n", "\r\n", "\x7f", "\x85", "\xa0", "\u200b", "\u202e", "\ufffd", "\U0001f600", "A\u030a"]


@pytest.mark.parametrize("column", ["hlf_name", "hlf_notes"])
@pytest.mark.parametrize("character", INVALID, ids=ascii)
def test_characters_that_xml_does_not_have_are_refused(service: RunningEmulator, column: str, character: Any) -> None:
    """The page "Manage invalid characters", and the captured reply to a vertical tab (powerapps-tools#834)."""
    shown = "." if character == "\x00" else "?" if "\ud800" <= character <= "\udfff" else character
    words = f"Invalid character in field '{column}': '{shown}', hexadecimal value 0x{ord(character):02X}, is an invalid"
    body = json.dumps({column: f"Kari {character}Nordmann"}).encode()
    refused(service.ask("PATCH", ROW, content=body), "0x80040278", words)
    assert service.rows(EXAMPLES) == []
    item = operation("PATCH", ROW, {}).replace("{}", body.decode())
    (part,) = parts(service.batch(item))
    assert (part.status, part.code) == (400, "0x80040278")
    body = json.dumps({"value": character}).encode()
    service.patch(ROW, {"hlf_name": "x"})
    refused(service.ask("PUT", f"{ROW}/{column}", content=body), "0x80040278", words)


@pytest.mark.parametrize("character", VALID, ids=ascii)
def test_characters_that_xml_has_are_kept_as_they_are(service: RunningEmulator, character: Any) -> None:
    """XmlConvert.VerifyXmlChars has nothing against them."""
    assert service.patch(ROW, {"hlf_name": f"Kari{character}x"}).status_code == 204
    assert service.row(ROW)["hlf_name"] == f"Kari{character}x"


@pytest.mark.parametrize(
    ("path", "code"),
    [
        (f"{MENTORS}(hlf_mentorid='{'x' * 37}')", "0x80044331"),
        (f"{MENTORS}(hlf_mentorid='%0B')", "0x80040278"),
        (f"{EXAMPLES}(hlf_code='{'x' * 21}',hlf_year=2026)", "0x80044331"),
        (f"{EXAMPLES}(hlf_code='a',hlf_year=1899)", "0x80044330"),
        (f"{EXAMPLES}(hlf_code='a',hlf_year=99999999999)", "0x80048d19"),
        (f"{EXAMPLES}(hlf_code='a',hlf_year=1_9)", "0x0"),
        (f"{EXAMPLES}(hlf_exampleid=no-guid)", "0x0"),
        (f"{EXAMPLES}(hlf_code='a',hlf_code='b',hlf_year=2026)", "0x0"),
        (f"{EXAMPLES}(hlf_code='a',hlf_year=2026,)", "0x0"),
    ],
)
def test_an_address_makes_no_row_that_a_body_could_not(service: RunningEmulator, path: str, code: str) -> None:
    """What a column cannot have is refused in the address of an upsert, too."""
    refused(service.patch(path, {"hlf_name": "x"}), code)
    assert (service.rows(MENTORS), service.rows(EXAMPLES)) == ([], [])


def test_a_key_in_an_address_refers_to_rows_that_are_there(service: RunningEmulator) -> None:
    """A lookup in the address of an upsert is looked up, as one in a body is."""
    nobody = "00000000-0000-0000-0000-000000000009"
    response = service.patch(f"{EXAMPLES}(_hlf_mentor_value={nobody},hlf_kind=100000000)", {"hlf_name": "x"})
    assert (response.status_code, response.json()["error"]["code"]) == (404, "0x80040217")
    service.patch(MENTOR, {"hlf_name": "Kari"})
    kari = service.row(MENTOR)["hlf_peermentorid"]
    assert service.patch(f"{EXAMPLES}(_hlf_mentor_value={kari},hlf_kind=100000009)", {}).status_code == 400
    assert service.rows(EXAMPLES) == []


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("2026-11-23T10:15:30", "2026-11-23T10:15:30Z"),
        ("2026-11-23T10:15:30.1234567", "2026-11-23T10:15:30Z"),
        ("2026-11-23T10:15", "2026-11-23T10:15:00Z"),
        ("1753-01-01T00:00:00", "1753-01-01T00:00:00Z"),
    ],
)
def test_a_time_without_a_zone_is_taken_for_utc(service: RunningEmulator, given: str, kept: str) -> None:
    """Three of Microsoft's own examples send them."""
    assert service.patch(ROW, {"hlf_when": given}).status_code == 204
    assert service.row(ROW)["hlf_when"] == kept
    assert len(service.get(f"{EXAMPLES}?$filter=hlf_when eq {kept[:19]}").json()["value"]) == 1
    assert service.get(f"{EXAMPLES}?$filter=hlf_when gt {given}").status_code == 200


@pytest.mark.parametrize("column", ["hlf_when", "hlf_day"])
@pytest.mark.parametrize("day", ["0001-01-01", "0020-05-17", "1752-12-31"])
def test_a_time_before_1753_is_refused_as_sql_server_would(service: RunningEmulator, column: str, day: str) -> None:
    """.NET's smallest date, which clients send for none, and a year that is being typed."""
    text = f"{day}T00:00:00Z" if column == "hlf_when" else day
    said = f"Actual value: {day[5:7]}/{day[8:]}/{day[:4]} 00:00:00, Minimum value supported: 01/01/1753 00:00:00"
    refused(service.patch(ROW, {column: text}), "0x80040239", "supported by CrmDateTime", said)
    assert service.rows(EXAMPLES) == []
    refused(service.get(f"{EXAMPLES}?$filter={column} ge {text}"), "0x80040239", said)


@pytest.mark.parametrize(
    "given",
    [
        "ABCDEF00-0000-4000-8000-00000000000A",
        "{abcdef00-0000-4000-8000-00000000000a}",
        "(abcdef00-0000-4000-8000-00000000000A)",
        " abcdef00-0000-4000-8000-00000000000a ",
        "ABCDEF00000040008000" + "00000000000A",
    ],
)
def test_an_id_in_a_body_has_every_form_that_a_guid_of_net_has(service: RunningEmulator, given: str) -> None:
    """Microsoft's OData library reads one with `new Guid(text)`; the row has it as all rows do."""
    assert service.post(MENTORS, {"hlf_peermentorid": given}).status_code == 204
    assert service.row(f"{MENTORS}(abcdef00-0000-4000-8000-00000000000a)")["hlf_name"] is None


@pytest.mark.parametrize(
    "given", ["{abcdef00-0000-4000-8000-00000000000a", "abcdef00-00004000-8000-00000000000a", "1", ""]
)
def test_an_id_in_a_body_that_is_no_guid_is_refused(service: RunningEmulator, given: str) -> None:
    refused(service.post(MENTORS, {"hlf_peermentorid": given}), "0x80048d19", "'Edm.Guid'")


@pytest.mark.parametrize(
    ("column", "text"),
    [
        ("hlf_when", '"0001-01-01T00:00:00+14:00"'),
        ("hlf_when", '"2026-11-23T25:00:00"'),
        ("hlf_amount", "NaN"),
        ("hlf_amount", "1e999"),
        ("hlf_name", '"\x0b"'),
        ("hlf_name", "[" * 100_000),
    ],
)
def test_what_no_column_can_hold_is_400_and_no_fault(service: RunningEmulator, column: str, text: str) -> None:
    """The emulator says what is wrong with a value, and does not break on it."""
    refused(service.ask("PATCH", ROW, content=f'{{"{column}": {text}}}'.encode()), "0x80048d19")
    assert service.rows(EXAMPLES) == []


def test_a_choice_that_does_not_exist_is_400(service: RunningEmulator) -> None:
    refused(service.patch(ROW, {"hlf_kind": 100000003}), "0x8004431A", "outside the valid range")


def test_an_unknown_column_is_400_and_case_counts(service: RunningEmulator) -> None:
    """An unknown column is 400, and names of columns are case-sensitive."""
    message = "Invalid property 'HLF_Name' was found in entity 'Microsoft.Dynamics.CRM.hlf_example'."
    refused(service.patch(ROW, {"HLF_Name": "x"}), "0x80048d19", message)


def test_annotations_in_a_body_are_passed_over(service: RunningEmulator) -> None:
    body = {"@odata.type": "Microsoft.Dynamics.CRM.hlf_example", "hlf_name@x.y": "z", "hlf_name": "x"}
    assert service.patch(ROW, body).status_code == 204


@pytest.mark.parametrize(
    "name", ["#Microsoft.Dynamics.CRM.hlf_peermentor", "Microsoft.Dynamics.CRM.account", "x", None]
)
def test_a_row_that_says_it_is_another_tables_is_refused(service: RunningEmulator, name: str | None) -> None:
    """The library refuses the type before it looks at a column."""
    refused(service.patch(ROW, {"@odata.type": name, "hlf_name": "x"}), "0x80048d19", "is not assignable to")
    assert service.rows(EXAMPLES) == []


@pytest.mark.parametrize(
    "text", ['{"hlf_name": "a", "hlf_name": "b"}', '{"hlf_name": "a", "hlf_code": "b", "hlf_name": "a"}']
)
def test_a_column_that_is_there_twice_is_refused(service: RunningEmulator, text: str) -> None:
    """Which of the two would be kept is nobody's to guess."""
    refused(service.ask("PATCH", ROW, content=text), "0x80048d19", "the name 'hlf_name' were detected")
    refused(service.ask("POST", EXAMPLES, content=text), "0x80048d19", "duplicate property names are not allowed")
    assert service.rows(EXAMPLES) == []


@pytest.mark.parametrize("column", ["createdon", "modifiedon", "versionnumber"])
def test_what_only_the_system_writes_is_passed_over(service: RunningEmulator, column: str) -> None:
    service.patch(ROW, {"hlf_name": "x"})
    assert service.patch(ROW, {column: "2001-01-01T00:00:00Z"}).status_code == 204
    assert str(service.row(ROW)[column]) > "2001-01-02" or column == "versionnumber"
    assert service.row(ROW)["versionnumber"] != "2001-01-01T00:00:00Z"


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'"x"', b"null", b"\xff"])
def test_a_body_that_is_no_json_object_is_400(service: RunningEmulator, body: bytes) -> None:
    refused(service.ask("PATCH", ROW, content=body), "0x80048d19")


# lookups


def test_a_lookup_is_set_by_property_and_read_as_a_value(service: RunningEmulator) -> None:
    """A lookup is set by its navigation property and read as a value."""
    service.patch(MENTOR, {"hlf_name": "Kari"})
    kari = service.row(MENTOR)["hlf_peermentorid"]
    for reference in (
        f"/{MENTORS}({kari})",
        f"{MENTORS}({kari})",
        f"/{MENTOR}",
        f"{service.environment.api_url}{MENTOR}",
    ):
        service.patch(ROW, {"hlf_Mentor@odata.bind": None})
        assert service.row(ROW)["_hlf_mentor_value"] is None
        assert service.patch(ROW, {"hlf_Mentor@odata.bind": reference}).status_code == 204
        assert service.row(ROW)["_hlf_mentor_value"] == kari


def test_a_lookup_to_a_missing_row_is_404_and_writes_nothing(service: RunningEmulator) -> None:
    """A lookup to a row that is not there is 404 and writes nothing."""
    reference = f"/{MENTORS}(00000000-0000-0000-0000-000000000009)"
    response = service.patch(ROW, {"hlf_name": "x", "hlf_Mentor@odata.bind": reference})
    assert response.status_code == 404
    assert response.json()["error"]["code"] == "0x80040217"
    assert service.rows(EXAMPLES) == []


def test_a_lookup_is_not_set_by_value_or_logical_name(service: RunningEmulator) -> None:
    """A lookup cannot be set by its value, nor by its logical name."""
    message = "CRM do not support direct update of Entity Reference properties, Use Navigation properties instead."
    refused(service.patch(ROW, {"_hlf_mentor_value": "x"}), "0x80060888", message)
    message = "An undeclared property 'hlf_mentor' which only has property annotations in the payload"
    refused(service.patch(ROW, {"hlf_mentor@odata.bind": f"/{MENTOR}"}), "0x80048d19", message)


# state and status


def test_a_row_is_made_inactive_by_state_and_status(service: RunningEmulator) -> None:
    service.patch(MENTOR, {"hlf_name": "Kari"})
    assert service.patch(MENTOR, {"statecode": 1, "statuscode": 2}).status_code == 204
    row = service.row(MENTOR)
    assert (row["statecode"], row["statuscode"]) == (1, 2)


def test_a_state_alone_takes_its_default_status(service: RunningEmulator) -> None:
    """A state without a status takes the state's default status."""
    service.patch(MENTOR, {"hlf_name": "Kari"})
    for state, status in ((1, 2), (0, 1)):
        service.patch(MENTOR, {"statecode": state})
        row = service.row(MENTOR)
        assert (row["statecode"], row["statuscode"]) == (state, status)


def test_a_status_of_another_state_is_refused(service: RunningEmulator) -> None:
    """A status of another state is refused, with or without that state."""
    service.patch(MENTOR, {"hlf_name": "Kari"})
    message = "is not a valid status code for state code hlf_PeerMentorState."
    for body in ({"statecode": 1, "statuscode": 1}, {"statuscode": 2}, {"statecode": 0, "statuscode": 2}):
        refused(service.patch(MENTOR, body), "0x80048408", message)
    row = service.row(MENTOR)
    assert (row["statecode"], row["statuscode"]) == (0, 1)
    assert service.patch(MENTOR, {"statuscode": 1}).status_code == 204
    service.patch(MENTOR, {"statecode": 1})
    assert service.patch(MENTOR, {"statuscode": 2}).status_code == 204
    refused(service.patch(MENTOR, {"statuscode": 1}), "0x80048408", message)
