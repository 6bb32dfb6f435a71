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
    """The first line of its message says how many mentors are shown meanwhile who must not be."""
    ENDANGERS = 2
    WAITS_FOR_A_PERSON = 3
    CAN_WAIT = 4
    """Another condition probably explains it, or it can wait until tomorrow."""


class ConditionText(NamedTuple):
    """A condition in one language.

    In `steps` a command of `python -m local` stands last, between backticks. `{id}` in it is the first id of the alert;
    every other name in braces is a fact.
    """

    title: str
    what: str
    counted: Counted | None
    """What the number counts; None where the number means nothing."""
    steps: tuple[str, ...]
    headline: str = ""
    """The first line instead of the title, with {since}, {n} and {still_shown}: what visitors notice."""


class Wording(NamedTuple):
    """A text in every language of alerts."""

    nb: ConditionText
    en: ConditionText


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One condition with all of its texts."""

    severity: Severity
    nb: ConditionText
    en: ConditionText
    subjects: Mapping[str, Wording] = field(default_factory=dict)
    """Texts for a subject of the condition that needs its own."""
    forms: Mapping[str, Wording] = field(default_factory=dict)
    """Texts for a form of the condition that needs its own, such as one of the credential; the fact `form` names it."""
    cause_first: bool = True
    """Whether the step that a cause asks for comes before the condition's own."""
