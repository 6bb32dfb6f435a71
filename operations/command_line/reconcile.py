"""`reconcile`: have the website swept or compared now."""

from contextlib import ExitStack
from datetime import UTC, datetime
from typing import Annotated

import typer
from rich.markup import escape

from operations import console, databases
from operations.commands import failures
from operations.commands import proof as proving
from operations.commands import reconcile as reconciling
from operations.commands import status as standing
from operations.errors import FunctionFailedError, NotKnownError, NotUnderstoodError, OperationsError
from operations.exit_codes import EXIT_CODES
from operations.options import AsJson, require_named
from operations.screens import printing, proof_view, status_view
from operations.target import System
from operations.wording import words
from operations.wording.speech import say
from shared.domain.comparison import ProofVerdict


def reconcile(
    system: System,
    *,
    full: Annotated[
        bool, typer.Option("--full/--sweep", help="Read and compare the whole website, or only look for what is late.")
    ] = True,
    accept_small: Annotated[
        bool, typer.Option(help="Take an answer for true that lacks most of what the website was made to show.")
    ] = False,
    actor: Annotated[str, typer.Option(help="Who you are, with --accept-small; it is kept.")] = "",
    reason: Annotated[str, typer.Option(help="Why, with --accept-small; it is kept.")] = "",
    as_json: AsJson = False,
) -> None:
    """Have the website swept or compared now, and wait for the end of it.

    What it found is shown where the database can be read; elsewhere a full comparison ends with exit code 3. A sweep
    that could not do all of its work ends with 1.
    """
    if accept_small:
        require_named(actor, reason)
        if not full:
            raise NotUnderstoodError("--accept-small is about a full comparison, not a sweep")
    event = reconciling.event(full=full, accept=(actor, reason) if accept_small else None, now=datetime.now(UTC))
    try:
        with console.steps(quiet=as_json) as progress, system.functions(progress) as invoke:
            progress(reconciling.DOING[full])
            ended = reconciling.ended(invoke(reconciling.FUNCTION, event))
    except FunctionFailedError as error:
        _explain(error)
        raise typer.Exit(NotKnownError.exit_code) from None
    if as_json:
        words.print_json(ended)
    else:
        _say(ended)
    found = _what_it_found(system, ended if full else None, quiet=as_json)
    if found is None and full:
        raise NotKnownError(say("What it found cannot be read: no login to the database is known here"))
    if found is None and ended.state != "succeeded":
        found = ProofVerdict.NO
    if found is not None and found is not ProofVerdict.YES:
        raise typer.Exit(EXIT_CODES[found])


def _explain(error: FunctionFailedError) -> None:
    """Print in sentences where the codes are known; else with what the function has logged."""
    why = failures.explained(str(error))
    if not why.meaning:
        unknown = say("Nothing was compared, for a reason that is not known: {reason}", reason=error)
        console.failure(unknown, log=error.log)
        return
    console.failure(say("Nothing was compared: {reason}.", reason=why.meaning))
    for step in why.steps:
        console.errors.print(f"  {step}", markup=False)


def _say(ended: reconciling.ReconcileOutcome) -> None:
    if ended.state == "succeeded":
        console.out.print(f"[green]{say('Done')}[/green], {say('run {id}', id=ended.run_id)}")
    else:
        why, run = escape(words.reason(ended.reason)), say("run {id}", id=ended.run_id)
        console.out.print(f"[yellow]{say('Done, but')}[/yellow] {why}; {run}")


def _what_it_found(system: System, full: reconciling.ReconcileOutcome | None, *, quiet: bool) -> ProofVerdict | None:
    """Show what the run found, and return its verdict; None of a sweep, or where nobody may read the database."""
    with ExitStack() as held:
        try:
            address = held.enter_context(system.database())
        except OperationsError:
            return None  # a stack without a login for people: it was reconciled all the same
        connection = held.enter_context(databases.reading(address))
        if full is None:
            if not quiet:
                status_view.verdict(standing.read_status(connection))
            return None
        proof = proving.read_proof(connection, full.run_id).proof
    if not quiet:
        console.out.print(proof_view.verdict(proof))
        printing.command(say("All of it:"), "proof")
    return proof.verdict
