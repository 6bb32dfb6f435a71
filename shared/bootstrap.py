"""The composition root: which adapter stands behind which port."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from shared.adapters.postgres.connection import connect
from shared.adapters.postgres.night import PostgresNight
from shared.adapters.postgres.outbox import PostgresOutbox
from shared.adapters.postgres.runs import PostgresRuns
from shared.adapters.secrets import read_secret
from shared.settings import mail_settings, settings, website_settings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from shared.adapters.dataverse.service import Service
    from shared.ports import Gate, Mailer, Night, Outbox, Runs, Website


@dataclass(frozen=True)
class Database:
    """The ports that PostgreSQL stands behind, on one connection."""

    runs: Runs
    night: Night
    outbox: Outbox


@contextmanager
def database() -> Iterator[Database]:
    """The database of this function, under this function's own role."""
    arn, region = settings().database_secret_arn, settings().region
    with connect(lambda fresh: read_secret(arn, region, fresh=fresh)) as connection:
        yield Database(PostgresRuns(connection), PostgresNight(connection), PostgresOutbox(connection))


def mailer() -> Mailer:
    """SES, from the configured sender. One client per run: a connection that outlived a freeze may be dead."""
    from shared.adapters.messages import Sender  # noqa: PLC0415 - only send_notices pays for it
    from shared.adapters.ses import SesMailer, ses_client  # noqa: PLC0415

    mail = mail_settings()
    return SesMailer(ses_client(settings().region), Sender(mail.sender), configuration_set=mail.configuration_set)


def website(gate: Gate, time_left: Callable[[], float]) -> Website:
    """The website in Dataverse. `time_left`: seconds in which requests may still be under way."""
    from shared.adapters.dataverse.website import DataverseWebsite  # noqa: PLC0415 - httpx takes 120 ms to import

    its = website_settings()
    return DataverseWebsite(_dataverse(), gate, time_left=time_left, batch_size=its.batch_size, parallel=its.parallel)


@cache
def _dataverse() -> Service:
    """One for the container: the token and the connections outlive an invocation."""
    from shared.adapters.dataverse.service import Service  # noqa: PLC0415

    its, region = website_settings(), settings().region
    return Service(its.url, its.authority, lambda fresh: read_secret(its.secret_arn, region, fresh=fresh))
