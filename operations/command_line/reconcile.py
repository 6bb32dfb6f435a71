"""Define `reconcile`: sweep or compare the website now."""

import sys
from contextlib import ExitStack
from datetime import UTC, datetime
from typing import Annotated

import typer
from rich.markup import escape

from operations import console, databases, through_function
from operations.commands import reconcile as reconciling
from operations.commands import status as standing
from operations.commands.proofs import proof as proving
from operations.errors import FunctionFailedError, NotKnownError, NotUnderstoodError, OperationsError
from operations.exit_codes import EXIT_CODES
from operations.options import AsJson, require_named
from operations.screens import printing, proof_view, status_view
from operations.target import System
from operations.through_function import Entry
from operations.wording import failures, speech, words
from operations.wording.speech import say
from shared.domain.comparison import ProofVerdict


def reconcile(
    system: System,
    *,
    full: Annotated[
        bool, typer.Option("--full/--sweep", help="Compare the whole website, or only pick up overdue changes.")
    ] = True,
    accept_small: Annotated[bool, typer.Option(help="Confirm that the website really returned this few rows.")] = False,
    actor: Annotated[str, typer.Option(help="Who you are, with --accept-small. It is recorded.")] = "",
    reason: Annotated[str, typer.Option(help="Why, with --accept-small. It is recorded.")] = "",
    as_json: AsJson = False,
) -> None:
    """Sweep or compare the website now, and wait for the result.

    The findings are shown if the database can be read; otherwise a full comparison ends with exit code 3. A sweep
    that could not do all of its work ends with 1.
    """
    if accept_small:
        require_named(actor, reason)
        if not full:
            raise NotUnderstoodError("--accept-small goes with a full comparison, not with a sweep")
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
        raise NotKnownError(say("Its findings cannot be read: no database login is known here"))
    if found is None and ended.state != "succeeded":
        found = ProofVerdict.NO
    if found is not None and found is not ProofVerdict.YES:
        raise typer.Exit(EXIT_CODES[found])


def _explain(error: FunctionFailedError) -> None:
    """Print the meaning of the error's codes, or the function's log if a code is unknown."""
    why = failures.explained(str(error))
    if not why.meaning:
        unknown = say("Nothing was compared, for an unknown reason: {reason}", reason=error)
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
    """Show the findings and return their verdict; None for a sweep, or if the database cannot be read."""
    if system.is_reached_by_functions:
        return _what_the_function_reads(system, full, quiet=quiet)
    with ExitStack() as held:
        try:
            address = held.enter_context(system.database())
        except OperationsError:
            return None  # the stack has no operations login; the run itself is done
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


def _what_the_function_reads(
    system: System, full: reconciling.ReconcileOutcome | None, *, quiet: bool
) -> ProofVerdict | None:
    if full is None:
        return None
    proof_of_run = ["proof", f"--run={full.run_id}"]
    reply = through_function.ask(system.functions(lambda _: None), Entry.READER, proof_of_run, speech.texts().language)
    found = next((verdict for verdict, code in EXIT_CODES.items() if code == reply.exit_code), None)
    if reply.stderr:
        console.failure(reply.stderr.strip().removeprefix("✗ "))
        return None
    if not quiet:
        sys.stdout.write(reply.stdout)
    return found
