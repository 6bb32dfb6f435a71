"""Collections: GET of a set, and its count.

`@odata.count` and `/$count` stop at 5,000, pages too; `$top` counts only where no page size is asked for ("Page results
using OData", "Count rows using OData"). Order and cursor are in ordering.py, changes since a token in changes.py.
"""

from __future__ import annotations

import json
from itertools import islice
from typing import TYPE_CHECKING, Any, Final

from emulators.dataverse.faults import list_faults
from emulators.dataverse.model import choices
from emulators.dataverse.model.collation import folded
from emulators.dataverse.model.errors import ODATA_VERSION, DataverseError
from emulators.dataverse.model.messages import Request, Response
from emulators.dataverse.model.ordering import OrderColumn, Place, place_of, sql_order
from emulators.dataverse.odata import paging, urls
from emulators.dataverse.odata.columns import resolver
from emulators.dataverse.odata.filters import compile_filter
from emulators.dataverse.odata.shapes import Shape
from emulators.dataverse.service import changes, replies

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from emulators.dataverse.environment import Environment
    from emulators.dataverse.model.table import Table
    from emulators.dataverse.model.types import Predicate, Row
    from emulators.dataverse.odata.urls import Options

_COUNT: Final = "Microsoft.Dynamics.CRM.totalrecordcount"
_EXCEEDED: Final = "Microsoft.Dynamics.CRM.totalrecordcountlimitexceeded"


def query(environment: Environment, table: Table, request: Request) -> Response:
    """Respond to GET set. Raises DataverseError."""
    options = urls.options(request.query)
    preferred = paging.preferences(request.headers.get("prefer", ""))
    cookie = paging.read(options["$skiptoken"]) if "$skiptoken" in options else None
    tracked = "odata.track-changes" in preferred or "$deltatoken" in options or bool(cookie and cookie.tracking)
    if tracked:
        changes.check(table, options)
    shape = Shape(table, options, preferred.get("odata.include-annotations", ""), environment.api_url)
    for name in shape.reads:
        environment.tokens.require(request.user, name, "read")
    if "$deltatoken" in options:
        return changes.delta(environment, table, request, options, shape)
    holds = _filter(table, options)
    columns = _order(table, options)
    size, asked = _size(options, preferred, cookie)
    fault = list_faults.fault(environment.faults, request)
    start = fault.start(cookie)
    rows = _rows(table, options, holds, columns, None if start is None else _place(table, columns, start))
    page = list(islice(fault.rows(table, cookie, rows), size + 1))
    more = len(page) > size and (asked is None or (asked > size and choices.TOP_GOES_ON_AFTER_A_PAGE))
    del page[size:]
    if (end := fault.ends_after(size * (cookie.number - 1) if cookie else 0)) is not None and end <= len(page):
        more = False
        del page[end:]
    version = cookie.last("version") if cookie and cookie.tracking else table.log.version
    body: dict[str, Any] = {"@odata.context": f"{environment.api_url}$metadata#{table.schema.set_name}{shape.context}"}
    _count(body, table, options, holds, preferred)
    body["value"] = [shape.of(row) for row in page]
    url = f"{environment.api_url}{table.schema.set_name}"
    if more:
        marks = _marks(table, columns, page) | ({"version": (str(version), str(version))} if tracked else {})
        next_page = paging.Cookie(1 + (cookie.number if cookie else 1), marks, tracked)
        body["@odata.nextLink"] = paging.link(url, request.query, paging.write(next_page))
    elif tracked:
        body["@odata.deltaLink"] = paging.link(url, request.query, changes.token(version))
    return replies.collection(body, preferred)


def count(_environment: Environment, table: Table, request: Request) -> Response:
    """Respond to GET set/$count: all rows, those of a `$filter`, or the changes since a `$deltatoken`.

    Raises DataverseError.
    """
    options = urls.options(request.query)
    options.only("$filter", "$deltatoken")
    if "$deltatoken" in options:
        changes.check(table, options)
        number = changes.count(table, options["$deltatoken"])
    else:
        number = min(_number(table, _filter(table, options)), paging.LARGEST)
    return Response(200, [("Content-Type", "text/plain"), ODATA_VERSION], str(number).encode())


