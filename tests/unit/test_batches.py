"""How operations are divided into `$batch` requests: evenly, in the fewest rounds, none too long for its reply."""

from __future__ import annotations

from itertools import chain

from hypothesis import example, given
from hypothesis import strategies as st

from local.stack.parameters import local_template
from shared.adapters.dataverse.batches import SMALLEST_BATCH, evenly
from shared.adapters.dataverse.service import LONGEST_SECONDS
from shared.domain.sync_messages import MAX_MENTORS

# What Dataverse takes for an upsert on a bad day; it is planned for 25 ms.
SECONDS_OF_A_LISTING = 0.08


@given(count=st.integers(0, 3_000), most=st.integers(1, 300), at_a_time=st.integers(1, 8))
@example(count=500, most=125, at_a_time=4)
@example(count=501, most=125, at_a_time=4)
@example(count=26, most=125, at_a_time=4)
def test_batches_are_even_and_as_few_rounds_as_can_be(count: int, most: int, at_a_time: int) -> None:
    """Every place once and in order; no batch longer than another by two; no request idle in the last round."""
    batches = evenly(range(count), most, at_a_time)
    assert list(chain.from_iterable(batches)) == list(range(count))
    sizes = [len(batch) for batch in batches]
    assert all(1 <= size <= most for size in sizes)
    assert max(sizes, default=0) - min(sizes, default=0) <= 1
    rounds = -(-count // (most * at_a_time))
    assert len(sizes) <= rounds * at_a_time
    assert len(sizes) == rounds * at_a_time or max(sizes, default=0) <= SMALLEST_BATCH


def test_few_operations_are_one_request() -> None:
    """I9: a request counts against the allowance, so the change of one mentor, or of two dozen, is one."""
    assert [
        len(evenly(range(count), 125, 4)) for count in (1, 24, SMALLEST_BATCH, SMALLEST_BATCH + 1, 4 * SMALLEST_BATCH)
    ] == [1, 1, 1, 2, 4]


def test_no_batch_needs_a_third_of_the_time_of_its_reply() -> None:
    """I18: a batch that is cut off has an unknown outcome, all of it."""
    assert int(dynamics_sync()["DATAVERSE_BATCH_SIZE"]) * SECONDS_OF_A_LISTING <= LONGEST_SECONDS / 3


def test_a_full_invocation_is_one_full_round() -> None:
    """Its messages hold as many mentors as its batches under way, so that no request of a worker is idle."""
    template = local_template()
    (mapping,) = [one for one in template.event_source_mappings if one.source_arn.endswith("SyncRequests")]
    environment = dynamics_sync()
    under_way = int(environment["DATAVERSE_BATCH_SIZE"]) * int(environment["DATAVERSE_PARALLEL_REQUESTS"])
    assert mapping.batch_size * MAX_MENTORS == under_way


def dynamics_sync() -> dict[str, str]:
    (function,) = [f for f in local_template().functions if f.logical_id == "DynamicsSync"]
    return dict(function.environment)
