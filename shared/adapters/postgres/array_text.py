"""Arrays in PostgreSQL's text form, because the driver inspects every value of a list."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable
    from uuid import UUID


def id_array(ids: Iterable[UUID]) -> str:
    """Return an array of ids, without hyphens, which PostgreSQL does not need and Python is slow to write."""
    return f"{{{','.join([one.hex for one in ids])}}}"


def plain_array(values: Iterable[object]) -> str:
    """Return an array of numbers or words, whose text needs no quotes."""
    return f"{{{','.join(map(str, values))}}}"


def text_array(values: Iterable[str | None]) -> str:
    """Return an array of any texts."""
    return f"{{{','.join(map(_quoted, values))}}}"


def _quoted(value: str | None) -> str:
    if value is None:
        return "NULL"
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
