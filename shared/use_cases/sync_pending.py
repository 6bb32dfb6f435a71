"""Bring to the website whatever it does not show yet, whether or not a message asks for it (I7)."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from shared.domain.listings import SyncResult

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from uuid import UUID

    from shared.ports import Listings

_PAGE = 1000
# A page is begun only if there is time for it and for what may go wrong with it.
_SECONDS_FOR_A_PAGE = 20.0


@dataclass(frozen=True, slots=True)
class Swept:
    """What was done, added up, and whether everything was looked at."""

    counts: dict[str, int]
    complete: bool


def sync_unsynced(
    *, listings: Listings, sync: Callable[[Sequence[UUID]], SyncResult], time_left: Callable[[], float]
) -> Swept:
    """Sync every listing that is not as it should be and that nobody is sending, page by page, while there is time."""
    total = Counter(SyncResult({}).counts())  # zeros too (I12)
    after: UUID | None = None
    while time_left() > _SECONDS_FOR_A_PAGE:
        page = listings.unsynced(after, _PAGE)
        if not page:
            return Swept(dict(total), complete=True)
        result = sync([request.mentor_id for request in page])
        total.update(result.counts())
        if result.stopped:
            break
        after = page[-1].mentor_id
    return Swept(dict(total), complete=False)
