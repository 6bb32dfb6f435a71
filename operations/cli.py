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

from local.demo import views
from local.exit_codes import expected_errors
from operations import databases
from operations.commands import alerts as alerting
from operations.commands import brakes, failures
from operations.commands import proof as proving
from operations.commands import reconcile as reconciling
from operations.commands import status as standing
from operations.commands import undo as undoing
from operations.dead_letters_cli import app as dead_letters
from operations.errors import DatabaseNotReadableError, NotKnownError, NotUnderstoodError, OperationsError
from operations.options import PANEL, Actor, AsJson, Database, Deployed, Language, Reason, require_named
from operations.review_cli import duplicates, rejected
from operations.screens import list_views, printing, proof_view, status_view, undo_view
from operations.target import Place, at
from operations.wording import words
from operations.wording.speech import say
from shared.domain.comparison import ProofVerdict
from shared.domain.wording import texts as wording

app = typer.Typer(no_args_is_help=True)
app.add_typer(rejected, name="rejected", rich_help_panel=PANEL)
app.add_typer(dead_letters, name="dlq", rich_help_panel=PANEL)
app.add_typer(duplicates, name="duplicates", rich_help_panel=PANEL)

EXIT_CODES = {ProofVerdict.YES: 0, ProofVerdict.NO: 1, ProofVerdict.NOT_YET: 3}
RELEASED = {
    brakes.Kind.REMINDER: "Released: within 24 hours the next run may remind {n} of {of} mentors of {organisation}.",
    brakes.Kind.EXPIRY: "Released: within 24 hours the next run may expire {n} of {of} mentors of {organisation}.",
    brakes.Kind.REPAIR: (
        "Released: within 24 hours the next run may repair the listings of {n} of {of} mentors of {organisation}."
    ),
}


@app.command(rich_help_panel=PANEL)
def status(
    database_url: Database = None, stack: Deployed = None, language: Language = None, as_json: AsJson = False
) -> None:
    """One screen: is something wrong, and what to do first. Exit code 1 if something is, 3 if it cannot be told.

    With --stack, also whether the stack's public address has a limit.
    """
    with expected_errors():
        place = at(stack, database_url, language)
        limit = None if stack is None else place.deployment.parameters.get("WebhookConcurrency")
        with databases.reading(place.database()) as connection:
            found = standing.read_status(connection)
        if limit is not None:
            found = replace(found, webhook_concurrency=int(limit))
        if as_json:
            words.print_json(found)
        else:
            status_view.show(found)
        raise typer.Exit(EXIT_CODES[found.verdict])


@app.command(rich_help_panel=PANEL)
def proof(
    run: Annotated[
        UUID | None, typer.Option(help="The proof of this run, instead of the last one.", show_default=False)
    ] = None,
    stack: Deployed = None,
    database_url: Database = None,
    language: Language = None,
    as_json: AsJson = False,
) -> None:
    """One page: does the website show whom it should? Exit code 0 yes, 1 no, 3 not yet or could not be told."""
    with expected_errors():
        with databases.reading(at(stack, database_url, language).database()) as connection:
            page = proving.read_proof(connection, run)
        if as_json:
            words.print_json(page)
        else:
            proof_view.show(page)
        raise typer.Exit(EXIT_CODES[page.verdict])


@app.command(rich_help_panel=PANEL)
def alerts(
    everything: Annotated[bool, typer.Option("--all", help="Also the last 200 that are over.")] = False,
    stack: Deployed = None,
    database_url: Database = None,
    language: Language = None,
    as_json: AsJson = False,
) -> None:
    """The alerts that are open, since when, and the first thing to do about each."""
    with expected_errors():
        with databases.reading(at(stack, database_url, language).database()) as connection:
            found = alerting.read_alerts(connection, closed=everything)
            names = dict(connection.execute("SELECT o.id, o.name::text FROM public.organisations AS o").fetchall())
        if as_json:
            words.print_json(found)
        else:
            list_views.alerts(found, names, datetime.now(UTC))


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
    language: Language = None,
    as_json: AsJson = False,
) -> None:
    """Have the website swept or compared now, and wait for the end of it.

    With --stack, what it found is shown where the stack's secret or --database-url says which database it is; elsewhere
    a full comparison ends with exit code 3. A sweep that could not do all of its work ends with 1.
    """
    with expected_errors():
        place = at(stack, database_url, language)
        if accept_small:
            require_named(actor, reason)
            if not full:
                raise NotUnderstoodError("--accept-small is about a full comparison, not a sweep")
        event = reconciling.event(full=full, accept=(actor, reason) if accept_small else None, now=datetime.now(UTC))
        try:
            with views.steps(quiet=as_json) as progress:
                ended = reconciling.invoke(stack, event, progress)
        except reconciling.ReconciliationFailedError as error:
            _explain(error)
            raise typer.Exit(NotKnownError.exit_code) from None
        if as_json:
            words.print_json(ended)
        else:
            _say(ended)
        found = _what_it_found(place, ended if full else None, quiet=as_json)
        if found is None and full:
            raise NotKnownError(say("What it found cannot be read: no login to the database is known here"))
    if found is None and ended.state != "succeeded":
        found = ProofVerdict.NO
    if found is not None and found is not ProofVerdict.YES:
        raise typer.Exit(EXIT_CODES[found])


