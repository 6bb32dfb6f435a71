"""The responses of a route, as OpenAPI describes them: one model, and the problems."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from shared.dashboard.models.problem import Problem
from shared.dashboard.problems import (
    CONTENT_TYPE,
    DATABASE_UNAVAILABLE,
    INTERNAL_ERROR,
    METHOD_NOT_ALLOWED,
    NOT_A_COORDINATOR,
    NOT_SIGNED_IN,
    RATE_LIMITED,
)

if TYPE_CHECKING:
    from pydantic import BaseModel

    from shared.dashboard.problems import Kind

_WITH_RETRY_AFTER = (RATE_LIMITED, DATABASE_UNAVAILABLE)
_ALWAYS = (NOT_SIGNED_IN, NOT_A_COORDINATOR, METHOD_NOT_ALLOWED, INTERNAL_ERROR, DATABASE_UNAVAILABLE)


def responses(status: int, model: type[BaseModel], *kinds: Kind) -> dict[int, Any]:
    """Return the responses of a route: one model, and problems."""
    summary = (model.__doc__ or "").partition("\n")[0]
    found: dict[int, Any] = {status: {"description": summary, "content": {"application/json": {"model": model}}}}
    for kind in (*_ALWAYS, *kinds):
        found[kind.status] = {
            "description": f"{kind.title} ({kind.type})",
            "content": {CONTENT_TYPE: {"model": Problem}},
        }
        if kind in _WITH_RETRY_AFTER:
            found[kind.status]["headers"] = {
                "Retry-After": {"description": "Seconds until it may be tried again", "schema": {"type": "integer"}}
            }
    return found
