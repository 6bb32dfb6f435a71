"""Break-glass: what a person changes on the website while nothing else runs, found by comparing it with the app."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from shared.domain.listings import Action

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from uuid import UUID

    type Place = tuple[str, str]
    """A table of the website, and its key."""


class Cause(StrEnum):
    """Why a mentor must not be listed, the most urgent first."""

    EXPIRED = "expired"
    WITHDRAWN = "withdrawn"
    """The mentor does not consent to being listed."""
    NOT_ACTIVE = "not_active"
    DELETED = "deleted"


_URGENT = {Cause.EXPIRED, Cause.WITHDRAWN}


@dataclass(frozen=True, slots=True)
class AppListing:
    """One mentor as the app has it, by the calendar."""

    mentor_id: UUID
    organisation_id: UUID
    cause: Cause | None
    """None: the mentor is to be listed."""
    synced: bool = True
    """Whether the website has the newest version, as far as our record says."""
    may_be_shown: bool = False
    """Whether our record says that the website may show the mentor."""

    @property
    def listed(self) -> bool:
        """Return whether the mentor is to be listed."""
        return self.cause is None


@dataclass(frozen=True, slots=True)
class PlannedChange:
    """One listing to change."""

    mentor_id: UUID
    organisation_id: UUID
    action: Action
    cause: Cause | None = None
    seen: Place | None = None
    """Where visitors see the mentor now."""


@dataclass(frozen=True, slots=True)
class MassLimits:
    """An organisation, and the mass change that a person must confirm in words: more than the count and the percent."""

    organisation_id: UUID
    name: str
    count: int
    percent: int
    active: int

    def exceeded_by(self, n: int) -> bool:
        """Return whether a change of so many mentors needs a confirmation."""
        return n > self.count and n * 100 > self.percent * self.active


@dataclass(frozen=True, slots=True)
class Plan:
    """All that is to change: what hides first, and of that the expired and the withdrawn first."""

    hides: tuple[PlannedChange, ...]
    publishes: tuple[PlannedChange, ...]
    settles: tuple[PlannedChange, ...]
    """Nothing to change on the website. Our record does not know that yet."""
    strangers: int
    """Entries that visitors see and whose mentor the app does not know. They are left alone."""

    @property
    def urgent_hides(self) -> tuple[PlannedChange, ...]:
        """Return those of whom visitors must not read at all: the expired, and those who do not consent."""
        return tuple(change for change in self.hides if change.cause in _URGENT)

    @property
    def other_hides(self) -> tuple[PlannedChange, ...]:
        """Return the rest of what hides."""
        return tuple(change for change in self.hides if change.cause not in _URGENT)

    @property
    def is_empty(self) -> bool:
        """Return whether the website is as the app wants it."""
        return not self.hides and not self.publishes

    def counts(self) -> dict[str, int]:
        """Return all counts, zeros included (I12)."""
        hidden = Counter(change.cause for change in self.hides)
        return {
            **{f"hide_{cause}": hidden[cause] for cause in Cause},
            "publish": len(self.publishes),
            "strangers": self.strangers,
        }

    def mass_changes(self, limits: Iterable[MassLimits]) -> tuple[MassChange, ...]:
        """Return the changes that a person must confirm in words, by organisation and action."""
        found = []
        for one in limits:
            for action, changes in ((Action.HIDE, self.hides), (Action.PUBLISH, self.publishes)):
                n = sum(change.organisation_id == one.organisation_id for change in changes)
                if one.exceeded_by(n):
                    found.append(MassChange(one, action, n))
        return tuple(found)


@dataclass(frozen=True, slots=True)
class MassChange:
    """More changes of one organisation than its limits allow without a confirmation."""

    limits: MassLimits
    action: Action
    n: int


_URGENCY = {cause: rank for rank, cause in enumerate(Cause)}


def plan(listings: Iterable[AppListing], seen: Mapping[UUID, Sequence[Place]], *, hide_only: bool) -> Plan:
    """Return what is to change. `seen`: where visitors see each mentor."""
    hides, publishes, settles, known = [], [], [], set()
    for listing in listings:
        known.add(listing.mentor_id)
        places = seen.get(listing.mentor_id, ())
        where = places[0] if places else None
        mentor, organisation = listing.mentor_id, listing.organisation_id
        if listing.listed:
            if not hide_only and (not places or not listing.synced):
                publishes.append(PlannedChange(mentor, organisation, Action.PUBLISH))
        elif places or listing.may_be_shown:
            hides.append(PlannedChange(mentor, organisation, Action.HIDE, listing.cause, where))
        elif not listing.synced:
            settles.append(PlannedChange(mentor, organisation, Action.HIDE, listing.cause))
    hides.sort(key=lambda change: (_URGENCY[change.cause or Cause.DELETED], change.mentor_id))
    publishes.sort(key=lambda change: change.mentor_id)
    strangers = sum(mentor not in known for mentor in seen)
    return Plan(tuple(hides), tuple(publishes), tuple(settles), strangers)


class Taken(StrEnum):
    """What became of the preparation of one listing."""

    TAKEN = "taken"
    CHANGED = "changed"
    """The app wants something else by now."""
    LOCKED = "locked"
    UNKNOWN = "unknown"
