"""verify-integration finds each broken point of the contract, and nothing else."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import psycopg
import pytest

from local.stack.stack import ROOT
from operations.commands.verify_integration import of_behaviour, of_database
from shared.adapters.postgres.grants import granted_in_files
from shared.adapters.postgres.integration.behaviour.concurrent import concurrent_points
from shared.adapters.postgres.integration.behaviour.points import behaviour_points
from shared.adapters.postgres.integration.data import data_points
from shared.adapters.postgres.integration.structure import APP_TRIGGERS, structure_points
from shared.domain.integration.contract import COLUMNS, NEVER_NULL
from shared.domain.integration.findings import Verdict
from tests.support.contract import OWNER, contract_database, foundation_database, owner_dsn

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from local.stack.postgres import Postgres
    from shared.domain.integration.findings import Report

ORGANISATION = "00000000-0000-4000-8000-000000000001"
OTHER = "00000000-0000-4000-8000-000000000002"
MENTOR = "00000000-0000-4000-8000-00000000000a"
COORDINATOR = "00000000-0000-4000-8000-00000000000c"
_PEOPLE = (
    f"INSERT INTO organisations (id, name) VALUES ('{ORGANISATION}', 'HLF Moss'), ('{OTHER}', 'HLF Ås');"
    "INSERT INTO coordinators (id, organisation_id, full_name, email)"
    f" VALUES ('{COORDINATOR}', '{ORGANISATION}', 'Turid Vik', 'turid.vik@hlf-moss.no');"
    "INSERT INTO peer_mentors (id, organisation_id, coordinator_id, first_name, last_name, email)"
    f" VALUES ('{MENTOR}', '{ORGANISATION}', '{COORDINATOR}', 'Kari', 'Sæther', 'kari@hlf-moss.no');"
    f"INSERT INTO certifications VALUES ('{MENTOR}', current_date - 100, current_date + 100);"
)
_MENTOR = f"WHERE id = '{MENTOR}'"
_CERTIFICATION = f"WHERE mentor_id = '{MENTOR}'"
_DROP_KEYS = (
    "ALTER TABLE peer_mentors DROP CONSTRAINT peer_mentors_organisation_id_fkey,"
    " DROP CONSTRAINT peer_mentors_coordinator_id_fkey;"
    "ALTER TABLE certifications DROP CONSTRAINT certifications_mentor_id_fkey;"
    "ALTER TABLE coordinators DROP CONSTRAINT coordinators_organisation_id_fkey;"
)
_STATUS = "ALTER TABLE peer_mentors DROP CONSTRAINT peer_mentors_status_known;"
_FOREIGN_TRIGGER = (
    "CREATE FUNCTION on_change() RETURNS trigger LANGUAGE plpgsql AS"
    " $$BEGIN PERFORM 1 FROM coordinators; RETURN NULL; END$$;"
    "CREATE TRIGGER theirs AFTER UPDATE ON peer_mentors FOR EACH ROW EXECUTE FUNCTION on_change();"
)

# Of a database with the app's tables alone, as before the first migration: the login that will own our schema asks.
_SETTING = (
    "CREATE FUNCTION public.current_setting(p text) RETURNS text LANGUAGE sql AS"
    " $$ SELECT CASE WHEN p = '{0}' THEN '{1}' ELSE pg_catalog.current_setting(p) END $$;"
    "SET LOCAL search_path = public, pg_catalog;"
)
OF_THE_SERVER = {
    "structure.server.version": _SETTING.format("server_version_num", "140011"),
    "structure.server.encoding": _SETTING.format("server_encoding", "LATIN1"),
    "structure.server.may_create": "ALTER DATABASE contract_bare OWNER TO postgres",
    # Roles belong to the whole server, so that of another database's schema has to go meanwhile.
    "structure.server.may_create_roles": (
        f"ALTER ROLE {OWNER} NOCREATEROLE;"
        "DO $$BEGIN IF to_regrole('certification_reconciliation') IS NOT NULL THEN"
        " ALTER ROLE certification_reconciliation RENAME TO was_certification_reconciliation; END IF; END$$"
    ),
}
STRUCTURE = {
    **{f"structure.table.{table}": f"ALTER TABLE {table} RENAME TO was_{table}" for table in COLUMNS},
    **{
        f"structure.owner.{table}": f"ALTER TABLE {table} OWNER TO postgres; GRANT ALL ON {table} TO {OWNER}"
        for table in ("organisations", "peer_mentors", "certifications")
    },
    "structure.rights.coordinators": "ALTER TABLE coordinators OWNER TO postgres",
    "structure.rights.mentor_status_log": (
        f"ALTER TABLE mentor_status_log OWNER TO postgres; GRANT SELECT ON mentor_status_log TO {OWNER}"
    ),
    **{
        f"structure.rights.{table}": f"REVOKE SELECT ON {table} FROM {OWNER}"
        for table in ("organisations", "peer_mentors", "certifications")
    },
    **{f"structure.row_security.{table}": f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY" for table in COLUMNS},
    **{
        f"structure.column.{table}.{column}": f"ALTER TABLE {table} RENAME {column} TO was_{column}"
        for table, columns in COLUMNS.items()
        for column in columns
        if table not in {"mentor_status_log", "certifications"}
    },
    # Under another name a column of the log would be one that nobody fills in.
    **{
        f"structure.column.mentor_status_log.{column}": f"ALTER TABLE mentor_status_log DROP {column}"
        for column in COLUMNS["mentor_status_log"]
    },
    # Our index is on these two.
    "structure.column.certifications.mentor_id": f"{_DROP_KEYS} ALTER TABLE certifications ALTER mentor_id TYPE text",
    "structure.column.certifications.expires_on": "ALTER TABLE certifications ALTER expires_on TYPE text",
    "structure.unique.organisations": f"{_DROP_KEYS} ALTER TABLE organisations DROP CONSTRAINT organisations_pkey",
    "structure.unique.coordinators": f"{_DROP_KEYS} ALTER TABLE coordinators DROP CONSTRAINT coordinators_pkey",
    "structure.unique.peer_mentors": f"{_DROP_KEYS} ALTER TABLE peer_mentors DROP CONSTRAINT peer_mentors_pkey",
    "structure.unique.certifications": "ALTER TABLE certifications DROP CONSTRAINT certifications_pkey",
    "structure.defaults.mentor_status_log": "ALTER TABLE mentor_status_log ADD tenant uuid NOT NULL",
    "structure.values.peer_mentors.status": (
        f"{_STATUS} ALTER TABLE peer_mentors ADD CHECK (status IN ('active', 'paused', 'inactive'))"
    ),
    **{
        f"structure.values.mentor_status_log.{column}": (
            f"ALTER TABLE mentor_status_log ADD CHECK ({column} <> '{value}')"
        )
        for column, value in {
            "from_status": "active",
            "to_status": "certification_expired",
            "reason": "certification_renewed",
            "actor": "system:expiry_check",
        }.items()
    },
    "structure.statuses": (
        f"{_STATUS} ALTER TABLE peer_mentors ADD CHECK (status IN ('active', 'certification_expired', 'inactive'))"
    ),
    "structure.consent": "ALTER TABLE peer_mentors ALTER listing_consent SET DEFAULT true",
    "structure.workflow.pause_mentor": "DROP FUNCTION pause_mentor",
    "structure.workflow.resume_mentor": (
        "DROP FUNCTION resume_mentor;"
        " CREATE FUNCTION resume_mentor(uuid, text) RETURNS text LANGUAGE sql AS 'SELECT $2'"
    ),
    "structure.app_triggers": f"{_FOREIGN_TRIGGER} GRANT CREATE ON SCHEMA public TO PUBLIC",
    "structure.migrations": (
        "UPDATE certification.migrations SET checksum = 'other' WHERE name = 'functions/runs.sql'"
    ),
    "structure.owners": "ALTER TABLE certification.notices OWNER TO postgres",
    "structure.ours.table": "DROP TABLE certification.duplicates",
    "structure.ours.constraint": "ALTER TABLE certification.cert_expiry_reminders DROP CONSTRAINT reminder_once",
    "structure.ours.not_null": "ALTER TABLE certification.notices ALTER run_id DROP NOT NULL",
    "structure.ours.index": "DROP INDEX certification.runs_by_function",
    "structure.ours.trigger": ("ALTER TABLE certification.standard DISABLE TRIGGER listing_mapping_changed"),
    "structure.ours.function": "DROP FUNCTION certification.find_past_triggers",
    **{
        f"structure.trigger.{name}": (
            f"ALTER TABLE {name.rpartition('.')[0]} DISABLE TRIGGER {name.rpartition('.')[2]}"
        )
        for name in APP_TRIGGERS
    },
    **{f"structure.role.{role}": f"GRANT SELECT ON certification.notices TO {role}" for role in granted_in_files()},
    "structure.strangers": "GRANT EXECUTE ON FUNCTION certification.explain TO PUBLIC",
    "structure.temporary": "GRANT TEMPORARY ON DATABASE contract_variant TO PUBLIC",
    "structure.webhook": f"REVOKE USAGE ON SCHEMA net FROM {OWNER}, PUBLIC",
}
DATA = {
    "data.status_unknown": f"{_STATUS} UPDATE peer_mentors SET status = 'retired' {_MENTOR}",
    "data.mentor_without_id": (
        f"{_DROP_KEYS} ALTER TABLE peer_mentors DROP CONSTRAINT peer_mentors_pkey;"
        " ALTER TABLE peer_mentors ALTER id DROP NOT NULL, ADD UNIQUE (id);"
        " INSERT INTO peer_mentors (id, organisation_id, first_name, last_name, status)"
        f" VALUES (NULL, '{ORGANISATION}', 'A', 'B', 'paused')"
    ),
    "data.organisation_missing": (
        f"{_DROP_KEYS} UPDATE peer_mentors SET organisation_id = gen_random_uuid(), coordinator_id = NULL {_MENTOR}"
    ),
    "data.timezone_unknown": f"UPDATE organisations SET timezone = 'Europe/Moss' WHERE id = '{OTHER}'",
    "data.certification_twice": (
        "ALTER TABLE certifications DROP CONSTRAINT certifications_pkey;"
        f"INSERT INTO certifications VALUES ('{MENTOR}', current_date - 100, current_date + 200)"
    ),
    "data.certification_of_nobody": (
        f"{_DROP_KEYS} INSERT INTO certifications VALUES (gen_random_uuid(), current_date, current_date)"
    ),
    "data.expiry_implausible": f"UPDATE certifications SET expires_on = '0206-12-01' {_CERTIFICATION}",
    "data.active_uncertified": f"DELETE FROM certifications {_CERTIFICATION}",
    "data.coordinator_unknown": (f"{_DROP_KEYS} UPDATE peer_mentors SET coordinator_id = gen_random_uuid() {_MENTOR}"),
    "data.coordinator_of_another_organisation": (
        f"UPDATE coordinators SET organisation_id = '{OTHER}' WHERE id = '{COORDINATOR}'"
    ),
    "data.mentor_address": f"UPDATE peer_mentors SET email = 'kari hlf-moss.no' {_MENTOR}",
    "data.coordinator_address": "UPDATE coordinators SET email = NULL",
}
# A key that is gone is a point of its own, and without it there may be two rows.
COMPANIONS = {"data.certification_twice": {"structure.unique.certifications"}}

_WORKFLOW = (
    "CREATE OR REPLACE FUNCTION public.{name}(p_mentor_id uuid, p_actor text, p_reason text) RETURNS text"
    " LANGUAGE plpgsql AS $$DECLARE v text := (SELECT m.status FROM public.peer_mentors AS m"
    " WHERE m.id = p_mentor_id {lock}); BEGIN IF v = '{before}' THEN"
    " UPDATE public.peer_mentors SET status = '{after}' WHERE id = p_mentor_id; {log} END IF; RETURN 'changed'; END$$;"
)
_LOG = (
    "INSERT INTO public.mentor_status_log (mentor_id, from_status, to_status, reason, actor)"
    " VALUES (p_mentor_id, '{before}', '{after}', p_reason, {actor});"
)


def workflow(name: str, before: str, after: str, *, rows: int = 1, actor: str = "p_actor", lock: bool = True) -> str:
    log = _LOG.format(before=before, after=after, actor=actor) * rows
    return _WORKFLOW.format(name=name, before=before, after=after, log=log, lock="FOR UPDATE" if lock else "")


_WATCH = (
    "CREATE FUNCTION public.{0}() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp"
    " AS $$BEGIN {1} END$$;"
    "CREATE TRIGGER theirs {2} ON public.peer_mentors FOR EACH ROW EXECUTE FUNCTION public.{0}();"
)
# The day is that of the organisation, which is not the server's for an hour or two of every night.
BEHAVIOUR = {
    "behaviour.pause_is_logged": workflow("pause_mentor", "active", "paused", actor="'the app'"),
    "behaviour.resume_is_logged": workflow("resume_mentor", "paused", "active", rows=2),
    "behaviour.pause_hides": ("ALTER TABLE peer_mentors DISABLE TRIGGER certification_listing_updated"),
    "behaviour.pause_wins": _WATCH.format(
        "unpause",
        "IF NEW.status = 'paused' AND EXISTS (SELECT 1 FROM public.certifications AS c WHERE c.mentor_id = NEW.id"
        " AND c.expires_on < (now() AT TIME ZONE 'Europe/Oslo')::date) THEN NEW.status := 'active';"
        " END IF; RETURN NEW;",
        "BEFORE UPDATE",
    ),
    "behaviour.resume_of_expired": _WATCH.format(
        "prolong",
        "IF OLD.status = 'paused' AND NEW.status = 'active' THEN UPDATE public.certifications"
        " SET expires_on = (now() AT TIME ZONE 'Europe/Oslo')::date + 1"
        " WHERE mentor_id = NEW.id AND expires_on < (now() AT TIME ZONE 'Europe/Oslo')::date; END IF;"
        " RETURN NEW;",
        "BEFORE UPDATE",
    ),
    "behaviour.resumed_expires": _WATCH.format(
        "prolong",
        "IF OLD.status = 'paused' AND NEW.status = 'active' THEN NEW.listing_consent := false;"
        " UPDATE public.certifications SET expires_on = (now() AT TIME ZONE 'Europe/Oslo')::date + 1"
        " WHERE mentor_id = NEW.id AND expires_on < (now() AT TIME ZONE 'Europe/Oslo')::date; END IF; RETURN NEW;",
        "BEFORE UPDATE",
    ),
    "behaviour.resume_in_window": "ALTER TABLE peer_mentors DISABLE TRIGGER certification_recheck_updated",
    "behaviour.expire_once": _WATCH.format(
        "doubled",
        "IF NEW.status = 'certification_expired' THEN INSERT INTO public.mentor_status_log"
        " (mentor_id, from_status, to_status, reason, actor)"
        " VALUES (NEW.id, OLD.status, NEW.status, 'noticed', 'the app'); END IF; RETURN NULL;",
        "AFTER UPDATE",
    ),
    "behaviour.last_day": (
        "CREATE FUNCTION public.earlier() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN"
        " NEW.expires_on := NEW.expires_on - 1; RETURN NEW; END$$;"
        "CREATE TRIGGER theirs BEFORE INSERT ON public.certifications FOR EACH ROW EXECUTE FUNCTION public.earlier();"
    ),
    "behaviour.renewal_reactivates": "ALTER TABLE certifications DISABLE TRIGGER certification_recheck_updated",
    "behaviour.renewal_waits": (
        "CREATE FUNCTION public.reactivate() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN UPDATE public.peer_mentors"
        " SET status = 'active' WHERE id = NEW.mentor_id AND status = 'certification_expired'; RETURN NULL; END$$;"
        "CREATE TRIGGER theirs AFTER UPDATE ON public.certifications"
        " FOR EACH ROW EXECUTE FUNCTION public.reactivate();"
    ),
    "behaviour.consent": _WATCH.format(
        "insist", "IF NOT NEW.listing_consent THEN NEW.listing_consent := true; END IF; RETURN NEW;", "BEFORE UPDATE"
    ),
    "behaviour.inactive": _WATCH.format(
        "revive", "IF NEW.status = 'inactive' THEN NEW.status := 'active'; END IF; RETURN NEW;", "BEFORE UPDATE"
    ),
    "behaviour.delete": "ALTER TABLE peer_mentors DISABLE TRIGGER certification_listing_deleted;"
    "ALTER TABLE certifications DISABLE TRIGGER certification_listing_deleted",
    "behaviour.moves": _WATCH.format(
        "stay", "NEW.organisation_id := OLD.organisation_id; RETURN NEW;", "BEFORE UPDATE"
    ),
    "behaviour.pause_waits_for_a_night": workflow("pause_mentor", "active", "paused", lock=False),
    "behaviour.pause_beside_a_night": _WATCH.format(
        "impatient",
        "IF NEW.status = 'paused' AND EXISTS (SELECT 1 FROM public.certifications AS c WHERE c.mentor_id = NEW.id"
        " AND c.expires_on < (now() AT TIME ZONE 'Europe/Oslo')::date) THEN NEW.status := 'active';"
        " END IF; RETURN NEW;",
        "BEFORE UPDATE",
    ),
}
# What one fault of the app drags along.
TOGETHER = {
    "behaviour.pause_hides": {"behaviour.consent", "behaviour.moves"},
    "behaviour.last_day": {"behaviour.resume_in_window"},
    "behaviour.resume_of_expired": {"behaviour.resumed_expires"},
    "behaviour.expire_once": {"behaviour.pause_waits_for_a_night"},
    "behaviour.pause_wins": {"behaviour.pause_beside_a_night"},
    "behaviour.pause_beside_a_night": {"behaviour.pause_wins"},
}


def read(dsn: str) -> Report:
    with psycopg.connect(dsn, autocommit=True) as connection:
        return of_database(connection)


def broken_points(report: Report) -> set[str]:
    return {finding.point for finding in report.of(Verdict.DOES_NOT_HOLD)}


def test_the_stand_in_holds_in_every_point(postgres: Postgres, sound: str) -> None:
    """Structure, server, data and behaviour, with two connections too."""
    report = read(sound)
    assert [finding for finding in report.findings if finding.verdict is not Verdict.HOLDS] == []
    assert {finding.point for finding in report.findings} >= structure_points().keys() | data_points().keys()
    tried = of_behaviour(owner_dsn(postgres, "contract_base"), copy=True)
    assert [finding for finding in tried.findings if finding.verdict is not Verdict.HOLDS] == []
    assert {finding.point for finding in tried.findings} == behaviour_points().keys() | concurrent_points().keys()


def test_every_point_has_a_variant() -> None:
    """A point that no broken database shows might never speak."""
    assert STRUCTURE.keys() | OF_THE_SERVER.keys() == structure_points().keys()
    assert DATA.keys() == data_points().keys()
    assert BEHAVIOUR.keys() == behaviour_points().keys() | concurrent_points().keys()


@pytest.mark.parametrize("point", STRUCTURE)
def test_a_variant_is_found_by_its_own_point(variant: Callable[[str], str], point: str) -> None:
    """And by no other: what cannot be checked because of it says so."""
    report = read(variant(STRUCTURE[point]))
    assert broken_points(report) == {point}
    finding = next(finding for finding in report.findings if finding.point == point)
    assert finding.found
    assert finding.advice


@pytest.fixture(scope="module")
def bare(postgres: Postgres) -> Iterator[str]:
    """The dsn of a database with the app's tables alone."""
    with foundation_database(postgres, "contract_bare") as dsn:
        yield dsn


