"""What shared.ports.SyncState and Backoff promise, held by the fake and by PostgresSyncState (I9, I10)."""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING, Protocol

import pytest

from shared.domain.credentials.credential import CredentialState, Health
from shared.domain.listings import StopRecord
from tests.support.fakes.clock import FakeClock
from tests.support.fakes.sync_state import FakeSyncState
from tests.support.own_logins import StateOfFunctions

if TYPE_CHECKING:
    from collections.abc import Iterator

    from shared.ports import SyncState
    from tests.conftest import TestDatabase

HEALTHY = Health(CredentialState.HEALTHY)
REFUSED = Health(CredentialState.REFUSED, "entra_7000222")
UNREACHABLE = Health(CredentialState.UNREACHABLE, "dataverse_503")


class Subject(Protocol):
    """Two workers' views of one state, and time."""

    @property
    def state(self) -> SyncState: ...
    @property
    def other(self) -> SyncState: ...
    def advance(self, seconds: float) -> None: ...


class Fake:
    """The fake."""

    def __init__(self) -> None:
        self._clock = FakeClock()
        self.state: SyncState = FakeSyncState(self._clock)
        self.other: SyncState = self.state

    def advance(self, seconds: float) -> None:
        self._clock.advance(seconds)


class Real:
    """PostgresSyncState, of two connections. Time passes by moving what is written into the past."""

    def __init__(self, database: TestDatabase, stack: ExitStack) -> None:
        self.state: SyncState = StateOfFunctions(database, stack)
        self.other: SyncState = StateOfFunctions(database, stack)
        self._owner = stack.enter_context(database.connect())

    def advance(self, seconds: float) -> None:
        self._owner.execute(
            "UPDATE certification.sync_state SET backoff_until = backoff_until - make_interval(secs => %(s)s),"
            " tried_at = tried_at - make_interval(secs => %(s)s)",
            {"s": seconds},
        )


@pytest.fixture(params=["fake", "real"])
def subject(request: pytest.FixtureRequest) -> Iterator[Subject]:
    if request.param == "fake":
        yield Fake()
        return
    with ExitStack() as stack:
        yield Real(request.getfixturevalue("database"), stack)


def test_a_window_holds_for_every_worker_until_it_ends(subject: Subject) -> None:
    """I9."""
    assert subject.other.seconds_left() == 0
    subject.state.block_for(30, "dataverse_429")
    assert 28 < subject.other.seconds_left() <= 30
    subject.advance(31)
    assert subject.other.seconds_left() == 0


def test_a_shorter_window_ends_no_longer_one(subject: Subject) -> None:
    """I9."""
    subject.state.block_for(30, "dataverse_429")
    subject.other.block_for(5, "dataverse_429")
    assert subject.state.seconds_left() > 28
    subject.other.block_for(60, "dataverse_429")
    assert subject.state.seconds_left() > 58


@pytest.mark.parametrize(("asked", "least", "most"), [(7200.0, 3598, 3600), (-5.0, 0, 0), (1e9, 3598, 3600)])
def test_a_window_is_never_longer_than_an_hour(subject: Subject, asked: float, least: float, most: float) -> None:
    """I9: then it is tried again."""
    subject.state.block_for(asked, "dataverse_429")
    assert least <= subject.state.seconds_left() <= most


def test_one_worker_a_minute_tries_a_website_that_refuses_us(subject: Subject) -> None:
    """I10."""
    assert subject.state.stopped() is None
    subject.state.stop("entra_7000222")
    assert subject.other.stopped() == StopRecord("entra_7000222", try_now=False)
    subject.advance(61)
    assert subject.other.stopped() == StopRecord("entra_7000222", try_now=True)
    assert subject.state.stopped() == StopRecord("entra_7000222", try_now=False)
    subject.other.resume()
    assert subject.state.stopped() is None


def test_a_refused_check_stops_and_a_healthy_one_ends_it(subject: Subject) -> None:
    """I10: the check that ends a stop says so, once."""
    assert subject.state.record_check(REFUSED) is False
    assert subject.other.stopped() == StopRecord("entra_7000222", try_now=False)
    assert subject.other.record_check(HEALTHY) is True
    assert subject.state.stopped() is None
    assert subject.other.record_check(HEALTHY) is False


def test_a_website_that_could_not_be_reached_changes_no_stop(subject: Subject) -> None:
    """No refusal, and no proof that we are authorised either."""
    assert subject.state.record_check(UNREACHABLE) is False
    assert subject.state.stopped() is None
    subject.state.stop("entra_7000222")
    assert subject.state.record_check(UNREACHABLE) is False
    assert subject.state.stopped() == StopRecord("entra_7000222", try_now=False)
