"""Make the website show what the database says, for the mentors that were asked for."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import timedelta
from itertools import count
from typing import TYPE_CHECKING
from uuid import uuid4

from shared.domain.errors import CertificationError, WebsiteClosedError, WebsiteRefusedError, WebsiteUnavailableError
from shared.domain.listings import (
    BAD_REQUEST,
    FORBIDDEN,
    NO_ROW,
    Accepted,
    Action,
    Answer,
    Change,
    Claim,
    InDoubt,
    NotNow,
    Outdated,
    Refused,
    Result,
    RowState,
    Settled,
    SyncResult,
    Table,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from uuid import UUID

    from shared.ports import Listings, SyncState, Website

# Longer than any function may run and any request may take: who holds a claim is alone with it until it has ended.
LEASE = timedelta(minutes=3)
# Nothing is begun that might not end before the function does.
_MARGIN_SECONDS = 10.0
_LONGEST_PAUSE = 8.0
# A listing that changes while it is pushed, or a transaction that holds one: another look before it is given back.
_LOOKS = 6
_ASK_AGAIN_AFTER = 5.0
_STOPPED_FOR = 60.0
_DOUBT_SECONDS = 180.0  # certification.settle_listings


def sync_listings(
    mentor_ids: Iterable[UUID],
    *,
    listings: Listings,
    website: Website,
    state: SyncState,
    time_left: Callable[[], float],
    pause: Callable[[float], None],
) -> SyncResult:
    """Claim these mentors' listings, read them as they are now, push them, settle each. Seconds everywhere.

    Whatever cannot be done now is given back with a time to ask again. What the website refuses for good is set aside
    alone (I13). What changed meanwhile is pushed again before this ends. Safe to repeat and to overlap (I6, I7).
    Whatever is raised, no claim is left behind (I18), unless the database is gone: then the claims run out.
    """
    work = _Work(uuid4(), listings, website, state, time_left, pause, dict.fromkeys(mentor_ids, Result.GIVEN_BACK))
    stopped = state.stopped()
    if stopped is not None and not stopped.try_now:
        return work.result(stopped=True, retry_after=_STOPPED_FOR, reason=stopped.reason)
    try:
        if stopped is not None:
            website.check(listings.tables())
        _look_until_done(work)
        if stopped is not None:
            state.resume()  # not before it has worked: the stop is one as long as it did not
    except WebsiteRefusedError as error:
        _give_back(work, error)
        state.stop(str(error))
        return work.result(stopped=True, retry_after=_STOPPED_FOR, reason=str(error))
    except WebsiteUnavailableError as error:
        _give_back(work, error)
        wait = error.seconds if isinstance(error, WebsiteClosedError) else 0.0
        return work.result(stopped=stopped is not None, retry_after=wait, reason=str(error))
    except Exception as error:
        _give_back(work, error)
        raise
    return work.result()


def _look_until_done(work: _Work) -> None:
    asked = list(work.results)
    for look in range(_LOOKS):
        claim = work.listings.claim(asked, work.worker, LEASE)
        work.note(claim)
        work.held.update((change.mentor_id, change) for change in claim.changes)
        moved = _push(work, claim.changes)
        asked = [*moved, *claim.locked]
        if not asked:
            return
        if claim.locked and not moved:
            if not work.can_wait(_pause(look)):
                break
            work.pause(_pause(look))
    for mentor_id in asked:
        work.results[mentor_id] = Result.GIVEN_BACK


@dataclass(slots=True)
class _Work:
    """One worker's turn."""

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
    # Mentors and versions of which a request may be carried out yet that no row version makes harmless.
    doubtful: set[tuple[UUID, int]] = field(default_factory=set)
    held: dict[UUID, Change] = field(default_factory=dict)
    """Claimed, and not settled yet."""

    def note(self, claim: Claim) -> None:
        for mentor_id, result in claim.done.items():
            # One that was pushed here and is now `already` synced was pushed; that says more.
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
        )


def _push(work: _Work, changes: Sequence[Change]) -> list[UUID]:
    """Push claimed changes, again as long as it makes sense, and settle each. Answers whom to claim again."""
    again: list[UUID] = []
    left = list(changes)
    for attempt in count():
        if not left:
            break
        answers = _answers(work, left)
        final = [(change, answer) for change, answer in answers if isinstance(answer, Accepted | Refused)]
        again += _settle(work, final)
        waiting = [(change, answer) for change, answer in answers if not isinstance(answer, Accepted | Refused)]
        left = [change for change, _ in waiting]
        wanted = max([_pause(attempt), *(_retry_after(answer) for _, answer in waiting)])
        if left and (wanted > _LONGEST_PAUSE or not work.can_wait(wanted)):
            work.retry_after = max(work.retry_after, wanted)
            _settle(work, waiting)
            break
        if left:
            work.pause(wanted)
    return again


