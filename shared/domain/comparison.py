"""The comparison of the website with the app: what is read of a row, and what a comparison came to."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from enum import IntEnum, StrEnum
from operator import itemgetter
from typing import TYPE_CHECKING, Any

from shared.domain.errors import WebsiteUnavailableError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from datetime import datetime
    from uuid import UUID

    from shared.domain.listings import SyncRequest

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


class Shown(IntEnum):
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
"""Site, mentor id or None where the key holds none, the row's own id, Shown, content, others or None if empty."""


@dataclass(frozen=True, slots=True)
class Compared:
    """What a comparison came to: every count, zeros included, and the SHA-256 of what each side lists."""

    counts: dict[str, int]
    app_hash: str
    website_hash: str
    facts: Mapping[str, str] = field(default_factory=dict)
    """Since when a brake holds differences, and when those in flight will have settled."""


@dataclass(frozen=True, slots=True)
class PastTrigger:
    """A mentor whose change no trigger has seen. `version` to sync; None: there is nothing to tell the website."""

    mentor_id: UUID
    version: int | None
    kind: str

    @property
    def must_hide(self) -> bool:
        """Whether the website shows somebody who must not be listed."""
        return self.kind in {"hide", "day"}


@dataclass(frozen=True, slots=True)
class Repairs:
    """Whom to sync, and how many repairs a brake holds back."""

    requests: tuple[SyncRequest, ...]
    braked: int


@dataclass(frozen=True, slots=True)
class Proof:
    """What a full comparison has shown. `reason`: why it is not complete, a code."""

    at: datetime
    reason: str | None = None
    compared: Compared | None = None
    counts: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Acceptance:
    """A person takes a suspiciously small answer of the website for true."""

    actor: str
    reason: str


def columns_to_read(sites: Iterable[Site]) -> tuple[str, ...]:
    """What has to be read of a table for all of its sites."""
    return tuple(dict.fromkeys(name for site in sites for name in (site.key, *site.columns, *site.show, *site.others)))


def seen_rows(sites: Iterable[Site], rows: Iterable[Mapping[str, object]]) -> Iterator[SeenRow]:
    """The rows of a table as each of its sites sees them. Raises WebsiteUnavailableError for what is no whole row.

    A row's own id is the one value that was not asked for: Dataverse always gives it.
    """
    its = tuple(sites)
    asked = frozenset(columns_to_read(its))
    views = [_View(site) for site in its]
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
    shown = Shown.SHOWN
    for flag, value in site.hide.items():
        read = row[flag]
        if _same(read, value):
            return int(Shown.HIDDEN)
        if not _same(read, site.show[flag]):
            shown = Shown.UNSURE
    return int(shown)


def _same(read: object, flag: object) -> bool:
    return type(read) is type(flag) and read == flag


CLASSES = ("listed_but_invalid", "missing", "field_drift", "unpublished_field", "orphan")
"""What a difference is."""

CAUSES = (
    "hand_edit",
    "waiting",
    "in_flight",
    "day_turns",
    "day_not_checked",
    "held_by_brake",
    "rejected",
    "came_past_triggers",
    *(f"{name}_in_flight" for name in CLASSES[:-1]),
)
"""Why it is there, as counted; …_in_flight: those of a class that were changed just now, or whose day just turns."""

NOTHING_COMPARED = (
    "pages_read",
    "rows_read",
    "rows_repeated",
    "rows_forgotten",
    "rows_read_again",
    "app_listed",
    "website_listed",
    "equal",
    "live_recorded",
    "live_found",
    "sites_small",
    *CLASSES,
    *CAUSES,
    "set_aside",
    "differences_unverified",
    "findings_opened",
    "findings_seen_again",
    "findings_confirmed",
    "findings_superseded",
    "listings_verified",
    "repairs_requested",
    "repairs_braked",
    "past_triggers",
    "past_triggers_hidden",
    "duplicate_transitions",
    "duplicate_reminders",
    "duplicate_notices",
)
"""The counts of a full comparison, every one of them reported by every run (I12)."""


class Answer(StrEnum):
    """Whether the website shows whom it should."""

    YES = "yes"
    NO = "no"
    NOT_YET = "not_yet"
    """It cannot be told, or what differs was changed a moment ago."""


def answer_of(*, complete: bool, counts: Mapping[str, int], equal: bool) -> Answer:
    """What a proof says (I14). `equal`: whether both sides have the same hash."""
    if not complete:
        return Answer.NOT_YET
    differing = sum(counts.get(name, 0) for name in CLASSES)
    settling = counts.get("in_flight", 0) + counts.get("day_turns", 0)
    # Who stands in the app twice is counted twice on both sides, so that its figures are no one's.
    if differing > settling or counts.get("rows_repeated", 0) or (not equal and not settling):
        return Answer.NO
    return Answer.NOT_YET if settling else Answer.YES


def looks_small(compared: Compared) -> bool:
    """Whether the answer lacks most of what the website was made to show: a fault, unless a person says otherwise."""
    return compared.counts["sites_small"] > 0


def by_table(sites: Iterable[Site]) -> list[tuple[Site, ...]]:
    """The sites of each table and key."""
    found: dict[tuple[str, str], list[Site]] = {}
    for site in sites:
        found.setdefault((site.table, site.key), []).append(site)
    return [tuple(its) for its in found.values()]
