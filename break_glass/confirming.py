"""Ask what to do, and whether to do it: an unusually large change takes a confirmation in words."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from break_glass.errors import GlassError
from shared.domain.listings import Action

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from break_glass.arguments import Arguments
    from break_glass.terminal import Terminal
    from shared.domain.break_glass.changes import MassChange, MassLimits, Plan

LONGEST_AGE = timedelta(days=7)
"""An export that is older is used only if a person confirms it in words."""


def only_hides(said: Arguments, terminal: Terminal) -> bool:
    """Return whether the person wants only to hide."""
    if said.everything:
        return False
    while True:
        typed = terminal.ask("ask_mode", option="--hide-only, --everything")
        if typed in {"1", "2"}:
            return typed == "1"


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
        typed = terminal.ask("ask_go_on", option="--yes").lower()
        if typed == terminal.words("yes"):
            return
        if typed == terminal.words("no"):
            raise GlassError("nothing_changed")


def phrases(plan: Plan, limits: Iterable[MassLimits], terminal: Terminal) -> list[str]:
    """Return the words that this plan takes."""
    return [_phrase(change, terminal) for change in plan.mass_changes(limits)]


def explain(plan: Plan, limits: Iterable[MassLimits], terminal: Terminal) -> None:
    """Say which changes take a confirmation in words."""
    for change in plan.mass_changes(limits):
        _explain(change, _phrase(change, terminal), terminal)


def export_phrase(exported_at: datetime, now: datetime, terminal: Terminal) -> str | None:
    """Return the words that an export of this age takes; None for one that is new enough."""
    age = now - exported_at
    return terminal.words("export_phrase", days=age.days) if age > LONGEST_AGE else None


def confirm_export(exported_at: datetime, now: datetime, said: Arguments, terminal: Terminal) -> None:
    """Say how old the export is and what that means; raise GlassError unless the person confirms one that is too old.

    A dry run changes nothing, so it only says so.
    """
    terminal.say("export_of", at=f"{exported_at:%Y-%m-%d %H:%M} UTC", days=(now - exported_at).days)
    phrase = export_phrase(exported_at, now, terminal)
    if phrase is None or _same(phrase, said.confirm):
        return
    facts: dict[str, object] = {"longest": LONGEST_AGE.days, "phrase": phrase}
    if said.dry_run or not terminal.is_there:
        terminal.say("export_too_old", **facts)
        if said.dry_run:
            return
        raise GlassError("not_confirmed", phrase=phrase)
    if not _same(phrase, [terminal.ask("export_too_old", option="--confirm", facts=facts)]):
        raise GlassError("not_confirmed", phrase=phrase)


def _phrase(change: MassChange, terminal: Terminal) -> str:
    return terminal.words("hide_phrase" if change.action is Action.HIDE else "publish_phrase", n=change.n)


def _confirm_in_words(change: MassChange, said: Arguments, terminal: Terminal) -> None:
    phrase = _phrase(change, terminal)
    if _same(phrase, said.confirm):
        return
    if not terminal.is_there:
        _explain(change, phrase, terminal)
        raise GlassError("not_confirmed", phrase=phrase)
    typed = terminal.ask(_sentence(change), option="--confirm", facts=_facts(change, phrase))
    if not _same(phrase, [typed]):
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
