"""The three steps of the nightly check in PostgreSQL, by the functions of database/functions/nightly/nightly.sql."""

from __future__ import annotations

from typing import TYPE_CHECKING

from shared.adapters.postgres.connection import Connection, call
from shared.domain.runs import Count, Step

if TYPE_CHECKING:
    from datetime import date
    from uuid import UUID

_CALLS = {
    Step.REACTIVATE: "SELECT * FROM certification.reactivate_renewed(%(org)s, %(as_of)s, %(run)s, %(everyone)s)",
    Step.REMIND: "SELECT * FROM certification.claim_reminders(%(org)s, %(as_of)s, %(run)s, %(everyone)s)",
    Step.EXPIRE: "SELECT * FROM certification.expire_mentors(%(org)s, %(as_of)s, %(run)s, %(everyone)s)",
}


class PostgresNightlyCheck:
    """shared.ports.NightlyCheck: one call, one transaction, whatever the number of mentors."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def run_step(
        self, step: Step, organisation_id: UUID, as_of: date, run_id: UUID, *, everyone: bool
    ) -> tuple[Count, ...]:
        """Run one step for one organisation and return all of its counts."""
        rows = call(
            self._connection,
            _CALLS[step],
            {"org": organisation_id, "as_of": as_of, "run": run_id, "everyone": everyone},
        )
        return tuple(Count(row["measure"], row["detail"], row["n"]) for row in rows)
