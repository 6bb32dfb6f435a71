"""The comparison in PostgreSQL: the website's rows stream into a temporary table, which ends with the transaction."""

from __future__ import annotations

import json
import re
from contextlib import contextmanager
from typing import TYPE_CHECKING

from shared.adapters.postgres.connection import Connection, call, translated
from shared.domain.comparison import Compared, Repairs, Site
from shared.domain.listings import SyncRequest

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from datetime import datetime, timedelta
    from uuid import UUID

    from shared.domain.comparison import Acceptance, Proof, SeenRow


_NULL = r"\N"
_SPECIAL = re.compile(r"[\\\t\n\r]")
_ESCAPED = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"})


def _line(row: SeenRow) -> str:
    """A row as COPY reads it (https://www.postgresql.org/docs/current/sql-copy.html, "Text Format")."""
    site, mentor, row_id, shown, content = row
    if _SPECIAL.search(content):
        content = content.translate(_ESCAPED)
    return f"{site}\t{mentor or _NULL}\t{row_id}\t{shown}\t{content}\n"


class PostgresComparison:
    """shared.ports.Comparison, within one transaction on a connection of its own (migration 0012)."""

    def __init__(self, connection: Connection, settling: timedelta) -> None:
        self._connection = connection
        row = call(connection, "SELECT clock_timestamp() AS at, clock_timestamp() - %(s)s AS before", {"s": settling})[
            0
        ]
        self.at: datetime = row["at"]
        self._before: datetime = row["before"]
        self.sites = tuple(
            Site(row["site"], row["website_table"], row["website_key"], tuple(row["columns"]), row["show"], row["hide"])
            for row in call(connection, "SELECT * FROM certification.open_comparison()", {})
        )

    def add(self, rows: Iterable[SeenRow]) -> None:
        """Rows of the website."""
        with (
            translated(self._connection),
            self._connection.cursor() as cursor,
            cursor.copy("COPY pg_temp.website_rows (site, mentor_id, row_id, shown, content) FROM STDIN") as copy,
        ):
            # The whole page at once: a million times row by row costs more than the comparison's own statement.
            copy.write("".join(map(_line, rows)))

    def compare(self, mentors: Sequence[UUID] | None = None) -> Compared:
        """Compare everything, or these mentors once more. What is changing just now is left alone."""
        rows = call(
            self._connection,
            "SELECT * FROM certification.compare_website(%(mentors)s, %(before)s)",
            {"mentors": None if mentors is None else list(mentors), "before": self._before},
        )
        digests = {row["measure"]: row["digest"] for row in rows if row["digest"] is not None}
        counts = {row["measure"]: row["n"] for row in rows if row["digest"] is None}
        return Compared(counts, digests["app_hash"], digests["website_hash"])

    def to_verify(self, limit: int) -> tuple[UUID, ...]:
        """Mentors with a difference that was seen once only."""
        rows = call(self._connection, "SELECT * FROM certification.differences_to_verify(%(n)s)", {"n": limit})
        return tuple(row["mentor_id"] for row in rows)

    def forget(self, mentors: Sequence[UUID]) -> None:
        """The rows of these are about to be read again."""
        call(self._connection, "SELECT certification.forget_rows(%(mentors)s)", {"mentors": list(mentors)})

    def forget_repeated(self) -> int:
        """Rows that a page gave twice. Answers how many."""
        n: int = call(self._connection, "SELECT certification.forget_repeated_rows() AS n", {})[0]["n"]
        return n

    def record(self, run_id: UUID, mentors: Sequence[UUID] | None = None) -> dict[str, int]:
        """Write the findings down, and close those that are over: of everybody, or of these mentors."""
        rows = call(
            self._connection,
            "SELECT * FROM certification.record_findings(%(run)s, %(mentors)s, %(before)s)",
            {"run": run_id, "mentors": None if mentors is None else list(mentors), "before": self._before},
        )
        return {row["measure"]: row["n"] for row in rows}

    def repair(self, run_id: UUID, *, everybody: bool) -> Repairs:
        """Raise the listings that differ. They are to be synced once this is committed."""
        rows = call(
            self._connection,
            "SELECT * FROM certification.request_repairs(%(run)s, %(everybody)s)",
            {"run": run_id, "everybody": everybody},
        )
        return Repairs(
            tuple(SyncRequest(row["mentor_id"], row["version"]) for row in rows if row["mentor_id"] is not None),
            sum(row["braked"] or 0 for row in rows),
        )


