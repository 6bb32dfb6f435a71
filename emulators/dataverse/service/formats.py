"""The form of replies and bodies, by `Accept` and `Content-Type` (OData JSON 4.0, 3)."""

from __future__ import annotations

import json
import re
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final

from emulators.dataverse.model import choices
from emulators.dataverse.model.errors import CONTENT_TYPE, DataverseError
from emulators.dataverse.odata import paging

if TYPE_CHECKING:
    from emulators.dataverse.model.messages import Request, Response

_LEVEL: Final = re.compile(r"odata\.metadata=(\w+)")
_JSON: Final = (None, "application/json")
"""Content types that need no closer look."""
_KEPT: Final = frozenset({"@odata.count", "@odata.nextLink", "@odata.deltaLink", "@odata.id"})
"""Properties that are results, numbers and links, though their names are those of metadata."""


def check(request: Request) -> None:
    """Raise DataverseError 501 for a form that is not served, before anything is done."""
    for name in ("accept", "content-type"):
        given = request.headers.get(name)
        if given and "ieee754compatible=true" in given.lower():
            raise DataverseError.not_served("IEEE754Compatible=true")
    if _level(request.headers.get("accept")) == "full" and (
        request.method == "GET" or paging.preferences(request.headers.get("prefer", "")).get("return")
    ):
        raise DataverseError.not_served("odata.metadata=full")


def written(request: Request, response: Response) -> Response:
    """Return the reply in the requested form: without OData's metadata for `odata.metadata=none`."""
    if _level(request.headers.get("accept")) == "none" and CONTENT_TYPE in response.headers:
        plain = ("Content-Type", CONTENT_TYPE[1].replace("minimal", "none"))
        response.headers = [plain if header == CONTENT_TYPE else header for header in response.headers]
        response.body = json.dumps(_bare(json.loads(response.body)), ensure_ascii=False).encode()
    return response


def check_json(request: Request) -> None:
    """Raise DataverseError for a body of another declared type. An undeclared one is taken for JSON."""
    given = request.headers.get("content-type")
    if given in _JSON:
        return
    kind = given.partition(";")[0].strip()
    if kind.lower() != "application/json":
        message = f"The request entity's media type '{kind}' is not supported for this resource."
        raise DataverseError(choices.OTHER_CONTENT_STATUS, "", message)


@lru_cache(maxsize=256)  # all operations of a batch have the same
def _level(accept: str | None) -> str:
    found = accept and _LEVEL.search(accept)
    return found[1].lower() if found else "minimal"


def _bare(value: Any) -> Any:  # noqa: ANN401 - a JSON value
    if isinstance(value, list):
        return [_bare(item) for item in value]
    if isinstance(value, dict):
        return {name: _bare(item) for name, item in value.items() if "@odata." not in name or name in _KEPT}
    return value
