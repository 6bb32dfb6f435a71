"""The organisations that are there already, found however a file writes their names."""

from dataclasses import replace
from typing import TYPE_CHECKING, cast

import psycopg

from local.mentor_rows import MentorFile, OrganisationRow
from local.one_spelling import in_organisation
from local.organisation_names import comparable

if TYPE_CHECKING:
    from uuid import UUID


def in_known_organisations(
    connection: psycopg.Connection[tuple[object, ...]],
    mentors: MentorFile,
    organisations: tuple[OrganisationRow, ...],
) -> tuple[MentorFile, tuple[OrganisationRow, ...]]:
    """Give each organisation the id it has in the database, or in `organisations`, however its name is written.

    Otherwise "HLF vestland" would be a second organisation beside "HLF Vestland", with other thresholds.
    """
    present = cast(
        "list[tuple[UUID, str]]",
        connection.execute("SELECT id, name::text FROM public.organisations ORDER BY name, id").fetchall(),
    )
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
