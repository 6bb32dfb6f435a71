"""Measure whether repairs slow down live changes: single status changes, alone and beside 10,000 repairs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from benchmarks.sync import steady
from benchmarks.sync.stack import bench
from emulators.lambda_host.template.provision import local_clients
from local.demo.website import summary
from local.stack.aws import REGION
from shared.adapters.aws.sqs import SqsSyncQueue

if TYPE_CHECKING:
    from collections.abc import Sequence

    from benchmarks.sync.stack import Bench, Progress

# The time that one operation takes inside the service.
EXECUTION_MS: Final = 25.0
_WARM: Final = 400


class RepairsOverError(Exception):
    """Raised when the repairs ended before the live changes, so that the changes had nothing beside them."""


@dataclass(frozen=True)
class LiveLatencies:
    """Milliseconds from before the commit until Dynamics accepted the change, and the repairs done meanwhile."""

    idle: Sequence[float]
    beside: Sequence[float]
    repairs_done: int

    @property
    def ratio(self) -> float:
        """The 99th percentile beside repairs divided by the one without."""
        return summary(self.beside).p99 / summary(self.idle).p99


def measure(repairs: int, changes: int, progress: Progress) -> LiveLatencies:
    """Measure live changes alone and beside repairs, on other mentors than those repaired.

    Half of the changes alone come before the repairs and half after.
    """
    live = changes // 2
    with bench(repairs + live, progress) as running:
        clients = local_clients(running.stack.aws_url, REGION)
        queue = SqsSyncQueue(clients.sqs, running.stack.stack.physical_id("RepairRequests"))
        progress("Publishing everything on the website for the first time")
        running.catch_up()
        progress("Warming up")
        _repair(running, queue, live, _WARM)
        running.wait_until_synced()
        running.enable_webhook(True)
        steady.warm_up(running)
        running.control.limits(execution="sleep", execution_ms=EXECUTION_MS)
        progress("Live changes alone")
        idle = steady.times_to_site(running, changes // 2)
        progress(f"Live changes beside {repairs:,} repairs")
        _repair(running, queue, live, repairs)
        beside, left = _beside(running, changes)
        progress("Live changes alone once more")
        running.wait_until_synced()
        running.control.limits(execution="sleep", execution_ms=EXECUTION_MS)
        idle += steady.times_to_site(running, changes // 2)
        return LiveLatencies(idle, beside, repairs - left)


def _repair(running: Bench, queue: SqsSyncQueue, live: int, count: int) -> None:
    """Request the repair of `count` listings that differ, as reconciliation does, sparing the first `live`."""
    running.enable_webhook(False)
    running.connection.execute(
        "UPDATE public.peer_mentors AS m SET area = m.area || '.' WHERE m.id IN"
        " (SELECT l.mentor_id FROM certification.listings AS l ORDER BY l.mentor_id OFFSET %s LIMIT %s)",
        (live, count),
    )
    queue.send(running.unsynced())
    running.enable_webhook(True)


def _beside(running: Bench, changes: int) -> tuple[list[float], int]:
    left = 0

    def catch_up() -> None:
        nonlocal left
        left = len(running.unsynced())
        running.control.limits(execution="count")  # the rest at full speed
        running.wait_until_synced()

    beside = steady.times_to_site(running, changes, catch_up)
    if not left:
        raise RepairsOverError("the repairs ended before the live changes: measure with more repairs")
    return beside, left
