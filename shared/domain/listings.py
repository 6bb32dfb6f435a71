"""Listings: what the website should show, and what became of telling it so."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum, StrEnum, auto
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from uuid import UUID


class Action(StrEnum):
    """What is to be done to a listing. Hiding never creates a row on the website (I8)."""

    HIDE = "hide"
    PUBLISH = "publish"

    @property
    def needs_no_row(self) -> bool:
        """Whether a row that does not exist on the website is success, as a 404 to a hide is: nobody sees it."""
        return self is Action.HIDE


@dataclass(frozen=True, slots=True)
class SyncRequest:
    """A hint that a listing may have to change (I7): an id and a version, no truth."""

    mentor_id: UUID
    version: int


@dataclass(frozen=True, slots=True)
class SyncMessage:
    """One message of the queue. `requests` is None when it cannot be read; `receives` counts this delivery too."""

    id: str
    receipt_handle: str
    receives: int
    requests: tuple[SyncRequest, ...] | None


@dataclass(frozen=True, slots=True)
class Change:
    """One listing as the website should have it. The database builds the body: consent decides what is in it (I5)."""

    mentor_id: UUID
    version: int
    action: Action
    table: str
    """The entity set, such as hlf_peermentors."""
    key: str
    """The column of the alternate key that holds the mentor's id."""
    body: str
    """The JSON object to write, without the key: what is published and the flags to show it, or flags to hide it. What
    was published once and is not any more is null in it."""
    bare_body: str | None = None
    """To hide: the flags alone. Hiding never fails because of a column that is to be emptied."""
    row_version: str | None = None
    """The version of the row that this is written on, an ETag; NO_ROW: only where there is none; None: on any."""


NO_ROW = ""
"""As a row's version: there is no row."""


@dataclass(frozen=True, slots=True)
class ListingTable:
    """Where listings live on the website."""

    name: str
    """The entity set, such as hlf_peermentors."""
    key: str
    """The column of the alternate key that holds the mentor's id."""


@dataclass(frozen=True, slots=True)
class Accepted:
    """The website has it. For a listing to hide also: there was none."""

    row_version: str | None = field(default=None, compare=False)
    """The version it left the row with. Whatever was sent earlier on another version can do nothing any more."""
    emptied: bool = True
    """False: it is hidden, and columns that are not published any more could not be emptied."""


class RefusedKind(Enum):
    """Why the website refuses something for good, as far as a decision hangs on it."""

    FORBIDDEN = auto()
    """A privilege is lacking: for one row, or for all of them."""
    BAD_REQUEST = auto()
    NOT_FOUND = auto()
    NO_SUCH_TABLE = auto()
    """Not found either, and so is every row of its table."""
    SECRET_ENDED = auto()
    """The client secret has ended."""
    OTHER = auto()


@dataclass(frozen=True, slots=True)
class Refused:
    """The website will never take this: it is rejected (I13). The reason is a code for people."""

    reason: str
    kind: RefusedKind = field(default=RefusedKind.OTHER, compare=False)


@dataclass(frozen=True, slots=True)
class NotNow:
    """Certainly not done, and it may well work later. `retry_after` in seconds, where the website named a time."""

    reason: str
    retry_after: float | None = None


@dataclass(frozen=True, slots=True)
class Outdated:
    """Not done: the row has another version than the change was made for, or is not there. Read it and send again."""

    reason: str


@dataclass(frozen=True, slots=True)
class OutcomeUnknown:
    """Sent, and no reply came: it may have been done, or be done yet. Read the website before deciding."""

    reason: str
    harmless: bool = False
    """Whether it names a version of the row, so that it does nothing once the row has another."""


type PushOutcome = Accepted | Refused | NotNow | Outdated | OutcomeUnknown


@dataclass(frozen=True, slots=True)
class RowState:
    """A row of the website, read now."""

    exists: bool
    version: str | None
    """None: there is no row, or the table keeps no versions."""
    as_sent: bool
    """Whether it shows exactly what was to be written. That proves nothing of who wrote it, or when."""


class Result(StrEnum):
    """What became of one mentor that a sync was asked for."""

    PUBLISHED = "published"
    HIDDEN = "hidden"
    NOTHING_TO_SHOW = "nothing_to_show"
    """Not to be listed, and never was: no request."""
    ALREADY = "already"
    """An old message, or one that came twice."""
    BUSY = "busy"
    """Another worker has it, and rechecks when it is done."""
    UNKNOWN = "unknown"
    """No such mentor has ever been."""
    REJECTED = "rejected"
    STILL_REJECTED = "still_rejected"
    """Rejected before, and nothing has changed since."""
    BRAKED = "braked"
    """One of a mass change that nobody has released; the sweep asks again."""
    GIVEN_BACK = "given_back"
    """Not done; to be asked for again."""


@dataclass(frozen=True, slots=True)
class Claim:
    """What a worker took, and what is to be said of the rest."""

    changes: tuple[Change, ...]
    done: dict[UUID, Result]
    locked: tuple[UUID, ...]
    """A transaction is changing these just now."""
    versions: dict[UUID, int]
    """The desired version of each mentor that is known, as the database has it."""


@dataclass(frozen=True, slots=True)
class SettleOutcome:
    """What is left to do after a settlement."""

    again: tuple[UUID, ...] = ()
    """These changed meanwhile."""
    locked: tuple[UUID, ...] = ()
    """These could not be written down: a transaction has them."""
    outcome_unknown: tuple[UUID, ...] = ()
    """Accepted, and to be pushed once more: an older request may be carried out yet (I6)."""


@dataclass(frozen=True, slots=True)
class StopRecord:
    """Nothing is sent, because the website refuses our credential. One worker a minute is told to try."""

    reason: str
    try_now: bool


@dataclass(frozen=True, slots=True)
class SyncResult:
    """What a sync did. `given_back` has the mentors to ask for again, after that many seconds, and why."""

    results: dict[UUID, Result]
    retry_after: float = 0.0
    reasons: frozenset[str] = frozenset()
    stopped: bool = False
    versions: dict[UUID, int] = field(default_factory=dict)
    """The newest desired version that was seen of each mentor."""

    def counts(self) -> dict[str, int]:
        """How many mentors came to each result, zeros included (I12)."""
        counts = dict.fromkeys(Result, 0)
        for result in self.results.values():
            counts[result] += 1
        return {f"listings_{result}": n for result, n in counts.items()} | {"sync_stopped": int(self.stopped)}
