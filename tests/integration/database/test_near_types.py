"""The app's columns are not quite the stand-in's: near types and untidy values work all the same."""

from __future__ import annotations

import json
from datetime import date, timedelta
from typing import TYPE_CHECKING
from uuid import uuid4

import psycopg
import pytest

from shared.adapters.postgres.connection import connect
from shared.adapters.postgres.listings import PostgresListings
from shared.adapters.postgres.migrate import migrate
from shared.domain.runs import RunState
from tests.conftest import TEMPLATE, TestDatabase, copy_database, drop_database
from tests.support.foundation import DAY, Foundation, days

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from uuid import UUID

    from emulators.ses.server import LocalSes
    from local.stack.postgres import Postgres
    from shared.domain.listings import Action
    from tests.support.nightly_checks import Functions
    from tests.support.reconciling import Reconciler
    from tests.support.syncs import SyncWorker

pytestmark = pytest.mark.slow

ENUM = "CREATE TYPE app_status AS ENUM ('active', 'paused', 'certification_expired', 'inactive');"
STATUS_AS = (
    "ALTER TABLE peer_mentors DROP CONSTRAINT peer_mentors_status_known, ALTER COLUMN status DROP DEFAULT,"
    " ALTER COLUMN status TYPE {0} USING status::text::{0};"
)
VARCHAR = (
    "ALTER TABLE organisations ALTER name TYPE varchar(200), ALTER timezone TYPE varchar(40);"
    "ALTER TABLE coordinators ALTER full_name TYPE varchar(120), ALTER email TYPE varchar(254),"
    " ALTER locale TYPE varchar(5);"
    "ALTER TABLE peer_mentors ALTER first_name TYPE varchar(80), ALTER last_name TYPE varchar(80),"
    " ALTER email TYPE varchar(254), ALTER phone TYPE varchar(20), ALTER area TYPE varchar(80),"
    " ALTER locale TYPE varchar(5), ALTER status TYPE varchar(30);"
    "ALTER TABLE mentor_status_log ALTER from_status TYPE varchar(30), ALTER to_status TYPE varchar(30),"
    " ALTER reason TYPE varchar(40), ALTER actor TYPE varchar(40);"
)
DOMAINS = (
    "CREATE DOMAIN email_address AS varchar(254) CHECK (VALUE LIKE '%@%'); CREATE DOMAIN a_day AS date;"
    "CREATE DOMAIN consent AS boolean; CREATE DOMAIN person AS uuid;"
    "ALTER TABLE peer_mentors ALTER id TYPE person; ALTER TABLE certifications ALTER mentor_id TYPE person;"
    "ALTER TABLE organisations ALTER id TYPE person; ALTER TABLE mentor_status_log ALTER mentor_id TYPE person;"
    "CREATE DOMAIN app_status AS text CHECK (VALUE IN ('active', 'paused', 'certification_expired', 'inactive'));"
    "ALTER TABLE peer_mentors ALTER email TYPE email_address, ALTER listing_consent TYPE consent;"
    "ALTER TABLE coordinators ALTER email TYPE email_address; ALTER TABLE certifications ALTER expires_on TYPE a_day;"
)
ABROAD = (
    "ALTER DATABASE {0} SET datestyle = 'German';"
    "ALTER DATABASE {0} SET intervalstyle = 'sql_standard';"
    "ALTER DATABASE {0} SET timezone = 'Asia/Tokyo'; ALTER DATABASE {0} SET standard_conforming_strings = off;"
    "ALTER DATABASE {0} SET client_encoding = 'latin1'"
)
NEAR = {
    "as the stand-in has it": "",
    "varchar everywhere": VARCHAR,
    "char(n)": STATUS_AS.format("char(30)"),
    "status as an enum": ENUM + STATUS_AS.format("app_status"),
    "domains": DOMAINS + STATUS_AS.format("app_status"),
    "expires_on timestamptz": "ALTER TABLE certifications ALTER expires_on TYPE timestamptz"
    " USING expires_on::timestamp AT TIME ZONE 'Europe/Oslo',"
    " ALTER certified_on TYPE timestamptz",
    "expires_on timestamp": "ALTER TABLE certifications ALTER expires_on TYPE timestamp",
    "the log in enums": ENUM
    + "CREATE TYPE why AS ENUM ('certification_expired', 'certification_renewed', 'other');"
    + "ALTER TABLE mentor_status_log ALTER from_status TYPE app_status USING from_status::app_status,"
    " ALTER to_status TYPE app_status USING to_status::app_status, ALTER reason TYPE why USING reason::why",
    "a log of another make": "ALTER TABLE mentor_status_log DROP id, ADD id uuid PRIMARY KEY DEFAULT gen_random_uuid(),"
    " ADD source text NOT NULL DEFAULT 'app', ADD note text, ALTER certification_expiry_date TYPE timestamptz",
    "locale and area as enums": "CREATE TYPE language AS ENUM ('nb', 'nn', 'en');"
    "CREATE TYPE place AS ENUM ('Moss', 'Oslo');"
    "ALTER TABLE peer_mentors ALTER locale DROP DEFAULT, ALTER locale TYPE language USING locale::language,"
    " ALTER locale SET DEFAULT 'nb', ALTER area TYPE place USING area::place;"
    "ALTER TABLE coordinators ALTER locale DROP DEFAULT, ALTER locale TYPE language USING locale::language,"
    " ALTER locale SET DEFAULT 'nn'",
    "the phone as a number": "ALTER TABLE peer_mentors ALTER phone TYPE bigint USING phone::bigint",
    "nullable everything": "ALTER TABLE peer_mentors ALTER first_name DROP NOT NULL, ALTER last_name DROP NOT NULL,"
    " ALTER listing_consent DROP NOT NULL, ALTER locale DROP NOT NULL, ALTER status DROP NOT NULL;"
    "ALTER TABLE organisations ALTER name DROP NOT NULL, ALTER timezone DROP NOT NULL;"
    "ALTER TABLE coordinators ALTER full_name DROP NOT NULL, ALTER locale DROP NOT NULL",
    "collations of its own": (
        'ALTER TABLE peer_mentors ALTER first_name TYPE text COLLATE "POSIX", ALTER last_name TYPE text COLLATE "C",'
        ' ALTER email TYPE text COLLATE "POSIX", ALTER area TYPE varchar(50) COLLATE "C",'
        ' ALTER status TYPE text COLLATE "C";'
        'ALTER TABLE organisations ALTER name TYPE text COLLATE "C", ALTER timezone TYPE text COLLATE "POSIX";'
        'ALTER TABLE coordinators ALTER full_name TYPE text COLLATE "C", ALTER email TYPE text COLLATE "C";'
        'ALTER TABLE mentor_status_log ALTER to_status TYPE text COLLATE "C", ALTER actor TYPE text COLLATE "POSIX"'
    ),
    "coordinators as a view": "ALTER TABLE peer_mentors DROP CONSTRAINT peer_mentors_coordinator_id_fkey;"
    "ALTER TABLE coordinators RENAME TO people; CREATE VIEW coordinators AS SELECT * FROM people",
    "another country's settings": "",
    "two tables partitioned": "ALTER TABLE certifications RENAME TO plain;"
    "CREATE TABLE certifications (mentor_id uuid PRIMARY KEY, certified_on date, expires_on date NOT NULL)"
    " PARTITION BY HASH (mentor_id);"
    "CREATE TABLE half PARTITION OF certifications FOR VALUES WITH (MODULUS 2, REMAINDER 0);"
    "CREATE TABLE other_half PARTITION OF certifications FOR VALUES WITH (MODULUS 2, REMAINDER 1)",
}
SETTINGS = {"another country's settings": ABROAD}


