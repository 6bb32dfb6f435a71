"""Whether a row as Dataverse gives it is what was written."""

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
    """Compare column by column; what else the row has is nobody's concern."""
    return all(_same(value, row.get(column)) for column, value in written.items())


def _same(written: object, read: object) -> bool:
    if written in (None, ""):  # Dataverse keeps no empty text
        return read in (None, "")
    if isinstance(written, bool) or isinstance(read, bool):
        return written is read
    if isinstance(written, str) and isinstance(read, str):
        return written == read or _same_lookup(written, read) or _same_time(written, read)
    return written == read


def _same_lookup(written: str, read: str) -> bool:
    """What is bound by its address is read as an id; case means nothing in ids."""
    bound = _BOUND.search(written)
    return bool(_GUID.fullmatch(read.lower())) and (bound[1] if bound else written).lower() == read.lower()


def _same_time(written: str, read: str) -> bool:
    """The same moment: Dataverse answers in UTC and whole seconds."""
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