def _answers(work: _Work, changes: list[Change]) -> list[tuple[Change, Answer]]:
    """What the website answers, each beside its change as it is to be sent again, if it is."""
    known, gone = _on_known_versions(work, changes)
    answers: list[tuple[Change, Answer]] = [(change, Accepted()) for change in gone]
    try:
        pushed = list(zip(known, work.website.push(known), strict=True)) if known else []
    except WebsiteRefusedError as error:
        said = error.answers or [NotNow(error.code)] * len(known)
        _settle(work, [*answers, *zip(known, said, strict=True)])
        raise
    except WebsiteClosedError as error:
        return answers + [(change, NotNow(str(error), error.seconds)) for change in known]
    except WebsiteUnavailableError as error:
        return answers + [(change, NotNow(str(error))) for change in known]
    return answers + _rows_told_from_privileges(work, _after_reading(work, pushed))


def _on_known_versions(work: _Work, changes: list[Change]) -> tuple[list[Change], list[Change]]:
    """Read the rows to hide whose version is not known, so that a late request cannot hide somebody who is back.

    Returns what is to be sent, and what is hidden already because there is no row. A row that cannot be read is hidden
    whatever its version.
    """
    unknown = [change for change in changes if change.action is Action.HIDE and change.row_version is None]
    if not unknown:
        return changes, []
    rows = dict(zip([change.mentor_id for change in unknown], work.website.read(unknown), strict=True))
    gone = [change for change in unknown if (row := rows[change.mentor_id]) is not None and not row.exists]
    versions = {mentor_id: row.version for mentor_id, row in rows.items() if row is not None}
    return [
        replace(change, row_version=versions.get(change.mentor_id)) if change.mentor_id in rows else change
        for change in changes
        if change not in gone
    ], gone


def _after_reading(work: _Work, answers: list[tuple[Change, Answer]]) -> list[tuple[Change, Answer]]:
    """Read each row whose answer was lost, or that is not as it was known, before anything is decided (I6)."""
    unsure = [(change, answer) for change, answer in answers if isinstance(answer, Outdated | InDoubt)]
    if not unsure:
        return answers
    work.doubtful.update(
        (change.mentor_id, change.version)
        for change, answer in unsure
        if isinstance(answer, InDoubt) and not answer.harmless
    )
    rows = dict(zip([c.mentor_id for c, _ in unsure], work.website.read([c for c, _ in unsure]), strict=True))
    return [
        _decided(change, answer, rows[change.mentor_id]) if isinstance(answer, Outdated | InDoubt) else (change, answer)
        for change, answer in answers
    ]


def _decided(change: Change, answer: Outdated | InDoubt, row: RowState | None) -> tuple[Change, Answer]:
    """What a row that was read says of a change whose outcome is unknown.

    That it shows what was to be written proves nothing: it may have done so before, and the request may come yet. That
    it has another version than the request named does: the request was carried out, or can do nothing any more.
    """
    if row is None:
        return change, answer
    if not row.exists:
        return (change, Accepted()) if change.action is Action.HIDE else (replace(change, row_version=NO_ROW), answer)
    if row.as_sent and (row.version is None or change.row_version is None):
        return change, Accepted()  # no version was named, so it may come yet: settled as doubtful
    if row.as_sent and row.version != change.row_version:
        return change, Accepted(row.version)
    return replace(change, row_version=row.version), answer