def build(postgres: Postgres, name: str, change: str) -> None:
    """A database whose foundation is changed before the migrations are applied."""
    from local.stack.database import _FOUNDATION  # noqa: PLC0415

    with psycopg.connect(postgres.dsn(), autocommit=True) as server:
        server.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)'.encode())
        tablespace = server.execute(
            "SELECT spcname FROM pg_database AS d JOIN pg_tablespace AS t ON t.oid = dattablespace WHERE datname = %s",
            (TEMPLATE,),
        ).fetchone()
        assert tablespace is not None
        server.execute(f'CREATE DATABASE "{name}" TABLESPACE "{tablespace[0]}"'.encode())
    with psycopg.connect(postgres.dsn(name), autocommit=True) as connection:
        connection.execute(_FOUNDATION.read_bytes())
        connection.execute(change.encode())
    with psycopg.connect(postgres.dsn(name), autocommit=True) as connection:
        migrate(connection)
        connection.execute("UPDATE certification.standard SET brake_count = 1000000")
        with psycopg.connect(postgres.dsn(TEMPLATE)) as template:
            ahead = template.execute("SELECT ahead FROM certification.simulated_time").fetchone()
        assert ahead is not None
        connection.execute("INSERT INTO certification.simulated_time (ahead) VALUES (%s)", ahead)


