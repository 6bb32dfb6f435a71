"""What cannot work is refused before anything is written, one sentence for each cause."""

from __future__ import annotations

from typing import TYPE_CHECKING

import psycopg
import pytest

from local.stack.database import _FOUNDATION
from shared.adapters.postgres.migrate import MigrationError, migrate

if TYPE_CHECKING:
    from collections.abc import Iterator

    from local.stack.postgres import Postgres

KEYS = (
    "ALTER TABLE certifications DROP CONSTRAINT certifications_mentor_id_fkey;"
    "ALTER TABLE peer_mentors DROP CONSTRAINT peer_mentors_organisation_id_fkey,"
    " DROP CONSTRAINT peer_mentors_coordinator_id_fkey;"
)
STATUS = "ALTER TABLE peer_mentors DROP CONSTRAINT peer_mentors_status_known, ALTER status DROP DEFAULT,"
CANNOT_WORK = [
    (
        KEYS + "ALTER TABLE peer_mentors ALTER id DROP DEFAULT, ALTER id TYPE text",
        "peer_mentors.id is text, and uuid is needed",
    ),
    (
        KEYS + "ALTER TABLE peer_mentors DROP id, ADD id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY",
        "peer_mentors.id is bigint, and uuid is needed",
    ),
    (
        "ALTER TABLE certifications ALTER expires_on TYPE text",
        "certifications.expires_on is text, and date or timestamptz is needed",
    ),
    (
        "ALTER TABLE certifications ALTER expires_on TYPE integer USING 1",
        "certifications.expires_on is integer, and date or timestamptz is needed",
    ),
    ("ALTER TABLE certifications DROP expires_on", "certifications.expires_on is missing"),
    ("ALTER TABLE peer_mentors RENAME phone TO telephone", "peer_mentors.phone is missing"),
    ("ALTER TABLE organisations DROP timezone", "organisations.timezone is missing"),
    (
        "ALTER TABLE peer_mentors ALTER listing_consent DROP DEFAULT, ALTER listing_consent TYPE text",
        "peer_mentors.listing_consent is text, and boolean is needed",
    ),
    (
        "ALTER TABLE peer_mentors ALTER area TYPE text[] USING ARRAY[area]",
        "peer_mentors.area is text[], and text, varchar or an enum",
    ),
    (
        "ALTER TABLE peer_mentors ALTER phone TYPE jsonb USING to_jsonb(phone)",
        "peer_mentors.phone is jsonb, and text, varchar",
    ),
    (
        "ALTER TABLE peer_mentors RENAME TO people; CREATE VIEW peer_mentors AS SELECT * FROM people",
        "peer_mentors is a view",
    ),
    (
        "ALTER TABLE certifications RENAME TO held; CREATE VIEW certifications AS SELECT * FROM held",
        "certifications is a view",
    ),
    (
        "ALTER TABLE certifications RENAME TO held; CREATE MATERIALIZED VIEW certifications AS SELECT * FROM held",
        "certifications is a materialised view",
    ),
    ("ALTER TABLE certifications DROP CONSTRAINT certifications_pkey", "certifications.mentor_id is not unique"),
    (
        "ALTER TABLE certifications DROP CONSTRAINT certifications_pkey, ADD PRIMARY KEY (mentor_id, expires_on)",
        "certifications.mentor_id is not unique",
    ),
    (
        STATUS + " ADD CONSTRAINT known CHECK (status IN ('active', 'paused'))",
        "peer_mentors.status (text) does not take the value certification_expired",
    ),
    (
        "CREATE TYPE st AS ENUM ('active', 'paused');" + STATUS + " ALTER status TYPE st USING status::st",
        "peer_mentors.status (public.st) does not take the value certification_expired",
    ),
    (
        STATUS + " ALTER status TYPE varchar(10)",
        "peer_mentors.status (character varying(10)) does not take the value certification_expired",
    ),
    (STATUS + " ALTER status TYPE smallint USING 1", "peer_mentors.status (smallint) does not take the value active"),
    (
        "ALTER TABLE mentor_status_log ALTER actor TYPE uuid USING NULL",
        "mentor_status_log.actor is uuid, and text, varchar or an enum is needed",
    ),
    (
        "ALTER TABLE mentor_status_log ADD CHECK (reason IN ('paused by hand', '100 %'))",
        "mentor_status_log.reason (text) does not take the value certification_expired and certification_renewed",
    ),
    ("ALTER TABLE mentor_status_log ADD tenant uuid NOT NULL", "mentor_status_log.tenant must have a value"),
    (
        (
            "CREATE DOMAIN given AS text NOT NULL; CREATE DOMAIN tenant AS given;"
            " ALTER TABLE mentor_status_log ADD tenant tenant"
        ),
        "mentor_status_log.tenant must have a value",
    ),
    ("ALTER TABLE mentor_status_log ALTER id DROP IDENTITY", "mentor_status_log.id must have a value"),
    ("ALTER TABLE peer_mentors FORCE ROW LEVEL SECURITY; SET ROLE app_owner", "peer_mentors forces row level security"),
    ("ALTER TABLE peer_mentors OWNER TO postgres; SET ROLE app_owner", "peer_mentors belongs to another role"),
    ("SET ROLE app_owner", "may not create a schema here: GRANT CREATE ON DATABASE"),
    ("ALTER ROLE app_owner NOCREATEROLE; SET ROLE app_owner", "may not create"),
    ("DROP TABLE coordinators CASCADE; SET ROLE app_owner", "lacks the foundation's tables coordinators"),
]


