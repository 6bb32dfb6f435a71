"""Listings: what the website should show, and what became of telling it so."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from uuid import UUID


class Action(StrEnum):
    """What is to be done to a listing. Hiding never creates a row on the website (I8)."""

    HIDE = "hide"
    PUBLISH = "publish"


@dataclass(frozen=True, slots=True)
class SyncRequest:
    """A hint that a listing may have to change (I7): an id and a version, no truth."""

    mentor_id: UUID
    version: int


@dataclass(frozen=True, slots=True)
class Change:
    """One listing as the website should have it. The database builds the body: consent gates what is in it (I5)."""

    mentor_id: UUID
    version: int
    action: Action
    table: str
    """The entity set, such as hlf_peermentors."""
    key: str
    """The column of the alternate key that holds the mentor's id."""
    body: str
    """The JSON object to write, without the key: published columns and the flags that show a row, or those that hide it."""


@dataclass(frozen=True, slots=True)
class Accepted:
    """The website has it. For a listing to hide also: there was none."""


@dataclass(frozen=True, slots=True)
class Refused:
    """The website will never take this one: it is set aside (I13). The reason is a code, as in dataverse_400_0x80044331."""

    reason: str


@dataclass(frozen=True, slots=True)
class NotNow:
    """Certainly not done, and it may well work later. `retry_after` in seconds, where the website named a time."""

    reason: str
    retry_after: float | None = None


@dataclass(frozen=True, slots=True)
class InDoubt:
    """Sent, and no reply came: it may have been done. Read the website before deciding."""

    reason: str


type Outcome = Accepted | Refused | NotNow | InDoubt
