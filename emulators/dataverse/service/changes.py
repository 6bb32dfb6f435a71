"""Change tracking: what changed since a token ("Use change tracking to synchronize data with external systems").

A reply holds the rows written since the token, by row version, then the ids of those deleted, and the next token. What
happens while a delta is read in pages belongs to the next one: the new token's version is that of the first page.
"""

from __future__ import annotations

import re
import time
from bisect import bisect_right
from calendar import timegm
from itertools import islice
from typing import TYPE_CHECKING, Any, Final

from emulators.dataverse.model import choices
from emulators.dataverse.model.errors import DataverseError
from emulators.dataverse.odata import paging, urls
from emulators.dataverse.service import replies

if TYPE_CHECKING:
    from collections.abc import Iterator

    from emulators.dataverse.environment import Environment
    from emulators.dataverse.model.messages import Request, Response
    from emulators.dataverse.model.table import Table
    from emulators.dataverse.odata.shapes import Shape
    from emulators.dataverse.odata.urls import Options

LIFETIME_DAYS: Final = 7
"""Organization.ExpireChangeTrackingInDays, as it is by default."""
_TIME: Final = "%m/%d/%Y %H:%M:%S"
_TOKEN: Final = re.compile(r"(\d+)!(\d\d/\d\d/\d{4} \d\d:\d\d:\d\d)")
_REFUSED: Final = ("filter", "orderby", "expand", "top")
_SECONDS_A_DAY: Final = 86_400


def check(table: Table, options: Options) -> None:
    """Raise DataverseError for a table that is not tracked, and for options that do not go with tracking."""
    if not table.schema.change_tracking:
        raise DataverseError(
            choices.NOT_TRACKED_STATUS,
            "0x80072491",
            f"Entity {table.schema.name} isn't enabled for change tracking.",
        )
    for name in _REFUSED:
        if f"${name}" in options:
            raise urls.refused(f'The "${name}" query parameter isn\'t supported when Change Tracking is enabled.')


def token(version: int | str, now: float | None = None) -> str:
    """Return `$deltatoken=919042%2108%2f22%2f2017%2008%3a10%3a44`: row version and time."""
    return f"$deltatoken={paging.lower_quote(f'{version}!{time.strftime(_TIME, time.gmtime(now))}')}"


def delta(environment: Environment, table: Table, request: Request, options: Options, shape: Shape) -> Response:
    """Respond to a GET of a delta link, or of the next page of one."""
    since = _version(table, options["$deltatoken"])
    preferred = paging.preferences(request.headers.get("prefer", ""))
    cookie = paging.read(options["$skiptoken"]) if "$skiptoken" in options else None
    until, after = _place(cookie) if cookie else (table.log.version, (False, since))
    size = paging.page_size(preferred) or paging.LARGEST
    page = list(islice(_changes(table, since, until, after), size + 1))
    more = len(page) > size
    del page[size:]
    metadata = f"{environment.api_url}$metadata#{table.schema.set_name}"
    value: list[dict[str, Any]] = []
    for deleted, _, row_id in page:
        if deleted:
            value.append({"@odata.context": f"{metadata}/$deletedEntity", "id": row_id, "reason": "deleted"})
        else:
            value.append(shape.of(table.rows[row_id]))
    body: dict[str, Any] = {"@odata.context": f"{metadata}{shape.context}/$delta", "value": value}
    url = f"{environment.api_url}{table.schema.set_name}"
    if more:
        marks = {"delta": (_mark(page[-1]), _mark(page[0])), "until": (str(until), str(until))}
        written = paging.write(paging.Cookie(1 + (cookie.number if cookie else 1), marks, tracking=True))
        same = f"$deltatoken={paging.lower_quote(options['$deltatoken'])}"
        body["@odata.nextLink"] = paging.link(url, request.query, f"{same}&{written}")
    else:
        body["@odata.deltaLink"] = paging.link(url, request.query, token(until))
    return replies.collection(body, preferred)


def count(table: Table, text: str) -> int:
    """Return how many changes there are since a token. Raises DataverseError."""
    since = _version(table, text)
    return sum(1 for _ in islice(_changes(table, since, table.log.version, (False, since)), paging.LARGEST))


def _changes(table: Table, since: int, until: int, after: tuple[bool, int]) -> Iterator[tuple[bool, int, str]]:
    """Yield (was it deleted?, version, row id) for versions in (since, until]: written rows first, then deletions.

    `after` is where to go on: behind which version, among the rows written or among the deletions.
    """
    log, rows = table.changes, table.rows
    among_deletions, version = after
    if not among_deletions:
        for position in range(_behind(log, version), _behind(log, until)):
            at, row_id, _ = log[position]
            row = rows.get(row_id)
            if row is not None and row["versionnumber"] == at:  # else there is a later entry for the row
                yield False, at, row_id
        version = since
    seen: set[str] = set()
    for position in range(_behind(log, version), _behind(log, until)):
        at, row_id, verb = log[position]
        if verb == "delete" and row_id not in rows and row_id not in seen:
            seen.add(row_id)
            yield True, at, row_id


def _mark(change: tuple[bool, int, str]) -> str:
    return f"{change[0]:d} {change[1]}"


def _place(cookie: paging.Cookie) -> tuple[int, tuple[bool, int]]:
    """Return the last version of a delta, and where its next page goes on. Raises DataverseError."""
    try:
        phase, version = cookie.last("delta").split()
        return int(cookie.last("until")), (phase == "1", int(version))
    except ValueError:
        raise paging.malformed() from None


def _behind(log: list[tuple[int, str, str]], version: int) -> int:
    return bisect_right(log, version, key=lambda entry: entry[0])


def _version(table: Table, text: str) -> int:
    match = _TOKEN.fullmatch(text)
    try:
        moment = timegm(time.strptime(match.group(2), _TIME)) if match else None
    except ValueError:
        moment = None
    if match is None or moment is None:
        raise urls.refused("The delta token is not valid.")
    version = int(match.group(1))
    if moment < time.time() - LIFETIME_DAYS * _SECONDS_A_DAY or version > table.log.version:
        raise DataverseError(
            choices.EXPIRED_TOKEN_STATUS,
            choices.EXPIRED_TOKEN_CODE,
            "Version stamp associated with the client has expired. Please perform a full sync.",
        )
    return version
