"""Why a function ended with an error, in sentences where its codes are known."""

from __future__ import annotations

import re
from typing import NamedTuple

from operations.wording import speech

_CLASS = re.compile(r"[A-Z]\w*: ")  # what Lambda is told begins with the error's class


class Failure(NamedTuple):
    """What the codes mean, and what to do first. Both empty where one of them is not known: then the log says more."""

    meaning: str
    steps: tuple[str, ...]


def explained(message: str) -> Failure:
    """Of the message that Lambda was given."""
    said = _CLASS.sub("", message, count=1)
    codes = [speech.texts().codes.of(code) for code in said.split(",")]
    if not all(code.meaning for code in codes):
        return Failure("", ())
    return Failure(speech.texts().meaning(said), tuple(dict.fromkeys(code.step for code in codes if code.step)))
