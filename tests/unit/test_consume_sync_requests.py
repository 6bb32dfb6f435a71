"""Which messages come again, and when."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest

from shared.domain.listings import Result, SyncMessage, SyncRequest, SyncResult
from shared.use_cases.consume_sync_requests import consume_sync_requests
from tests.support.fakes.report import FakeReport
from tests.support.fakes.sync_queue import FakeSyncQueue

MENTOR = UUID(int=1)


def consumed(result, *, version=7, seen=7, receives=1, retry_after=0.0):
    """The ids of messages to come again, and after how many seconds."""
    queue = FakeSyncQueue()
    consumed = consume_sync_requests(
        [SyncMessage("m", "handle", receives, (SyncRequest(MENTOR, version),))],
        sync=lambda _: SyncResult({MENTOR: result}, retry_after, versions={MENTOR: seen}),
        queue=queue,
        report=FakeReport(),
    )
    return list(consumed.failed), queue.returned


@pytest.mark.parametrize("result", [result for result in Result if result not in {Result.GIVEN_BACK, Result.BUSY}])
def test_what_is_done_does_not_come_again(result: Any) -> None:
    assert consumed(result) == ([], {})


@pytest.mark.parametrize("result", [Result.GIVEN_BACK, Result.BUSY])
def test_what_is_left_or_in_anothers_hands_comes_again(result: Result) -> None:
    """I7: the other worker may die, and its message may have been none."""
    assert consumed(result) == (["m"], {"handle": 5.0})


@pytest.mark.parametrize(("result", "seen"), [(Result.ALREADY, 6), (Result.UNKNOWN, 0), (Result.PUBLISHED, 6)])
def test_a_message_ahead_of_the_row_comes_again_a_few_times(result: Result, seen: int) -> None:
    """I7: on RDS the webhook is sent before the commit; after a rollback there is nothing to wait for."""
    assert consumed(result, seen=seen) == (["m"], {"handle": 5.0})
    assert consumed(result, seen=seen, receives=4) == (["m"], {"handle": 40.0})
    assert consumed(result, seen=seen, receives=5) == ([], {})


def test_the_website_gets_the_time_it_asked_for_and_then_more() -> None:
    """The website is given the time that it asked for, and each time more.

    I9, and deliveries that are not used up by patience.
    """
    waits = [consumed(Result.GIVEN_BACK, receives=n, retry_after=30.0)[1]["handle"] for n in (1, 4, 9, 300)]
    assert waits == [30.0, 40.0, 900.0, 900.0]
