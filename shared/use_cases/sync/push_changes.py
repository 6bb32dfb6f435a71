"""Push claimed changes to the website, as often as it makes sense, and settle each."""

from __future__ import annotations

from itertools import count
from typing import TYPE_CHECKING

from shared.domain.errors import WebsiteClosedError, WebsiteRefusedError, WebsiteUnavailableError
from shared.domain.listings import Accepted, Answer, Change, NotNow, Refused
from shared.use_cases.sync.lost_privileges import rows_told_from_privileges
from shared.use_cases.sync.unknown_outcomes import after_reading, on_known_versions
from shared.use_cases.sync.work import LONGEST_PAUSE, pause_before

if TYPE_CHECKING:
    from collections.abc import Sequence
    from uuid import UUID

    from shared.use_cases.sync.work import Work


def push_changes(work: Work, changes: Sequence[Change]) -> list[UUID]:
    """Push claimed changes, again as long as it makes sense, and settle each. Answers whom to claim again."""
    again: list[UUID] = []
    left = list(changes)
    for attempt in count():
        if not left:
            break
        answers = _answers(work, left)
        final = [(change, answer) for change, answer in answers if isinstance(answer, Accepted | Refused)]
        again += work.settle(final)
        waiting = [(change, answer) for change, answer in answers if not isinstance(answer, Accepted | Refused)]
        left = [change for change, _ in waiting]
        wanted = max([pause_before(attempt), *(_retry_after(answer) for _, answer in waiting)])
        if left and (wanted > LONGEST_PAUSE or not work.can_wait(wanted)):
            work.retry_after = max(work.retry_after, wanted)
            work.settle(waiting)
            break
        if left:
            work.pause(wanted)
    return again


def _answers(work: Work, changes: list[Change]) -> list[tuple[Change, Answer]]:
    """What the website answers, each beside its change as it is to be sent again, if it is."""
    known, gone = on_known_versions(work, changes)
    answers: list[tuple[Change, Answer]] = [(change, Accepted()) for change in gone]
    try:
        pushed = list(zip(known, work.website.push(known), strict=True)) if known else []
    except WebsiteRefusedError as error:
        said = error.answers or [NotNow(error.code)] * len(known)
        work.settle([*answers, *zip(known, said, strict=True)])
        raise
    except WebsiteClosedError as error:
        return answers + [(change, NotNow(str(error), error.seconds)) for change in known]
    except WebsiteUnavailableError as error:
        return answers + [(change, NotNow(str(error))) for change in known]
    return answers + rows_told_from_privileges(work, after_reading(work, pushed))


def _retry_after(answer: Answer) -> float:
    return answer.retry_after or 0.0 if isinstance(answer, NotNow) else 0.0
