"""openapi.json: what the code does, and enough to generate a client from."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from functions.force_sync import app
from local.openapi import document
from shared.dashboard.problems import CONTENT_TYPE, KINDS
from shared.domain.coordinator_views import ListingState
from shared.domain.force_sync import WhyNot

FILE = Path(__file__).parents[3] / "openapi.json"
TEXT = FILE.read_text(encoding="utf-8")
CONTENT: dict[str, Any] = json.loads(TEXT)
OPERATIONS = {
    (method.upper(), path): operation
    for path, methods in CONTENT["paths"].items()
    for method, operation in methods.items()
}
SIGNED_IN = [operation for operation in OPERATIONS if operation != ("GET", "/")]


def test_the_file_is_what_the_code_says() -> None:
    """Whoever changes a route or a model runs `make openapi` too."""
    assert document() == TEXT


def test_every_route_is_described() -> None:
    """And the page, which is none of Powertools' routes."""
    routes = app._static_routes + app._dynamic_routes
    expected = {(str(route.method), re.sub(r"<(\w+)>", r"{\1}", route.path)) for route in routes}
    assert OPERATIONS.keys() == expected | {("GET", "/")}


def test_every_operation_has_a_name_and_a_summary() -> None:
    """A generated client's methods are named by operationId, so each is there and unique."""
    names = [operation["operationId"] for operation in OPERATIONS.values()]
    assert len(set(names)) == len(names)
    assert all(re.fullmatch(r"[a-z][A-Za-z]+", name) for name in names)
    assert all(operation["summary"] for operation in OPERATIONS.values())


def test_every_kind_of_problem_is_described() -> None:
    """RFC 9457: `type` is what a program looks at, so the description names each."""
    assert CONTENT["components"]["schemas"]["Problem"]["properties"]["type"]["examples"] == [k.type for k in KINDS]
    assert len({kind.type for kind in KINDS}) == len(KINDS)
    used = {status for operation in OPERATIONS.values() for status in operation["responses"]}
    assert {str(kind.status) for kind in KINDS} <= used


@pytest.mark.parametrize("operation", SIGNED_IN, ids=" ".join)
def test_every_operation_says_what_may_go_wrong(operation: tuple[str, str]) -> None:
    """Each error is a problem, and those that may be tried again say when."""
    responses = OPERATIONS[operation]["responses"]
    assert {"401", "403", "405", "500", "503"} <= responses.keys()
    for status, response in responses.items():
        (media_type,) = response["content"]
        assert media_type == ("application/json" if status < "300" else CONTENT_TYPE)
        assert ("Retry-After" in response.get("headers", {})) == (status in {"429", "503"})
        if status >= "400":
            assert response["content"][media_type]["schema"] == {"$ref": "#/components/schemas/Problem"}


def test_every_reference_leads_to_a_schema_in_use() -> None:
    """No schema is missing, and none is left over from Powertools."""
    schemas = CONTENT["components"]["schemas"]
    referred = set(re.findall(r'"#/components/schemas/(\w+)"', TEXT))
    assert referred == schemas.keys()
    assert set(schemas["ListingState"]["enum"]) == set(ListingState)
    assert set(schemas["WhyNot"]["enum"]) == set(WhyNot)


def test_the_token_is_asked_for_except_for_the_page() -> None:
    """A generated client sends it by itself."""
    (scheme,) = CONTENT["components"]["securitySchemes"]
    assert CONTENT["security"] == [{scheme: []}]
    assert CONTENT["components"]["securitySchemes"][scheme]["scheme"] == "bearer"
    assert OPERATIONS["GET", "/"]["security"] == []
    assert not any("security" in OPERATIONS[operation] for operation in SIGNED_IN)
