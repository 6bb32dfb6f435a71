"""Choose the language of the screens and the target of the printed commands."""

from __future__ import annotations

from contextvars import ContextVar
from typing import TYPE_CHECKING

from operations.wording.bokmal import BOKMAL
from shared.domain.alerts import Language
from shared.domain.commands import Target
from shared.domain.wording.languages import TEXTS
from shared.domain.wording.numbers import plural

if TYPE_CHECKING:
    from shared.domain.wording.texts import Texts

_LANGUAGE = ContextVar("language", default=Language.EN)
_TARGET = ContextVar("target", default=Target())  # noqa: B039 - it is frozen


def use(language: Language, target: Target) -> None:
    """Set the language and the target for the rest of this command."""
    _LANGUAGE.set(language)
    _TARGET.set(target)


def texts() -> Texts:
    """Return the texts for conditions and codes."""
    return TEXTS[_LANGUAGE.get()]


def say(english: str, **values: object) -> str:
    """Return a screen text in the chosen language, with the values filled in."""
    text = BOKMAL.get(english, english) if _LANGUAGE.get() is Language.NB else english
    return text.format(**values) if values else text


def many(n: int, one: str, several: str, **values: object) -> str:
    """Return the singular or plural text with the number: 1 mentor, 2 mentors, 1,000 mentors."""
    return say(plural(n, one, several), n=f"{n:,}", **values)


def command(words: str) -> str:
    """Return the complete line to paste for a command such as `rejected list`."""
    return _TARGET.get().command(words)


def target() -> Target:
    """Return the target of the printed commands."""
    return _TARGET.get()
