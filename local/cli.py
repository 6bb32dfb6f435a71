"""`python -m local`: the system on this machine."""

from __future__ import annotations

import dataclasses
import json
import os
import signal
import subprocess
import sys
import threading
from contextlib import ExitStack, contextmanager, suppress
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated
from zoneinfo import ZoneInfo

import psycopg
import typer

from local import dataset as synthetic
from local import loading, report, results, session, website, website_report
from local.aws import LocalAwsError
from local.csv_table import UnreadableFile
from local.dataverse.process import LocalDataverseError
from local.invoke_api import InvokeError
from local.lambda_host.async_invocations import AsyncInvocations
from local.lambda_host.errors import LambdaHostError, TemplateError
from local.lambda_host.schedules import Scheduler
from local.mentors_csv import read_mentors
from local.night import FunctionFailed, spend
from local.postgres import PostgresError, psql_binary
from local.sam_env import reach, sam_env_file
from local.stack import HOME, StackRunningError, local_stack
from shared.domain.errors import CertificationError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from local.stack import LocalStack, Progress

app = typer.Typer(
    help="The system on this machine: PostgreSQL, the AWS APIs, a mail service, the functions of template.yaml.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
)
OSLO = ZoneInfo("Europe/Oslo")
_DOORBELL_PATIENCE = 20.0
_YEARS = range(1970, 2200)

Day = Annotated[str | None, typer.Option("--as-of", help="The day to evaluate, like 2026-12-01.", show_default=False)]
MentorsFile = Annotated[Path, typer.Option("--mentors", help="A CSV file of mentors (docs/mentors-file.md).")]
_FORESEEN = (
    CertificationError,
    FunctionFailed,
    InvokeError,
    LambdaHostError,
    LocalAwsError,
    LocalDataverseError,
    PostgresError,
    StackRunningError,
    OSError,
    TemplateError,
    UnreadableFile,
    website.WebsiteBehindError,
)


@app.command()
def run(mentors: MentorsFile = loading.MENTORS, as_of: Day = None) -> None:
    """Load a mentors file into a fresh database, spend a night and a morning, and spend them again."""
    with _foreseen(), report.steps() as progress:
        day = _day(as_of, default=synthetic.DEFAULT_AS_OF if mentors.resolve() == loading.MENTORS else _today())
        progress(f"Reading {mentors.name}")
        file = read_mentors(mentors)
        if not file.rows:
            report.problems(file)
            raise UnreadableFile(f"{mentors}: no row could be loaded")
        with local_stack(fresh=True, progress=progress) as stack:
            here = session.of(stack)
            progress("Loading the mentors")
            loaded = loading.store(here.dsn, file, evaluated=day - timedelta(days=1))
            progress("Waiting for the website to show them")
            before = _visited(here, progress)
            first = spend(here, day, progress)
            after = _visited(here, progress)
            progress("The same night a second time")
            second = spend(here, day, progress)
            again = _visited(here, progress)
            progress("Changing statuses with SQL, and waiting for the website")
            latency = website.measure(here.dsn, here.website, lambda: _catch_up(here, progress))
            progress("Stopping")
    report.heading(f"The night of {day:%d.%m.%Y}")
    report.loaded(file, loaded, mentors)
    report.night(first)
    report.heading("Once more")
    same = report.nothing_twice(first, second)
    report.timings(second.check, second.sending)
    report.heading("The website")
    same &= website_report.before_and_after(before, after, again)
    website_report.latency(latency)
    report.heading("What to do next")
    report.sample_mail(HOME / "mail")
    report.console.print("python -m local --help   [dim]preview, explain, invoke, up and more, on this same data[/dim]")
    if not same:
        raise typer.Exit(1)


def _catch_up(here: session.Session, progress: Progress) -> None:
    """Wait for the website. A doorbell may be lost (I7); then everything unsynced is asked for, and that is said."""
    try:
        website.wait_until_synced(here.dsn, seconds=_DOORBELL_PATIENCE)
    except website.WebsiteBehindError as behind:
        progress(f"{behind}: syncing what no doorbell was heard for")
        here.invoke("DynamicsSync", {"sync": "unsynced"})
        website.wait_until_synced(here.dsn)


def _visited(here: session.Session, progress: Progress) -> website.Site:
    _catch_up(here, progress)
    return website.visit(here.website)


