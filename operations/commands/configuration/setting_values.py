"""Parse the values that an operator types for settings, and write them as they are typed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from operations.errors import NotUnderstoodError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

_NONE = {"standard", "none"}
_YES, _NO = {"yes", "true", "ja"}, {"no", "false", "nei"}


_IN_A_FILE = "listing_mapping=@"


def parse(changes: Sequence[str], *, files: bool = True) -> dict[str, Any]:
    """Parse NAME=VALUE of each change. Raises NotUnderstoodError, also for a name that stands twice.

    `files`: a value may name a file that holds it.
    """
    if not files and any(change.startswith(_IN_A_FILE) for change in changes):
        raise NotUnderstoodError("no file is read here: give the value itself")
    parsed: dict[str, Any] = {}
    for change in changes:
        name, given, value = change.partition("=")
        name = name.strip()
        if not given or name not in _PARSE:
            raise NotUnderstoodError(
                f"{change!r} is not a setting and a value: write NAME=VALUE, of {', '.join(_PARSE)}"
            )
        if name in parsed:
            raise NotUnderstoodError(f"{name} stands twice: give it once")
        parsed[name] = None if value.strip().lower() in _NONE else _PARSE[name](name, value.strip())
    return parsed


def with_files_read(changes: Sequence[str]) -> list[str]:
    """Return the changes with the content of the files that they name, for a program that has not these files."""
    return [
        f"listing_mapping={json.dumps(parse([change])['listing_mapping'])}" if change.startswith(_IN_A_FILE) else change
        for change in changes
    ]


def written(value: Any) -> str:  # noqa: ANN401 - a value of any setting
    """Return the value as it is typed; a listing mapping in short. An empty text where there is none."""
    match value:
        case None:
            return ""
        case bool():
            return "yes" if value else "no"
        case list():
            return " ".join(map(str, value))
        case dict():
            columns = ", ".join(f"{column}={field}" for column, field in value["columns"].items())
            return f"{value['table']} ({value['key']}): {columns}; {', '.join(value['show'])}"
        case _:
            return str(value)


def _days(name: str, value: str) -> list[int]:
    return [_number(name, day) for day in value.replace(",", " ").split()]


def _number(name: str, value: str) -> int:
    try:
        return int(value)
    except ValueError:
        raise NotUnderstoodError(f"{name}: {value!r} is not a whole number") from None


def _choice(name: str, value: str) -> bool:
    if value.lower() in _YES | _NO:
        return value.lower() in _YES
    raise NotUnderstoodError(f"{name}: say yes or no, not {value!r}")


def _text(_: str, value: str) -> str:
    return value


def _mapping(name: str, value: str) -> Any:  # noqa: ANN401 - any JSON value; the database knows which make sense
    try:
        return json.loads(Path(value[1:]).read_text(encoding="utf-8") if value.startswith("@") else value)
    except OSError as error:
        raise NotUnderstoodError(f"{name}: {value[1:]} cannot be read: {error.strerror}") from None
    except ValueError as error:
        raise NotUnderstoodError(f"{name}: this is not JSON ({error}): write @FILE for a file that holds it") from None


_PARSE: dict[str, Callable[[str, str], Any]] = {
    "org_thresholds": _choice,
    "thresholds": _days,
    "reactivate_renewed": _choice,
    "listing_mapping": _mapping,
    "brake_count": _number,
    "brake_percent": _number,
    "table_is_ours": _choice,
    "fallback_address": _text,
    "keep_sweeps_days": _number,
    "keep_runs_days": _number,
    "keep_notices_days": _number,
    "keep_findings_days": _number,
    "keep_audit_days": _number,
}
NAMES = tuple(_PARSE)