def unmigrated(dsn: str, statements: str) -> Report:
    """Spoil the database in a transaction that is rolled back, and read it as the owner of the app's tables."""
    with psycopg.connect(dsn) as connection, connection.transaction(force_rollback=True):
        connection.execute(statements.encode())
        connection.execute(f"SET LOCAL ROLE {OWNER}".encode())
        return of_database(connection)


def test_a_database_before_the_first_migration_is_sound(bare: str) -> None:
    """What is of ours could not be checked."""
    report = unmigrated(bare, "SELECT 1")
    assert broken_points(report) == set()
    assert {finding.point for finding in report.of(Verdict.HOLDS)} >= OF_THE_SERVER.keys()


@pytest.mark.parametrize("point", OF_THE_SERVER)
def test_a_server_that_will_not_do_is_found(bare: str, point: str) -> None:
    """By its own point and by no other."""
    report = unmigrated(bare, OF_THE_SERVER[point])
    assert broken_points(report) == {point}
    finding = next(finding for finding in report.findings if finding.point == point)
    assert finding.found
    assert finding.advice


def test_a_database_of_another_encoding_is_found(postgres: Postgres) -> None:
    """A real one, in LATIN1."""
    with foundation_database(postgres, "contract_latin", encoding="LATIN1") as dsn:
        report = unmigrated(dsn, "SELECT 1")
    assert broken_points(report) == {"structure.server.encoding"}


