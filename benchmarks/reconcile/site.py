"""The data of a full comparison: any number of listings in PostgreSQL, and the same in the Dataverse emulator."""

from __future__ import annotations

import json
import tempfile
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from benchmarks.nightly.database import benchmark_server, connected
from benchmarks.scale.latency import DelayedPort
from benchmarks.sync.mentors import LOAD
from emulators.dataverse.client import EmulatorControl
from emulators.dataverse.process import LocalDataverse
from emulators.lambda_host.template.provision import local_clients, provision
from local.stack import database
from local.stack.aws import REGION, LocalAws
from local.stack.dataverse import TABLES
from local.stack.function_host import function_host
from local.stack.parameters import local_template, website_at
from local.stack.stack import endpoints

if TYPE_CHECKING:
    from collections.abc import Iterator

    from benchmarks.sync.stack import Progress
    from emulators.lambda_host.runtime.host import LambdaHost
    from shared.adapters.postgres.connection import Connection

FUNCTION: Final = "Reconciliation"
TABLE: Final = "hlf_peermentors"
_DATABASE: Final = "reconcile"

# The state as if every listing had been published an hour ago and read back since.
_LIVE: Final = """
    INSERT INTO certification.listings
        (mentor_id, organisation_id, state, desired_version, synced_version, accepted_version, verified_version,
         changed_at, synced_at, verified_at, shown_until, website)
    SELECT m.id, m.organisation_id, 'live', 1, 1, 1, 1, x.at, x.at, x.at, c.expires_on,
           certification.effective_mapping(m.organisation_id) - 'show'
      FROM public.peer_mentors AS m
      JOIN public.certifications AS c ON c.mentor_id = m.id
     CROSS JOIN (SELECT clock_timestamp() - interval '1 hour' AS at) AS x"""
_ROWS: Final = """
    SELECT m.id::text AS hlf_mentorid, concat_ws(' ', m.first_name, m.last_name) AS hlf_name,
           m.first_name AS hlf_firstname, m.last_name AS hlf_lastname, m.phone AS hlf_phone, m.email AS hlf_email,
           m.area AS hlf_area, o.name AS hlf_organisation
      FROM public.peer_mentors AS m JOIN public.organisations AS o ON o.id = m.organisation_id"""


class NotEqualError(Exception):
    """Raised when the comparison did not find the website equal, which makes its time meaningless.

    The message holds the result of the function.
    """


@dataclass
class ComparisonRun:
    """One full comparison: the seconds from the start of reading to the proof, and the peak memory of its process."""

    seconds: float
    peak_mb: int


@dataclass
class ReconciliationStack:
    """The real Reconciliation of template.yaml, and the services that it reads."""

    listings: int
    dsn: str
    connection: Connection
    dataverse: LocalDataverse
    host: LambdaHost
    delayed: DelayedPort | None = None

    @property
    def messages(self) -> int:
        """The messages that the functions have sent to a delayed database."""
        return 0 if self.delayed is None else self.delayed.messages

    def clean_up(self) -> None:
        """Remove dead rows and write out what is dirty, so that no way pays for the one before it."""
        self.connection.execute("VACUUM")
        self.connection.execute("CHECKPOINT")

    def compare(self) -> ComparisonRun:
        """Run a full comparison as the nightly schedule does. Raise NotEqualError if the two sides differ."""
        at = datetime.now(UTC).isoformat()
        ran = self.host.invoke(FUNCTION, {"scheduled_time": at, "mode": "full"})
        proof = self.connection.execute(
            "SELECT complete AND equal = %s AND app_hash = website_hash AS good,"
            " extract(epoch FROM ended_at - at)::float AS seconds FROM certification.proofs ORDER BY at DESC LIMIT 1",
            (self.listings,),
        ).fetchone()
        if proof is None or not proof["good"] or not ran.max_memory_mb:
            raise NotEqualError(f"the comparison found differences: {ran.payload}")
        return ComparisonRun(proof["seconds"], ran.max_memory_mb)


@contextmanager
def site(listings: int, progress: Progress, *, delay: float = 0.0) -> Iterator[ReconciliationStack]:
    """Yield a stack with `listings` listings that are all live and equal on the website.

    `delay` is what each statement of the function takes longer, in seconds.
    """
    with benchmark_server() as (postgres, _), tempfile.TemporaryDirectory() as name, ExitStack() as running:
        folder = Path(name)
        progress(f"Loading {listings:,} listings into PostgreSQL")
        dsn = database.create(postgres, _DATABASE)
        connection = running.enter_context(connected(dsn))
        _load(connection, listings)
        progress("… and into the Dataverse emulator")
        dataverse = running.enter_context(LocalDataverse(folder, limits="off", schema=TABLES))
        _fill(connection, dataverse)
        aws = running.enter_context(LocalAws(folder))
        clients = local_clients(aws.url, REGION)
        stack = provision(local_template(region=REGION), clients, website_at(dataverse.url))
        delayed = running.enter_context(DelayedPort(postgres.port, delay)) if delay else None
        login = database.make_login(postgres, FUNCTION, _DATABASE)
        secrets: dict[str, Any] = {
            f"{FUNCTION}DatabaseSecret": login | ({"port": delayed.port} if delayed else {}),
            "DataverseSecret": {
                "tenant_id": dataverse.tenant_id,
                "client_id": dataverse.client_id,
                "client_secret": dataverse.client_secret,
            },
        }
        for secret, value in secrets.items():
            clients.secretsmanager.put_secret_value(SecretId=stack.physical_id(secret), SecretString=json.dumps(value))
        host = running.enter_context(function_host(stack, endpoints(aws.url, aws.url)))
        yield ReconciliationStack(listings, dsn, connection, dataverse, host, delayed)


def _load(connection: Connection, listings: int) -> None:
    # Triggers are off, because they would record every mentor as a change.
    connection.execute("SET session_replication_role = replica")
    for statement in (*LOAD, _LIVE):
        connection.execute(statement.format(mentors=listings).encode())
    connection.execute("RESET session_replication_role")
    connection.execute("VACUUM ANALYZE")
    connection.execute("CHECKPOINT")


def _fill(connection: Connection, dataverse: LocalDataverse) -> None:
    with EmulatorControl(dataverse.url, timeout=120) as control:
        control.fill(connection.cursor().stream(_ROWS, size=1000), TABLE)
