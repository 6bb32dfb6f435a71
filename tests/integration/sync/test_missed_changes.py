"""No trigger of ours refuses the app's statement, and what it could not record is found again (issue 8 E, I16)."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import psycopg
import pytest

from shared.adapters.postgres.migrate import MigrationError, migrate
from tests.support.foundation import DAY, days

if TYPE_CHECKING:
    from uuid import UUID

    from tests.conftest import TestDatabase
    from tests.support.foundation import Foundation
    from tests.support.reconciling import Reconciler
    from tests.support.syncs import EmulatedWebsite, SyncWorker

RECORDED = "SELECT count(*) FROM certification.missed_changes"
STATEMENTS = (
    "UPDATE peer_mentors SET status = 'paused'",
    "UPDATE peer_mentors SET first_name = 'Karin'",
    "UPDATE certifications SET expires_on = '2027-01-01'",
    "UPDATE organisations SET name = 'HLF Rygge'",
    "INSERT INTO peer_mentors (organisation_id, first_name, last_name) SELECT id, 'Ola', 'Vik' FROM organisations",
    "INSERT INTO certifications SELECT id, '2025-01-01', '2027-01-01' FROM peer_mentors WHERE first_name = 'Ola'",
    "DELETE FROM certifications",
    "TRUNCATE certifications",
    "DELETE FROM peer_mentors",
    "TRUNCATE organisations, coordinators, peer_mentors, certifications",
)
BROKEN = {
    "a function is gone": "DROP FUNCTION certification.bump_listing_version",
    "a table is gone": "DROP TABLE certification.listings CASCADE",
    "a table has another name": "ALTER TABLE certification.mentors_to_recheck RENAME TO rechecked",
    "nothing can be kept": "DROP TABLE certification.listings CASCADE; DROP TABLE certification.missed_changes",
    "all functions but those are gone": "DROP FUNCTION certification.bump_listing_version, certification.touched_query,"
    " certification.record_missed_change, certification.status_of",
    "a constraint fails": "ALTER TABLE certification.listings ADD CONSTRAINT never CHECK (false) NOT VALID",
    "a right is lost": "DROP ROLE IF EXISTS powerless; CREATE ROLE powerless;"
    " ALTER FUNCTION certification.record_changed_listings OWNER TO powerless;"
    " ALTER FUNCTION certification.record_changed_listings_of_many OWNER TO powerless;"
    " ALTER FUNCTION certification.record_changed_mentors OWNER TO powerless;"
    " ALTER FUNCTION certification.record_changed_certifications OWNER TO powerless",
    "consent is a number": "ALTER TABLE peer_mentors ALTER listing_consent DROP DEFAULT,"
    " ALTER listing_consent TYPE integer USING 1, ALTER listing_consent SET DEFAULT 1",
    "a column is gone": "ALTER TABLE peer_mentors DROP COLUMN phone",
    "a column has another name": "ALTER TABLE organisations RENAME COLUMN timezone TO zone",
}


def edit(connection: psycopg.Connection, *statements: str) -> list[str]:
    """What the app does; answers the warnings it was given. Raises what it was refused."""
    warnings: list[str] = []
    connection.add_notice_handler(
        lambda notice: (
            warnings.append(notice.message_primary or "") if notice.severity_nonlocalized == "WARNING" else None
        )
    )
    for statement in statements:
        connection.execute(statement.encode())
    return warnings


@pytest.fixture
def mentor(foundation: Foundation) -> UUID:
    """Somebody who is listed, in an organisation that has settings."""
    organisation = foundation.organisation(thresholds=(20,))
    foundation.evaluated(organisation)
    return foundation.mentor(
        organisation, DAY + days(100), consent=True, coordinator=foundation.coordinator(organisation)
    )


@pytest.mark.parametrize("broken", list(BROKEN))
def test_whatever_is_broken_the_app_goes_on(foundation: Foundation, mentor: UUID, broken: str) -> None:
    """Issue 8 E: a status that had become an enum made our trigger refuse every edit in the app."""
    edit(foundation.connection, "UPDATE peer_mentors SET area = 'Moss'")  # a plan of the trigger is cached
    foundation.do(BROKEN[broken])
    try:
        warnings = edit(foundation.connection, *STATEMENTS)
    finally:
        if broken == "a right is lost":
            foundation.do("DROP OWNED BY powerless CASCADE; DROP ROLE powerless")
    assert foundation.all("SELECT * FROM peer_mentors") == []
    assert all(warning.startswith("certification: a change of ") for warning in warnings)
    assert warnings


def test_the_app_may_change_a_type_afterwards(foundation: Foundation, mentor: UUID) -> None:
    """Issue 8 E: nothing of ours stands in the way of ALTER TABLE, and near types go on working in the same session."""
    edit(foundation.connection, *STATEMENTS[:6])
    foundation.do(
        "CREATE TYPE app_status AS ENUM ('active', 'paused', 'certification_expired');"
        "ALTER TABLE peer_mentors DROP CONSTRAINT peer_mentors_status_known, ALTER status DROP DEFAULT,"
        " ALTER status TYPE app_status USING status::app_status, ALTER first_name TYPE varchar(50),"
        " ALTER area TYPE json USING to_json(area), ALTER email TYPE varchar(100), ALTER status SET DEFAULT 'active';"
        "ALTER TABLE certifications ALTER expires_on TYPE timestamptz;"
        "ALTER TABLE organisations ALTER name TYPE varchar(50), ALTER timezone TYPE varchar(50)"
    )
    before = foundation.listing(mentor)["desired_version"]
    assert edit(foundation.connection, *STATEMENTS[:4], "UPDATE peer_mentors SET status = 'active'") == []
    assert foundation.one(RECORDED) == 0
    assert foundation.listing(mentor)["desired_version"] > before


def test_whom_it_was_about_is_kept_if_nothing_can_be_compared(foundation: Foundation, mentor: UUID) -> None:
    """Issue 8 E: found within one sweep, whatever the trigger fails at."""
    foundation.do("ALTER TABLE peer_mentors DROP COLUMN phone")
    foundation.do("UPDATE peer_mentors SET first_name = 'Karin'")
    assert foundation.all("SELECT table_name, mentor_ids, sqlstate, taken_up_at FROM certification.missed_changes") == [
        ("peer_mentors", [mentor], "42703", None)
    ]


@pytest.mark.parametrize(
    "setting", ["statement_timeout = '300ms'", "lock_timeout = '300ms'", "deadlock_timeout = '1s'"]
)
def test_a_held_listing_keeps_the_app_two_seconds_at_most(
    database: TestDatabase, foundation: Foundation, mentor: UUID, setting: str
) -> None:
    """I16: neither our lock nor the time that our waiting uses up refuses the statement."""
    with database.connect() as other, other.transaction(force_rollback=True):
        other.execute("SELECT FROM certification.listings FOR UPDATE")
        with database.connect() as app:
            app.execute(f"SET {setting}; SET search_path = ''; SET row_security = off".encode())
            app.execute("UPDATE public.peer_mentors SET status = 'paused'")
    assert foundation.status(mentor) == "paused"
    assert foundation.all("SELECT mentor_ids FROM certification.missed_changes") == [[mentor]]


def test_a_slow_webhook_does_not_use_up_the_apps_time(foundation: Foundation, mentor: UUID) -> None:
    """I16: what cancels the notification within a trigger is the app's own time limit, and its statement goes on."""
    foundation.do(
        "INSERT INTO certification.webhook (url, secret) VALUES ('https://abc.example/', repeat('k', 32));"
        "CREATE FUNCTION net.slow() RETURNS trigger LANGUAGE plpgsql AS"
        " $$ BEGIN PERFORM pg_sleep(5); RETURN NULL; END $$;"
        "CREATE TRIGGER slow AFTER INSERT ON net.http_request_queue EXECUTE FUNCTION net.slow()"
    )
    foundation.do("SET statement_timeout = '200ms'")
    foundation.do("UPDATE peer_mentors SET status = 'paused'")
    assert foundation.status(mentor) == "paused"
    assert foundation.all("SELECT mentor_ids, sqlstate FROM certification.missed_changes") == [([mentor], "57014")]


