"""Simulate a night: `run` does so on a fresh database, `nightly` on the local data."""

from contextlib import suppress
from datetime import UTC, datetime, timedelta
from uuid import UUID

import httpx
import psycopg
import typer

from local import surroundings
from local.command_line.options import Day, MentorsFile
from local.demo import (
    bounced_mail,
    bounced_mail_view,
    measuring,
    results,
    simulated_night_view,
    views,
    website,
    website_view,
)
from local.demo.simulated_night import simulate_night
from local.exit_codes import expected_errors
from local.mentors_file import loading
from local.mentors_file.mentors import read_mentors
from local.mentors_file.problems import UnreadableFile
from local.sample_data import generate as synthetic
from local.stack import session
from local.stack.stack import HOME, local_stack
from operations import console
from operations.commands import reconcile
from operations.commands.proofs import proof
from operations.commands.proofs.proof import ProofHead
from operations.console import Progress
from operations.dates import parse_day, today
from operations.exit_codes import EXIT_CODES, NOT_YET
from operations.screens import proof_view
from shared.domain.comparison import ProofVerdict
from shared.domain.wording.numbers import in_english

_WEBHOOK_PATIENCE = 20.0
_MAIL_PATIENCE = 20.0
# The seconds to wait after each sweep: it asks for a change once that is two minutes old.
_SWEEPS = (20.0,) * 8


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
            bounced_mail.prepare(stack, day)
            first = simulate_night(here, day, progress, simulated=simulated)
            after = _visited(here, progress)
            progress("The same nightly check a second time")
            second = simulate_night(here, day, progress, simulated=simulated)
            again = _visited(here, progress)
            arrivals = bounced_mail.follow(stack, here, day, progress, simulated=simulated)
            progress("Changing statuses with SQL, and waiting for the website")
            latency = measuring.measure(here.dsn, here.website, lambda: _catch_up(here, progress))
            progress("Reading the website, and comparing all of it with the app")
            proved = _proved(here)
            held = results.read_brakes(here.dsn)
            progress("Stopping")
    views.heading(f"The nightly check of {day:%d.%m.%Y}")
    views.loaded(file, loaded, mentors)
    simulated_night_view.simulated_night(first)
    simulated_night_view.brakes(held)
    views.heading("Once more")
    same = simulated_night_view.nothing_twice(first, second)
    simulated_night_view.timings(second.check, second.sending)
    views.heading("The mails")
    same &= bounced_mail_view.arrivals(arrivals)
    views.heading("The website")
    same &= website_view.before_and_after(before, after, again)
    website_view.latency(latency)
    views.heading("The proof")
    console.out.print(proof_view.verdict(proved))
    same &= proved.verdict is not ProofVerdict.NO
    _what_next()
    if not same or proved.verdict is not ProofVerdict.YES:
        raise typer.Exit(1 if not same else EXIT_CODES[proved.verdict])


def _what_next() -> None:
    views.heading("What to do next")
    views.sample_mail(HOME / "mail")
    this = surroundings.this_program()
    console.out.print(f"{this} status   [dim]is something wrong, and what to do first[/dim]")
    console.out.print(f"{this} --help   [dim]preview, explain, up and more, on these data[/dim]")


def nightly(as_of: Day = None) -> None:
    """Simulate one night and one morning on the local data, as the schedules would on that day."""
    with expected_errors():
        day = parse_day(as_of, default=today())
        with console.steps() as progress, session.session(progress=progress) as here:
            loading.fill(here.dsn)
            began = datetime.now(UTC)
            done = simulate_night(here, day, progress, simulated=bool(as_of))
            site, behind = None, None
            try:
                site = _visited(here, progress)
            except (website.WebsiteBehindError, httpx.HTTPError) as error:
                behind = error
            held = results.read_brakes(here.dsn)
            progress("Hearing from SES what became of the mails")
            bounced_mail.wait_for_arrivals(here.dsn, since=began, seconds=_MAIL_PATIENCE)
        views.heading(f"The nightly check of {day:%d.%m.%Y}")
        simulated_night_view.simulated_night(done)
        simulated_night_view.brakes(held)
        if site is None:
            console.failure(f"the nightly check is done, but the website is not: {behind}")
            raise typer.Exit(NOT_YET)
        seen = len(site.names)
        console.out.print(f"Visitors of the website see {in_english(seen, 'mentor')}.")


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