@pytest.mark.parametrize("point", DATA)
def test_rows_that_cannot_be_handled_are_counted(variant: Callable[[str], str], point: str) -> None:
    """With the ids of the first, and no value of a row (I11, I13)."""
    report = read(variant(_PEOPLE + DATA[point]))
    assert broken_points(report) == {point} | COMPANIONS.get(point, set())
    finding = next(finding for finding in report.findings if finding.point == point)
    assert finding.n == 1
    assert "Kari" not in str(report.as_json())
    assert "hlf-moss" not in str(report.as_json())


_WITHOUT = "ALTER TABLE {0} ALTER {1} DROP NOT NULL; UPDATE {0} SET {1} = NULL"
_COLUMNS = [(table, column) for table, columns in COLUMNS.items() for column in columns]
# Where more than the value has to go, so that nothing else is broken.
NULLS = {
    ("organisations", "id"): (
        f"{_DROP_KEYS} ALTER TABLE organisations DROP CONSTRAINT organisations_pkey, ADD UNIQUE (id);"
        " ALTER TABLE organisations ALTER id DROP NOT NULL; INSERT INTO organisations (id, name) VALUES (NULL, 'HLF')"
    ),
    ("coordinators", "id"): (
        f"{_DROP_KEYS} ALTER TABLE coordinators DROP CONSTRAINT coordinators_pkey, ADD UNIQUE (id);"
        " ALTER TABLE coordinators ALTER id DROP NOT NULL;"
        f" INSERT INTO coordinators (id, organisation_id, full_name) VALUES (NULL, '{OTHER}', 'Turid')"
    ),
    ("peer_mentors", "id"): DATA["data.mentor_without_id"],
    ("peer_mentors", "organisation_id"): (
        "ALTER TABLE peer_mentors ALTER organisation_id DROP NOT NULL;"
        " UPDATE peer_mentors SET organisation_id = NULL, coordinator_id = NULL"
    ),
    ("organisations", "timezone"): (
        "ALTER TABLE organisations ALTER timezone DROP NOT NULL;"
        f" UPDATE organisations SET timezone = NULL WHERE id = '{OTHER}'"
    ),
    ("certifications", "mentor_id"): (
        "ALTER TABLE certifications DROP CONSTRAINT certifications_pkey, ADD UNIQUE (mentor_id);"
        " ALTER TABLE certifications ALTER mentor_id DROP NOT NULL;"
        " INSERT INTO certifications VALUES (NULL, current_date, current_date + 1)"
    ),
}


