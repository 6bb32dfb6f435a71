"""The commands of `python -m local`, which runs the system on this machine."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from contextlib import ExitStack, contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated
from uuid import UUID

import httpx
import psycopg
import typer

from emulators.lambda_host.triggers.async_invocations import AsyncInvocations
from emulators.lambda_host.triggers.schedules import Scheduler
from local import surroundings
from local.demo import measuring, results, views, website, website_view
from local.demo.simulated_night import simulate_night
from local.exit_codes import expected_errors
from local.mentors_file import loading
from local.mentors_file.mentors import read_mentors
from local.mentors_file.problems import UnreadableFile
from local.sample_data import generate as synthetic
from local.stack import database, session
from local.stack.sam_local import reach, sam_env_file
from local.stack.server_binaries import psql_binary
from local.stack.stack import HOME, local_stack
from local.target import local_system
from operations import console
from operations.cli import COMMANDS
from operations.commands import proof, reconcile
from operations.dates import parse_day, today
from operations.errors import NotUnderstoodError
from operations.exit_codes import EXIT_CODES, NOT_YET
from operations.mounting import Program
from operations.screens import proof_view
from shared.domain.comparison import ProofVerdict
from shared.domain.wording.numbers import in_english

if TYPE_CHECKING:
    from collections.abc import Iterator

    from local.stack.stack import LocalStack
    from operations.commands.proof import ProofHead
    from operations.console import Progress

app = typer.Typer(
    help="The system on this machine: PostgreSQL, the AWS APIs, a mail service, the functions of template.yaml.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
)
Program(local_system, expected_errors, "Operations, as on a deployed system").mount(app, COMMANDS)
_WEBHOOK_PATIENCE = 20.0
# Seconds to wait after each sweep. A sweep requests a change once it is two minutes old.
_SWEEPS = (20.0,) * 8

Day = Annotated[str | None, typer.Option("--as-of", help="The day to evaluate, like 2026-12-01.", show_default=False)]
MentorsFile = Annotated[Path, typer.Option("--mentors", help="A CSV file of mentors (docs/mentors-file.md).")]


@app.command()
def run(mentors: MentorsFile = loading.MENTORS, as_of: Day = None) -> None:
    """Load a mentors file into a fresh database, simulate a night and a morning, and simulate them again."""
    with expected_errors(), console.steps() as progress:
        own = mentors.resolve() != loading.MENTORS
        day = parse_day(as_of, default=today() if own else synthetic.DEFAULT_AS_OF)
        simulated = bool(as_of) or not own
        progress(f"Reading {mentors.name}")
        file = read_mentors(mentors)
        if not file.rows:
            views.problems(file)
            raise UnreadableFile(f"{mentors}: no row could be loaded")
        with local_stack(fresh=True, progress=progress) as stack:
            here = session.of(stack)
            progress("Loading the mentors")
            loaded = loading.store(here.dsn, file, evaluated=day - timedelta(days=1))
            progress("Waiting for the website to show them")
            before = _visited(here, progress)
            first = simulate_night(here, day, progress, simulated=simulated)
            after = _visited(here, progress)
            progress("The same nightly check a second time")
            second = simulate_night(here, day, progress, simulated=simulated)
            again = _visited(here, progress)
            progress("Changing statuses with SQL, and waiting for the website")
            latency = measuring.measure(here.dsn, here.website, lambda: _catch_up(here, progress))
            progress("Reading the website, and comparing all of it with the app")
            proved = _proved(here)
            held = results.read_brakes(here.dsn)
            progress("Stopping")
    views.heading(f"The nightly check of {day:%d.%m.%Y}")
    views.loaded(file, loaded, mentors)
    views.simulated_night(first)
    views.brakes(held)
    views.heading("Once more")
    same = views.nothing_twice(first, second)
    views.timings(second.check, second.sending)
    views.heading("The website")
    same &= website_view.before_and_after(before, after, again)
    website_view.latency(latency)
    views.heading("The proof")
    console.out.print(proof_view.verdict(proved))
    same &= proved.verdict is not ProofVerdict.NO
    views.heading("What to do next")
    views.sample_mail(HOME / "mail")
    this = surroundings.this_program()
    console.out.print(f"{this} status   [dim]is something wrong, and what to do first[/dim]")
    console.out.print(f"{this} --help   [dim]preview, explain, up and more, on these data[/dim]")
    if not same or proved.verdict is not ProofVerdict.YES:
        raise typer.Exit(1 if not same else EXIT_CODES[proved.verdict])


def _catch_up(here: session.Session, progress: Progress) -> None:
    """Wait until the website is up to date.

    A webhook may be lost (I7). Then the sweep requests what is overdue, and a progress line says so.
    """
    try:
        website.wait_until_synced(here.dsn, seconds=_WEBHOOK_PATIENCE)
    except website.WebsiteBehindError as behind:
        progress(f"{behind}: sweeping until it is up to date")
        for seconds in _SWEEPS:
            here.invoke("Reconciliation", reconcile.event(full=False, accept=None, now=datetime.now(UTC)))
            with suppress(website.WebsiteBehindError):
                return website.wait_until_synced(here.dsn, seconds=seconds)
        website.wait_until_synced(here.dsn)


def _proved(here: session.Session) -> ProofHead:
    """Run a full comparison by the function that makes one every night, and return its proof."""
    ended = here.invoke("Reconciliation", reconcile.event(full=True, accept=None, now=datetime.now(UTC)))
    with psycopg.connect(here.dsn, autocommit=True) as connection:
        return proof.read_proof(connection, UUID(ended.payload["run_id"])).proof


def _visited(here: session.Session, progress: Progress) -> website.VisitorView:
    _catch_up(here, progress)
    return website.visit(here.website)


@app.command()
def up(
    mentors: MentorsFile = loading.MENTORS,
    fresh: Annotated[bool, typer.Option(help="Start with an empty database.")] = False,
) -> None:
    """Start everything, run the schedules of template.yaml, and stay until Ctrl-C."""
    with (
        expected_errors(),
        _stack_with_mentors(mentors, fresh=fresh) as (stack, addresses),
        AsyncInvocations(stack.stack, stack.host, stack.aws_url) as taken,
    ):
        database.set_present(stack.dsn, None)
        scheduler = Scheduler(stack.stack, taken)
        scheduler.start()
        environment = stack.home / "sam-env.json"
        views.addresses(
            {
                "PostgreSQL": f"{surroundings.this_program()} psql",
                "Functions (lambda invoke --endpoint-url)": addresses["invoke"],
                "AWS APIs": addresses["aws"],
                "Mail service (SES v2)": addresses["ses"],
                "Website": f"{addresses['dataverse']}/website",
                "Dataverse": addresses["dataverse"],
                "Webhook": addresses["webhook"],
                "Mails": str(stack.home / "mail"),
                "Alerts to operations": str(stack.home / "alerts"),
                "Logs": str(stack.home / "logs"),
                "Environment for sam local invoke": str(environment),
                **_next_runs(scheduler),
            }
        )
        with sam_env_file(
            environment, stack.stack, addresses["aws"], addresses["ses"], addresses["dataverse"], by=reach()
        ):
            try:
                threading.Event().wait()
            finally:
                scheduler.stop()


@app.command()
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


@app.command()
def nightly(as_of: Day = None) -> None:
    """Simulate one night and one morning on the local data, as the schedules would on that day."""
    with expected_errors():
        day = parse_day(as_of, default=today())
        with console.steps() as progress, session.session(progress=progress) as here:
            loading.fill(here.dsn)
            done = simulate_night(here, day, progress, simulated=bool(as_of))
            site, behind = None, None
            try:
                site = _visited(here, progress)
            except (website.WebsiteBehindError, httpx.HTTPError) as error:
                behind = error
            held = results.read_brakes(here.dsn)
        views.heading(f"The nightly check of {day:%d.%m.%Y}")
        views.simulated_night(done)
        views.brakes(held)
        if site is None:
            console.failure(f"the nightly check is done, but the website is not: {behind}")
            raise typer.Exit(NOT_YET)
        seen = len(site.names)
        console.out.print(f"Visitors of the website see {in_english(seen, 'mentor')}.")


@app.command(context_settings={"allow_extra_args": True, "ignore_unknown_options": True})
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


@app.command()
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


@app.command()
def dataset(
    out: Annotated[Path, typer.Option(help="Where to write the mentors file.")],
    seed: int = synthetic.DEFAULT_SEED,
    as_of: Day = None,
    mentors: Annotated[int, typer.Option(min=1, max=synthetic.MOST_MENTORS)] = synthetic.DEFAULT_MENTORS,
) -> None:
    """Write as many synthetic mentors as HLF has. The same seed gives the same file."""
    with expected_errors():
        try:
            synthetic.write_dataset(
                out, seed=seed, as_of=parse_day(as_of, default=synthetic.DEFAULT_AS_OF), mentors=mentors
            )
        except ValueError as error:
            raise typer.BadParameter(str(error)) from None
        except OSError as error:
            raise typer.BadParameter(f"{out} cannot be written: {error.strerror}") from None
        console.out.print(f"{mentors} mentor{'s' if mentors > 1 else ''} written to {out}")
        if mentors < synthetic.FEWEST_MENTORS:
            console.out.print(f"Every case of the nightly check needs {synthetic.FEWEST_MENTORS} mentors or more.")


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
