"""The texts of one language: codes, conditions and the fixed words of a message."""

from __future__ import annotations

import re
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

from shared.domain.alerts import Language
from shared.domain.conditions import CONDITIONS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from shared.domain.alerts import Condition
    from shared.domain.conditions.entry import ConditionText
    from shared.domain.wording.numbers import Counted, Unit


class CodeText(NamedTuple):
    """What a code means, and the first thing to do about it; empty where the condition's own steps are best."""

    meaning: str
    step: str = ""


class MailText(NamedTuple):
    """The fixed words of a message."""

    subject: str
    still: str
    over: str
    lasted: str
    nothing_to_do: str
    since: str
    until: str
    clock: str
    how_many: str
    ids: str
    more: str
    what_to_do: str
    runbook: str
    alert: str
    facts: Mapping[str, str]
    units: Mapping[Unit, Counted]
    a_moment: str


_NO_RESPONSE = re.compile(r"(dataverse|entra)_[A-Z][A-Za-z]*")
_FAULT = re.compile(r"entra_5[0-9]{2}$")  # an HTTP status; a refusal's number is longer


class Codes(NamedTuple):
    """Codes: whole ones; Dynamics' own, wherever they stand last; how others begin."""

    whole: Mapping[str, CodeText]
    of_dynamics: Mapping[str, CodeText]
    beginnings: Mapping[str, CodeText]
    of_the_next: str
    """Before the meaning of a code that is about the secret's next version."""

    def of(self, code: str) -> CodeText:
        """Return the text of a code; an empty one where the code is unknown."""
        if code.startswith("pending_"):
            rest = code.removeprefix("pending_")
            return CodeText(self.of_the_next.format(meaning=self.of(rest).meaning or rest))
        # The name of an exception of the HTTP client: no response came, or not all of it.
        code = _FAULT.sub("entra_fault", _NO_RESPONSE.sub(r"\1_unreachable", code))
        if (found := self.whole.get(code)) or (found := self.of_dynamics.get(code.rpartition("_")[2].lower())):
            return found
        fitting = [beginning for beginning in self.beginnings if code.startswith(beginning)]
        return self.beginnings[max(fitting, key=len)] if fitting else CodeText("")


class Instruction(NamedTuple):
    """One step to take, and its command, if any, without the program's name and target."""

    text: str
    command: str


class Texts(NamedTuple):
    """All texts of one language."""

    language: Language
    codes: Codes
    mail: MailText

    def of(
        self, condition: Condition, subject: str = "", facts: Mapping[str, object] = MappingProxyType({})
    ) -> ConditionText:
        """Return the texts of a condition, for this subject and for the form that `facts` names."""
        entry = CONDITIONS[condition]
        said = entry.subjects.get(subject) or entry.forms.get(str(facts.get("form"))) or entry
        return said.nb if self.language is Language.NB else said.en

    def meaning(self, codes: str | None) -> str:
        """Return the meaning of codes separated by commas, each code beside its meaning."""
        found = [(self.codes.of(code).meaning, code) for code in _each(codes)]
        return "; ".join(f"{meaning} ({code})" if meaning else code for meaning, code in found)

    def steps(self, condition: Condition, subject: str, facts: Mapping[str, object]) -> tuple[Instruction, ...]:
        """Return the steps to take; a step that fits the cause comes first."""
        by_cause = tuple(step for code in _each(facts.get("reason")) if (step := self.codes.of(code).step))
        own = self.of(condition, subject, facts).steps
        found = by_cause + own if CONDITIONS[condition].cause_first else own + by_cause
        return tuple(_step(text, facts) for text in dict.fromkeys(found))


class _Known(dict[str, object]):
    """Facts for a command; of what is not known its name stands there, in capitals."""

    def __missing__(self, key: str) -> str:
        return key.upper()


_COMMAND = re.compile(r"(.*?)\s*`([^`]+)`")


def _step(text: str, facts: Mapping[str, object]) -> Instruction:
    found = _COMMAND.fullmatch(text)
    return Instruction(found[1], found[2].format_map(_Known(facts))) if found else Instruction(text, "")


def _each(codes: object) -> list[str]:
    return [code for code in str(codes or "").split(",") if code]