@pytest.mark.parametrize(("table", "column"), _COLUMNS)
def test_a_value_that_is_missing_is_found_where_it_counts(
    variant: Callable[[str], str], table: str, column: str
) -> None:
    """By the point that the contract names; in every other column null is a value like any other (I13)."""
    log = (
        "INSERT INTO mentor_status_log (mentor_id, from_status, to_status, reason, actor, certification_expiry_date)"
        f" VALUES ('{MENTOR}', 'paused', 'active', 'x', 'x', current_date);"
    )
    report = read(variant(_PEOPLE + log + NULLS.get((table, column), _WITHOUT.format(table, column))))
    point = NEVER_NULL.get((table, column))
    assert broken_points(report) == ({point} if point else set())
    assert [one.n for one in report.findings if one.point == point] == ([1] if point else [])


def test_the_document_says_which_columns_may_be_null() -> None:
    """Every column stands there once, with the point of those that may not be."""
    text = (ROOT / "docs/contract.md").read_text(encoding="utf-8")
    section = text.partition("### What may be null")[2].partition("\n### ")[0].partition("\n## ")[0]
    said: dict[tuple[str, str], str | None] = {}
    for row in re.findall(r"^\| (`.+`) \| (.+) \|$", section, re.MULTILINE):
        point = re.match(r"\*\*never\*\*.*`(data\.\w+)`", row[1])
        for name in re.findall(r"`(\w+)\.(\w+)`", row[0]):
            assert name not in said
            said[name] = point[1] if point else None
    assert said == {name: NEVER_NULL.get(name) for name in _COLUMNS}


