"""The language that this command speaks, and what the commands it names work on."""

from __future__ import annotations

from contextvars import ContextVar
from typing import TYPE_CHECKING

from operations.wording.bokmal import BOKMAL
from shared.domain.commands import Target
from shared.domain.wording.languages import TEXTS
from shared.domain.wording.numbers import plural
from shared.domain.wording.texts import Language

if TYPE_CHECKING:
    from shared.domain.wording.texts import Texts

_LANGUAGE = ContextVar("language", default=Language.EN)
_TARGET = ContextVar("target", default=Target())  # noqa: B039 - it is frozen


def use(language: Language, target: Target) -> None:
    """From now on, for the rest of this command."""
    _LANGUAGE.set(language)
    _TARGET.set(target)


def texts() -> Texts:
    """What is said of conditions and codes."""
    return TEXTS[_LANGUAGE.get()]


def say(english: str, **values: object) -> str:
    """A text of ours in the language that was chosen, with the values in their places."""
    text = BOKMAL.get(english, english) if _LANGUAGE.get() is Language.NB else english
    return text.format(**values) if values else text


def many(n: int, one: str, several: str, **values: object) -> str:
    """1 mentor, 2 mentors, 1,000 mentors."""
    return say(plural(n, one, several), n=f"{n:,}", **values)


def command(words: str) -> str:
    """The whole line for a command, such as `rejected list`, to be pasted."""
    return _TARGET.get().command(words)


def target() -> Target:
    """What the commands that are named work on."""
    return _TARGET.get()