def _rows_told_from_privileges(work: _Work, answers: list[tuple[Change, Answer]]) -> list[tuple[Change, Answer]]:
    """Whether a 403 is about a row or about us: hiding a row that does not exist is allowed to whoever may write.

    Without this a role that somebody took away would set every mentor aside, one after the other. That others were
    accepted says nothing: creating, updating and every table have privileges of their own.
    """
    reasons = {answer.reason if isinstance(answer, Refused) else None for _, answer in answers}
    # One and the same 400 for everything may be about the request, such as a tenant that wants something more of it.
    same = len(answers) > 1 and len(reasons) == 1 and next(iter(reasons), None)
    suspects = {c.table: c.key for c, answer in answers if _is_forbidden(answer) or _is_bad_request(answer, same)}
    if not suspects:
        return answers
    told, refused = _written_to(work, [Table(name, key) for name, key in suspects.items()])
    answers = [
        (change, NotNow(answer.reason, _STOPPED_FOR))
        if isinstance(answer, Refused)
        and change.table in suspects
        and not isinstance(told.get(change.table), Accepted)
        and (_is_forbidden(answer) or _is_bad_request(answer, same))
        else (change, answer)
        for change, answer in answers
    ]
    lacking = next((answer for answer in told.values() if isinstance(answer, Refused)), None)
    if lacking is not None and not any(isinstance(answer, Accepted) for _, answer in answers):
        # These may have been all of one organisation; another's table need not be closed to us (I13).
        others = [table for table in work.listings.tables() if table.name not in suspects]
        elsewhere, refused = _written_to(work, others)
        if not any(isinstance(answer, Accepted) for answer in elsewhere.values()):
            refused = refused or WebsiteRefusedError(lacking.reason)
    if refused is not None:
        _settle(work, answers)
        raise refused
    return answers


def _written_to(work: _Work, tables: Sequence[Table]) -> tuple[dict[str, Answer], WebsiteRefusedError | None]:
    """What the website answers to writing each table, by name; none, and why, where it lets nothing in."""
    try:
        return dict(zip([table.name for table in tables], work.website.writable(tables), strict=True)), None
    except WebsiteRefusedError as error:
        return {}, error


def _is_forbidden(answer: Answer) -> bool:
    return isinstance(answer, Refused) and answer.reason.startswith(FORBIDDEN)


def _is_bad_request(answer: Answer, same: str | bool | None) -> bool:
    return isinstance(answer, Refused) and answer.reason == same and answer.reason.startswith(BAD_REQUEST)


def _settle(work: _Work, answers: Sequence[tuple[Change, Answer]]) -> list[UUID]:
    if not answers:
        return []
    for change, answer in answers:
        match answer:
            case Accepted():
                hidden = change.action is Action.HIDE
                work.results[change.mentor_id] = Result.HIDDEN if hidden else Result.PUBLISHED
            case Refused(reason):
                work.results[change.mentor_id] = Result.SET_ASIDE
                work.reasons.add(reason)
            case NotNow(reason) | Outdated(reason) | InDoubt(reason):
                work.results[change.mentor_id] = Result.GIVEN_BACK
                work.reasons.add(reason)
    settled = work.listings.settle(work.worker, answers, work.doubtful)
    for change, _ in answers:
        work.held.pop(change.mentor_id, None)
    for attempt in range(_LOOKS):
        if not settled.locked or not work.can_wait(_pause(attempt)):
            break
        work.pause(_pause(attempt))
        rest = [(change, answer) for change, answer in answers if change.mentor_id in settled.locked]
        more = work.listings.settle(work.worker, rest, work.doubtful)
        settled = Settled(settled.again + more.again, more.locked, settled.doubtful + more.doubtful)
    # What a transaction has for longer is left to the end of its claim. Given back until it has been looked at again:
    # this may end before that, and whoever asked for the change was told "busy".
    work.results |= dict.fromkeys(settled.again + settled.locked + settled.doubtful, Result.GIVEN_BACK)
    if settled.doubtful:
        work.retry_after = max(work.retry_after, _DOUBT_SECONDS)
        work.reasons.add("in_doubt")
    return list(settled.again)


def _give_back(work: _Work, error: Exception) -> None:
    """Settle what is still claimed when something breaks off: nobody knows how far its requests came."""
    if not work.held:
        return
    code = str(error) if isinstance(error, CertificationError) else f"unexpected_{type(error).__name__}"
    held = tuple(work.held.values())
    work.doubtful.update((change.mentor_id, change.version) for change in held)
    with suppress(Exception):  # the first error says more; what cannot be written down runs out with its claim
        work.listings.settle(work.worker, [(change, InDoubt(code)) for change in held], work.doubtful)
    work.held.clear()


def _pause(attempt: int) -> float:
    return float(min(0.1 * 2**attempt, _LONGEST_PAUSE))


def _retry_after(answer: Answer) -> float:
    return answer.retry_after or 0.0 if isinstance(answer, NotNow) else 0.0
