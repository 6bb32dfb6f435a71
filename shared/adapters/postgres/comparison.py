"""The comparison in PostgreSQL: the website's rows are stored page by page and joined with the app's tables there.

Its functions are in database/functions/reconciliation/: pages.sql, preparing.sql, comparing.sql, verifying.sql,
findings.sql and repairs.sql.
"""

from __future__ import annotations

from contextlib import contextmanager, suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from shared.adapters.postgres.array_text import plain_array, text_array
from shared.adapters.postgres.connection import Connection, call
from shared.adapters.postgres.row_writer import RowWriter
from shared.domain.comparison import ComparisonOutcome, Repairs
from shared.domain.errors import CertificationError, StoreRefusedError, StoreUnavailableError
from shared.domain.listings import SyncRequest
from shared.domain.website_rows import Site

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from datetime import datetime, timedelta
    from uuid import UUID

    from shared.domain.website_rows import SeenRow


# The mentors that are prepared after each page of at most 5,000 rows: not every mentor has a row.
_MENTORS_AT_A_TIME = 10_000


class PostgresComparison:
    """shared.ports.Comparison. Every statement is committed by itself (I18).

    Rows are written, and the app's side is prepared, in a thread of its own while the caller reads the next page. Every
    other call first waits for that.
    """

    def __init__(
        self, connection: Connection, settling: timedelta, mentors_at_a_time: int = _MENTORS_AT_A_TIME
    ) -> None:
        """`mentors_at_a_time`: how many are prepared after each page."""
        self._connection = connection
        self._writer = RowWriter()
        self._preparing = False
        self._mentors_at_a_time = mentors_at_a_time
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
        """Add rows of the website. They are written soon; an error of that is raised by a later call."""
        columns = list(zip(*rows, strict=True))
        if not columns:
            return
        sites, mentors, row_ids, shown, contents, others = columns
        page = {
            "id": self._id,
            "sites": plain_array(sites),
            "mentors": plain_array(mentor or "NULL" for mentor in mentors),
            "rows": plain_array(row_ids),
            "shown": plain_array(shown),
            "contents": text_array(contents),
            "others": text_array(others),
        }

        def write() -> None:
            call(self._connection, _ADD, page)
            self._prepare()

        self._writer.write(write)

    def prepare_meanwhile(self) -> None:
        """Prepare the app's side beside the reading from now on."""
        self._preparing = True

    def _prepare(self) -> None:
        """Prepare some mentors, unless all are prepared. Without that, everything is compared in full."""
        if self._preparing:
            try:
                self._preparing = call(
                    self._connection,
                    "SELECT certification.prepare_comparison(%(id)s, %(n)s) AS more",
                    {"id": self._id, "n": self._mentors_at_a_time},
                )[0]["more"]
            except (StoreRefusedError, StoreUnavailableError):
                self._preparing = False

    def _call(self, query: str, parameters: Mapping[str, object]) -> list[dict[str, Any]]:
        """Run a statement after everything that was added is written."""
        self._writer.finish()
        return call(self._connection, query, parameters)

    def forget_others(self, site: int, columns: Sequence[str]) -> None:
        """Forget columns that are gone from the website."""
        self._call(
            "SELECT certification.forget_others(%(id)s, %(site)s, %(columns)s)",
            {"id": self._id, "site": site, "columns": list(columns)},
        )
        self.sites = tuple(
            replace(one, others=tuple(name for name in one.others if name not in columns))
            if one.number == site
            else one
            for one in self.sites
        )

    def compare(self, mentors: Sequence[UUID] | None = None) -> ComparisonOutcome:
        """Compare everything, or these mentors once more."""
        self._writer.finish()
        if mentors is None:
            self._prepare()  # one part at most: the time that is left is for the comparison
        rows = self._call(
            "SELECT * FROM certification.compare_website(%(id)s, %(mentors)s)",
            {"id": self._id, "mentors": None if mentors is None else list(mentors)},
        )
        facts = {row["measure"]: row["digest"] for row in rows if row["digest"] is not None}
        counts = {row["measure"]: row["n"] for row in rows if row["digest"] is None}
        return ComparisonOutcome(counts, facts.pop("app_hash"), facts.pop("website_hash"), facts)

    def to_verify(self, limit: int) -> tuple[UUID, ...]:
        """Return mentors with a difference that was seen only once."""
        rows = self._call(
            "SELECT * FROM certification.differences_to_verify(%(id)s, %(n)s)",
            {"id": self._id, "n": limit},
        )
        return tuple(row["mentor_id"] for row in rows)

    def forget(self, mentors: Sequence[UUID]) -> None:
        """Forget the rows of these mentors, which are about to be read again."""
        self._call(
            "SELECT certification.forget_rows(%(id)s, %(mentors)s)",
            {"id": self._id, "mentors": list(mentors)},
        )

    def forget_repeated(self) -> int:
        """Forget the rows that pages returned twice. Return how many there were."""
        n: int = self._call("SELECT certification.forget_repeated_rows(%(id)s) AS n", {"id": self._id})[0]["n"]
        return n

    def record(self, run_id: UUID, mentors: Sequence[UUID] | None = None) -> dict[str, int]:
        """Record the findings of all mentors, or of these, and close those that are over. Return the counts."""
        rows = self._call(
            "SELECT * FROM certification.record_findings(%(run)s, %(id)s, %(mentors)s)",
            {"run": run_id, "id": self._id, "mentors": None if mentors is None else list(mentors)},
        )
        return {row["measure"]: row["n"] for row in rows}

    def repair(self, run_id: UUID, *, everybody: bool) -> Repairs:
        """Raise the desired version of the listings that differ. Return the sync requests, and how many were braked."""
        rows = self._call(
            "SELECT * FROM certification.request_repairs(%(run)s, %(id)s, %(everybody)s)",
            {"run": run_id, "id": self._id, "everybody": everybody},
        )
        return Repairs(
            tuple(SyncRequest(row["mentor_id"], row["version"]) for row in rows if row["mentor_id"] is not None),
            sum(row["braked"] or 0 for row in rows),
        )

    def close(self) -> None:
        """Drop what was read."""
        self._writer.close()
        call(self._connection, "SELECT certification.close_comparison(%(id)s)", {"id": self._id})


_ADD = (
    "SELECT certification.add_website_rows(%(id)s, %(sites)s::integer[], %(mentors)s::uuid[], %(rows)s::uuid[],"
    " %(shown)s::smallint[], %(contents)s::text[], %(others)s::text[])"
)


@contextmanager
def comparing(connection: Connection, settling: timedelta) -> Iterator[PostgresComparison]:
    """Open a comparison, which is dropped when the block ends.

    A row that was written less than `settling` ago may still be under way, so it is no difference yet.
    """
    comparison = PostgresComparison(connection, settling)
    try:
        yield comparison
    finally:
        # The next comparison removes what is left after a lost connection.
        with suppress(CertificationError):
            comparison.close()
