"""`set-aside` and `duplicates`: what waits for a person to look at it."""

from datetime import UTC, datetime
from typing import Annotated
from uuid import UUID

import typer

from local.demo import views
from local.exit_codes import foreseen
from operations import databases
from operations.commands import duplicates as doubles
from operations.commands import set_aside as aside
from operations.errors import NotUnderstoodError
from operations.options import Actor, AsJson, Database, Deployed, Language, Reason, require_named
from operations.screens import list_views
from operations.target import at
from operations.wording import words
from operations.wording.speech import many, say

set_aside = typer.Typer(no_args_is_help=True, help="Listings that the website refused: list them, try them again.")
duplicates = typer.Typer(no_args_is_help=True, help="What was done twice: list it, say that it was looked at.")


@set_aside.command("list")
def list_set_aside(
    stack: Deployed = None, database_url: Database = None, language: Language = None, as_json: AsJson = False
) -> None:
    """Whom the website refused and why; first those whom it may show although it must not."""
    with foreseen():
        with databases.reading(at(stack, database_url, language).database()) as connection:
            found = aside.read_set_aside(connection)
        if as_json:
            words.print_json(found)
        else:
            list_views.set_aside(found, datetime.now(UTC))


@set_aside.command()
def retry(
    *,
    actor: Actor,
    reason: Reason,
    mentors: Annotated[list[str] | None, typer.Argument(help="The mentors' ids.", show_default=False)] = None,
    everybody: Annotated[bool, typer.Option("--all", help="Every listing that is set aside.")] = False,
    stack: Deployed = None,
    database_url: Database = None,
    language: Language = None,
) -> None:
    """Have listings that were set aside tried again now."""
    with foreseen():
        require_named(actor, reason)
        _require_one_way(named=bool(mentors), everybody=everybody)
        with databases.writing(at(stack, database_url, language).database()) as connection:
            n = aside.retry(connection, mentors or (), actor, reason)
        views.console.print(
            many(n, "{n} listing will be tried again", "{n} listings will be tried again")
            + say(": at once if the doorbell is heard, else by the next sweep.")
        )


@duplicates.command("list")
def list_duplicates(
    everything: Annotated[bool, typer.Option("--all", help="Also what was reviewed.")] = False,
    stack: Deployed = None,
    database_url: Database = None,
    language: Language = None,
    as_json: AsJson = False,
) -> None:
    """What stands in a log more than once, as of the last full comparison."""
    with foreseen():
        with databases.reading(at(stack, database_url, language).database()) as connection:
            found = doubles.read_duplicates(connection, reviewed=everything)
        if as_json:
            words.print_json(found)
        else:
            list_views.duplicates(found, datetime.now(UTC))


@duplicates.command()
def review(
    *,
    actor: Actor,
    reason: Reason,
    mentor: Annotated[UUID | None, typer.Argument(help="The id that the list shows.", show_default=False)] = None,
    everybody: Annotated[bool, typer.Option("--all", help="Everybody's.")] = False,
    kind: Annotated[doubles.Kind | None, typer.Option(help="Of one log only.", show_default=False)] = None,
    stack: Deployed = None,
    database_url: Database = None,
    language: Language = None,
) -> None:
    """Say that you have looked at duplicates: they are not told again unless they grow."""
    with foreseen():
        require_named(actor, reason)
        _require_one_way(named=mentor is not None, everybody=everybody)
        with databases.writing(at(stack, database_url, language).database()) as connection:
            n = doubles.review(connection, mentor, kind, actor, reason)
        views.console.print(many(n, "{n} case reviewed.", "{n} cases reviewed."))


def _require_one_way(*, named: bool, everybody: bool) -> None:
    if named == everybody:
        raise NotUnderstoodError("name the mentors' ids, or say --all; not both")