@pytest.fixture(scope="module")
def templates(postgres: Postgres, server: psycopg.Connection) -> Iterator[Callable[[str], str]]:
    """Return the name of a database with the foundation of this kind, which is built once."""
    built: dict[str, str] = {}

    def template(kind: str) -> str:
        if kind not in built:
            built[kind] = f"near_{len(built)}"
            build(postgres, built[kind], NEAR[kind] + SETTINGS.get(kind, "").format(built[kind]))
        return built[kind]

    yield template
    for name in built.values():
        drop_database(server, name)


@pytest.fixture
def database(
    postgres: Postgres, server: psycopg.Connection, templates: Callable[[str], str], request: pytest.FixtureRequest
) -> Iterator[TestDatabase]:
    """In place of the ordinary one: its foundation is that of the parameter."""
    kind, name = getattr(request, "param", "as the stand-in has it"), "near"
    copy_database(server, name, templates(kind))
    if kind in SETTINGS:  # a copy has its template's rows, not its settings
        server.execute(SETTINGS[kind].format(name).encode())
    yield TestDatabase(postgres, name)
    drop_database(server, name)


@pytest.fixture
def connection(database: TestDatabase) -> Iterator[psycopg.Connection]:
    """In place of the ordinary one: what a test reads is in the same form whatever the database's settings are."""
    options = "-c datestyle=ISO -c intervalstyle=postgres"
    with psycopg.connect(database.dsn, autocommit=True, client_encoding="utf8", options=options) as connection:
        yield connection


every_kind = pytest.mark.parametrize("database", list(NEAR), indirect=True)
nullable = pytest.mark.parametrize("database", ["nullable everything"], indirect=True)
with_moments = pytest.mark.parametrize("database", ["expires_on timestamptz"], indirect=True)


def bodies(database: TestDatabase, *mentors: UUID) -> dict[UUID, tuple[Action, dict[str, object]]]:
    """What a worker would send of these."""
    secret = database.login("DynamicsSync")
    with connect(lambda _: secret) as connection:
        claim = PostgresListings(connection).claim(mentors, uuid4(), timedelta(minutes=3))
    return {change.mentor_id: (change.action, json.loads(change.body)) for change in claim.changes}


def certify(foundation: Foundation, mentor: UUID, day: date) -> None:
    """As the app would with its own type: noon in Oslo is on the same day in every type."""
    foundation.do("UPDATE certifications SET expires_on = %s WHERE mentor_id = %s", f"{day} 00:00+01", mentor)


@every_kind
def test_a_nightly_check_and_a_sending_do_their_work(
    database: TestDatabase, foundation: Foundation, functions: Functions, ses: LocalSes
) -> None:
    """Expired, reactivated, reminded, logged and mailed, on the day in Oslo; nobody is left over."""
    organisation = foundation.organisation()
    turid = foundation.coordinator(organisation)
    people = {
        name: foundation.mentor(organisation, DAY, status=status, coordinator=turid, area="Moss", phone="40000000")
        for name, status in (
            ("last day", "active"),
            ("over", "active"),
            ("paused", "paused"),
            ("renewed", "certification_expired"),
            ("soon", "active"),
        )
    }
    for name, day in {
        "last day": DAY,
        "over": DAY - days(1),
        "paused": DAY - days(1),
        "renewed": DAY + days(400),
    }.items():
        certify(foundation, people[name], day)
    certify(foundation, people["soon"], DAY + days(14))

    result = functions.nightly_check(DAY)
    assert result.verdict.state is RunState.SUCCEEDED
    assert {
        name: foundation.one("SELECT btrim(status::text) FROM peer_mentors WHERE id = %s", mentor)
        for name, mentor in people.items()
    } == {
        "last day": "active",
        "over": "certification_expired",
        "paused": "paused",
        "renewed": "active",
        "soon": "active",
    }
    assert foundation.all(
        "SELECT from_status::text, to_status::text, reason::text, actor FROM mentor_status_log ORDER BY 1"
    ) == [
        ("active", "certification_expired", "certification_expired", "system:expiry_check"),
        ("certification_expired", "active", "certification_renewed", "system:expiry_check"),
    ]
    assert foundation.reminders(people["soon"], DAY + days(14)) == {30: "collapsed", 14: "claimed"}

    functions.send(DAY)
    assert foundation.all("SELECT DISTINCT state FROM certification.notices") == ["sent"]
    assert len(ses.messages) == foundation.one("SELECT count(*) FROM certification.notices") >= 4
    assert foundation.one("SELECT count(*) FROM certification.missed_changes") == 0
    assert foundation.all("SELECT * FROM certification.found_twice()") == []
    assert len(foundation.all("SELECT * FROM certification.explain(%s, %s)", people["soon"], DAY)) == 3
    assert foundation.all(
        "SELECT event FROM certification.preview(%s, 30) WHERE mentor_id = %s", DAY, people["last day"]
    )


