"""/website: the public listing as a visitor of the association's site sees it, the portal's cache included."""

from __future__ import annotations

import json
import re
import time
import unicodedata
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal
from urllib.parse import parse_qsl
from zoneinfo import ZoneInfo

import jinja2
from pydantic import TypeAdapter

from emulators.dataverse.model.messages import Response
from emulators.dataverse.model.schema import SchemaError

if TYPE_CHECKING:
    from emulators.dataverse.app import Emulator
    from emulators.dataverse.model.messages import Request
    from emulators.dataverse.model.store import Row, Store

_OSLO: Final = ZoneInfo("Europe/Oslo")
# æ, ø and å come after z, in this order; letters of other languages stand with the one they are read as.
_ALPHABET: Final = str.maketrans(
    {"æ": "{", "ä": "{", "ø": "|", "ö": "|", "œ": "|", "å": "}"}
    | {"ü": "y", "đ": "d", "ð": "d", "ł": "l", "ŋ": "n", "ŧ": "t", "þ": "th"}
)
_DOUBLE_A: Final = re.compile("aa")
_ACCENTS: Final = re.compile("[\u0300-\u036f]")
_HEADERS: Final = [
    ("Cache-Control", "no-cache"),
    ("Vary", "Accept"),
    ("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; base-uri 'none'"),
    ("X-Content-Type-Options", "nosniff"),
]


@dataclass(frozen=True, slots=True)
class ShownColumn:
    """A column that visitors see. `shown_as`: the heading of an entry, a number to call, an address to write to."""

    name: str
    label: str
    shown_as: Literal["heading", "text", "phone", "email"] = "text"


@dataclass(frozen=True, slots=True)
class WebsiteDefinition:
    """The "website" section of a schema file: which rows of which table visitors see, and what of them."""

    set: str
    columns: tuple[ShownColumn, ...]
    published: str = ""
    """A yes/no column: a row where it is no is not shown. An inactive row never is."""
    search: str = ""
    """The text column that visitors search in."""


def load(path: Path) -> WebsiteDefinition | None:
    """The site of a schema file, None without one. Raises SchemaError."""
    try:
        section = json.loads(path.read_text(encoding="utf-8")).get("website")
        return None if section is None else TypeAdapter(WebsiteDefinition).validate_python(section)
    except (OSError, ValueError, AttributeError) as error:
        raise SchemaError(f"{path}: {error}") from None


class Cache:
    """What the portal holds of the table. With `lag_seconds` a visitor may see what is so many seconds old."""

    def __init__(self, site: WebsiteDefinition) -> None:
        self.site = site
        self.reset()

    def reset(self) -> None:
        """No lag, nothing held."""
        self.lag_seconds = 0.0
        self.refreshed_at = 0.0
        """time.time() of the last look at the table."""
        self._rows: list[Row] = []
        self._version = -1

    def refresh(self) -> None:
        """Look at the table again at the next visit, as if the time had passed."""
        self.refreshed_at = 0.0

    def rows(self, store: Store, now: float) -> list[Row]:
        """The rows that a visitor sees now, by name."""
        if now >= self.refreshed_at + self.lag_seconds:
            if store.version != self._version:  # else nothing was written since
                self._rows, self._version = self._visible(store), store.version
            self.refreshed_at = now
        return self._rows

    def _visible(self, store: Store) -> list[Row]:
        site, table = self.site, store.tables_by_set[self.site.set]
        names = [column.name for column in site.columns]
        key = table.schema.keys[0].columns[0] if table.schema.keys else table.schema.primary_id
        found = [
            {"key": row[key], **{name: row[name] for name in names}}
            for row in table.rows.values()
            if row["statecode"] == 0 and row.get(site.published) is not False
        ]
        heading = next((column.name for column in site.columns if column.shown_as == "heading"), names[0])
        return sorted(found, key=lambda row: norwegian_order(str(row[heading] or "")))


def norwegian_order(text: str) -> tuple[str, str]:
    """A key that sorts as a Norwegian index does: aa is å, and so after z; an accent only decides between equals."""
    letters = _DOUBLE_A.sub("å", unicodedata.normalize("NFC", text).casefold())
    plain = unicodedata.normalize("NFD", letters.translate(_ALPHABET))
    return _ACCENTS.sub("", plain), letters


def page(emulator: Emulator, request: Request) -> Response:
    """GET /website?omrade=… as HTML, or as JSON with format=json or `Accept: application/json`."""
    portal = emulator.portal
    if portal is None:
        return Response(404, [("Content-Type", "text/plain")], b"the schema file has no website")
    asked = dict(parse_qsl(request.query))
    area = asked.get("omrade", "").strip()
    site = portal.site
    rows = portal.rows(emulator.store, time.time())
    areas = sorted({str(row[site.search]) for row in rows if site.search and row[site.search]}, key=norwegian_order)
    if area and site.search:
        wanted = area.casefold()
        rows = [row for row in rows if wanted in str(row[site.search] or "").casefold()]
    if asked.get("format") == "json" or "application/json" in request.headers.get("accept", ""):
        return _as_json(rows, portal.refreshed_at)
    refreshed = datetime.fromtimestamp(portal.refreshed_at, UTC).astimezone(_OSLO)
    html = _template().render(site=site, rows=rows, area=area, areas=areas, refreshed=refreshed)
    return Response(200, [("Content-Type", "text/html; charset=utf-8"), *_HEADERS], html.encode())


def _as_json(rows: list[Row], refreshed_at: float) -> Response:
    content: dict[str, Any] = {"count": len(rows), "refreshed_at": refreshed_at, "listings": rows}
    body = json.dumps(content, ensure_ascii=False).encode()
    return Response(200, [("Content-Type", "application/json; charset=utf-8"), *_HEADERS], body)


@cache
def _template() -> jinja2.Template:
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template("website.html.jinja")