def test_a_snapshot_that_is_older_than_the_sync_is_no_reason(
    database: TestDatabase, foundation: Foundation, mentor: UUID
) -> None:
    """I16: under REPEATABLE READ the app was refused with 40001 for a write of ours."""
    with database.connect() as app:
        app.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        with app.transaction():
            app.execute("SELECT FROM peer_mentors")
            foundation.do("UPDATE certification.listings SET attempts = 1")
            app.execute("UPDATE peer_mentors SET status = 'paused'")
    assert foundation.all("SELECT mentor_ids, sqlstate FROM certification.missed_changes") == [([mentor], "40001")]


def test_two_who_wait_for_each_other_both_go_on(database: TestDatabase, foundation: Foundation, mentor: UUID) -> None:
    """I16: of a deadlock through a row of ours, ours gives way."""
    first_holds, second_waits = threading.Event(), threading.Event()
    refused: list[psycopg.Error] = []

    def certifies_then_edits() -> None:
        try:
            with database.connect() as app, app.transaction():
                app.execute("UPDATE certifications SET expires_on = expires_on + 1")
                first_holds.set()
                second_waits.wait(5)
                app.execute("UPDATE peer_mentors SET area = 'Moss'")
        except psycopg.Error as error:
            refused.append(error)

    def edits() -> None:
        first_holds.wait(5)
        try:
            with database.connect() as app, app.transaction():
                app.execute("SELECT FROM peer_mentors FOR UPDATE")
                second_waits.set()
                app.execute("UPDATE peer_mentors SET phone = '22334455'")
        except psycopg.Error as error:
            refused.append(error)

    both = [threading.Thread(target=certifies_then_edits), threading.Thread(target=edits)]
    for one in both:
        one.start()
    for one in both:
        one.join()
    assert refused == []
    assert foundation.all("SELECT area, phone FROM peer_mentors") == [("Moss", "22334455")]
    assert foundation.one(RECORDED) == 1