@every_kind
def test_a_listing_follows_its_mentor(database: TestDatabase, foundation: Foundation) -> None:
    """Shown on the last valid day and not on the next, by the app's own edits."""
    organisation = foundation.organisation()
    foundation.evaluated(organisation)
    mentors = [foundation.mentor(organisation, DAY, consent=True, area="Moss", phone="40000000") for _ in range(2)]
    certify(foundation, mentors[0], DAY)
    certify(foundation, mentors[1], DAY - days(1))
    sent = bodies(database, *mentors)
    assert list(sent) == [mentors[0]]
    assert sent[mentors[0]][1] == {
        "hlf_name": "Kari Sæther",
        "hlf_firstname": "Kari",
        "hlf_lastname": "Sæther",
        "hlf_phone": "40000000",
        "hlf_email": "kari.saether@example.no",
        "hlf_area": "Moss",
        "hlf_organisation": "HLF Moss",
        "statecode": 0,
        "statuscode": 1,
    }
    version = foundation.listing(mentors[0])["desired_version"]
    foundation.do("UPDATE peer_mentors SET first_name = 'KARI', locale = locale")
    assert foundation.listing(mentors[0])["desired_version"] == version + 1
    foundation.do("UPDATE peer_mentors SET first_name = first_name, status = status, area = area")
    assert foundation.listing(mentors[0])["desired_version"] == version + 1
    foundation.do("UPDATE peer_mentors SET status = 'paused'")
    foundation.do("UPDATE organisations SET name = 'HLF Oslo'")
    foundation.do("DELETE FROM certifications")
    assert foundation.one("SELECT count(*) FROM certification.missed_changes") == 0


@every_kind
def test_what_is_shown_is_proved_to_be_as_the_app_has_it(
    foundation: Foundation, worker: SyncWorker, reconciler: Reconciler
) -> None:
    """The comparison reads every near type as the sync does."""
    organisation = foundation.organisation(name=" HLF\u00a0A\u030als ")
    foundation.evaluated(organisation)
    mentors = [
        foundation.mentor(
            organisation, DAY, consent=True, area="Moss", phone="40000000", name=("A\u030ase\t", "Bjo\u0308rk\x0b")
        )
        for _ in range(2)
    ]
    certify(foundation, mentors[0], DAY)
    certify(foundation, mentors[1], DAY - days(1))
    worker.sync(*mentors)
    reconciler.full()
    assert [reconciler.counts[name] for name in ("app_listed", "website_listed", "equal", "findings_opened")] == [
        1,
        1,
        1,
        0,
    ]
    foundation.do("UPDATE peer_mentors SET last_name = 'Vik'")
    reconciler.full()
    assert reconciler.counts["equal"] == 0


@with_moments
@pytest.mark.parametrize(
    ("moment", "expired"),
    [
        ("2026-11-30 23:00+00", False),  # midnight in Oslo, as of 1 December
        ("2026-12-01 00:00+00", False),
        ("2026-12-01 23:59:59+01", False),
        ("2026-11-30 22:59:59+00", True),
    ],
)
def test_a_moment_is_the_day_it_is_in_oslo(
    foundation: Foundation, functions: Functions, moment: str, expired: bool
) -> None:
    """A timestamptz expired a day early."""
    mentor = foundation.mentor(foundation.organisation(), DAY)
    foundation.do("UPDATE certifications SET expires_on = %s", moment)
    functions.nightly_check(DAY)
    assert (foundation.status(mentor) == "certification_expired") is expired


