"""JSON from outside, read within bounds."""

from __future__ import annotations

import json
from typing import Any

from pydantic_core import from_json

# The limit of pydantic_core. No reply of Dataverse or Entra is nested deeper than a few levels.
_DEEPEST = 200


def read_json(body: bytes) -> Any:  # noqa: ANN401 - any JSON
    r"""Return the value. Raises ValueError, and nothing else, for a body that is no JSON or exceeds the bounds.

    The bounds: nested at most 200 deep, numbers of at most 4,300 digits, no NaN. A lone escape such as \ud83d, which
    remains where a text was cut within a character, becomes a replacement character.
    """
    try:
        return from_json(body, cache_strings="keys", allow_inf_nan=False)  # values are hardly ever repeated
    except ValueError:
        pass
    try:
        return _whole(json.loads(body, parse_constant=_refuse), _DEEPEST)
    except RecursionError:
        raise ValueError("nested too deep") from None


def _whole(said: Any, deepest: int) -> Any:  # noqa: ANN401
    if isinstance(said, str):
        return said.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    if not isinstance(said, list | dict):
        return said
    if not deepest:
        raise ValueError("nested too deep")
    if isinstance(said, list):
        return [_whole(item, deepest - 1) for item in said]
    return {_whole(name, 0): _whole(item, deepest - 1) for name, item in said.items()}


def _refuse(constant: str) -> None:
    raise ValueError(constant)
