"""Listings: the state that the website should show, and the outcome of each attempt to make it so."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum, StrEnum, auto
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from uuid import UUID


class Action(StrEnum):
    """What to do to a listing. Hiding never creates a row on the website (I8)."""

    HIDE = "hide"
    PUBLISH = "publish"

    @property
    def needs_no_row(self) -> bool:
        """Return whether a missing row is success, as a 404 to a hide is: visitors do not see it."""
        return self is Action.HIDE


@dataclass(frozen=True, slots=True)
class SyncRequest:
    """A hint that a listing may have to change (I7): an id and a version. It carries no truth."""

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
    """The JSON object to write, without the key: what is published and the flags to show it, or flags to hide it. A
    column that is no longer published is null in it."""
    bare_body: str | None = None
    """The flags alone, to hide. Hiding never fails because of a column that must be emptied."""
    row_version: str | None = None
    """The version of the row to write on, an ETag. NO_ROW: only where there is no row. None: on any version."""


NO_ROW = ""
"""The version of a row that does not exist."""


@dataclass(frozen=True, slots=True)
class ListingTable:
    """Where listings live on the website."""

    name: str
    """The entity set, such as hlf_peermentors."""
    key: str
    """The column of the alternate key that holds the mentor's id."""


@dataclass(frozen=True, slots=True)
class Accepted:
    """The website has it. A listing to hide is accepted as well when there was no row."""

    row_version: str | None = field(default=None, compare=False)
    """The row's version afterwards. An earlier request that names another version can have no effect any more."""
    emptied: bool = True
    """False: it is hidden, and columns that are not published any more could not be emptied."""


class RefusedKind(Enum):
    """Why the website refuses something for good, as far as a decision depends on it."""

    FORBIDDEN = auto()
    """A privilege is missing: for one row, or for all of them."""
    BAD_REQUEST = auto()
    NOT_FOUND = auto()
    NO_SUCH_TABLE = auto()
    """Not found either, and so is every row of its table."""
    SECRET_ENDED = auto()
    """The client secret has ended."""
    SECRET_MISSING = auto()
    """The credential lacks a part, or a part has not its form."""
    SECRET_WRONG = auto()
    UNKNOWN_APPLICATION = auto()
    APPLICATION_DISABLED = auto()
    UNKNOWN_TENANT = auto()
    BLOCKED_BY_POLICY = auto()
    """A rule of conditional access."""
    UNKNOWN_ADDRESS = auto()
    """Entra gives no token for the address of the website in this tenant."""
    TOKEN_REFUSED = auto()
    """Entra has signed us in and the website does not accept it, as when it belongs to another tenant."""
    NO_USER = auto()
    """The environment has no user for our application."""
    NO_ROLE = auto()
    USER_DISABLED = auto()
    ENVIRONMENT_DISABLED = auto()
    UNTRUSTED_ISSUER = auto()
    """The application has no federated credential for the issuer of our identity token."""
    UNTRUSTED_SUBJECT = auto()
    UNTRUSTED_AUDIENCE = auto()
    ASSERTION_INVALID = auto()
    """Entra could not verify what we signed, or had signed: its key, its signature, its times."""
    IDENTITY_DISABLED = auto()
    """Our own account has no identity federation."""
    IDENTITY_REFUSED = auto()
    """Our own account gives us no identity token for another reason."""
    OTHER = auto()


@dataclass(frozen=True, slots=True)
class Refused:
    """The website will never take this: it is rejected (I13). The reason is a code for people."""

    reason: str
    kind: RefusedKind = field(default=RefusedKind.OTHER, compare=False)


@dataclass(frozen=True, slots=True)
class NotNow:
    """Certainly not done, and it may work later. `retry_after` in seconds, where the website named a time."""

    reason: str
    retry_after: float | None = None


@dataclass(frozen=True, slots=True)
class Outdated:
    """Not done: the row has another version than the change names, or does not exist. Read it and send again."""

    reason: str


@dataclass(frozen=True, slots=True)
class OutcomeUnknown:
    """Sent without a response: it may have taken effect, or may still do so. Read the website before deciding."""

    reason: str
    harmless: bool = False
    """Whether the request names a version of the row, and so has no effect once the row has another."""


type PushOutcome = Accepted | Refused | NotNow | Outdated | OutcomeUnknown


@dataclass(frozen=True, slots=True)
class RowState:
    """A row of the website, read now."""

    exists: bool
    version: str | None
    """None: there is no row, or the table keeps no versions."""
    as_sent: bool
    """Whether it shows exactly what was sent. That does not prove which request wrote it, or when."""


class Result(StrEnum):
    """The result of a sync for one mentor."""

    PUBLISHED = "published"
    HIDDEN = "hidden"
    NOTHING_TO_SHOW = "nothing_to_show"
    """Must not be listed and never was, so no request is sent."""
    ALREADY = "already"
    """The message is old, or came twice."""
    BUSY = "busy"
    """Another worker holds the claim, and rechecks when it is done."""
    UNKNOWN = "unknown"
    """No such mentor has ever existed."""
    REJECTED = "rejected"
    STILL_REJECTED = "still_rejected"
    """Rejected before, and nothing has changed since."""
    BRAKED = "braked"
    """Part of a mass change that no person has released; the sweep requests it again."""
    GIVEN_BACK = "given_back"
    """Not done, and requested again."""


@dataclass(frozen=True, slots=True)
class Claim:
    """The listings that a worker has claimed, and the results of the rest."""

    changes: tuple[Change, ...]
    done: dict[UUID, Result]
    locked: tuple[UUID, ...]
    """A transaction is changing these now."""
    versions: dict[UUID, int]
    """The desired version of each mentor that is known, as the database has it."""


@dataclass(frozen=True, slots=True)
class SettleOutcome:
    """The work that is left after a settlement."""

    again: tuple[UUID, ...] = ()
    """These changed meanwhile."""
    locked: tuple[UUID, ...] = ()
    """A transaction holds these, so their outcome was not recorded."""
    outcome_unknown: tuple[UUID, ...] = ()
    """Accepted, and pushed once more later, because an older request may still take effect (I6)."""


@dataclass(frozen=True, slots=True)
class StopRecord:
    """Nothing is sent, because the website refuses our credential. One worker a minute tries it."""

    reason: str
    try_now: bool


@dataclass(frozen=True, slots=True)
class SyncResult:
    """The result of a sync. `given_back` has the mentors to request again, after how many seconds, and why."""

    results: dict[UUID, Result]
    retry_after: float = 0.0
    reasons: frozenset[str] = frozenset()
    stopped: bool = False
    versions: dict[UUID, int] = field(default_factory=dict)
    """The newest desired version that was seen of each mentor."""
    no_response: frozenset[UUID] = frozenset()
    """The mentors of whom a request had no response: it may have been carried out, or may still be."""

    def counts(self) -> dict[str, int]:
        """Return the number of mentors with each result, zeros included (I12)."""
        counts = dict.fromkeys(Result, 0)
        for result in self.results.values():
            counts[result] += 1
        return {f"listings_{result}": n for result, n in counts.items()} | {"sync_stopped": int(self.stopped)}