def _explain(error: reconciling.ReconciliationFailedError) -> None:
    """In sentences where the codes are known; else with what the function has logged."""
    why = failures.explained(str(error))
    if not why.meaning:
        unknown = say("Nothing was compared, for a reason that is not known: {reason}", reason=error)
        views.failure(unknown, log=error.log)
        return
    views.failure(say("Nothing was compared: {reason}.", reason=why.meaning))
    for step in why.steps:
        views.errors.print(f"  {step}", markup=False)


def _say(ended: reconciling.ReconcileOutcome) -> None:
    if ended.state == "succeeded":
        views.console.print(f"[green]{say('Done')}[/green], {say('run {id}', id=ended.run_id)}")
    else:
        why, run = escape(words.reason(ended.reason)), say("run {id}", id=ended.run_id)
        views.console.print(f"[yellow]{say('Done, but')}[/yellow] {why}; {run}")


def _what_it_found(place: Place, full: reconciling.ReconcileOutcome | None, *, quiet: bool) -> ProofVerdict | None:
    """Show what the run found, and return its verdict; None of a sweep, or where nobody may read the database."""
    try:
        address = place.database()
    except OperationsError:
        return None  # a stack without a login for people: it was reconciled all the same
    with databases.reading(address) as connection:
        if full is None:
            if not quiet:
                status_view.verdict(standing.read_status(connection))
            return None
        proof = proving.read_proof(connection, full.run_id).proof
    if not quiet:
        views.console.print(proof_view.verdict(proof))
        printing.command(say("All of it:"), "proof")
    return proof.verdict


@app.command(rich_help_panel=PANEL)
def release_brake(
    *,
    actor: Actor,
    reason: Reason,
    organisation: Annotated[str, typer.Option("--org", help="The organisation's name or id.")],
    kind: Annotated[brakes.Kind | None, typer.Option(help="Which brake, if two are on.", show_default=False)] = None,
    stack: Deployed = None,
    database_url: Database = None,
    language: Language = None,
    as_json: AsJson = False,
) -> None:
    """Let the next run within 24 hours make the change that the mass-change limit stopped."""
    with expected_errors():
        require_named(actor, reason)
        with databases.writing(at(stack, database_url, language).database()) as connection:
            brake = brakes.release(connection, organisation, kind, actor, reason)
        if as_json:
            words.print_json(brake)
            return
        figures = {"n": f"{brake.n:,}", "of": f"{brake.of_n:,}", "organisation": brake.organisation}
        printing.text(f"{say(RELEASED[brake.kind], **figures)} {say('The brake is on again after it.')}")


@app.command(rich_help_panel=PANEL)
def undo_run(
    run_id: Annotated[UUID, typer.Argument(help="A run of expiry_check; explain and alerts show the ids.")],
    *,
    actor: Actor,
    reason: Reason,
    stack: Deployed = None,
    database_url: Database = None,
    language: Language = None,
    as_json: AsJson = False,
) -> None:
    """Take back what a nightly check did: reminders, unsent notices, changes of status, the website's day."""
    with expected_errors():
        require_named(actor, reason)
        with databases.writing(at(stack, database_url, language).database()) as connection:
            undone = undoing.undo(connection, run_id, actor, reason)
        if as_json:
            words.print_json(undone)
        else:
            undo_view.show(undone)


@app.command(rich_help_panel=PANEL)
def migrate(*, stack: Deployed = None, database_url: Database = None) -> None:
    """Apply the migrations to a database that has the foundation tables, and put back what of ours is damaged."""
    from shared.adapters.postgres.migrate import migrate as apply  # noqa: PLC0415

    with expected_errors(), databases.connected(at(stack, database_url, wording.Language.EN).database()) as connection:
        try:
            applied = apply(connection, report=lambda said: views.console.print(escape(said)))
        except psycopg.Error as error:
            raise DatabaseNotReadableError(f"the migrations were not applied: {str(error).strip()}") from None
        views.console.print(
            "\n".join(f"applied {name}" for name in applied) or "nothing to do: every migration is applied"
        )
        if connection.execute("SELECT 1 FROM certification.structure_damage()").fetchone():
            raise typer.Exit(1)
