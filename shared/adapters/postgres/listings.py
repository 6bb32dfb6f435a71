"""The listings, and the state that all workers share, in PostgreSQL.

The functions of the listings are in database/functions/sync/claims.sql and settling.sql, and `website_tables` in
database/functions/reconciliation/pages.sql. Those of the shared state are in database/functions/sync/website_state.sql.
"""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING

from shared.adapters.postgres.array_text import id_array, plain_array, text_array
from shared.adapters.postgres.connection import Connection, call, call_for_tuples
from shared.domain.credentials.credential import CredentialState
from shared.domain.listings import (
    NO_ROW,
    Accepted,
    Action,
    Change,
    Claim,
    ListingTable,
    NotNow,
    OutcomeUnknown,
    Outdated,
    PushOutcome,
    Refused,
    RefusedKind,
    Result,
    SettleOutcome,
    StopRecord,
    SyncRequest,
)

if TYPE_CHECKING:
    from collections.abc import Container, Sequence
    from datetime import timedelta
    from uuid import UUID

    from shared.domain.credentials.credential import Health

_LEFT = ("again", "locked", "outcome_unknown")
_RESULTS = {
    "outcome_unknown": Result.GIVEN_BACK,
    "nothing_to_show": Result.NOTHING_TO_SHOW,
    "already": Result.ALREADY,
    "busy": Result.BUSY,
    "unknown": Result.UNKNOWN,
    "rejected": Result.STILL_REJECTED,
    "braked": Result.BRAKED,
}


