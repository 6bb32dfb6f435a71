"""/website: the public page of a table, as a visitor sees it."""

from __future__ import annotations

import json
import time
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import parse_qsl
from zoneinfo import ZoneInfo

import jinja2

from emulators.dataverse.model.messages import Response
from emulators.dataverse.website.sorting import ORDERS

if TYPE_CHECKING:
    from emulators.dataverse.model.messages import Request
    from emulators.dataverse.model.store import Store
    from emulators.dataverse.model.types import Row
    from emulators.dataverse.website.cache import WebsiteCache

_HEADERS: Final = [
    ("Cache-Control", "no-cache"),
    ("Vary", "Accept"),
    ("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; base-uri 'none'"),
    ("X-Content-Type-Options", "nosniff"),
]


def page(website: WebsiteCache | None, store: Store, request: Request) -> Response:
    """Return the page as HTML, or as JSON with format=json or `Accept: application/json` or without a template."""
    if website is None:
        return Response(404, [("Content-Type", "text/plain")], b"the schema file has no website")
    definition = website.definition
    asked = dict(parse_qsl(request.query))
    wanted = asked.get(definition.parameter, "").strip()
    rows = website.rows(store, time.time())
    column = definition.search
    order = ORDERS[definition.language]
    suggestions = sorted({str(row[column]) for row in rows if column and row[column]}, key=order)
    if wanted and column:
        rows = [row for row in rows if wanted.casefold() in str(row[column] or "").casefold()]
    as_json = asked.get("format") == "json" or "application/json" in request.headers.get("accept", "")
    if as_json or not definition.template:
        return _as_json(rows, website.refreshed_at)
    html = _template(definition.template).render(
        site=definition,
        rows=rows,
        wanted=wanted,
        suggestions=suggestions,
        refreshed=datetime.fromtimestamp(website.refreshed_at, ZoneInfo(definition.time_zone)),
    )
    return Response(200, [("Content-Type", "text/html; charset=utf-8"), *_HEADERS], html.encode())


def _as_json(rows: list[Row], refreshed_at: float) -> Response:
    content: dict[str, Any] = {"count": len(rows), "refreshed_at": refreshed_at, "listings": rows}
    body = json.dumps(content, ensure_ascii=False).encode()
    return Response(200, [("Content-Type", "application/json; charset=utf-8"), *_HEADERS], body)


@cache
def _template(file: str) -> jinja2.Template:
    path = Path(file)
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(path.parent),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template(path.name)
