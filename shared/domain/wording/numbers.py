"""Plurals and durations for people."""

from __future__ import annotations

from enum import IntEnum
from typing import NamedTuple


class Counted(NamedTuple):
    """What a number counts: one of it, and any other number."""

    one: str
    many: str

    def of(self, n: int) -> str:
        """Return the number with its noun: 1 mentor, 2 mentors."""
        return f"{n:,} {plural(n, *self)}"


def plural[Text](n: int, one: Text, many: Text) -> Text:
    """Return the form that stands with this number. Norwegian and English have the same two."""
    return one if n == 1 else many


def in_english(n: int, one: str, many: str = "") -> str:
    """Return an English count: 1 mentor, 2 mentors, 2 expiries."""
    return f"{n} {plural(n, one, many or one + 's')}"


class Unit(IntEnum):
    """A unit of time, in seconds."""

    SECOND = 1
    MINUTE = 60
    HOUR = 3600
    DAY = 86400


def in_one_unit(seconds: float, *, at_least: int = 1) -> tuple[int, Unit]:
    """Return a duration in the largest unit of which there are so many, rounded down."""
    seconds = max(seconds, 0)
    unit = next((unit for unit in reversed(Unit) if seconds >= at_least * unit), Unit.SECOND)
    return int(seconds // unit), unit
