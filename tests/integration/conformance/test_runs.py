"""What the use cases ask of shared.ports.Runs, held by the fake and by PostgresRuns."""

from __future__ import annotations

from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Protocol

import pytest

from shared.adapters.postgres.connection import connect
from shared.adapters.postgres.runs import PostgresRuns
from shared.domain.runs import RunState, Verdict
from tests.support.fakes.runs import FakeRuns, an_organisation

if TYPE_CHECKING:
    from collections.abc import Iterator
    from uuid import UUID

    from shared.ports import Runs
    from tests.conftest import TestDatabase

PRESENT = datetime(2026, 12, 1, 9, tzinfo=UTC)
SUCCEEDED = Verdict(RunState.SUCCEEDED)
DEGRADED = Verdict(RunState.DEGRADED, "step_failures")


class Subject(Protocol):
    """The record, and what stands in it."""

    @property
    def runs(self) -> Runs: ...
    def present(self, moment: datetime) -> None: ...
    def add_organisation(self) -> UUID: ...
    def ended(self, run_id: UUID) -> Verdict | None: ...


class Fake:
    """The fake."""

    def __init__(self) -> None:
        self.runs = FakeRuns()

    def present(self, moment: datetime) -> None:
        self.runs.present = moment

    def add_organisation(self) -> UUID:
        self.runs.known.append(an_organisation())
        return self.runs.known[-1].id

    def ended(self, run_id: UUID) -> Verdict | None:
        return self.runs.ended.get(run_id)


class Real:
    """PostgresRuns, as the nightly check."""

    def __init__(self, request: pytest.FixtureRequest, stack: ExitStack) -> None:
        database: TestDatabase = request.getfixturevalue("database")
        self._foundation = request.getfixturevalue("foundation")
        secret = database.login("ExpiryCheck")
        self.runs = PostgresRuns(stack.enter_context(connect(lambda _: secret)))

    def present(self, moment: datetime) -> None:
        self._foundation.present(moment)

    def add_organisation(self) -> UUID:
        organisation: UUID = self._foundation.organisation()
        return organisation

    def ended(self, run_id: UUID) -> Verdict | None:
        ((state, reason),) = self._foundation.all("SELECT state, reason FROM certification.runs WHERE id = %s", run_id)
        return None if state == "running" else Verdict(RunState(state), reason)


@pytest.fixture(params=["fake", "real"])
def subject(request: pytest.FixtureRequest) -> Iterator[Subject]:
    if request.param == "fake":
        yield Fake()
        return
    with ExitStack() as stack:
        yield Real(request, stack)


def test_every_run_is_one_of_its_own_that_ends_as_it_is_said_to(subject: Subject) -> None:
    """A repeated event is another run."""
    first, second = (subject.runs.start("expiry_check", PRESENT, "the-same-request") for _ in range(2))
    assert first != second
    assert subject.ended(first) is None
    subject.runs.finish(first, SUCCEEDED)
    subject.runs.finish(second, DEGRADED)
    assert (subject.ended(first), subject.ended(second)) == (SUCCEEDED, DEGRADED)


def test_a_run_ends_once(subject: Subject) -> None:
    """What is said first stands."""
    run_id = subject.runs.start("expiry_check", PRESENT, "a-request")
    subject.runs.finish(run_id, DEGRADED)
    subject.runs.finish(run_id, SUCCEEDED)
    assert subject.ended(run_id) == DEGRADED


def test_no_time_more_than_36_hours_ahead_is_taken(subject: Subject) -> None:
    """I15: of what counts as now, or of the clock where that is allowed and later."""
    subject.present(datetime(2020, 1, 1, tzinfo=UTC))
    by_present = subject.runs.latest_scheduled_time(by_the_clock_too=False)
    by_clock = subject.runs.latest_scheduled_time(by_the_clock_too=True)
    assert by_present - datetime(2020, 1, 1, tzinfo=UTC) - timedelta(hours=36) < timedelta(minutes=5)
    assert abs(by_clock - datetime.now(UTC) - timedelta(hours=36)) < timedelta(minutes=5)


def test_every_organisation_is_run_with_the_settings_in_force(subject: Subject) -> None:
    added = {subject.add_organisation() for _ in range(3)}
    found = subject.runs.organisations()
    assert {organisation.id for organisation in found} == added
    assert {(one.timezone, one.thresholds, one.org_thresholds) for one in found} == {
        ("Europe/Oslo", (30, 14, 7), False)
    }


def test_an_organisations_part_may_have_no_day(subject: Subject) -> None:
    """Its time zone may be none."""
    organisation = subject.add_organisation()
    run_id = subject.runs.start("expiry_check", PRESENT, "a-request")
    subject.runs.start_organisation(run_id, organisation, None)
    subject.runs.finish_organisation(run_id, organisation, DEGRADED)
    subject.runs.finish(run_id, DEGRADED)
    assert subject.ended(run_id) == DEGRADED
