"""`explain` and `preview`: who is reminded or expired, and why. Both only read."""

from datetime import timedelta
from typing import Annotated

import typer

from operations.commands import explain as explaining
from operations.commands import preview as previewing
from operations.dates import parse_day, today
from operations.errors import NotUnderstoodError, OperationsError
from operations.options import AsJson
from operations.screens import mentor_view
from operations.target import System
from operations.wording import words

_MOST_FITTING = 5


def explain(
    system: System,
    mentor: Annotated[
        str,
        typer.Argument(metavar="MENTOR_ID", help="The mentor's id or its beginning, or the full name."),
    ],
    *,
    as_json: AsJson = False,
) -> None:
    """Why a mentor was or was not reminded: every threshold, its state, reason and run."""
    with system.reading() as connection:
        day = previewing.last_nightly_check(connection) or today()
        mentors = explaining.find_mentors(connection, mentor, system.mentor_id(mentor))
        if len(mentors) > 1:
            fitting = words.first([str(found) for found in mentors], _MOST_FITTING)
            raise NotUnderstoodError(f"{len(mentors)} mentors fit {mentor}: {fitting}. Give the whole id")
        if not mentors:
            raise OperationsError(f"there is no mentor {mentor} in this database")
        found = explaining.read_explanation(connection, mentors[0], day)
        named = explaining.read_names(connection, mentors) if system.shows_names else {}
    if as_json:
        words.print_json(found)
    else:
        mentor_view.explanation(found, named.get(found.mentor.id))


def preview(
    system: System,
    *,
    days: Annotated[int, typer.Option(help="How many nightly checks ahead.", min=1, max=3660)] = 60,
    first: Annotated[
        str | None,
        typer.Option("--from", help="The first nightly check; the one after the last run.", show_default=False),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """A dry run: who will be reminded or expire when. Writes nothing."""
    with system.reading() as connection:
        last = previewing.last_nightly_check(connection)
        start = parse_day(first, default=last + timedelta(days=1) if last else today())
        lines = previewing.read_preview(connection, start, days)
        named = explaining.read_names(connection, [line.mentor_id for line in lines]) if system.shows_names else {}
    if as_json:
        words.print_json(lines)
    else:
        mentor_view.preview(lines, named, first=start, days=days)