@app.command()
def up(
    mentors: MentorsFile = loading.MENTORS,
    fresh: Annotated[bool, typer.Option(help="Start with an empty database.")] = False,
) -> None:
    """Start everything, run the schedules of template.yaml, and stay until Ctrl-C."""
    with (
        _foreseen(),
        _stack_with_mentors(mentors, fresh=fresh) as (stack, addresses),
        AsyncInvocations(stack.stack, stack.host, stack.aws_url) as taken,
    ):
        scheduler = Scheduler(stack.stack, taken)
        scheduler.start()
        environment = stack.home / "sam-env.json"
        report.addresses(
            {
                "PostgreSQL": "python -m local psql",
                "Functions (lambda invoke --endpoint-url)": addresses["invoke"],
                "AWS APIs": addresses["aws"],
                "Mail service (SES v2)": addresses["ses"],
                "Website": f"{addresses['dataverse']}/website",
                "Dataverse": addresses["dataverse"],
                "Doorbell": addresses["doorbell"],
                "Mails": str(stack.home / "mail"),
                "Logs": str(stack.home / "logs"),
                "Environment for sam local invoke": str(environment),
                **_next_runs(scheduler),
            }
        )
        with sam_env_file(environment, stack.stack, addresses["aws"], addresses["ses"], reach()):
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
    """Invoke one function with an event; its answer goes to standard output, its log to standard error."""
    with _foreseen():
        try:
            content = json.loads(event.read_text(encoding="utf-8"))
        except OSError as error:
            raise InvokeError(f"{event}: {error.strerror}") from None
        except ValueError as error:
            raise InvokeError(f"{event}: this is not JSON ({error})") from None
        with session.session() as here:
            _fill(here.dsn)
            answer = here.invoke("".join(word[:1].upper() + word[1:] for word in function.split("_")), content)
        for line in answer.log:
            sys.stderr.write(f"{line}\n")
        sys.stdout.write(json.dumps(answer.payload, indent=2, ensure_ascii=False) + "\n")
        if answer.function_error:
            raise typer.Exit(1)


@app.command()
def nightly(as_of: Day = None) -> None:
    """Spend one night and one morning on the local data, as the schedules would on that day."""
    with _foreseen():
        day = _day(as_of, default=_today())
        with report.steps() as progress, session.session(progress=progress) as here:
            _fill(here.dsn)
            done = spend(here, day, progress)
            site = _visited(here, progress)
        report.heading(f"The night of {day:%d.%m.%Y}")
        report.night(done)
        report.console.print(f"Visitors of the website see {len(site.names)} mentors.")


