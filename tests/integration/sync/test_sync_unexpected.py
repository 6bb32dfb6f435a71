"""Issue 8 D2, I18: whatever breaks off a worker, it leaves no claim behind, and the next one does its work."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from shared.domain.errors import StoreUnavailableError
from shared.domain.listings import NotNow
from tests.support.foundation import DAY, days
from tests.support.syncs import leases_end

if TYPE_CHECKING:
    from tests.support.foundation import Foundation
    from tests.support.syncs import EmulatedWebsite, SyncWorker

LATER = DAY + days(100)
ERRORS = [KeyError("x"), RecursionError(), OverflowError(), StoreUnavailableError("database_40P01")]


@pytest.fixture
def mentors(foundation: Foundation) -> Any:
    organisation = foundation.organisation()
    foundation.evaluated(organisation)
    return [foundation.mentor(organisation, LATER, consent=True) for _ in range(3)]


class BreakingPort:
    """A port that breaks at one of its calls: before it has done it, or after."""

    def __init__(self, port, call, error, *, after=False):
        self._port, self._call, self._error, self._after = port, call, error, after

    def __getattr__(self, name):
        call = getattr(self._port, name)
        if name != self._call:
            return call

        def breaks(*arguments):
            if self._after:
                call(*arguments)
            raise self._error

        return breaks


def claimed(foundation):
    return foundation.one("SELECT count(*) FROM certification.listings WHERE claimed_by IS NOT NULL")


def reasons(foundation):
    return set(foundation.all("SELECT reason FROM certification.listings"))


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("error", ERRORS, ids=lambda error: type(error).__name__)
def test_an_error_nobody_foresaw_leaves_no_claim(
    foundation: Foundation, worker: SyncWorker, site: EmulatedWebsite, mentors: Any, error: Any, *, after: bool
) -> None:
    """Before the push, or after it was carried out: of unknown outcome, because nobody knows; then it propagates."""
    with pytest.raises(type(error)):
        worker.sync_all(mentors, website=BreakingPort(worker.website, "push", error, after=after))
    assert claimed(foundation) == 0
    assert len(site.visible()) == (3 if after else 0)
    leases_end(foundation)
    worker.unsynced()
    assert len(site.visible()) == 3
    assert foundation.all("SELECT DISTINCT state FROM certification.listings") == ["live"]


def test_a_code_says_what_broke_it_off(foundation: Foundation, worker: SyncWorker, mentors: Any) -> None:
    """A class or a code: no words of an exception (I11)."""
    error = KeyError("kari@example.no")
    with pytest.raises(KeyError):
        worker.sync_all(mentors, website=BreakingPort(worker.website, "push", error))
    assert reasons(foundation) == {"unexpected_KeyError"}


def test_an_error_while_reading_back_leaves_no_claim(
    foundation: Foundation, worker: SyncWorker, site: EmulatedWebsite, mentors: Any
) -> None:
    """After a reply that was lost, the website is read; that breaks."""
    site.reset_after(1, path=r"\$batch")
    with pytest.raises(RecursionError):
        worker.sync_all(mentors, website=BreakingPort(worker.website, "read", RecursionError()))
    assert claimed(foundation) == 0


def test_an_error_while_settling_leaves_no_claim(
    foundation: Foundation, worker: SyncWorker, site: EmulatedWebsite, mentors: Any
) -> None:
    """What was settled stays so: to settle it once more changes nothing."""
    with pytest.raises(KeyError):
        worker.sync_all(mentors, listings=BreakingPort(worker.listings, "settle", KeyError(), after=True))
    assert claimed(foundation) == 0
    assert len(site.visible()) == 3


def test_a_pause_that_breaks_off_leaves_no_claim(foundation: Foundation, worker: SyncWorker, mentors: Any) -> None:
    """Between two tries."""

    def broken(_):
        raise InterruptedError

    with pytest.raises(InterruptedError):
        worker.sync_all(mentors, website=Waiting(worker.website), pause=broken)
    assert claimed(foundation) == 0


class Waiting:
    """A website that says "not now" to everything."""

    def __init__(self, website):
        self._website = website

    def push(self, changes):
        return [NotNow("dataverse_503")] * len(changes)

    def __getattr__(self, name):
        return getattr(self._website, name)
