"""The measurements at one size, repeat by repeat. Each has a fresh copy of the database, and they are interleaved."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from datetime import date, timedelta
from statistics import median
from typing import TYPE_CHECKING, Final

from benchmarks.mentors_at_scale import NOBODY_DUE
from benchmarks.nightly.calls import run_nightly_check
from benchmarks.nightly.database import fresh_copy
from benchmarks.nightly.floor import rows_of_run, run_copy, run_shared_floor

if TYPE_CHECKING:
    from collections.abc import Callable
    from uuid import UUID

    from benchmarks.nightly.floor import Floor
    from local.stack.postgres import Postgres
    from shared.adapters.postgres.connection import Connection

    type MeasureFloor = Callable[[Connection, date, UUID], Floor]

BUSY: Final = NOBODY_DUE - timedelta(days=2)
"""A Tuesday on which 42 days of expiries and 72 days of reminders have accumulated since the last nightly check."""
ORDINARY: Final = (NOBODY_DUE - timedelta(days=1), *(NOBODY_DUE + timedelta(days) for days in (1, 2, 3)))
MONDAY: Final = NOBODY_DUE + timedelta(days=4)
_SAME_DAY_AGAIN: Final = 3


class UnfairFloorError(Exception):
    """Raised when a floor wrote other rows than the nightly check, or when a quiet nightly check was not quiet."""


@dataclass
class Measures:
    """Seconds of every repeat at one size, and megabytes of write-ahead log of the busy nightly check."""

    mentors: int
    rows: dict[str, int] = field(default_factory=dict)
    check: list[float] = field(default_factory=list)
    floor: list[float] = field(default_factory=list)
    shared_floor: list[float] = field(default_factory=list)
    copy: list[float] = field(default_factory=list)
    same_day: list[float] = field(default_factory=list)
    nobody_due: list[float] = field(default_factory=list)
    ordinary: list[float] = field(default_factory=list)
    monday: list[float] = field(default_factory=list)
    wal_mb: list[float] = field(default_factory=list)

    def ratio(self, floor: list[float]) -> float:
        """Return the median nightly check divided by the median floor."""
        return median(self.check) / median(floor)

    @property
    def quiet_ms(self) -> float:
        """The milliseconds of a quiet nightly check: the median of the slower of the two kinds."""
        return 1000 * max(median(self.same_day), median(self.nobody_due))


def measure_once(postgres: Postgres, source: str, found: Measures, floor: MeasureFloor) -> None:
    """Run one repeat and add its seconds to `found`.

    A repeat is the floors, the busy nightly check, its copy, and then the nightly checks after it. Raise
    UnfairFloorError if they cannot be compared.
    """
    with fresh_copy(postgres, source) as connection:
        floors = [floor(connection, BUSY, uuid.uuid4()), run_shared_floor(connection, BUSY, uuid.uuid4())]
        connection.execute("CHECKPOINT")
        log = _log_position(connection)
        check = run_nightly_check(connection, BUSY)
        found.wal_mb.append((_log_position(connection) - log) / 1e6)
        found.rows = rows_of_run(connection, check.run_id)
        floors.append(run_copy(connection, check.run_id))
        for measured in floors:
            if dict(measured.rows) != found.rows:
                raise UnfairFloorError(f"the nightly check wrote {found.rows}, a floor {dict(measured.rows)}")
        for seconds, measured in zip((found.floor, found.shared_floor, found.copy), floors, strict=True):
            seconds.append(measured.seconds)
        found.check.append(check.seconds)
        _checks_after(connection, found)


def _log_position(connection: Connection) -> int:
    row = connection.execute("SELECT (pg_current_wal_insert_lsn() - '0/0')::bigint AS bytes").fetchone()
    return int(row["bytes"]) if row else 0


def _checks_after(connection: Connection, found: Measures) -> None:
    connection.execute("CHECKPOINT")
    found.same_day += [_quiet(connection, BUSY) for _ in range(_SAME_DAY_AGAIN)]
    for day in sorted((*ORDINARY, NOBODY_DUE)):
        if day == NOBODY_DUE:
            found.nobody_due.append(_quiet(connection, day))
        else:
            found.ordinary.append(run_nightly_check(connection, day).seconds)
    found.monday.append(run_nightly_check(connection, MONDAY, everyone=True).seconds)


def _quiet(connection: Connection, day: date) -> float:
    check = run_nightly_check(connection, day)
    if check.due:
        raise UnfairFloorError(f"the nightly check of {day} should be quiet, but {check.due} were due")
    return check.seconds
