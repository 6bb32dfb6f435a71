"""Break-glass: compare the website with the app, and make it right by the core's own sync while nothing else runs."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from uuid import UUID

from shared.domain.break_glass.changes import Plan, Taken, plan
from shared.domain.errors import WebsiteMisconfiguredError
from shared.domain.listings import Result
from shared.domain.website_rows import Visibility, by_table, columns_to_read, seen_rows

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from shared.domain.break_glass.changes import Place, PlannedChange
    from shared.domain.listings import SyncResult
    from shared.domain.website_rows import Site
    from shared.ports import BreakGlass, WebsiteReader

# A listing that cannot be synced now is tried again after this long, for as long as a dead worker's claim lasts.
_LEAST_WAIT, _LONGEST_WAIT = 5.0, 30.0
_UNFINISHED = {Result.GIVEN_BACK, Result.BUSY, Result.BRAKED}
_WRONG = {Result.REJECTED, Result.STILL_REJECTED}


def what_visitors_see(sites: Sequence[Site], reader: WebsiteReader) -> tuple[dict[UUID, list[Place]], int]:
    """Return where visitors see each mentor, and how many entries they see that name no mentor.

    An entry counts as seen if it may be: when no flag hides it. A table that nothing is published in any more and that
    is gone from Dynamics shows nobody. Raises WebsiteUnavailableError or WebsiteRefusedError.
    """
    seen: dict[UUID, list[Place]] = defaultdict(list)
    nobodys: set[str] = set()
    for same_table in by_table(sites):
        first = same_table[0]
        place = (first.table, first.key)
        try:
            for page in reader.pages(first.table, columns_to_read(same_table)):
                for _, mentor, row_id, shown, _, _ in seen_rows(same_table, page):
                    if shown == Visibility.HIDDEN:
                        continue
                    if mentor is None:
                        nobodys.add(row_id)
                    elif place not in seen[UUID(mentor)]:
                        seen[UUID(mentor)].append(place)
        except WebsiteMisconfiguredError:
            if first.mapped:
                raise
    return seen, len(nobodys)


def make_plan(glass: BreakGlass, reader: WebsiteReader, *, hide_only: bool) -> Plan:
    """Read the website and the app, and return what is to change. Changes nothing."""
    seen, nobodys = what_visitors_see(glass.sites(), reader)
    made = plan(glass.listings(), seen, hide_only=hide_only)
    return Plan(made.hides, made.publishes, made.settles, made.strangers + nobodys)


@dataclass(slots=True)
class Progress:
    """What has been done so far."""

    planned: int
    results: dict[UUID, Result] = field(default_factory=dict)
    changed: set[UUID] = field(default_factory=set)
    """The app wanted something else by the time that they were taken."""
    taken: set[UUID] = field(default_factory=set)
    reasons: set[str] = field(default_factory=set)
    stopped_by: str | None = None
    """Why no more is sent: the code of a refusal of the credential."""

    @property
    def unfinished(self) -> tuple[UUID, ...]:
        """Return the mentors to try again."""
        return tuple(mentor for mentor, result in self.results.items() if result in _UNFINISHED)

    @property
    def rejected(self) -> tuple[UUID, ...]:
        """Return the mentors whose change Dynamics refuses."""
        return tuple(mentor for mentor, result in self.results.items() if result in _WRONG)

    @property
    def done(self) -> int:
        """Return how many need no more."""
        return len(self.results) - len(self.unfinished) - len(self.rejected) + len(self.changed)

    def counts(self) -> dict[str, int]:
        """Return all counts, zeros included (I12)."""
        found = dict.fromkeys(Result, 0)
        for result in self.results.values():
            found[result] += 1
        return {
            "planned": self.planned,
            **{str(result): n for result, n in found.items()},
            "changed": len(self.changed),
            "not_begun": self.planned - len(self.results) - len(self.changed),
        }


def change_listings(
    changes: Sequence[PlannedChange],
    *,
    glass: BreakGlass,
    sync: Callable[[Sequence[UUID]], SyncResult],
    batch_size: int,
    patience: float,
    wait: Callable[[float, int], None],
    stopping: Callable[[], bool],
    progress: Callable[[Progress], None],
) -> Progress:
    """Take the listings in order, a batch at a time, and sync each batch. Return what has been done.

    Ends early when `stopping()`, or when the website refuses the credential. What another worker has, or what Dynamics
    does not take now, is tried again for `patience` seconds; `wait(seconds, left)` waits. Safe to stop at any point, to
    repeat, and to run beside the automation: the claims and versions are those of every worker (I6, I7).
    """
    state = Progress(len(changes))
    left, waited = list(changes), 0.0
    while left and not stopping():
        longest = 0.0
        for first in range(0, len(left), batch_size):
            if stopping() or state.stopped_by:
                return state
            longest = max(longest, _batch(left[first : first + batch_size], state, glass, sync))
            progress(state)
        again = set(state.unfinished)
        left = [change for change in left if change.mentor_id in again]
        if not left or state.stopped_by or waited >= patience or stopping():
            break
        seconds = min(max(longest, _LEAST_WAIT), _LONGEST_WAIT, patience - waited)
        wait(seconds, len(left))
        waited += seconds
    return state


def _batch(
    batch: Sequence[PlannedChange],
    state: Progress,
    glass: BreakGlass,
    sync: Callable[[Sequence[UUID]], SyncResult],
) -> float:
    """Return the seconds after which what is unfinished may be tried again."""
    to_take = [change for change in batch if change.mentor_id not in state.taken]
    for mentor, outcome in (glass.take(to_take) if to_take else {}).items():
        match outcome:
            case Taken.TAKEN:
                state.taken.add(mentor)
            case Taken.LOCKED:
                state.results[mentor] = Result.GIVEN_BACK
            case _:
                state.changed.add(mentor)
                state.results.pop(mentor, None)
    mentors = [change.mentor_id for change in batch if change.mentor_id in state.taken]
    if not mentors:
        return 0.0
    result = sync(mentors)
    state.results |= result.results
    state.reasons |= result.reasons
    if result.stopped:
        state.stopped_by = next(iter(sorted(result.reasons)), "website_stopped")
    return result.retry_after
