"""A day that has not come is refused, in the event and in SQL (issue 8 B)."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Literal, NoReturn

import psycopg
import pytest

from shared.adapters.postgres.nightly import PostgresNightlyCheck
from shared.adapters.postgres.outbox import PostgresOutbox
from shared.adapters.postgres.runs import PostgresRuns
from shared.domain.errors import DayAheadError, ScheduledAheadError
from shared.domain.runs import Step
from shared.events import InvalidEventError, ReconciliationEvent, ScheduledEvent
from shared.observability import LogAndMetrics
from shared.use_cases.reconciliation import reconcile
from tests.support.foundation import DAY, days

if TYPE_CHECKING:
    from uuid import UUID

    from emulators.ses.server import LocalSes
    from tests.conftest import TestDatabase
    from tests.support.foundation import Foundation
    from tests.support.nightly_checks import Functions
    from tests.support.reconciling import Reconciler

NOW = datetime(2026, 12, 1, 9, 0, tzinfo=UTC)  # 10:00 in Oslo
FAR = datetime(2036, 11, 30, 23, 15, tzinfo=UTC)
STEPS = ("claim_reminders", "expire_mentors", "reactivate_renewed")


def everything(foundation: Foundation) -> object:
    return foundation.everything() | {
        "rest": [
            foundation.all(f"SELECT * FROM certification.{table}")
            for table in (
                "progress",
                "evaluated_days",
                "run_organisations",
                "run_counts",
                "brakes",
                "mentors_to_recheck",
            )
        ]
    }


def test_an_event_with_a_wrong_digit_does_nothing(foundation: Foundation, functions: Functions) -> None:
    """One digit: 2036. A failed run with the reason, which operations is notified of, and nothing else."""
    foundation.brake()
    organisation = foundation.organisation()
    for left in (-1, 5, 300, 3000):
        foundation.mentor(organisation, DAY + days(left))
    before = everything(foundation)
    with pytest.raises(ScheduledAheadError, match=r"2036-11-30T23:15Z has not come, so nothing was done"):
        functions.nightly_check(FAR, early=True)
    assert everything(foundation) == before
    assert foundation.all("SELECT state, reason FROM certification.runs") == [("failed", "scheduled_time_ahead")]
    assert foundation.all("SELECT condition, facts ->> 'reason' FROM certification.current_conditions()") == [
        ("run_failed", "scheduled_time_ahead")
    ]
    foundation.present(NOW)
    functions.nightly_check(DAY)
    assert foundation.one("SELECT count(*) FROM certification.transitions") == 1


def test_a_sending_with_a_wrong_digit_supersedes_nothing(
    foundation: Foundation, functions: Functions, ses: LocalSes
) -> None:
    """Its day decides what is still true: in 2036 every reminder would be of an ended certification."""
    foundation.mentor(foundation.organisation(), DAY + days(5))
    functions.nightly_check(DAY)
    with pytest.raises(ScheduledAheadError):
        functions.send(FAR.replace(hour=10), early=True)
    assert foundation.all("SELECT state FROM certification.notices") == ["pending"]
    functions.send(DAY)
    assert len(ses.messages) == 1


@pytest.mark.parametrize("written", ["9999-12-31T23:59:59-14:00", "0001-01-01T00:00:00+14:00", "9999-12-31T23:30:00Z"])
def test_an_event_at_the_end_of_the_calendar_is_refused(written: str) -> None:
    """In one time zone a day, in another none that Python knows: the nightly check ended with an OverflowError."""
    for event in (ScheduledEvent, ReconciliationEvent):
        with pytest.raises(InvalidEventError, match="scheduled_time: Input should be of the years 2 to 9998"):
            event.parse({"scheduled_time": written, "mode": "sweep"})


@pytest.mark.parametrize("mode", ["sweep", "full"])
def test_a_reconciliation_with_a_wrong_digit_does_nothing(
    foundation: Foundation, reconciler: Reconciler, mode: Literal["sweep", "full"]
) -> None:
    """It would count the days that the client secret has left from 2036."""

    def nothing(*_: object) -> NoReturn:
        raise AssertionError("something was done")

    with pytest.raises(ScheduledAheadError):
        reconcile(
            mode,
            FAR,
            "r",
            ports=reconciler.ports(
                check_credential=nothing, comparing=nothing, depths=None, queue=None, reader=None, state=None
            ),
            report=LogAndMetrics(),
            time_left=lambda: 300.0,
        )
    assert foundation.all("SELECT function, state, reason FROM certification.runs") == [
        (f"reconciliation_{mode}", "failed", "scheduled_time_ahead")
    ]


@pytest.mark.parametrize(
    ("ahead", "taken"),
    [(timedelta(hours=35, minutes=59), True), (timedelta(hours=36, minutes=1), False), (timedelta(days=-400), True)],
)
def test_now_and_36_hours_is_the_latest(
    foundation: Foundation, functions: Functions, ahead: timedelta, *, taken: bool
) -> None:
    """Tomorrow may be evaluated today. By the present, not by the clock of whoever runs the test."""
    foundation.organisation()
    foundation.present(NOW)
    if taken:
        functions.nightly_check(NOW + ahead, early=True)
    else:
        with pytest.raises(ScheduledAheadError):
            functions.nightly_check(NOW + ahead, early=True)
    assert foundation.one("SELECT count(*) FROM certification.run_organisations") == int(taken)


@pytest.mark.parametrize(
    ("zone", "latest"),
    [
        ("Europe/Oslo", date(2026, 12, 2)),
        ("Pacific/Kiritimati", date(2026, 12, 3)),
        ("Pacific/Pago_Pago", date(2026, 12, 2)),
        ("Mars/Olympus", date(2026, 12, 2)),
    ],
)
def test_the_latest_day_is_the_organisations_own(foundation: Foundation, zone: str, latest: date) -> None:
    """The day it will be there 36 hours from now; in every function that takes a day."""
    organisation = foundation.organisation(timezone=zone)
    foundation.present(NOW)
    run: UUID = foundation.one("SELECT certification.start_run('expiry_check', now(), 'a-request')")
    foundation.do("SELECT certification.start_organisation(%s, %s, %s)", run, organisation, latest)
    for step in STEPS:
        foundation.all(f"SELECT certification.{step}(%s, %s, %s)", organisation, latest, run)
    foundation.all("SELECT certification.claim_notice(%s, %s, false, %s)", run, organisation, latest)
    before = everything(foundation)
    for day in (latest + days(1), date(2036, 12, 1), "infinity"):
        for call in (
            *(f"SELECT certification.{step}(%(org)s, %(day)s, %(run)s)" for step in STEPS),
            "SELECT certification.claim_notice(%(run)s, %(org)s, false, %(day)s)",
            "SELECT certification.start_organisation(gen_random_uuid(), %(org)s, %(day)s)",
        ):
            with pytest.raises(psycopg.DatabaseError, match="has not come yet") as refused:
                foundation.connection.execute(call.encode(), {"org": organisation, "day": day, "run": run})
            assert refused.value.sqlstate == "AHEAD"
    assert everything(foundation) == before


def test_the_functions_translate_the_refusal(foundation: Foundation, functions: Functions) -> None:
    """A typed error with a code: it fails every time, so nobody tries again."""
    organisation = foundation.organisation()
    nightly = functions.connection("ExpiryCheck")
    run = PostgresRuns(nightly).start("expiry_check", NOW, "a-request")
    for step in Step:
        with pytest.raises(DayAheadError, match=r"^day_ahead$"):
            PostgresNightlyCheck(nightly).run_step(step, organisation, date(2036, 12, 1), run, everyone=False)
    with pytest.raises(DayAheadError):
        PostgresRuns(nightly).start_organisation(run, organisation, date(2036, 12, 1))
    sender = functions.connection("SendNotices")
    sending = PostgresRuns(sender).start("send_notices", NOW, "a-request")
    with pytest.raises(DayAheadError):
        PostgresOutbox(sender).claim(sending, organisation, date(2036, 12, 1), digests=False)


def test_without_simulated_time_the_clock_counts(foundation: Foundation, functions: Functions) -> None:
    """As deployed."""
    foundation.organisation()
    foundation.do("DELETE FROM certification.simulated_time")
    now = datetime.now(UTC)
    functions.nightly_check(now + timedelta(hours=35), early=True)
    with pytest.raises(ScheduledAheadError):
        functions.nightly_check(now + timedelta(hours=37), early=True)


@pytest.mark.parametrize("function", ["ExpiryCheck", "SendNotices", "DynamicsSync", "Reconciliation"])
def test_no_login_sets_the_present(database: TestDatabase, function: str) -> None:
    """It is the owner's setting; a login that could move it would evaluate any day."""
    secret = database.login(function)
    with (
        psycopg.connect(
            host=secret["host"],
            port=secret["port"],
            dbname=secret["dbname"],
            user=secret["username"],
            password=secret["password"],
            autocommit=True,
        ) as login,
        pytest.raises(psycopg.errors.InsufficientPrivilege),
    ):
        login.execute("UPDATE certification.simulated_time SET ahead = '10 years'")
