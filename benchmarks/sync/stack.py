"""The stack for measuring the listing sync: the whole local stack, with mentors who are all listed."""

from __future__ import annotations

import tempfile
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final

import psycopg
from psycopg.rows import dict_row

from benchmarks.sync.mentors import LOAD
from emulators.dataverse.client import EmulatorControl
from emulators.lambda_host.template.provision import local_clients
from local.stack.aws import REGION
from local.stack.stack import HOME, local_stack
from shared.adapters.aws.sqs import SqsSyncQueue
from shared.adapters.postgres.listings import PostgresListings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from mypy_boto3_sqs import SQSClient

    from emulators.lambda_host.template.provision import Stack
    from emulators.lambda_host.template.resources import EventSourceMapping
    from local.stack.stack import LocalStack
    from shared.adapters.postgres.connection import Connection
    from shared.domain.listings import SyncRequest

    type Progress = Callable[[str], None]

CONSUMER: Final = "DynamicsSync"
_PAGE: Final = 1000
_POLL_EVERY: Final = 0.05
_PATIENCE_SECONDS: Final = 120.0

QUEUE: Final = "SyncRequests"
# One look into the partial index of the unsynced listings. Asked without sequential scans, because the planner expects
# a third of the table to match, and a scan for the first match would read all of it once there is none.
UNSYNCED: Final = "SELECT 1 FROM certification.listings WHERE synced_version < desired_version LIMIT 1"
WITHOUT_SCANS: Final = "-c enable_seqscan=off"


class NotSyncedError(Exception):
    """Raised when the website is not up to date in time. The message says how many listings still wait."""


@dataclass
class Bench:
    """The running stack, and the operations that a measurement needs."""

    stack: LocalStack
    connection: Connection
    polls: Connection
    """A connection of its own, without sequential scans."""
    control: EmulatorControl
    sqs: SQSClient
    queue: SqsSyncQueue
    mentors: int
    vacuumed: list[str] = field(default_factory=lambda: ["certification.listings", "public.peer_mentors"])
    """The tables that a push leaves dead rows in."""
    _round: int = 1_000  # a number that no area begins with

    @property
    def url(self) -> str:
        """The URL of the Dataverse emulator."""
        return self.stack.dataverse.url

    def enable_webhook(self, on: bool) -> None:
        """Switch on or off whether changes notify the webhook."""
        self.connection.execute("UPDATE certification.webhook SET enabled = %s", (on,))

    def change_all(self) -> list[SyncRequest]:
        """Change every mentor's area in one UPDATE.

        Return the sync requests that the nightly check would make, in its order.
        """
        self._round += 1
        self.connection.execute(
            "UPDATE public.peer_mentors SET area = regexp_replace(area, ' *\\d*$', ' ' || %s)", (self._round,)
        )
        return self.unsynced()

    def unsynced(self) -> list[SyncRequest]:
        """Return the sync requests for all listings that are not synced."""
        listings = PostgresListings(self.connection)
        found: list[SyncRequest] = []
        while page := listings.unsynced(found[-1].mentor_id if found else None, _PAGE):
            found += page
        return found

    def settle_down(self) -> None:
        """Wait until no message is left or in hand, and remove the dead rows of what was before.

        So what is measured next neither waits for it nor reads it. Raises NotSyncedError.
        """
        deadline = time.monotonic() + _PATIENCE_SECONDS
        while left := self.queue_length():
            if time.monotonic() > deadline:
                raise NotSyncedError(f"{left:,} messages are not done after {_PATIENCE_SECONDS:.0f} seconds")
            time.sleep(_POLL_EVERY)
        self.vacuum()

    def queue_length(self) -> int:
        """Return how many messages wait or are in hand, and how many calls of the webhook are still to be made."""
        found = self.sqs.get_queue_attributes(
            QueueUrl=self.stack.stack.physical_id(QUEUE),
            AttributeNames=["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"],
        )["Attributes"]
        row = self.connection.execute("SELECT count(*) AS n FROM net.http_request_queue").fetchone()
        return sum(map(int, found.values())) + (int(row["n"]) if row else 0)

    def vacuum(self) -> None:
        """Remove the dead rows of what was before, so that what is measured next does not read them."""
        self.connection.execute(f"VACUUM {', '.join(self.vacuumed)}".encode())

    def wait_until_synced(self) -> float:
        """Wait until every listing is synced, and return when the last one was settled (time.time()).

        That is when its row was written, a moment before the commit. Raises NotSyncedError.
        """
        deadline = time.monotonic() + _PATIENCE_SECONDS
        while self.polls.execute(UNSYNCED).fetchone():
            if time.monotonic() > deadline:
                left = self._count_unsynced()
                raise NotSyncedError(f"{left:,} listings still wait after {_PATIENCE_SECONDS:.0f} seconds")
            time.sleep(_POLL_EVERY)
        row = self.connection.execute(
            "SELECT extract(epoch FROM max(synced_at))::double precision AS at FROM certification.listings"
        ).fetchone()
        return float(row["at"]) if row else 0.0

    def catch_up(self) -> None:
        """Have the consumer sync every waiting listing, whatever became of the webhook, and wait until it is done.

        The statistics are then those of a table that is in sync, as in production. Raises NotSyncedError.
        """
        if left := self.unsynced():
            self.queue.send(left)
        self.wait_until_synced()
        self.connection.execute(f"VACUUM ANALYZE {', '.join(self.vacuumed)}".encode())

    def _count_unsynced(self) -> int:
        row = self.connection.execute(
            "SELECT count(*) AS n FROM certification.listings WHERE synced_version < desired_version"
        ).fetchone()
        return int(row["n"]) if row else 0

    def know_versions(self) -> None:
        """Record the version of each row. In production only the consumer writes; here the other ways did too."""
        rows = [
            (row["hlf_mentorid"], f'W/"{row["versionnumber"]}"') for row in self.control.rows() if row["hlf_mentorid"]
        ]
        self.connection.execute(
            "UPDATE certification.listings AS l SET row_version = v.version"
            " FROM unnest(%s::text[], %s::text[]) AS v (id, version) WHERE l.mentor_id::text = v.id",
            ([key for key, _ in rows], [version for _, version in rows]),
        )

    def in_hand(self) -> tuple[int, int]:
        """Return how many functions of the consumer run at a time, and how many requests each has under way."""
        workers = mapping_of(self.stack.stack).maximum_concurrency or self.stack.host.concurrency(CONSUMER)
        hint = int(self.control.settings()["dop_hint"])
        function = next(f for f in self.stack.stack.functions if f.logical_id == CONSUMER)
        return workers, min(int(function.environment["DATAVERSE_PARALLEL_REQUESTS"]), hint)


