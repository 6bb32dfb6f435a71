"""The comparison in PostgreSQL: the website's rows go into a table page by page, and are joined with the app there."""

from __future__ import annotations

import json
import re
from contextlib import contextmanager, suppress
from dataclasses import replace
from typing import TYPE_CHECKING

from shared.adapters.postgres.connection import Connection, call
from shared.domain.comparison import Compared, PastTrigger, Repairs, Site
from shared.domain.errors import CertificationError
from shared.domain.listings import SyncRequest

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from datetime import datetime, timedelta
    from uuid import UUID

    from shared.domain.comparison import Acceptance, Proof, SeenRow


class PostgresComparison:
    """shared.ports.Comparison (database/functions/reconciliation/). Every call is one committed statement (I18)."""

    def __init__(self, connection: Connection, settling: timedelta) -> None:
        self._connection = connection
        rows = call(connection, "SELECT * FROM certification.open_comparison(%(settling)s)", {"settling": settling})
        self._id: UUID = rows[0]["comparison_id"]
        self.at: datetime = rows[0]["at"]
        self.sites = tuple(
            Site(
                row["site"],
                row["website_table"],
                row["website_key"],
                tuple(row["columns"]),
                row["show"],
                row["hide"],
                tuple(row["others"]),
                row["mapped"],
            )
            for row in rows
        )

    def add(self, rows: Iterable[SeenRow]) -> None:
        """Rows of the website."""
        columns = list(zip(*rows, strict=True))
        if not columns:
            return
        sites, mentors, row_ids, shown, contents, others = columns
        call(
            self._connection,
            "SELECT certification.add_website_rows(%(id)s, %(sites)s::integer[], %(mentors)s::uuid[], %(rows)s::uuid[],"
            " %(shown)s::smallint[], %(contents)s::text[], %(others)s::text[])",
            {
                "id": self._id,
                # As PostgreSQL writes arrays: the driver would look at each of a million values.
                "sites": f"{{{','.join(map(str, sites))}}}",
                "mentors": f"{{{','.join([mentor or 'NULL' for mentor in mentors])}}}",
                "rows": f"{{{','.join(row_ids)}}}",
                "shown": f"{{{','.join(map(str, shown))}}}",
                "contents": _texts(contents),
                "others": _texts(others),
            },
        )

    def forget_others(self, site: int, columns: Sequence[str]) -> None:
        """These columns are gone from the website."""
        call(
            self._connection,
            "SELECT certification.forget_others(%(id)s, %(site)s, %(columns)s)",
            {"id": self._id, "site": site, "columns": list(columns)},
        )
        self.sites = tuple(
            replace(one, others=tuple(name for name in one.others if name not in columns))
            if one.number == site
            else one
            for one in self.sites
        )

    def compare(self, mentors: Sequence[UUID] | None = None) -> Compared:
        """Compare everything, or these mentors once more."""
        rows = call(
            self._connection,
            "SELECT * FROM certification.compare_website(%(id)s, %(mentors)s)",
            {"id": self._id, "mentors": None if mentors is None else list(mentors)},
        )
        facts = {row["measure"]: row["digest"] for row in rows if row["digest"] is not None}
        counts = {row["measure"]: row["n"] for row in rows if row["digest"] is None}
        return Compared(counts, facts.pop("app_hash"), facts.pop("website_hash"), facts)

    def to_verify(self, limit: int) -> tuple[UUID, ...]:
        """Mentors with a difference that was seen once only."""
        rows = call(
            self._connection,
            "SELECT * FROM certification.differences_to_verify(%(id)s, %(n)s)",
            {"id": self._id, "n": limit},
        )
        return tuple(row["mentor_id"] for row in rows)

    def forget(self, mentors: Sequence[UUID]) -> None:
        """The rows of these are about to be read again."""
        call(
            self._connection,
            "SELECT certification.forget_rows(%(id)s, %(mentors)s)",
            {"id": self._id, "mentors": list(mentors)},
        )

    def forget_repeated(self) -> int:
        """Rows that a page gave twice. Answers how many."""
        n: int = call(self._connection, "SELECT certification.forget_repeated_rows(%(id)s) AS n", {"id": self._id})[0][
            "n"
        ]
        return n

    def record(self, run_id: UUID, mentors: Sequence[UUID] | None = None) -> dict[str, int]:
        """Write the findings down, and close those that are over: of everybody, or of these mentors."""
        rows = call(
            self._connection,
            "SELECT * FROM certification.record_findings(%(run)s, %(id)s, %(mentors)s)",
            {"run": run_id, "id": self._id, "mentors": None if mentors is None else list(mentors)},
        )
        return {row["measure"]: row["n"] for row in rows}

    def repair(self, run_id: UUID, *, everybody: bool) -> Repairs:
        """Raise the listings that differ."""
        rows = call(
            self._connection,
            "SELECT * FROM certification.request_repairs(%(run)s, %(id)s, %(everybody)s)",
            {"run": run_id, "id": self._id, "everybody": everybody},
        )
        return Repairs(
            tuple(SyncRequest(row["mentor_id"], row["version"]) for row in rows if row["mentor_id"] is not None),
            sum(row["braked"] or 0 for row in rows),
        )

    def close(self) -> None:
        """Drop what was read."""
        call(self._connection, "SELECT certification.close_comparison(%(id)s)", {"id": self._id})


_QUOTED = str.maketrans({"\\": "\\\\", '"': '\\"'})
_TO_QUOTE = re.compile(r'[\\"]')


def _texts(values: Sequence[str | None]) -> str:
    """The values as PostgreSQL writes an array of text."""
    return f"{{{','.join(map(_quoted, values))}}}"


def _quoted(value: str | None) -> str:
    if value is None:
        return "NULL"
    return f'"{value.translate(_QUOTED) if _TO_QUOTE.search(value) else value}"'


@contextmanager
def comparing(connection: Connection, settling: timedelta) -> Iterator[PostgresComparison]:
    """A comparison, which is gone when the block ends. What was written while `settling` may still be under way."""
    comparison = PostgresComparison(connection, settling)
    try:
        yield comparison
    finally:
        # What a dead connection leaves is removed by the next comparison.
        with suppress(CertificationError):
            comparison.close()


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

    def find_past_triggers(self, run_id: UUID, limit: int) -> tuple[PastTrigger, ...]:
        """Raise the listings whose change no trigger has seen, those that must be hidden first."""
        rows = call(
            self._connection,
            "SELECT * FROM certification.find_past_triggers(%(run)s, %(limit)s)",
            {"run": run_id, "limit": limit},
        )
        return tuple(PastTrigger(row["mentor_id"], row["version"], row["kind"]) for row in rows)

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
            " %(app_hash)s, %(website_hash)s, %(counts)s, %(facts)s)",
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
                "facts": json.dumps(dict(compared.facts) if compared else {}),
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
