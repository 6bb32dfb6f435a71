"""The nightly check on fakes: the order of its steps, and what ends it (I3, I7, I10, I13, I15)."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest

from shared.domain.credentials.credential import CredentialState, Health
from shared.domain.errors import ScheduledAheadError, StoreRefusedError, StoreUnavailableError
from shared.domain.runs import Count, RunFailedError, RunState, Step, Verdict
from shared.use_cases.expiry_check import check_expiry
from tests.support.fakes.clock import FakeClock
from tests.support.fakes.listings import FakeListings
from tests.support.fakes.report import FakeReport
from tests.support.fakes.runs import FakeRuns, an_organisation
from tests.support.fakes.sync_queue import FakeSyncQueue

if TYPE_CHECKING:
    from collections.abc import Sequence
    from uuid import UUID

    from shared.domain.runs import RunResult

NIGHT = datetime(2026, 11, 30, 23, 15, tzinfo=UTC)
DAY = date(2026, 12, 1)
"""A Tuesday, so nobody is scanned who need not be."""
HEALTHY = Health(CredentialState.HEALTHY)


class ScriptedNightlyCheck:
    """shared.ports.NightlyCheck: what the database would say to each step."""

    def __init__(self) -> None:
        self.calls: list[tuple[Step, UUID, date, bool]] = []
        self.replies: dict[Step, list[Sequence[Count] | Exception]] = {}

    def run_step(
        self, step: Step, organisation_id: UUID, as_of: date, run_id: UUID, *, everyone: bool
    ) -> Sequence[Count]:
        assert run_id is not None
        self.calls.append((step, organisation_id, as_of, everyone))
        reply = self.replies[step].pop(0) if self.replies.get(step) else [Count(f"{step}_done", "", 0)]
        if isinstance(reply, Exception):
            raise reply
        return reply


class OneNightlyCheck:
    """One organisation and one night."""

    def __init__(self) -> None:
        self.runs = FakeRuns(present=NIGHT, known=[an_organisation()])
        self.check = ScriptedNightlyCheck()
        self.clock = FakeClock()
        self.listings = FakeListings(self.clock)
        self.queue = FakeSyncQueue()
        self.report = FakeReport()
        self.published: list[str] = []
        self.health = HEALTHY

    def run(self, at: datetime = NIGHT) -> RunResult:
        return check_expiry(
            at,
            "a-request",
            runs=self.runs,
            nightly_check=self.check,
            listings=self.listings,
            queue=self.queue,
            report=self.report,
            pause=self.clock.pause,
            check_credential=lambda: self.health,
            publish_alerts=self.published.append,
        )


@pytest.fixture
def night() -> OneNightlyCheck:
    return OneNightlyCheck()


def test_each_organisation_takes_the_steps_in_their_order(night: OneNightlyCheck) -> None:
    """Whoever is renewed comes back before anybody is reminded or expired; the day is Oslo's."""
    night.runs.known.append(an_organisation())
    assert night.run().verdict == Verdict(RunState.SUCCEEDED)
    assert night.check.calls == [
        (step, organisation.id, DAY, False) for organisation in night.runs.known for step in Step
    ]
    assert night.published == ["expiry_check"]


def test_the_day_is_that_of_the_organisations_time_zone(night: OneNightlyCheck) -> None:
    night.runs.known = [an_organisation(timezone="America/New_York")]
    night.run()
    assert {day for _, _, day, _ in night.check.calls} == {date(2026, 11, 30)}


@pytest.mark.parametrize("reply", [[Count("expiries_skipped_busy", "", 2)], StoreUnavailableError("lock_timeout")])
def test_what_is_busy_costs_an_attempt_and_no_night(night: OneNightlyCheck, reply: Sequence[Count] | Exception) -> None:
    """I3."""
    night.check.replies[Step.EXPIRE] = [reply, reply]
    assert night.run().verdict.state is RunState.SUCCEEDED
    assert night.clock.pauses == [1.0, 1.0]
    assert [step for step, *_ in night.check.calls].count(Step.EXPIRE) == 3


