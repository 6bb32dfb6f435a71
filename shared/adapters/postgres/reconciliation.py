"""The records of reconciliation in PostgreSQL, except those of a comparison.

Its functions are in database/functions/: sync/sweep.sql, sync/website_state.sql, app/missed_changes.sql,
app/past_triggers.sql, notices/mail_events.sql, reconciliation/findings.sql, reconciliation/duplicates.sql,
keeping/retention.sql and keeping/chain.sql.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from shared.adapters.postgres.connection import Connection, call
from shared.domain.comparison import PastTrigger
from shared.domain.keeping import ChainEnd
from shared.domain.listings import SyncRequest

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import timedelta
    from uuid import UUID

    from shared.domain.comparison import Acceptance, Proof


class PostgresReconciliation:
    """shared.ports.Reconciliation. Every call is one committed transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def record_queue_depths(self, depths: Mapping[str, int]) -> None:
        """Record how many messages each queue has."""
        for queue, n in depths.items():
            call(
                self._connection,
                "SELECT certification.record_queue_depth(%(queue)s, %(n)s)",
                {"queue": queue, "n": n},
            )

    def count_waiting(self) -> dict[str, int]:
        """Return the counts of what the website does not show yet."""
        rows = call(self._connection, "SELECT * FROM certification.count_waiting()", {})
        return {row["measure"]: row["n"] for row in rows}

    def overdue(self, older_than: timedelta, limit: int) -> tuple[SyncRequest, ...]:
        """Return requests for changes that should have reached the website by now."""
        rows = call(
            self._connection,
            "SELECT * FROM certification.overdue_listings(%(older)s, %(limit)s)",
            {"older": older_than, "limit": limit},
        )
        return tuple(SyncRequest(row["mentor_id"], row["version"]) for row in rows)

    def take_up_missed_changes(self, limit: int) -> tuple[SyncRequest, ...]:
        """Record the changes that the triggers could not record. Return the requests to sync them."""
        rows = call(self._connection, "SELECT * FROM certification.take_up_missed_changes(%(limit)s)", {"limit": limit})
        return tuple(SyncRequest(row["mentor_id"], row["version"]) for row in rows)

    def retry_due_rejected(self, limit: int) -> int:
        """Take up the rejected listings that are due for another try. Return how many there are."""
        n: int = call(self._connection, "SELECT certification.retry_due_rejected(%(limit)s) AS n", {"limit": limit})[0][
            "n"
        ]
        return n

    def settle_mail_events(self, limit: int) -> dict[str, int]:
        """Apply the mail events whose sender is gone, and mark as unknown what a day is silent on. Return counts."""
        rows = call(self._connection, "SELECT * FROM certification.settle_mail_events(%(limit)s)", {"limit": limit})
        return {row["measure"]: row["n"] for row in rows}

    def find_past_triggers(self, run_id: UUID, limit: int) -> tuple[PastTrigger, ...]:
        """Raise the desired version of listings whose change no trigger saw, those to hide first."""
        rows = call(
            self._connection,
            "SELECT * FROM certification.find_past_triggers(%(run)s, %(limit)s)",
            {"run": run_id, "limit": limit},
        )
        return tuple(PastTrigger(row["mentor_id"], row["version"], row["kind"]) for row in rows)

    def to_recheck(self, settling: timedelta, limit: int) -> tuple[UUID, ...]:
        """Return the mentors whose rows to read back."""
        rows = call(
            self._connection,
            "SELECT * FROM certification.listings_to_recheck(%(settling)s, %(limit)s)",
            {"settling": settling, "limit": limit},
        )
        return tuple(row["mentor_id"] for row in rows)

    def write_proof(self, run_id: UUID, proof: Proof) -> None:
        """Store the result of a full comparison."""
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

    def record_acceptance(self, run_id: UUID, acceptance: Acceptance) -> None:
        """Record who confirms that the website really returned this few rows, and why."""
        call(
            self._connection,
            "SELECT certification.record_acceptance(%(run)s, %(actor)s, %(reason)s)",
            {"run": run_id, "actor": acceptance.actor, "reason": acceptance.reason},
        )

    def find_duplicates(self, run_id: UUID) -> dict[str, int]:
        """Search the logs themselves for anything that was done twice. Return the counts."""
        rows = call(self._connection, "SELECT * FROM certification.find_duplicates(%(run)s)", {"run": run_id})
        return {row["measure"]: row["n"] for row in rows}

    def delete_old_records(self, run_id: UUID, limit: int) -> dict[str, int]:
        """Delete what is older than it is kept, at most `limit` rows of each kind. Return the counts."""
        rows = call(
            self._connection,
            "SELECT * FROM certification.delete_old_records(%(run)s, %(limit)s)",
            {"run": run_id, "limit": limit},
        )
        return {row["measure"]: row["n"] for row in rows}

    def link_records(self, *, everything: bool) -> ChainEnd:
        """Link the records that are not in the chain yet. Return how many, and the chain's end."""
        row = call(
            self._connection, "SELECT * FROM certification.link_records(%(everything)s)", {"everything": everything}
        )[0]
        return ChainEnd(row["linked"], row["position"], row["hash"])