@app.command()
def preview(
    days: Annotated[int, typer.Option(help="How many nights ahead.", min=1, max=3660)] = 60,
    first: Annotated[
        str | None, typer.Option("--from", help="The first night; the one after the last run.", show_default=False)
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Machine-readable, with ids instead of names.")] = False,
) -> None:
    """A dry run: who will be reminded or expire when. Writes nothing."""
    with _foreseen(), _database() as dsn:
        last = results.last_night(dsn)
        start = _day(first, default=last + timedelta(days=1) if last else _today())
        lines = results.read_preview(dsn, start, days)
        if as_json:
            report.console.print_json(
                json.dumps(
                    [{k: v for k, v in dataclasses.asdict(line).items() if k != "name"} for line in lines], default=str
                )
            )
        else:
            report.preview(lines, first=f"{start:%d.%m.%Y}", days=days)


@app.command()
def explain(
    mentor_id: Annotated[
        str, typer.Argument(help="The mentor's id or its beginning, the id in your own file, or the full name.")
    ],
) -> None:
    """Why a mentor was or was not reminded: every threshold, its state, reason and run."""
    with _foreseen(), _database() as dsn:
        today = results.last_night(dsn) or _today()
        mentors = results.find_mentors(dsn, mentor_id)
        if len(mentors) > 1:
            report.failure(f"{len(mentors)} mentors fit {mentor_id}: {', '.join(map(str, mentors[:5]))}")
            raise typer.Exit(1)
        found = results.read_explanation(dsn, mentors[0], today) if mentors else None
        if found is None:
            report.failure(f"there is no mentor {mentor_id} in the local database")
            raise typer.Exit(1)
        report.explanation(found)


@app.command(context_settings={"allow_extra_args": True, "ignore_unknown_options": True})
def psql(context: typer.Context) -> None:
    """Open psql on the local database; what follows is handed to psql, such as -c 'SELECT …'."""
    with _foreseen(), session.database_only() as dsn:
        found = psycopg.conninfo.conninfo_to_dict(dsn)
        environment = os.environ | {"PGPASSWORD": str(found["password"])}  # not among the arguments, which ps shows
        words = {name: str(value) for name, value in found.items() if name != "password"}
        command = [str(psql_binary()), psycopg.conninfo.make_conninfo("", **words), *context.args]
        previous = signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is psql's, to cancel a query
        try:
            raise typer.Exit(subprocess.call(command, env=environment))
        finally:
            signal.signal(signal.SIGINT, previous)


@app.command()
def thresholds(
    organisation: Annotated[str, typer.Argument(help="The organisation's name.")],
    days: Annotated[
        list[int] | None,
        typer.Argument(help="Days before expiry, the largest first, like 45 21 7.", show_default=False),
    ] = None,
    own: Annotated[
        bool | None, typer.Option("--own/--standard", help="Whether its own thresholds apply, or the HLF standard.")
    ] = None,
) -> None:
    """Show or change an organisation's thresholds."""
    from local.settings import change_thresholds  # noqa: PLC0415

    with _foreseen(), _database() as dsn:
        now = change_thresholds(dsn, organisation, tuple(days or ()), own=own)
        applies = "its own apply" if now.own else "the HLF standard applies"
        own_days, effective = (" ".join(map(str, days)) for days in (now.days, now.effective))
        report.console.print(f"{organisation}: own thresholds {own_days}; {applies}: {effective}")


@app.command()
def dataverse(
    port: Annotated[int, typer.Option(help="Where to listen on 127.0.0.1.")] = 8765,
    schema: Annotated[
        Path | None, typer.Option(help="A file of tables instead of the built-in ones.", show_default=False)
    ] = None,
    limits: Annotated[str, typer.Option(help="Service protection: real, off, JSON, or a JSON file.")] = "real",
) -> None:
    """Start the Dataverse emulator alone, and stay until Ctrl-C."""
    from local.dataverse import server  # noqa: PLC0415

    with _foreseen():
        server.announce_and_serve(port, schema, limits)


@app.command()
def dataset(
    out: Annotated[Path, typer.Option(help="Where to write the mentors file.")],
    seed: int = synthetic.DEFAULT_SEED,
    as_of: Day = None,
    mentors: Annotated[int, typer.Option(min=1)] = synthetic.DEFAULT_MENTORS,
) -> None:
    """Write synthetic mentors of HLF's size, the same for the same seed."""
    with _foreseen():
        synthetic.write_dataset(out, seed=seed, as_of=_day(as_of, default=synthetic.DEFAULT_AS_OF), mentors=mentors)
        report.console.print(f"{mentors} mentors written to {out}")


@app.command()
def migrate(
    database_url: Annotated[
        str, typer.Option(envvar="DATABASE_URL", help="A libpq connection string or URL.", show_default=False)
    ],
) -> None:
    """Apply the migrations to a database that has the foundation tables, local or not."""
    from shared.adapters.postgres.migrate import migrate as apply  # noqa: PLC0415

    with _foreseen():
        try:
            with psycopg.connect(database_url, autocommit=True, prepare_threshold=None) as connection:
                applied = apply(connection)
        except psycopg.ProgrammingError as error:
            # libpq quotes the string it cannot read, and a password may stand in it.
            reason = (
                error.diag.message_primary or "this is not a connection string; percent-encode what is not a letter"
            )
            report.failure(f"the migrations were not applied: {reason}")
            raise typer.Exit(1) from None
        except psycopg.Error as error:
            report.failure(f"the migrations were not applied: {str(error).strip()}")
            raise typer.Exit(1) from None
        report.console.print(
            "\n".join(f"applied {name}" for name in applied) or "nothing to do: every migration is applied"
        )


@contextmanager
def _stack_with_mentors(mentors: Path, *, fresh: bool) -> Iterator[tuple[LocalStack, dict[str, str]]]:
    """A stack with mentors in it: those of a file that was asked for, of an earlier run, or the synthetic ones."""
    own = None if mentors.resolve() == loading.MENTORS else read_mentors(mentors)  # before anything is emptied
    with ExitStack() as running:
        with report.steps() as progress:
            stack = running.enter_context(local_stack(fresh=fresh, progress=progress))
            if own is None:
                _fill(stack.dsn)
            else:
                progress("Loading the mentors")
                report.loaded(own, loading.store(stack.dsn, own), mentors)
        addresses = running.enter_context(session.announced(stack))
        yield stack, addresses


@contextmanager
def _database() -> Iterator[str]:
    with session.database_only() as dsn:
        _fill(dsn)
        yield dsn


def _fill(dsn: str) -> None:
    if loading.fill_if_empty(dsn):
        report.errors.print("[dim]The local database was empty: the synthetic mentors were loaded.[/dim]")


def _next_runs(scheduler: Scheduler) -> dict[str, str]:
    runs: dict[str, str] = {}
    for schedule, due in scheduler.next_runs():  # the soonest first, and a function may have several schedules
        runs.setdefault(f"Next run of {schedule.function}", f"{due:%d.%m.%Y %H:%M} {schedule.timezone}")
    return runs


def _today() -> date:
    return datetime.now(UTC).astimezone(OSLO).date()


def _day(text: str | None, *, default: date) -> date:
    if not text:
        return default
    for form in ("%Y-%m-%d", "%d.%m.%Y"):
        with suppress(ValueError):
            day = datetime.strptime(text, form).date()  # noqa: DTZ007 - a calendar day has no time zone
            if day.year in _YEARS:
                return day
    raise typer.BadParameter(f"{text!r} is not a day of this age: write it like 2026-12-01 or 01.12.2026")


@contextmanager
def _foreseen() -> Iterator[None]:
    """Turn what can go wrong into a sentence and an exit code, and a request to stop into an orderly end."""
    for stop in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(stop, lambda number, _frame: sys.exit(128 + number))
    try:
        yield
    except KeyboardInterrupt:
        report.errors.print("stopped")
        raise typer.Exit(130) from None
    except FunctionFailed as error:
        reason = error.answer.payload.get("errorMessage", "") if isinstance(error.answer.payload, dict) else ""
        report.failure(f"{error}: {reason}", log=error.answer.log)
        raise typer.Exit(1) from None
    except _FORESEEN as error:
        report.failure(str(error))
        raise typer.Exit(1) from None
