"""shared.ports.WebsiteReader: the rows of Dataverse as they are, shown or hidden."""

from __future__ import annotations

import math
from threading import Event
from typing import TYPE_CHECKING, Any

from shared.adapters.dataverse.batches import Batches
from shared.adapters.dataverse.keys import API, NotAddressableError, identifier
from shared.adapters.dataverse.multipart import ReplyPart
from shared.adapters.dataverse.operations import read_row
from shared.adapters.dataverse.pages import page, read_pages, whole_rows
from shared.adapters.dataverse.retry_after import repeat
from shared.adapters.dataverse.statuses import error_code, error_of, is_read, no_such_row
from shared.adapters.http.json_body import read_json
from shared.domain.errors import (
    PermanentError,
    WebsiteBackoffError,
    WebsiteMisconfiguredError,
    WebsiteUnavailableError,
)
from shared.domain.listings import Accepted, NotNow, Refused

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from shared.adapters.dataverse.pages import Page
    from shared.adapters.dataverse.service import Service
    from shared.domain.errors import CertificationError
    from shared.domain.listings import PushOutcome
    from shared.ports import Backoff

# The most rows that Dataverse returns in one page.
_PAGE_SIZE = 5000


class DataverseReader:
    """One invocation's view of the service; the service itself lives as long as the container."""

    def __init__(
        self,
        service: Service,
        backoff: Backoff,
        *,
        time_left: Callable[[], float],
        batch_size: int,
        parallel: int,
        page_size: int = _PAGE_SIZE,
    ) -> None:
        """`time_left`: the seconds in which requests may still be under way."""
        self._service = service
        self._backoff = backoff
        self._time_left = time_left
        self._size = {"prefer": f"odata.maxpagesize={page_size}"}  # must be sent again with every page
        self._batches = Batches(service, backoff, time_left=time_left, size=batch_size, parallel=parallel)

    def pages(self, table: str, columns: Sequence[str]) -> Iterator[Sequence[Mapping[str, Any]]]:
        """Yield every row of the table, a page at a time, each read while the caller works on the one before.

        Ends only after the last page. Raises WebsiteUnavailableError (WebsiteBackoffError where a time to wait is
        known) or WebsiteRefusedError; the rows so far are then not the whole table.
        """
        selected = _identifiers(table, columns)
        first = f"{API}{table}?$select={','.join(selected)}"
        ended = Event()

        def fetch(target: str, sent: Callable[[], None]) -> Page:
            return repeat(
                lambda: self._page(target, sent, first=target == first), time_left=self._time_left, pause=ended.wait
            )

        return read_pages(fetch, first, frozenset(selected), ended.set)

    def rows(
        self, table: str, key: str, keys: Sequence[str], columns: Sequence[str]
    ) -> Sequence[Mapping[str, Any] | None]:
        """Read the rows with these values of an alternate key now. Return them in order; None: there is no such row.

        Raises the same errors as `pages` when a row could not be read.
        """
        selected = _identifiers(table, (key, *columns))
        wanted = frozenset(selected)
        rows: list[Mapping[str, Any] | None] = [None] * len(keys)
        left = list(range(len(keys)))

        def read() -> None:
            unread: dict[int, CertificationError] = {}

            def record(place: int, response: ReplyPart | PushOutcome) -> None:
                try:
                    rows[place] = _row(response, wanted)
                except (WebsiteUnavailableError, WebsiteMisconfiguredError) as error:
                    unread[place] = error

            refusal = self._batches.send(left, lambda place: read_row(place, table, key, keys[place], selected), record)
            left[:] = sorted(unread)
            if refusal:
                raise type(refusal)(refusal.code, refusal.kind)
            if unread:
                raise max(unread.values(), key=_weight)

        repeat(read, time_left=self._time_left, pause=Event().wait)
        return rows

    def _page(self, target: str, sent: Callable[[], None], *, first: bool) -> Page:
        reply = self._service.request(
            "GET", target, backoff=self._backoff, time_left=self._time_left, headers=self._size, sent=sent
        )
        if not is_read(reply.status):
            raise error_of(reply.status, error_code(reply.body), reply.headers.get("retry-after"), ours=first)
        if not reply.complete:
            raise WebsiteUnavailableError(f"dataverse_{reply.flaw}")
        return page(reply.body)


def _identifiers(table: str, columns: Sequence[str]) -> list[str]:
    try:
        identifier(table, "table_not_an_identifier")
        return [identifier(column, "column_not_an_identifier") for column in dict.fromkeys(columns)]
    except NotAddressableError as error:
        raise WebsiteMisconfiguredError(str(error)) from None


def _row(response: ReplyPart | PushOutcome, columns: frozenset[str]) -> Mapping[str, Any] | None:
    if isinstance(response, Accepted):
        raise TypeError("the reply to a reading holds its row")
    if isinstance(response, Refused):
        raise WebsiteMisconfiguredError(response.reason, response.kind)
    if isinstance(response, NotNow) and response.retry_after:
        raise WebsiteBackoffError(response.reason, response.retry_after)
    if not isinstance(response, ReplyPart):
        raise WebsiteUnavailableError(response.reason)
    if is_read(response.status):
        return _object(response.body(), columns)
    code = error_code(response.body())
    if no_such_row(response.status, code):
        return None
    raise error_of(response.status, code, response.header("retry-after"))


def _object(body: bytes, columns: frozenset[str]) -> Mapping[str, Any]:
    try:
        row = read_json(body)
    except ValueError:
        row = None
    return whole_rows([row], columns)[0]


def _weight(error: CertificationError) -> float:
    """Return the error's rank: a permanent error comes first, then the longest wait."""
    if isinstance(error, PermanentError):
        return math.inf
    return error.seconds if isinstance(error, WebsiteBackoffError) else 0.0
