"""What the emulator does not emulate says so, and what is a typo has the service's words for a typo."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest

from emulators.dataverse.odata import service_names
from tests.support.dataverse_queries import ask
from tests.support.dataverse_service import EXAMPLES, MENTORS, operation, parts
from tests.support.there import there

if TYPE_CHECKING:
    from tests.support.dataverse_service import RunningEmulator

MENTOR = f"{MENTORS}(hlf_mentorid='0')"
EXAMPLE = f"{EXAMPLES}(hlf_code='OSLO',hlf_year=2024)"
COLLECTION = "hlf_peermentor_hlf_example_hlf_Mentor"
TABLE = "EntityDefinitions(LogicalName='hlf_example')"
CRM = "Microsoft.Dynamics.CRM."


@pytest.fixture
def service(examples: RunningEmulator) -> RunningEmulator:
    return examples


def not_served(response, word: str = "") -> None:
    assert response.status_code == 501, response.text
    message = response.json()["error"]["message"]
    assert message.startswith("The emulator "), message
    assert word in message


NAMES = ["GlobalOptionSetDefinitions", "ManagedPropertyDefinitions", "systemusers", "accounts", "contacts", "teams"]
NAMES += [
    "businessunits",
    "organizations",
    "solutions",
    "publishers",
    "roles",
    "workflows",
    "savedqueries",
    "annotations",
]
CALLS = [
    "RetrieveVersion()",
    "RetrieveVersion",
    "RetrieveCurrentOrganization(AccessType='Default')",
    "RetrieveTimestamp()",
]
CALLS += ["RetrieveTotalRecordCount(EntityNames=['hlf_example'])", "RetrieveMetadataChanges(Query=@q)?@q={}"]
CALLS += ["GetTimeZoneCodeByLocalizedName(LocalizedStandardName=@p1,LocaleId=@p2)?@p1='x'&@p2=1033"]


@pytest.mark.parametrize("path", [*NAMES, *CALLS])
def test_tables_and_functions_of_the_service_say_so(service: RunningEmulator, path: Any) -> None:
    """Sets of the system, definitions and functions."""
    word = there(re.match(r"\w+", path))[0]
    not_served(service.get(path), word)
    (part,) = parts(service.batch(operation("GET", path)))
    assert part.status == 501


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("end", ["(00000000-0000-0000-0000-000000000001)", "/$count", "?$select=fullname", "(x)/y/z"])
def test_what_is_below_such_a_table_says_so_too(service: RunningEmulator, name: Any, end: str) -> None:
    not_served(service.get(f"{name}{end}"), name)


@pytest.mark.parametrize("name", [*NAMES[2:], "PublishXml", "PublishAllXml", "ImportSolution", "Merge", "GrantAccess"])
def test_writing_to_them_and_actions_say_so(service: RunningEmulator, name: Any) -> None:
    not_served(service.post(name, {}), name)


@pytest.mark.parametrize("path", ["GlobalOptionSetDefinitions", "RelationshipDefinitions", "EntityDefinitions", TABLE])
def test_changing_definitions_says_so(service: RunningEmulator, path: Any) -> None:
    not_served(service.post(path, {}))


def test_every_name_of_the_service_is_distinguished_from_a_typo(service: RunningEmulator) -> None:
    """By the list, and none of its names is a table or message that is served."""
    names = service_names.SETS | service_names.DEFINITIONS | service_names.MESSAGES
    served = {"EntityDefinitions", "RelationshipDefinitions", "sdkmessagefilters", "WhoAmI", "BulkDelete"}
    assert not names & (served | {"CreateMultiple", "UpdateMultiple", "UpsertMultiple", MENTORS, EXAMPLES})
    found = parts(service.batch(*(operation("GET", name) for name in sorted(names)), go_on=True))
    assert {part.status for part in found} == {501}


@pytest.mark.parametrize("name", ["WinOpportunity", "RetrievePrincipalAccess(Target=@t)?@t={}", "Assign"])
def test_bound_messages_say_so(service: RunningEmulator, name: str) -> None:
    """Behind a row and behind a set."""
    not_served(service.get(f"{EXAMPLE}/{CRM}{name}"))
    not_served(service.post(f"{EXAMPLES}/{CRM}{name}", {}))


@pytest.mark.parametrize("rest", ["$ref", "$value"])
def test_what_odata_has_behind_a_row_says_so(service: RunningEmulator, rest: str) -> None:
    """As behind a set."""
    not_served(service.get(f"{EXAMPLE}/{rest}"), rest)
    assert "'$count'" in service.get(f"{EXAMPLE}/hlf_name/$count").json()["error"]["message"]


SYSTEM_TABLES = [
    "account",
    "systemuser",
    "opportunity",
    "activityparty",
    "fax",
    "webresource",
    "roleprivileges",
    "feedback",
]


@pytest.mark.parametrize("name", SYSTEM_TABLES)
@pytest.mark.parametrize("rest", ["", "/Attributes", "/Keys?$select=LogicalName"])
def test_definitions_of_the_systems_tables_say_so(service: RunningEmulator, name: Any, rest: str) -> None:
    """404 would say that there is no such table in any environment."""
    not_served(service.get(f"EntityDefinitions(LogicalName='{name}'){rest}"), name)
    assert service.get(f"EntityDefinitions(LogicalName='hlf_{name}'){rest}").status_code == 404


@pytest.mark.parametrize("rest", ["/Keys?$expand=AsyncJob", "/Keys(LogicalName='hlf_code_year_key')/AsyncJob"])
def test_the_job_of_a_key_says_so(service: RunningEmulator, rest: str) -> None:
    not_served(service.get(f"{TABLE}{rest}"))
    not_served(service.get(f"{TABLE}/Keys(LogicalName='hlf_code_year_key')?$expand=AsyncJob"))


RELATED = {"hlf_name": "x", "hlf_code": "new", "hlf_year": 2020}


@pytest.mark.parametrize(
    ("path", "body"),
    [
        (EXAMPLES, RELATED | {"hlf_Mentor": {"hlf_name": "Kari"}}),
        (MENTORS, {"hlf_name": "x", COLLECTION: [RELATED]}),
        (MENTORS, {"hlf_name": "x", f"{COLLECTION}@odata.bind": [EXAMPLE]}),
        (MENTORS, {"hlf_name": "x", "hlf_peermentor_Annotations": [{"subject": "y"}]}),
        (EXAMPLES, RELATED | {"ownerid@odata.bind": "/systemusers(00000000-0000-0000-0000-000000000001)"}),
        (EXAMPLES, RELATED | {"hlf_Mentor@odata.bind": "/contacts(00000000-0000-0000-0000-000000000001)"}),
        (EXAMPLES, RELATED | {"overriddencreatedon": "2020-01-01T00:00:00Z"}),
    ],
)
def test_creating_related_rows_says_so_and_creates_nothing(service: RunningEmulator, path: Any, body: Any) -> None:
    """Deep insert, in a request of its own, a batch, an upsert and a message."""
    before = [len(service.rows(name)) for name in (MENTORS, EXAMPLES)]
    not_served(service.post(path, body))
    not_served(service.patch(f"{path}(00000000-0000-0000-0000-00000000000a)", body))
    (part,) = parts(service.batch(operation("POST", path, body)))
    assert part.status == 501
    target = {"@odata.type": f"{CRM}{path.removesuffix('s')}", **body}
    not_served(service.post(f"{path}/{CRM}CreateMultiple", {"Targets": [target]}))
    assert [len(service.rows(name)) for name in (MENTORS, EXAMPLES)] == before


@pytest.mark.parametrize("name", [COLLECTION, "hlf_peermentor_AsyncOperations", "createdby", "ownerid", "owninguser"])
def test_one_to_many_and_the_systems_lookups_say_so(service: RunningEmulator, name: Any) -> None:
    """As an address, a reference, an expansion and a filter."""
    for end in ("", "/$ref", "/$count", "(00000000-0000-0000-0000-000000000001)/$ref", "?$select=hlf_name"):
        not_served(service.get(f"{MENTOR}/{name}{end}"), name)
    not_served(service.post(f"{MENTOR}/{name}/$ref", {"@odata.id": EXAMPLE}), name)
    not_served(service.delete(f"{MENTOR}/{name}(00000000-0000-0000-0000-000000000001)/$ref"), name)
    not_served(ask(service, MENTORS, expand=name), name)
    not_served(ask(service, MENTORS, expand=f"{name}($select=hlf_name)"), name)
    not_served(ask(service, MENTORS, filter=f"{name}/any(o:o/hlf_name eq 'x')"), name)
    not_served(ask(service, MENTORS, filter=f"{name}/all(o:o/hlf_name eq 'x')"), name)
    not_served(ask(service, EXAMPLES, filter=f"hlf_Mentor/{name} eq null"), name)


@pytest.mark.parametrize("name", sorted(service_names.SYSTEM_PROPERTIES))
def test_the_systems_columns_say_so(service: RunningEmulator, name: Any) -> None:
    """Where they are selected, compared, ordered by and asked for alone."""
    not_served(ask(service, MENTORS, select=f"hlf_name,{name}"), name)
    not_served(ask(service, MENTORS, filter=f"{name} eq null"), name)
    not_served(ask(service, MENTORS, orderby=name), name)
    not_served(service.get(f"{MENTOR}/{name}"), name)


@pytest.mark.parametrize("name", sorted(service_names.QUERY_FUNCTIONS))
def test_query_functions_say_so(service: RunningEmulator, name: Any) -> None:
    """Those for dates, users and hierarchies."""
    text = f"{CRM}{name}(PropertyName='createdon',PropertyValue=3)"
    not_served(ask(service, MENTORS, filter=text), name)
    not_served(ask(service, MENTORS, filter=f"not {text} or hlf_name eq 'x'"), name)


@pytest.mark.parametrize(
    "path",
    [
        f"{EXAMPLES}?$expand=hlf_Mentor($expand=createdby($select=fullname))",
        f"{EXAMPLES}?$expand=hlf_Mentor($select=hlf_name;$expand=createdby)",
        f"{EXAMPLES}?$expand=hlf_Mentor($filter=hlf_name eq 'x')",
        f"{EXAMPLES}?$expand=hlf_Mentor/$count",
        f"{EXAMPLES}?$expand=*",
        f"{EXAMPLES}?$select=hlf_Mentor",
        f"{EXAMPLES}?$orderby=hlf_Mentor",
        f"{EXAMPLES}?$apply=aggregate(hlf_count with sum as total)",
        f"{EXAMPLES}?fetchXml=<fetch/>",
        f"{EXAMPLES}/{CRM}hlf_example",
        f"{EXAMPLES}/$ref",
        f"{EXAMPLE}/hlf_Mentor/hlf_name",
        f"{EXAMPLE}/{CRM}hlf_example",
        "EntityDefinitions/$count",
        "RelationshipDefinitions/$count",
        f"{TABLE}/Attributes/$count",
        f"{TABLE}/Attributes/{CRM}EnumAttributeMetadata",
        f"{TABLE}/Description/UserLocalizedLabel",
        "RelationshipDefinitions?$expand=x",
        "sdkmessagefilters?$top=1",
        "sdkmessagefilters?$orderby=name",
        "sdkmessagefilters?$expand=sdkmessageid",
        "sdkmessagefilters?$select=name",
        "sdkmessagefilters/$count",
        "WhoAmI?$select=UserId",
        "/api/data/v9.1/WhoAmI",
        "/api/data/v8.2/hlf_peermentors",
    ],
)
def test_more_that_the_service_has_says_so(service: RunningEmulator, path: str) -> None:
    not_served(service.http.get(path) if path.startswith("/") else service.get(path))


@pytest.mark.parametrize("method", ["PUT", "PATCH", "POST", "DELETE"])
def test_writing_through_a_lookup_says_so(service: RunningEmulator, method: str) -> None:
    not_served(service.ask(method, f"{EXAMPLE}/hlf_Mentor", json={"hlf_name": "x"}), "hlf_Mentor")
    assert service.row(MENTOR)["hlf_name"] == "Åse"


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("systemuser", 404, "0x8006088a"),
        ("SystemUsers", 404, "0x8006088a"),
        ("hlf_things", 404, "0x8006088a"),
        ("RetrieveVersions()", 404, "0x8006088a"),
        ("GlobalOptionSetDefinition", 404, "0x8006088a"),
        ("$metadata/x", 404, "0x8006088a"),
        ("WhoAmI/x", 404, "0x8006088a"),
        (f"{MENTOR}/hlf_nothing", 404, "0x8006088a"),
        (f"{MENTOR}/hlf_peermentor_Nothings", 404, "0x8006088a"),
        (f"{MENTOR}/{CRM}Nothing", 404, "0x8006088a"),
        (f"{MENTORS}/{CRM}Nothing", 404, "0x8006088a"),
        (f"{MENTORS}?$expand=hlf_nothing", 400, "0x0"),
        (f"{MENTORS}?$expand=hlf_nothing($select=x)", 400, "0x0"),
        (f"{MENTORS}?$filter=hlf_nothing/any(o:o/x eq 1)", 400, "0x0"),
        (f"{MENTORS}?$filter={CRM}Last8Days(PropertyName='createdon')", 400, "0x0"),
        (f"{EXAMPLES}?$expand=hlf_mentor", 400, "0x0"),
        ("/api/data/x/WhoAmI", 400, "0x80060888"),
    ],
)
def test_typos_have_the_words_of_the_service(service: RunningEmulator, path: str, status: int, code: str) -> None:
    """And no more than typos."""
    response = service.http.get(path) if path.startswith("/") else service.get(path)
    assert (response.status_code, response.json()["error"]["code"]) == (status, code), response.text
    assert "emulator" not in response.text


def test_a_typo_in_a_body_has_the_words_of_the_service(service: RunningEmulator) -> None:
    bodies: list[dict[str, Any]] = [{"hlf_nothing": {"x": 1}}, {"hlf_nothing@odata.bind": "/x(1)"}, {"hlf_nothing": []}]
    for body in bodies:
        response = service.post(MENTORS, body)
        assert (response.status_code, response.json()["error"]["code"]) == (400, "0x80048d19")


def test_the_service_document_needs_no_slash(service: RunningEmulator) -> None:
    for path in ("/api/data/v9.2", "/api/data/v9.2/"):
        assert service.http.get(path).json()["value"]
