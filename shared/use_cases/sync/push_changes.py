"""The push of claimed changes to the website, repeated while another attempt can help."""

from __future__ import annotations

from itertools import count
from typing import TYPE_CHECKING

from shared.domain.errors import WebsiteBackoffError, WebsiteRefusedError, WebsiteUnavailableError
from shared.domain.listings import Accepted, Change, NotNow, PushOutcome, Refused
from shared.use_cases.sync.lost_privileges import rows_distinguished_from_privileges
from shared.use_cases.sync.unknown_outcomes import after_reading, on_known_versions
from shared.use_cases.sync.work import LONGEST_PAUSE, pause_before

if TYPE_CHECKING:
    from collections.abc import Sequence
    from uuid import UUID

    from shared.use_cases.sync.work import Work


def push_changes(work: Work, changes: Sequence[Change]) -> list[UUID]:
    """Push claimed changes, repeat while that can help, and settle each. Return the mentors to claim again."""
    again: list[UUID] = []
    left = list(changes)
    for attempt in count():
        if not left:
            break
        outcomes = _outcomes(work, left)
        final = [(change, outcome) for change, outcome in outcomes if isinstance(outcome, Accepted | Refused)]
        again += work.settle(final)
        waiting = [(change, outcome) for change, outcome in outcomes if not isinstance(outcome, Accepted | Refused)]
        left = [change for change, _ in waiting]
        wanted = max([pause_before(attempt), *(_retry_after(outcome) for _, outcome in waiting)])
        if left and (wanted > LONGEST_PAUSE or not work.can_wait(wanted)):
            work.retry_after = max(work.retry_after, wanted)
            work.settle(waiting)
            break
        if left:
            work.pause(wanted)
    return again


def _outcomes(work: Work, changes: list[Change]) -> list[tuple[Change, PushOutcome]]:
    """Push the changes. Return each with its outcome, in the form in which it would have to be sent again."""
    known, gone = on_known_versions(work, changes)
    outcomes: list[tuple[Change, PushOutcome]] = [(change, Accepted()) for change in gone]
    try:
        pushed = list(zip(known, work.website.push(known), strict=True)) if known else []
    except WebsiteRefusedError as error:
        pushed_outcomes = error.outcomes or [NotNow(error.code)] * len(known)
        work.settle([*outcomes, *zip(known, pushed_outcomes, strict=True)])
        raise
    except WebsiteBackoffError as error:
        return outcomes + [(change, NotNow(str(error), error.seconds)) for change in known]
    except WebsiteUnavailableError as error:
        return outcomes + [(change, NotNow(str(error))) for change in known]
    return outcomes + rows_distinguished_from_privileges(work, after_reading(work, pushed))


def _retry_after(outcome: PushOutcome) -> float:
    return outcome.retry_after or 0.0 if isinstance(outcome, NotNow) else 0.0
