"""shared.ports.WebsiteReader: the listing tables as Dataverse has them, page by page, or row by row.

https://learn.microsoft.com/power-apps/developer/data-platform/webapi/query/page-results
"""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from pydantic_core import from_json

from shared.adapters.dataverse.answers import error_code, no_such_row, reason
from shared.adapters.dataverse.batches import Batches
from shared.adapters.dataverse.keys import API, NotAddressableError, identifier
from shared.adapters.dataverse.multipart import Part
from shared.adapters.dataverse.operations import read_row
from shared.adapters.dataverse.service import ReplyLostError, waiting_time
from shared.domain.errors import (
    WebsiteClosedError,
    WebsiteMisconfiguredError,
    WebsiteUnavailableError,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from shared.adapters.dataverse.bounded import Reply
    from shared.adapters.dataverse.service import Service
    from shared.domain.listings import Answer
    from shared.ports import Gate

type Row = Mapping[str, Any]

_TRIES = 4
_FIRST_PAUSE = 0.5
# A window that ends soon is waited for; reading has no hurry, but a run has an end.
_LONGEST_PAUSE = 20.0
_NEXT = b'"@odata.nextLink":'


class DataverseReader:
    """One function's view of the service, for reading. It never ends silently: a page that lacks anything is an error."""

    def __init__(
        self,
        service: Service,
        gate: Gate,
        *,
        time_left: Callable[[], float],
        pause: Callable[[float], None],
        page_size: int = 5000,
        batch_size: int = 100,
        parallel: int = 4,
    ) -> None:
        """`time_left`: seconds in which requests may still be under way."""
        self._service = service
        self._gate = gate
        self._time_left = time_left
        self._pause = pause
        self._page_size = page_size
        self._batches = Batches(service, gate, time_left=time_left, size=batch_size, parallel=parallel)

    def pages(self, table: str, columns: Sequence[str]) -> Iterator[Sequence[Row]]:
        """Every row of the table, shown or hidden, a page at a time; the next is fetched while the caller has this one.

        Raises WebsiteUnavailableError, as WebsiteClosedError where a time to wait is known, or WebsiteRefusedError.
        """
        first = f"{API}{_identifier(table)}?$select={','.join(map(_identifier, columns))}"
        seen: set[str] = {first}
        # One thread, so one request at a time: the gate is asked for one after the other, too.
        with ThreadPoolExecutor(max_workers=1, thread_name_prefix="page") as fetching:
            coming = fetching.submit(self._page, first)
            more = True
            while more:
                body = coming.result()
                link = _next_link(body)
                more = link is not None
                if link is not None:
                    if link in seen:
                        raise WebsiteUnavailableError("page_links_to_a_page_before")
                    seen.add(link)
                    coming = fetching.submit(self._page, link)
                yield _rows(body, more=more)

    def rows(self, table: str, key: str, keys: Sequence[str], columns: Sequence[str]) -> Sequence[Row | None]:
        """The rows of these values of the alternate key, read now; None where there is none. Raises as `pages` does."""
        found: list[Row | None] = [None] * len(keys)
        unread: list[str] = []

        def note(place: int, answered: Part | Answer) -> None:
            if not isinstance(answered, Part):
                unread.append(getattr(answered, "reason", "not_read"))
            elif answered.status == HTTPStatus.OK:
                row = json.loads(answered.body())
                found[place] = row
            elif not no_such_row(answered.status, code := error_code(answered.body())):
                unread.append(reason(answered.status, code))

        places = range(len(keys))
        trouble = self._batches.send(places, lambda place: read_row(place, table, key, keys[place], columns), note)
        if trouble:
            raise trouble
        if unread:
            raise WebsiteUnavailableError(min(unread))
        return found

    def _page(self, link: str) -> bytes:
        """One page. Reading again does no harm, so what failed in between is tried again."""
        for attempt in range(1, _TRIES + 1):
            try:
                return _complete(
                    self._service.request(
                        "GET",
                        link,
                        gate=self._gate,
                        time_left=self._time_left,
                        headers={"prefer": f"odata.maxpagesize={self._page_size}"},
                    )
                )
            except WebsiteUnavailableError as error:
                wait = error.seconds if isinstance(error, WebsiteClosedError) else _FIRST_PAUSE * 2**attempt
                if attempt == _TRIES or wait > _LONGEST_PAUSE or self._time_left() < wait + _LONGEST_PAUSE:
                    raise
                self._pause(wait)
        raise AssertionError("the last try answers or raises")


def _complete(reply: Reply) -> bytes:
    if reply.status != HTTPStatus.OK:
        why = reason(reply.status, error_code(reply.body))
        wait = waiting_time(reply.status, reply.headers.get("retry-after"))
        if wait is not None:
            raise WebsiteClosedError(why, wait)
        if reply.status >= HTTPStatus.INTERNAL_SERVER_ERROR or reply.status == HTTPStatus.REQUEST_TIMEOUT:
            raise WebsiteUnavailableError(why)
        raise WebsiteMisconfiguredError(why)
    if not reply.complete:
        raise ReplyLostError("page_cut_off")
    return reply.body


def _next_link(body: bytes) -> str | None:
    """The address of the next page, found without reading the rows: it stands before or after all of them."""
    at = body.rfind(_NEXT)
    if at < 0:
        return None
    try:
        link, _ = json.JSONDecoder().raw_decode(body[at + len(_NEXT) : at + len(_NEXT) + 65536].decode().lstrip())
    except ValueError:
        raise WebsiteUnavailableError("page_is_not_json") from None
    if not isinstance(link, str) or not link:
        raise WebsiteUnavailableError("page_link_is_no_link")
    return link


def _rows(body: bytes, *, more: bool) -> Sequence[Row]:
    try:
        page = from_json(body)
    except ValueError:
        raise WebsiteUnavailableError("page_is_not_json") from None
    rows = page.get("value") if isinstance(page, dict) else None
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise WebsiteUnavailableError("page_without_rows")
    # What was found in the text must be the page's own, not the value of a column.
    if ("@odata.nextLink" in page) != more:
        raise WebsiteUnavailableError("page_link_is_no_link")
    return rows


def _identifier(name: str) -> str:
    try:
        return identifier(name, "column_not_an_identifier")
    except NotAddressableError as error:
        raise WebsiteMisconfiguredError(str(error)) from None
