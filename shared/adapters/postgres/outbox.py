"""The notices to send in PostgreSQL, by the functions of database/functions/notices/outbox.sql and digests.sql."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from shared.adapters.postgres.connection import Connection, call
from shared.domain.errors import PermanentError
from shared.domain.mail.notices import (
    SECTIONS,
    Digest,
    DigestLine,
    Locale,
    Notice,
    NoticeKind,
    Outcome,
    Sent,
    ServiceRefused,
    Throttled,
    Undeliverable,
    Unknown,
)
from shared.domain.runs import Count

if TYPE_CHECKING:
    from datetime import date, datetime
    from uuid import UUID


class PostgresOutbox:
    """shared.ports.Outbox. Every call is one committed transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def claim(self, run_id: UUID, organisation_id: UUID, today: date, *, digests: bool) -> Notice | None:
        """Claim and return the next notice; None if there is none. An incomplete notice is settled as undeliverable."""
        while True:
            rows = call(
                self._connection,
                "SELECT * FROM certification.claim_notice(%(run)s, %(organisation)s, %(digests)s, %(today)s)",
                {"run": run_id, "organisation": organisation_id, "digests": digests, "today": today},
            )
            if not rows:
                return None
            try:
                return self._notice(rows[0], today)
            except PermanentError:
                self.settle(rows[0]["notice_id"], run_id, Undeliverable("incomplete_notice"))

    def settle(self, notice_id: int, run_id: UUID, outcome: Outcome) -> None:
        """Record what became of a claimed notice."""
        state, reason, message_id = _settlement(outcome)
        call(
            self._connection,
            "SELECT certification.settle_notice(%(notice)s, %(run)s, %(state)s, %(reason)s, %(message_id)s)",
            {"notice": notice_id, "run": run_id, "state": state, "reason": reason, "message_id": message_id},
        )

    def complete_digests(self, run_id: UUID, organisation_id: UUID) -> None:
        """Add to the digests what has happened since the nightly check: refused mails and changes of coordinator."""
        call(
            self._connection,
            "SELECT certification.complete_digests(%(run)s, %(organisation)s)",
            {"run": run_id, "organisation": organisation_id},
        )

    def count(self, run_id: UUID, organisation_id: UUID, *, stuck_before: datetime) -> tuple[Count, ...]:
        """Count what this run did, what waits, and what is stuck."""
        rows = call(
            self._connection,
            "SELECT * FROM certification.count_sending(%(run)s, %(organisation)s, %(stuck_before)s)",
            {"run": run_id, "organisation": organisation_id, "stuck_before": stuck_before},
        )
        return tuple(Count(row["measure"], row["detail"], row["n"]) for row in rows)

    def _notice(self, row: dict[str, Any], today: date) -> Notice:
        kind = NoticeKind(row["kind"])
        return Notice(
            id=row["notice_id"],
            kind=kind,
            locale=Locale(row["locale"]),
            organisation_name=row["organisation_name"],
            recipient_name=row["recipient_name"] or "",
            recipient_address=row["recipient_address"] or "",
            expires_on=row["expires_on"],
            days_left=_days_left(row["expires_on"], today),
            contact_name=row["contact_name"],
            contact_email=row["contact_address"],
            digest=self._digest(row["notice_id"], today) if kind is NoticeKind.DIGEST else None,
            instead_of=row["instead_of"],
        )

    def _digest(self, notice_id: int, today: date) -> Digest:
        rows = call(self._connection, "SELECT * FROM certification.digest_lines(%(notice)s)", {"notice": notice_id})
        sections: dict[str, list[DigestLine]] = {section: [] for section in SECTIONS}
        for row in rows:
            sections[row["section"]].append(
                DigestLine(
                    mentor_name=row["mentor_name"],
                    phone=row["phone"],
                    email=row["email"],
                    expires_on=row["expires_on"],
                    days_left=_days_left(row["expires_on"], today),
                    reason=row["reason"],
                )
            )
        omitted = {row["section"]: row["omitted"] for row in rows}
        return Digest(omitted=sum(omitted.values()), **{name: tuple(lines) for name, lines in sections.items()})


def _days_left(expires_on: date | None, today: date) -> int | None:
    return None if expires_on is None else (expires_on - today).days


def _settlement(outcome: Outcome) -> tuple[str, str | None, str | None]:
    match outcome:
        case Sent(message_id):
            return "sent", None, message_id
        case Undeliverable(reason):
            return "undeliverable", reason, None
        case Throttled():
            return "pending", "throttled", None
        case ServiceRefused(reason):
            return "pending", reason, None
        case Unknown(reason):
            return "claimed", reason, None