@pytest.mark.parametrize("point", BEHAVIOUR)
def test_a_workflow_that_errs_is_found(postgres: Postgres, variant: Callable[[str], str], point: str) -> None:
    """By its own point; what it drags along is written down here."""
    variant(BEHAVIOUR[point])
    report = of_behaviour(owner_dsn(postgres, "contract_variant"), copy=True)
    found = broken_points(report)
    assert point in found
    assert found - {point} <= TOGETHER.get(point, set())


def test_people_of_the_app_hold_in_every_point(variant: Callable[[str], str]) -> None:
    """The people that the variants begin with are sound."""
    assert broken_points(read(variant(_PEOPLE))) == set()


def test_a_view_in_place_of_the_mentors_is_refused(postgres: Postgres) -> None:
    """A `profiles` split: triggers cannot follow it, and the finding says so."""
    split = (
        "ALTER TABLE peer_mentors RENAME TO mentor_details; CREATE VIEW peer_mentors AS SELECT * FROM mentor_details"
    )
    with contract_database(postgres, "contract_view", after=split) as dsn:
        report = read(dsn)
    finding = next(finding for finding in report.findings if finding.point == "structure.table.peer_mentors")
    assert broken_points(report) >= {"structure.table.peer_mentors"}
    assert "is a view" in finding.found
    assert "cannot follow" in finding.found
