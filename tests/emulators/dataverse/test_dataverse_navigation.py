"""The emulator's lookups as addresses, references and expansions, as "Join tables using OData" has them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support.dataverse_queries import ask
from tests.support.dataverse_service import EXAMPLES, MENTORS, operation, parts

if TYPE_CHECKING:
    from tests.support.dataverse_service import RunningEmulator

LINKED = f"{EXAMPLES}(hlf_code='OSLO',hlf_year=2024)"
UNLINKED = f"{EXAMPLES}(hlf_code='c',hlf_year=2022)"
COLLECTION = "hlf_peermentor_hlf_example_hlf_Mentor"


def test_the_row_of_a_lookup_is_reached_by_its_name(examples: RunningEmulator) -> None:
    """GET row/nav, with what a row can be asked by."""
    mentor = examples.row(f"{MENTORS}(hlf_mentorid='0')")
    assert examples.row(f"{LINKED}/hlf_Mentor") == mentor
    some = examples.get(f"{LINKED}/hlf_Mentor?$select=hlf_name")
    assert some.json()["hlf_name"] == "Åse"
    assert set(some.json()) == {"@odata.context", "@odata.etag", "hlf_name", "hlf_peermentorid"}
    assert some.json()["@odata.context"].endswith("$metadata#hlf_peermentors(hlf_name)/$entity")
    assert some.headers["etag"] == mentor["@odata.etag"]
    row_id = examples.row(LINKED)["hlf_exampleid"]
    assert examples.row(f"{EXAMPLES}({row_id})/hlf_Mentor") == mentor


def test_the_reference_of_a_lookup_is_an_address(examples: RunningEmulator) -> None:
    """GET row/nav/$ref."""
    row_id = examples.row(LINKED)["_hlf_mentor_value"]
    api = examples.environment.api_url
    assert examples.row(f"{LINKED}/hlf_Mentor/$ref") == {
        "@odata.context": f"{api}$metadata#$ref",
        "@odata.id": f"{api}{MENTORS}({row_id})",
    }


@pytest.mark.parametrize("path", ["hlf_Mentor", "hlf_Mentor/$ref"])
def test_an_empty_lookup_leads_nowhere_with_204(examples: RunningEmulator, path: str) -> None:
    """OData 4.0, part 1, 11.2.6."""
    response = examples.get(f"{UNLINKED}/{path}")
    assert (response.status_code, response.content) == (204, b"")


@pytest.mark.parametrize("path", ["hlf_Mentor", "hlf_Mentor/$ref"])
@pytest.mark.parametrize("table", ["hlf_example", "hlf_peermentor"])
def test_a_lookup_is_followed_by_who_may_read_both(examples: RunningEmulator, table: str, path: str) -> None:
    examples.environment.tokens.users[next(iter(examples.environment.tokens.users))].denied.add((table, "read"))
    assert examples.get(f"{LINKED}/{path}").status_code == 403


def test_a_lookup_of_no_row_is_404(examples: RunningEmulator) -> None:
    for path in ("hlf_Mentor", "hlf_Mentor/$ref"):
        response = examples.get(f"{EXAMPLES}(hlf_code='no',hlf_year=2024)/{path}")
        assert (response.status_code, response.json()["error"]["code"]) == (404, "0x80060891")


def test_lookups_are_followed_in_a_batch(examples: RunningEmulator) -> None:
    found = parts(examples.batch(*(operation("GET", f"{LINKED}/hlf_Mentor{end}") for end in ("", "/$ref"))))
    assert [part.status for part in found] == [200, 200]
    assert found[0].json()["hlf_name"] == "Åse"


def test_references_are_expanded_instead_of_rows(examples: RunningEmulator) -> None:
    """$expand=nav/$ref, with the context and the lookup of Microsoft's example."""
    body = ask(examples, EXAMPLES, select="hlf_count", expand="hlf_Mentor/$ref", orderby="hlf_count").json()
    assert body["@odata.context"].endswith("#hlf_examples(hlf_count,hlf_Mentor,hlf_Mentor/$ref())")
    first, *_, last = body["value"]
    assert set(first) == {"@odata.etag", "hlf_count", "_hlf_mentor_value", "hlf_exampleid", "hlf_Mentor"}
    api = examples.environment.api_url
    assert first["hlf_Mentor"] == {"@odata.id": f"{api}{MENTORS}({first['_hlf_mentor_value']})"}
    assert last["hlf_Mentor"] is None
    single = examples.row(f"{LINKED}?$expand=hlf_Mentor/$ref")
    assert single["hlf_Mentor"] == first["hlf_Mentor"]
    assert "hlf_name" in single


def test_references_need_the_privilege_to_read_the_other_table(examples: RunningEmulator) -> None:
    examples.environment.tokens.users[next(iter(examples.environment.tokens.users))].denied.add(
        ("hlf_peermentor", "read")
    )
    assert ask(examples, EXAMPLES, expand="hlf_Mentor/$ref").status_code == 403


def test_references_of_a_collection_are_refused_as_documented(examples: RunningEmulator) -> None:
    """The error of "Join tables using OData"."""
    error = ask(examples, MENTORS, expand=f"{COLLECTION}/$ref").json()["error"]
    assert error == {
        "code": "0x80060888",
        "message": "Expand with $ref is only supported on lookup type navigation property.",
    }


def test_a_lookup_is_compared_with_null_by_its_name(examples: RunningEmulator) -> None:
    """And with nothing else."""
    found = ask(examples, EXAMPLES, filter="hlf_Mentor eq null", orderby="hlf_count").json()["value"]
    assert [row["hlf_count"] for row in found] == [2, 3, 4]
    assert len(ask(examples, EXAMPLES, filter="hlf_Mentor ne null").json()["value"]) == 2
    row_id = examples.row(LINKED)["_hlf_mentor_value"]
    for text in (f"hlf_Mentor eq {row_id}", "hlf_Mentor eq hlf_Mentor", "hlf_Mentor eq 'x'"):
        assert ask(examples, EXAMPLES, filter=text).status_code == 400


@pytest.mark.parametrize("path", ["hlf_name", "hlf_Mentor/$ref"])
@pytest.mark.parametrize("method", ["PUT", "DELETE"])
def test_a_property_is_not_written_on_another_version(examples: RunningEmulator, path: str, method: str) -> None:
    """A condition is looked at, wherever something is written."""
    body = {"value": "x", "@odata.id": f"{MENTORS}(hlf_mentorid='1')"}
    before = examples.row(LINKED)
    old = examples.ask(method, f"{LINKED}/{path}", json=body, headers={"If-Match": 'W/"1"'})
    assert (old.status_code, old.json()["error"]["code"]) == (412, "0x80060882")
    assert examples.row(LINKED) == before
    now = examples.ask(method, f"{LINKED}/{path}", json=body, headers={"If-Match": before["@odata.etag"]})
    assert now.status_code == 204


@pytest.mark.parametrize("path", ["hlf_name", "hlf_name/$value", "hlf_Mentor/$ref", "hlf_Mentor"])
def test_options_that_are_not_followed_are_refused(examples: RunningEmulator, path: str) -> None:
    """Nothing that is asked for is passed over."""
    assert examples.get(f"{LINKED}/{path}?$top=1").status_code == 400
