"""The full comparison: it reads the whole website, compares it with the app, requests repairs and writes the proof."""

from __future__ import annotations

from typing import TYPE_CHECKING

from shared.domain.comparison import NOTHING_COMPARED, Proof, ProofVerdict, is_suspiciously_small, verdict_of
from shared.domain.errors import CertificationError, ConnectionLostError, TransientError, WebsiteUnavailableError
from shared.domain.keeping import ChainEnd
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
# Differences beyond this are left to the next run, or to an operator.
_MOST_VERIFIED = 20_000
# The most rows of a kind that one run deletes: some seconds, and no long transaction.
_MOST_DELETED = 20_000
# Enough to compare, record and request repairs once everything has been read.
_SECONDS_TO_END = 60.0
# The most mentors that one run takes up because no trigger saw their change.
MOST_PAST_TRIGGERS = 10_000


class SmallResultError(WebsiteUnavailableError):
    """The website returned too few of the rows it was last made to show: a fault unless an operator accepts it."""


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
    """Compare the website with the app, record findings, request repairs and write the proof. Return the verdict.

    Safe to repeat and to overlap. A website that cannot be read to its end, or that shows hardly anything of what it
    was made to show, proves nothing and is not repaired; the proof says so. If the comparison's connection dies, the
    proof says so too, written on another connection.
    `acceptance`: an operator confirms that the website really returned this few rows.
    Raises ConnectionLostError when the database is gone.
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
    verdicts += _delete_old(run_id, reconciliation, counts)
    counts["proof_yes"] = int(_is_proved(compared, counts))
    reconciliation.write_proof(run_id, Proof(began, reason, compared, counts))
    end, linking = _link(reconciliation)
    verdicts += linking
    if repairs and compared and repairs.requests:
        verdicts += _ask(queue, repairs)
    # The anchor of the chain: who makes the whole chain anew has not this line.
    report.work(
        "reconciliation_full",
        counts | {"records_linked": end.linked},
        complete=compared is not None,
        reason=reason,
        chain_position=end.position,
        chain_hash=end.hash,
    )
    return combine(verdicts)


def _is_proved(compared: ComparisonOutcome | None, counts: dict[str, int]) -> bool:
    equal = compared is not None and compared.app_hash == compared.website_hash
    return verdict_of(complete=compared is not None, counts=counts, equal=equal) is ProofVerdict.YES


_LEFT = ("differences_unverified", "repairs_braked")


def _follow_the_app(
    run_id: UUID, reconciliation: Reconciliation, queue: SyncQueue, counts: dict[str, int]
) -> list[Verdict]:
    try:
        ask_past_triggers(run_id, reconciliation, queue, counts)
    except CertificationError as error:  # it must not stop the comparison (I13), and the sweep tries again
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
    """Read differing rows once more, by key: a row that a page skipped, or that just changed, is no difference."""
    mentors = comparison.to_verify(_AT_A_TIME)
    while mentors and counts["rows_read_again"] < _MOST_VERIFIED:
        while mentors and counts["rows_read_again"] < _MOST_VERIFIED:
            read_again(mentors, comparison, reader)
            counts["rows_read_again"] += len(mentors)
            if time_left() < _SECONDS_TO_END:
                return comparison.compare()
            mentors = comparison.to_verify(_AT_A_TIME)
        compared = comparison.compare()
        # The app goes on changing meanwhile: the sweep rechecks what is in flight by now.
        mentors = comparison.to_verify(_AT_A_TIME) if compared.counts["differences_unverified"] else ()
    return compared


def ask_past_triggers(
    run_id: UUID, reconciliation: Reconciliation, queue: SyncQueue | None, counts: dict[str, int]
) -> None:
    """Find changes of the app that no trigger saw and request their sync, mentors to hide first (I5, I7).

    If `queue` is None, nothing may be sent now; the sweep requests the sync later.
    """
    found = reconciliation.find_past_triggers(run_id, MOST_PAST_TRIGGERS)
    counts["past_triggers"] = sum(one.kind != "day" for one in found)
    counts["past_triggers_hidden"] = sum(one.must_hide for one in found)
    requests = [SyncRequest(one.mentor_id, one.version) for one in found if one.version is not None]
    if requests and queue is not None:
        queue.send(requests)


def _find_duplicates(run_id: UUID, reconciliation: Reconciliation, counts: dict[str, int]) -> list[Verdict]:
    """Count what the logs hold twice. This needs the database only, so a fault of the website cannot prevent it."""
    try:
        counts |= reconciliation.find_duplicates(run_id)
    except ConnectionLostError:
        raise
    except CertificationError as error:
        return [Verdict(RunState.DEGRADED, str(error))]
    return []


def _delete_old(run_id: UUID, reconciliation: Reconciliation, counts: dict[str, int]) -> list[Verdict]:
    """Delete what is older than it is kept. What is left tonight is deleted in the next nights."""
    try:
        counts |= reconciliation.delete_old_records(run_id, _MOST_DELETED)
    except ConnectionLostError:
        raise
    except CertificationError as error:
        return [Verdict(RunState.DEGRADED, str(error))]
    return []


def _link(reconciliation: Reconciliation) -> tuple[ChainEnd, list[Verdict]]:
    """Link what the chain over audit and proofs lacks. The proof of this run has its link already, or gets it here."""
    try:
        return reconciliation.link_records(everything=True), []
    except ConnectionLostError:
        raise
    except CertificationError as error:
        return ChainEnd(0, None, None), [Verdict(RunState.DEGRADED, str(error))]


def _ask(queue: SyncQueue, repairs: Repairs) -> list[Verdict]:
    """Queue the repairs. A repair that cannot be queued now becomes overdue soon, and the sweep requests it (I7)."""
    try:
        queue.send(repairs.requests)
    except TransientError as error:
        return [Verdict(RunState.DEGRADED, str(error))]
    return []