@with_moments
def test_a_step_failure_stands_until_it_is_mended(foundation: Foundation, functions: Functions) -> None:
    """I12: a date compared with a moment was never the same, so that a degraded nightly check was not told."""
    foundation.mentor(foundation.organisation(), "1899-12-31")
    functions.nightly_check(DAY)
    reasons = "SELECT certification.standing_reasons(id) FROM certification.runs"
    assert foundation.one(reasons) == "step_failures"
    foundation.do("UPDATE certifications SET expires_on = '2027-12-31'")
    assert foundation.one(reasons) == ""


@with_moments
@pytest.mark.parametrize("zone", ["Pacific/Kiritimati\u00a0", "\x0bpacific/kiritimati"])
def test_white_space_around_a_time_zone_is_not_read(database: TestDatabase, foundation: Foundation, zone: str) -> None:
    """SQL and Python trim the same characters, so a moment is the day of one time zone."""
    organisation = foundation.organisation(timezone=zone)
    foundation.evaluated(organisation)
    mentor = foundation.mentor(organisation, DAY, consent=True)
    foundation.do("UPDATE certifications SET expires_on = '2026-11-30 23:59+14'")
    assert bodies(database, mentor) == {}
    foundation.do("UPDATE certifications SET expires_on = '2026-12-01 00:00+14'")
    assert set(bodies(database, mentor)) == {mentor}


@pytest.mark.parametrize(
    ("written", "read"), [("nn ", "nn"), ("EN", "en"), ("\tNn", "nn"), ("nb_NO", "nb"), ("", "nb")]
)
def test_a_locale_is_read_as_a_status_is(foundation: Foundation, written: str, read: str) -> None:
    """White space and capitals made a coordinator's nynorsk bokmål."""
    assert foundation.one("SELECT certification.usable_locale(%s)", written) == read


@with_moments
def test_a_moment_in_an_unknown_time_zone_holds_nobody(database: TestDatabase, foundation: Foundation) -> None:
    """I13: one organisation's mistake is its own."""
    organisations = [foundation.organisation(timezone=zone) for zone in ("Europe/Nowhere", "Europe/Oslo")]
    for organisation in organisations:
        foundation.evaluated(organisation)
    mentors = [foundation.mentor(organisation, DAY, consent=True) for organisation in organisations]
    foundation.do("UPDATE certifications SET expires_on = '2026-12-01 12:00+01'")
    assert set(bodies(database, *mentors)) == set(mentors)


@pytest.mark.parametrize("status", [" active", "active ", "Active", "active\n"])
def test_white_space_around_a_status_is_not_read(
    database: TestDatabase, foundation: Foundation, functions: Functions, status: str
) -> None:
    """Who is active with a space was neither listed, reminded nor expired."""
    foundation.do("ALTER TABLE peer_mentors DROP CONSTRAINT peer_mentors_status_known")
    organisation = foundation.organisation()
    foundation.evaluated(organisation)
    shown = foundation.mentor(organisation, DAY + days(14), status=status, consent=True)
    over = foundation.mentor(organisation, DAY - days(1), status=status)
    assert list(bodies(database, shown)) == [shown]
    functions.nightly_check(DAY)
    assert foundation.reminders(shown) == {30: "collapsed", 14: "claimed"}
    assert foundation.status(over) == "certification_expired"


@pytest.mark.parametrize("zone", ["europe/oslo", "EUROPE/OSLO", " Europe/Oslo ", "\u00a0Europe/Oslo\x0b"])
def test_a_time_zone_in_any_case_is_the_same(foundation: Foundation, functions: Functions, zone: str) -> None:
    """PostgreSQL takes europe/oslo and Python does not."""
    mentor = foundation.mentor(foundation.organisation(timezone=zone), DAY - days(1))
    assert functions.nightly_check(DAY).verdict.state is RunState.SUCCEEDED
    assert foundation.status(mentor) == "certification_expired"


