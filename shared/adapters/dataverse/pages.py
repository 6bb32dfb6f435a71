"""A table in pages: each names the address of the next, which is requested while the caller works on this one.

https://learn.microsoft.com/power-apps/developer/data-platform/webapi/query/page-results
"""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from threading import Event
from typing import TYPE_CHECKING, Any

from shared.adapters.http.json_body import read_json
from shared.domain.errors import WebsiteUnavailableError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from concurrent.futures import Future

LINK = "@odata.nextLink"

# Parsing a page blocks every other Python thread, so the next request has to be on its way before that.
_HEAD_START_SECONDS = 0.05

# No text within a row matches this, because its quotation marks are escaped.
_LINK = re.compile(rb'"@odata\.nextLink"[ \t\r\n]*:[ \t\r\n]*("(?:[^"\\]|\\.){0,65536}")')
# Dataverse takes addresses of at most 32,768 characters.
_LONGEST_LINK = 65536

# A GUID in any notation; no character that would have to be escaped anywhere.
_ID = re.compile(r"[0-9A-Za-z-]{1,64}")


class UnreadablePageError(WebsiteUnavailableError):
    """A page was received whole and cannot be what Dataverse meant to send."""


@dataclass(slots=True)
class Page:
    """A page as it was received, and the address of the next one; None after the last."""

    body: bytes
    next: str | None

    def rows(self, columns: frozenset[str]) -> list[dict[str, Any]]:
        """Return the rows. Raises UnreadablePageError unless each has every column; an empty column is null."""
        said = _read(self.body)
        if _next(said) != self.next:
            raise UnreadablePageError("dataverse_next_link_unclear")
        rows = said.get("value")
        if not isinstance(rows, list):
            raise UnreadablePageError("dataverse_page_without_value")
        return whole_rows(rows, columns)


def page(body: bytes) -> Page:
    """Return the page after parsing only its link; the last page, which has none, is parsed whole.

    This is ten times as fast as parsing all of it, so that the next request is soon on its way.
    Raises UnreadablePageError.
    """
    at = body.rfind(b'"@odata.nextLink"')
    found = _LINK.match(body, at) if at >= 0 else None
    return Page(body, _next(_read(b"{%b}" % found[0]) if found else _read(body)))


def read_pages(
    fetch: Callable[[str, Callable[[], None]], Page], first: str, columns: frozenset[str], ended: Callable[[], None]
) -> Iterator[Sequence[dict[str, Any]]]:
    """Yield the rows of every page, and end only after a page that names no next one.

    `fetch` runs in a separate thread, one page ahead of the caller, and calls its second argument once its request is
    on its way. `ended` is called at the end, even after an error; no `fetch` outlasts this generator.
    """
    requested = {first}
    sent = Event()
    with ThreadPoolExecutor(1, "pages") as thread:
        try:
            coming: Future[Page] | None = thread.submit(fetch, first, sent.set)
            while coming is not None:
                here = coming.result()
                coming = None
                if here.next is not None:
                    if here.next in requested:
                        raise UnreadablePageError("dataverse_next_link_repeated")
                    requested.add(here.next)
                    sent.clear()
                    coming = thread.submit(fetch, here.next, sent.set)
                    sent.wait(_HEAD_START_SECONDS)
                yield here.rows(columns)
        finally:
            ended()


def _next(said: dict[str, Any]) -> str | None:
    link = said.get(LINK)
    if LINK in said and not (isinstance(link, str) and 0 < len(link) <= _LONGEST_LINK):
        raise UnreadablePageError("dataverse_next_link_unclear")
    return link


def whole_rows(rows: list[Any], columns: frozenset[str]) -> list[dict[str, Any]]:
    """Return the rows. Raises UnreadablePageError unless each has all of these columns and a well-formed id.

    Dataverse adds a row's own id without a request for it. It is passed on unchanged.
    """
    if not all(type(row) is dict and columns <= row.keys() for row in rows):
        raise UnreadablePageError("dataverse_row_without_a_column")
    for name in (name for name in (rows[0] if rows else ()) if name not in columns and "@" not in name):
        if not all(type(value := row.get(name)) is str and _ID.fullmatch(value) for row in rows):
            raise UnreadablePageError("dataverse_row_id_malformed")
    return rows


def _read(body: bytes) -> dict[str, Any]:
    try:
        said = read_json(body)
    except ValueError:
        raise UnreadablePageError("dataverse_page_not_json") from None
    if not isinstance(said, dict):
        raise UnreadablePageError("dataverse_page_not_an_object")
    return said
