"""Define `status`, `proof` and `alerts`, which show the current state."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Annotated
from uuid import UUID

import typer

from operations.commands import alerts as alerting
from operations.commands import organisations
from operations.commands import status as standing
from operations.commands.proofs import proof as proving
from operations.exit_codes import EXIT_CODES
from operations.options import AsJson
from operations.screens import list_views, proof_view, status_view
from operations.target import System
from operations.wording import words


def status(system: System, *, as_json: AsJson = False) -> None:
    """Show on one screen whether something is wrong and what to do first. Exit code 1 if so, 3 if not yet known.

    For a stack it also shows whether the public address has a limit, and how many hear its alerts.
    """
    limit = system.parameters.get("WebhookConcurrency")
    with system.reading() as connection:
        found = standing.read_status(connection)
    if limit is not None:
        found = replace(found, webhook_concurrency=int(limit), recipients=system.recipients())
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
    """Show on one page whether the website shows the right mentors. Exit code 0 yes, 1 no, 3 not yet known."""
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
    everything: Annotated[bool, typer.Option("--all", help="Also the last 200 closed alerts.")] = False,
    as_json: AsJson = False,
) -> None:
    """List the open alerts, how long each has been open, and what to do first."""
    with system.reading() as connection:
        found = alerting.read_alerts(connection, closed=everything)
        names = organisations.read_names(connection)
    if as_json:
        words.print_json(found)
    else:
        list_views.alerts(found, names, datetime.now(UTC))