def test_what_stays_locked_is_tried_again_by_lambda(night: OneNightlyCheck) -> None:
    """I13: the others go on."""
    other = an_organisation()
    night.check.replies[Step.REMIND] = [StoreUnavailableError("lock_timeout")] * 3
    night.runs.known.append(other)
    with pytest.raises(RunFailedError, match=r"^lock_timeout$"):
        night.run()
    assert night.runs.parts[other.id].state is RunState.SUCCEEDED
    assert (night.runs.verdict.state, night.runs.verdict.incomplete) == (RunState.DEGRADED, True)


def test_what_is_refused_for_good_is_not_tried_again(night: OneNightlyCheck) -> None:
    """I13: degraded, for another organisation was evaluated."""
    night.runs.known.append(an_organisation())
    night.check.replies[Step.REMIND] = [StoreRefusedError("constraint")]
    assert night.run().verdict == Verdict(RunState.DEGRADED, "constraint")
    assert night.clock.pauses == []


def test_what_somebody_has_to_look_at_degrades_the_run(night: OneNightlyCheck) -> None:
    """I12, I13."""
    night.check.replies[Step.EXPIRE] = [[Count("step_failures", "expire", 1)]]
    assert night.run().verdict == Verdict(RunState.DEGRADED, "step_failures")


def test_everything_unsynced_is_asked_for(night: OneNightlyCheck) -> None:
    """I7: so that nothing hangs on the webhook."""
    mentors = {uuid4() for _ in range(5)}
    for mentor in mentors:
        night.listings.want(mentor, {})
    night.run()
    assert {request.mentor_id for request in night.queue.requests} == mentors
    assert night.report.works[0].counts == {"sync_requested": 5}


def test_after_a_stop_everything_is_asked_for_once_more(night: OneNightlyCheck) -> None:
    """I10: workers have put off what was asked for before the check."""
    night.listings.want(uuid4(), {})
    night.health = Health(CredentialState.HEALTHY, recovered=True)
    night.run()
    assert len(night.queue.requests) == 2


def test_a_queue_that_is_away_makes_lambda_try_again(night: OneNightlyCheck) -> None:
    night.listings.want(uuid4(), {})
    night.queue.away = "queue_gone"
    with pytest.raises(RunFailedError, match=r"^queue_gone$"):
        night.run()
    assert night.runs.verdict.state is RunState.DEGRADED


def test_a_credential_that_is_refused_degrades_the_run(night: OneNightlyCheck) -> None:
    """I10: after the people were seen to; the alert is published in this run."""
    night.health = Health(CredentialState.REFUSED, "entra_7000222")
    verdict = night.run().verdict
    assert (verdict.state, verdict.reason) == (RunState.DEGRADED, "entra_7000222")
    assert verdict.website_codes == {"entra_7000222"}
    assert night.report.counts("expiry_check")["credential_refused"] == 1
    assert night.published == ["expiry_check"]


def test_a_time_that_has_not_come_evaluates_nobody(night: OneNightlyCheck) -> None:
    """I15."""
    with pytest.raises(ScheduledAheadError):
        night.run(NIGHT + timedelta(hours=37))
    assert night.check.calls == []
    assert night.runs.verdict == Verdict(RunState.FAILED, "scheduled_time_ahead")
    night.run(NIGHT + timedelta(hours=36))
    assert night.check.calls


def test_an_error_that_nobody_expects_ends_the_run_with_a_reason(night: OneNightlyCheck) -> None:
    """I13, I18."""
    night.check.replies[Step.REMIND] = [ZeroDivisionError()]
    with pytest.raises(RunFailedError, match="unexpected_ZeroDivisionError"):
        night.run()
    assert night.runs.verdict.state is RunState.FAILED
    assert night.published == ["expiry_check"]
