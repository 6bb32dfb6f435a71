"""Run the stack or a part of it: the commands `up`, `invoke`, `psql` and `dataverse`."""

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Annotated

import psycopg
import typer

from emulators.lambda_host.triggers.schedules import Scheduler
from local import surroundings
from local.command_line.options import MentorsFile
from local.demo import views
from local.exit_codes import expected_errors
from local.mentors_file import loading
from local.mentors_file.mentors import read_mentors
from local.stack import database, session
from local.stack.sam_local import reach, sam_env_file
from local.stack.server_binaries import psql_binary
from local.stack.stack import LocalStack, local_stack
from operations import console
from operations.errors import NotUnderstoodError


def up(
    mentors: MentorsFile = loading.MENTORS,
    fresh: Annotated[bool, typer.Option(help="Start with an empty database.")] = False,
) -> None:
    """Start everything, run the schedules of template.yaml, and stay until Ctrl-C."""
    with expected_errors(), _stack_with_mentors(mentors, fresh=fresh) as (stack, addresses):
        database.set_present(stack.dsn, None)
        scheduler = Scheduler(stack.stack, stack.bus.taken)
        scheduler.start()
        environment = stack.home / "sam-env.json"
        views.addresses(
            {
                "PostgreSQL": f"{surroundings.this_program()} psql",
                "Functions (lambda invoke --endpoint-url)": addresses["invoke"],
                "AWS APIs": addresses["aws"],
                "Mail service (SES v2)": addresses["ses"],
                "Event bus (events put-events --endpoint-url)": addresses["events"],
                "Identity tokens (STS)": addresses["sts"],
                "Website": f"{addresses['dataverse']}/website",
                "Dataverse": addresses["dataverse"],
                "Webhook": addresses["webhook"],
                "Identity provider": addresses["identity"],
                "Mails": str(stack.home / "mail"),
                "Alerts to operations": str(stack.home / "alerts"),
                "Logs": str(stack.home / "logs"),
                "Environment for sam local invoke": str(environment),
                **_next_runs(scheduler),
            }
        )
        with sam_env_file(
            environment,
            stack.stack,
            addresses["aws"],
            addresses["ses"],
            addresses["dataverse"],
            by=reach(),
            sts_url=addresses["sts"],
            codedeploy_url=stack.codedeploy.url,
        ):
            try:
                threading.Event().wait()
            finally:
                scheduler.stop()


def invoke(
    function: Annotated[
        str, typer.Argument(help="ExpiryCheck or expiry_check, as template.yaml or functions/ has it.")
    ],
    event: Annotated[Path, typer.Option("--event", "-e", help="A JSON file; events/ has one for each trigger.")],
) -> None:
    """Invoke one function with an event. Its result goes to standard output, its log to standard error."""
    with expected_errors():
        try:
            content = json.loads(event.read_text(encoding="utf-8"))
        except OSError as error:
            raise NotUnderstoodError(f"{event}: {error.strerror}") from None
        except ValueError as error:
            raise NotUnderstoodError(f"{event}: this is not JSON ({error})") from None
        with session.session() as here:
            loading.fill(here.dsn)
            result = here.invoke("".join(word[:1].upper() + word[1:] for word in function.split("_")), content)
        for line in result.log:
            sys.stderr.write(f"{line}\n")
        sys.stdout.write(json.dumps(result.payload, indent=2, ensure_ascii=False) + "\n")
        if result.function_error:
            raise typer.Exit(1)


def psql(context: typer.Context) -> None:
    """Open psql on the local database. Further arguments are passed to psql, such as -c 'SELECT …'."""
    with expected_errors(), session.database_only() as dsn:
        found = psycopg.conninfo.conninfo_to_dict(dsn)
        environment = os.environ | {"PGPASSWORD": str(found["password"])}  # not among the arguments, which ps shows
        words = {name: str(value) for name, value in found.items() if name != "password"}
        command = [str(psql_binary()), psycopg.conninfo.make_conninfo("", **words), *context.args]
        previous = signal.signal(signal.SIGINT, signal.SIG_IGN)  # psql handles Ctrl-C itself, to cancel a query
        try:
            raise typer.Exit(subprocess.call(command, env=environment))
        finally:
            signal.signal(signal.SIGINT, previous)


def dataverse(
    port: Annotated[int, typer.Option(help="The port on 127.0.0.1.")] = 8765,
    schema: Annotated[
        Path | None, typer.Option(help="A file of tables instead of the built-in ones.", show_default=False)
    ] = None,
    limits: Annotated[str, typer.Option(help="Service protection: real, off, JSON, or a JSON file.")] = "real",
    https: Annotated[
        bool, typer.Option("--https", help="Speak HTTPS with a certificate of this run; print the authority to trust.")
    ] = False,
) -> None:
    """Start the Dataverse emulator alone, and stay until Ctrl-C."""
    from emulators.dataverse import server  # noqa: PLC0415
    from emulators.dataverse.access.protection import read_limits  # noqa: PLC0415
    from local.stack.dataverse import TABLES  # noqa: PLC0415

    try:
        read = read_limits(limits)
    except ValueError as error:
        raise SystemExit(f"--limits: {error}") from None
    with expected_errors():
        server.run(port, schema or TABLES, read, https=https)


@contextmanager
def _stack_with_mentors(mentors: Path, *, fresh: bool) -> Iterator[tuple[LocalStack, dict[str, str]]]:
    """Yield a stack with mentors: those of the given file, those of an earlier run, or the synthetic ones."""
    own = None if mentors.resolve() == loading.MENTORS else read_mentors(mentors)  # read before any data is deleted
    with ExitStack() as running:
        with console.steps() as progress:
            stack = running.enter_context(local_stack(fresh=fresh, progress=progress))
            if own is None:
                loading.fill(stack.dsn)
            else:
                progress("Loading the mentors")
                views.loaded(own, loading.store(stack.dsn, own), mentors)
        addresses = running.enter_context(session.announced(stack))
        yield stack, addresses


def _next_runs(scheduler: Scheduler) -> dict[str, str]:
    runs: dict[str, str] = {}
    for schedule, due in scheduler.next_runs():  # soonest first; a function may have several schedules
        runs.setdefault(f"Next run of {schedule.function}", f"{due:%d.%m.%Y %H:%M} {schedule.timezone}")
    return runs
