"""The commands of operations, on the local stack and on a deployed one.

Exit codes: 0 yes, or it was done; 1 no, or something is wrong; 2 the command line was not understood; 3 it could not be
told, or not yet.
"""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Annotated
from uuid import UUID

import psycopg
import typer
from rich.markup import escape

from local import report, surroundings
from local.foreseen import foreseen
from local.operations import alerts as alerting
from local.operations import (
    brakes,
    databases,
    deployments,
    lists_report,
    proof_report,
    status_report,
    undo_report,
    words,
)
from local.operations import proof as proving
from local.operations import reconcile as reconciling
from local.operations import status as standing
from local.operations import undo as undoing
from local.operations.errors import DatabaseNotReadableError, OperationsError
from local.operations.options import PANEL, Actor, AsJson, Database, Deployed, Reason, require_named
from local.operations.queue_cli import app as dead_letters
from local.operations.review_cli import duplicates, set_aside
from shared.domain.comparison import Answer

app = typer.Typer(no_args_is_help=True)
app.add_typer(set_aside, name="set-aside", rich_help_panel=PANEL)
app.add_typer(dead_letters, name="dlq", rich_help_panel=PANEL)
app.add_typer(duplicates, name="duplicates", rich_help_panel=PANEL)

EXIT_CODES = {Answer.YES: 0, Answer.NO: 1, Answer.NOT_YET: 3}
_STOPPED = {brakes.Kind.REMINDER: "remind", brakes.Kind.EXPIRY: "expire", brakes.Kind.REPAIR: "repair the listings of"}


@app.command(rich_help_panel=PANEL)
def status(database_url: Database = None, stack: Deployed = None, as_json: AsJson = False) -> None:
    """One screen: is something wrong, and what to do first. Exit code 1 if something is, 3 if not known yet.

    With --stack, also whether the stack's public address has a limit.
    """
    with foreseen():
        limit = None if stack is None else deployments.find(stack).parameters.get("DoorbellConcurrency")
        with databases.reading(database_url) as connection:
            found = standing.read_status(connection)
        if limit is not None:
            found = replace(found, doorbell_concurrency=int(limit))
        if as_json:
            words.print_json(found)
        else:
            status_report.show(found)
        raise typer.Exit(EXIT_CODES[found.answer])


@app.command(rich_help_panel=PANEL)
def proof(
    run: Annotated[
        UUID | None, typer.Option(help="The proof of this run, instead of the last one.", show_default=False)
    ] = None,
    database_url: Database = None,
    as_json: AsJson = False,
) -> None:
    """One page: does the website show whom it should? Exit code 0 yes, 1 no, 3 not yet or could not be told."""
    with foreseen():
        with databases.reading(database_url) as connection:
            page = proving.read_proof(connection, run)
        if as_json:
            words.print_json(page)
        else:
            proof_report.show(page)
        raise typer.Exit(EXIT_CODES[page.verdict])


@app.command(rich_help_panel=PANEL)
def alerts(
    everything: Annotated[bool, typer.Option("--all", help="Also the last 200 that are over.")] = False,
    database_url: Database = None,
    as_json: AsJson = False,
) -> None:
    """The alerts that are open, since when, and the first thing to do about each."""
    with foreseen():
        with databases.reading(database_url) as connection:
            found = alerting.read_alerts(connection, closed=everything)
            names = dict(connection.execute("SELECT o.id, o.name FROM public.organisations AS o").fetchall())
        if as_json:
            words.print_json(found)
        else:
            lists_report.alerts(found, names, datetime.now(UTC))


