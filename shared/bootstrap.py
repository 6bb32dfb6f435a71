"""The composition root: which adapter stands behind which port."""

from __future__ import annotations

import time
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache, partial
from typing import TYPE_CHECKING, Any

from shared.adapters.aws.secrets import SecretKeys, SecretVersions, read_secret
from shared.domain.commands import Target
from shared.domain.webhook import usable_keys
from shared.settings import (
    doorbell_settings,
    mail_settings,
    operations_settings,
    queue_settings,
    reconciliation_settings,
    repair_settings,
    settings,
    website_settings,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from uuid import UUID

    from shared.adapters.dataverse.service import Service
    from shared.adapters.postgres.connection import KeptConnection
    from shared.domain.comparison import Acceptance
    from shared.domain.credential import Health
    from shared.domain.listings import SyncResult
    from shared.domain.runs import Verdict
    from shared.ports import (
        Alerts,
        Comparison,
        Gate,
        Keys,
        Listings,
        Mailer,
        Night,
        Outbox,
        Report,
        Runs,
        SyncQueue,
        SyncState,
        Website,
        WebsiteReader,
    )


# What the last reply said has to be written down before the function's time is up.
_SECONDS_TO_SETTLE = 5.0
# A website that hangs must not use up the night.
_SECONDS_TO_CHECK = 45.0


@dataclass(frozen=True)
class Database:
    """The ports that PostgreSQL stands behind, on one connection."""

    runs: Runs
    night: Night
    outbox: Outbox
    listings: Listings
    state: SyncState
    alerts: Alerts


@contextmanager
def telling_operations(function: str, run_by: Database, report: Report) -> Iterator[None]:
    """Tell operations what is wrong when the block ends, however it ends: the run has written down what it saw."""
    try:
        yield
    finally:
        tell(function, run_by.alerts, report)


def tell(function: str, alerts: Alerts, report: Report) -> None:
    """Open and close alerts by what is wrong now, and send what is due. Raises nothing that is foreseen."""
    from shared.adapters.aws.sns import SnsOperations  # noqa: PLC0415
    from shared.use_cases.publish_alerts import tell_operations  # noqa: PLC0415

    its = operations_settings()
    operations = SnsOperations(its.region, its.topic_arn)
    tell_operations(
        function,
        alerts=alerts,
        operations=operations,
        report=report,
        now=datetime.now(UTC),
        language=its.language,
        target=Target(its.stack),
    )


@contextmanager
def database() -> Iterator[Database]:
    """The database of this function, under this function's own role."""
    from shared.adapters.postgres.alerts import PostgresAlerts  # noqa: PLC0415 - psycopg takes 100 ms to import
    from shared.adapters.postgres.connection import connect  # noqa: PLC0415
    from shared.adapters.postgres.listings import PostgresListings, PostgresSyncState  # noqa: PLC0415
    from shared.adapters.postgres.nightly import PostgresNight  # noqa: PLC0415
    from shared.adapters.postgres.outbox import PostgresOutbox  # noqa: PLC0415
    from shared.adapters.postgres.runs import PostgresRuns  # noqa: PLC0415

    arn, region = settings().database_secret_arn, settings().region
    with connect(lambda fresh: read_secret(arn, region, fresh=fresh)) as connection:
        yield Database(
            PostgresRuns(connection),
            PostgresNight(connection),
            PostgresOutbox(connection),
            PostgresListings(connection),
            PostgresSyncState(connection),
            PostgresAlerts(connection),
        )


def mailer() -> Mailer:
    """SES, from the configured sender. One client per run: a connection that outlived a freeze may be dead."""
    from shared.adapters.aws.ses import SesMailer, ses_client  # noqa: PLC0415
    from shared.adapters.email.mime import Sender  # noqa: PLC0415 - only send_notices pays for it

    mail = mail_settings()
    return SesMailer(ses_client(settings().region), Sender(mail.sender), configuration_set=mail.configuration_set)


@dataclass(frozen=True)
class Syncing:
    """What dynamics_sync works with."""

    listings: Listings
    sync: Callable[[Iterable[UUID]], SyncResult]
    alerts: Alerts


@contextmanager
def website_sync(
    time_left: Callable[[], float], pause: Callable[[float], None], *, repairs: bool = False
) -> Iterator[Syncing]:
    """The listings, and the sync of some of them to the website. `time_left`: seconds this function still has.

    `repairs`: with fewer requests at a time, so that live changes find the website free.
    """
    from shared.adapters.postgres.alerts import PostgresAlerts  # noqa: PLC0415
    from shared.adapters.postgres.listings import PostgresListings, PostgresSyncState  # noqa: PLC0415
    from shared.use_cases.sync_listings import sync_listings  # noqa: PLC0415

    with _kept_connection().use() as connection:
        listings, state = PostgresListings(connection), PostgresSyncState(connection)
        sync = partial(
            sync_listings,
            listings=listings,
            website=website(state, lambda: time_left() - _SECONDS_TO_SETTLE, repairs=repairs),
            state=state,
            time_left=time_left,
            pause=pause,
        )
        yield Syncing(listings, sync, PostgresAlerts(connection))


@cache
def _kept_connection() -> KeptConnection:
    """One for the container: signing in to the database costs more than a sync of one listing."""
    from shared.adapters.postgres.connection import KeptConnection  # noqa: PLC0415

    arn, region = settings().database_secret_arn, settings().region
    return KeptConnection(lambda fresh: read_secret(arn, region, fresh=fresh))


@cache
def sync_queue() -> SyncQueue:
    """The queue of sync requests. One for the container."""
    from shared.adapters.aws.sqs import SqsSyncQueue, sqs_client  # noqa: PLC0415

    its = queue_settings()
    return SqsSyncQueue(sqs_client(its.region), its.url)


@cache
def repair_queue() -> SyncQueue:
    """The queue of repairs. One for the container."""
    from shared.adapters.aws.sqs import SqsSyncQueue, sqs_client  # noqa: PLC0415

    its = repair_settings()
    return SqsSyncQueue(sqs_client(its.region), its.url)


def is_repair_queue(name: str) -> bool:
    """Whether the queue of this name is that of repairs."""
    return repair_settings().url.rpartition("/")[2] == name


@dataclass(frozen=True)
class Reconciling:
    """What a run of reconciliation works with."""

    database: Database
    check: Callable[[], Health]
    full: Callable[[UUID, Acceptance | None], Verdict]
    sweep: Callable[[UUID, Health], Verdict]


@contextmanager
def reconciling(report: Report, time_left: Callable[[], float]) -> Iterator[Reconciling]:
    """Reconciliation on its database and website. `time_left`: seconds this function still has."""
    from shared.adapters.aws.sqs import SqsQueueDepths, sqs_client  # noqa: PLC0415
    from shared.adapters.postgres.comparison import PostgresReconciliation, comparing  # noqa: PLC0415
    from shared.adapters.postgres.connection import connect  # noqa: PLC0415
    from shared.use_cases.compare_website import compare_website  # noqa: PLC0415
    from shared.use_cases.sweep import Sweep  # noqa: PLC0415

    its, arn, region = reconciliation_settings(), settings().database_secret_arn, settings().region
    settling = timedelta(seconds=its.settling_seconds)
    urls = {
        "SyncRequests": its.sync_requests,
        "RepairRequests": its.repair_requests,
        "SyncDeadLetters": its.sync_dead_letters,
        "DeadLetters": its.dead_letters,
    }

    @contextmanager
    def compared() -> Iterator[Comparison]:
        with comparing(connection, settling) as comparison:
            yield comparison

    # A connection of its own for the comparison: while it takes its time, the thread that reads asks the other whether
    # it may (I9).
    with database() as its_database, connect(lambda fresh: read_secret(arn, region, fresh=fresh)) as connection:
        reconciliation = PostgresReconciliation(connection)
        reader = website_reader(its_database.state, lambda: time_left() - _SECONDS_TO_SETTLE)

        def full(run_id: UUID, acceptance: Acceptance | None) -> Verdict:
            return compare_website(
                run_id,
                comparing=compared,
                reconciliation=reconciliation,
                reader=reader,
                queue=repair_queue(),
                report=report,
                now=lambda: datetime.now(UTC),
                time_left=time_left,
                acceptance=acceptance,
            )

        def sweep(run_id: UUID, health: Health) -> Verdict:
            return Sweep(
                reconciliation=reconciliation,
                comparing=compared,
                reader=reader,
                state=its_database.state,
                depths=SqsQueueDepths(sqs_client(region), urls),
                queue=repair_queue(),
                report=report,
                settling=settling,
                time_left=time_left,
            ).run(run_id, recovered=health.recovered)

        yield Reconciling(
            its_database, lambda: check_credential(its_database.listings, its_database.state), full, sweep
        )


@cache
def doorbell_keys() -> Keys:
    """The keys that sign the doorbell; one for the container, since it remembers when it last read them."""
    its = doorbell_settings()
    return SecretKeys(lambda fresh: usable_keys(read_secret(its.secret_arn, its.region, fresh=fresh)))


def website(gate: Gate, time_left: Callable[[], float], *, repairs: bool = False) -> Website:
    """The website in Dataverse. `time_left`: seconds in which requests may still be under way."""
    from shared.adapters.dataverse.website import DataverseWebsite  # noqa: PLC0415 - httpx takes 120 ms to import

    its = website_settings()
    parallel = its.repair_parallel if repairs else its.parallel
    return DataverseWebsite(_dataverse(), gate, time_left=time_left, batch_size=its.batch_size, parallel=parallel)


def website_reader(gate: Gate, time_left: Callable[[], float]) -> WebsiteReader:
    """The website as it is. `time_left`: seconds in which requests may still be under way."""
    from shared.adapters.dataverse.reader import DataverseReader  # noqa: PLC0415 - as in `website`

    its = website_settings()
    return DataverseReader(
        _dataverse(), gate, time_left=time_left, batch_size=its.batch_size, parallel=its.repair_parallel
    )


def check_credential(listings: Listings, state: SyncState, *, seconds: float = _SECONDS_TO_CHECK) -> Health:
    """Whether Dataverse lets us in, with the secret in use and with the next. Takes about `seconds` at worst.

    Raises SettingsError, and the errors of the database.
    """
    from shared.adapters.dataverse.website import DataverseWebsite  # noqa: PLC0415 - as in `website`
    from shared.use_cases.check_credential import check_credential as check  # noqa: PLC0415

    its, region = website_settings(), settings().region
    until = time.monotonic() + seconds

    def time_left() -> float:
        return until - time.monotonic()

    @contextmanager
    def signed_in_by(secret: Mapping[str, Any]) -> Iterator[Website]:
        with closing(_service(lambda _: secret)) as service:
            yield DataverseWebsite(service, state, time_left=time_left, batch_size=its.batch_size, parallel=1)

    return check(
        website=website(state, time_left),
        signed_in_by=signed_in_by,
        listings=listings,
        state=state,
        secrets=SecretVersions(its.secret_arn, region),
    )


@cache
def _dataverse() -> Service:
    """One for the container: the token and the connections outlive an invocation."""
    arn, region = website_settings().secret_arn, settings().region
    return _service(lambda fresh: read_secret(arn, region, fresh=fresh))


def _service(read: Callable[[bool], Mapping[str, Any]]) -> Service:
    from shared.adapters.dataverse.service import Service  # noqa: PLC0415

    its = website_settings()
    return Service(its.url, its.authority, read)
