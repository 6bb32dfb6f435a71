"""Nightly checks and sendings as the functions run them: the use cases on the real adapters, under their own logins."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any, Self
from zoneinfo import ZoneInfo

import psycopg

from local.stack import database as local_database
from local.stack.aws import REGION
from shared.adapters.aws.ses import SesMailer, ses_client
from shared.adapters.email.mime import Sender
from shared.adapters.postgres.connection import connect
from shared.adapters.postgres.listings import PostgresListings
from shared.adapters.postgres.nightly import PostgresNightlyCheck
from shared.adapters.postgres.outbox import PostgresOutbox
from shared.adapters.postgres.runs import PostgresRuns
from shared.domain.credentials.credential import CredentialState, Health
from shared.use_cases.expiry_check import check_expiry
from shared.use_cases.send_notices import send_notices
from tests.support.fakes.report import FakeReport
from tests.support.fakes.sync_queue import FakeSyncQueue

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from shared.domain.runs import RunResult

OSLO = ZoneInfo("Europe/Oslo")
GOOD = Health(CredentialState.HEALTHY, secret_ends_on=date(2030, 1, 1), pending="none")


def at_night(day: date) -> datetime:
    """When template.yaml's schedule runs the check that evaluates `day`."""
    return datetime.combine(day, time(0, 15), OSLO)


def at_nine(day: date) -> datetime:
    """The first sending of `day`."""
    return datetime.combine(day, time(9), OSLO)


class Functions:
    """The two functions' insides on one database. A context manager; each keeps one connection of its own role.

    Where SES is, the environment says, as it does to Lambda. Given the `owner`'s address it lives through the days it
    is asked for: what has not come becomes the present.
    """

    def __init__(self, login: Callable[[str], Mapping[str, Any]], owner: str | None = None) -> None:
        self._login, self._owner = login, owner
        self._open = ExitStack()
        self._connections: dict[str, Any] = {}
        self.reported = FakeReport()
        self.asked = FakeSyncQueue()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._open.close()

    def connection(self, function: str) -> Any:
        if function not in self._connections:
            secret = self._login(function)
            self._connections[function] = self._open.enter_context(connect(lambda _: secret))
        return self._connections[function]

    def live(self, moment: datetime) -> None:
        """Have time come as far as this moment, unless it is past."""
        if self._owner is None:
            return
        with psycopg.connect(self._owner, autocommit=True) as connection:
            row = connection.execute("SELECT certification.present() < %s", (moment,)).fetchone()
            if row == (True,):
                local_database.simulate_time(connection, moment)

    def nightly_check(
        self,
        day: date | datetime,
        *,
        early: bool = False,
        pause: Callable[[float], None] = lambda _: None,
        check_credential: Callable[[], Health] = lambda: GOOD,
    ) -> RunResult:
        """The check that evaluates `day`, or that was scheduled at that moment. `early`: although that has not come."""
        moment = day if isinstance(day, datetime) else at_night(day)
        if not early:
            self.live(moment)
        connection = self.connection("ExpiryCheck")
        return check_expiry(
            moment,
            "a-request",
            runs=PostgresRuns(connection),
            nightly_check=PostgresNightlyCheck(connection),
            listings=PostgresListings(connection),
            queue=self.asked,
            report=self.reported,
            pause=pause,
            check_credential=check_credential,
            publish_alerts=lambda _: None,
        )

    def send(
        self,
        day: date | datetime,
        *,
        early: bool = False,
        may_go_on: Callable[[], bool] = lambda: True,
        stuck_after: timedelta = timedelta(minutes=30),
        now: datetime | None = None,
    ) -> RunResult:
        """A sending on `day`, or at that moment, through SES's API over HTTP. `early`: although that has not come."""
        moment = day if isinstance(day, datetime) else at_nine(day)
        if not early:
            self.live(moment)
        connection = self.connection("SendNotices")
        return send_notices(
            moment,
            "a-request",
            runs=PostgresRuns(connection),
            outbox=PostgresOutbox(connection),
            mailer=_Mailer(SesMailer(self._client, Sender("ikke-svar@example.no"))),
            report=self.reported,
            time_left=lambda: 60.0 if may_go_on() else 0.0,
            publish_alerts=lambda _: None,
            now=now or datetime.now(UTC),
            stuck_after=stuck_after,
        )

    @cached_property
    def _client(self) -> Any:
        return ses_client(REGION, read_timeout=timedelta(seconds=2))


@dataclass(frozen=True)
class _Mailer:
    """The real mailer with no patience for a service that says "not now"."""

    mailer: SesMailer

    def send(self, notice: Any) -> Any:
        return self.mailer.send(notice, budget=timedelta(0))
