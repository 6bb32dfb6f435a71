"""Which thresholds are reached, and what each becomes (I2)."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain.thresholds import ReminderState, reached

ENDS = date(2028, 2, 29)
CLAIMED, COLLAPSED = ReminderState.CLAIMED, ReminderState.COLLAPSED
LISTS = st.sets(st.integers(0, 365), min_size=1, max_size=6).map(lambda found: sorted(found, reverse=True))


@pytest.mark.parametrize(
    ("left", "expected"),
    [
        (31, {}),
        (30, {30: CLAIMED}),
        (15, {30: CLAIMED}),
        (14, {30: COLLAPSED, 14: CLAIMED}),
        (7, {30: COLLAPSED, 14: COLLAPSED, 7: CLAIMED}),
        (0, {30: COLLAPSED, 14: COLLAPSED, 7: CLAIMED}),
        (-1, {30: COLLAPSED, 14: COLLAPSED, 7: COLLAPSED}),
    ],
)
def test_the_nearest_threshold_is_claimed_and_others_collapsed(left: int, expected: Any) -> None:
    """The nearest threshold reached is claimed, and the others are collapsed.

    I2: on the last day still, and no more once it has passed.
    """
    assert reached((30, 14, 7), ENDS, ENDS - timedelta(days=left)) == expected


@given(LISTS, st.integers(-400, 400), st.integers(0, 60))
def test_a_threshold_once_reached_stays_reached(thresholds: Any, left: Any, later: Any) -> None:
    """I2: so a nightly check that comes late finds what the nightly checks before it would have found."""
    day = ENDS - timedelta(days=left)
    earlier, now = reached(thresholds, ENDS, day), reached(thresholds, ENDS, day + timedelta(days=later))
    assert earlier.keys() <= now.keys()
    assert list(now.values()).count(CLAIMED) == (1 if now and left >= later else 0)
