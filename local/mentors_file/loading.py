"""Read a mentors file, load its good rows, and report the problems of the others."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

import psycopg

from local.mentors_file.known_organisations import in_known_organisations, nearly_known
from local.mentors_file.load import LoadReport, load
from local.mentors_file.mentors import MentorFile, read_mentors, read_organisations
from local.stack import database, session
from local.stack.stack import ROOT
from operations import console

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date

MENTORS = ROOT / "data" / "mentors.csv"
ORGANISATIONS = ROOT / "data" / "organisations.csv"


def store(dsn: str, mentors: MentorFile, *, evaluated: date | None = None) -> LoadReport:
    """Load the good rows, and the settings of the organisations that data/organisations.csv describes.

    With `evaluated`, the day counts as checked, so that the website shows the mentors who were certified on it.
    """
    with psycopg.connect(dsn) as connection:
        mentors, organisations = in_known_organisations(connection, mentors, read_organisations(ORGANISATIONS))
        near = nearly_known(connection, mentors, organisations)
        named = {row.organisation_id for row in mentors.rows}
        described = tuple(row for row in organisations if row.id in named)
        if evaluated:
            database.set_evaluated(connection, named, evaluated)
        report = load(connection, mentors, described)
    database.store_settings(dsn, described)
    return replace(report, warnings=(*near, *report.warnings))


def fill(dsn: str) -> None:
    """Load the synthetic mentors into an empty database, so that every command has data to work on."""
    with psycopg.connect(dsn) as connection:
        if connection.execute("SELECT 1 FROM public.peer_mentors LIMIT 1").fetchone() is not None:
            return
    store(dsn, read_mentors(MENTORS))
    console.errors.print("[dim]The local database was empty: the synthetic mentors were loaded.[/dim]")


@contextmanager
def filled_database() -> Iterator[str]:
    """Yield the connection string of the local database, with mentors in it."""
    with session.database_only() as dsn:
        fill(dsn)
        yield dsn
