"""Load mentors and organisations into the foundation tables, all of them or none, in a few statements."""

from dataclasses import dataclass
from typing import Final, LiteralString

import psycopg

from local.mentors_file.known_organisations import in_known_organisations
from local.mentors_file.mentors import DEFAULT_TIMEZONE, Coordinator, MentorFile, OrganisationRow
from local.mentors_file.problems import on_lines


@dataclass(frozen=True, slots=True)
class LoadReport:
    """The result of a load: how many of each kind the files held, how many rows changed, and what to check."""

    organisations: int
    coordinators: int
    mentors: int
    certifications: int
    changed: int
    warnings: tuple[str, ...] = ()


# Temporary tables without constraints take the rows as fast as they arrive. One statement for each real table then
# compares and writes. IS DISTINCT FROM leaves an equal row untouched, so no trigger fires and the listing gets no new
# version.
_INCOMING: Final[LiteralString] = """
DROP TABLE IF EXISTS pg_temp.incoming_organisations, pg_temp.incoming_coordinators, pg_temp.incoming_mentors;
CREATE TEMPORARY TABLE incoming_organisations (
    id uuid, name text, timezone text, described boolean
) ON COMMIT DROP;
CREATE TEMPORARY TABLE incoming_coordinators (
    id uuid, organisation_id uuid, full_name text, email text, locale text
) ON COMMIT DROP;
CREATE TEMPORARY TABLE incoming_mentors (
    id uuid, organisation_id uuid, coordinator_id uuid, first_name text, last_name text, email text, phone text,
    area text, status text, listing_consent boolean, locale text, certified_on date, expires_on date
) ON COMMIT DROP;
"""

_COPY_ORGANISATIONS: Final[LiteralString] = (
    "COPY pg_temp.incoming_organisations (id, name, timezone, described) FROM STDIN"
)
_COPY_COORDINATORS: Final[LiteralString] = (
    "COPY pg_temp.incoming_coordinators (id, organisation_id, full_name, email, locale) FROM STDIN"
)
_COPY_MENTORS: Final[LiteralString] = """
COPY pg_temp.incoming_mentors (
    id, organisation_id, coordinator_id, first_name, last_name, email, phone, area, status, listing_consent, locale,
    certified_on, expires_on
) FROM STDIN
"""

# An organisation that only the mentors name is created, and otherwise left alone because its time zone may have been
# set.
_WRITE: Final[tuple[LiteralString, ...]] = (
    """
INSERT INTO public.organisations AS present (id, name, timezone)
SELECT id, name, timezone FROM pg_temp.incoming_organisations WHERE NOT described
ON CONFLICT (id) DO NOTHING
""",
    """
INSERT INTO public.organisations AS present (id, name, timezone)
SELECT id, name, timezone FROM pg_temp.incoming_organisations WHERE described
ON CONFLICT (id) DO UPDATE SET name = EXCLUDED.name, timezone = EXCLUDED.timezone
WHERE (present.name, present.timezone) IS DISTINCT FROM (EXCLUDED.name, EXCLUDED.timezone)
""",
    """
INSERT INTO public.coordinators AS present (id, organisation_id, full_name, email, locale)
SELECT id, organisation_id, full_name, email, locale FROM pg_temp.incoming_coordinators
ON CONFLICT (id) DO UPDATE SET
    organisation_id = EXCLUDED.organisation_id,
    full_name = EXCLUDED.full_name,
    email = EXCLUDED.email,
    locale = EXCLUDED.locale
WHERE (present.organisation_id, present.full_name, present.email, present.locale)
    IS DISTINCT FROM (EXCLUDED.organisation_id, EXCLUDED.full_name, EXCLUDED.email, EXCLUDED.locale)
""",
    """
INSERT INTO public.peer_mentors AS present (
    id, organisation_id, coordinator_id, first_name, last_name, email, phone, area, status, listing_consent, locale
)
SELECT
    id, organisation_id, coordinator_id, first_name, last_name, email, phone, area, status, listing_consent, locale
FROM pg_temp.incoming_mentors
ON CONFLICT (id) DO UPDATE SET
    organisation_id = EXCLUDED.organisation_id,
    coordinator_id = EXCLUDED.coordinator_id,
    first_name = EXCLUDED.first_name,
    last_name = EXCLUDED.last_name,
    email = EXCLUDED.email,
    phone = EXCLUDED.phone,
    area = EXCLUDED.area,
    status = EXCLUDED.status,
    listing_consent = EXCLUDED.listing_consent,
    locale = EXCLUDED.locale
WHERE (
    present.organisation_id, present.coordinator_id, present.first_name, present.last_name, present.email,
    present.phone, present.area, present.status, present.listing_consent, present.locale
) IS DISTINCT FROM (
    EXCLUDED.organisation_id, EXCLUDED.coordinator_id, EXCLUDED.first_name, EXCLUDED.last_name, EXCLUDED.email,
    EXCLUDED.phone, EXCLUDED.area, EXCLUDED.status, EXCLUDED.listing_consent, EXCLUDED.locale
)
""",
    """
INSERT INTO public.certifications AS present (mentor_id, certified_on, expires_on)
SELECT id, certified_on, expires_on FROM pg_temp.incoming_mentors
ON CONFLICT (mentor_id) DO UPDATE SET certified_on = EXCLUDED.certified_on, expires_on = EXCLUDED.expires_on
WHERE (present.certified_on, present.expires_on) IS DISTINCT FROM (EXCLUDED.certified_on, EXCLUDED.expires_on)
""",
)


