"""The record of runs in PostgreSQL, by the functions of database/functions/runs.sql and time.sql."""

from __future__ import annotations

from typing import TYPE_CHECKING

from shared.adapters.postgres.connection import Connection, call
from shared.domain.errors import ConnectionLostError
from shared.domain.runs import Organisation, Verdict

if TYPE_CHECKING:
    from datetime import date, datetime
    from uuid import UUID


class PostgresRuns:
    """shared.ports.Runs. Every call is one committed transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def start(self, function: str, scheduled_at: datetime, request_id: str) -> UUID:
        """Open a run. Runs of the same function that never ended are closed as failed."""
        rows = call(
            self._connection,
            "SELECT certification.start_run(%(function)s, %(scheduled_at)s, %(request_id)s) AS id",
            {"function": function, "scheduled_at": scheduled_at, "request_id": request_id},
        )
        run_id: UUID = rows[0]["id"]
        return run_id

    def latest_scheduled_time(self, *, by_the_clock_too: bool) -> datetime:
        """Return the latest scheduled time that a run may have (I15): 36 hours ahead of what counts as now.

        `by_the_clock_too`: the clock counts as well as the day that the local stack simulates.
        """
        rows = call(
            self._connection,
            "SELECT certification.latest_scheduled_time(%(by_the_clock_too)s) AS at",
            {"by_the_clock_too": by_the_clock_too},
        )
        latest: datetime = rows[0]["at"]
        return latest

    def organisations(self) -> tuple[Organisation, ...]:
        """Return every organisation with the settings in force."""
        rows = call(self._connection, "SELECT * FROM certification.organisations_to_run()", {})
        return tuple(
            Organisation(
                id=row["organisation_id"],
                timezone=row["timezone"] or "",
                thresholds=tuple(row["thresholds"]),
                org_thresholds=row["org_thresholds"],
                reactivate_renewed=row["reactivate_renewed"],
            )
            for row in rows
        )

    def start_organisation(self, run_id: UUID, organisation_id: UUID, as_of: date | None) -> None:
        """Open an organisation's part of a run; `as_of` is None if its day could not be determined."""
        call(
            self._connection,
            "SELECT certification.start_organisation(%(run)s, %(organisation)s, %(as_of)s)",
            {"run": run_id, "organisation": organisation_id, "as_of": as_of},
        )

    def finish_organisation(self, run_id: UUID, organisation_id: UUID, verdict: Verdict) -> None:
        """Close an organisation's part of a run."""
        call(
            self._connection,
            "SELECT certification.finish_organisation(%(run)s, %(organisation)s, %(state)s, %(reason)s)",
            {"run": run_id, "organisation": organisation_id, "state": verdict.state, "reason": verdict.reason},
        )

    def finish(self, run_id: UUID, verdict: Verdict) -> None:
        """Close a run, on a new connection if this one dies meanwhile. A second verdict of a run is ignored."""
        try:
            self._finish(run_id, verdict)
        except ConnectionLostError:
            self._finish(run_id, verdict)

    def _finish(self, run_id: UUID, verdict: Verdict) -> None:
        call(
            self._connection,
            "SELECT certification.finish_run(%(run)s, %(state)s, %(reason)s, %(website_codes)s)",
            {
                "run": run_id,
                "state": verdict.state,
                "reason": verdict.reason,
                "website_codes": sorted(verdict.website_codes),
            },
        )
