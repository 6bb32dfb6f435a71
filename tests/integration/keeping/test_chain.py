"""The audit and the proofs are only added to, and a chain shows every single tampering."""

from __future__ import annotations

import hashlib
import json
import time
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import psycopg
import pytest

from operations.commands.proofs import proof_export
from operations.commands.proofs.proof_file import NotAProofFileError, verify
from operations.errors import OperationsError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.conftest import TestDatabase
    from tests.support.foundation import Foundation

WRITTEN = "INSERT INTO certification.audit (action, actor, reason, facts) VALUES (%s, 'turid', 'because', '{\"n\": 1}')"
ALL = (datetime(2000, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC))


def write(foundation: Foundation, n: int = 1) -> None:
    for number in range(n):
        foundation.do(WRITTEN, f"action {number}")


def prove(foundation: Foundation) -> None:
    """A proof, with its run."""
    run = foundation.one(
        "INSERT INTO certification.runs (function, scheduled_at, request_id) VALUES ('reconciliation_full', now(), 'r')"
        " RETURNING id"
    )
    foundation.do(
        "SELECT certification.write_proof(%s, now(), NULL, 3, 3, 3, %s, %s, '{\"rows_read\": 3}', '{}')",
        run,
        "a" * 64,
        "a" * 64,
    )


def force(foundation: Foundation) -> None:
    """A forced sync with its outcome."""
    foundation.do(
        "INSERT INTO certification.audit (action, actor, reason) VALUES ('force_sync', 'coordinator:x', 'æøå')"
    )
    foundation.do("UPDATE certification.audit SET facts = '{\"outcome\": \"verified\"}' WHERE action = 'force_sync'")


@pytest.fixture
def chained(foundation: Foundation) -> Foundation:
    """Nine links: audit, proofs, and the outcome of a forced sync."""
    write(foundation, 3)
    prove(foundation)
    force(foundation)
    prove(foundation)
    write(foundation, 2)
    return foundation


def exported(foundation: Foundation, tmp_path: Path) -> list[str]:
    """The lines of a file of everything."""
    file = tmp_path / "proofs.jsonl"
    file.unlink(missing_ok=True)
    proof_export.write(proof_export.read(foundation.connection, *ALL), file)
    return file.read_text(encoding="utf-8").splitlines()


def problems(foundation: Foundation, tmp_path: Path, *anchors: str) -> list[str]:
    return verify(exported(foundation, tmp_path), anchors).problems


def end(foundation: Foundation) -> str:
    found: str = foundation.one("SELECT hash FROM certification.chain ORDER BY position DESC LIMIT 1")
    return found


def test_every_record_is_linked_as_it_is_written(chained: Foundation, tmp_path: Path) -> None:
    """In the same transaction; a stranger finds the chain whole with the standard library and the file's own words."""
    sources = "SELECT source FROM certification.chain ORDER BY position"
    assert chained.all(sources) == [*["audit"] * 3, "proof", "audit", "outcome", "proof", *["audit"] * 2]
    header, *rows = map(json.loads, exported(chained, tmp_path))
    assert (header["links"], header["unlinked"], header["chain_end"]["hash"]) == (9, 0, end(chained))
    assert "line feed" in header["how_to_verify"]

    def sha256(text: str) -> str:
        return hashlib.sha256(text.encode("utf-8")).hexdigest()

    before = ""
    for position, row in enumerate(rows, start=1):
        assert row["content_hash"] == sha256(row["content"])
        assert row["hash"] == sha256(before + "\n" + row["content_hash"])
        assert (row["position"], row["previous_hash"]) == (position, before)
        before = row["hash"]
    assert json.loads(rows[4]["content"])["reason"] == "æøå"
    assert problems(chained, tmp_path, end(chained)) == []


# By a person with the owner's rights, past every trigger.
TAMPERINGS = {
    "a reason": "UPDATE certification.audit SET reason = 'another' WHERE id = 2",
    "an actor": "UPDATE certification.audit SET actor = 'somebody else' WHERE id = 1",
    "a login": "UPDATE certification.audit SET login = 'nobody' WHERE id = 1",
    "a time": "UPDATE certification.audit SET at = at + '1 microsecond' WHERE id = 3",
    "facts": "UPDATE certification.audit SET facts = '{\"n\": 2}' WHERE id = 3",
    "an outcome": "UPDATE certification.audit SET facts = '{\"outcome\": \"queued\"}' WHERE action = 'force_sync'",
    "an outcome taken out": "UPDATE certification.audit SET facts = '{}' WHERE action = 'force_sync'",
    "a figure of a proof": "UPDATE certification.proofs SET website_listed = 4",
    "a count of a proof": "UPDATE certification.proofs SET counts = '{\"rows_read\": 4}'",
    "a verdict": "UPDATE certification.proofs SET complete = false, reason = 'x'",
    "a record taken out": "DELETE FROM certification.audit WHERE id = 2",
    "the last record": "DELETE FROM certification.audit WHERE id = (SELECT max(id) FROM certification.audit)",
    "a proof taken out": "DELETE FROM certification.proofs WHERE at = (SELECT min(at) FROM certification.proofs)",
    "a link taken out": "DELETE FROM certification.chain WHERE position = 4",
    "the first link": "DELETE FROM certification.chain WHERE position = 1",
    "a hash": "UPDATE certification.chain SET hash = repeat('0', 64) WHERE position = 3",
    "the last hash": "UPDATE certification.chain SET hash = repeat('0', 64) WHERE position = 9",
    "a content hash": "UPDATE certification.chain SET content_hash = repeat('0', 64) WHERE position = 9",
    "the record of a link": "UPDATE certification.chain SET record = '77' WHERE position = 2",
    "the first link with its record": (
        "WITH link AS (DELETE FROM certification.chain WHERE position = 1) DELETE FROM certification.audit WHERE id = 1"
    ),
    "a record beside the chain": (
        "INSERT INTO certification.audit (action, actor, reason, at) VALUES ('x', 'x', 'x', now() - interval '2 hours')"
    ),
}


