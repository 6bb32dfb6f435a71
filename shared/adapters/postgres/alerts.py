"""Alerts in PostgreSQL, by the functions of database/functions/alerts/alerts.sql."""

from __future__ import annotations

from typing import TYPE_CHECKING

from shared.adapters.postgres.connection import Connection, call
from shared.domain.alerts import Alert, AlertMessageKind, Condition

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


_KNOWN = frozenset(Condition)


class PostgresAlerts:
    """shared.ports.Alerts. Every call is one committed transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def record(self) -> Mapping[str, int]:
        """Open an alert for each new problem and close those that are over. Return the counts."""
        rows = call(self._connection, "SELECT * FROM certification.record_alerts()", {})
        return {row["measure"]: row["n"] for row in rows}

    def claim_unsent(self) -> Sequence[Alert]:
        """Claim and return the alerts to send now. Another run leaves them alone for two minutes."""
        rows = call(self._connection, "SELECT * FROM certification.claim_unsent_alerts() ORDER BY id", {})
        return [
            Alert(
                id=row["id"],
                kind=AlertMessageKind(row["kind"]),
                condition=Condition(row["condition"]),
                subject=row["subject"],
                since=row["since"],
                closed_at=row["closed_at"],
                n=row["n"],
                ids=tuple(row["ids"]),
                facts=row["facts"],
                mark=row["mark"],
            )
            for row in rows
            if row["condition"] in _KNOWN  # an unknown one is of a newer version, whose functions send it
        ]

    def mark_sent(self, alert: Alert) -> None:
        """Record that the alert's message has been sent."""
        call(
            self._connection,
            "SELECT certification.mark_alert_sent(%(id)s, %(kind)s, %(mark)s)",
            {"id": alert.id, "kind": alert.kind, "mark": alert.mark},
        )
