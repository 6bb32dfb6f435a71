"""The equality of a row that Dataverse returns and of what was written."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

_GUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_BOUND = re.compile(r"\(\s*(?:[a-z_][a-z0-9_]*=)?([0-9a-f-]{36})\)$", re.IGNORECASE)
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}(?:T.*)?")


def is_shown(written: Mapping[str, Any], row: Mapping[str, Any]) -> bool:
    """Return whether the row has every written value; its other columns do not matter."""
    return all(_same(value, row.get(column)) for column, value in written.items())


def _same(written: object, read: object) -> bool:
    if written in (None, ""):  # Dataverse stores an empty text as null
        return read in (None, "")
    if isinstance(written, bool) or isinstance(read, bool):
        return written is read
    if isinstance(written, str) and isinstance(read, str):
        return written == read or _same_lookup(written, read) or _same_time(written, read)
    return written == read


def _same_lookup(written: str, read: str) -> bool:
    """Return whether a lookup names the same row: it is written as an address or an id, and read as an id."""
    bound = _BOUND.search(written)
    return bool(_GUID.fullmatch(read.lower())) and (bound[1] if bound else written).lower() == read.lower()


def _same_time(written: str, read: str) -> bool:
    """Return whether both texts are the same moment; Dataverse returns UTC and whole seconds."""
    ours, theirs = _moment(written), _moment(read)
    return ours is not None and ours == theirs


def _moment(text: str) -> datetime | None:
    if not _DAY.fullmatch(text):
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).replace(microsecond=0)
