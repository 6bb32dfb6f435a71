"""A forced sync: what a coordinator asks for, what the website showed before and after, and how it ended."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple

from shared.domain.website_rows import Visibility, seen_rows

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime
    from uuid import UUID

    from shared.domain.website_rows import Site

PORTAL_LAG = timedelta(minutes=15)
"""How long the website's portal may show what it showed before: its cache, which nobody outside can clear.

https://learn.microsoft.com/power-pages/configure/enable-server-side-caching
"""


class WhyNot(StrEnum):
    """Why a listing is not on the website as the app has it. certification.mentors_of_coordinator returns most."""

    ON_ITS_WAY = "on_its_way"
    THROTTLED = "throttled"
    """Inside a Retry-After window (I9)."""
    STOPPED = "stopped"
    """The website refuses our credential (I10)."""
    FAILED_ATTEMPT = "failed_attempt"
    OUTCOME_UNKNOWN = "outcome_unknown"
    BRAKE = "brake"
    REJECTED = "rejected"
    BUSY = "busy"
    """A transaction or another worker has the mentor just now."""
    DIFFERS = "differs"
    """It was written, and the website read back shows something else."""
    NOT_READ_BACK = "not_read_back"
    """It was written, and the website could not be read afterwards."""
    MANUAL_EDIT = "manual_edit"
    NOT_CONVERGING = "not_converging"
    PAST_TRIGGERS = "past_triggers"
    DAY_NOT_CHECKED = "day_not_checked"


@dataclass(frozen=True, slots=True)
class Place:
    """A place on the website where a listing is or may be, and the app's field that each column there holds."""

    site: Site
    fields: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class ForcedListing:
    """A listing as the app has it at one version, and where to read it. The first place is the one in force."""

    version: int
    wanted: Mapping[str, str | None] | None
    """The published columns as they should be; None: visitors must not see the mentor."""
    places: Sequence[Place]


@dataclass(frozen=True, slots=True)
class BegunForceSync:
    """A forced sync that the database has let begin and written into the audit."""

    audit_id: int
    listing: ForcedListing | None
    """None: the mentor has no listing."""
    stopped: bool = False
    """Nothing is sent, because the website refuses our credential (I10)."""
    locked: bool = False
    """A transaction is changing the mentor, so the version could not be raised."""


class Limits(NamedTuple):
    """The most forced syncs a minute."""

    per_mentor: int
    per_coordinator: int


@dataclass(frozen=True, slots=True)
class WebsiteView:
    """What the website showed when it was read."""

    shown: bool | None
    """Whether visitors see the mentor; None: not every flag says so."""
    fields: Mapping[str, str]
    """The published values of the row, shown or hidden, by the app's names of them; empty where there is no row."""


@dataclass(frozen=True, slots=True)
class VerifiedSync:
    """The website was read after the write, and equals the app."""

    version: int
    before: WebsiteView | None
    """None: it could not be read."""
    after: WebsiteView
    verified_at: datetime

    @property
    def shown_to_visitors_by(self) -> datetime:
        """Return when the portal's cache shows it at the latest."""
        return self.verified_at + PORTAL_LAG


@dataclass(frozen=True, slots=True)
class QueuedSync:
    """It could not be done now. The database holds the version to sync, and a message asks for it."""

    version: int
    before: WebsiteView | None
    after: WebsiteView | None
    why: WhyNot
    code: str | None
    """What Dynamics or we said last, for operations."""
    try_at: datetime


type ForceSyncResult = VerifiedSync | QueuedSync
type PlaceRows = Sequence[tuple[Place, Mapping[str, object] | None]]
"""Each place of a listing with its row, or None where there is none."""


def view_of(mentor_id: UUID, rows: PlaceRows) -> WebsiteView:
    """Return what visitors see of these rows: the mentor, if any place shows one. Raises WebsiteUnavailableError."""
    shown: bool | None = False
    fields: dict[str, str] = {}
    for place, row in rows:
        if row is None:
            continue
        seen = _visibility(mentor_id, place, row)
        if seen is Visibility.SHOWN or (seen is Visibility.UNSURE and shown is False):
            shown = True if seen is Visibility.SHOWN else None
        for column, field in place.fields.items():
            value = row.get(column)
            if value is not None:
                fields.setdefault(field, str(value))
    return WebsiteView(shown, fields)


def equals(listing: ForcedListing, mentor_id: UUID, rows: PlaceRows) -> bool:
    """Return whether the website shows exactly what the listing should be (I14). Raises WebsiteUnavailableError."""
    seen = [Visibility.HIDDEN if row is None else _visibility(mentor_id, place, row) for place, row in rows]
    if listing.wanted is None:
        return all(one is Visibility.HIDDEN for one in seen)
    (place, row), *_ = rows
    if row is None or seen[0] is not Visibility.SHOWN or any(one is not Visibility.HIDDEN for one in seen[1:]):
        return False
    # Dataverse keeps no empty text.
    return all((row.get(name) or "") == (listing.wanted.get(name) or "") for name in place.site.columns)


def _visibility(mentor_id: UUID, place: Place, row: Mapping[str, object]) -> Visibility:
    ((_, mentor, _, shown, _, _),) = seen_rows([place.site], [row])
    # A row that the key does not name is not this mentor's.
    return Visibility(shown) if mentor == str(mentor_id) else Visibility.HIDDEN
