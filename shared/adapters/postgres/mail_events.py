"""What became of each mail in PostgreSQL, by database/functions/notices/mail_events.sql."""

from __future__ import annotations

from typing import TYPE_CHECKING

from shared.adapters.postgres.connection import Connection, call
from shared.domain.mail.events import DrillOutcome, RecordOutcome

if TYPE_CHECKING:
    from shared.domain.mail.events import DrillEvent, MailEvent


class PostgresMailEvents:
    """shared.ports.MailEvents. Every call is one committed transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def record(self, event: MailEvent) -> RecordOutcome:
        """Record the event once, and apply it unless the notice's sender has still to settle."""
        rows = call(
            self._connection,
            "SELECT certification.record_mail_event(%(key)s, %(notice)s, %(kind)s, %(message_id)s, %(accepted_at)s,"
            " %(occurred_at)s, %(bounce_type)s, %(code)s, %(status)s) AS outcome",
            {
                "key": event.key,
                "notice": event.notice_id,
                "kind": event.kind,
                "message_id": event.message_id,
                "accepted_at": event.accepted_at,
                "occurred_at": event.occurred_at,
                "bounce_type": event.bounce_type,
                "code": event.code,
                "status": event.status,
            },
        )
        return RecordOutcome(rows[0]["outcome"])

    def record_drill(self, event: DrillEvent) -> DrillOutcome:
        """Record what became of a mail of a drill (database/functions/notices/drills.sql)."""
        rows = call(
            self._connection,
            "SELECT certification.record_drill_event(%(drill)s, %(kind)s, %(occurred_at)s, %(code)s) AS outcome",
            {"drill": event.drill_id, "kind": event.kind, "occurred_at": event.occurred_at, "code": event.code},
        )
        return DrillOutcome(rows[0]["outcome"])
