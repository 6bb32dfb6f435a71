"""The outcome of a comparison of the website with the app, and the verdict of a proof."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

from shared.domain.keeping import DELETED

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime
    from uuid import UUID

    from shared.domain.listings import SyncRequest


@dataclass(frozen=True, slots=True)
class ComparisonOutcome:
    """The outcome of a comparison: every count, zeros included, and the SHA-256 of what each side lists."""

    counts: dict[str, int]
    app_hash: str
    website_hash: str
    facts: Mapping[str, str] = field(default_factory=dict)
    """Since when the brake (the mass-change limit) holds differences, and when those in flight will have settled."""


@dataclass(frozen=True, slots=True)
class PastTrigger:
    """A mentor whose change no trigger has seen. `version` is the one to sync; None: the website needs no change."""

    mentor_id: UUID
    version: int | None
    kind: str

    @property
    def must_hide(self) -> bool:
        """Return whether the website shows a mentor who must not be listed."""
        return self.kind in {"hide", "day"}


@dataclass(frozen=True, slots=True)
class Repairs:
    """The mentors to sync, and how many repairs the brake holds."""

    requests: tuple[SyncRequest, ...]
    braked: int


@dataclass(frozen=True, slots=True)
class Proof:
    """The result of a full comparison. `reason` is the code of why it is incomplete."""

    at: datetime
    reason: str | None = None
    compared: ComparisonOutcome | None = None
    counts: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Acceptance:
    """An operator confirms that the website really returned this few rows."""

    actor: str
    reason: str


CLASSES = ("listed_but_invalid", "missing", "field_drift", "unpublished_field", "orphan")
"""The classes of differences."""

CAUSES = (
    "manual_edit",
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
    "proof_yes",
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
    "listings_rejected",
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
    *DELETED,
)
"""The counts of a full comparison, every one of them reported by every run (I12)."""


class ProofVerdict(StrEnum):
    """Whether the website shows exactly the mentors that it should."""

    YES = "yes"
    NO = "no"
    NOT_YET = "not_yet"
    """The comparison is incomplete, or what differs was changed a moment ago."""


def verdict_of(*, complete: bool, counts: Mapping[str, int], equal: bool) -> ProofVerdict:
    """Return the verdict of a proof (I14). `equal`: whether both sides have the same hash."""
    if not complete:
        return ProofVerdict.NOT_YET
    differing = sum(counts.get(name, 0) for name in CLASSES)
    settling = counts.get("in_flight", 0) + counts.get("day_turns", 0)
    # A mentor with two rows in the app is counted twice on both sides, so the figures would be wrong without this.
    if differing > settling or counts.get("rows_repeated", 0) or (not equal and not settling):
        return ProofVerdict.NO
    return ProofVerdict.NOT_YET if settling else ProofVerdict.YES


def is_suspiciously_small(compared: ComparisonOutcome) -> bool:
    """Return whether the website returned so few rows that it is a fault, unless a person confirms it."""
    return compared.counts["sites_small"] > 0