def test_the_next_sweep_takes_a_missed_change_up(
    foundation: Foundation, mentor: UUID, worker: SyncWorker, site: EmulatedWebsite, reconciler: Reconciler
) -> None:
    """Issue 8 E: found within one sweep, synced and told; I5: the withdrawn is no longer shown."""
    worker.sync(mentor)
    assert site.shows(mentor)
    foundation.do("ALTER TABLE certification.listings RENAME TO away")
    foundation.do("UPDATE peer_mentors SET listing_consent = false")
    foundation.do("ALTER TABLE certification.away RENAME TO listings")
    reconciler.sweep()
    assert reconciler.counts["changes_taken_up"] == 1
    worker.sync(*reconciler.queue.taken())
    assert not site.shows(mentor)
    assert foundation.all("SELECT DISTINCT step FROM certification.mentors_to_recheck ORDER BY 1") == [
        "expire",
        "reactivate",
        "remind",
    ]
    assert foundation.all(
        "SELECT condition, ids FROM certification.current_conditions() WHERE condition = 'changes_missed'"
    ) == [("changes_missed", [mentor])]
    reconciler.sweep()
    assert reconciler.counts["changes_taken_up"] == 0


def test_a_change_of_nobody_knows_whom_is_everybodys(
    foundation: Foundation, mentor: UUID, reconciler: Reconciler
) -> None:
    """I7: an organisation's new name is missed before its mentors are known."""
    other = foundation.mentor(foundation.organisation(), DAY + days(9), consent=True)
    foundation.do("UPDATE certification.listings SET synced_version = desired_version, state = 'hidden'")
    foundation.do("ALTER TABLE organisations RENAME timezone TO zone; UPDATE organisations SET name = 'HLF Rygge'")
    foundation.do("ALTER TABLE organisations RENAME zone TO timezone")
    assert foundation.all("SELECT mentor_ids FROM certification.missed_changes") == [None]
    reconciler.sweep()
    assert set(reconciler.queue.taken()) == {mentor, other}


def test_a_bulk_change_after_single_edits_is_quick(foundation: Foundation) -> None:
    """I16: a trigger's plan is kept for the session, and made for one row it held 10,000 rows for 24 seconds."""
    organisation = foundation.organisation()
    foundation.do(
        "INSERT INTO peer_mentors (organisation_id, first_name, last_name)"
        " SELECT %s, 'Kari', 'Vik' FROM generate_series(1, 8000)",
        organisation,
    )
    foundation.do("INSERT INTO certifications SELECT id, '2025-01-01', '2027-01-01' FROM peer_mentors")
    for mentor in foundation.all("SELECT id FROM peer_mentors LIMIT 20"):
        foundation.do("UPDATE peer_mentors SET phone = '1' WHERE id = %s", mentor)
        foundation.do("UPDATE certifications SET expires_on = '2027-02-01' WHERE mentor_id = %s", mentor)
    foundation.do("SET statement_timeout = '3s'")
    foundation.do("UPDATE peer_mentors SET area = 'Moss'")
    foundation.do("UPDATE certifications SET expires_on = '2027-03-01'")
    assert foundation.one(RECORDED) == 0


def test_settings_are_of_an_organisation_that_is_there(foundation: Foundation) -> None:
    """As the foreign key said, which refused the app a TRUNCATE of its organisations."""
    with pytest.raises(psycopg.errors.ForeignKeyViolation, match="there is no organisation"):
        foundation.do("INSERT INTO certification.organisation_settings (organisation_id) VALUES (gen_random_uuid())")


def test_an_organisation_may_get_another_id(foundation: Foundation) -> None:
    """I16: nothing of ours refers to it."""
    foundation.organisation(thresholds=(20,))
    foundation.do("UPDATE organisations SET id = gen_random_uuid()")


def test_migrate_says_what_has_become_unfit(foundation: Foundation, mentor: UUID) -> None:
    """Issue 8 E: after the WARNINGs, the sentence."""
    foundation.do("ALTER TABLE peer_mentors DROP COLUMN phone")
    with pytest.raises(MigrationError, match=r"public\.peer_mentors\.phone is missing"):
        migrate(foundation.connection)


