"""Read a mentors file, load its good rows, and say what was wrong with the others."""

from __future__ import annotations

from typing import TYPE_CHECKING

import psycopg

from local import database
from local.load import LoadReport, load
from local.mentors_csv import MentorFile, read_mentors, read_organisations
from local.stack import ROOT

if TYPE_CHECKING:
    from pathlib import Path

MENTORS = ROOT / "data" / "mentors.csv"
ORGANISATIONS = ROOT / "data" / "organisations.csv"


def read(path: Path) -> MentorFile:
    """The file's rows and problems. Raises UnreadableFile when there is no row to go on with."""
    return read_mentors(path)


def store(dsn: str, mentors: MentorFile) -> LoadReport:
    """Load the good rows, and the settings of the organisations that data/organisations.csv describes."""
    named = {row.organisation_id for row in mentors.rows}
    described = tuple(row for row in read_organisations(ORGANISATIONS) if row.id in named)
    with psycopg.connect(dsn) as connection:
        report = load(connection, mentors, described)
    database.store_settings(dsn, described)
    return report
