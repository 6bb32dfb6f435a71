"""The work of one worker: the listings it has claimed, and the result of each."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from shared.domain.errors import CertificationError
from shared.domain.listings import (
    Accepted,
    Action,
    Change,
    Claim,
    NotNow,
    OutcomeUnknown,
    Outdated,
    PushOutcome,
    Refused,
    Result,
    SettleOutcome,
    SyncResult,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from uuid import UUID

    from shared.ports import Listings, SyncState, Website

# A listing that changes while it is pushed, or that a transaction locks, is attempted this often before it is given
# back.
ATTEMPTS = 6
LONGEST_PAUSE = 8.0
STOPPED_SECONDS = 60.0
# Nothing is started that might outlast the function.
_MARGIN_SECONDS = 10.0
_ASK_AGAIN_AFTER = 5.0
_UNKNOWN_OUTCOME_SECONDS = 180.0  # certification.settle_listings blocks such a listing for as long


@dataclass(slots=True)
class Work:
    """One worker's turn, from its claims to their results."""

    worker: UUID
    listings: Listings
    website: Website
    state: SyncState
    time_left: Callable[[], float]
    pause: Callable[[float], None]
    results: dict[UUID, Result]
    retry_after: float = 0.0
    reasons: set[str] = field(default_factory=set)
    versions: dict[UUID, int] = field(default_factory=dict)
    # The mentor and version of each request that may still be carried out and that no row version makes harmless.
    outcome_unknown: set[tuple[UUID, int]] = field(default_factory=set)
    # The mentors of whom a request had no response, so that it is unknown whether it was carried out.
    no_response: set[UUID] = field(default_factory=set)
    held: dict[UUID, Change] = field(default_factory=dict)
    """The changes that are claimed and not settled yet, by mentor."""

    def record(self, claim: Claim) -> None:
        for mentor_id, result in claim.done.items():
            # A listing that was pushed here is claimed as `already` synced afterwards; "pushed" says more.
            if result is not Result.ALREADY or self.results[mentor_id] is Result.GIVEN_BACK:
                self.results[mentor_id] = result
        self.versions |= claim.versions

    def can_wait(self, seconds: float) -> bool:
        return self.time_left() - seconds > _MARGIN_SECONDS

    def result(self, *, stopped: bool = False, retry_after: float = 0.0, reason: str | None = None) -> SyncResult:
        return SyncResult(
            self.results,
            max(self.retry_after, retry_after) or _ASK_AGAIN_AFTER,
            frozenset(self.reasons | ({reason} if reason else set())),
            stopped,
            self.versions,
            frozenset(self.no_response),
        )

    def settle(self, outcomes: Sequence[tuple[Change, PushOutcome]]) -> list[UUID]:
        """Record what became of claimed changes. Return the mentors to claim again."""
        if not outcomes:
            return []
        self.no_response |= {change.mentor_id for change, outcome in outcomes if isinstance(outcome, OutcomeUnknown)}
        for change, outcome in outcomes:
            match outcome:
                case Accepted():
                    hidden = change.action is Action.HIDE
                    self.results[change.mentor_id] = Result.HIDDEN if hidden else Result.PUBLISHED
                case Refused(reason):
                    self.results[change.mentor_id] = Result.REJECTED
                    self.reasons.add(reason)
                case NotNow(reason) | Outdated(reason) | OutcomeUnknown(reason):
                    self.results[change.mentor_id] = Result.GIVEN_BACK
                    self.reasons.add(reason)
        settled = self.listings.settle(self.worker, outcomes, self.outcome_unknown)
        for change, _ in outcomes:
            self.held.pop(change.mentor_id, None)
        for attempt in range(ATTEMPTS):
            if not settled.locked or not self.can_wait(pause_before(attempt)):
                break
            self.pause(pause_before(attempt))
            rest = [(change, outcome) for change, outcome in outcomes if change.mentor_id in settled.locked]
            more = self.listings.settle(self.worker, rest, self.outcome_unknown)
            settled = SettleOutcome(
                settled.again + more.again, more.locked, settled.outcome_unknown + more.outcome_unknown
            )
        # A listing that stays locked keeps its claim until the lease ends. It counts as given back until it has been
        # claimed again: this worker may end first, and another worker with the same request reported "busy".
        self.results |= dict.fromkeys(settled.again + settled.locked + settled.outcome_unknown, Result.GIVEN_BACK)
        if settled.outcome_unknown:
            self.retry_after = max(self.retry_after, _UNKNOWN_OUTCOME_SECONDS)
            self.reasons.add("outcome_unknown")
        return list(settled.again)

    def give_back(self, error: Exception) -> None:
        """Settle what is still claimed after an error, as outcome unknown: its requests may have been carried out."""
        if not self.held:
            return
        code = str(error) if isinstance(error, CertificationError) else f"unexpected_{type(error).__name__}"
        held = tuple(self.held.values())
        self.outcome_unknown.update((change.mentor_id, change.version) for change in held)
        with suppress(Exception):  # the first error says more; a claim that cannot be settled expires
            self.listings.settle(self.worker, [(change, OutcomeUnknown(code)) for change in held], self.outcome_unknown)
        self.held.clear()


def pause_before(attempt: int) -> float:
    """Return the seconds to wait before another attempt."""
    return float(min(0.1 * 2**attempt, LONGEST_PAUSE))
