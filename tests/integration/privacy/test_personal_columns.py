"""The catalogue of personal data names every column of schema certification, and forgetting covers what is marked."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest

from shared.adapters.postgres.migrate import FUNCTIONS

if TYPE_CHECKING:
    import psycopg

HOLDS = {"mentor", "coordinator", "person", "row", "about", "staff", "free_text", "nothing"}
IDS = {"mentor", "coordinator", "person", "row"}
COLUMNS = (
    "SELECT c.relname || '.' || a.attname, coalesce(b.typname, t.typname)::text, a.attndims > 0 OR t.typelem <> 0"
    "  FROM pg_class AS c JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped"
    "  JOIN pg_type AS t ON t.oid = a.atttypid LEFT JOIN pg_type AS b ON b.oid = t.typbasetype"
    " WHERE c.relnamespace = 'certification'::regnamespace AND c.relkind IN ('r', 'p', 'm', 'v', 'f')"
)
MARKED = (
    "SELECT c.relation || '.' || k.name AS column, c.relation, c.members, c.holds, c.treatment, c.why"
    "  FROM certification.personal_columns() AS c CROSS JOIN LATERAL unnest(c.columns) AS k (name)"
)


@pytest.fixture
def marked(connection: psycopg.Connection) -> list[Any]:
    cursor = connection.execute(MARKED.encode())
    return [dict(zip((c.name for c in cursor.description or ()), row, strict=True)) for row in cursor]


def test_every_column_is_in_the_catalogue_once(connection: psycopg.Connection, marked: Any) -> None:
    """A new column is not silently without personal data: somebody has to say so."""
    names = sorted(one["column"] for one in marked)
    assert names == sorted(name for name, _, _ in connection.execute(COLUMNS.encode()))


def test_every_json_column_names_its_members_and_no_other(connection: psycopg.Connection, marked: Any) -> None:
    """What stands inside a JSON value is in the catalogue too."""
    kinds = {name for name, kind, _ in connection.execute(COLUMNS.encode()) if kind in {"json", "jsonb"}}
    assert {one["column"] for one in marked if one["members"] is not None} == kinds


def test_a_marked_column_is_covered_by_forgetting(connection: psycopg.Connection, marked: Any) -> None:
    """Its row is deleted, its id taken out of the list, or it is kept and the catalogue says for what."""
    deleted = {one["relation"] for one in marked if one["treatment"] == "row_deleted"}
    lists = {name for name, _, many in connection.execute(COLUMNS.encode()) if many}
    for one in marked:
        name, holds, treatment = one["column"], one["holds"], one["treatment"]
        assert holds in HOLDS, name
        assert (treatment is None) == (holds == "nothing"), name
        assert (one["why"] is not None) == (treatment == "kept"), name
        match treatment:
            case "row_deleted":
                assert holds in IDS, name
                assert name not in lists, name
            case "id_removed":
                assert holds in IDS, name
                assert name in lists, name
            case "with_row":
                assert one["relation"] in deleted, name
            case "with_notice":
                assert one["relation"] == "mail_events", name
            case "kept":
                assert one["relation"] in {"audit", "brakes", "credential_rotations"}, name  # the records that stay
            case _:
                assert treatment is None, name
    # One statement takes an id out of one list.
    taken = [one["relation"] for one in marked if one["treatment"] == "id_removed"]
    assert len(taken) == len(set(taken))


def test_a_column_whose_name_speaks_of_a_person_is_marked(marked: Any) -> None:
    """What is called so is not `nothing`, however it is called elsewhere."""
    speaks = re.compile(
        r"mentor_ids?$|coordinator_id$|person|actor|_by$|login|email|phone|_name$|reason$|row_id$|^ids$"
    )
    innocent = re.compile(
        r"^(?:runs|run_organisations|proofs)\.|^sync_state\.\w+_reason$|^missed_changes\.table_name$"
        r"|^alerts\.sending_by$"  # the login of a function
    )
    for one in marked:
        name = one["column"]
        if speaks.search(name.partition(".")[2]) and not innocent.search(name):
            assert one["holds"] != "nothing", name


def test_an_id_that_is_of_no_person_is_known_by_its_name(connection: psycopg.Connection, marked: Any) -> None:
    """Every other uuid may be a person's, and is marked as such."""
    uuids = {name for name, kind, _ in connection.execute(COLUMNS.encode()) if kind in {"uuid", "_uuid"}}
    others = re.compile(
        r"\.(?:id|(?:\w+_)?run_id|organisation_id|organisations|comparison_id|journal_id|claimed_by|drill)$"
        r"|\.(?:opened|seen|closed|found)_in$"
    )
    holds = {one["column"]: one["holds"] for one in marked}
    assert {name for name in uuids if not others.search(name) and holds[name] not in IDS} == set()


def test_every_member_that_sql_writes_is_in_the_catalogue(marked: Any) -> None:
    """The literal names in the statements that write the audit and the conditions of alerts."""
    known = {member for one in marked for member in one["members"] or ()}
    written = set()
    for path in FUNCTIONS.rglob("*.sql"):
        for body in re.split(r"(?=CREATE OR REPLACE FUNCTION)", path.read_text(encoding="utf-8")):
            if (
                "INTO certification.audit" in body
                or "UPDATE certification.audit" in body
                or "current_cond" in body[:80]
            ):
                for call in re.findall(r"jsonb_build_object\(((?:[^()]|\((?:[^()]|\([^()]*\))*\))*)\)", body):
                    written |= set(re.findall(r"(?:^|,)\s*'([a-z_]+)'\s*,", call))
    assert {"run_id", "person_id", "still_shown"} <= written
    assert sorted(written - known - {"table", "key", "hide", "columns"}) == []


def test_only_operations_may_forget(connection: psycopg.Connection) -> None:
    """No function of template.yaml can remove a person, and nobody may call the parts."""
    granted = connection.execute(
        "SELECT p.proname::text, r.rolname::text FROM pg_proc AS p"
        " CROSS JOIN pg_roles AS r WHERE p.pronamespace = 'certification'::regnamespace"
        " AND p.proname IN ('forget_person', 'request_forgetting', 'person_to_forget', 'rows_of_person')"
        " AND r.rolname LIKE 'certification\\_%' AND has_function_privilege(r.oid, p.oid, 'EXECUTE') ORDER BY 1"
    ).fetchall()
    assert granted == [
        (name, "certification_operations") for name in ("forget_person", "person_to_forget", "request_forgetting")
    ]
