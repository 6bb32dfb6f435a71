"""In which form a reply comes, by `Accept`, and which body is read, by `Content-Type`."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.dataverse_service import EXAMPLES, MENTORS, operation, parts

if TYPE_CHECKING:
    from tests.support.dataverse_service import RunningEmulator

EXAMPLE = f"{EXAMPLES}(hlf_code='OSLO',hlf_year=2024)"
NONE, FULL = "application/json;odata.metadata=none", "application/json; odata.metadata=full"
IEEE = "application/json;IEEE754Compatible=true"


@pytest.fixture
def service(examples: RunningEmulator) -> RunningEmulator:
    return examples


@pytest.mark.parametrize(
    "path",
    [
        EXAMPLES,
        EXAMPLE,
        f"{EXAMPLES}?$count=true&$expand=hlf_Mentor",
        f"{EXAMPLE}/hlf_name",
        f"{EXAMPLE}/hlf_Mentor/$ref",
        "EntityDefinitions",
        "WhoAmI",
    ],
)
def test_without_metadata_there_is_the_data_and_nothing_else(service: Any, path: Any) -> None:
    """OData JSON 4.0, 3.1.3: no context, no ETag and no type; counts, links and references stay."""
    plain, bare = service.get(path), service.get(path, Accept=NONE)
    assert bare.headers["content-type"] == "application/json; odata.metadata=none"
    assert plain.headers["content-type"] == "application/json; odata.metadata=minimal"
    assert not {"@odata.context", "@odata.etag", "@odata.type"} & set(json.dumps(bare.json()).split('"'))
    assert _values(bare.json()) == _values(plain.json())


def test_without_metadata_pages_go_on_and_annotations_stay(service: Any) -> None:
    prefer = 'odata.maxpagesize=2,odata.include-annotations="*"'
    body = service.get(EXAMPLES, Accept=NONE, Prefer=prefer).json()
    assert "@odata.nextLink" in body
    assert body["value"][0]["statecode@OData.Community.Display.V1.FormattedValue"] == "Active"


def test_a_part_of_a_batch_has_the_form_that_it_asks_for(service: Any) -> None:
    bare, plain = parts(service.batch(operation("GET", EXAMPLE, Accept=NONE), operation("GET", EXAMPLE)))
    assert "@odata.etag" not in bare.json()
    assert "@odata.etag" in plain.json()


@pytest.mark.parametrize(
    ("method", "path", "headers"),
    [
        ("GET", EXAMPLES, {"Accept": FULL}),
        ("GET", EXAMPLE, {"Accept": FULL}),
        ("POST", MENTORS, {"Accept": FULL, "Prefer": "return=representation"}),
        ("PATCH", f"{MENTORS}(hlf_mentorid='new')", {"Accept": FULL, "Prefer": "return=representation"}),
        ("GET", EXAMPLE, {"Accept": IEEE}),
        ("POST", MENTORS, {"Content-Type": IEEE}),
    ],
)
def test_a_form_that_is_not_served_says_so_and_nothing_is_done(
    service: Any, method: str, path: Any, headers: Any
) -> None:
    before = len(service.rows(MENTORS))
    response = service.ask(method, path, json=None if method == "GET" else {}, headers=headers)
    assert response.status_code == 501
    assert response.json()["error"]["message"].startswith("The emulator does not serve ")
    assert len(service.rows(MENTORS)) == before


def test_a_form_is_nothing_to_a_reply_without_a_body(service: Any) -> None:
    assert service.patch(EXAMPLE, {"hlf_name": "x"}, Accept=FULL).status_code == 204


@pytest.mark.parametrize(
    "kind", ["text/plain", "application/x-www-form-urlencoded", "application/atom+xml", "text/json"]
)
@pytest.mark.parametrize(("method", "path"), [("POST", MENTORS), ("PATCH", EXAMPLE), ("PUT", f"{EXAMPLE}/hlf_name")])
def test_a_body_that_says_it_is_no_json_is_415(service: Any, kind: str, method: str, path: Any) -> None:
    response = service.ask(method, path, content='{"hlf_name": "x", "value": "x"}', headers={"Content-Type": kind})
    assert response.status_code == 415
    message = f"The request entity's media type '{kind}' is not supported for this resource."
    assert response.json()["error"] == {"code": "", "message": message}
    assert "x" not in {row["hlf_name"] for row in service.rows(MENTORS) + service.rows(EXAMPLES)}


@pytest.mark.parametrize("kind", ["application/json; charset=utf-8", "Application/JSON;type=entry", None])
def test_a_body_that_is_json_or_says_nothing_is_read(service: Any, kind: str | None) -> None:
    headers = {} if kind is None else {"Content-Type": kind}
    assert service.ask("PATCH", EXAMPLE, content='{"hlf_name": "x"}', headers=headers).status_code == 204


def _values(body):
    if isinstance(body, list):
        return [_values(item) for item in body]
    if not isinstance(body, dict):
        return body
    return {
        name: _values(value)
        for name, value in body.items()
        if name[:11] not in {"@odata.cont", "@odata.etag", "@odata.type"}
    }
