"""Show a plan: how many, why, and the ids. Never a name (I11)."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Any

from shared.domain.break_glass.changes import Cause

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from uuid import UUID

    from break_glass.terminal import Terminal
    from shared.domain.break_glass.changes import Plan

_FIRST = 5


def plan(made: Plan, terminal: Terminal, *, every_id: bool) -> None:
    """Print what is not right now."""
    if made.is_empty:
        terminal.say("all_right")
    else:
        terminal.say("plan")
    counts = made.counts()
    parts: list[tuple[str, Sequence[UUID]]] = [
        (f"plan_{cause}", [change.mentor_id for change in made.hides if change.cause is cause]) for cause in Cause
    ]
    parts.append(("plan_publish", [change.mentor_id for change in made.publishes]))
    for sentence, mentors in parts:
        if mentors:
            terminal.show(terminal.words(sentence, n=len(mentors)), indent="  ")
            ids(mentors, terminal, every_id=every_id)
    if counts["strangers"]:
        terminal.say("strangers", n=counts["strangers"])


def ids(mentors: Sequence[UUID], terminal: Terminal, *, every_id: bool = True) -> None:
    """Print ids, one a line."""
    shown: Iterable[UUID] = mentors if every_id else islice(mentors, _FIRST)
    for mentor in shown:
        terminal.show_as_is(f"    {mentor}")
    if not every_id and len(mentors) > _FIRST:
        terminal.show(terminal.words("and_more", n=len(mentors) - _FIRST), indent="    ")


def plan_as_json(made: Plan) -> dict[str, Any]:
    """Return the plan for a program."""
    return {
        "counts": made.counts(),
        "hide": [{"mentor_id": str(change.mentor_id), "cause": change.cause} for change in made.hides],
        "publish": [str(change.mentor_id) for change in made.publishes],
    }
