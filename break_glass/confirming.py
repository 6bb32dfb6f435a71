"""Ask what to do, and whether to do it: an unusually large change takes a confirmation in words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from break_glass.errors import GlassError
from shared.domain.listings import Action

if TYPE_CHECKING:
    from collections.abc import Iterable

    from break_glass.arguments import Arguments
    from break_glass.terminal import Terminal
    from shared.domain.break_glass import MassChange, MassLimits, Plan


def only_hides(said: Arguments, terminal: Terminal) -> bool:
    """Return whether the person wants only to hide."""
    if said.everything:
        return False
    while True:
        answer = terminal.ask("ask_mode", option="--hide-only, --everything")
        if answer in {"1", "2"}:
            return answer == "1"


def confirm(plan: Plan, limits: Iterable[MassLimits], said: Arguments, terminal: Terminal) -> None:
    """Raise GlassError unless the person confirms the plan; say first what of it can be undone."""
    if plan.hides:
        terminal.say("hiding_can_be_undone")
    if plan.publishes:
        terminal.say("showing_cannot_be_undone")
    for change in plan.mass_changes(limits):
        _confirm_in_words(change, said, terminal)
    if said.yes:
        return
    while True:
        answer = terminal.ask("ask_go_on", option="--yes").lower()
        if answer == terminal.words("yes"):
            return
        if answer == terminal.words("no"):
            raise GlassError("nothing_changed")


def _confirm_in_words(change: MassChange, said: Arguments, terminal: Terminal) -> None:
    hide = change.action is Action.HIDE
    phrase = terminal.words("hide_phrase" if hide else "publish_phrase", n=change.n)
    if _same(phrase, said.confirm):
        return
    if not terminal.is_there:
        _explain(change, phrase, terminal)
        raise GlassError("not_confirmed", phrase=phrase)
    answer = terminal.ask(_sentence(change), option="--confirm", facts=_facts(change, phrase))
    if not _same(phrase, [answer]):
        raise GlassError("not_confirmed", phrase=phrase)


def _explain(change: MassChange, phrase: str, terminal: Terminal) -> None:
    terminal.say(_sentence(change), **_facts(change, phrase))


def _sentence(change: MassChange) -> str:
    return "mass_hide" if change.action is Action.HIDE else "mass_publish"


def _facts(change: MassChange, phrase: str) -> dict[str, object]:
    limits = change.limits
    return {
        "n": change.n,
        "active": limits.active,
        "name": limits.name,
        "count": limits.count,
        "percent": limits.percent,
        "phrase": phrase,
    }


def _same(phrase: str, said: Iterable[str]) -> bool:
    return phrase in {" ".join(text.lower().split()) for text in said}
