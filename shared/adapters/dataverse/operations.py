"""The requests of a `$batch`: one row each, by its alternate key.

https://learn.microsoft.com/power-apps/developer/data-platform/use-upsert-insert-update-record
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, NamedTuple

from shared.adapters.dataverse.keys import API, NotAddressableError, identifier, key_value
from shared.domain.listings import NO_ROW, Action, Change

if TYPE_CHECKING:
    from collections.abc import Container, Sequence


class Operation(NamedTuple):
    """One request, and the place of its change in the sequence that was passed in."""

    place: int
    content: bytes


# JSON needs no line ends, and Dataverse rejects line ends that are not CRLF.
_LINE_ENDS = re.compile(r"[\r\n]+")


class Writer:
    """The writer of PATCH requests (I8).

    It creates a row only where there is none, updates only the known version of a row, and hides a row by an update.
    Each request asks Dataverse to return the new version of the row.
    https://learn.microsoft.com/power-apps/developer/data-platform/webapi/perform-conditional-operations-using-web-api
    """

    def __init__(self, without_versions: Container[str] = ()) -> None:
        """`without_versions`: the tables that take no condition on a row's version."""
        self._without_versions = without_versions
        self._frames: dict[tuple[str, str], tuple[str, str]] = {}

    def operation(self, place: int, change: Change) -> Operation:
        """Return the PATCH request of a change. Raises NotAddressableError."""
        start, middle = self._frames.get((change.table, change.key)) or self._frame(change.table, change.key)
        body = change.body
        if "\n" in body or "\r" in body:
            body = _LINE_ENDS.sub(" ", body)
        key = key_value(str(change.mentor_id))
        try:
            return Operation(place, f"{start}{key}{middle}{self._condition(change)}\r\n{body}".encode())
        except UnicodeEncodeError:
            raise NotAddressableError("body_is_not_text") from None

    def _condition(self, change: Change) -> str:
        version = None if change.table in self._without_versions else change.row_version
        if version:
            return f"If-Match: {version}\r\n"
        if change.action is Action.HIDE:
            return "If-Match: *\r\n"
        return "If-None-Match: *\r\n" if version == NO_ROW else ""

    def _frame(self, table: str, key: str) -> tuple[str, str]:
        frame = (
            f"PATCH {_row(table, key)}",
            f"')?$select={key} HTTP/1.1\r\nContent-Type: application/json\r\nPrefer: return=representation\r\n",
        )
        self._frames[table, key] = frame
        return frame


def reading(place: int, change: Change) -> Operation:
    """Return a GET of the columns that a change writes, and no others. Raises NotAddressableError."""
    try:
        body = json.loads(change.body)
    except (ValueError, RecursionError):
        body = None
    if not isinstance(body, dict):
        raise NotAddressableError("body_is_no_object")
    columns = sorted({column_read(name) for name in body if readable(name)})
    return read_row(place, change.table, change.key, str(change.mentor_id), columns or [change.key])


def read_row(place: int, table: str, key: str, value: str, columns: Sequence[str]) -> Operation:
    """Return a GET of these columns of the row that has this value of the key. Raises NotAddressableError."""
    select = ",".join(identifier(column, "column_not_an_identifier") for column in columns)
    row = f"{_row(table, key)}{key_value(value)}')"
    content = f"GET {row}?$select={select} HTTP/1.1\r\nAccept: application/json\r\n\r\n"
    return Operation(place, content.encode())


def _row(table: str, key: str) -> str:
    return f"{API}{identifier(table, 'table_not_an_identifier')}({identifier(key, 'key_not_an_identifier')}='"


_BIND = "@odata.bind"


def readable(name: str) -> bool:
    """Return whether a name in a body names a value, and not an annotation such as @odata.type."""
    return "@" not in name or name.endswith(_BIND)


def column_read(name: str) -> str:
    """Return the column from which a value written under `name` is read; for a lookup they differ."""
    return f"_{name.removesuffix(_BIND).lower()}_value" if name.endswith(_BIND) else name


def expected(change: Change) -> dict[str, Any]:
    """Return the values that a change writes, under the names by which they are read."""
    return {column_read(name): value for name, value in json.loads(change.body).items() if readable(name)}
