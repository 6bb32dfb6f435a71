"""The ports of send_notices."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from shared.adapters.aws.ses import SesMailer, ses_client
from shared.adapters.email.mime import Sender
from shared.adapters.postgres.alerts import PostgresAlerts
from shared.adapters.postgres.outbox import PostgresOutbox
from shared.adapters.postgres.runs import PostgresRuns
from shared.bootstrap.alerts import alert_publisher
from shared.bootstrap.database import database_connection, login_reader
from shared.bootstrap.init import in_init
from shared.settings import mail_settings, settings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from shared.ports import Mailer, Outbox, Report, Runs


@dataclass(frozen=True)
class SendNoticesPorts:
    """The ports of one sending run. A claim older than `stuck_after` is reported as stuck."""

    runs: Runs
    outbox: Outbox
    mailer: Mailer
    stuck_after: timedelta
    publish_alerts: Callable[[str], None]


@contextmanager
def send_notices_ports(report: Report) -> Iterator[SendNoticesPorts]:
    """Open the database for one run and yield its ports.

    The mail client lives for one run only, because a connection that outlived a freeze of the container may be dead.
    """
    mail = mail_settings()
    with database_connection() as connection:
        yield SendNoticesPorts(
            runs=PostgresRuns(connection),
            outbox=PostgresOutbox(connection),
            mailer=SesMailer(
                ses_client(settings().region), Sender(mail.sender), configuration_set=mail.configuration_set
            ),
            stuck_after=timedelta(minutes=mail.stuck_after_minutes),
            publish_alerts=alert_publisher(PostgresAlerts(connection), report),
        )


in_init(login_reader, mail_settings)
