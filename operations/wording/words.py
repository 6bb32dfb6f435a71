"""Format times, numbers and codes for a tired reader."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any

from operations import console
from operations.dates import OSLO
from operations.wording.speech import say, texts
from shared.domain.wording.numbers import Unit, in_one_unit

if TYPE_CHECKING:
    from collections.abc import Sequence


def moment(at: datetime, now: datetime) -> str:
    """Return the time in Oslo, with the day unless it is the day of `now`."""
    there = at.astimezone(OSLO)
    return f"{there:%H:%M}" if there.date() == now.astimezone(OSLO).date() else f"{there:%d.%m. %H:%M}"


def age(since: datetime, now: datetime) -> str:
    """Return how long ago it was, in one number."""
    n, unit = in_one_unit((now - since) / timedelta(seconds=1), at_least=2)
    match unit:
        case Unit.SECOND:
            return f"{n} s"
        case Unit.MINUTE:
            return f"{n} min"
        case Unit.HOUR:
            return say("{n} h", n=n)
        case Unit.DAY:
            return say("{n} days", n=n)


def reason(codes: str | None) -> str:
    """Return the meaning of comma-separated codes. Each code follows its meaning, so that it can be looked up."""
    return texts().meaning(codes)


def print_json(value: Any) -> None:  # noqa: ANN401 - a dataclass, or a sequence of them
    """Print a dataclass or several as JSON, with times in UTC in ISO 8601."""
    print_json_value([_named(one) for one in value] if isinstance(value, (list, tuple)) else _named(value))


def print_json_value(value: object) -> None:
    """Print lists, maps and plain values as JSON, with times in UTC in ISO 8601."""
    console.out.print_json(json.dumps(value, default=_plain))


def _named(value: Any) -> dict[str, Any]:  # noqa: ANN401
    """Return the fields without the underscore of `class_`, which is a keyword in Python."""
    return asdict(value, dict_factory=lambda fields: {name.rstrip("_"): content for name, content in fields})


def _plain(value: object) -> object:
    return value.isoformat() if isinstance(value, (date, datetime)) else str(value)


def first(found: Sequence[str], most: int, of: int | None = None) -> str:
    """Join the first few with commas and add how many more there are. `of` is the total if it exceeds `found`."""
    rest = (len(found) if of is None else of) - min(most, len(found))
    return ", ".join(found[:most]) + (say(" and {n} more", n=f"{rest:,}") if rest > 0 else "")
