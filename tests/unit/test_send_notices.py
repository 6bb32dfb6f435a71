"""Sending on fakes: in which order, and when a run stops (I4, I12, I13)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from shared.domain.errors import ConnectionLostError, ScheduledAheadError
from shared.domain.mail.notices import (
    Digest,
    NoticeKind,
    Sent,
    ServiceRefused,
    Throttled,
    Undeliverable,
    Unknown,
)
from shared.domain.runs import RunFailedError, RunState, Verdict
from shared.use_cases.send_notices import send_notices
from tests.support.fakes.outbox import FakeMailer, FakeOutbox
from tests.support.fakes.report import FakeReport
from tests.support.fakes.runs import FakeRuns, an_organisation
from tests.support.notices import a_notice

if TYPE_CHECKING:
    from shared.domain.mail.notices import Notice, Outcome
    from shared.domain.runs import RunResult

NINE = datetime(2026, 12, 1, 8, tzinfo=UTC)
REFUSED = Undeliverable("MessageRejected", ambiguous=True)


def a_digest(number: int) -> Notice:
    return a_notice(number, kind=NoticeKind.DIGEST, expires_on=None, days_left=None, digest=Digest())


class Sending:
    """One organisation with notices 1 to `count`, and what a run of it reports."""

    def __init__(self, count: int = 1, *script: Outcome, timezone: str = "Europe/Oslo") -> None:
        self.organisation = an_organisation(timezone=timezone)
        self.runs = FakeRuns(known=[self.organisation])
        self.outbox = FakeOutbox([a_notice(number) for number in range(1, count + 1)])
        self.mailer = FakeMailer(list(script))
        self.report = FakeReport()
        self.published: list[str] = []
        self.seconds = [300.0]

    def run(self, at: datetime = NINE) -> RunResult:
        return send_notices(
            at,
            "a-request",
            runs=self.runs,
            outbox=self.outbox,
            mailer=self.mailer,
            report=self.report,
            time_left=lambda: self.seconds.pop(0) if len(self.seconds) > 1 else self.seconds[0],
            now=at,
            stuck_after=timedelta(minutes=30),
            publish_alerts=self.published.append,
        )


def test_everything_is_sent_and_settled_one_at_a_time() -> None:
    """I4."""
    sending = Sending(3)
    assert sending.run().verdict == Verdict(RunState.SUCCEEDED)
    assert sending.outbox.settled == [(number, Sent(f"m-{number}")) for number in (1, 2, 3)]
    assert (sending.published, sending.runs.verdict.state) == (["send_notices"], RunState.SUCCEEDED)


def test_digests_come_last_and_are_completed_before() -> None:
    """So that they can say whom a message could not be sent to in the same run."""
    sending = Sending(2)
    sending.outbox.pending.insert(0, a_digest(9))
    sending.run()
    assert (sending.mailer.sent, sending.outbox.digests_completed) == ([1, 2, 9], 1)


@pytest.mark.parametrize(("hour", "sent"), [(2, []), (8, [1]), (22, [])])
def test_nobody_is_mailed_at_night(hour: int, sent: list[int]) -> None:
    """By the organisation's own clock; and no digest is completed that is not sent."""
    sending = Sending()
    sending.run(NINE.replace(hour=hour))
    assert (sending.mailer.sent, sending.outbox.digests_completed) == (sent, len(sent))


def test_a_lost_reply_is_settled_as_that_and_not_sent_again() -> None:
    """I4: and somebody has to look."""
    sending = Sending(2, Unknown("ReadTimeout"))
    assert sending.run().verdict == Verdict(RunState.DEGRADED, "notices_outcome_unknown")
    assert sending.mailer.sent == [1, 2]
    assert sending.outbox.outcomes[1] == Unknown("ReadTimeout")


