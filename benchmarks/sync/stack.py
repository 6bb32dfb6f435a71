"""The stack for measuring the listing sync: the whole local stack, with mentors who are all listed."""

from __future__ import annotations

import tempfile
import time
from collections import Counter
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final

import psycopg
from psycopg.rows import dict_row

from emulators.dataverse.client import EmulatorControl
from emulators.lambda_host.template.provision import local_clients
from local.stack.aws import REGION
from local.stack.stack import HOME, local_stack
from shared.adapters.aws.sqs import SqsSyncQueue
from shared.adapters.postgres.listings import PostgresListings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from emulators.lambda_host.runtime.logs import LogLine
    from local.stack.stack import LocalStack
    from shared.adapters.postgres.connection import Connection
    from shared.domain.listings import SyncRequest

    type Progress = Callable[[str], None]

CONSUMER: Final = "DynamicsSync"
_PAGE: Final = 1000
_POLL_EVERY: Final = 0.1
_PATIENCE_SECONDS: Final = 120.0

# Names, areas and numbers have the length of Norwegian ones, so requests are as large as in production.
LOAD: Final = (
    "SELECT setseed(0.42)",
    "INSERT INTO public.organisations (id, name) VALUES (md5('organisation')::uuid, 'Hørselsforbundet')",
    """
    INSERT INTO public.peer_mentors
        (id, organisation_id, first_name, last_name, email, phone, area, status, listing_consent)
    SELECT md5('mentor ' || i)::uuid, md5('organisation')::uuid, 'Ingebjørg ' || i, 'Ålesundstrøm',
           'ingebjorg' || i || '@example.no', '+47 000 00 000', 'Møre og Romsdal ' || i % 350, 'active', true
      FROM generate_series(1, {mentors}) AS i
    """,
    """
    INSERT INTO public.certifications (mentor_id, certified_on, expires_on)
    SELECT m.id, current_date - 365, current_date + 730 FROM public.peer_mentors AS m
    """,
)


class NotSyncedError(Exception):
    """Raised when the website is not up to date in time. The message says how many listings still wait."""


@dataclass
class Bench:
    """The running stack, and the operations that a measurement needs."""

    stack: LocalStack
    connection: Connection
    control: EmulatorControl
    queue: SqsSyncQueue
    mentors: int
    cold_starts: Counter[str] = field(default_factory=Counter)
    _round: int = 0

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

    def wait_until_synced(self) -> float:
        """Wait until every listing is synced, and return when the last one was settled (time.time())."""
        deadline = time.monotonic() + _PATIENCE_SECONDS
        while left := self._count_unsynced():
            if time.monotonic() > deadline:
                raise NotSyncedError(f"{left:,} listings still wait after {_PATIENCE_SECONDS:.0f} seconds")
            time.sleep(_POLL_EVERY)
        row = self.connection.execute(
            "SELECT extract(epoch FROM max(synced_at))::double precision AS at FROM certification.listings"
        ).fetchone()
        return float(row["at"]) if row else 0.0

    def catch_up(self) -> None:
        """Have the consumer sync every waiting listing, whatever became of the webhook, and wait until it is done."""
        if left := self.unsynced():
            self.queue.send(left)
        self.wait_until_synced()

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
        template = self.stack.stack.template
        mapping = next(m for m in template.event_source_mappings if m.function == CONSUMER)
        function = next(f for f in template.functions if f.logical_id == CONSUMER)
        workers = mapping.maximum_concurrency or self.stack.host.concurrency(CONSUMER)
        hint = int(self.control.settings()["dop_hint"])
        return workers, min(int(function.environment["DATAVERSE_PARALLEL_REQUESTS"]), hint)

    def batch_size(self) -> int:
        """Return how many listings the consumer puts into one `$batch`."""
        functions = self.stack.stack.template.functions
        function = next(f for f in functions if f.logical_id == CONSUMER)
        return int(function.environment["DATAVERSE_BATCH_SIZE"])


@contextmanager
def bench(mentors: int, progress: Progress) -> Iterator[Bench]:
    """Yield the stack with `mentors` mentors that should be listed, none of them synced yet, and the webhook off."""
    HOME.mkdir(parents=True, exist_ok=True)
    cold_starts: Counter[str] = Counter()

    def on_log(line: LogLine) -> None:
        if line.text.startswith("REPORT ") and "Init Duration" in line.text:
            cold_starts[line.function] += 1

    with (
        tempfile.TemporaryDirectory(prefix="sync-", dir=HOME) as folder,
        local_stack(Path(folder), fresh=True, progress=progress, on_log=on_log) as stack,
        psycopg.connect(stack.dsn, autocommit=True, prepare_threshold=None, row_factory=dict_row) as connection,
        EmulatorControl(stack.dataverse.url, timeout=60) as control,
    ):
        progress(f"Loading {mentors:,} mentors")
        control.limits(enabled=False)
        queue = SqsSyncQueue(local_clients(stack.aws_url, REGION).sqs, stack.stack.physical_id("SyncRequests"))
        made = Bench(stack, connection, control, queue, mentors, cold_starts)
        made.enable_webhook(False)
        for statement in LOAD:
            connection.execute(statement.format(mentors=mentors).encode())
        connection.execute("VACUUM ANALYZE")
        yield made
