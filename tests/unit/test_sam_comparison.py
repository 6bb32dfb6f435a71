"""When two results of a function say the same, and which memory of measured ones is chosen."""

from __future__ import annotations

from typing import Any

import pytest

from benchmarks.cold.document import best, dollars
from benchmarks.cold.measuring import Cold
from local.sam_invoke.comparing import comparable, first_difference
from local.sam_invoke.events import event_names

MENTOR = "5e3c1a52-9f0b-4c1d-8a37-0d6f4b2e9c11"
HERE = {
    "run_id": "0197f1f8-0000-7000-8000-000000000001",
    "at": "2026-12-01T00:15:00Z",
    "url": "http://127.0.0.1:4566/q",
}
THERE = {
    "run_id": "0197f1f8-0000-7000-8000-00000000abcd",
    "at": "2026-12-01T00:16:30.5+01:00",
    "url": "http://172.17.0.1:5/q",
}


def test_what_differs_at_each_run_is_compared_as_what_it_is() -> None:
    assert comparable(HERE, {MENTOR}) == comparable(THERE, {MENTOR})


@pytest.mark.parametrize(
    "other",
    [{"mentor": "b71d2f60-3a44-4f7e-9b1c-6c8e5a0d4f22"}, {"mentor": MENTOR, "sent": 1}, {"errorMessage": "x"}, None],
)
def test_what_was_done_is_compared_word_for_word(other: Any) -> None:
    """A mentor's id is no id of a run, although it looks like one."""
    known = {MENTOR, "b71d2f60-3a44-4f7e-9b1c-6c8e5a0d4f22"}
    assert comparable({"mentor": MENTOR}, known) != comparable(other, known)


def test_a_body_of_http_is_compared_as_json() -> None:
    spaced, tight = {"body": '{"a": 1, "b": 2}'}, {"body": '{"b":2,"a":1}'}
    assert comparable(spaced, ()) == comparable(tight, ())


def test_the_first_difference_is_shown() -> None:
    assert first_difference(comparable({"a": 1, "b": 2}, ()), comparable({"a": 1, "b": 3}, ())) == '"b": 2 ≠ "b": 3'


def test_a_day_comes_in_its_order() -> None:
    """Notices are written before they are sent, and sent before a mail bounces."""
    modules = list(dict.fromkeys(name.partition(".")[0] for name in event_names()))
    assert modules[:2] == ["expiry_check", "send_notices"]
    assert modules.index("send_notices") < modules.index("mail_events")


def test_time_that_memory_shortens_costs_nothing() -> None:
    """Half the time at twice the memory has the same price, so the quicker is the better."""
    assert dollars(1000, 1024) == pytest.approx(dollars(2000, 512))
    assert best({512: Cold(900, 1100, 1), 1024: Cold(450, 550, 1)}) == 1024


def test_time_that_memory_does_not_shorten_is_not_paid_for() -> None:
    assert best({512: Cold(900, 1100, 1), 1024: Cold(800, 1000, 1)}) == 512