# Mentors in the database that are not in the file but look like a mentor in it. If Excel has stripped leading zeros
# from the ids, every mentor of the file would be new.
_LIKELY_DOUBLES: Final[LiteralString] = """
SELECT incoming.id FROM pg_temp.incoming_mentors AS incoming
JOIN public.peer_mentors AS present ON lower(present.email) = lower(incoming.email)
WHERE present.id NOT IN (SELECT id FROM pg_temp.incoming_mentors)
UNION
SELECT incoming.id FROM pg_temp.incoming_mentors AS incoming
JOIN public.peer_mentors AS present
    ON (present.first_name, present.last_name, present.phone)
        = (incoming.first_name, incoming.last_name, incoming.phone)
WHERE present.id NOT IN (SELECT id FROM pg_temp.incoming_mentors)
"""


def load(
    connection: psycopg.Connection[tuple[object, ...]],
    mentors: MentorFile,
    organisations: tuple[OrganisationRow, ...] = (),
) -> LoadReport:
    """Write what the files hold, in one transaction.

    Rows that the files do not mention stay, and loading the same files again changes nothing. Only the foundation
    tables are written. The caller stores the settings of an OrganisationRow, under the `id` that
    `in_known_organisations` gives it.
    """
    changed = 0
    with connection.transaction(), connection.cursor() as cursor:
        mentors, organisations = in_known_organisations(connection, mentors, organisations)
        described = {organisation.id: organisation for organisation in organisations}
        named = {row.organisation_id: row.organisation for row in mentors.rows if row.organisation_id not in described}
        coordinators: dict[object, Coordinator] = {
            row.coordinator.id: row.coordinator for row in mentors.rows if row.coordinator
        }
        cursor.execute(_INCOMING)
        with cursor.copy(_COPY_ORGANISATIONS) as copy:
            for organisation in described.values():
                copy.write_row((organisation.id, organisation.name, organisation.timezone, True))
            for organisation_id, name in named.items():
                copy.write_row((organisation_id, name, DEFAULT_TIMEZONE, False))
        with cursor.copy(_COPY_COORDINATORS) as copy:
            for person in coordinators.values():
                copy.write_row((person.id, person.organisation_id, person.full_name, person.email, person.locale))
        with cursor.copy(_COPY_MENTORS) as copy:
            for row in mentors.rows:
                copy.write_row(
                    (
                        row.id,
                        row.organisation_id,
                        row.coordinator.id if row.coordinator else None,
                        row.first_name,
                        row.last_name,
                        row.email,
                        row.phone,
                        row.area,
                        row.status,
                        row.listing_consent,
                        row.locale,
                        row.certified_on,
                        row.expires_on,
                    )
                )
        for statement in _WRITE:
            changed += cursor.execute(statement, prepare=False).rowcount
        doubles = {mentor_id for (mentor_id,) in cursor.execute(_LIKELY_DOUBLES, prepare=False)}
    return LoadReport(
        organisations=len(described) + len(named),
        coordinators=len(coordinators),
        mentors=len(mentors.rows),
        certifications=len(mentors.rows),
        changed=changed,
        warnings=_warnings([row.line for row in mentors.rows if row.id in doubles]),
    )


def _warnings(doubles: list[int]) -> tuple[str, ...]:
    if not doubles:
        return ()
    reported = (
        f"{on_lines(doubles)}: a mentor with this e-mail address, or this name and telephone number, is already there "
        "under another mentor_id. If Excel changed the ids, correct the file and begin with an empty database."
    )
    return (reported,)
