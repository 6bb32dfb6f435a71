"""`retention`, `export-proofs` and `verify-proofs`, as an operator and an auditor type them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from typer.testing import CliRunner

from operations.cli import app

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.foundation import Foundation
    from tests.support.operator import Operator

YEARS = ("--from", "2020-01-01", "--to", "2099-12-31")


def verified(*words: str, expect: int) -> str:
    """What `verify-proofs` says: it is told no system and has no login."""
    result = CliRunner().invoke(app, ["verify-proofs", *words])
    assert "Traceback" not in result.output
    assert result.exit_code == expect, result.output
    return " ".join(result.output.split())


def test_an_auditor_verifies_what_operations_exports(
    operator: Operator, foundation: Foundation, tmp_path: Path
) -> None:
    """One file, with the login of operations; the hash of the log is in it, and another is not."""
    foundation.organisation(name="HLF Moss")
    foundation.brake(5, 10)
    file = str(tmp_path / "proofs.jsonl")
    said = " ".join(operator.run("export-proofs", *YEARS, "--out", file).split())
    end = foundation.one("SELECT hash FROM certification.chain ORDER BY position DESC LIMIT 1")
    assert "1 link written to" in said
    assert end in said
    assert "is there already" in operator.run("export-proofs", *YEARS, "--out", file, expect=1)
    assert "The chain is whole" in verified(file, "--anchor", end, expect=0)
    assert "Kjeden er hel" in verified(file, "--language", "nb", expect=0)
    assert "is not in this chain" in verified(file, "--anchor", "0" * 64, expect=1)
    foundation.past_triggers("UPDATE certification.audit SET reason = 'another'")
    other = str(tmp_path / "other.jsonl")
    operator.run("export-proofs", *YEARS, "--out", other)
    assert "audit 1 (link 1) was changed after it was linked" in verified(other, expect=1)
    found = json.loads(CliRunner().invoke(app, ["verify-proofs", other, "--json"]).output)
    assert (found["links"], len(found["problems"])) == (1, 1)


@pytest.mark.parametrize(
    "text", ["", "{", "[]", "{}", '{"format": "another/1"}', "\x00", '{"format":"hlf-certification-proofs/1"}']
)
def test_what_is_no_such_file_is_not_understood(tmp_path: Path, text: str) -> None:
    (file := tmp_path / "x").write_text(text)
    verified(str(file), expect=2)
    verified(str(tmp_path / "none"), expect=3)


def test_days_that_are_none_are_not_understood(operator: Operator, tmp_path: Path) -> None:
    file = str(tmp_path / "x")
    operator.run("export-proofs", "--from", "2027-01-01", "--to", "2026-01-01", "--out", file, expect=2)
    operator.run("export-proofs", "--from", "soon", "--to", "2026-01-01", "--out", file, expect=2)


def test_retention_says_what_goes_and_what_stays(operator: Operator, foundation: Foundation) -> None:
    """It deletes nothing, with --dry-run or without; a shorter period says first what it deletes."""
    foundation.do(
        "INSERT INTO certification.runs (function, scheduled_at, request_id, started_at, ended_at, state)"
        " SELECT 'reconciliation_sweep', now(), 'r', now() - n * interval '1 day', now(), 'succeeded'"
        " FROM unnest('{8,9,20}'::integer[]) AS n"
    )
    for words in (("retention",), ("retention", "--dry-run")):
        said = " ".join(operator.run(*words).split())
        assert "runs of sweeps runs 14 1 2" in said
        assert "reminded or expired twice" in said
    found = {one["name"]: one for one in json.loads(operator.run("retention", "--json"))}
    assert (found["sweeps"]["goes"], found["audit"]["days"]) == (1, 3653)
    who = ("--actor", "turid", "--reason", "x")
    said = operator.run("settings", "set", "keep_sweeps_days=7", "--standard", *who, "--dry-run")
    assert "runs of sweeps: 3 would be deleted tonight" in said
    assert foundation.one("SELECT count(*) FROM certification.runs") == 3
