"""Explain a function's error by its codes."""

from __future__ import annotations

import re
from typing import NamedTuple

from operations.wording import speech

_CLASS = re.compile(r"[A-Z]\w*: ")  # Lambda's error message begins with the error's class


class Failure(NamedTuple):
    """Hold the meaning of the codes and what to do first. Both are empty if a code is unknown; then read the log."""

    meaning: str
    steps: tuple[str, ...]


def explained(message: str) -> Failure:
    """Return the meaning of the message that the function gave to Lambda."""
    said = _CLASS.sub("", message, count=1)
    codes = [speech.texts().codes.of(code) for code in said.split(",")]
    if not all(code.meaning for code in codes):
        return Failure("", ())
    return Failure(speech.texts().meaning(said), tuple(dict.fromkeys(code.step for code in codes if code.step)))
