"""The writer of rows: in order, few at a time, and an error is never forgotten (I14: a lost page is no missing row)."""

from __future__ import annotations

from threading import Event, Timer
from typing import TYPE_CHECKING

import pytest

from shared.adapters.postgres.row_writer import RowWriter

if TYPE_CHECKING:
    from collections.abc import Iterator

LONG = 10.0


@pytest.fixture
def writer() -> Iterator[RowWriter]:
    made = RowWriter()
    yield made
    made.close()


class SlowWrite:
    """A write that has begun and goes on when it is let go."""

    def __init__(self, writer: RowWriter) -> None:
        self._begun, self.let_go = Event(), Event()
        writer.write(self)
        assert self._begun.wait(LONG)

    def __call__(self) -> None:
        self._begun.set()
        assert self.let_go.wait(LONG)

    def let_go_soon(self) -> None:
        Timer(0.05, self.let_go.set).start()


def test_writes_are_carried_out_in_order(writer: RowWriter) -> None:
    done: list[int] = []
    for number in range(20):
        writer.write(lambda number=number: done.append(number))  # type: ignore[misc]
    writer.finish()
    assert done == list(range(20))


def test_few_writes_are_under_way(writer: RowWriter) -> None:
    """Each holds a page of the website, and memory is bounded: the third waits for the first."""
    first = SlowWrite(writer)
    writer.write(lambda: None)
    first.let_go_soon()
    writer.write(lambda: None)
    assert first.let_go.is_set()


def test_an_error_is_raised_by_everything_that_follows(writer: RowWriter) -> None:
    """One caller may swallow it, so the next hears it again. What came after the failed write is left out."""
    done: list[str] = []

    def fail() -> None:
        raise ValueError("lost")

    writer.write(fail)
    for call in (writer.finish, writer.finish, lambda: writer.write(lambda: done.append("after"))):
        with pytest.raises(ValueError, match="lost"):
            call()
    assert done == []


def test_what_has_not_begun_is_left_out(writer: RowWriter) -> None:
    """I18: near the deadline no statement is started that nobody needs any more."""
    done: list[str] = []
    first = SlowWrite(writer)
    writer.write(lambda: done.append("second"))
    first.let_go_soon()
    writer.abandon()
    assert done == []