@pytest.mark.parametrize("what", TAMPERINGS)
def test_every_single_tampering_is_found(chained: Foundation, tmp_path: Path, what: str) -> None:
    chained.past_triggers(TAMPERINGS[what])
    assert problems(chained, tmp_path) != []


LINES: dict[str, Callable[[list[str]], list[str]]] = {
    "the last line is gone": lambda lines: lines[:-1],
    "a line in the middle is gone": lambda lines: lines[:4] + lines[5:],
    "two lines changed places": lambda lines: [*lines[:3], lines[4], lines[3], *lines[5:]],
    "a line is there twice": lambda lines: [*lines, lines[-1]],
    "a word": lambda lines: [
        line.replace("turid", "ingrid", 1) if number == 2 else line for number, line in enumerate(lines)
    ],
    "the content is said to be missing": lambda lines: [
        *lines[:2],
        json.dumps(json.loads(lines[2]) | {"content": None}),
        *lines[3:],
    ],
    "the content is said to be missing for its age": lambda lines: [
        *lines[:2],
        json.dumps(json.loads(lines[2]) | {"content": None, "at": "2000-01-01T00:00:00+00:00"}),
        *lines[3:],
    ],
    "the header's number": lambda lines: [json.dumps(json.loads(lines[0]) | {"links": 8}), *lines[1:]],
}


@pytest.mark.parametrize("what", LINES)
def test_a_file_that_was_changed_is_found(chained: Foundation, tmp_path: Path, what: str) -> None:
    assert verify(LINES[what](exported(chained, tmp_path))).problems != []


def test_a_record_of_last_year_cannot_be_linked_today(chained: Foundation, tmp_path: Path) -> None:
    """Its own time is within the hash, and every record before it is newer."""
    chained.do(
        "INSERT INTO certification.audit (action, actor, reason, at)"
        " VALUES ('release_brake', 'somebody', 'slipped in', now() - interval '1 year')"
    )
    chained.do("SELECT certification.link_records(true)")
    (problem,) = problems(chained, tmp_path)
    assert "was linked after a record of" in problem


@pytest.mark.parametrize(
    "line", ['{"format": "hlf-certification-proofs/1"}', '{"format": "hlf-certification-proofs/1"}\n5']
)
def test_a_file_of_another_form_is_no_traceback(line: str) -> None:
    with pytest.raises(NotAProofFileError):
        verify(line.splitlines())


def test_an_empty_anchor_proves_nothing(chained: Foundation, tmp_path: Path) -> None:
    """A variable that was not set in a script."""
    with pytest.raises(NotAProofFileError):
        problems(chained, tmp_path, "")


def test_a_chain_made_anew_is_found_by_its_anchor(chained: Foundation, tmp_path: Path) -> None:
    """The owner can rewrite everything: the records and a chain that fits. The hash in the log does not fit then."""
    anchor = end(chained)
    assert problems(chained, tmp_path, anchor) == []
    chained.past_triggers("UPDATE certification.audit SET reason = 'another' WHERE id = 2")
    chained.past_triggers("DELETE FROM certification.chain")
    chained.do("SELECT certification.link_records(true)")
    assert problems(chained, tmp_path) == []
    assert problems(chained, tmp_path, anchor) == [f"the hash {anchor} of the log is not in this chain"]


@pytest.mark.parametrize("table", ["audit", "proofs", "chain"])
def test_nobody_can_rewrite_a_record(chained: Foundation, table: str) -> None:
    """Not even the owner, short of taking the trigger away, which structure_damaged reports."""
    column = {"audit": "reason = 'x'", "proofs": "equal = 9", "chain": "linked_at = now()"}[table]
    for statement in (
        f"UPDATE certification.{table} SET {column}",
        f"DELETE FROM certification.{table}",
        f"TRUNCATE certification.{table}",
    ):
        with pytest.raises(psycopg.errors.InsufficientPrivilege) as refused:
            chained.do(statement)
        assert refused.value.diag.constraint_name == "records_are_only_added"
    chained.do(f"ALTER TABLE certification.{table} DISABLE TRIGGER only_added")
    damage = chained.all("SELECT name, damage FROM certification.structure_damage()")
    assert damage == [(f"certification.{table}.only_added", "disabled")]