@pytest.mark.parametrize(
    ("away", "change_and_back"),
    [
        (
            "ALTER TABLE peer_mentors RENAME id TO mid",
            ("UPDATE peer_mentors SET phone = '1'", "ALTER TABLE peer_mentors RENAME mid TO id"),
        ),
        (
            "ALTER TABLE peer_mentors RENAME TO mentors",
            ("UPDATE mentors SET phone = '1'", "ALTER TABLE mentors RENAME TO peer_mentors"),
        ),
        (
            "ALTER TABLE certifications RENAME mentor_id TO holder",
            (
                "UPDATE certifications SET expires_on = '2026-12-24'",
                "ALTER TABLE certifications RENAME holder TO mentor_id",
            ),
        ),
    ],
)
def test_a_change_is_kept_when_not_even_its_mentors_can_be_read(
    foundation: Foundation, mentor: UUID, reconciler: Reconciler, away: str, change_and_back: tuple[str, str]
) -> None:
    """I7: it was a WARNING that nobody reads, and the website kept the old phone number."""
    before = foundation.listing(mentor)["desired_version"]
    foundation.do(away)
    edit(foundation.connection, *change_and_back)
    reconciler.sweep()
    assert reconciler.counts["changes_taken_up"] == 1
    assert foundation.listing(mentor)["desired_version"] > before


@pytest.mark.parametrize(
    "change",
    [
        "ALTER TABLE peer_mentors DROP COLUMN status CASCADE",
        "ALTER TABLE peer_mentors RENAME TO mentors",
        "ALTER TABLE organisations RENAME timezone TO zone",
        "ALTER TABLE certifications ALTER expires_on TYPE text",
        (
            "ALTER TABLE certifications DROP CONSTRAINT certifications_mentor_id_fkey;"
            "ALTER TABLE peer_mentors ALTER id DROP DEFAULT, ALTER id TYPE text"
        ),
    ],
)
def test_operations_is_notified_while_the_apps_tables_do_not_fit(
    foundation: Foundation, mentor: UUID, worker: SyncWorker, reconciler: Reconciler, change: str
) -> None:
    """I12: the query that says what is wrong read the app's tables too, so that no alert at all was sent."""
    worker.sync(mentor)
    foundation.do("UPDATE peer_mentors SET listing_consent = false")
    foundation.do("UPDATE certification.listings SET changed_at = now() - interval '1 hour'")
    foundation.do(
        "INSERT INTO certification.brakes (organisation_id, kind, run_id, last_run_id, n, of_n)"
        " SELECT o.id, k, gen_random_uuid(), gen_random_uuid(), 1, 1"
        " FROM organisations AS o, unnest('{expiry,reminder}'::text[]) AS k"
    )
    foundation.do(change)
    for _ in range(3):
        reconciler.sweep()
    reported = foundation.all("SELECT condition FROM certification.current_conditions()")
    assert {"run_degraded", "brake", "unsynced_too_old"} <= set(reported)


def test_a_row_without_an_id_holds_nobody(foundation: Foundation, mentor: UUID, reconciler: Reconciler) -> None:
    """I13: a unique column may hold NULL; each sweep ended before it had found who came past the triggers."""
    foundation.do(
        "ALTER TABLE certifications DROP CONSTRAINT certifications_mentor_id_fkey,"
        " DROP CONSTRAINT certifications_pkey, ADD UNIQUE (mentor_id), ALTER mentor_id DROP NOT NULL;"
        "ALTER TABLE peer_mentors DROP CONSTRAINT peer_mentors_pkey, ADD UNIQUE (id), ALTER id DROP NOT NULL"
    )
    warnings = edit(
        foundation.connection,
        "INSERT INTO peer_mentors (id, organisation_id, first_name, last_name, listing_consent)"
        " SELECT NULL, id, 'Ola', 'Vik', true FROM organisations",
        "INSERT INTO certifications VALUES (NULL, '2025-01-01', '2027-01-01')",
        "UPDATE certifications SET expires_on = '2027-02-01' WHERE mentor_id IS NULL",
        "UPDATE peer_mentors SET status = 'paused' WHERE id IS NULL",
    )
    assert (warnings, foundation.one(RECORDED)) == ([], 0)
    foundation.do("DELETE FROM certification.listings")
    assert reconciler.sweep().reason is None
    assert reconciler.counts["past_triggers"] == 1
    # Nobody knows whose change it was, so everybody's is looked at: everybody who has an id.
    foundation.do("INSERT INTO certification.missed_changes (table_name, sqlstate) VALUES ('x', '0A000')")
    assert reconciler.sweep().reason is None
    assert reconciler.counts["changes_taken_up"] == 1
