"""Print settings, what a change of them would do, and who has changed them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rich.markup import escape

from operations import console
from operations.commands.configuration.setting_values import NAMES, written
from operations.screens import printing
from operations.wording import words
from operations.wording.retention import KEPT
from operations.wording.settings import MEANING
from operations.wording.speech import many, say

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from operations.commands.configuration.settings import ChangeRecord, Effect, Settings, SettingsChange

# The singular and plural of each effect.
EFFECTS = {
    "reminders_added": (
        "{n} mentor would be reminded tomorrow who would not be now",
        "{n} mentors would be reminded tomorrow who would not be now",
    ),
    "reminders_dropped": (
        "{n} mentor would not be reminded tomorrow who would be now",
        "{n} mentors would not be reminded tomorrow who would be now",
    ),
    "reactivations_added": (
        "{n} renewed mentor would become active tomorrow who would not now",
        "{n} renewed mentors would become active tomorrow who would not now",
    ),
    "reactivations_dropped": (
        "{n} renewed mentor would not become active tomorrow who would now",
        "{n} renewed mentors would not become active tomorrow who would now",
    ),
    "listings_written": (
        "{n} listing would be written to the website",
        "{n} listings would be written to the website",
    ),
    "listings_moved": (
        "{n} of them would first be hidden in the old place",
        "{n} of them would first be hidden in the old place",
    ),
    "unknown_rows_hidden": (
        "{n} visible row of no mentor would be hidden",
        "{n} visible rows of no mentor would be hidden",
    ),
}
# What an organisation has from the beginning.
_DEFAULTS = {"org_thresholds": False, "reactivate_renewed": True, "table_is_ours": False}
HELD = {
    "reminder": "the mass-change limit would hold {then} reminders (now: {now})",
    "expiry": "the mass-change limit would hold {then} expiries (now: {now})",
    "repair": "the mass-change limit would hold {then} repairs (now: {now})",
}


def settings(found: Sequence[Settings]) -> None:
    """Print the settings of each: all of one that was named; of several, what an organisation has of its own."""
    for one in found:
        console.out.print(title(one.organisation), style="bold")
        names = [name for name in NAMES if name in one.stored]
        if one.organisation_id is not None and len(found) > 1:
            names = [name for name in names if one.stored[name] != _DEFAULTS.get(name) and _is_own(one, name)]
            if not names:
                printing.text(say("as the standard"), indent=2)
        for name in names:
            value = written(one.in_force.get(name, one.stored[name])) or say("none")
            whose = "" if one.organisation_id is None or _is_own(one, name) else f" ({say("the standard's")})"
            printing.text(f"{name}: {value}{whose}", indent=2)
            console.out.print(f"    {say(MEANING[name])}", style="dim", markup=False)


def _is_own(one: Settings, name: str) -> bool:
    return bool(one.stored["org_thresholds"]) if name == "thresholds" else one.stored[name] is not None


def title(organisation: str | None) -> str:
    """Return whose settings they are."""
    return say("The HLF standard") if organisation is None else escape(organisation)


def change(made: SettingsChange) -> None:
    """Print what is changed, and what that does or would do."""
    console.out.print(title(made.organisation), style="bold")
    _print_values(made.before, made.after)
    for kind, n in made.deletes.items():
        printing.text(say("{kind}: {n} would be deleted tonight", kind=say(KEPT[kind]), n=f"{n:,}"), indent=2)
    if not made.effects and not made.deletes:
        printing.text(say("No organisation is concerned by it tomorrow."), indent=2)
    for effect in made.effects:
        if made.organisation_id is None:
            printing.text(effect.organisation, indent=2)
        lines = _lines(effect)
        for line in lines or [say("no mentor and no listing is concerned tomorrow")]:
            printing.text(line, indent=4 if made.organisation_id is None else 2)
    if "fallback_address" in made.after:
        printing.text(say("A digest goes there when its coordinator's address does not work."), indent=2)


def _lines(effect: Effect) -> list[str]:
    lines = [many(n, *texts) for name, texts in EFFECTS.items() if (n := getattr(effect, name))]
    lines += [
        say("column {column} would be emptied in {n} rows", column=column, n=f"{n:,}")
        for column, n in sorted(effect.columns_emptied.items())
    ]
    lines += [
        say(text, then=f"{effect.held_then.get(kind, 0):,}", now=f"{effect.held_now.get(kind, 0):,}")
        for kind, text in HELD.items()
        if effect.held_then.get(kind, 0) or effect.held_now.get(kind, 0)
    ]
    return lines


def history(found: Sequence[ChangeRecord], now: datetime) -> None:
    """Print who has changed which settings, when and why."""
    if not found:
        console.out.print(say("No setting has been changed."))
        return
    console.out.print(say("Times are Oslo's."), style="dim")
    for one in found:
        whose = title(one.organisation or (str(one.organisation_id) if one.organisation_id else None))
        login = f" ({one.login})" if one.login else ""
        console.out.print(f"{words.moment(one.at, now)} {whose}: {escape(one.actor + login)}", style="bold")
        printing.text(one.reason, indent=2)
        _print_values(one.before, one.after)


def _print_values(before: Mapping[str, Any], after: Mapping[str, Any]) -> None:
    for name, value in after.items():
        was, becomes = (written(one) or say("none") for one in (before.get(name), value))
        printing.text(f"{name}: {was} → {becomes}", indent=2)
