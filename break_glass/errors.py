"""Define the errors of this program: each is a sentence of wording.py and an exit code."""

from __future__ import annotations

from typing import ClassVar


class GlassError(Exception):
    """The program ends with a sentence. Exit codes are those of every command of this system."""

    exit_code: ClassVar[int] = 1

    def __init__(self, sentence: str, **facts: object) -> None:
        """`sentence`: its name in wording.py."""
        super().__init__(sentence)
        self.sentence = sentence
        self.facts = facts


class NotUnderstoodError(GlassError):
    """The command line or a file is incomplete or contradicts itself."""

    exit_code = 2


class NotKnownError(GlassError):
    """It could not be determined, or is not done yet."""

    exit_code = 3
