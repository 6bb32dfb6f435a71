"""Alerts and the people who are alerted, in memory."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from shared.domain.errors import CertificationError, OperationsUnreachableError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from shared.domain.alerts import Alert, AlertMessage

_SUBJECT = "HLF certification: "


@dataclass
class FakeAlertPublisher:
    """shared.ports.AlertPublisher that keeps what was published, or is away."""

    published: list[AlertMessage] = field(default_factory=list)
    away: bool = False

    def publish(self, message: AlertMessage) -> None:
        if self.away:
            raise OperationsUnreachableError("sns_gone")
        self.published.append(message)

    def subjects(self) -> list[str]:
        """Return the subjects of what was published since the last call of this or bodies()."""
        found = [message.subject.removeprefix(_SUBJECT) for message in self.published]
        self.published.clear()
        return found

    def bodies(self) -> list[str]:
        """Return the bodies of what was published since the last call of this or subjects()."""
        found = [message.body for message in self.published]
        self.published.clear()
        return found


@dataclass
class FakeAlerts:
    """shared.ports.Alerts: what is unsent stays so until it is marked. What is wrong is the database's to say."""

    unsent: list[Alert] = field(default_factory=list)
    counts: Mapping[str, int] = field(
        default_factory=lambda: {"alerts_open": 0, "alerts_opened": 0, "alerts_closed": 0}
    )
    error: CertificationError | None = None
    """What recording raises."""

    def record(self) -> Mapping[str, int]:
        if self.error is not None:
            raise self.error
        return self.counts

    def claim_unsent(self) -> Sequence[Alert]:
        return tuple(self.unsent)

    def mark_sent(self, alert: Alert) -> None:
        self.unsent.remove(alert)