def mapping_of(stack: Stack) -> EventSourceMapping:
    """Return the mapping by which the consumer gets the changes. It has another for the repairs."""
    source = stack.attribute(QUEUE, "Arn")
    return next(m for m in stack.template.event_source_mappings if (m.function, m.source_arn) == (CONSUMER, source))


@contextmanager
def bench(mentors: int, progress: Progress) -> Iterator[Bench]:
    """Yield the stack with `mentors` mentors that should be listed, none of them synced yet, and the webhook off."""
    HOME.mkdir(parents=True, exist_ok=True)
    with (
        tempfile.TemporaryDirectory(prefix="sync-", dir=HOME) as folder,
        local_stack(Path(folder), fresh=True, progress=progress) as stack,
        psycopg.connect(stack.dsn, autocommit=True, prepare_threshold=None, row_factory=dict_row) as connection,
        psycopg.connect(stack.dsn, autocommit=True, row_factory=dict_row, options=WITHOUT_SCANS) as polls,
        EmulatorControl(stack.dataverse.url, timeout=60) as control,
    ):
        progress(f"Loading {mentors:,} mentors")
        control.limits(enabled=False)
        sqs = local_clients(stack.aws_url, REGION).sqs
        queue = SqsSyncQueue(sqs, stack.stack.physical_id(QUEUE))
        made = Bench(stack, connection, polls, control, sqs, queue, mentors)
        made.enable_webhook(False)
        # Vacuuming is done between the measurements, not in them.
        connection.execute("ALTER SYSTEM SET autovacuum = off")
        connection.execute("SELECT pg_reload_conf()")
        for statement in LOAD:
            connection.execute(statement.format(mentors=mentors).encode())
        connection.execute("VACUUM ANALYZE")
        yield made
