"""`rejected` and `duplicates`: what waits for a person to look at it."""

from datetime import UTC, datetime
from typing import Annotated
from uuid import UUID

import typer

from operations import console
from operations.commands import duplicates as doubles
from operations.commands import rejected_listings
from operations.errors import NotUnderstoodError
from operations.options import Actor, AsJson, Reason, require_named
from operations.screens import list_views
from operations.target import System
from operations.wording import words
from operations.wording.speech import many, say


def list_rejected(system: System, *, as_json: AsJson = False) -> None:
    """Whom the website refused and why; first those whom it may show although it must not."""
    with system.reading() as connection:
        found = rejected_listings.read_rejected(connection)
    if as_json:
        words.print_json(found)
    else:
        list_views.rejected(found, datetime.now(UTC))


def retry(
    system: System,
    mentors: Annotated[list[str] | None, typer.Argument(help="The mentors' ids.", show_default=False)] = None,
    *,
    actor: Actor,
    reason: Reason,
    everybody: Annotated[bool, typer.Option("--all", help="Every listing that is rejected.")] = False,
) -> None:
    """Have listings that were rejected tried again now."""
    require_named(actor, reason)
    _require_one_way(named=bool(mentors), everybody=everybody)
    with system.writing() as connection:
        n = rejected_listings.retry(connection, mentors or (), actor, reason)
    console.out.print(
        many(n, "{n} listing will be tried again", "{n} listings will be tried again")
        + say(": at once if the webhook arrives, else by the next sweep.")
    )


def list_duplicates(
    system: System,
    *,
    everything: Annotated[bool, typer.Option("--all", help="Also what was reviewed.")] = False,
    as_json: AsJson = False,
) -> None:
    """What stands in a log more than once, as of the last full comparison."""
    with system.reading() as connection:
        found = doubles.read_duplicates(connection, reviewed=everything)
    if as_json:
        words.print_json(found)
    else:
        list_views.duplicates(found, datetime.now(UTC))


def review(
    system: System,
    mentor: Annotated[UUID | None, typer.Argument(help="The id that the list shows.", show_default=False)] = None,
    *,
    actor: Actor,
    reason: Reason,
    everybody: Annotated[bool, typer.Option("--all", help="Everybody's.")] = False,
    kind: Annotated[doubles.Kind | None, typer.Option(help="Of one log only.", show_default=False)] = None,
) -> None:
    """Say that you have looked at duplicates: they are not told again unless they grow."""
    require_named(actor, reason)
    _require_one_way(named=mentor is not None, everybody=everybody)
    with system.writing() as connection:
        n = doubles.review(connection, mentor, kind, actor, reason)
    console.out.print(many(n, "{n} case reviewed.", "{n} cases reviewed."))


def _require_one_way(*, named: bool, everybody: bool) -> None:
    if named == everybody:
        raise NotUnderstoodError("name the mentors' ids, or say --all; not both")
