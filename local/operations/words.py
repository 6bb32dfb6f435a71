"""Times, numbers and codes as a tired person reads them."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any

from local import report
from local.calendar_days import OSLO

if TYPE_CHECKING:
    from collections.abc import Sequence

_MINUTE, _HOUR, _DAY = 60, 3600, 86400
# Of a website's answer: whole codes, then how one begins.
_REASONS = {
    "dataverse_400_0x80044331": "a text is longer than its column",
    "dataverse_400_0x80048d19": "a column of the mapping does not exist",
    "dataverse_400_0x0": "a column of the mapping has another type",
    "dataverse_404_0x8006088a": "the table of the mapping does not exist",
    "dataverse_403_0x80072560": "our user is missing in this environment",
    "dataverse_403_0x80040220": "our user's role lacks a privilege",
    "entra_7000222": "the client secret has expired",
    "entra_7000215": "the client secret is wrong",
    "entra_700016": "no such application",
    "entra_90002": "no such tenant",
    "website_answer_small": "the website showed hardly anybody",
    "no_time_left": "there was no time left to read all of it",
    "differences_unverified": "there were too many differences to read all of them twice",
    "scheduled_time_ahead": "its scheduled time has not come, so it did nothing",
    "day_ahead": "the day has not come, so it was not evaluated",
    "reminders_braked": "a brake holds reminders back",
    "expiries_braked": "a brake holds expiries back",
    "repairs_braked": "a brake holds repairs back",
    "never_ended": "the function was killed before its end",
}
_BEGINNINGS = {
    "dataverse_401": "our sign-in is not taken",
    "dataverse_403": "this row is not ours to write",
    "dataverse_429": "the website asks for patience",
    "dataverse_4": "the website refuses it; the code is its own",
    "dataverse_5": "a fault of the website",
    "entra_": "the sign-in refuses us; the code is Microsoft's",
    "secret_": "the secret cannot be used",
    "website_": "a fault on the way to the website",
    "queue_": "the queue did not take it",
    "database_": "the database",
}


def moment(at: datetime, now: datetime) -> str:
    """The time in Oslo; with the day if it is another than that of `now`."""
    there = at.astimezone(OSLO)
    return f"{there:%H:%M}" if there.date() == now.astimezone(OSLO).date() else f"{there:%d.%m. %H:%M}"


def age(since: datetime, now: datetime) -> str:
    """How long ago, in one number."""
    seconds = max((now - since) / timedelta(seconds=1), 0)
    if seconds < 2 * _MINUTE:
        return f"{seconds:.0f} s"
    if seconds < 2 * _HOUR:
        return f"{seconds // _MINUTE:.0f} min"
    return f"{seconds // _HOUR:.0f} h" if seconds < 2 * _DAY else f"{seconds // _DAY:.0f} days"


def many(n: int, what: str) -> str:
    """1 mentor, 2 mentors, 1,000 mentors."""
    return f"{n:,} {what if n == 1 else what + 's'}"


def reason(codes: str | None) -> str:
    """What codes, separated by commas, mean; each stands beside its meaning, for whoever looks it up."""
    found = [(_meaning(code), code) for code in (codes or "").split(",") if code]
    return "; ".join(f"{meaning} ({code})" if meaning else code for meaning, code in found)


def _meaning(code: str) -> str:
    known = _REASONS.get(code)
    return known or next((text for start, text in _BEGINNINGS.items() if code.startswith(start)), "")


def print_json(value: Any) -> None:  # noqa: ANN401 - a dataclass, or a sequence of them
    """A dataclass, or several, as JSON; times in UTC as ISO 8601 has them."""
    found = [_named(one) for one in value] if isinstance(value, (list, tuple)) else _named(value)
    report.console.print_json(json.dumps(found, default=_plain))


def _named(value: Any) -> dict[str, Any]:  # noqa: ANN401
    """`class` is a word of ours and of Python's, where it ends with an underscore."""
    return asdict(value, dict_factory=lambda fields: {name.rstrip("_"): content for name, content in fields})


def _plain(value: object) -> object:
    return value.isoformat() if isinstance(value, (date, datetime)) else str(value)


def first(found: Sequence[str], most: int) -> str:
    """Separated by commas, and how many more there are."""
    rest = len(found) - most
    return ", ".join(found[:most]) + (f" and {rest} more" if rest > 0 else "")
