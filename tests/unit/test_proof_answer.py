"""What a proof answers, by its counts alone (I14)."""

from __future__ import annotations

import pytest

from shared.domain.comparison import Answer, answer_of


@pytest.mark.parametrize(
    ("counts", "equal", "answer"),
    [
        ({}, True, Answer.YES),
        ({}, False, Answer.NO),
        ({"missing": 1}, False, Answer.NO),
        ({"missing": 1, "in_flight": 1}, False, Answer.NOT_YET),
        ({"listed_but_invalid": 1, "day_turns": 1}, False, Answer.NOT_YET),
        ({"missing": 2, "in_flight": 1}, False, Answer.NO),
        ({"listed_but_invalid": 4, "held_by_brake": 3, "in_flight": 1}, False, Answer.NO),
        ({"field_drift": 2, "rejected": 1, "in_flight": 1}, False, Answer.NO),
        ({"rows_repeated": 1, "in_flight": 1, "missing": 1}, False, Answer.NO),
    ],
)
def test_only_what_settles_makes_it_not_yet(counts, equal, answer):
    """I14: what the brake holds or the website refuses is a no, although something else is in flight just now."""
    assert answer_of(complete=True, counts=counts, equal=equal) is answer
    assert answer_of(complete=False, counts=counts, equal=equal) is Answer.NOT_YET
