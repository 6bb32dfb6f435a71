"""openapi.json, the description of force_sync for whoever writes a client: `make openapi` writes it anew."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from aws_lambda_powertools.event_handler.openapi.models import HTTPBearer, Server

from functions.force_sync import app

FILE = Path(__file__).parents[1] / "openapi.json"
_DESCRIPTION = (
    "What a coordinators' dashboard reads, and the forced sync of one mentor to the public website."
    " docs/dashboard.md shows how to call it."
)
# Powertools adds them for its own responses, which force_sync replaces by problems.
_UNUSED = ("HTTPValidationError", "ValidationError", "ResponseValidationError")
_PAGE = {
    "get": {
        "summary": "The coordinators' page",
        "operationId": "getPage",
        "security": [],
        "responses": {"200": {"description": "HTML", "content": {"text/html": {"schema": {"type": "string"}}}}},
    }
}


def document() -> str:
    """Return the description as the code has it."""
    schema: dict[str, Any] = json.loads(
        app.get_openapi_json_schema(
            title="HLF certification: the coordinators' dashboard",
            version="1",
            description=_DESCRIPTION,
            servers=[Server(url="/", description="The output ForceSyncUrl of the stack")],
            security_schemes={"signIn": HTTPBearer(bearerFormat="JWT", description="The app's own sign-in token")},
            security=[{"signIn": []}],
        )
    )
    for name in _UNUSED:
        schema["components"]["schemas"].pop(name, None)
    routes = app._static_routes + app._dynamic_routes  # noqa: SLF001 - Powertools does not read docstrings
    summaries = {route.operation_id: (route.func.__doc__ or "").partition("\n")[0] for route in routes}
    for path in schema["paths"].values():
        for operation in path.values():
            operation["summary"] = summaries[operation["operationId"]]
            operation["responses"] = {
                status: response
                for status, response in sorted(operation["responses"].items())
                if not any(name in json.dumps(response) for name in _UNUSED)
            }
    schema["paths"] = dict(sorted((schema["paths"] | {"/": _PAGE}).items()))
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"


def main() -> None:
    """Write the description as the code has it."""
    FILE.write_text(document(), encoding="utf-8")
    print(f"{FILE.name} was written.")


if __name__ == "__main__":
    main()
