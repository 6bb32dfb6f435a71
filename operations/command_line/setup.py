"""Define `setup`: the logins, the secrets and the webhook of a deployed stack, in one step."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from operations import console
from operations.command_line import verifying
from operations.commands.setup.place import Given
from operations.commands.setup.steps import Request, SetupOutcome, print_sql, set_up, with_report
from operations.errors import NotUnderstoodError, OperationsError
from operations.options import Actor, AsJson, Reason, require_named
from operations.screens import setup_view
from operations.target import System
from operations.wording import words
from shared.domain.errors import CertificationError
from shared.domain.integration.findings import Report


def setup(
    system: System,
    *,
    actor: Actor,
    reason: Reason,
    rotate: Annotated[
        bool, typer.Option("--rotate", help="Give every login a new password, by its other login, without a gap.")
    ] = False,
    print_: Annotated[
        bool,
        typer.Option(
            "--print",
            help="Write the secrets, and print the SQL that a database administrator runs. It holds verifiers, never a"
            " password. The database is not connected to.",
        ),
    ] = False,
    functions_host: Annotated[
        str | None,
        typer.Option(help="The database's host for the functions, if it is another than yours.", show_default=False),
    ] = None,
    functions_port: Annotated[
        int | None,
        typer.Option(help="The port for the functions, if it is another than yours.", min=1, max=65535),
    ] = None,
    functions_ca: Annotated[
        Path | None,
        typer.Option(
            "--functions-ca",
            help="The certificate of the database's authority, if it is not the sslrootcert of --database-url.",
            show_default=False,
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Make the logins of all functions and people, fill their secrets, set the webhook, and verify the integration.

    Give both --stack and --database-url, the latter as the schema's owner. What works is left as it is, so it may be
    run again at any time, also after it was interrupted. Exit code 3: it is done, and a person has something to do yet.
    Exit code 1: it is not done, for whatever reason.
    """
    require_named(actor, reason)
    stack, address = system.target.stack, system.target.database_url
    if not stack or not address:
        raise NotUnderstoodError(
            "setup joins a stack and a database: name both, --stack NAME and --database-url with the schema's owner"
        )
    if print_ and rotate:
        raise NotUnderstoodError("--print makes what is missing, and --rotate changes what works: say one of them")
    request = Request(stack, address, Given(functions_host, functions_port, functions_ca), actor, reason, rotate)
    if print_:
        with _done_or_not():
            written = print_sql(request, system.deployment)
        if as_json:
            words.print_json_value({"sql": written})
        else:
            setup_view.printed(written)
        return
    with _done_or_not(), console.steps(quiet=as_json) as progress:
        outcome = set_up(request, system.deployment, progress)
        report, outcome = _verified(system, outcome, progress)
    if as_json:
        words.print_json_value({**asdict(outcome), "integration": report and report.as_json()})
    else:
        setup_view.show(outcome)
    raise typer.Exit(outcome.exit_code)


@contextmanager
def _done_or_not() -> Iterator[None]:
    """Give every failure exit code 1: a pipeline goes on after a 3, for which the logins are there."""
    try:
        yield
    except NotUnderstoodError:
        raise
    except (OperationsError, CertificationError, OSError) as error:
        raise OperationsError(str(error)) from error


def _verified(system: System, outcome: SetupOutcome, progress: console.Progress) -> tuple[Report | None, SetupOutcome]:
    try:
        report = verifying.read_only(system, progress)
    except OperationsError as error:
        return None, with_report(outcome, None, str(error))
    return report, with_report(outcome, report, "")
