"""The log of writes: row versions, what was committed, and transactions that can be taken back."""

from __future__ import annotations

import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from emulators.dataverse.model.schema import TableSchema
    from emulators.dataverse.model.types import Row

_FIRST_VERSION = 1_000_000


class Write(NamedTuple):
    """One write, as the journal records it once it is committed."""

    at: float
    """time.time()"""
    schema: TableSchema
    row: Row
    verb: str
    """create, update or delete"""
    columns: list[str]


class WriteLog:
    """The writes of all tables of one environment."""

    def __init__(self) -> None:
        self.version = _FIRST_VERSION
        """The newest row version given out; it grows over all tables."""
        self._committed: list[Write] = []
        """Writes that were not taken yet: take_committed()."""
        self._undo: list[tuple[Write, Callable[[], None]]] = []
        """Writes of the transactions that are open, each with what takes it back, the oldest first."""
        self._depth = 0
        self._second = 0
        self._timestamp = ""

    def next_version(self) -> int:
        """Return a row version greater than all before."""
        self.version += 1
        return self.version

    def timestamp(self, now: float) -> str:
        """Return a time as the service writes it: whole seconds, UTC."""
        second = int(now)
        if second != self._second:
            self._second = second
            self._timestamp = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(second))
        return self._timestamp

    def wrote(self, write: Write, take_back: Callable[[], None]) -> None:
        """Record a write: at once as committed, or for the end of the transaction it is in."""
        if self._depth:
            self._undo.append((write, take_back))
        else:
            self._committed.append(write)

    def take_committed(self) -> list[Write]:
        """Return the committed writes since the last time."""
        taken, self._committed = self._committed, []
        return taken

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Commit all that is written inside, or nothing if it is left by an exception. An inner one is part of it."""
        mark = len(self._undo)
        self._depth += 1
        try:
            yield
        except BaseException:
            while len(self._undo) > mark:
                self._undo.pop()[1]()
            raise
        finally:
            self._depth -= 1
            if not self._depth:
                self._committed += [write for write, _ in self._undo]
                self._undo.clear()
