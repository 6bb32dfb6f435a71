"""The measurements at one size, with the delay on every statement of the functions."""

from __future__ import annotations

import json
import time
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from datetime import time as time_of_day
from typing import TYPE_CHECKING, Any, Final

from benchmarks.nightly.database import COPY, benchmark_server, connected, fresh_copy, make_source
from benchmarks.nightly.measures import BUSY, MONDAY, ORDINARY
from benchmarks.reconcile.site import site
from benchmarks.scale.latency import DelayedPort
from emulators.dataverse.client import EmulatorControl
from emulators.dataverse.process import LocalDataverse
from emulators.lambda_host.template.provision import local_clients, provision
from local.stack import database
from local.stack.aws import REGION, LocalAws
from local.stack.dataverse import TABLES
from local.stack.function_host import function_host
from local.stack.parameters import local_template, website_at
from local.stack.stack import endpoints
from shared.adapters.postgres.outbox import PostgresOutbox
from shared.adapters.postgres.runs import PostgresRuns
from shared.domain.mail.notices import Sent

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import date
    from pathlib import Path

    from emulators.lambda_host.runtime.host import LambdaHost
    from local.stack.postgres import Postgres

DELAY_SECONDS: Final = 0.001
PAGE_SECONDS: Final = 0.5
"""The time that Dataverse takes for a page of 5,000 rows on a good day."""
_MAILS: Final = 300
_RUNNING: Final = "the function did not succeed"


class NotMeasuredError(Exception):
    """Raised when a function did not do its work, which makes its time meaningless."""


@dataclass(frozen=True)
class Figures:
    """What was measured at one number of mentors. Seconds are those of the function, cold start included."""

    mentors: int
    busy_check_seconds: float
    busy_check_statements: int
    ordinary_check_seconds: float
    monday_check_seconds: float
    check_peak_mb: int
    mail_milliseconds: float
    compare_seconds: float
    compare_served_seconds: float
    compare_statements: int
    compare_peak_mb: int
    database_bytes: int

    def as_json(self) -> dict[str, Any]:
        """Return the figures rounded to what they are worth."""
        return {name: round(value, 3) for name, value in asdict(self).items()}


def measure(mentors: int, progress: Callable[[str], None]) -> Figures:
    """Measure the night, the sending and the comparison. Raises NotMeasuredError."""
    with benchmark_server() as (postgres, folder):
        progress(f"{mentors:,} mentors: loading")
        source = make_source(postgres, mentors)
        with fresh_copy(postgres, source) as connection, DelayedPort(postgres.port, DELAY_SECONDS) as delayed:
            progress(f"{mentors:,} mentors: the night")
            checks = _checks(postgres, folder, delayed)
            row = connection.execute("SELECT pg_database_size(current_database()) AS n").fetchone()
            size = 0 if row is None else int(row["n"])
            connection.execute("VACUUM ANALYZE")  # as autovacuum, off here, has done by nine o'clock
            mail = _mail_milliseconds(postgres, delayed)
    progress(f"{mentors:,} mentors: the comparison")
    compared = _comparison(mentors, progress)
    return Figures(mentors=mentors, mail_milliseconds=mail, database_bytes=size, **checks, **compared)


def _checks(postgres: Postgres, folder: Path, delayed: DelayedPort) -> dict[str, Any]:
    """Run the real ExpiryCheck for a busy, an ordinary and a full-scan day, one after the other."""
    with LocalAws(folder) as aws, LocalDataverse(folder, schema=TABLES) as website:
        clients = local_clients(aws.url, REGION)
        stack = provision(local_template(region=REGION), clients, website_at(website.url))
        login = database.make_login(postgres, "ExpiryCheck", COPY) | {"port": delayed.port}
        credential = {
            "tenant_id": website.tenant_id,
            "client_id": website.client_id,
            "client_secret": website.client_secret,
            "client_secret_expires_on": (BUSY + timedelta(days=365)).isoformat(),
        }
        for name, secret in {"ExpiryCheckDatabaseSecret": login, "DataverseSecret": credential}.items():
            clients.secretsmanager.put_secret_value(SecretId=stack.physical_id(name), SecretString=json.dumps(secret))
        with function_host(stack, endpoints(aws.url, aws.url)) as host:
            before = delayed.messages
            busy, peak = _check(host, BUSY)
            statements = delayed.messages - before
            ordinary, _ = _check(host, ORDINARY[0])
            monday, _ = _check(host, MONDAY)
    return {
        "busy_check_seconds": busy,
        "busy_check_statements": statements,
        "ordinary_check_seconds": ordinary,
        "monday_check_seconds": monday,
        "check_peak_mb": peak,
    }


def _check(host: LambdaHost, day: date) -> tuple[float, int]:
    scheduled = datetime.combine(day - timedelta(days=1), time_of_day(23, 15), UTC)  # 00:15 in Oslo, in winter
    began = time.perf_counter()
    ran = host.invoke("ExpiryCheck", {"scheduled_time": scheduled.isoformat()})
    seconds = time.perf_counter() - began
    if ran.function_error or ran.payload["state"] != "succeeded" or not ran.max_memory_mb:
        raise NotMeasuredError(f"{_RUNNING}: {ran.payload}")
    return seconds, ran.max_memory_mb


def _mail_milliseconds(postgres: Postgres, delayed: DelayedPort) -> float:
    """Return what the database costs for one mail: claimed and settled, as send_notices does it."""
    login = database.make_login(postgres, "SendNotices", COPY)
    dsn = f"postgresql://{login['username']}:{login['password']}@127.0.0.1:{delayed.port}/{COPY}"
    with connected(dsn) as connection:
        runs, outbox = PostgresRuns(connection), PostgresOutbox(connection)
        run_id = runs.start("send_notices", datetime.combine(MONDAY, time_of_day(9), UTC), "benchmark")
        organisation = runs.organisations()[0]
        runs.start_organisation(run_id, organisation.id, MONDAY)
        began, sent = time.perf_counter(), 0
        while sent < _MAILS and (notice := outbox.claim(run_id, organisation.id, MONDAY, digests=False)):
            outbox.settle(notice.id, run_id, Sent(f"benchmark-{notice.id}"))
            sent += 1
        if not sent:
            raise NotMeasuredError("no mail waited")
        return 1000 * (time.perf_counter() - began) / sent


def _comparison(mentors: int, progress: Callable[[str], None]) -> dict[str, Any]:
    """Run the real full comparison, once as quick as the emulator is and once at Dataverse's pace."""
    with site(mentors, progress, delay=DELAY_SECONDS) as here, EmulatorControl(here.dataverse.url) as control:
        here.compare()  # warms PostgreSQL and the emulator
        before = here.messages
        quick = here.compare()
        statements = here.messages - before
        control.slow(PAGE_SECONDS, method="GET")
        served = here.compare()
    return {
        "compare_seconds": quick.seconds,
        "compare_served_seconds": served.seconds,
        "compare_statements": statements,
        "compare_peak_mb": max(quick.peak_mb, served.peak_mb),
    }
