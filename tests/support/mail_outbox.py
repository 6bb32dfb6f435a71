"""Notices in the states of their mails, and events about them, as rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

if TYPE_CHECKING:
    from tests.support.foundation import Foundation

SOMEWHERE = UUID(int=1)
"""An organisation that nothing else knows."""


@dataclass(frozen=True)
class MailOutbox:
    """Writes what the sender and SES's events leave in the database. Times are hours ago."""

    foundation: Foundation

    def sent(self, hours_ago: float = 1.0, arrival: str | None = None, *, n: int = 1, **columns: Any) -> int:
        """Return the id of the last of n mails that were accepted so long ago; `arrival` came at once."""
        known: dict[str, Any] = {
            "organisation_id": SOMEWHERE,
            "kind": "expired",
            "mentor_id": None,
            "coordinator_id": None,
            "certification_expiry_date": "2026-11-30",
            "address_digest": b"somebody",
            "fallback_of": None,
        } | columns
        if known["kind"] == "digest":
            known["certification_expiry_date"] = None
        elif known["mentor_id"] is None:
            known["mentor_id"] = "gen_random_uuid()"
        drawn = known["mentor_id"] == "gen_random_uuid()"
        if drawn:
            del known["mentor_id"]
        names = ", ".join(known)
        return max(
            self.foundation.all(
                f"INSERT INTO certification.notices (run_id, state, sender_run_id, attempts, claimed_at, settled_at,"
                f" message_id, arrival, arrival_at, {names}{', mentor_id' if drawn else ''})"
                " SELECT gen_random_uuid(), 'sent', gen_random_uuid(), 1, t.at, t.at, 'ses-1', %s::text,"
                f" CASE WHEN %s::text IS NOT NULL THEN t.at END, {', '.join(['%s'] * len(known))}"
                f"{', gen_random_uuid()' if drawn else ''}"
                " FROM (SELECT clock_timestamp() - make_interval(secs => %s) AS at) AS t,"
                " generate_series(1, %s) RETURNING id",
                arrival,
                arrival,
                *known.values(),
                hours_ago * 3600,
                n,
            )
        )

    def event(self, notice: int, kind: str, hours_ago: float = 0.0) -> None:
        """Record an event of that kind, received so long ago."""
        self.foundation.do(
            "INSERT INTO certification.mail_events"
            " (event_key, notice_id, kind, message_id, occurred_at, received_at, bounce_type, applied_at)"
            " SELECT %s, %s, %s, 'ses-1', t.at, t.at, CASE %s WHEN 'bounce' THEN 'permanent' END, t.at"
            " FROM (SELECT clock_timestamp() - make_interval(secs => %s) AS at) AS t",
            str(uuid4()),
            notice,
            kind,
            kind,
            hours_ago * 3600,
        )

    def arrived(self, notice: int, arrival: str, hours_ago: float = 0.0) -> None:
        """Say that this became of a mail, so long ago."""
        self.foundation.do(
            "UPDATE certification.notices SET arrival = %s,"
            " arrival_at = clock_timestamp() - make_interval(secs => %s) WHERE id = %s",
            arrival,
            hours_ago * 3600,
            notice,
        )
