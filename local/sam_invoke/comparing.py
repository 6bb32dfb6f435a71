"""Whether two results say the same. What is another at each run (a run's id, a time) is compared as what it is."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection

_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:?\d\d)?")
# Under which name a function finds a service of this machine.
_PLACE = re.compile(r"(?:https?://)?(?:127\.0\.0\.1|172\.\d+\.\d+\.\d+|host\.docker\.internal)(?::\d+)?")
_SECONDS = re.compile(r"\b\d+(?:\.\d+)? (?:ms|seconds?)\b")
_SHOWN = 60


def comparable(result: object, known: Collection[str]) -> str:
    """Return a result as text that does not depend on the moment or the place. `known`: ids that do not differ."""
    text = json.dumps(_unfolded(result), ensure_ascii=False, sort_keys=True, indent=1)
    text = _UUID.sub(lambda found: found[0] if found[0] in known else "(an id)", text)
    for pattern, word in ((_TIME, "(a time)"), (_PLACE, "(here)"), (_SECONDS, "(a while)")):
        text = pattern.sub(word, text)
    return text


def first_difference(here: str, container: str) -> str:
    """Return the first line that differs, of both."""
    ours, theirs = here.splitlines(), container.splitlines()
    for one, other in zip(ours, theirs, strict=False):
        if one != other:
            return f"{one.strip()[:_SHOWN]} ≠ {other.strip()[:_SHOWN]}"
    return f"{len(ours)} lines ≠ {len(theirs)} lines"


def _unfolded(result: object) -> object:
    """Return the result with every text in it that is JSON, such as a body of HTTP, as what it stands for."""
    if isinstance(result, dict):
        return {name: _unfolded(value) for name, value in result.items()}
    if isinstance(result, list):
        return [_unfolded(value) for value in result]
    if isinstance(result, str) and result[:1] in "{[" and result:
        try:
            return json.loads(result)
        except ValueError:
            return result
    return result
