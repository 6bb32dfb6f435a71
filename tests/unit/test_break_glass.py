"""The plan of break-glass: who is hidden, who is shown, in which order, and what takes a confirmation in words."""

from __future__ import annotations

from typing import Any
from uuid import UUID, uuid4

import pytest

from shared.domain.break_glass.changes import AppListing, Cause, MassLimits, Taken, plan
from shared.domain.listings import Action, Result, SyncResult
from shared.use_cases.break_glass import change_listings

ORGANISATION = UUID(int=1)
PLACE = ("hlf_peermentors", "hlf_mentorid")


def listing(number: int, cause: Cause | None = None, **other: Any) -> AppListing:
    return AppListing(UUID(int=number), ORGANISATION, cause, **other)


def seen(*numbers: int) -> dict[UUID, list[tuple[str, str]]]:
    return {UUID(int=number): [PLACE] for number in numbers}


def ids(changes: Any) -> list[int]:
    return [change.mentor_id.int for change in changes]


def test_expired_come_first_then_withdrawn_then_the_rest() -> None:
    causes = [Cause.DELETED, Cause.NOT_ACTIVE, Cause.WITHDRAWN, Cause.EXPIRED, Cause.WITHDRAWN, Cause.EXPIRED]
    made = plan([listing(n, cause) for n, cause in enumerate(causes)], seen(*range(6)), hide_only=True)
    assert ids(made.hides) == [3, 5, 2, 4, 1, 0]
    assert ids(made.urgent_hides) == [3, 5, 2, 4]
    assert ids(made.other_hides) == [1, 0]


@pytest.mark.parametrize(
    ("made", "visible", "expected"),
    [
        (listing(1), True, "nothing"),
        (listing(1), False, "publish"),
        (listing(1, synced=False), True, "publish"),
        (listing(1, Cause.EXPIRED), True, "hide"),
        (listing(1, Cause.EXPIRED), False, "nothing"),
        (listing(1, Cause.EXPIRED, may_be_shown=True), False, "hide"),
        (listing(1, Cause.EXPIRED, synced=False), False, "settle"),
    ],
)
def test_what_visitors_see_and_what_the_record_says(made: AppListing, visible: Any, expected: Any) -> None:
    """I14: either is enough to hide, and either to publish."""
    found = plan([made], seen(1) if visible else {}, hide_only=False)
    kinds = {"hide": found.hides, "publish": found.publishes, "settle": found.settles}
    assert [kind for kind, changes in kinds.items() if changes] == ([] if expected == "nothing" else [expected])


def test_hiding_only_publishes_nobody() -> None:
    assert plan([listing(1), listing(2, synced=False)], {}, hide_only=True).is_empty


def test_an_entry_of_nobody_is_a_stranger() -> None:
    found = plan([listing(1)], seen(1, 2, 3), hide_only=False)
    assert (found.strangers, found.is_empty) == (2, True)


@pytest.mark.parametrize(
    ("n", "active", "confirmed"), [(10, 10, False), (11, 100, False), (11, 54, True), (21, 100, True)]
)
def test_more_than_the_count_and_the_percent(n: int, active: int, confirmed: Any) -> None:
    """As the brake has it: both limits have to be exceeded."""
    limits = MassLimits(ORGANISATION, "HLF Moss", 10, 20, active)
    hidden = plan([listing(k, Cause.EXPIRED) for k in range(n)], seen(*range(n)), hide_only=True)
    shown = plan([listing(k) for k in range(n)], {}, hide_only=False)
    for made, action in ((hidden, Action.HIDE), (shown, Action.PUBLISH)):
        found = made.mass_changes([limits])
        assert [(one.action, one.n) for one in found] == ([(action, n)] if confirmed else [])


class Glass:
    """Takes whoever is asked for."""

    def __init__(self, **outcomes: Taken) -> None:
        self.outcomes = outcomes
        self.taken: list[list[int]] = []

    def take(self, changes: Any) -> dict[UUID, Taken]:
        self.taken.append(ids(changes))
        return {c.mentor_id: self.outcomes.get(f"m{c.mentor_id.int}", Taken.TAKEN) for c in changes}


def carried(glass: Any, sync: Any, n: int = 5, **other: Any) -> Any:
    changes = plan([listing(k, Cause.EXPIRED) for k in range(n)], seen(*range(n)), hide_only=True).hides
    waits: list[float] = []
    how: dict[str, Any] = {
        "glass": glass,
        "sync": sync,
        "batch_size": 2,
        "patience": 60.0,
        "wait": lambda seconds, _: waits.append(seconds),
        "stopping": lambda: False,
        "progress": lambda _: None,
    }
    return change_listings(changes, **how | other), waits


def hidden(mentors: Any) -> SyncResult:
    return SyncResult(dict.fromkeys(mentors, Result.HIDDEN))


def test_a_busy_listing_is_tried_again_and_taken_once() -> None:
    results = [Result.BUSY, Result.BUSY, Result.HIDDEN]
    glass = Glass()

    def sync(mentors: Any) -> SyncResult:
        return SyncResult({m: results.pop(0) if m.int == 4 else Result.HIDDEN for m in mentors})

    state, waits = carried(glass, sync)
    assert (state.done, state.unfinished, waits) == (5, (), [5.0, 5.0])
    assert glass.taken == [[0, 1], [2, 3], [4]]


def test_patience_ends() -> None:
    state, waits = carried(Glass(), lambda mentors: SyncResult(dict.fromkeys(mentors, Result.BUSY), 20.0))
    assert (len(state.unfinished), sum(waits)) == (5, 60.0)
    assert state.counts()["busy"] == 5


def test_a_locked_listing_is_taken_again() -> None:
    glass = Glass(m0=Taken.LOCKED)
    state, _ = carried(glass, hidden, patience=0.0)
    assert [mentor.int for mentor in state.unfinished] == [0]
    glass.outcomes.clear()
    state, waits = carried(glass, hidden)
    assert (state.unfinished, waits) == ((), [])


def test_one_that_changed_meanwhile_is_left_alone() -> None:
    state, _ = carried(Glass(m3=Taken.CHANGED, m4=Taken.UNKNOWN), hidden)
    assert (state.done, state.counts()["changed"], state.counts()["not_begun"]) == (5, 2, 0)
    assert len(state.results) == 3


def test_a_refusal_of_the_credential_ends_it() -> None:
    def sync(mentors: Any) -> SyncResult:
        return SyncResult(dict.fromkeys(mentors, Result.GIVEN_BACK), 60.0, frozenset({"entra_7000222"}), stopped=True)

    glass = Glass()
    state, waits = carried(glass, sync)
    assert (state.stopped_by, waits, glass.taken) == ("entra_7000222", [], [[0, 1]])
    assert state.counts()["not_begun"] == 3


def test_stopping_ends_after_the_batch() -> None:
    glass = Glass()
    state, _ = carried(glass, hidden, stopping=lambda: len(glass.taken) >= 2)
    assert (state.done, glass.taken) == (4, [[0, 1], [2, 3]])


def test_a_stranger_id_is_no_listing() -> None:
    assert plan([], {uuid4(): [PLACE]}, hide_only=False).strangers == 1