def _filter(table: Table, options: Options) -> Predicate | None:
    text = options.get("$filter", "")
    return compile_filter(text, resolver(table), options.aliases) if text.strip() else None


def _order(table: Table, options: Options) -> list[OrderColumn]:
    """Return the columns of `$orderby`. Raises DataverseError.

    A lookup sorts by the name of the row it points at; an alias may stand for a column.
    """
    found: list[OrderColumn] = []
    resolve = resolver(table)
    for item in filter(None, (part.strip() for part in options.get("$orderby", "").split(","))):
        given, _, direction = item.partition(" ")
        name = options.aliases.get(given, given).strip()
        if direction.strip() not in {"", "asc", "desc"}:
            raise urls.refused(f"Syntax error at position {len(given) + 1} in '{item}'.")
        kind, get = resolve(name)
        if kind == "navigation":
            raise DataverseError.not_served(f"$orderby of the navigation property {name}")
        column = table.schema.columns.get(name)
        if column is not None and column.target:
            target = table.tables[column.target].schema
            kind, get = resolve(f"{column.navigation}/{target.primary_name}")
        found.append(OrderColumn(name, _folded(get) if kind == "text" else get, direction.strip() == "desc"))
    return found


def _folded(get: Callable[[Row], Any]) -> Callable[[Row], Any]:
    return lambda row: None if (value := get(row)) is None else folded(value)


def _size(options: Options, preferred: Mapping[str, str], cookie: paging.Cookie | None) -> tuple[int, int | None]:
    """Return the rows of this page, and how many `$top` still wants."""
    size = paging.page_size(preferred)
    if size is not None:
        return size, None
    top = urls.whole_number(options, "$top")
    if top is None:
        return paging.LARGEST, None
    asked = max(0, top - (cookie.number - 1) * paging.LARGEST) if cookie else top
    return min(asked, paging.LARGEST), asked


def _rows(
    table: Table, options: Options, holds: Predicate | None, columns: list[OrderColumn], place: Place | None
) -> Iterator[Row]:
    if not columns:
        rows = table.order.after(place)
        return rows if holds is None else filter(holds, rows)
    said = json.dumps([options.get("$orderby"), options.get("$filter"), options.aliases])
    return table.order.sorted_after(place, columns, holds or (lambda _: True), said, table.log.version)


def _marks(table: Table, columns: list[OrderColumn], page: Sequence[Row]) -> dict[str, tuple[str, str]]:
    last, first = (place_of(row, row[table.schema.primary_id], columns) for row in (page[-1], page[0]))
    marks = {
        column.name.replace("/", "."): (json.dumps(last[index]), json.dumps(first[index]))
        for index, column in enumerate(columns)
    }
    marks[table.schema.primary_id] = (f"{{{last[-1].upper()}}}", f"{{{first[-1].upper()}}}")
    return marks


def _place(table: Table, columns: list[OrderColumn], cookie: paging.Cookie) -> Place:
    try:
        values = [tuple(json.loads(cookie.last(column.name.replace("/", ".")))) for column in columns]
    except (ValueError, TypeError):
        raise paging.malformed() from None
    return (*values, sql_order(cookie.last(table.schema.primary_id).strip("{}").lower()))


def _count(
    body: dict[str, Any], table: Table, options: Options, holds: Predicate | None, preferred: Mapping[str, str]
) -> None:
    wanted = urls.yes_or_no(options, "$count")
    number = _number(table, holds) if wanted else -1
    if wanted:
        body["@odata.count"] = min(number, paging.LARGEST)
    asked = preferred.get("odata.include-annotations", "")
    if "*" in asked.split(",") or "Microsoft.Dynamics.CRM.*" in asked or _COUNT in asked:
        body[f"@{_COUNT}"] = min(number, paging.LARGEST)
        body[f"@{_EXCEEDED}"] = number > paging.LARGEST


def _number(table: Table, holds: Predicate | None) -> int:
    """Return how many rows fit, at most one above the largest count that is ever returned."""
    if holds is None:
        return len(table.rows)
    found: Iterable[Row] = filter(holds, table.rows.values())
    return sum(1 for _ in islice(found, paging.LARGEST + 1))
