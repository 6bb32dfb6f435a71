"""Which messages come again, and when."""

from uuid import UUID

import pytest

from shared.domain.listings import Result, SyncMessage, SyncRequest, SyncResult
from shared.use_cases.consume_sync_requests import answer_messages
from tests.support.nights import Reported

MENTOR = UUID(int=1)


class Queue:
    def __init__(self):
        self.returned = {}

    def return_later(self, seconds):
        self.returned |= seconds


def answered(result, *, version=7, seen=7, receives=1, retry_after=0.0):
    """The ids of messages to come again, and after how many seconds."""
    queue = Queue()
    answered = answer_messages(
        [SyncMessage("m", "handle", receives, (SyncRequest(MENTOR, version),))],
        sync=lambda _: SyncResult({MENTOR: result}, retry_after, versions={MENTOR: seen}),
        queue=queue,
        report=Reported(),
    )
    return list(answered.failed), queue.returned


@pytest.mark.parametrize("result", [result for result in Result if result not in {Result.GIVEN_BACK, Result.BUSY}])
def test_what_is_done_does_not_come_again(result):
    assert answered(result) == ([], {})


@pytest.mark.parametrize("result", [Result.GIVEN_BACK, Result.BUSY])
def test_what_is_left_or_in_anothers_hands_comes_again(result):
    """I7: the other worker may die, and its message may have been none."""
    assert answered(result) == (["m"], {"handle": 5.0})


@pytest.mark.parametrize(("result", "seen"), [(Result.ALREADY, 6), (Result.UNKNOWN, 0), (Result.PUBLISHED, 6)])
def test_a_message_that_is_ahead_of_the_row_comes_again_a_few_times(result, seen):
    """I7: on RDS the bell rings before the commit; after a rollback there is nothing to wait for."""
    assert answered(result, seen=seen) == (["m"], {"handle": 5.0})
    assert answered(result, seen=seen, receives=4) == (["m"], {"handle": 40.0})
    assert answered(result, seen=seen, receives=5) == ([], {})


def test_the_website_is_given_the_time_it_asked_for_and_each_time_more():
    """I9, and deliveries that are not used up by patience."""
    waits = [answered(Result.GIVEN_BACK, receives=n, retry_after=30.0)[1]["handle"] for n in (1, 4, 9, 300)]
    assert waits == [30.0, 40.0, 900.0, 900.0]