def test_three_lost_replies_in_a_row_end_the_sending() -> None:
    """I4: no more notices than these are of unknown outcome."""
    sending = Sending(9, *[Unknown("x")] * 2, Sent("m"), *[Unknown("x")] * 3)
    sending.run()
    assert sending.mailer.sent == [1, 2, 3, 4, 5, 6]


def test_a_throttled_notice_ends_the_sending() -> None:
    sending = Sending(3, Sent("m"), Throttled())
    assert sending.run().verdict == Verdict(RunState.DEGRADED, "notices_given_back")
    assert (sending.mailer.sent, sending.outbox.outcomes[2]) == ([1, 2], Throttled())


def test_a_service_that_refuses_us_fails_the_run() -> None:
    """The function fails, so that Lambda says so; the notice is pending again."""
    sending = Sending(3, ServiceRefused("AccountSuspended"))
    with pytest.raises(RunFailedError, match=r"^AccountSuspended$"):
        sending.run()
    assert (sending.mailer.sent, sending.runs.verdict.state) == ([1], RunState.FAILED)
    assert sending.published == ["send_notices"]


def test_refusals_before_anything_was_accepted_may_be_ours() -> None:
    """I13: given back, and after five of them the run fails."""
    sending = Sending(9, *[REFUSED] * 9)
    with pytest.raises(RunFailedError, match=r"^MessageRejected$"):
        sending.run()
    assert sending.mailer.sent == [1, 2, 3, 4, 5]
    assert set(sending.outbox.outcomes.values()) == {ServiceRefused("MessageRejected")}


@pytest.mark.parametrize("place", [0, 1, 2, 3, 4])
def test_refusals_among_accepted_ones_are_the_recipients(place: int) -> None:
    """I13: wherever they stand; one bad recipient stops no other."""
    script: list[Outcome] = [REFUSED] * 4
    script.insert(place, Sent("m"))
    sending = Sending(5, *script)
    assert sending.run().verdict.reason == "notices_undeliverable"
    assert list(sending.outbox.outcomes.values()).count(REFUSED) == 4


def test_an_address_at_fault_is_settled_as_that_at_once() -> None:
    """I13."""
    sending = Sending(2, Undeliverable("unusable_address"))
    assert sending.run().verdict.reason == "notices_undeliverable"
    assert sending.outbox.settled[0] == (1, Undeliverable("unusable_address"))


def test_no_notice_is_claimed_that_might_not_be_settled() -> None:
    """I4, I18: forty seconds are kept."""
    sending = Sending(3)
    sending.seconds = [300.0, 40.0]
    sending.run()
    assert (sending.mailer.sent, sending.outbox.claimed) == ([1], [1])


def test_one_organisations_failure_is_not_the_others() -> None:
    """I13."""
    sending = Sending()
    wrong = an_organisation(timezone="Nowhere/Nothing")
    sending.runs.known.insert(0, wrong)
    assert sending.run().verdict.state is RunState.DEGRADED
    assert sending.mailer.sent == [1]
    assert (sending.runs.days[wrong.id], sending.runs.parts[wrong.id].state) == (None, RunState.FAILED)
    assert [failed.id for _, failed, _ in sending.report.organisation_failures] == [wrong.id]


def test_a_lost_connection_ends_the_run_with_a_reason() -> None:
    """I18: alerts are published all the same."""
    sending = Sending()

    def gone(*_: object, **__: object) -> None:
        raise ConnectionLostError("database_connection_lost")

    sending.outbox.complete_digests = gone  # type: ignore[method-assign]
    with pytest.raises(ConnectionLostError):
        sending.run()
    assert sending.runs.verdict.reason == "database_connection_lost"
    assert sending.published == ["send_notices"]


def test_a_time_that_has_not_come_sends_nothing() -> None:
    """I15: and the run says so."""
    sending = Sending()
    with pytest.raises(ScheduledAheadError):
        sending.run(NINE + timedelta(days=3))
    assert (sending.mailer.sent, sending.runs.verdict.state) == ([], RunState.FAILED)
    assert sending.published == ["send_notices"]