@app.command(rich_help_panel=PANEL)
def reconcile(
    *,
    full: Annotated[
        bool, typer.Option("--full/--sweep", help="Read and compare the whole website, or only look for what is late.")
    ] = True,
    accept_small: Annotated[
        bool, typer.Option(help="Take an answer for true that lacks most of what the website was made to show.")
    ] = False,
    actor: Annotated[str, typer.Option(help="Who you are, with --accept-small; it is kept.")] = "",
    reason: Annotated[str, typer.Option(help="Why, with --accept-small; it is kept.")] = "",
    stack: Deployed = None,
    database_url: Database = None,
    as_json: AsJson = False,
) -> None:
    """Have the website swept or compared now, and wait for the end of it.

    With --stack, what it found is shown where --database-url says which database it is.
    """
    with foreseen():
        if accept_small:
            require_named(actor, reason)
            if not full:
                raise OperationsError("--accept-small is about a full comparison, not a sweep")
        event = reconciling.event(full=full, accept=(actor, reason) if accept_small else None, now=datetime.now(UTC))
        try:
            with report.steps(quiet=as_json) as progress:
                ended = reconciling.invoke(stack, event, progress)
        except reconciling.ReconciliationFailedError as error:
            report.failure(f"reconciliation failed: {words.reason(str(error))}", log=error.log)
            raise typer.Exit(1) from None
        if as_json:
            words.print_json(ended)
        else:
            _say(ended)
            if stack is None or database_url:
                _show_what_it_found(database_url if stack else None, ended if full else None)


def _say(ended: reconciling.Reconciled) -> None:
    if ended.state == "succeeded":
        report.console.print(f"[green]Done[/green], run {ended.run_id}")
    else:
        report.console.print(f"[yellow]Done, but[/yellow] {escape(words.reason(ended.reason))}; run {ended.run_id}")


def _show_what_it_found(database_url: str | None, full: reconciling.Reconciled | None) -> None:
    with databases.reading(database_url) as connection:
        if full is None:
            status_report.verdict(standing.read_status(connection))
            return
        report.console.print(proof_report.verdict(proving.read_proof(connection, full.run_id).proof))
    report.console.print(f"All of it: {surroundings.this_program()} proof")


@app.command(rich_help_panel=PANEL)
def release_brake(
    *,
    actor: Actor,
    reason: Reason,
    organisation: Annotated[str, typer.Option("--org", help="The organisation's name or id.")],
    kind: Annotated[brakes.Kind | None, typer.Option(help="Which brake, if two are on.", show_default=False)] = None,
    database_url: Database = None,
    as_json: AsJson = False,
) -> None:
    """Let the next run within 24 hours make the mass change that the brake has stopped."""
    with foreseen():
        require_named(actor, reason)
        with databases.writing(database_url) as connection:
            brake = brakes.release(connection, organisation, kind, actor, reason)
        if as_json:
            words.print_json(brake)
            return
        report.console.print(
            f"Released: within 24 hours the next run may {_STOPPED[brake.kind]} {brake.n} of {brake.of_n} mentors of"
            f" {escape(brake.organisation)}. The brake is on again after it."
        )


@app.command(rich_help_panel=PANEL)
def undo_run(
    run_id: Annotated[UUID, typer.Argument(help="A run of expiry_check; explain and alerts show the ids.")],
    *,
    actor: Actor,
    reason: Reason,
    database_url: Database = None,
    as_json: AsJson = False,
) -> None:
    """Take back what a nightly check did: reminders, unsent notices, changes of status, the website's day."""
    with foreseen():
        require_named(actor, reason)
        with databases.writing(database_url) as connection:
            undone = undoing.undo(connection, run_id, actor, reason)
        if as_json:
            words.print_json(undone)
        else:
            undo_report.show(undone)


@app.command(rich_help_panel=PANEL)
def migrate(
    database_url: Annotated[
        str, typer.Option(envvar="DATABASE_URL", help="A libpq connection string or URL.", show_default=False)
    ],
) -> None:
    """Apply the migrations to a database that has the foundation tables, local or not."""
    from shared.adapters.postgres.migrate import migrate as apply  # noqa: PLC0415

    with foreseen(), databases.connected(database_url) as connection:
        try:
            applied = apply(connection, tell=lambda said: report.console.print(escape(said)))
        except psycopg.Error as error:
            raise DatabaseNotReadableError(f"the migrations were not applied: {str(error).strip()}") from None
        report.console.print(
            "\n".join(f"applied {name}" for name in applied) or "nothing to do: every migration is applied"
        )
        if connection.execute("SELECT 1 FROM certification.structure_damage()").fetchone():
            raise typer.Exit(1)
