"""The organisations that exist already, found however a file writes their names."""

from dataclasses import replace
from typing import TYPE_CHECKING, cast

import psycopg

from local.mentors_file.one_spelling import in_organisation
from local.mentors_file.organisation_names import comparable, letters_of
from local.mentors_file.problems import on_lines
from local.mentors_file.rows import MentorFile, OrganisationRow

if TYPE_CHECKING:
    from uuid import UUID


def in_known_organisations(
    connection: psycopg.Connection[tuple[object, ...]],
    mentors: MentorFile,
    organisations: tuple[OrganisationRow, ...],
) -> tuple[MentorFile, tuple[OrganisationRow, ...]]:
    """Give each organisation the id that it has in the database or in `organisations`, however its name is written.

    Otherwise "HLF vestland" would become a second organisation beside "HLF Vestland", with other thresholds.
    """
    present = _present(connection)
    names = dict(present)
    known: dict[str, tuple[UUID, str]] = {}
    for organisation_id, name in present:
        known.setdefault(comparable(name), (organisation_id, name))
    described = []
    for row in organisations:
        own_id = row.id if row.id in names else known.get(comparable(row.name), (row.id, row.name))[0]
        described.append(replace(row, id=own_id))
        names[own_id] = row.name
        known[comparable(row.name)] = (own_id, row.name)
    rows = []
    for mentor in mentors.rows:
        home = known.get(comparable(mentor.organisation))
        if mentor.organisation_id in names or home is None:
            rows.append(mentor)
        else:
            rows.append(in_organisation(mentor, *home))
    return replace(mentors, rows=tuple(rows)), tuple(described)


def nearly_known(
    connection: psycopg.Connection[tuple[object, ...]],
    mentors: MentorFile,
    organisations: tuple[OrganisationRow, ...],
) -> tuple[str, ...]:
    """Return a warning about organisations of the file whose names nearly equal a known one.

    A name nearly equals one in the database or in `organisations` if only punctuation or spaces differ. "HLF-Vestland"
    stays an organisation of its own beside "HLF Vestland", and the warning tells the operator.
    """
    known = {row.id: row.name for row in organisations} | dict(_present(connection))
    letters = {letters_of(name) for name in known.values()} - {""}
    firsts: dict[UUID, int] = {}
    for row in mentors.rows:
        if row.organisation_id not in known and letters_of(row.organisation) in letters:
            firsts.setdefault(row.organisation_id, row.line)
    if not firsts:
        return ()
    reported = (
        f"{on_lines(firsts.values())}, organisation: differs only in signs or spaces from one that is known already, "
        "and was taken for an organisation of its own, with its own thresholds. Write the same if it is one."
    )
    return (reported,)


def _present(connection: psycopg.Connection[tuple[object, ...]]) -> "list[tuple[UUID, str]]":
    rows = connection.execute("SELECT id, name::text FROM public.organisations ORDER BY name, id").fetchall()
    return cast("list[tuple[UUID, str]]", rows)