def test_an_outcome_is_written_once(chained: Foundation) -> None:
    """Of a forced sync alone, and nothing but its facts."""
    for statement in (
        "UPDATE certification.audit SET facts = '{\"outcome\": \"x\"}' WHERE action = 'force_sync'",
        "UPDATE certification.audit SET facts = '{}' WHERE action = 'force_sync'",
    ):
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            chained.do(statement)
    chained.do("INSERT INTO certification.audit (action, actor, reason) VALUES ('force_sync', 'a', 'b')")
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        chained.do("UPDATE certification.audit SET facts = '{\"a\": 1}', reason = 'c' WHERE facts = '{}'")


def test_two_writers_at_once_neither_wait_nor_fail(
    database: TestDatabase, foundation: Foundation, tmp_path: Path
) -> None:
    """I16: the second record is written at once and linked by the next sweep; there is one chain without a gap."""
    with database.connect() as first, database.connect() as second:
        began = time.monotonic()
        second.execute("SET lock_timeout = '10s'")
        with first.transaction():
            first.execute(WRITTEN.encode(), ("first",))
            second.execute(WRITTEN.encode(), ("second",))
            second.execute("BEGIN ISOLATION LEVEL REPEATABLE READ")
            second.execute("SELECT 1")
        second.execute(WRITTEN.encode(), ("with an older snapshot",))
        second.execute("COMMIT")
    assert time.monotonic() - began < 5
    assert foundation.one("SELECT count(*) FROM certification.chain") == 1
    assert exported(foundation, tmp_path)[-1].count('"position": null') == 1
    assert problems(foundation, tmp_path) == []
    assert foundation.all("SELECT linked, position FROM certification.link_records(false)") == [(2, 3)]
    assert foundation.all("SELECT linked, position FROM certification.link_records(true)") == [(0, 3)]
    assert problems(foundation, tmp_path) == []


def test_a_chain_that_fails_stops_no_statement(foundation: Foundation, tmp_path: Path) -> None:
    """I16, I7: the record is there, and is linked when the fault is gone."""
    foundation.do("ALTER TABLE certification.chain RENAME TO elsewhere")
    write(foundation)
    foundation.do("ALTER TABLE certification.elsewhere RENAME TO chain")
    assert foundation.one("SELECT linked FROM certification.link_records(false)") == 1
    assert problems(foundation, tmp_path) == []


def test_a_part_of_the_chain_is_whole_too(chained: Foundation, tmp_path: Path) -> None:
    """A year of many: from the first link of it to the last."""
    chained.past_triggers("UPDATE certification.audit SET at = at - interval '400 days' WHERE id <= 2")
    chained.past_triggers("DELETE FROM certification.chain")
    chained.do("SELECT certification.link_records(true)")
    file = tmp_path / "part.jsonl"
    made = proof_export.write(
        proof_export.read(chained.connection, datetime.now(UTC) - timedelta(days=1), ALL[1]), file
    )
    found = verify(file.read_text(encoding="utf-8").splitlines())
    assert (made.first_position, found.first, found.links, found.problems) == (3, 3, 7, [])
    assert file.stat().st_mode & 0o077 == 0
    with pytest.raises(OperationsError, match="is there already"):
        proof_export.write(proof_export.read(chained.connection, *ALL), file)


def test_what_is_no_longer_kept_leaves_its_link(chained: Foundation, tmp_path: Path) -> None:
    """Deleted after its years, the chain goes on, and the file says how many there were."""
    chained.past_triggers("UPDATE certification.audit SET at = at - interval '3654 days' WHERE id <= 2")
    chained.past_triggers("DELETE FROM certification.chain")
    chained.do("SELECT certification.link_records(true)")
    chained.past_triggers(
        "UPDATE certification.chain SET linked_at = linked_at - interval '3654 days' WHERE position <= 2"
    )
    chained.do("DELETE FROM certification.audit WHERE id <= 2")
    found = verify(exported(chained, tmp_path))
    assert (found.links, found.no_longer_kept, found.problems) == (9, 2, [])


def test_the_text_of_a_record_does_not_change(foundation: Foundation) -> None:
    """It is hashed for years: whoever changes it makes every older record seem changed. Add a version instead."""
    foundation.do("SET timezone = 'Asia/Tokyo'; SET datestyle = 'German'; SET extra_float_digits = 0")
    text: Any = foundation.one(
        "SELECT certification.record_text(a) FROM jsonb_populate_record(NULL::certification.audit, %s) AS a",
        json.dumps(
            {
                "id": 7,
                "at": "2026-12-01T00:15:00.5+01:00",
                "action": "release_brake",
                "actor": "Åse",
                "reason": "fordi",
                "facts": {"b": 1.50, "a": None},
                "login": "operations_a",
            }
        ),
    )
    assert text == (
        '{"at": "2026-11-30T23:15:00.500000Z", "id": 7, "actor": "Åse", "facts": {"a": null, "b": 1.5}, "login":'
        ' "operations_a", "action": "release_brake", "reason": "fordi", "record": "audit", "mentor_id": null,'
        ' "organisation_id": null}'
    )
