"""The ports of mail_events."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from shared.adapters.postgres.alerts import PostgresAlerts
from shared.adapters.postgres.mail_events import PostgresMailEvents
from shared.bootstrap.alerts import alert_publisher
from shared.bootstrap.database import kept_connection, login_reader
from shared.bootstrap.init import in_init

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from shared.ports import MailEvents, Report


@dataclass(frozen=True)
class MailEventsPorts:
    """The ports of one event."""

    mail_events: MailEvents
    publish_alerts: Callable[[str], None]


@contextmanager
def mail_events_ports(report: Report) -> Iterator[MailEventsPorts]:
    """Yield the ports on the container's connection."""
    with kept_connection().use() as connection:
        yield MailEventsPorts(
            mail_events=PostgresMailEvents(connection),
            publish_alerts=alert_publisher(PostgresAlerts(connection), report),
        )


in_init(login_reader)
