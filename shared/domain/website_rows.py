"""The rows of the website as a comparison reads them: whose they are, whether visitors see them, what they hold."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import IntEnum
from operator import itemgetter
from typing import TYPE_CHECKING, Any

from shared.domain.errors import WebsiteUnavailableError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

END_OF_VALUE = "\x1f"
"""What each value ends with in a row's content; certification.compare_website writes the app's side the same way."""

_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def mentor_of(key: object) -> str | None:
    """The mentor whose id a key holds, as the service compares keys: without case, and without spaces at the end."""
    if not isinstance(key, str):
        return None
    if _UUID.fullmatch(key):
        return key
    plain = key.rstrip(" ").lower()
    return plain if _UUID.fullmatch(plain) else None


class Visibility(IntEnum):
    """Whether visitors see a row, by the flags of its mapping."""

    HIDDEN = 0
    """A flag hides it."""
    UNSURE = 1
    """No flag hides it, and not every flag shows it: visitors may see it."""
    SHOWN = 2


@dataclass(frozen=True, slots=True)
class Site:
    """A table of the website as one listing mapping uses it."""

    number: int
    table: str
    key: str
    columns: tuple[str, ...]
    """The published columns, in the order in which their values are compared."""
    show: Mapping[str, object]
    hide: Mapping[str, object]
    others: tuple[str, ...] = ()
    """Columns that are not published, and that were written once."""
    mapped: bool = True
    """Whether any organisation's listings live there now."""


type SeenRow = tuple[int, str | None, str, int, str, str | None]
"""Site, mentor id or None where the key holds none, the row's own id, Visibility, content, others or None if empty."""


def columns_to_read(sites: Iterable[Site]) -> tuple[str, ...]:
    """What has to be read of a table for all of its sites."""
    return tuple(dict.fromkeys(name for site in sites for name in (site.key, *site.columns, *site.show, *site.others)))


def seen_rows(sites: Iterable[Site], rows: Iterable[Mapping[str, object]]) -> Iterator[SeenRow]:
    """The rows of a table as each of its sites sees them. Raises WebsiteUnavailableError for what is no whole row.

    A row's own id is the one value that was not asked for: Dataverse always gives it.
    """
    same_table = tuple(sites)
    asked = frozenset(columns_to_read(same_table))
    views = [_View(site) for site in same_table]
    name = ""
    for row in rows:
        if not name:
            name = next((name for name in row if name not in asked and "@" not in name), "")
        try:
            row_id = str(row[name]).lower()
            if not _UUID.fullmatch(row_id):
                raise WebsiteUnavailableError("row_without_an_id")
            for view in views:
                yield view.of(row, row_id)
        except KeyError:
            raise WebsiteUnavailableError("row_lacks_a_column") from None


class _View:
    """How one site sees a row: the same few flags and columns, a million times."""

    def __init__(self, site: Site) -> None:
        self._number = site.number
        self._site = site
        self._values = itemgetter(site.key, *site.columns, site.key)  # two at least, so a tuple
        self._flags = tuple(site.show)
        self._known: dict[tuple[object, ...], int] = {}

    def of(self, row: Mapping[str, object], row_id: str) -> SeenRow:
        key, *values, _ = self._values(row)
        others = [row[name] for name in self._site.others]
        filled = _content(others) if any(others) else None
        return self._number, mentor_of(key), row_id, self._shown(row), _content(values), filled

    def _shown(self, row: Mapping[str, object]) -> int:
        flags = [row[name] for name in self._flags]
        key = (*flags, *map(type, flags))  # 1 is not True
        try:
            shown = self._known.get(key)
        except TypeError:  # a list or an object, which is no flag's value
            return _shown(self._site, row)
        if shown is None:
            shown = self._known[key] = _shown(self._site, row)
        return shown


def _content(values: list[Any]) -> str:
    if not values:
        return ""
    try:
        content = END_OF_VALUE.join(values) + END_OF_VALUE
    except TypeError:  # one of them is no text
        content = "".join([f"{_text(value)}{END_OF_VALUE}" for value in values])
    # PostgreSQL holds no NUL, so the app never has one: the mark in its place makes the two differ.
    return content.replace("\0", "\ufffd") if "\0" in content else content


def _text(value: object) -> str:
    """Dataverse keeps no empty text; what is no text at all was never written by us, and differs."""
    if value is None:
        return ""
    return value if isinstance(value, str) else f"\ufffd{value}"


def _shown(site: Site, row: Mapping[str, object]) -> int:
    shown = Visibility.SHOWN
    for flag, value in site.hide.items():
        read = row[flag]
        if _same(read, value):
            return int(Visibility.HIDDEN)
        if not _same(read, site.show[flag]):
            shown = Visibility.UNSURE
    return int(shown)


def _same(read: object, flag: object) -> bool:
    return type(read) is type(flag) and read == flag


def by_table(sites: Iterable[Site]) -> list[tuple[Site, ...]]:
    """The sites of each table and key."""
    found: dict[tuple[str, str], list[Site]] = {}
    for site in sites:
        found.setdefault((site.table, site.key), []).append(site)
    return [tuple(same_table) for same_table in found.values()]
