"""The same changed listings brought to the same emulator in several ways, each judged by the emulator's own journal."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass, replace
from datetime import timedelta
from itertools import batched
from typing import TYPE_CHECKING, Any, Final, NamedTuple
from uuid import uuid4

from benchmarks.sync.cpu import cpu_seconds
from shared.adapters.dataverse import multipart
from shared.adapters.dataverse.keys import API
from shared.adapters.dataverse.operations import Writer
from shared.adapters.postgres.listings import PostgresListings

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from uuid import UUID

    from benchmarks.sync.senders import Senders
    from benchmarks.sync.stack import Bench
    from shared.domain.listings import Change, SyncRequest

# The headers that shared.adapters.dataverse.service sends.
HEADERS: Final = {"accept": "application/json", "odata-maxversion": "4.0", "odata-version": "4.0"}


class UnfairComparisonError(Exception):
    """Raised when one way wrote other rows than the others, which makes its time meaningless."""


class Push(NamedTuple):
    """One push in one way. Seconds are from before the first message or request was sent."""

    settled: float
    """Until every listing is settled: recorded in PostgreSQL, or for a way that records nothing, until the last sender
    has read its last reply."""
    committed: float
    """Until Dynamics committed the last write."""
    requests: int
    cpu: dict[str, float]
    """CPU seconds by kind of process."""


@dataclass(frozen=True)
class Work:
    """The listings to bring to the website, in the form that each way needs."""

    requests: Sequence[SyncRequest]
    """The sync requests for the consumer."""
    changes: Sequence[Change]
    """The changes that the consumer will claim."""

    @property
    def columns(self) -> set[frozenset[str]]:
        """The sets of columns that the consumer writes."""
        return {frozenset(json.loads(change.body)) for change in self.changes}

    def batches(self, size: int) -> list[Any]:
        """Return the requests that the consumer sends, `size` listings to a `$batch`."""
        made = []
        for changes in batched(self.changes, size, strict=False):
            writer, boundary = Writer(), multipart.boundary()
            # Without a row version, because these are sent repeatedly, to rows that the other ways have written
            # meanwhile.
            whatever = [replace(change, row_version=None) for change in changes]
            body = multipart.write([writer.operation(0, change).content for change in whatever], boundary)
            kind = f'multipart/mixed; boundary="{boundary}"'
            headers = HEADERS | {"content-type": kind, "prefer": "odata.continue-on-error"}
            made.append(["POST", f"{API}$batch", headers, body.decode()])
        return made

    def patches(self) -> list[Any]:
        """Return one request for each listing."""
        headers = HEADERS | {"content-type": "application/json"}
        return [["PATCH", f"{API}{c.table}({c.key}='{c.mentor_id}')", headers, c.body] for c in self.changes]

    def listings(self) -> list[Any]:
        """Return the input of the SDK: key value and columns."""
        return [[str(change.mentor_id), json.loads(change.body)] for change in self.changes]


def prepare(bench: Bench) -> Work:
    """Change every listing, and find what the consumer will send by a claim that is rolled back.

    Raises UnfairComparisonError unless that is every listing.
    """
    bench.settle_down()
    requests = bench.change_all()
    with bench.connection.transaction(force_rollback=True):
        ids: list[UUID] = [request.mentor_id for request in requests]
        claim = PostgresListings(bench.connection).claim(ids, uuid4(), timedelta(minutes=1))
    place = {mentor_id: number for number, mentor_id in enumerate(ids)}
    changes = sorted(claim.changes, key=lambda change: place[change.mentor_id])
    if len(changes) != bench.mentors:
        raise UnfairComparisonError(f"{len(changes):,} of {bench.mentors:,} listings would be sent")
    return Work(requests, changes)


def by_consumer(bench: Bench, work: Work) -> Push:
    """Send the requests as expiry_check would, and leave the rest to the event source mapping and the functions."""

    def push() -> float:
        bench.queue.send(work.requests)
        return bench.wait_until_synced()

    bench.know_versions()
    return measured(bench, work, push)


def by_senders(bench: Bench, work: Work, senders: Senders, requests: Sequence[Any], how: Any = True) -> Push:  # noqa: ANN401
    """Have programs send prepared requests."""
    senders.load(requests)

    def push() -> float:
        senders.send(how)
        return time.time()

    return measured(bench, work, push)


def measured(bench: Bench, work: Work, push: Callable[[], float]) -> Push:
    """Return what a push took. `push` returns when it was settled (time.time()).

    Raises UnfairComparisonError unless it wrote every listing once, in the consumer's columns.
    """
    bench.settle_down()
    bench.control.clear_journal()
    before, began = cpu_seconds(), time.time()
    settled = push()
    after = cpu_seconds()
    writes = bench.control.writes(began)
    summary = bench.control.summary()
    listings = len(work.changes)
    different = len({write.key for write in writes})
    refused = {status: n for status, n in summary["operations_by_status"].items() if status not in {"200", "204"}}
    if (len(writes), different) != (listings, listings) or refused:
        raise UnfairComparisonError(
            f"{len(writes):,} writes of {different:,} listings where {listings:,} were expected; refused: {refused}"
        )
    if (columns := {frozenset(write.columns) for write in writes}) != work.columns:
        raise UnfairComparisonError(f"the columns {sorted(map(sorted, columns))} were written")
    cpu = {kind: after[kind] - before.get(kind, 0.0) for kind in after}
    return Push(settled - began, max(write.at for write in writes) - began, summary["requests"], cpu)


def check_rows(bench: Bench, work: Work) -> None:
    """Raise UnfairComparisonError unless every row of the website has what the consumer would have written."""
    rows = {row[work.changes[0].key]: row for row in bench.control.rows()}
    wrong = [
        change.mentor_id
        for change in work.changes
        if json.loads(change.body).items() - rows.get(str(change.mentor_id), {}).items()
    ]
    if wrong:
        raise UnfairComparisonError(f"{len(wrong):,} rows are not what the consumer would have written")