@pytest.fixture
def bare(postgres: Postgres) -> Iterator[psycopg.Connection]:
    """A database with the foundation alone, which belongs to a role without superuser's rights."""
    with psycopg.connect(postgres.dsn(), autocommit=True) as server:
        server.execute("DROP DATABASE IF EXISTS refused WITH (FORCE)")
        server.execute("CREATE DATABASE refused")
    with psycopg.connect(postgres.dsn("refused"), autocommit=True) as connection:
        connection.execute(_FOUNDATION.read_bytes())
        connection.execute("DROP ROLE IF EXISTS app_owner")
        connection.execute("CREATE ROLE app_owner CREATEROLE")
        for table in ("organisations", "coordinators", "peer_mentors", "certifications", "mentor_status_log"):
            connection.execute(f"ALTER TABLE {table} OWNER TO app_owner".encode())
        yield connection
        connection.execute("RESET ROLE")
    with psycopg.connect(postgres.dsn(), autocommit=True) as server:
        server.execute("DROP DATABASE refused WITH (FORCE)")
        server.execute("DROP ROLE app_owner")


@pytest.mark.parametrize(("change", "sentence"), CANNOT_WORK)
def test_what_cannot_work_is_refused_before_a_trigger(bare: psycopg.Connection, change: str, sentence: str) -> None:
    """In a sentence that says where, what is there and what is needed; nothing is written."""
    bare.execute(change.encode())
    with pytest.raises(MigrationError) as refused:
        migrate(bare)
    assert sentence in str(refused.value)
    assert bare.execute("SELECT to_regnamespace('certification')").fetchone() == (None,)
    assert bare.execute("SELECT count(*) FROM pg_trigger WHERE NOT tgisinternal").fetchone() == (0,)


def test_every_cause_is_reported_at_once(bare: psycopg.Connection) -> None:
    """Whoever prepares the app's database need not try again for each."""
    bare.execute(
        "ALTER TABLE certifications ALTER expires_on TYPE varchar(30); ALTER TABLE peer_mentors DROP phone, DROP area"
    )
    with pytest.raises(MigrationError) as refused:
        migrate(bare)
    assert str(refused.value).splitlines() == [
        "nothing was changed, because the app's tables do not fit yet (docs/contract.md):",
        "public.peer_mentors.phone is missing: a column of type text, varchar or an enum is needed (docs/contract.md).",
        "public.peer_mentors.area is missing: a column of type text, varchar or an enum is needed (docs/contract.md).",
        (
            "public.certifications.expires_on is character varying(30), and date or timestamptz is needed:"
            " ALTER TABLE public.certifications ALTER COLUMN expires_on TYPE date USING expires_on::date."
        ),
    ]


@pytest.mark.parametrize(
    "change",
    [
        (
            "ALTER TABLE mentor_status_log ADD tenant uuid NOT NULL;"
            "CREATE FUNCTION fill() RETURNS trigger LANGUAGE plpgsql AS"
            " $$ BEGIN NEW.tenant := NEW.mentor_id; RETURN NEW; END $$;"
            "CREATE TRIGGER fill BEFORE INSERT ON mentor_status_log FOR EACH ROW EXECUTE FUNCTION fill()"
        ),
        "CREATE DOMAIN tenant AS text DEFAULT 'hlf'; ALTER TABLE mentor_status_log ADD tenant tenant NOT NULL",
        "ALTER TABLE mentor_status_log ADD CHECK (reason <> '' AND reason NOT LIKE '%!')",
        "ALTER TABLE mentor_status_log ADD CHECK (from_status <> to_status)",
        "ALTER TABLE mentor_status_log ADD tenant text NOT NULL DEFAULT 'hlf', ADD note text",
        'ALTER TABLE peer_mentors ADD "Extra column" json[]; ALTER TABLE certifications DROP certified_on',
    ],
)
def test_what_works_is_not_refused(bare: psycopg.Connection, change: str) -> None:
    """More columns, constraints and triggers may be there (docs/contract.md)."""
    bare.execute(change.encode())
    assert migrate(bare)
