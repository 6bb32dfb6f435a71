"""The full comparison: read the website itself, compare all of it with the app, repair what differs, prove it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from shared.domain.comparison import NOTHING_COMPARED, Proof, is_suspiciously_small
from shared.domain.errors import CertificationError, ConnectionLostError, TransientError, WebsiteUnavailableError
from shared.domain.listings import SyncRequest
from shared.domain.runs import RunState, Verdict, combine, failed_verdict
from shared.use_cases.read_website import read_again, read_everything

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager
    from datetime import datetime
    from uuid import UUID

    from shared.domain.comparison import Acceptance, ComparisonOutcome, Repairs
    from shared.ports import Comparison, Reconciliation, Report, SyncQueue, WebsiteReader

_AT_A_TIME = 1000
# What differs beyond this is for the next run, or for a person.
_MOST_VERIFIED = 20_000
# Enough to compare, to record and to ask for the repairs once everything has been read.
_SECONDS_TO_END = 60.0
# Of those whose change no trigger has seen.
MOST_PAST_TRIGGERS = 10_000


class SmallResultError(WebsiteUnavailableError):
    """When the website's answer lacks most of what it was last made to show: a fault, until a person says otherwise."""


def compare_website(
    run_id: UUID,
    *,
    comparing: Callable[[], AbstractContextManager[Comparison]],
    reconciliation: Reconciliation,
    reader: WebsiteReader,
    queue: SyncQueue,
    report: Report,
    now: Callable[[], datetime],
    time_left: Callable[[], float],
    acceptance: Acceptance | None = None,
) -> Verdict:
    """Compare, record, ask for repairs, prove. Return how it went. Safe to repeat and to overlap.

    A website that cannot be read to its end, or shows hardly anything of what it was made to show, proves nothing and
    has nothing repaired; the proof says so. A comparison whose connection died says so too, on another connection.
    `acceptance`: a person takes a small answer for true. Raises ConnectionLostError when the database is gone.
    """
    counts = dict.fromkeys(NOTHING_COMPARED, 0)
    began = now()
    compared: ComparisonOutcome | None = None
    reason: str | None = None
    repairs: Repairs | None = None
    verdicts: list[Verdict] = []
    if acceptance is not None:
        reconciliation.record_acceptance(run_id, acceptance)
    try:
        verdicts += _follow_the_app(run_id, reconciliation, queue, counts)
        with comparing() as comparison:
            began = comparison.at
            _read(comparison, reader, counts, time_left)
            compared = _compare(comparison, counts)
            if is_suspiciously_small(compared) and acceptance is None:
                counts |= compared.counts
                raise SmallResultError("website_result_small")
            compared = _verify(comparison, compared, reader, counts, time_left)
            counts |= {**compared.counts, **comparison.record(run_id)}
            repairs = comparison.repair(run_id, everybody=True)
            counts |= {"repairs_requested": len(repairs.requests), "repairs_braked": repairs.braked}
    except CertificationError as error:
        compared, reason = None, str(error)
        small = isinstance(error, SmallResultError)
        verdicts.append(Verdict(RunState.DEGRADED, reason) if small else failed_verdict(error))
    verdicts += [Verdict(RunState.DEGRADED, left) for left in _LEFT if counts[left] and compared]
    verdicts += _find_duplicates(run_id, reconciliation, counts)
    reconciliation.write_proof(run_id, Proof(began, reason, compared, counts))
    if repairs and compared and repairs.requests:
        verdicts += _ask(queue, repairs)
    report.work("reconciliation_full", counts, complete=compared is not None, reason=reason)
    return combine(verdicts)


_LEFT = ("differences_unverified", "repairs_braked")


def _follow_the_app(
    run_id: UUID, reconciliation: Reconciliation, queue: SyncQueue, counts: dict[str, int]
) -> list[Verdict]:
    try:
        ask_past_triggers(run_id, reconciliation, queue, counts)
    except CertificationError as error:  # it stops no comparison (I13), and the sweep tries again
        return [Verdict(RunState.DEGRADED, str(error))]
    return []


def _read(
    comparison: Comparison, reader: WebsiteReader, counts: dict[str, int], time_left: Callable[[], float]
) -> None:
    def page_read(rows: int) -> None:
        counts["pages_read"] += 1
        counts["rows_read"] += rows
        if time_left() < _SECONDS_TO_END:
            raise WebsiteUnavailableError("no_time_left")

    read_everything(comparison, reader, page_read)


def _compare(comparison: Comparison, counts: dict[str, int]) -> ComparisonOutcome:
    compared = comparison.compare()
    if compared.counts["rows_repeated"]:
        counts["rows_forgotten"] = comparison.forget_repeated()
        compared = comparison.compare()
    return compared


def _verify(
    comparison: Comparison,
    compared: ComparisonOutcome,
    reader: WebsiteReader,
    counts: dict[str, int],
    time_left: Callable[[], float],
) -> ComparisonOutcome:
    """Read what differs once more, by its key: a page that skipped a row, or a change just now, is no difference."""
    mentors = comparison.to_verify(_AT_A_TIME)
    while mentors and counts["rows_read_again"] < _MOST_VERIFIED:
        while mentors and counts["rows_read_again"] < _MOST_VERIFIED:
            read_again(mentors, comparison, reader)
            counts["rows_read_again"] += len(mentors)
            if time_left() < _SECONDS_TO_END:
                return comparison.compare()
            mentors = comparison.to_verify(_AT_A_TIME)
        compared = comparison.compare()
        # Changes go on while this looks: what is in flight by now is looked at by the sweep.
        mentors = comparison.to_verify(_AT_A_TIME) if compared.counts["differences_unverified"] else ()
    return compared


def ask_past_triggers(
    run_id: UUID, reconciliation: Reconciliation, queue: SyncQueue | None, counts: dict[str, int]
) -> None:
    """Find whose change no trigger has seen, and have the website follow the app, hiding first (I5, I7).

    `queue` None: nothing may be sent just now, and the sweep asks again later.
    """
    found = reconciliation.find_past_triggers(run_id, MOST_PAST_TRIGGERS)
    counts["past_triggers"] = sum(one.kind != "day" for one in found)
    counts["past_triggers_hidden"] = sum(one.must_hide for one in found)
    requests = [SyncRequest(one.mentor_id, one.version) for one in found if one.version is not None]
    if requests and queue is not None:
        queue.send(requests)


def _find_duplicates(run_id: UUID, reconciliation: Reconciliation, counts: dict[str, int]) -> list[Verdict]:
    """The website has no part in it, and cannot stand in its way."""
    try:
        counts |= reconciliation.find_duplicates(run_id)
        reconciliation.forget_old_sweeps()
    except ConnectionLostError:
        raise
    except CertificationError as error:
        return [Verdict(RunState.DEGRADED, str(error))]
    return []


def _ask(queue: SyncQueue, repairs: Repairs) -> list[Verdict]:
    """What cannot be asked for now is overdue soon, and the sweep asks for it (I7)."""
    try:
        queue.send(repairs.requests)
    except TransientError as error:
        return [Verdict(RunState.DEGRADED, str(error))]
    return []
