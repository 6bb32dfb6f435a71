"""The full comparison: read the website itself, compare all of it with the app, repair what differs, prove it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from shared.domain.comparison import NOTHING_COMPARED, Proof, by_table, columns_to_read, looks_small, seen_rows
from shared.domain.errors import CertificationError, ConnectionLostError, TransientError, WebsiteUnavailableError
from shared.domain.runs import RunState, Verdict, combine, trouble

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from contextlib import AbstractContextManager
    from datetime import datetime
    from uuid import UUID

    from shared.domain.comparison import Acceptance, Compared, Repairs
    from shared.ports import Comparison, Reconciliation, Report, SyncQueue, WebsiteReader

_AT_A_TIME = 1000
# What differs beyond this is for the next run, or for a person.
_MOST_VERIFIED = 20_000
# Enough to compare, to record and to ask for the repairs once everything has been read.
_SECONDS_TO_END = 60.0


class SmallAnswerError(WebsiteUnavailableError):
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
    """Compare, record, ask for repairs, prove. Answers how it went. Safe to repeat and to overlap.

    A website that cannot be read to its end, or shows hardly anything of what it was made to show, proves nothing and
    has nothing repaired; the proof says so. `acceptance`: a person takes a small answer for true. Raises
    ConnectionLostError when the database is gone.
    """
    counts = dict.fromkeys(NOTHING_COMPARED, 0)
    began = now()
    compared: Compared | None = None
    reason: str | None = None
    repairs: Repairs | None = None
    verdicts: list[Verdict] = []
    if acceptance is not None:
        reconciliation.note_acceptance(run_id, acceptance)
    try:
        with comparing() as comparison:
            began = comparison.at
            _read(comparison, reader, counts, time_left)
            compared = _compare(comparison, counts)
            if looks_small(compared) and acceptance is None:
                counts |= compared.counts
                raise SmallAnswerError("website_answer_small")
            compared = _verify(comparison, compared, reader, counts, time_left)
            counts |= {**compared.counts, **comparison.record(run_id)}
            repairs = comparison.repair(run_id, everybody=True)
            counts |= {"repairs_requested": len(repairs.requests), "repairs_braked": repairs.braked}
    except ConnectionLostError:
        raise
    except CertificationError as error:
        compared, reason = None, str(error)
        small = isinstance(error, SmallAnswerError)
        verdicts.append(Verdict(RunState.DEGRADED, reason) if small else trouble(error))
    verdicts += [Verdict(RunState.DEGRADED, left) for left in _LEFT if counts[left] and compared]
    verdicts += _look_for_duplicates(run_id, reconciliation, counts)
    reconciliation.write_proof(run_id, Proof(began, reason, compared, counts))
    if repairs and compared and repairs.requests:
        verdicts += _ask(queue, repairs)
    report.work("reconciliation_full", counts, complete=compared is not None, reason=reason)
    return combine(verdicts)


_LEFT = ("differences_unverified", "repairs_braked")


def _read(
    comparison: Comparison, reader: WebsiteReader, counts: dict[str, int], time_left: Callable[[], float]
) -> None:
    for sites in by_table(comparison.sites):
        for page in reader.pages(sites[0].table, columns_to_read(sites)):
            counts["pages_read"] += 1
            counts["rows_read"] += len(page)
            comparison.add(seen_rows(sites, page))
            if time_left() < _SECONDS_TO_END:
                raise WebsiteUnavailableError("no_time_left")


def _compare(comparison: Comparison, counts: dict[str, int]) -> Compared:
    compared = comparison.compare()
    if compared.counts["rows_repeated"]:
        counts["rows_forgotten"] = comparison.forget_repeated()
        compared = comparison.compare()
    return compared


def _verify(
    comparison: Comparison,
    compared: Compared,
    reader: WebsiteReader,
    counts: dict[str, int],
    time_left: Callable[[], float],
) -> Compared:
    """Read what differs once more, by its key: a page that skipped a row, or a change just now, is no difference."""
    while compared.counts["differences_unverified"] and counts["rows_read_again"] < _MOST_VERIFIED:
        mentors = comparison.to_verify(_AT_A_TIME)
        while mentors and counts["rows_read_again"] < _MOST_VERIFIED:
            read_again(mentors, comparison, reader)
            counts["rows_read_again"] += len(mentors)
            if time_left() < _SECONDS_TO_END:
                return comparison.compare()
            mentors = comparison.to_verify(_AT_A_TIME)
        compared = comparison.compare()
    return compared


def read_again(mentors: Sequence[UUID], comparison: Comparison, reader: WebsiteReader) -> Compared:
    """Read these mentors' rows by their keys, in place of what was read before, and compare them."""
    comparison.forget(mentors)
    keys = [str(mentor) for mentor in mentors]
    for sites in by_table(comparison.sites):
        rows = reader.rows(sites[0].table, sites[0].key, keys, columns_to_read(sites))
        comparison.add(seen_rows(sites, (row for row in rows if row is not None)))
    return comparison.compare(mentors)


def _look_for_duplicates(run_id: UUID, reconciliation: Reconciliation, counts: dict[str, int]) -> list[Verdict]:
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
