"""One row of the table of conditions."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import IntEnum
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping

    from shared.domain.wording.numbers import Counted


class Severity(IntEnum):
    """How urgent a condition is, the most urgent first."""

    STOPS_EVERYTHING = 1
    """Its first line says who is shown meanwhile although they must not be."""
    ENDANGERS = 2
    WAITS_FOR_A_PERSON = 3
    CAN_WAIT = 4
    """Another condition most likely explains it, or it is not of this hour."""


class ConditionText(NamedTuple):
    """A condition in one language. In `steps` a command of `python -m local` stands last, between backticks."""

    title: str
    what: str
    counted: Counted | None
    """What the number counts; None where it says nothing."""
    steps: tuple[str, ...]
    headline: str = ""
    """The first line instead of the title, with {since}, {n} and {still_shown}: what people notice."""


class Wording(NamedTuple):
    """A text in every language of alerts."""

    nb: ConditionText
    en: ConditionText


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """All that is known of a condition."""

    severity: Severity
    nb: ConditionText
    en: ConditionText
    subjects: Mapping[str, Wording] = field(default_factory=dict)
    """Instead of the condition's own texts, for this subject of it."""
    cause_first: bool = True
    """Whether the step that a cause asks for comes before the condition's own."""
