"""What a coordinator may read: the mentors of one organisation, each with what the website was last seen to show."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

from shared.domain.comparison import ProofVerdict

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date, datetime
    from uuid import UUID

    from shared.domain.force_sync import WhyNot


class ListingState(StrEnum):
    """The state of a listing, as certification.mentors_of_coordinator decides it."""

    VERIFIED = "verified"
    """The website was read, and equals the app."""
    UNVERIFIED = "unverified"
    """The website accepted it, and it was not read back yet."""
    WAITING = "waiting"
    """The change is not on the website yet."""
    REJECTED = "rejected"
    """The website refuses it."""
    DIFFERS = "differs"
    """The website was read, and shows something else."""


@dataclass(frozen=True, slots=True)
class MentorView:
    """One mentor. `listed`: what the app says today; `website_shown`: what was last seen, None if that is unknown."""

    id: UUID
    name: str
    mine: bool
    """Whether the caller is this mentor's coordinator."""
    status: str
    valid_to: date | None
    consent: bool
    listed: bool
    state: ListingState
    website_shown: bool | None
    website_seen_at: datetime | None
    website_differs: Sequence[str]
    """The app's names of the fields that differ."""
    verified_at: datetime | None
    why: WhyNot | None
    code: str | None
    since: datetime | None
    version: int


@dataclass(frozen=True, slots=True)
class MentorDetails:
    """One mentor with what only the page of this mentor shows."""

    mentor: MentorView
    phone: str | None
    email: str | None
    email_problem: str | None
    """Why no mail goes to that address, as the digest has it."""
    area: str | None
    synced_at: datetime | None
    seconds_to_wait: float | None
    """Until Dynamics may be asked again, inside a Retry-After window."""


@dataclass(slots=True)
class Tally:
    """How many mentors there are of each state."""

    counts: dict[ListingState, int] = field(default_factory=lambda: dict.fromkeys(ListingState, 0))
    listed: int = 0
    verified_since: datetime | None = None
    """All were verified at this time or later; None: at least one never was, or there is none."""

    @property
    def total(self) -> int:
        """Return the number of mentors."""
        return sum(self.counts.values())


@dataclass(frozen=True, slots=True)
class MentorPage:
    """Some mentors in the order of their ids, and the tallies of all."""

    mentors: Sequence[MentorView]
    has_more: bool
    organisation: Tally
    mine: Tally


@dataclass(frozen=True, slots=True)
class LastNightlyCheck:
    """The last nightly check of an organisation: the sum of its runs of that day, and the state of the last of them."""

    day: date
    ended_at: datetime | None
    state: str
    reminders: int
    expired: int
    reactivated: int


@dataclass(frozen=True, slots=True)
class LastProof:
    """The last full comparison, and how many differences of this organisation are open."""

    at: datetime
    complete: bool
    differences: int

    @property
    def verdict(self) -> ProofVerdict:
        """Return whether the website shows what it should for this organisation (I14)."""
        if not self.complete:
            return ProofVerdict.NOT_YET
        return ProofVerdict.NO if self.differences else ProofVerdict.YES


@dataclass(frozen=True, slots=True)
class OpenAlert:
    """An open alert that concerns the organisation."""

    kind: str
    since: datetime
    n: int


@dataclass(frozen=True, slots=True)
class OrganisationSettings:
    """The settings that apply to an organisation, its own or the HLF standard's."""

    own_thresholds: bool
    thresholds: Sequence[int]
    reactivate_renewed: bool
    published: Sequence[str]
    """The app's names of the fields that visitors see."""
    brake_count: int
    brake_percent: int
    table_is_ours: bool
    fallback_address: str | None


@dataclass(frozen=True, slots=True)
class Overview:
    """An organisation at a glance."""

    organisation_id: UUID
    organisation: str
    coordinator: str
    now: datetime
    today: date
    nightly_check: LastNightlyCheck | None
    proof: LastProof | None
    expiries: Mapping[date, int]
    """The active mentors whose certification ends in the next 60 days, by day."""
    alerts: Sequence[OpenAlert]
    settings: OrganisationSettings
