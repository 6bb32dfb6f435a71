"""The verdict of a proof, by its counts alone (I14)."""

from __future__ import annotations

from typing import Any

import pytest

from shared.domain.comparison import ProofVerdict, verdict_of


@pytest.mark.parametrize(
    ("counts", "equal", "verdict"),
    [
        ({}, True, ProofVerdict.YES),
        ({}, False, ProofVerdict.NO),
        ({"missing": 1}, False, ProofVerdict.NO),
        ({"missing": 1, "in_flight": 1}, False, ProofVerdict.NOT_YET),
        ({"listed_but_invalid": 1, "day_turns": 1}, False, ProofVerdict.NOT_YET),
        ({"missing": 2, "in_flight": 1}, False, ProofVerdict.NO),
        ({"listed_but_invalid": 4, "held_by_brake": 3, "in_flight": 1}, False, ProofVerdict.NO),
        ({"field_drift": 2, "rejected": 1, "in_flight": 1}, False, ProofVerdict.NO),
        ({"rows_repeated": 1, "in_flight": 1, "missing": 1}, False, ProofVerdict.NO),
    ],
)
def test_only_what_settles_makes_it_not_yet(counts: Any, equal: bool, verdict: ProofVerdict) -> None:
    """I14: what the brake holds or the website refuses is a no, although something else is in flight just now."""
    assert verdict_of(complete=True, counts=counts, equal=equal) is verdict
    assert verdict_of(complete=False, counts=counts, equal=equal) is ProofVerdict.NOT_YET