@nullable
def test_who_lacks_a_name_holds_no_digest_and_no_page(
    database: TestDatabase, foundation: Foundation, functions: Functions, ses: LocalSes
) -> None:
    """I13: a last name of NULL left the whole digest claimed for ever."""
    organisation = foundation.organisation()
    turid = foundation.coordinator(organisation)
    mentors = [
        foundation.mentor(organisation, DAY - days(1), coordinator=turid, name=name, email=email)  # type: ignore[arg-type]
        for name, email in (
            (("Kari", None), "kari@example.no"),
            ((None, None), "ola@example.no"),
            ((None, " "), None),
            (("Per", "Ås"), None),
        )
    ]
    functions.nightly_check(DAY)
    names = foundation.all(
        "SELECT l.mentor_name FROM certification.digest_lines((SELECT max(id) FROM certification.notices"
        " WHERE kind = 'digest')) AS l"
    )
    assert sorted(names) == sorted(["Kari", "ola@example.no", str(mentors[2]), "Per Ås"])
    functions.send(DAY)
    assert foundation.all("SELECT kind, state FROM certification.notices ORDER BY 1") == [
        ("digest", "sent"),
        ("expired", "sent"),
        ("expired", "sent"),
    ]
    foundation.evaluated(organisation)
    foundation.do("UPDATE peer_mentors SET status = 'active', listing_consent = true")
    foundation.do("UPDATE certifications SET expires_on = %s", DAY)
    assert {body["hlf_name"] for _, body in bodies(database, *mentors).values()} == {"Kari", None, "Per Ås"}


@nullable
def test_what_is_null_is_no(
    database: TestDatabase, foundation: Foundation, functions: Functions, ses: LocalSes
) -> None:
    """I5: neither a consent nor a status of NULL lists anybody; without an organisation's name mail is still sent."""
    organisation = foundation.organisation()
    foundation.evaluated(organisation)
    mentors = [foundation.mentor(organisation, DAY + days(14), consent=True) for _ in range(3)]
    foundation.do("UPDATE peer_mentors SET listing_consent = NULL WHERE id = %s", mentors[0])
    foundation.do("UPDATE peer_mentors SET status = NULL WHERE id = %s", mentors[1])
    foundation.do("UPDATE organisations SET name = NULL")
    foundation.do("UPDATE peer_mentors SET locale = NULL")
    assert list(bodies(database, *mentors)) == [mentors[2]]
    functions.nightly_check(DAY)
    functions.send(DAY)
    assert foundation.all("SELECT DISTINCT state FROM certification.notices") == ["sent"]


def test_a_date_without_end_holds_no_digest(foundation: Foundation, functions: Functions, ses: LocalSes) -> None:
    """I13: `infinity` fits no date of Python; the line says that there is no end date."""
    organisation = foundation.organisation(reactivate=False)
    turid = foundation.coordinator(organisation)
    foundation.mentor(organisation, "infinity", coordinator=turid, status="certification_expired")
    functions.nightly_check(DAY)
    functions.send(DAY)
    assert foundation.notices(turid) == [("digest", None, "sent")]


@pytest.mark.parametrize(
    ("written", "leaves"),
    [
        ("Kari\x0bAnne", "Kari Anne"),
        ("\u00a0Kari\x85", "Kari"),
        ("A\u030ase", "Åse"),
        ("Ka\u200bri\ufeff", "Kari"),
        ("\u202eKari\u202c", "Kari"),
        ("Kari\r\nAnne", "Kari Anne"),
        ("Kari\x1b\x07\x9f", "Kari"),
        ("Kari\U000e0041\ufffe", "Kari"),
        ("Kari  Anne", "Kari  Anne"),
        ("Ræ\u00ad\u2060v", "Ræv"),
        ("Çelebi Ñ 李 😀", "Çelebi Ñ 李 😀"),
    ],
)
def test_texts_leave_in_one_form(database: TestDatabase, foundation: Foundation, written: str, leaves: str) -> None:
    """NFC, no control characters; the same for every field, and in what is compared."""
    organisation = foundation.organisation(name=written)
    foundation.evaluated(organisation)
    mentor = foundation.mentor(
        organisation, DAY, consent=True, name=(written, written), email=written, area=written, phone=written
    )
    _, body = bodies(database, mentor)[mentor]
    fields = ("hlf_firstname", "hlf_lastname", "hlf_email", "hlf_area", "hlf_phone", "hlf_organisation")
    assert {body[field] for field in fields} == {leaves}
    assert body["hlf_name"] == f"{leaves} {leaves}"
    mapping, columns = foundation.connection.execute(
        "SELECT m, ARRAY(SELECT jsonb_object_keys(m -> 'columns')) FROM certification.effective_mapping(%s) AS m",
        (organisation,),
    ).fetchone() or ({}, [])
    expression = foundation.one("SELECT certification.content_expression(%s::jsonb, %s)", json.dumps(mapping), columns)
    content = foundation.one(f"SELECT {expression} FROM peer_mentors AS m, organisations AS o".replace("%", "%%"))
    assert content.split("\x1f")[:-1] == [body[column] for column in columns]