@contextmanager
def comparing(connection: Connection, settling: timedelta) -> Iterator[PostgresComparison]:
    """A comparison in a transaction, committed unless the block raises. What was written while `settling` is left."""
    with translated(connection), connection.transaction():
        yield PostgresComparison(connection, settling)


class PostgresReconciliation:
    """shared.ports.Reconciliation. Every call is one committed transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def note_queue_depths(self, depths: Mapping[str, int]) -> None:
        """How many messages each queue has."""
        for queue, n in depths.items():
            call(
                self._connection,
                "SELECT certification.note_queue_depth(%(queue)s, %(n)s)",
                {"queue": queue, "n": n},
            )

    def count_waiting(self) -> dict[str, int]:
        """What the website does not show yet."""
        rows = call(self._connection, "SELECT * FROM certification.count_waiting()", {})
        return {row["measure"]: row["n"] for row in rows}

    def overdue(self, older_than: timedelta, limit: int) -> tuple[SyncRequest, ...]:
        """Changes that should have reached the website by now."""
        rows = call(
            self._connection,
            "SELECT * FROM certification.overdue_listings(%(older)s, %(limit)s)",
            {"older": older_than, "limit": limit},
        )
        return tuple(SyncRequest(row["mentor_id"], row["version"]) for row in rows)

    def take_up_missed_changes(self, limit: int) -> tuple[SyncRequest, ...]:
        """Note what the triggers could not. Answers what is to be synced."""
        rows = call(self._connection, "SELECT * FROM certification.take_up_missed_changes(%(limit)s)", {"limit": limit})
        return tuple(SyncRequest(row["mentor_id"], row["version"]) for row in rows)

    def retry_due_set_aside(self, limit: int) -> int:
        """Take up again what was set aside and is due to be tried."""
        n: int = call(self._connection, "SELECT certification.retry_due_set_aside(%(limit)s) AS n", {"limit": limit})[
            0
        ]["n"]
        return n

    def to_recheck(self, settling: timedelta, limit: int) -> tuple[UUID, ...]:
        """Whose rows to read back."""
        rows = call(
            self._connection,
            "SELECT * FROM certification.listings_to_recheck(%(settling)s, %(limit)s)",
            {"settling": settling, "limit": limit},
        )
        return tuple(row["mentor_id"] for row in rows)

    def write_proof(self, run_id: UUID, proof: Proof) -> None:
        """Keep what a full comparison has shown."""
        compared = proof.compared
        counts = compared.counts if compared else {}
        call(
            self._connection,
            "SELECT certification.write_proof(%(run)s, %(at)s, %(reason)s, %(app)s, %(website)s, %(equal)s,"
            " %(app_hash)s, %(website_hash)s, %(counts)s)",
            {
                "run": run_id,
                "at": proof.at,
                "reason": proof.reason,
                "app": counts.get("app_listed"),
                "website": counts.get("website_listed"),
                "equal": counts.get("equal"),
                "app_hash": compared.app_hash if compared else None,
                "website_hash": compared.website_hash if compared else None,
                "counts": json.dumps(proof.counts),
            },
        )

    def note_acceptance(self, run_id: UUID, acceptance: Acceptance) -> None:
        """Who takes a small answer for true, and why."""
        call(
            self._connection,
            "SELECT certification.note_acceptance(%(run)s, %(actor)s, %(reason)s)",
            {"run": run_id, "actor": acceptance.actor, "reason": acceptance.reason},
        )

    def find_duplicates(self, run_id: UUID) -> dict[str, int]:
        """Look for what was done twice, over the logs themselves."""
        rows = call(self._connection, "SELECT * FROM certification.find_duplicates(%(run)s)", {"run": run_id})
        return {row["measure"]: row["n"] for row in rows}

    def forget_old_sweeps(self) -> None:
        """Drop the runs of sweeps that are weeks old."""
        call(self._connection, "SELECT certification.forget_old_sweeps()", {})