class PostgresListings:
    """shared.ports.Listings. Every call is one committed transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def claim(self, mentor_ids: Sequence[UUID], worker: UUID, lease: timedelta) -> Claim:
        """Claim the changes to send, those that hide first."""
        rows = call_for_tuples(
            self._connection,
            "SELECT mentor_id, outcome, version, action, website_table, website_key, body, bare_body, row_version"
            " FROM certification.claim_listings(%(mentors)s::uuid[], %(worker)s, %(lease)s)",
            {"mentors": id_array(mentor_ids), "worker": worker, "lease": lease},
        )
        hides: list[Change] = []
        publishes: list[Change] = []
        done: dict[UUID, Result] = {}
        locked: list[UUID] = []
        for mentor_id, outcome, version, action, table, key, body, bare_body, row_version in rows:
            if outcome == "send" and action == "hide":
                # Without a known row, the use case reads the row first.
                hides.append(Change(mentor_id, version, Action.HIDE, table, key, body, bare_body, row_version))
            elif outcome == "send":
                # Without a known row one is created, unless a row exists after all.
                publishes.append(
                    Change(mentor_id, version, Action.PUBLISH, table, key, body, None, row_version or NO_ROW)
                )
            elif outcome == "locked":
                locked.append(mentor_id)
            elif outcome in _RESULTS:  # a newer database may know more outcomes: those are given back
                done[mentor_id] = _RESULTS[outcome]
        return Claim((*hides, *publishes), done, tuple(locked), {row[0]: row[2] for row in rows})

    def settle(
        self,
        worker: UUID,
        outcomes: Sequence[tuple[Change, PushOutcome]],
        outcome_unknown: Container[tuple[UUID, int]] = (),
    ) -> SettleOutcome:
        """Record what became of claimed listings.

        `outcome_unknown`: the mentors and versions of which a request may still be carried out.
        """
        written = [_written(outcome) for _, outcome in outcomes]
        rows = call_for_tuples(
            self._connection,
            "SELECT mentor_id, outcome FROM certification.settle_listings(%(worker)s, %(mentors)s::uuid[],"
            " %(outcomes)s::text[], %(reasons)s::text[], %(outcome_unknown)s::boolean[], %(versions)s::text[])",
            {
                "worker": worker,
                "mentors": id_array(change.mentor_id for change, _ in outcomes),
                "outcomes": plain_array(outcome for outcome, _ in written),
                "reasons": text_array(reason for _, reason in written),
                "outcome_unknown": plain_array(
                    (change.mentor_id, change.version) in outcome_unknown for change, _ in outcomes
                ),
                "versions": text_array(a.row_version if isinstance(a, Accepted) else None for _, a in outcomes),
            },
        )
        return SettleOutcome(
            **{name: tuple(mentor_id for mentor_id, outcome in rows if outcome == name) for name in _LEFT}
        )

    def unsynced(self, after: UUID | None, limit: int) -> tuple[SyncRequest, ...]:
        """Return a page of listings that the website does not show as they are and no worker is sending."""
        rows = call(
            self._connection,
            "SELECT * FROM certification.unsynced_listings(%(after)s, %(limit)s)",
            {"after": after, "limit": limit},
        )
        return tuple(SyncRequest(row["mentor_id"], row["version"]) for row in rows)

    def tables(self) -> tuple[ListingTable, ...]:
        """Return the tables of the website that are in use."""
        rows = call(self._connection, "SELECT * FROM certification.website_tables()", {})
        return tuple(ListingTable(row["website_table"], row["website_key"]) for row in rows)


class PostgresSyncState:
    """shared.ports.SyncState and shared.ports.Backoff. May be called from several threads."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def seconds_left(self) -> float:
        """Return the seconds until a request may be sent; 0 means now (I9)."""
        seconds: float = call(self._connection, "SELECT certification.backoff_seconds_left() AS seconds", {})[0][
            "seconds"
        ]
        return seconds

    def block_for(self, seconds: float, reason: str) -> None:
        """Record a Retry-After: no worker sends before it has run out."""
        call(
            self._connection,
            "SELECT certification.block_website_for(%(seconds)s, %(reason)s)",
            {"seconds": seconds, "reason": reason},
        )

    def stopped(self) -> StopRecord | None:
        """Return why all sending is stopped; None if it is not."""
        row = call(self._connection, "SELECT * FROM certification.website_stopped()", {})[0]
        return None if row["reason"] is None else StopRecord(row["reason"], row["try_now"])

    def stop(self, reason: str, *, secret_ended: bool = False) -> None:
        """Stop all sending until a check succeeds, because the website refuses our credential."""
        call(
            self._connection,
            "SELECT certification.stop_website(%(reason)s, %(secret_ended)s)",
            {"reason": reason, "secret_ended": secret_ended},
        )

    def resume(self) -> None:
        """End the stop, because a check has succeeded."""
        call(self._connection, "SELECT certification.resume_website()", {})

    def record_check(self, health: Health) -> bool:
        """Record what a health check found. Return whether this has ended a stop."""
        rows = call(
            self._connection,
            "SELECT certification.record_check(%(reason)s, %(refused)s, %(ends_on)s, %(pending)s, %(secret_ended)s,"
            " %(pending_version)s, %(form)s, %(pending_findings)s::jsonb) AS recovered",
            {
                "reason": None if health.state is CredentialState.HEALTHY else health.reason,
                "refused": health.state is CredentialState.REFUSED,
                "ends_on": health.secret_ends_on,
                "pending": health.pending,
                "secret_ended": health.secret_ended,
                "pending_version": health.pending_version,
                "form": health.form,
                "pending_findings": json.dumps([asdict(finding) for finding in health.pending_findings]),
            },
        )
        recovered: bool = rows[0]["recovered"]
        return recovered


def _written(outcome: PushOutcome) -> tuple[str, str | None]:
    match outcome:
        case Accepted():
            return "accepted", None if outcome.emptied else "not_emptied"
        case Refused(reason, RefusedKind.NO_SUCH_TABLE):
            return "no_such_table", reason
        case Refused(reason):
            return "refused", reason
        case NotNow(reason) | Outdated(reason) | OutcomeUnknown(reason):
            return "not_now", reason
