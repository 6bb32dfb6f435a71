"""The sweep: after any lost webhook, message or worker everything converges without a person (I7)."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest

from shared.domain.errors import QueueUnavailableError
from shared.domain.runs import RunState
from tests.support.foundation import DAY, days
from tests.support.syncs import unsynced, wanted

if TYPE_CHECKING:
    from uuid import UUID

    from tests.support.foundation import Foundation
    from tests.support.reconciling import Reconciler
    from tests.support.syncs import EmulatedWebsite, SyncWorker

LATER = DAY + days(100)


@pytest.fixture
def mentors(foundation: Foundation) -> list[UUID]:
    """Four mentors who should be listed, of whom no webhook told anybody."""
    organisation = foundation.organisation()
    foundation.evaluated(organisation)
    return [foundation.mentor(organisation, LATER, consent=True) for _ in range(4)]


def minutes_pass(foundation: Foundation, minutes: int) -> None:
    """As if so much time had gone by without anything being done."""
    foundation.do(
        "UPDATE certification.listings SET changed_at = changed_at - %(m)s, synced_at = synced_at - %(m)s,"
        " claimed_until = claimed_until - %(m)s, unknown_outcome_until = unknown_outcome_until - %(m)s".replace(
            "%(m)s", "%s"
        ),
        *[timedelta(minutes=minutes)] * 4,
    )


def test_a_lost_webhook_is_asked_for_when_the_target_has_passed(
    foundation: Foundation, reconciler: Reconciler, mentors: list[UUID], worker: SyncWorker, site: EmulatedWebsite
) -> None:
    """I7: not before, since then its message is most likely under way."""
    assert reconciler.sweep().state is RunState.SUCCEEDED
    assert reconciler.queue.taken() == []
    minutes_pass(foundation, 3)
    reconciler.sweep()
    assert (reconciler.counts["sync_requested"], reconciler.counts["listings_unsynced"]) == (4, 4)
    worker.sync(*reconciler.queue.taken())
    assert site.visible() == wanted(foundation)
    reconciler.sweep()
    assert (reconciler.counts["sync_requested"], reconciler.counts["oldest_unsynced_seconds"]) == (0, 0)


def test_what_a_dead_worker_left_is_asked_for_after_its_lease(
    foundation: Foundation, reconciler: Reconciler, mentors: list[UUID], worker: SyncWorker
) -> None:
    """I7: it is counted as stuck in between."""
    worker.listings.claim(mentors, uuid4(), timedelta(minutes=3))
    minutes_pass(foundation, 2)
    reconciler.sweep()
    assert (reconciler.queue.taken(), reconciler.counts["claims_stuck"]) == ([], 0)
    minutes_pass(foundation, 2)
    reconciler.sweep()
    assert reconciler.counts["claims_stuck"] == 4
    worker.sync(*reconciler.queue.taken())
    assert unsynced(foundation) == 0


def test_what_was_rejected_is_tried_less_and_less_often(
    foundation: Foundation, reconciler: Reconciler, mentors: list[UUID], worker: SyncWorker, site: EmulatedWebsite
) -> None:
    """Requirement 1: whoever changed a column in Dynamics tells nobody here."""
    site.poison(str(mentors[0]))
    worker.sync(*mentors)
    tried = []
    for minute in range(30, 60 * 24, 30):
        minutes_pass(foundation, 30)
        reconciler.sweep()
        if reconciler.counts["rejected_retried"]:
            tried.append(minute)
            worker.sync(*reconciler.queue.taken())
    assert [round(minute / 60) for minute in tried] == [1, 3, 7, 15]
    site.clear_faults()
    minutes_pass(foundation, 60 * 24)
    reconciler.sweep()
    worker.sync(*reconciler.queue.taken())
    assert site.visible() == wanted(foundation)


def test_nothing_is_asked_inside_retry_after_and_all_after_it(
    foundation: Foundation, reconciler: Reconciler, mentors: list[UUID], worker: SyncWorker, site: EmulatedWebsite
) -> None:
    """I9: not even to read."""
    worker.sync(mentors[0])
    minutes_pass(foundation, 5)
    reconciler.state.block_for(600, "dataverse_429")
    seen = site.pushes()
    reconciler.sweep()
    assert (reconciler.queue.taken(), site.pushes()) == ([], seen)
    assert reconciler.counts["backoff_seconds"] > 590
    foundation.do("UPDATE certification.sync_state SET backoff_until = clock_timestamp()")
    reconciler.sweep()
    assert set(reconciler.queue.taken()) == set(mentors[1:])


def test_recovery_asks_for_everything_that_waited(
    foundation: Foundation, reconciler: Reconciler, mentors: list[UUID], worker: SyncWorker
) -> None:
    """I10 and requirement 5: recovery drains what waited, also what has waited for a moment only."""
    minutes_pass(foundation, 3)
    worker.state.stop("entra_7000222")
    reconciler.sweep()
    assert (reconciler.queue.taken(), reconciler.counts["sync_stopped"]) == ([], 1)
    worker.state.resume()
    foundation.do("UPDATE certification.listings SET changed_at = clock_timestamp()")
    reconciler.sweep(recovered=True)
    assert set(reconciler.queue.taken()) == set(mentors)


def test_a_full_queue_of_repairs_is_not_made_fuller(
    foundation: Foundation, reconciler: Reconciler, mentors: list[UUID]
) -> None:
    """Requirement 1: bounded rate, for days without a consumer too."""
    minutes_pass(foundation, 3)
    reconciler.queue.depths["RepairRequests"] = 50
    reconciler.sweep()
    assert (reconciler.queue.taken(), reconciler.counts["repairs_waiting"]) == ([], 50)
    depths = foundation.all("SELECT queue, n FROM certification.queue_depths WHERE n > 0")
    assert depths == [("RepairRequests", 50)]


class Broken:
    """A queue that can neither be read nor written."""

    def read(self) -> Any:
        raise QueueUnavailableError("queue_gone")

    def send(self, _requests: object) -> Any:
        raise QueueUnavailableError("queue_gone")


def test_a_step_that_fails_stops_no_other(
    foundation: Foundation, reconciler: Reconciler, mentors: list[UUID], worker: SyncWorker
) -> None:
    """I13: the rows are read back though the queue is gone."""
    worker.sync(*mentors[:2])
    minutes_pass(foundation, 3)
    reconciler.queue = Broken()  # type: ignore[assignment]
    verdict = reconciler.sweep()
    assert (verdict.state, verdict.reason) == (RunState.DEGRADED, "queue_gone")
    assert foundation.one("SELECT count(*) FROM certification.listings WHERE verified_version > 0") == 2


def test_a_manual_edit_after_the_sync_is_seen_within_one_sweep(
    foundation: Foundation, reconciler: Reconciler, mentors: list[UUID], worker: SyncWorker, site: EmulatedWebsite
) -> None:
    """What was written is read back once it has settled, not only at night."""
    worker.sync(*mentors)
    site.edit(str(mentors[0]), {"statecode": 1, "statuscode": 2})
    reconciler.sweep()
    assert (reconciler.counts["missing"], reconciler.counts["listings_verified"]) == (1, 3)
    worker.sync(*reconciler.queue.taken())
    reconciler.sweep()
    assert site.visible() == wanted(foundation)
    assert foundation.all("SELECT outcome FROM certification.findings") == ["confirmed"]
