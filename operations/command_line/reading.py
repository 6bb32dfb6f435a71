"""`status`, `proof` and `alerts`: how things stand."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Annotated
from uuid import UUID

import typer

from operations.commands import alerts as alerting
from operations.commands import organisations
from operations.commands import proof as proving
from operations.commands import status as standing
from operations.exit_codes import EXIT_CODES
from operations.options import AsJson
from operations.screens import list_views, proof_view, status_view
from operations.target import System
from operations.wording import words


def status(system: System, *, as_json: AsJson = False) -> None:
    """One screen: is something wrong, and what to do first. Exit code 1 if something is, 3 if it cannot be told.

    Of a stack also whether its public address has a limit.
    """
    limit = system.parameters.get("WebhookConcurrency")
    with system.reading() as connection:
        found = standing.read_status(connection)
    if limit is not None:
        found = replace(found, webhook_concurrency=int(limit))
    if as_json:
        words.print_json(found)
    else:
        status_view.show(found)
    raise typer.Exit(EXIT_CODES[found.verdict])


def proof(
    system: System,
    *,
    run: Annotated[
        UUID | None, typer.Option(help="The proof of this run, instead of the last one.", show_default=False)
    ] = None,
    as_json: AsJson = False,
) -> None:
    """One page: does the website show whom it should? Exit code 0 yes, 1 no, 3 not yet or could not be told."""
    with system.reading() as connection:
        page = proving.read_proof(connection, run)
    if as_json:
        words.print_json(page)
    else:
        proof_view.show(page)
    raise typer.Exit(EXIT_CODES[page.verdict])


def alerts(
    system: System,
    *,
    everything: Annotated[bool, typer.Option("--all", help="Also the last 200 that are over.")] = False,
    as_json: AsJson = False,
) -> None:
    """The alerts that are open, since when, and the first thing to do about each."""
    with system.reading() as connection:
        found = alerting.read_alerts(connection, closed=everything)
        names = organisations.read_names(connection)
    if as_json:
        words.print_json(found)
    else:
        list_views.alerts(found, names, datetime.now(UTC))
